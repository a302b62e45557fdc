"""Many calls at once: none is lost, none gets another's answer, and nothing is left behind.

`make test-thorough` watches the memory; `python -m tests.client.load` prints figures of longer runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from graph_comms import AsyncCommunicationsClient
from graph_comms._runtime.connections import MAX_CONNECTIONS
from tests.client.echo import echo_server
from tests.client.faces import each_flavour
from tests.client.load import (
    AsyncRoad,
    async_memory_over,
    by_threads,
    call,
    created_at_once,
    finished,
    is_the_same,
    memory_over,
    statistics,
)
from tests.support.server import SILENT, End, GraphServer, Step

REQUESTS = 2_000


@pytest.fixture
def port() -> Iterator[int]:
    with echo_server() as port:
        yield port


def test_many_calls_are_created_at_once(port: int) -> None:
    many = 3 * MAX_CONNECTIONS
    assert finished(created_at_once, port, many) == []
    assert statistics(port) == (MAX_CONNECTIONS, many + 1)


def test_32_threads_share_a_client(port: int) -> None:
    assert by_threads(port, 32, 640) == []
    most, requests = statistics(port)
    assert requests == 641
    assert most <= 32


def test_connections_are_used_again(port: int) -> None:
    memory_over(port, 50, 1)
    assert statistics(port) == (1, 101)


@pytest.mark.thorough
@each_flavour
def test_memory_does_not_grow(port: int, flavour: str) -> None:
    """Anything kept of a request would show: 150 bytes of each after the first half are too many."""
    if flavour == "sync":
        memory = memory_over(port, REQUESTS, 4)
    else:
        memory = finished(lambda at, count: async_memory_over(at, count, 4), port, REQUESTS)
    assert memory[-1] - memory[1] < 150 * REQUESTS


# -- abandoned calls


def test_calls_that_are_cancelled_leave_room_for_others() -> None:
    """More calls than the client lets run at once hang and are cancelled; the next one runs."""
    steps = [Step(end=End.SILENCE)] * (2 * MAX_CONNECTIONS)

    async def run(port: int) -> bool:
        async with AsyncCommunicationsClient("token", transport=AsyncRoad(port)) as client:
            hanging = [
                asyncio.create_task(client.calls.create(call(n)))
                for n in range(2 * MAX_CONNECTIONS)
            ]
            while server.methods("POST") < MAX_CONNECTIONS:
                await asyncio.sleep(0.01)
            for one in hanging:
                one.cancel()
            ended = await asyncio.gather(*hanging, return_exceptions=True)
            assert all(isinstance(one, asyncio.CancelledError) for one in ended)
            server.forget()
            async with asyncio.timeout(10):
                return (await client.calls.get("after")).id == "after"

    with GraphServer(steps, well=True) as server:
        assert asyncio.run(run(server.port))
        assert server.methods("POST") == MAX_CONNECTIONS


def test_waiting_for_a_token_holds_no_place_in_the_queue(server: GraphServer) -> None:
    async def run() -> list[object]:
        release = asyncio.Event()
        asked = 0

        async def give() -> str:
            nonlocal asked
            asked += 1
            if asked == 1:
                await release.wait()
            return "token"

        endpoint = f"http://127.0.0.1:{server.port}"
        async with AsyncCommunicationsClient(give, endpoint=endpoint, max_connections=1) as client:
            waiting = asyncio.create_task(client.calls.get("first"))
            while not asked:
                await asyncio.sleep(0)
            async with asyncio.timeout(5):
                second = await client.calls.get("second")
            release.set()
            return [second.id, (await waiting).id]

    assert asyncio.run(run()) == ["second", "first"]


def test_a_time_out_of_the_callers_own() -> None:
    async def run(port: int) -> bool:
        async with AsyncCommunicationsClient("token", transport=AsyncRoad(port)) as client:
            creating = asyncio.create_task(client.calls.create(call(1)))
            while not server.requests:
                await asyncio.sleep(0.01)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(creating, 0.05)
            return (await client.calls.get("after")).id == "after"

    with GraphServer([SILENT], well=True) as server:
        assert asyncio.run(run(server.port))
        assert server.methods("POST") == 1


def test_streams_that_are_held_open_do_not_stop_all_else() -> None:
    async def run(port: int) -> bool:
        async with AsyncCommunicationsClient("token", transport=AsyncRoad(port)) as client:
            streams = [
                client.online_meetings.recordings.stream_content("m", "r")
                for _ in range(MAX_CONNECTIONS - 1)
            ]
            for stream in streams:
                await stream.__aenter__()
            async with asyncio.timeout(10):
                found = await client.calls.get("after")
            for stream in streams:
                await stream.__aexit__(None, None, None)
            return found.id == "after"

    with GraphServer(well=True) as server:
        assert asyncio.run(run(server.port))


def test_the_check_can_fail() -> None:
    assert not is_the_same(call(1), 2)
