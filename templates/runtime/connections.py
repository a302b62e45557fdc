"""The connections of a client: those of this process and, if it is asynchronous, of one event loop.

Connections belong to the process and the event loop that opened them: a forked child would read the
answers to its parent's requests, and another loop cannot wait for their sockets. So each process, and
each loop in it, gets its own from the same options.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakKeyDictionary, WeakSet, ref

import httpx

from .forms import check, pause, positive_count
from .service_root import parse_address

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Semaphore

_T = TypeVar("_T")

MAX_CONNECTIONS = 100
"""Connections that a client has at the same time, unless it is told otherwise."""

DEFAULT_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
"""Seconds per attempt: to connect, and for any pause while writing or reading."""

KEEPALIVE_EXPIRY = 5.0
"""Seconds for which a connection that nothing uses stays open, as with httpx."""

CLOSED = "this client is closed: make a new one"

_PROXIES = ("http", "https", "socks5", "socks5h")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOptions:
    """How a client connects.

    ``proxy`` is the address of a proxy for all requests; without one, the environment's are used.
    ``verify``: whether certificates are verified, or the context that does it. ``max_connections``: how
    many there are at the same time, each of which is kept for ``keepalive_expiry`` seconds after use.

    Raises TypeError and ValueError for what cannot be used; no message holds the address of the proxy,
    which may have a password.
    """

    proxy: str | None = field(default=None, repr=False)
    verify: ssl.SSLContext | bool = True
    max_connections: int = MAX_CONNECTIONS
    keepalive_expiry: float = KEEPALIVE_EXPIRY

    def __post_init__(self) -> None:
        _check_proxy(self.proxy)
        _check_verify(self.verify)
        check("max_connections", self.max_connections, positive_count("100"))
        check("keepalive_expiry", self.keepalive_expiry, pause("5.0"))

    def keywords(self) -> dict[str, Any]:
        """Return the keywords for a client of httpx."""
        verify = self.verify if isinstance(self.verify, ssl.SSLContext) else _context(self.verify)
        return {
            "proxy": None if self.proxy is None else _proxy(self.proxy, verify),
            "verify": verify,
            "limits": httpx.Limits(
                max_connections=self.max_connections,
                max_keepalive_connections=self.max_connections,
                keepalive_expiry=self.keepalive_expiry,
            ),
        }


def _check_proxy(proxy: object) -> None:
    if proxy is None:
        return
    if not isinstance(proxy, str):
        raise TypeError(
            "proxy is an address such as 'http://proxy.contoso.com:8080', "
            f"not {type(proxy).__name__}"
        )
    url = parse_address(proxy)
    if url is None:
        raise ValueError("proxy is not a valid address")
    if url.scheme not in _PROXIES or not url.host:
        raise ValueError(f"proxy must begin with {'://, '.join(_PROXIES)}:// and a host")


def _proxy(address: str, verify: ssl.SSLContext) -> httpx.Proxy:
    """Return a proxy; one that is reached through TLS is verified as the service is."""
    secure = httpx.URL(address).scheme == "https"
    return httpx.Proxy(address, ssl_context=verify if secure else None)


def _check_verify(verify: object) -> None:
    if not isinstance(verify, bool | ssl.SSLContext):
        raise TypeError(
            "verify is True, False or an ssl.SSLContext, such as "
            f"ssl.create_default_context(cafile=...), not {type(verify).__name__}"
        )


def _context(verify: bool) -> ssl.SSLContext:
    """Return the context of this process, which takes long to make."""
    return _context_for(verify, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _context_for(verify: bool, _file: str | None, _folder: str | None) -> ssl.SSLContext:
    return httpx.create_ssl_context(verify=verify)


class _NoCookies(httpx.Cookies):
    """A jar that stays empty: Graph needs no cookies, a jar would only grow, and looking for them is slow."""

    def extract_cookies(self, response: httpx.Response) -> None:
        pass


_NO_COOKIES = _NoCookies()


class _WithoutCookies:
    @property
    def cookies(self) -> httpx.Cookies:
        return _NO_COOKIES

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        pass


class _Client(_WithoutCookies, httpx.Client):
    pass


class _AsyncClient(_WithoutCookies, httpx.AsyncClient):
    pass


DEFAULT_OPTIONS = ConnectionOptions()
"""How a client connects that is given no options."""


class _Connections(Generic[_T]):
    """What the connections of both flavours are made from; `_T` is the kind of transport."""

    def __init__(
        self,
        options: ConnectionOptions,
        mounts: Mapping[str, None],
        transport: _T | None,
        timeout: httpx.Timeout | float,
    ) -> None:
        if transport is not None and options.proxy is not None:
            raise ValueError(
                "a transport makes its own connections: give the proxy to the transport"
            )
        self._options = options
        self._mounts: Mapping[str, None] = {} if options.proxy else mounts
        self._transport = transport
        self._timeout = timeout
        self._closed = False

    def check(self) -> None:
        """Raise RuntimeError if the client is closed."""
        if self._closed:
            raise RuntimeError(CLOSED)

    def _keywords(self) -> dict[str, Any]:
        """Return the keywords for a client of httpx."""
        # A transport makes its own connections: no certificates are loaded for it, which takes long.
        made_by = (
            self._options.keywords() if self._transport is None else {"transport": self._transport}
        )
        return {"mounts": self._mounts, "timeout": self._timeout, **made_by}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Pool:
    """What a synchronous client has in one process.

    `slots` is what an attempt holds: each holds up a thread already, so none waits.
    """

    client: httpx.Client
    slots: AbstractContextManager[None]


class Connections(_Connections[httpx.BaseTransport]):
    """The connections of a synchronous client, which all threads of a process share."""

    def __init__(
        self,
        options: ConnectionOptions,
        mounts: Mapping[str, None],
        transport: httpx.BaseTransport | None,
        timeout: httpx.Timeout | float,
    ) -> None:
        super().__init__(options, mounts, transport, timeout)
        self._lock = Lock()
        # Made now, so that what the environment says and httpx cannot use is an error at once.
        self._opened: Pool | None = self._build()
        _all.add(self)

    def _build(self) -> Pool:
        return Pool(_Client(**self._keywords()), nullcontext())

    def open(self) -> Pool:
        """Return what there is in this process; raises RuntimeError after ``close``."""
        self.check()
        opened = self._opened
        if opened is None:  # in a forked child
            with self._lock:
                opened = self._opened = self._opened or self._build()
        return opened

    def close(self) -> None:
        """Close the connections of this process."""
        self._closed = True
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.client.close()

    def disown(self) -> object:
        """Forget what the parent of a forked child had open, and return it."""
        self._lock = Lock()  # a thread of the parent may hold the other for ever
        opened, self._opened = self._opened, None
        return opened


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class AsyncPool:
    """What an asynchronous client has in one event loop.

    `slots` is what an attempt holds while it is under way. `guard` ends with the loop, and closes the
    connections.
    """

    client: httpx.AsyncClient
    slots: Semaphore
    guard: AsyncGenerator[None]


class AsyncConnections(_Connections[httpx.AsyncBaseTransport]):
    """The connections of an asynchronous client, one set for each event loop, in any thread.

    They are closed when their loop shuts down its asynchronous generators, as `asyncio.run` does.
    """

    def __init__(
        self,
        options: ConnectionOptions,
        mounts: Mapping[str, None],
        transport: httpx.AsyncBaseTransport | None,
        timeout: httpx.Timeout | float,
    ) -> None:
        super().__init__(options, mounts, transport, timeout)
        self._opened: WeakKeyDictionary[AbstractEventLoop, AsyncPool] = WeakKeyDictionary()
        self._unused = [self._build()]  # see Connections
        _all.add(self)

    def _build(self) -> httpx.AsyncClient:
        return _AsyncClient(**self._keywords())

    async def open(self) -> AsyncPool:
        """Return what there is in the running loop; raises RuntimeError after ``aclose``."""
        import asyncio  # see Clock

        self.check()
        loop = asyncio.get_running_loop()
        found = self._opened.get(loop)
        if found is None:
            self._drop_closed_loops()
            try:
                client = self._unused.pop()
            except IndexError:  # another loop has it
                client = self._build()
            guard = _guard(client, ref(self), ref(loop), closing=self._transport is None)
            found = AsyncPool(client, asyncio.Semaphore(self._options.max_connections), guard)
            # The loop learns of the generator now, without giving another task a turn.
            await anext(guard)
            self._opened[loop] = found
        return found

    def _drop_closed_loops(self) -> None:
        """Forget loops that were closed without having shut down their generators."""
        for key in self._opened.keyrefs():
            loop = key()
            if loop is not None and loop.is_closed():
                self.forget(loop)

    def forget(self, loop: AbstractEventLoop) -> None:
        """Drop what there is for a loop."""
        self._opened.pop(loop, None)

    async def aclose(self) -> None:
        """Close the connections of the running loop; other loops close theirs as soon as they can."""
        import asyncio

        self._closed = True
        here = asyncio.get_running_loop()
        for key in self._opened.keyrefs():
            loop = key()
            opened = self._opened.pop(loop, None) if loop is not None else None
            if loop is None or opened is None or loop.is_closed():
                continue
            if loop is here:
                await opened.guard.aclose()
            else:
                # Nothing waits for that loop: it may never run again.
                loop.call_soon_threadsafe(_close_later, loop, opened.guard)
        if self._transport is not None:
            await self._transport.aclose()

    def disown(self) -> object:
        """Forget what the parent of a forked child had open, and return it."""
        opened = self._opened
        self._opened = WeakKeyDictionary()
        return opened


async def _guard(
    client: httpx.AsyncClient,
    connections: ref[AsyncConnections],
    loop: ref[AbstractEventLoop],
    *,
    closing: bool,
) -> AsyncGenerator[None]:
    """Close a client when the loop in which this began ends it.

    It holds no reference to the connections, so that a client which is dropped takes it along.
    """
    try:
        yield
    finally:
        owner, here = connections(), loop()
        if owner is not None and here is not None:
            owner.forget(here)
        if closing:
            await client.aclose()


_closing = set[Any]()
"""The tasks that close connections: a loop alone would not keep them."""


def _close_later(loop: AbstractEventLoop, guard: AsyncGenerator[None]) -> None:
    task = loop.create_task(_end(guard))
    _closing.add(task)
    task.add_done_callback(_closing.discard)


async def _end(guard: AsyncGenerator[None]) -> None:
    await guard.aclose()


# -- forks

_all = WeakSet[Connections | AsyncConnections]()
_inherited = list[object]()
"""What the parents of this process had open: kept, so that nothing of it is closed or finalised here."""


def _after_fork() -> None:
    _inherited.extend(connections.disown() for connections in _all)


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)
