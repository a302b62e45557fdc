"""Answers that come after the end of what they have begun: the bot waits for that end all the same."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from graph_comms.models import MediaInfo, MediaPrompt
from graph_emulator import AsyncEmulator, Emulator
from graph_emulator.delivery import LONGEST_HELD
from graph_emulator.harness import Harness
from tests.emulator.bots import bot_of, call_to

SEEDS = range(6)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def playing(svc: Harness, kind: str, seen: list[object]) -> Any:
    """Return a bot whose handler plays a prompt, waits for its end, and hangs up."""
    bot = bot_of(svc)

    async def play(call: Any) -> None:
        played = await call.play_prompt("https://bot.contoso.com/hello.wav")
        seen.append((await played.completed(timeout=10)).status)
        await call.hang_up()

    def play_in_a_thread(call: Any) -> None:
        played = call.play_prompt("https://bot.contoso.com/hello.wav")
        seen.append(played.completed(timeout=10).status)
        call.hang_up()

    bot.media_active(play if kind == "async" else play_in_a_thread)
    return bot


def overtaken(svc: Harness) -> bool:
    """Return whether the end of the prompt came before the answer."""
    (asked,) = (log for log in svc.log.requests if log.name == "playPrompt")
    (told,) = (log for log in svc.log.notifications if "playPromptOperation" in str(log.body))
    assert (asked.status, told.status) == (200, 202)
    assert asked.answer["status"] == "running"
    return asked.time == told.time


@pytest.mark.parametrize("kind", ["async", "def"])
def test_the_end_of_a_prompt_overtakes_its_answer(kind: str) -> None:
    happened: set[bool] = set()
    for seed in SEEDS:
        seen: list[object] = []
        with Emulator(seed=seed) as svc:
            svc.deliver(disorder=True)
            svc.connect(playing(svc, kind, seen))
            call = svc.client().calls.create(call_to(svc.user("Ann").answers()))
            svc.run()
        assert seen == ["completed"]
        assert svc.calls[str(call.id)].ended_by == "bot"
        happened.add(overtaken(svc))
    assert happened == {True, False}


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["async", "def"])
async def test_it_does_on_the_loop_of_the_test(kind: str) -> None:
    happened: set[bool] = set()
    for seed in SEEDS:
        seen: list[object] = []
        async with AsyncEmulator(seed=seed) as svc:
            svc.deliver(disorder=True)
            await svc.connect(playing(svc, kind, seen))
            await svc.async_client().calls.create(call_to(svc.user("Ann").answers()))
            await svc.run()
        assert seen == ["completed"]
        happened.add(overtaken(svc))
    assert happened == {True, False}


def test_an_answer_is_held_back_for_some_seconds_only() -> None:
    waits: set[float] = set()
    for seed in SEEDS:
        with Emulator(seed=seed) as svc:
            svc.prompt("https://bot.contoso.com/hello.wav", seconds=100)
            svc.deliver(disorder=True)
            bot = bot_of(svc)

            @bot.media_active
            async def play(call: Any, svc: Emulator = svc) -> None:
                began = svc.clock.now()
                await call.play_prompt("https://bot.contoso.com/hello.wav")
                waits.add((svc.clock.now() - began).total_seconds())
                await call.hang_up()

            svc.connect(bot)
            svc.client().calls.create(call_to(svc.user("Ann").answers()))
            svc.run()
    assert waits == {0.0, LONGEST_HELD}


def test_a_test_is_answered_at_once() -> None:
    for seed in SEEDS:
        with Emulator(seed=seed) as svc:
            svc.connect(bot_of(svc))
            call = svc.client().calls.create(call_to(svc.user("Ann").answers()))
            svc.run()
            svc.deliver(disorder=True)
            calls, later = svc.client().calls, svc.async_client().calls
            prompts = [MediaPrompt(media_info=MediaInfo(uri="https://bot.contoso.com/hello.wav"))]
            assert calls.play_prompt(str(call.id), prompts=prompts).status == "running"
            asked = later.play_prompt(str(call.id), prompts=prompts)
            assert asyncio.run(asked).status == "running"
