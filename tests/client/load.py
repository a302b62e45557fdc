"""Measure the client under load: `python -m tests.client.load [requests]`.

The client against bare httpx doing the same requests on the same road, and the memory after each
tenth of 50,000 requests.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from graph_comms import AsyncCommunicationsClient, CommunicationsClient
from graph_comms._runtime.connections import MAX_CONNECTIONS
from graph_comms.models import Call, InvitationParticipantInfo
from tests.client.echo import STATISTICS, echo_server

CALLS = "https://graph.microsoft.com/v1.0/communications/calls"


LIMITS = httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS)
"""Those of the client."""


class Road(httpx.HTTPTransport):
    """Leads every request to a local port."""

    def __init__(self, port: int) -> None:
        super().__init__(verify=False, limits=LIMITS)
        self._port = port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        return super().handle_request(request)


class AsyncRoad(httpx.AsyncHTTPTransport):
    """`Road` for asyncio."""

    def __init__(self, port: int) -> None:
        super().__init__(verify=False, limits=LIMITS)
        self._port = port

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        return await super().handle_async_request(request)


def call(number: int) -> Call:
    """Return a call that differs from all others."""
    return Call(
        callback_uri=f"https://bot.contoso.com/{number}",
        subject=f"call {number}",
        targets=[InvitationParticipantInfo()] * (number % 5),
    )


def is_the_same(created: Call, number: int) -> bool:
    """Whether the answer belongs to the request with this number."""
    return created.to_json() == call(number).to_json()


# -- the client


async def created_at_once(port: int, count: int) -> list[int]:
    """Create calls, all at the same time; return the numbers of those with a wrong answer."""
    async with AsyncCommunicationsClient("token", transport=AsyncRoad(port)) as client:
        created = await asyncio.gather(*(client.calls.create(call(n)) for n in range(count)))
    return [n for n, one in enumerate(created) if not is_the_same(one, n)]


def by_threads(port: int, threads: int, count: int) -> list[int]:
    """Create and get calls from many threads with one client; return the wrong numbers."""
    with CommunicationsClient("token", transport=Road(port)) as client:

        def work(number: int) -> bool:
            if number % 2:
                return client.calls.get(f"id-{number}").id == f"id-{number}"
            return is_the_same(client.calls.create(call(number)), number)

        with ThreadPoolExecutor(threads) as pool:
            right = list(pool.map(work, range(count)))
    return [n for n, one in enumerate(right) if not one]


def statistics(port: int) -> tuple[int, int]:
    """Return the most connections at once, and the number of requests."""
    target = STATISTICS.decode().rpartition("/")[2]
    with CommunicationsClient("token", transport=Road(port)) as client:
        most, requests = (client.calls.get(target).subject or "").split()
    return int(most), int(requests)


def resident() -> int:
    """Return the bytes of memory of this process."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def memory_over(port: int, count: int, samples: int) -> list[int]:
    """Send requests one after another; return the memory after each part of them."""
    found: list[int] = []
    with CommunicationsClient("token", transport=Road(port)) as client:
        for sample in range(samples):
            for n in range(count // samples):
                assert is_the_same(client.calls.create(call(n)), n)
                assert client.calls.get(f"{sample}-{n}").id
            found.append(resident())
    return found


async def async_memory_over(port: int, count: int, samples: int) -> list[int]:
    """`memory_over` for the other client."""
    found: list[int] = []
    async with AsyncCommunicationsClient("token", transport=AsyncRoad(port)) as client:
        for sample in range(samples):
            for n in range(count // samples):
                assert is_the_same(await client.calls.create(call(n)), n)
                assert (await client.calls.get(f"{sample}-{n}")).id
            found.append(resident())
    return found


# -- bare httpx, doing the same


def headers() -> dict[str, str]:
    """What the client sends."""
    return {
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
        "Authorization": "Bearer token",
        "Content-Type": "application/json",
        "Prefer": "include-unknown-enum-members",
        "client-request-id": str(uuid.uuid4()),
    }


def bare(port: int, count: int) -> None:
    """Post bodies of the same size one after another, and decode the answers."""
    bodies = [json.loads(call(n).to_json()) for n in range(5)]
    with httpx.Client(transport=Road(port)) as client:
        for n in range(count):
            content = json.dumps(bodies[n % 5]).encode()
            client.post(CALLS, content=content, headers=headers()).json()


def ours(port: int, count: int) -> None:
    """The same through the client."""
    with CommunicationsClient("token", transport=Road(port)) as client:
        for n in range(count):
            client.calls.create(call(n % 5))


async def bare_at_once(port: int, count: int) -> None:
    """`created_at_once` without the client; without turns most would time out."""
    turns = asyncio.Semaphore(MAX_CONNECTIONS)
    bodies = [json.loads(call(n).to_json()) for n in range(5)]
    async with httpx.AsyncClient(transport=AsyncRoad(port), timeout=30) as client:

        async def create(n: int) -> None:
            content = json.dumps(bodies[n % 5]).encode()
            async with turns:
                (await client.post(CALLS, content=content, headers=headers())).json()

        await asyncio.gather(*map(create, range(count)))


def seconds(work: Callable[[], Any], repeat: int = 3) -> float:
    """Return the shortest time of several runs."""
    times: list[float] = []
    for _ in range(repeat):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def finished(work: Callable[[int, int], Awaitable[Any]], port: int, count: int) -> Any:
    """Run asynchronous work to its end."""

    async def run() -> Any:
        return await work(port, count)

    return asyncio.run(run())


def compare(name: str, count: int, mine: Callable[[int], Any], other: Callable[[int], Any]) -> None:
    """Print the requests per second of the client and of bare httpx."""
    took, least = seconds(lambda: mine(count)), seconds(lambda: other(count))
    print(f"{name}: {count / took:,.0f}/s; bare httpx {count / least:,.0f}/s;", end=" ")
    print(f"ratio of the times {took / least:.2f}", flush=True)


def main(requests: int) -> None:
    """Print the figures."""
    with echo_server() as port:
        compare("one after another", 2_000, lambda n: ours(port, n), lambda n: bare(port, n))
        compare(
            "1,000 at once, async",
            1_000,
            lambda n: finished(created_at_once, port, n),
            lambda n: finished(bare_at_once, port, n),
        )
        wrong = by_threads(port, 32, 6_400)
        print(f"32 threads, 6,400 requests: {len(wrong)} wrong")
        print("connections at most, requests:", statistics(port))
        memory = memory_over(port, requests // 2, 10)
        grown = (memory[-1] - memory[1]) / (requests * 0.8)
        print("memory, MB:", *(f"{one / 2**20:.1f}" for one in memory))
        print(f"growth after warm-up: {grown:.1f} bytes a request")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
