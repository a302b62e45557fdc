"""Waits of the kit: by its clock, and without keeping the next handler waiting."""

from __future__ import annotations

import asyncio

import pytest

from graph_comms.bot.waiting import (
    THREADS,
    TURN,
    TURNS,
    Turn,
    in_thread,
    letting_others_start,
    within,
)
from tests.bot.manual_clock import ManualClock, settle

pytestmark = pytest.mark.anyio


async def test_what_comes_in_time_is_returned() -> None:
    clock = ManualClock()

    async def wait() -> str:
        await clock.sleep(3)
        return "came"

    waiting = asyncio.create_task(within(clock, 5, wait))
    await clock.advance(3)
    assert await waiting == "came"


async def test_what_does_not_come_is_a_timeout() -> None:
    clock = ManualClock()
    waiting = asyncio.create_task(within(clock, 5, asyncio.Event().wait))
    await clock.advance(4.9)
    assert not waiting.done()
    await clock.advance(0.1)
    with pytest.raises(TimeoutError, match="within 5 seconds"):
        await waiting


async def test_what_is_raised_is_raised_itself() -> None:
    async def fail() -> None:
        raise KeyError("one")

    with pytest.raises(KeyError):
        await within(ManualClock(), 5, fail)


async def test_a_cancelled_wait_ends() -> None:
    waiting = asyncio.create_task(within(ManualClock(), 5, asyncio.Event().wait))
    await settle()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_turn_passes_on_once_and_counts_no_waits() -> None:
    clock = ManualClock()
    passed: list[str] = []
    turn = Turn(clock, "call", 1, "greet", lambda: passed.append("on"))
    TURN.set(turn)
    await clock.advance(10)
    with letting_others_start("keys"):
        assert passed == ["on"]
        await clock.advance(100)
        with letting_others_start("keys"):
            await clock.advance(100)
        assert turn.ran() == 10
    await clock.advance(5)
    assert turn.ran() == 15
    assert turn.over
    turn.pass_on()
    assert passed == ["on"]


async def test_a_turn_tells_what_its_handler_is_doing() -> None:
    loop = asyncio.get_running_loop()
    turn = Turn(ManualClock(), "call", 1, "greet", lambda: None)
    assert turn not in TURNS
    with turn.running():
        assert turn in TURNS
        TURN.set(turn)
        with in_thread():
            assert THREADS[loop] == 1
            with in_thread(-1), letting_others_start("keys of call 1"):
                assert THREADS[loop] == 0
                assert turn.waits_for == ["keys of call 1"]
        assert (THREADS[loop], turn.waits_for) == (0, [])
    assert turn not in TURNS
    assert turn.over
