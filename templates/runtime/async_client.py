"""What the generated client is made of: the client itself, and the methods of its resources."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, ClassVar, Generic, ParamSpec, Self, TypeVar, cast

import httpx

from .async_page import AsyncPage
from .async_session import AsyncSession
from .clock import SYSTEM_CLOCK, Clock
from .cloud import Cloud
from .credentials import AsyncCredential
from .declaration import BoundMethod
from .endpoint import DEFAULT_TIMEOUT
from .retry import DEFAULT_RETRY, RetryPolicy

P = ParamSpec("P")
T = TypeVar("T")


class AsyncMethod(BoundMethod, Generic[P, T]):
    """A method that returns what its response holds."""

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        arguments, options = self._bind(args, kwargs)
        declared = self._declaration
        return cast(
            "T",
            await self._session.send(declared.operation, declared.decoder, arguments, options),
        )


class AsyncPageMethod(BoundMethod, Generic[P, T]):
    """A method that returns the first page of a collection."""

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> AsyncPage[T]:
        arguments, options = self._bind(args, kwargs)
        declared = self._declaration
        page: AsyncPage[Any] = await self._session.send_page(
            declared.operation, declared.decoder, arguments, options
        )
        return page


class AsyncStreamMethod(BoundMethod, Generic[P]):
    """A method that gives a stream piece by piece, for as long as the context that it returns lasts."""

    def __call__(
        self, *args: P.args, **kwargs: P.kwargs
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        arguments, options = self._bind(args, kwargs)
        context: AbstractAsyncContextManager[AsyncIterator[bytes]] = self._session.stream(
            self._declaration.operation, arguments, options
        )
        return context


class AsyncClientBase:
    """A client for one cloud. Close it, or use it in a ``with`` statement of its flavour."""

    _version: ClassVar[str]

    def __init__(
        self,
        credential: AsyncCredential,
        *,
        cloud: Cloud = Cloud.GLOBAL,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: httpx.Timeout | float = DEFAULT_TIMEOUT,
        retry: RetryPolicy = DEFAULT_RETRY,
        _clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """``credential`` is a token, a function which returns one, or an azure-identity credential.

        The asynchronous client takes async functions and credentials as well. ``retry`` says how often
        requests are sent again, and how long a call may take. Raises TypeError for a credential of
        another kind, and ValueError for a malformed token.
        """
        self._session = AsyncSession(
            credential,
            version=self._version,
            cloud=cloud,
            transport=transport,
            timeout=timeout,
            retry=retry,
            clock=_clock,
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
