"""Clients of either flavour aimed at fault servers, and what a call came to in a few words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Self

import pytest

from graph_comms import (
    AsyncCommunicationsClient,
    CommunicationsClient,
    GraphDecodeError,
    GraphError,
    GraphHTTPError,
    GraphTransportError,
)
from graph_comms.models import Call
from tests.support.clocks import patient
from tests.support.server import GraphServer, hosts

FLAVOURS = ("sync", "async")
each_flavour = pytest.mark.parametrize("flavour", FLAVOURS)
GRAPH = "graph.microsoft.com"
TOKEN = "marker-token-77aa"


class Client:
    """A client of either flavour behind one face; `waits` are the pauses, which take no time."""

    def __init__(
        self,
        flavour: str,
        server: GraphServer,
        *,
        others: Mapping[str, GraphServer] | None = None,
        credential: Any = TOKEN,
        timeout: float = 10.0,
    ) -> None:
        transport = hosts(flavour, {GRAPH: server, **(others or {})})
        self.waits: list[float] = []
        self._runner = asyncio.Runner()
        self.client: CommunicationsClient | AsyncCommunicationsClient
        if flavour == "sync":
            self.client = CommunicationsClient(
                credential, transport=transport, timeout=timeout, _clock=patient(self.waits)
            )
        else:
            self.client = AsyncCommunicationsClient(
                credential, transport=transport, timeout=timeout, _clock=patient(self.waits)
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if isinstance(self.client, CommunicationsClient):
            self.client.close()
        else:
            self._runner.run(self.client.aclose())
        self._runner.close()

    def run(self, result: Any) -> Any:
        """Return the result itself, or what it is waiting for."""
        return self._runner.run(result) if asyncio.iscoroutine(result) else result

    def create(self, call: Call | None = None) -> Any:
        return self.run(self.client.calls.create(call or Call(callback_uri="https://bot")))

    def invite(self) -> Any:
        return self.run(self.client.calls.participants.invite("found", participants=[]))

    def update(self) -> Any:
        return self.run(self.client.calls.update("found", Call(subject="words")))

    def get(self, key: str = "found") -> Any:
        return self.run(self.client.calls.get(key))

    def delete(self) -> Any:
        return self.run(self.client.calls.delete("found"))

    def page(self) -> Any:
        return self.run(self.client.calls.list())

    def ids(self) -> list[Any]:
        """The ids of all items of all pages."""
        if isinstance(self.client, CommunicationsClient):
            return [one.id for one in self.client.calls.list()]
        return list(self._runner.run(_all_ids(self.client)))

    def content(self) -> Any:
        return self.run(self.client.online_meetings.recordings.get_content("m", "r"))

    def pieces(self) -> bytes:
        """A stream, read piece by piece."""
        if isinstance(self.client, CommunicationsClient):
            with self.client.online_meetings.recordings.stream_content("m", "r") as chunks:
                return b"".join(chunks)
        return self._runner.run(_all_pieces(self.client))


async def _all_ids(client: AsyncCommunicationsClient) -> list[Any]:
    return [one.id async for one in await client.calls.list()]


async def _all_pieces(client: AsyncCommunicationsClient) -> bytes:
    async with client.online_meetings.recordings.stream_content("m", "r") as chunks:
        return b"".join([chunk async for chunk in chunks])


def outcome(work: Callable[[], Any]) -> str:
    """What a call comes to; any other exception than the documented ones comes through."""
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
