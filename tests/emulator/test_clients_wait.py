"""Retries of clients, which wait on the virtual clock wherever they are used."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Callable
from typing import Any

import anyio.to_thread
import pytest

from graph_emulator import AsyncEmulator, Emulator
from graph_emulator.harness import Harness
from graph_emulator.schedule import BEGIN
from tests.emulator.bots import bot_of, call_to


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def throttled(svc: Harness) -> None:
    """Let one call be created in 50 seconds."""
    svc.throttle("create", limit=1, seconds=50)


def create_two(svc: Harness) -> None:
    """Create two calls, of which the second is told to come again in 50 seconds."""
    client = svc.client()
    client.calls.create(call_to(svc.user("Ben")))
    client.calls.create(call_to(svc.user("Ben")))


def passed(svc: Harness) -> float:
    """Return how many seconds have passed."""
    return (svc.clock.now() - BEGIN).total_seconds()


def test_a_pause_of_a_test_lets_virtual_time_pass(graph_emulator: Emulator) -> None:
    throttled(graph_emulator)
    began = time.monotonic()
    create_two(graph_emulator)
    assert passed(graph_emulator) == 50
    assert [log.status for log in graph_emulator.log.requests] == [201, 429, 201]
    assert time.monotonic() - began < 30


def test_a_pause_on_a_loop_of_the_test_lets_virtual_time_pass(graph_emulator: Emulator) -> None:
    throttled(graph_emulator)

    async def create() -> None:
        async with graph_emulator.async_client() as client:
            for _ in range(2):
                await client.calls.create(call_to(graph_emulator.user("Ben")))

    asyncio.run(create())
    assert passed(graph_emulator) == 50


def test_pauses_of_several_threads_take_their_time(graph_emulator: Emulator) -> None:
    throttled(graph_emulator)
    ben = graph_emulator.user("Ben")

    def create() -> None:
        graph_emulator.client().calls.create(call_to(ben))

    threads = [threading.Thread(target=create) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert passed(graph_emulator) >= 100
    assert len(graph_emulator.calls) == 3


async def in_a_thread_of_anyio(svc: Harness) -> None:
    await anyio.to_thread.run_sync(create_two, svc)


async def in_a_thread_of_asyncio(svc: Harness) -> None:
    await asyncio.to_thread(create_two, svc)


async def in_an_executor(svc: Harness) -> None:
    await asyncio.get_running_loop().run_in_executor(None, create_two, svc)


async def in_the_loop(svc: Harness) -> None:
    client = svc.async_client()
    for _ in range(2):
        await client.calls.create(call_to(svc.user("Ben")))


WAYS = [create_two, in_a_thread_of_anyio, in_a_thread_of_asyncio, in_an_executor, in_the_loop]


def handler_of(svc: Harness, way: Callable[[Harness], Any]) -> Callable[[Any], Any]:
    """Return a handler that creates two calls in some way, and hangs up."""

    async def create(call: Any) -> None:
        await way(svc)
        await call.hang_up()

    def create_in_its_thread(call: Any) -> None:
        way(svc)
        call.hang_up()

    return create if inspect.iscoroutinefunction(way) else create_in_its_thread


@pytest.mark.parametrize("way", WAYS)
def test_a_pause_of_a_handler_is_virtual(
    graph_emulator: Emulator, way: Callable[[Harness], Any]
) -> None:
    svc = graph_emulator
    bot = bot_of(svc)
    bot.media_active(handler_of(svc, way))
    svc.connect(bot)
    call = svc.client().calls.create(call_to(svc.user("Ann").answers()))
    throttled(svc)
    svc.run()
    assert svc.calls[str(call.id)].ended_by == "bot"
    assert passed(svc) > 50


@pytest.mark.anyio
@pytest.mark.parametrize("way", WAYS)
async def test_a_pause_of_a_handler_is_virtual_on_the_loop_of_the_test(
    way: Callable[[Harness], Any],
) -> None:
    async with AsyncEmulator() as svc:
        bot = bot_of(svc)
        bot.media_active(handler_of(svc, way))
        await svc.connect(bot)
        call = await svc.async_client().calls.create(call_to(svc.user("Ann").answers()))
        throttled(svc)
        await svc.run()
        assert svc.calls[str(call.id)].ended_by == "bot"
        assert passed(svc) > 50


@pytest.mark.anyio
@pytest.mark.parametrize("way", WAYS[1:])
async def test_a_pause_of_an_asynchronous_test_lets_virtual_time_pass(
    way: Callable[[Harness], Any],
) -> None:
    async with AsyncEmulator() as svc:
        await svc.connect(bot_of(svc))
        throttled(svc)
        await asyncio.gather(way(svc), way(svc))
        assert passed(svc) >= 150
