"""What the generated client is made of: the client itself, and the methods of its resources.

What sends requests is loaded when a client is made, and with it what reads and writes models.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from ssl import SSLContext
from types import TracebackType
from typing import Any, ClassVar, Generic, ParamSpec, Self, TypeVar, Unpack, cast, overload

import httpx

from .attempt import Attempt
from .body import MAX_BODY
from .clock import SYSTEM_CLOCK, Clock
from .cloud import Cloud
from .connections import DEFAULT_TIMEOUT, KEEPALIVE_EXPIRY, MAX_CONNECTIONS, ConnectionOptions
from .credentials import Credential
from .declaration import BoundMethod
from .flavours import SyncOnly
from .lazy import any_request, decode, endpoint, model, session
from .options import LinkOptions, Options
from .page import Page
from .response import Response
from .retry import DEFAULT_RETRY, RetryPolicy
from .service_root import choose_root

P = ParamSpec("P")
T = TypeVar("T")
M = TypeVar("M", bound="model.GraphModel")


class SyncMethod(BoundMethod, Generic[P, T]):
    """A method that returns what its response holds."""

    def with_response(self, *args: P.args, **kwargs: P.kwargs) -> Response[T]:
        """Do what a call of the method does, and return the response that holds the result."""
        return cast("Response[T]", self._session.send(*self._request(args, kwargs)))

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        response = self.with_response(*args, **kwargs)
        return response.value


class SyncPageMethod(SyncMethod[P, Page[T]]):
    """A method that returns the first page of a collection."""

    def with_response(self, *args: P.args, **kwargs: P.kwargs) -> Response[Page[T]]:
        """Do what a call of the method does, and return the response that holds the page."""
        response: Response[Page[Any]] = self._session.send_page(*self._request(args, kwargs))
        return response


class SyncStreamMethod(BoundMethod, Generic[P]):
    """A method that gives a stream piece by piece, for as long as the context that it returns lasts."""

    def with_response(
        self, *args: P.args, **kwargs: P.kwargs
    ) -> AbstractContextManager[Response[Iterator[bytes]]]:
        """Give the response as soon as it begins; its value yields the pieces."""
        context: AbstractContextManager[Response[Iterator[bytes]]] = self._session.stream(
            *self._request(args, kwargs)
        )
        return context

    def __call__(
        self, *args: P.args, **kwargs: P.kwargs
    ) -> AbstractContextManager[Iterator[bytes]]:
        return _value_of(self.with_response(*args, **kwargs))


@contextmanager
def _value_of(context: AbstractContextManager[Response[T]]) -> Generator[T]:
    with context as response:
        yield response.value


class ClientBase(SyncOnly):
    """A client for one service. Close it, or use it in a ``with`` statement of its flavour."""

    _version: ClassVar[str]
    _endpoint: ClassVar[str]
    """The service root that the package was generated for."""

    def __init__(
        self,
        credential: Credential,
        *,
        cloud: Cloud | None = None,
        endpoint: str | None = None,
        scope: str | None = None,
        cloud_checks: bool = True,
        proxy: str | None = None,
        verify: SSLContext | bool = True,
        max_connections: int = MAX_CONNECTIONS,
        keepalive_expiry: float = KEEPALIVE_EXPIRY,
        transport: httpx.BaseTransport | None = None,
        timeout: httpx.Timeout | float = DEFAULT_TIMEOUT,
        retry: RetryPolicy = DEFAULT_RETRY,
        headers: Mapping[str, str] | None = None,
        max_body: int = MAX_BODY,
        on_attempt: Callable[[Attempt], object] | None = None,
        _clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """``credential`` is a token, a function which returns one, or an azure-identity credential.

        The asynchronous client takes async functions and credentials as well. Requests go to the
        service root that the package was generated for. ``cloud`` replaces its host, ``endpoint`` all
        of it: ``"https://graph.microsoft.com/beta"``, or ``"http://localhost:7071"`` (plain http only
        to this machine). ``scope`` is that of the tokens, by default ``/.default`` of the host.
        An endpoint on the host of a cloud is in that cloud, any other in none. ``cloud_checks=False``
        sends operations that the cloud is said to lack, too.

        ``proxy`` is the address of a proxy for all requests, instead of those of the environment;
        ``verify`` says whether certificates are verified, or is the context that does it. There are at
        most ``max_connections``, each kept for ``keepalive_expiry`` seconds after use; more requests of
        an asynchronous client wait for a place. A ``transport`` makes its own connections: those
        options do not apply to it.

        ``timeout`` is in seconds, for each pause; ``retry`` says how often requests are sent again, and
        how long a call may take; ``headers`` are sent with every request. A method may be given others.
        ``max_body`` is the most bytes of a body that is parsed. ``on_attempt`` is an ordinary function
        that is called with each `Attempt` when it has ended. Raises TypeError for a credential or
        another argument of the wrong kind; ValueError for a malformed token or endpoint, for http to
        another machine, and for a cloud and an endpoint that do not agree.
        """
        self._session = session.Session(
            credential,
            version=self._version,
            root=choose_root(
                self._endpoint,
                cloud=cloud,
                endpoint=endpoint,
                scope=scope,
                cloud_checks=cloud_checks,
            ),
            options=ConnectionOptions(
                proxy=proxy,
                verify=verify,
                max_connections=max_connections,
                keepalive_expiry=keepalive_expiry,
            ),
            transport=transport,
            timeout=timeout,
            retry=retry,
            headers=headers,
            max_body=max_body,
            on_attempt=on_attempt,
            clock=_clock,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._session.root}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def follow(self, link: str, item: type[M], **options: Unpack[LinkOptions]) -> Page[M]:
        """Return the page that a next or delta link leads to, with items of a type.

        The link may have been saved, or come inside an entity (`record.next_link("sessions")`); it is
        used unchanged. Raises ForeignLinkError, before a token is requested, for a link to another host,
        TypeError for what is no link or no model, and what any method raises.
        """
        checked = endpoint.check_link(link, item, options)
        page: Page[M] = self._session.send_link(link, decode.page(item), checked)
        return page

    @overload
    def request(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        returns: None = None,
        **options: Unpack[Options],
    ) -> Any: ...
    @overload
    def request(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        returns: type[bytes],
        **options: Unpack[Options],
    ) -> bytes | None: ...
    @overload
    def request(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        returns: type[list[M]],
        **options: Unpack[Options],
    ) -> Page[M] | None: ...
    @overload
    def request(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        returns: type[M],
        **options: Unpack[Options],
    ) -> M | None: ...
    def request(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        returns: Any = None,
        **options: Unpack[Options],
    ) -> Any:
        """Send any request, with the client's token, retries and errors, and return its answer.

        `path` is below the service root, such as "/communications/calls": it begins with a slash, has no
        query (which is `query`), and is sent as it is except that characters which no path may hold are
        percent-encoded. `body` is a model, anything that JSON can represent, or bytes, whose type the
        header Content-Type gives if it is not application/octet-stream.

        `returns` says what the answer is: the class of a model, `list[Call]` for a page of calls, which
        leads on to the next ones, `bytes` for the content of a stream, or None for JSON, which is
        returned as Python decodes it. An empty answer is None, whatever `returns` is.

        Only GET, PUT and DELETE are repeated where the first attempt may have been processed.

        Raises TypeError or ValueError, before a token is requested, for any other method of HTTP, for a
        path that leads elsewhere, and for other arguments of the wrong kind; and what any method raises.
        """
        asked = any_request.check_request(method, path, body, returns, options)
        return self._session.send_any(asked)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()
