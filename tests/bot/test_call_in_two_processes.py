"""A call that one process holds, while another one is notified about it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection
from typing import Any

import anyio
import pytest

from graph_comms.bot import AlreadyDecided, CallEnded, DataConflict, LiveCall, ToneEvent
from graph_comms.bot.store import Record
from graph_comms.models import CallState
from tests.bot import samples
from tests.bot.manual_clock import ManualClock
from tests.bot.service import BotUnderTest
from tests.support.stores import SharedStore

pytestmark = pytest.mark.anyio


Two = tuple[BotUnderTest, BotUnderTest]


class ForgetfulStore(SharedStore):
    """A store in which there is always more change than it remembers."""

    async def changes(self, cursor: str | None) -> Any:
        cursor, keys = await super().changes(cursor)
        return cursor, None if keys else keys


@pytest.fixture(params=[SharedStore, ForgetfulStore])
async def two(request: pytest.FixtureRequest) -> AsyncGenerator[Two]:
    clock = ManualClock()
    store = request.param(clock=clock)
    first, second = (BotUnderTest(clock=clock, store=store) for _ in range(2))
    async with first.bot, second.bot:
        yield first, second


async def held(tested: BotUnderTest) -> LiveCall:
    call = await tested.bot.call(samples.CALL)
    assert call is not None
    return call


async def test_a_call_shows_what_the_other_was_notified_of(two: Two) -> None:
    here, there = two
    await here.notify(samples.call_item(state="establishing"))
    call = await held(here)
    await there.notify(samples.call_item(state="established"))
    await there.notify(samples.roster(samples.participant("ann"), samples.participant("bob")))
    await here.settle()
    assert call.state is CallState.ESTABLISHED
    assert list(call.roster) == ["participant-ann", "participant-bob"]
    await there.notify(samples.terminated())
    await here.settle()
    assert call.ended


async def test_what_has_not_changed_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock()
    store = SharedStore(clock=clock)
    here, there = (BotUnderTest(clock=clock, store=store) for _ in range(2))
    asked: list[str] = []
    read = store.read

    async def noting(key: str, names: Collection[str]) -> Record | None:
        asked.extend(names)
        return await read(key, names)

    async with here.bot, there.bot:
        await here.notify(samples.roster(samples.participant("ann")))
        call = await held(here)
        monkeypatch.setattr(store, "read", noting)
        assert await held(here) is call
        assert "roster" not in asked
        await there.notify(samples.roster(samples.participant("bob")))
        assert list((await held(here)).roster) == ["participant-bob"]


async def test_a_completion_that_the_other_was_notified_of_is_returned(two: Two) -> None:
    here, there = two
    await here.notify(samples.call_item(state="established"))
    played = await (await held(here)).play_prompt("https://bot.contoso.com/hello.wav")
    waiting = asyncio.create_task(played.completed(timeout=30))
    await here.settle()
    await there.notify(samples.operation())
    ended = await waiting
    assert ended.id == samples.OPERATION


async def test_the_end_that_the_other_was_notified_of_ends_waits(two: Two) -> None:
    here, there = two
    await here.notify(samples.call_item(state="established"))
    waiting = asyncio.create_task((await held(here)).tones(stop="#", timeout=None))
    await here.settle()
    await there.notify(samples.terminated())
    with pytest.raises(CallEnded):
        await waiting


async def test_what_a_stopped_process_writes_is_refused_once_the_other_has_taken_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun: list[tuple[str, bool]] = []
    stopped, goes_on = anyio.Event(), ManualClock()
    # The clock of a process that is stopped goes no further, so that it renews no lease.
    store = SharedStore(clock=goes_on)
    here, there = (BotUnderTest(clock=clock, store=store) for clock in (ManualClock(), goes_on))

    @here.bot.tone
    async def first(event: ToneEvent) -> None:
        begun.append(("here", event.redelivered))
        await stopped.wait()
        event.call.data["too"] = "late"
        await event.call.save()

    @there.bot.tone
    async def second(event: ToneEvent) -> None:
        begun.append(("there", event.redelivered))

    async with here.bot, there.bot:
        await here.notify(samples.tone(1), samples.tone(2))
        await goes_on.advance(31)
        await there.settle()
        stopped.set()
        await here.settle()
        call = await held(there)
        assert call.data == {}
    assert begun == [("here", False), ("there", True), ("there", False)]
    assert "was taken over by another process" in caplog.text


async def test_a_call_that_the_other_has_taken_meanwhile_is_left_to_it() -> None:
    begun: list[str] = []
    release = anyio.Event()
    clock = ManualClock()
    store = SharedStore(clock=clock)
    here, there = (BotUnderTest(clock=clock, store=store) for _ in range(2))

    @here.bot.tone
    async def first(event: ToneEvent) -> None:
        begun.append("here")
        await release.wait()

    @there.bot.tone
    async def second(event: ToneEvent) -> None:
        begun.append("there")

    async with here.bot, there.bot:
        await here.notify(samples.tone(1))
        await there.bot._runner._look_after(samples.CALL)  # found due before
        await there.settle()
        release.set()
        await here.settle()
    assert begun == ["here"]


async def test_one_of_them_decides(two: Two) -> None:
    here, there = two
    await here.notify(samples.incoming())
    calls = [await held(tested) for tested in two]
    decided = await asyncio.gather(*(call.answer() for call in calls), return_exceptions=True)
    assert sorted(map(type, decided), key=str) == [type(None), AlreadyDecided]
    assert here.service.actions() + there.service.actions() == ["answer"]


async def test_neither_overwrites_the_data_of_the_other(two: Two) -> None:
    here, there = two
    await here.notify(samples.call_item(state="established"))
    first, second = await held(here), await held(there)
    first.data["n"] = 1
    second.data["n"] = 2
    await first.save()
    with pytest.raises(DataConflict):
        await second.save()
    second.data["n"] += 2
    await second.save()
    await first.load()
    assert first.data == {"n": 3}
    assert await held(there) is second
