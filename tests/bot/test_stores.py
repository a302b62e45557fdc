"""What every store must do, and what each of them must do besides."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest
from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from graph_comms.bot.memory import MemoryStore
from graph_comms.bot.store import Change, Mark, Outcome, Store
from tests.support.stores import KINDS, Place, StandingClock, place_of

pytestmark = pytest.mark.anyio

START = 1_800_000_000.0


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with place_of(request.param, tmp_path) as place:
        yield place


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock(START)


@pytest.fixture
async def store(place: Place, clock: StandingClock) -> AsyncIterator[Store]:
    store = place.store(clock)
    await store.open()
    yield store
    await store.close()


def change(
    text: str | None = "x",
    *,
    due: float | None = None,
    pending: int = 0,
    live: bool = True,
    mark: Mark | None = None,
) -> Change:
    return Change(
        parts={"state": text},
        expires=START + 1_000,
        due=due,
        pending=pending,
        live=live,
        mark=mark,
    )


async def version_of(store: Store, key: str) -> int:
    record = await store.read(key, ())
    return record.version if record else 0


async def put(store: Store, key: str, made: Change) -> None:
    assert await store.swap(key, await version_of(store, key), made) is Outcome.WRITTEN


async def live(store: Store, kind: str) -> list[str]:
    return [key async for key in store.live(kind)]


async def test_a_record_has_the_parts_that_were_asked_for(store: Store) -> None:
    first = {"state": "{}", "roster": "Zoë \U0001f600 \x00 '", "empty": ""}
    await put(store, "call/1", Change(parts=first, expires=START + 10))
    record = await store.read("call/1", ["state", "empty", "absent"])
    assert record is not None
    assert record.parts == {"state": "{}", "empty": ""}
    second = {"state": None, "empty": "full", "absent": None}
    await put(store, "call/1", Change(parts=second, expires=START + 10))
    record = await store.read("call/1", ["state", "roster", "empty"])
    assert record is not None
    assert record.parts == {"roster": first["roster"], "empty": "full"}
    assert await store.read("call/2", ["state"]) is None


async def test_a_change_needs_the_version_that_was_read(store: Store) -> None:
    assert await store.swap("call/1", 7, change()) is Outcome.CONFLICT
    assert await store.swap("call/1", 0, change("first")) is Outcome.WRITTEN
    assert await store.swap("call/1", 0, change("second")) is Outcome.CONFLICT
    before = await version_of(store, "call/1")
    assert await store.swap("call/1", before, change("third")) is Outcome.WRITTEN
    assert await version_of(store, "call/1") > before
    assert await store.swap("call/1", before, change("fourth")) is Outcome.CONFLICT
    assert not await store.remove("call/1", before)
    record = await store.read("call/1", ["state"])
    assert record is not None
    assert record.parts == {"state": "third"}


async def test_versions_count_the_changes_of_a_record(store: Store) -> None:
    await put(store, "call/1", change("first life"))
    await put(store, "call/1", change("first life"))
    assert await version_of(store, "call/1") == 2
    assert await store.remove("call/1", 2)
    assert await store.read("call/1", ["state"]) is None
    assert not await store.remove("call/1", 2)
    await put(store, "call/1", Change(parts={"roster": "[]"}, expires=START + 10))
    assert await version_of(store, "call/1") == 1
    record = await store.read("call/1", ["state", "roster"])
    assert record is not None
    assert record.parts == {"roster": "[]"}


async def test_a_mark_and_its_change_are_made_together_or_not_at_all(store: Store) -> None:
    mark = Mark("delivery/1", START + 600)
    assert await store.swap("call/1", 7, change(mark=mark)) is Outcome.CONFLICT
    assert await store.swap("call/1", 0, change("first", mark=mark)) is Outcome.WRITTEN
    # Whatever the record and the version: a duplicate is one.
    version = await version_of(store, "call/1")
    for key, stale in (("call/1", version), ("call/1", 0), ("call/2", 0)):
        assert await store.swap(key, stale, change("second", mark=mark)) is Outcome.DUPLICATE
    assert await version_of(store, "call/1") == version
    assert await store.read("call/2", ()) is None


async def test_a_mark_is_seen_until_it_expires(store: Store, clock: StandingClock) -> None:
    mark = Mark("delivery/1", START + 600)
    await put(store, "call/1", change(mark=mark))
    clock.time = START + 599
    assert await store.swap("call/2", 0, change(mark=mark)) is Outcome.DUPLICATE
    clock.time = START + 600
    again = Mark("delivery/1", START + 900)
    assert await store.swap("call/2", 0, change(mark=again)) is Outcome.WRITTEN
    clock.time = START + 899
    assert await store.swap("call/3", 0, change(mark=again)) is Outcome.DUPLICATE


async def test_a_record_that_expires_is_gone_in_every_respect(
    store: Store, clock: StandingClock
) -> None:
    await put(store, "call/1", change("first life", due=START, pending=3))
    clock.time = START + 999
    assert await store.due("call", clock.time, 10) == ["call/1"]
    clock.time = START + 1_000
    assert await store.read("call/1", ["state"]) is None
    assert await store.due("call", clock.time, 10) == []
    assert await store.next_due("call") is None
    assert await store.pending("call") == 0
    assert await live(store, "call") == []
    assert await store.swap("call/1", 1, change()) is Outcome.CONFLICT
    second = Change(parts={"roster": "[]"}, expires=clock.time + 10)
    assert await store.swap("call/1", 0, second) is Outcome.WRITTEN
    record = await store.read("call/1", ["state", "roster"])
    assert record is not None
    assert record.parts == {"roster": "[]"}


async def test_records_are_due_by_time_and_kind(store: Store) -> None:
    await put(store, "call/late", change(due=START + 3))
    await put(store, "call/early", change(due=START + 1.25))
    await put(store, "call/middle", change(due=START + 2))
    await put(store, "call/never", change())
    await put(store, "subscription/1", change(due=START))
    assert await store.due("call", START + 1, 10) == []
    assert await store.due("call", START + 2, 10) == ["call/early", "call/middle"]
    assert await store.due("call", START + 9, 2) == ["call/early", "call/middle"]
    assert await store.next_due("call") == START + 1.25
    await put(store, "call/early", change(due=START + 4))
    await put(store, "call/middle", change())
    assert await store.due("call", START + 9, 10) == ["call/late", "call/early"]
    assert await store.next_due("call") == START + 3
    assert await store.next_due("lease") is None


async def test_events_that_wait_are_counted_by_kind(store: Store) -> None:
    assert await store.pending("call") == 0
    await put(store, "call/1", change(pending=3))
    await put(store, "call/2", change(pending=2))
    await put(store, "subscription/1", change(pending=7))
    assert await store.pending("call") == 5
    await put(store, "call/1", change(pending=1))
    assert await store.pending("call") == 3
    assert await store.remove("call/2", await version_of(store, "call/2"))
    assert await store.pending("call") == 1


async def test_live_lists_the_live_ones_of_a_kind(store: Store) -> None:
    keys = {f"call/{number}" for number in range(1_203)}
    for key in keys | {"subscription/1"}:
        await store.swap(key, 0, change())
    await put(store, "call/7", change(live=False))
    assert await store.remove("call/8", await version_of(store, "call/8"))
    listed = await live(store, "call")
    assert set(listed) == keys - {"call/7", "call/8"}
    assert len(listed) == len(set(listed))


async def test_live_may_be_read_while_records_change(store: Store) -> None:
    for number in range(20):
        await put(store, f"call/{number}", change())
    listed: set[str] = set()
    async for key in store.live("call"):
        listed.add(key)
        if key in {f"call/{number}" for number in range(10)}:
            await put(store, key, change(live=False))
            await put(store, key.replace("call/", "call/new-"), change())
    assert listed >= {f"call/{number}" for number in range(20)}


async def test_changes_are_those_after_the_cursor(store: Store) -> None:
    await put(store, "call/1", change())
    cursor, keys = await store.changes(None)
    assert keys == frozenset()
    await put(store, "call/1", change())
    await put(store, "call/2", change())
    await put(store, "call/1", change())
    between, keys = await store.changes(cursor)
    assert keys == frozenset({"call/1", "call/2"})
    assert await store.remove("call/2", await version_of(store, "call/2"))
    assert (await store.changes(between))[1] == frozenset({"call/2"})
    assert (await store.changes(cursor))[1] == frozenset({"call/1", "call/2"})


async def test_changes_waits_for_the_first_and_not_for_ever(store: Store) -> None:
    cursor, _ = await store.changes(None)
    with anyio.fail_after(5):
        assert await store.changes(cursor) == (cursor, frozenset())
        async with anyio.create_task_group() as group:
            group.start_soon(put, store, "call/1", change())
            while True:
                cursor, keys = await store.changes(cursor)
                if keys:
                    break
    assert keys == frozenset({"call/1"})


async def test_no_addition_is_lost_among_tasks(store: Store) -> None:
    async def add() -> None:
        for _ in range(20):
            while True:
                record = await store.read("call/1", ["count"])
                before = int(record.parts["count"]) if record else 0
                made = Change(parts={"count": str(before + 1)}, expires=START + 10)
                version = record.version if record else 0
                if await store.swap("call/1", version, made) is Outcome.WRITTEN:
                    break

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(add)
    record = await store.read("call/1", ["count"])
    assert record is not None
    assert record.parts == {"count": "160"}


def test_a_store_serves_one_event_loop_after_another(place: Place) -> None:
    store = place.store()

    async def add() -> str:
        await store.open()
        await store.open()
        version = await version_of(store, "call/1")
        await store.swap("call/1", version, Change(parts={"state": "x"}, expires=4e9))
        cursor, _ = await store.changes(None)
        with anyio.move_on_after(0.1):  # cancelled in the middle of a wait
            await store.changes(cursor)
        await store.close()
        await store.close()
        return cursor

    assert len({asyncio.run(add()) for _ in range(3)}) == 3


@dataclass
class Modelled:
    change: Change
    version: int
    parts: dict[str, str]


@dataclass
class Model:
    """What a store must do, in the plainest way."""

    time: float = START
    records: dict[str, Modelled] = field(default_factory=dict[str, Modelled])
    marks: dict[str, float] = field(default_factory=dict[str, float])
    changed: set[str] = field(default_factory=set[str])

    def swap(self, key: str, version: int, change: Change) -> Outcome:
        if change.mark and change.mark.key in self.marks:
            return Outcome.DUPLICATE
        record = self.records.get(key)
        if version != (record.version if record else 0):
            return Outcome.CONFLICT
        if change.mark:
            self.marks[change.mark.key] = change.mark.expires
        parts = {**(record.parts if record else {}), **change.parts}
        left = {name: text for name, text in parts.items() if text is not None}
        self.records[key] = Modelled(change, version, left)
        self.changed.add(key)
        return Outcome.WRITTEN

    def advance(self, seconds: float) -> None:
        self.time += seconds
        self.marks = {key: at for key, at in self.marks.items() if at > self.time}
        for key, record in tuple(self.records.items()):
            if record.change.expires <= self.time:
                del self.records[key]
                self.changed.discard(key)  # may still be among the changes, or not

    def of(self, kind: str) -> dict[str, Modelled]:
        return {key: each for key, each in self.records.items() if key.startswith(f"{kind}/")}


KEYS = strategies.sampled_from(["call/1", "call/2", "call/3", "subscription/1", "a/b/c"])
SECONDS = strategies.integers(100, 1_000)
TEXTS = strategies.none() | strategies.text(max_size=20).filter(lambda text: text.isprintable())


class StoreMachine(RuleBasedStateMachine):
    """Does the same to a store and to the model, and compares what each says."""

    place: Place

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.model = Model()
        self.clock = StandingClock(START)
        self.store = self.place.apart().store(self.clock)
        self.loop.run(self.store.open())
        self.cursor, _ = self.loop.run(self.store.changes(None))

    def teardown(self) -> None:
        self.loop.run(self.store.close())
        self.loop.close()

    @rule(
        key=KEYS,
        age=strategies.sampled_from([0, 0, 0, 0, -1]),
        parts=strategies.dictionaries(strategies.sampled_from("abc"), TEXTS),
        lasts=SECONDS,
        due=strategies.none() | SECONDS,
        pending=strategies.integers(0, 3),
        live=strategies.booleans(),
        mark=strategies.none()
        | strategies.tuples(strategies.sampled_from(["m/1", "m/2", "m/3"]), SECONDS),
    )
    def swap(
        self,
        key: str,
        age: int,
        parts: dict[str, str | None],
        lasts: int,
        due: int | None,
        pending: int,
        live: bool,
        mark: tuple[str, int] | None,
    ) -> None:
        now = self.model.time
        change = Change(
            parts=parts,
            expires=now + lasts,
            due=None if due is None else now + due,
            pending=pending,
            live=live,
            mark=mark and Mark(mark[0], now + mark[1]),
        )
        known = self.model.records.get(key)
        version = (known.version if known else 0) + age
        expected = self.model.swap(key, version, change)
        assert self.loop.run(self.store.swap(key, version, change)) is expected
        if expected is Outcome.WRITTEN:
            grown = self.loop.run(version_of(self.store, key))
            assert grown == version + 1
            self.model.records[key].version = grown

    @rule(key=KEYS, age=strategies.sampled_from([0, 0, -1]))
    def remove(self, key: str, age: int) -> None:
        known = self.model.records.get(key)
        version = (known.version if known else 1) + age
        removed = self.loop.run(self.store.remove(key, version))
        assert removed is (known is not None and age == 0)
        if removed:
            del self.model.records[key]
            self.model.changed.add(key)

    @rule(seconds=strategies.integers(1, 700))
    def advance(self, seconds: int) -> None:
        self.model.advance(seconds)
        self.clock.time = self.model.time

    @rule()
    def hear_of_changes(self) -> None:
        if self.model.changed:
            self.cursor, keys = self.loop.run(self.store.changes(self.cursor))
            assert keys is not None
            assert keys >= self.model.changed
            self.model.changed = set()

    @rule(kind=strategies.sampled_from(["call", "subscription"]), limit=strategies.integers(1, 4))
    def find(self, kind: str, limit: int) -> None:
        records = self.model.of(kind)
        times = {key: each.change.due for key, each in records.items()}
        due = sorted(time for time in times.values() if time is not None)
        found = self.loop.run(self.store.due(kind, self.model.time + 300, limit))
        assert [times[key] for key in found] == [
            time for time in due if time <= self.model.time + 300
        ][:limit]
        assert len(set(found)) == len(found)
        assert self.loop.run(self.store.next_due(kind)) == (due[0] if due else None)
        assert self.loop.run(self.store.pending(kind)) == sum(
            each.change.pending for each in records.values()
        )
        assert sorted(self.loop.run(live(self.store, kind))) == sorted(
            key for key, each in records.items() if each.change.live
        )

    @invariant()
    def same_records(self) -> None:
        for key in ("call/1", "a/b/c"):
            record = self.loop.run(self.store.read(key, ["a", "b", "c"]))
            known = self.model.records.get(key)
            if known is None:
                assert record is None
            else:
                assert record is not None
                assert (record.version, record.parts) == (known.version, known.parts)


def test_a_store_does_what_the_plainest_one_would(place: Place) -> None:
    class Machine(StoreMachine):
        pass

    Machine.place = place
    run_state_machine_as_test(Machine, settings=settings(max_examples=15, stateful_step_count=40))


async def test_memory_does_not_grow_with_changes() -> None:
    clock = StandingClock(START)
    store = MemoryStore(clock=clock)

    async def live_through(number: int) -> None:
        """One call after another, of which each has a dozen deliveries and is forgotten."""
        for delivery in range(12):
            made = Change(
                parts={"state": str(delivery)},
                expires=clock.time + 60,
                due=clock.time + 50 + delivery,
                pending=delivery % 2,
                mark=Mark(f"{number}/{delivery}", clock.time + 60),
            )
            await put(store, f"call/{number}", made)
            clock.time += 1

    for number in range(50):
        await live_through(number)
    tracemalloc.start()
    try:
        for number in range(50, 250):
            await live_through(number)
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < 50_000
