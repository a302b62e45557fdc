"""The emulator on the event loop of an asynchronous test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest

from graph_emulator import AsyncEmulator, Stuck
from tests.emulator.bots import bot_of, call_to

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def svc() -> AsyncGenerator[AsyncEmulator]:
    async with AsyncEmulator() as svc:
        yield svc


@pytest.mark.parametrize("kind", ["async", "def"])
async def test_a_bot_asks_and_hangs_up(svc: AsyncEmulator, kind: str) -> None:
    bot, seen = bot_of(svc), list[str]()

    async def ask(call: Any) -> None:
        seen.append(await call.tones(max_digits=2, timeout=300))
        await asyncio.sleep(0.01)  # in real time
        await call.hang_up()

    def ask_in_a_thread(call: Any) -> None:
        seen.append(call.tones(max_digits=2, timeout=300))
        call.hang_up()

    bot.media_active(ask if kind == "async" else ask_in_a_thread)
    await svc.connect(bot)
    svc.user("Ann").answers(after=1).presses("1", after=200)
    call = await bot.create(call_to(svc.user("Ann")))
    await svc.run()
    assert seen == ["1"]
    assert svc.calls[call.id].ended_by == "bot"
    assert svc.clock.now().minute == 8


async def test_time_passes_as_it_is_told(svc: AsyncEmulator) -> None:
    await svc.connect(bot_of(svc))
    call = await svc.async_client().calls.create(call_to(svc.user("Ann").answers()))
    await svc.advance(hours=2)
    assert svc.calls[str(call.id)].state == "established"
    assert svc.clock.now().hour == 11


async def test_a_handler_that_waits_for_ever_is_named(svc: AsyncEmulator) -> None:
    bot = bot_of(svc)

    @bot.media_active
    async def listen(call: Any) -> None:
        await call.tones(max_digits=1, timeout=None)

    await svc.connect(bot)
    call = await bot.create(call_to(svc.user("Ann").answers()))
    with pytest.raises(Stuck, match=rf"listen, which waits for keys of call {call.id}"):
        await svc.run()


async def test_a_run_ends_at_its_limit(svc: AsyncEmulator) -> None:
    await svc.connect(bot_of(svc))
    await svc.async_client().calls.create(call_to(svc.user("Ann").answers(after=50)))
    with pytest.raises(Stuck, match="after 10 seconds there still are: something is pending"):
        await svc.run(limit=timedelta(seconds=10))


async def test_a_synchronous_client_must_be_in_a_thread(svc: AsyncEmulator) -> None:
    call = call_to(svc.user("Ann"))
    with pytest.raises(RuntimeError, match="use the asynchronous one there"):
        svc.client().calls.create(call)
    assert (await asyncio.to_thread(svc.client().calls.create, call)).id
