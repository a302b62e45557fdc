"""One face for clients and sessions of both flavours, so that each test of them is written once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager
from functools import reduce
from typing import Any, Self

import pytest

from graph_comms import (
    AsyncCommunicationsClient,
    Cloud,
    CommunicationsClient,
    GraphDecodeError,
    GraphError,
    GraphHTTPError,
    GraphTransportError,
)
from graph_comms.models import Call
from tests.support.clocks import patient
from tests.support.server import GraphServer, leading

CLIENTS: Mapping[str, Callable[..., Any]] = {
    "sync": CommunicationsClient,
    "async": AsyncCommunicationsClient,
}
"""The client of each flavour."""

FLAVOURS = tuple(CLIENTS)
each_flavour = pytest.mark.parametrize("flavour", FLAVOURS)
each_client = pytest.mark.parametrize("client", CLIENTS.values(), ids=FLAVOURS)
GRAPH = "graph.microsoft.com"
TOKEN = "marker-token-77aa"


class Face:
    """What clients and sessions of both flavours have in common.

    Coroutines run to their end here. ``waits`` lists the pauses, which take no time, ``urls`` the
    addresses of all requests.
    """

    def __init__(
        self, flavour: str, servers: Mapping[str, GraphServer], *, refusals: int = 0
    ) -> None:
        self.waits: list[float] = []
        self._clock = patient(self.waits)
        self._runner = asyncio.Runner()
        self._transport = leading(flavour, servers, refusals=refusals)
        self.urls: list[str] = self._transport.urls

    def finish(self, result: Any) -> Any:
        """Return the result itself, or what the coroutine comes to."""
        return self._runner.run(result) if asyncio.iscoroutine(result) else result

    def end(self, close: Callable[[], Any]) -> None:
        """Close the client or session, and the event loop with it."""
        self.finish(close())
        self._runner.close()


class Client(Face):
    """A generated client of either flavour; ``others`` are the servers of other hosts."""

    def __init__(
        self,
        flavour: str,
        server: GraphServer,
        *,
        others: Mapping[str, GraphServer] | None = None,
        credential: Any = TOKEN,
        cloud: Cloud = Cloud.GLOBAL,
        timeout: float = 10.0,
        **options: Any,
    ) -> None:
        super().__init__(flavour, {cloud.host: server, **(others or {})})
        self.client: CommunicationsClient | AsyncCommunicationsClient = CLIENTS[flavour](
            credential,
            cloud=cloud,
            transport=self._transport,
            timeout=timeout,
            _clock=self._clock,
            **options,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        client = self.client
        self.end(client.close if isinstance(client, CommunicationsClient) else client.aclose)

    # -- any method

    def call(self, python: str, /, *arguments: Any, **keywords: Any) -> Any:
        """Call the method that a dotted path names."""
        return self.finish(attribute(self.client, python)(*arguments, **keywords))

    def items(self, page: Any) -> list[Any]:
        """Iterate over a page, and so over all that follow."""
        return self.finish(_all(page)) if isinstance(page, AsyncIterable) else list(page)

    @contextmanager
    def entered(self, context: Any) -> Iterator[Any]:
        """Enter a context manager of either flavour."""
        if isinstance(context, AbstractContextManager):
            with context as entered:
                yield entered
        else:
            stack = AsyncExitStack()
            yield self.finish(stack.enter_async_context(context))
            self.finish(stack.aclose())

    def read(self, stream: Any, each: Callable[[bytes], None]) -> None:
        """Hand each piece of a stream over as it arrives."""
        if isinstance(stream, AbstractContextManager):
            with stream as pieces:
                for piece in pieces:
                    each(piece)
        else:
            self.finish(_read(stream, each))

    # -- the methods of the fault matrix

    def create(self, call: Call | None = None) -> Any:
        return self.call("calls.create", call or Call(callback_uri="https://bot"))

    def invite(self) -> Any:
        return self.call("calls.participants.invite", "found", participants=[])

    def update(self) -> Any:
        return self.call("calls.update", "found", Call(subject="words"))

    def get(self, key: str = "found") -> Any:
        return self.call("calls.get", key)

    def delete(self) -> Any:
        return self.call("calls.delete", "found")

    def page(self) -> Any:
        return self.call("calls.list")

    def ids(self) -> list[Any]:
        """Return the ids of all items of all pages."""
        return [one.id for one in self.items(self.page())]

    def content(self) -> Any:
        return self.call("online_meetings.recordings.get_content", "m", "r")

    def pieces(self) -> list[bytes]:
        """Read a stream piece by piece."""
        found: list[bytes] = []
        stream = self.client.online_meetings.recordings.stream_content("m", "r")
        self.read(stream, found.append)
        return found

    def stream(self) -> bytes:
        """Read a stream piece by piece, and put it together."""
        return b"".join(self.pieces())


class Direct(Client):
    """A client of either flavour that makes its own connections, to an endpoint."""

    def __init__(
        self, flavour: str, endpoint: str, *, credential: Any = TOKEN, **options: Any
    ) -> None:
        self.waits = []
        self._runner = asyncio.Runner()
        self.client = CLIENTS[flavour](
            credential, endpoint=endpoint, timeout=10.0, _clock=patient(self.waits), **options
        )


async def _all(page: AsyncIterable[Any]) -> list[Any]:
    return [item async for item in page]


async def _read(stream: Any, each: Callable[[bytes], None]) -> None:
    async with stream as pieces:
        async for piece in pieces:
            each(piece)


def attribute(root: Any, python: str) -> Any:
    """Follow a dotted path."""
    return reduce(getattr, python.split("."), root)


def outcome(work: Callable[[], Any]) -> str:
    """Say in a few words what a call comes to; only documented exceptions are caught."""
    try:
        found = work()
    except GraphTransportError as error:
        return "transport error, " + ("ambiguous" if error.ambiguous else "not sent")
    except GraphDecodeError as error:
        return "decode error: " + error.reason.partition(": it ")[2]
    except GraphHTTPError as error:
        return f"{type(error).__name__} {error.status}"
    except GraphError as error:
        return type(error).__name__
    return str(getattr(found, "id", found))
