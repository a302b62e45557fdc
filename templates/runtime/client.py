"""What the generated clients build on."""

from __future__ import annotations

from types import TracebackType
from typing import ClassVar, Self

import httpx

from .async_session import AsyncSession
from .cloud import Cloud
from .credentials import AsyncCredential, Credential
from .endpoint import DEFAULT_TIMEOUT
from .session import Session


class SyncClient:
    """A client for one cloud; may be used from many threads. Close it, or use it in ``with``."""

    _version: ClassVar[str]

    def __init__(
        self,
        credential: Credential,
        *,
        cloud: Cloud = Cloud.GLOBAL,
        transport: httpx.BaseTransport | None = None,
        timeout: httpx.Timeout | float = DEFAULT_TIMEOUT,
    ) -> None:
        """``credential`` is a token, a function which returns one, or an azure-identity credential.

        Raises TypeError for what is no credential or a credential which is known to be async, and
        ValueError for a malformed token.
        """
        self._session = Session(
            credential, version=self._version, cloud=cloud, transport=transport, timeout=timeout
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} cloud={self._session.cloud.name}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


class AsyncClient:
    """A client for one cloud, for asyncio. Close it, or use it in ``async with``."""

    _version: ClassVar[str]

    def __init__(
        self,
        credential: AsyncCredential,
        *,
        cloud: Cloud = Cloud.GLOBAL,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: httpx.Timeout | float = DEFAULT_TIMEOUT,
    ) -> None:
        """As ``SyncClient``; the function, or ``get_token``, may be async too."""
        self._session = AsyncSession(
            credential, version=self._version, cloud=cloud, transport=transport, timeout=timeout
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} cloud={self._session.cloud.name}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.aclose()
