"""What the generated client is made of: the client itself, and the methods of its resources."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, ClassVar, Generic, ParamSpec, Self, TypeVar, cast

import httpx

from .clock import SYSTEM_CLOCK, Clock
from .cloud import Cloud
from .credentials import Credential
from .declaration import BoundMethod
from .endpoint import DEFAULT_TIMEOUT
from .page import Page
from .retry import DEFAULT_RETRY, RetryPolicy
from .session import Session

P = ParamSpec("P")
T = TypeVar("T")


class SyncMethod(BoundMethod, Generic[P, T]):
    """A method that returns what its response holds."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        arguments, options = self._bind(args, kwargs)
        declared = self._declaration
        return cast(
            "T",
            self._session.send(declared.operation, declared.decoder, arguments, options),
        )


class SyncPageMethod(BoundMethod, Generic[P, T]):
    """A method that returns the first page of a collection."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Page[T]:
        arguments, options = self._bind(args, kwargs)
        declared = self._declaration
        page: Page[Any] = self._session.send_page(
            declared.operation, declared.decoder, arguments, options
        )
        return page


class SyncStreamMethod(BoundMethod, Generic[P]):
    """A method that gives a stream piece by piece, for as long as the context that it returns lasts."""

    def __call__(
        self, *args: P.args, **kwargs: P.kwargs
    ) -> AbstractContextManager[Iterator[bytes]]:
        arguments, options = self._bind(args, kwargs)
        context: AbstractContextManager[Iterator[bytes]] = self._session.stream(
            self._declaration.operation, arguments, options
        )
        return context


class ClientBase:
    """A client for one cloud. Close it, or use it in a ``with`` statement of its flavour."""

    _version: ClassVar[str]

    def __init__(
        self,
        credential: Credential,
        *,
        cloud: Cloud = Cloud.GLOBAL,
        transport: httpx.BaseTransport | None = None,
        timeout: httpx.Timeout | float = DEFAULT_TIMEOUT,
        retry: RetryPolicy = DEFAULT_RETRY,
        _clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """``credential`` is a token, a function which returns one, or an azure-identity credential.

        The asynchronous client takes async functions and credentials as well. ``retry`` says how often
        requests are sent again, and how long a call may take. Raises TypeError for a credential of
        another kind, and ValueError for a malformed token.
        """
        self._session = Session(
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
