"""Handlers that wait for what will never come: a run says which, and for what."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graph_comms.bot.sqlite import SQLiteStore
from graph_comms.models import Call
from graph_emulator import AsyncEmulator, Emulator, Stuck, driver
from graph_emulator.harness import Harness
from tests.emulator.bots import bot_of, call_to, target


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def for_the_end_of_a_prompt(call: Any, svc: Harness) -> None:
    svc.deliver(lose=1.0)
    await (await call.play_prompt("https://bot.contoso.com/hello.wav")).completed()


async def for_the_end_of_a_recording(call: Any, svc: Harness) -> None:
    svc.deliver(lose=1.0)
    await (await call.record()).completed()


async def for_keys(call: Any, svc: Harness) -> None:
    await call.tones(max_digits=1, timeout=None)


async def for_who_is_invited(call: Any, svc: Harness) -> None:
    svc.deliver(lose=1.0)
    await (await call.participants.invite([target(svc.user("Ben").answers())])).completed()


async def for_something_of_its_own(call: Any, svc: Harness) -> None:
    await asyncio.Event().wait()


WAITS: list[tuple[Callable[[Any, Harness], Any], str]] = [
    (for_the_end_of_a_prompt, "the end of operation [-0-9a-f]{36} of call"),
    (for_the_end_of_a_recording, "the end of operation [-0-9a-f]{36} of call"),
    (for_keys, "keys of call"),
    (for_who_is_invited, "the end of operation [-0-9a-f]{36} of call"),
]


def waiting(svc: Harness, wait: Callable[[Any, Harness], Any], **options: Any) -> tuple[Any, Call]:
    """Return a bot whose handler waits, and a call that makes it."""
    bot = bot_of(svc, **options)

    @bot.media_active
    async def handle(call: Any) -> None:
        await wait(call, svc)

    return bot, call_to(svc.user("Ann").answers(), svc.user("Zoe").answers())


@pytest.mark.parametrize(("wait", "words"), [*WAITS, (for_something_of_its_own, "something")])
def test_a_run_names_the_handler_and_its_wait(
    graph_emulator: Emulator, wait: Callable[[Any, Harness], Any], words: str
) -> None:
    svc = graph_emulator
    bot, call = waiting(svc, wait)
    svc.connect(bot)
    svc.client().calls.create(call)
    with pytest.raises(Stuck, match=f"handle, which waits for {words}"):
        svc.run()
    assert svc.clock.now().hour == 9  # not at the limit


@pytest.mark.anyio
@pytest.mark.parametrize(("wait", "words"), WAITS)
async def test_a_run_on_the_loop_of_the_test_names_them(
    wait: Callable[[Any, Harness], Any], words: str
) -> None:
    async with AsyncEmulator() as svc:
        bot, call = waiting(svc, wait)
        await svc.connect(bot)
        await svc.async_client().calls.create(call)
        with pytest.raises(Stuck, match=f"handle, which waits for {words}"):
            await svc.run()


def test_looking_into_a_store_again_and_again_brings_nothing(
    graph_emulator: Emulator, tmp_path: Path
) -> None:
    svc = graph_emulator
    bot, call = waiting(svc, for_keys, store=SQLiteStore(tmp_path / "bot.db", clock=svc.clock))
    svc.connect(bot)
    svc.client().calls.create(call)
    began = time.monotonic()
    with pytest.raises(Stuck, match="handle, which waits for keys"):
        svc.run()
    assert svc.clock.now().hour == 9
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("called", "words"),
    [(True, "after 600 seconds the coroutine has not ended"), (False, "nothing is to come")],
)
def test_a_coroutine_that_does_not_end_is_not_waited_for(
    graph_emulator: Emulator, called: bool, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "LONG", 0.1)
    svc, over = graph_emulator, list[str]()
    if called:
        svc.client().calls.create(call_to(svc.user("Ann")))

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            over.append("cancelled")

    with pytest.raises(Stuck, match=words):
        svc.wait_for(wait(), limit=600)
    svc.advance(seconds=1)
    assert over == ["cancelled"]


@pytest.mark.anyio
async def test_a_coroutine_is_waited_for_on_the_loop_of_the_test() -> None:
    async with AsyncEmulator() as svc:
        bot = bot_of(svc)
        await svc.connect(bot)
        call = await bot.create(call_to(svc.user("Ann").answers().presses("1", after=5)))
        await svc.advance(seconds=4)
        assert await svc.wait_for(call.tones(max_digits=1, timeout=None)) == "1"
        with pytest.raises(Stuck, match="after 600 seconds the coroutine has not ended"):
            await svc.wait_for(asyncio.Event().wait(), limit=600)
