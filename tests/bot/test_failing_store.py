"""What a bot does while its store fails: it loses no event, and can be started and stopped again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from graph_comms.bot.store import Change, Outcome, Record, StoreError
from tests.bot import samples
from tests.bot.manual_clock import ManualClock
from tests.bot.service import BotUnderTest
from tests.support.stores import SharedStore

pytestmark = pytest.mark.anyio


class FailingStore(SharedStore):
    """Fails as often as a test says, by the names of its methods."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock=clock)
        self.failures: dict[str, int] = {}
        self.before_event: Callable[[], None] | None = None
        """Called once, before an event is read for its handlers."""

    def _fail(self, method: str) -> None:
        if self.failures.get(method):
            self.failures[method] -= 1
            raise StoreError(f"{method} failed")

    async def open(self) -> None:
        self._fail("open")
        await super().open()

    async def close(self) -> None:
        self._fail("close")
        await super().close()

    async def read(self, key: str, names: Collection[str]) -> Record | None:
        self._fail("read")
        if self.before_event and any(name.startswith("event/") for name in names):
            before, self.before_event = self.before_event, None
            before()
        return await super().read(key, names)

    async def swap(self, key: str, version: int, change: Change) -> Outcome:
        self._fail("swap")
        return await super().swap(key, version, change)


def started(**options: Any) -> tuple[BotUnderTest, FailingStore, list[str]]:
    clock = ManualClock()
    store = FailingStore(clock)
    tested, seen = BotUnderTest(clock=clock, store=store, **options), list[str]()

    @tested.bot.tone
    async def handle(event: Any) -> None:
        seen.append(event.tone)

    return tested, store, seen


def running() -> int:
    return sum(task.get_name() == "graph-comms-bot" for task in asyncio.all_tasks())


@pytest.mark.parametrize("method", ["read", "swap"])
@pytest.mark.parametrize("times", [1, 3])
async def test_an_event_waits_for_its_store(method: str, times: int) -> None:
    tested, store, seen = started()
    async with tested.bot:
        assert (await tested.post(samples.body(samples.tone(1)))).status == 202
        store.failures[method] = times
        await tested.clock.advance(times + 1)
        assert seen == ["1"]
        await tested.clock.advance(times + 1)
        assert await store.pending("call") == 0


async def test_an_event_waits_for_a_store_that_fails_after_its_process_was_stopped() -> None:
    tested, store, seen = started(lease=30.0)
    async with tested.bot:
        assert (await tested.post(samples.body(samples.tone(1)))).status == 202

        def stopped() -> None:
            tested.clock._now += timedelta(seconds=60)  # in which nothing runs
            store.failures["swap"] = 1

        store.before_event = stopped
        await tested.clock.advance(2)
        assert seen == ["1"]


async def test_a_bot_whose_start_failed_is_not_half_started() -> None:
    tested, store, seen = started()
    tested.bot.changes  # noqa: B018 - it starts with the bot
    opening = store.open
    calls = 0

    async def open_once() -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise StoreError("open failed")
        await opening()

    store.open = open_once  # type: ignore[method-assign]
    with pytest.raises(StoreError):
        await tested.bot.start()
    assert running() == 0
    async with tested.bot:
        assert running() == 1
        await tested.notify(samples.tone(1))
        assert seen == ["1"]


async def test_a_bot_whose_store_does_not_close_starts_again() -> None:
    tested, store, seen = started()
    await tested.bot.start()
    store.failures["close"] = 1
    with pytest.raises(StoreError):
        await tested.bot.stop()
    assert (await tested.post(samples.body(samples.tone(1)))).status == 503
    async with tested.bot:
        await tested.notify(samples.tone(1))
        assert seen == ["1"]


async def test_the_data_of_a_handler_waits_for_its_store() -> None:
    tested, store, _ = started()
    failures: list[Exception] = []

    @tested.bot.established
    async def note(call: Any) -> None:
        call.data["asked"] = True
        store.failures["read"] = 2

    @tested.bot.error
    async def tell(event: Any) -> None:
        failures.append(event.exception)

    async with tested.bot:
        await tested.notify(samples.call_item(state="established"))
        await tested.clock.advance(3)
        call = await tested.bot.call(samples.CALL)
        assert call is not None
        assert call.data == {"asked": True}
        assert await store.pending("call") == 0
    assert failures == []


class FlakyStore(SharedStore):
    """Fails by chance: before it does what it is asked to, or when it has done it."""

    def __init__(self, clock: ManualClock, chance: Random) -> None:
        super().__init__(clock=clock)
        self._wait = clock.sleep
        self._chance = chance
        self.failing = 0.0

    def _fail(self) -> None:
        if self._chance.random() < self.failing:
            raise StoreError("by chance")

    async def read(self, key: str, names: Collection[str]) -> Record | None:
        self._fail()
        return await super().read(key, names)

    async def swap(self, key: str, version: int, change: Change) -> Outcome:
        self._fail()
        outcome = await super().swap(key, version, change)
        self._fail()
        return outcome

    async def due(self, kind: str, now: float, limit: int) -> Sequence[str]:
        self._fail()
        return await super().due(kind, now, limit)

    async def next_due(self, kind: str) -> float | None:
        self._fail()
        return await super().next_due(kind)

    async def pending(self, kind: str) -> int:
        self._fail()
        return await super().pending(kind)

    async def changes(self, cursor: str | None) -> tuple[str, frozenset[str]]:
        if cursor is not None:
            await self._wait(1)
            self._fail()
        return "0", frozenset()


@pytest.mark.parametrize("seed", range(5))
async def test_a_store_that_fails_by_chance_loses_and_repeats_nothing(seed: int) -> None:
    chance, clock = Random(seed), ManualClock()
    store = FlakyStore(clock, chance)
    tested = BotUnderTest(clock=clock, store=store)
    seen: dict[str, list[object]] = {samples.CALL: [], samples.OTHER_CALL: []}

    @tested.bot.any
    async def handle(event: Any) -> None:
        seen[event.call.id].append(event.sequence_id if event.kind == "tone" else event.kind)
        await clock.sleep(chance.choice([0.0, 0.0, 2.0]))
        event.call.data[event.kind] = event.call.data.get(event.kind, 0) + 1
        if chance.random() < 0.1:
            raise ValueError

    async with tested.bot:
        store.failing = 0.15
        for one, other in zip(*map(samples.answered_call, seen), strict=True):
            for sent in (one, other):
                message_id = str(chance.random())
                while True:
                    posted = await tested.post(samples.body(sent), message_id=message_id)
                    if posted.status == 202:
                        break
                    assert posted.status == 503
                await clock.advance(chance.random())
        await clock.advance(30)
        store.failing = 0.0
        await clock.advance(60)
        assert await store.pending("call") == 0
    told = ["updated", "established", "media_active", "updated", "updated", "participant_joined"]
    for events in seen.values():
        assert events == [*told, 6, "operation", "terminated"]
