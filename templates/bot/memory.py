"""The store of a single process: everything is in its memory, and gone with it."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

import anyio

from .clock import Clock, SystemClock
from .store import Change, Outcome, Record, kind_of

_PURGED_AT_ONCE = 1_000


class MemoryStore:
    """Records in the memory of this process, for a bot that runs in one process only.

    `clock` says what has expired. Nothing grows beyond the records and marks that have not.
    """

    def __init__(self, *, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._changes = 0
        self._rows: dict[str, _Row] = {}
        # Removed records stay here until they would have expired. The last change comes last.
        self._changed: dict[str, int] = {}
        self._expiry = _Timetable()
        self._marks = _Timetable()
        self._due: defaultdict[str, _Timetable] = defaultdict(_Timetable)
        self._live: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._pending: Counter[str] = Counter()
        self._bells: set[anyio.Event] = set()

    @property
    def shared(self) -> bool:
        """False: no other process sees what this one writes."""
        return False

    async def open(self) -> None:
        """Do nothing: memory is always ready."""

    async def close(self) -> None:
        """Do nothing: the records go with the store itself."""

    async def read(self, key: str, names: Collection[str]) -> Record | None:
        """Return parts of a record; None if there is none of that key."""
        row = self._row(key, self._now())
        if row is None:
            return None
        return Record(row.version, {name: row.parts[name] for name in names if name in row.parts})

    async def swap(self, key: str, version: int, change: Change) -> Outcome:
        """Change the record if it still has that version; 0 means that there must be none."""
        now = self._now()
        self._purge(now)
        mark = change.mark
        if mark is not None and self._marks.get(mark.key, now) > now:
            return Outcome.DUPLICATE
        row = self._row(key, now)
        if (row.version if row else 0) != version:
            return Outcome.CONFLICT
        if mark is not None:
            self._marks.put(mark.key, mark.expires)
        parts = {**(row.parts if row else {}), **change.parts}
        self._forget(key)
        self._expiry.put(key, change.expires)
        kind = kind_of(key)
        if change.due is not None:
            self._due[kind].put(key, change.due)
        if change.live:
            self._live[kind][key] = None
        self._pending[kind] += change.pending
        self._note(key)
        self._rows[key] = _Row(
            version + 1,
            {name: text for name, text in parts.items() if text is not None},
            change.expires,
            change.pending,
        )
        return Outcome.WRITTEN

    async def remove(self, key: str, version: int) -> bool:
        """Remove the record if it still has that version; return whether it did."""
        row = self._row(key, self._now())
        if row is None or row.version != version:
            return False
        self._forget(key)
        self._note(key)
        return True

    async def due(self, kind: str, now: float, limit: int) -> Sequence[str]:
        """Return the keys of a kind that are due, the longest due first, `limit` at most."""
        self._purge(self._now())
        return self._due[kind].until(now, limit)

    async def next_due(self, kind: str) -> float | None:
        """Return the earliest time at which a record of a kind is due; None if there is none."""
        self._purge(self._now())
        return self._due[kind].first()

    async def pending(self, kind: str) -> int:
        """Return how many events wait, over all records of a kind."""
        self._purge(self._now())
        return self._pending[kind]

    async def live(self, kind: str) -> AsyncIterator[str]:
        """Yield the keys of the live records of a kind, in no order; each at least once if it stays."""
        for key in tuple(self._live[kind]):
            if self._row(key, self._now()) is not None:
                yield key

    async def changes(self, cursor: str | None) -> tuple[str, frozenset[str]]:
        """Wait up to a second for changes after a cursor; return the next cursor and the keys changed."""
        if cursor is None:
            return str(self._changes), frozenset()
        if self._changes <= int(cursor):
            bell = anyio.Event()
            self._bells.add(bell)
            try:
                with anyio.move_on_after(1):
                    await bell.wait()
            finally:
                self._bells.discard(bell)
        newest = takewhile(lambda item: item[1] > int(cursor), reversed(self._changed.items()))
        return str(self._changes), frozenset(key for key, _ in newest)

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _row(self, key: str, now: float) -> _Row | None:
        row = self._rows.get(key)
        return row if row and row.expires > now else None

    def _note(self, key: str) -> None:
        """Count a change of a record, and wake who waits for one."""
        self._changes += 1
        self._changed.pop(key, None)
        self._changed[key] = self._changes
        for bell in self._bells:
            bell.set()

    def _forget(self, key: str) -> None:
        """Remove a record from everything that finds it by something else than its key and expiry."""
        row = self._rows.pop(key, None)
        if row is not None:
            kind = kind_of(key)
            self._due[kind].drop(key)
            self._live[kind].pop(key, None)
            self._pending[kind] -= row.pending

    def _purge(self, now: float) -> None:
        """Remove what has expired, so much at once that nothing else waits long."""
        for key in self._expiry.until(now, _PURGED_AT_ONCE):
            self._forget(key)
            self._expiry.drop(key)
            self._changed.pop(key, None)
        for key in self._marks.until(now, _PURGED_AT_ONCE):
            self._marks.drop(key)


@dataclass(frozen=True, slots=True)
class _Row:
    version: int
    parts: Mapping[str, str] = field(repr=False)
    expires: float
    pending: int


class _Timetable:
    """A time for each key, and which keys have the earliest times.

    What is no longer true stays in the heap until it is the earliest there, or until it makes up half
    of the heap.
    """

    def __init__(self) -> None:
        self._times: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []

    def get(self, key: str, default: float) -> float:
        return self._times.get(key, default)

    def put(self, key: str, time: float) -> None:
        if self._times.get(key) == time:
            return
        self._times[key] = time
        heapq.heappush(self._heap, (time, key))
        if len(self._heap) > 2 * len(self._times) + 16:
            self._heap = [(time, key) for key, time in self._times.items()]
            heapq.heapify(self._heap)

    def drop(self, key: str) -> None:
        self._times.pop(key, None)

    def first(self) -> float | None:
        while self._heap:
            time, key = self._heap[0]
            if self._times.get(key) == time:
                return time
            heapq.heappop(self._heap)
        return None

    def until(self, now: float, limit: int) -> list[str]:
        """Return the keys whose time has come, `limit` at most, the earliest first."""
        found: dict[str, float] = {}
        while len(found) < limit and (time := self.first()) is not None and time <= now:
            found[heapq.heappop(self._heap)[1]] = time
        for key, time in found.items():
            heapq.heappush(self._heap, (time, key))
        return list(found)
