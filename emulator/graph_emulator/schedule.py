"""What is going to happen, in the order of its time; and the time itself, which only moves on for that."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from graph_comms.bot.waiting import TURN, Turn

BEGIN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""When virtual time begins: always the same, so that two runs of one script write the same."""


@dataclass(eq=False, slots=True)
class Act:
    """Something that is going to happen; `cancel` lets it not happen."""

    do: Callable[[], object] | None
    pending: bool
    """Whether a run waits for it: what only repeats or expires is not waited for."""
    keep: bool = False
    """Whether it stays when everything is reset: somebody outside the service waits for it."""


class Schedule:
    """Acts by the time at which they are due, in seconds since `BEGIN`.

    Acts of the same time happen in the order in which they were planned.
    """

    passes = False
    """Whether time passes by itself."""

    def __init__(self) -> None:
        self.time = 0.0
        self._acts: list[tuple[float, int, Act]] = []
        """A heap of acts with their times, and with numbers in the order in which they were planned."""
        self._numbers = count()
        self._pending = 0
        self.on_change: Callable[[], object] = _nothing
        """Called when the next act may have become another one."""
        self.sleeping: Counter[Turn | None] = Counter()
        """How often each handler waits for time to pass, and who is none."""

    def now(self) -> datetime:
        """Return the time, aware of its zone."""
        return BEGIN + timedelta(seconds=self.time)

    def after(
        self,
        seconds: float,
        do: Callable[[], object],
        *,
        pending: bool = True,
        keep: bool = False,
    ) -> Act:
        """Plan an act; at once means after everything that is planned for this moment already."""
        return self.at(self.time + seconds, do, pending=pending, keep=keep)

    def at(
        self,
        time: float,
        do: Callable[[], object],
        *,
        pending: bool = True,
        keep: bool = False,
    ) -> Act:
        """Plan an act for a time; for one that has passed, at once."""
        act = Act(do, pending, keep)
        heapq.heappush(self._acts, (max(time, self.time), next(self._numbers), act))
        self._pending += pending
        self.on_change()
        return act

    async def sleep(self, seconds: float, *, pending: bool = True) -> None:
        """Wait until so many seconds have passed, whatever is reset meanwhile."""
        await self.wait(asyncio.Event(), seconds, pending=pending)

    async def wait(self, event: asyncio.Event, seconds: float, *, pending: bool = True) -> None:
        """Wait for an event, or until so many seconds have passed, whatever is reset meanwhile."""
        turn = TURN.get()
        act = self.after(seconds, event.set, pending=pending, keep=True)
        self.sleeping[turn] += 1
        try:
            await event.wait()
        finally:
            self.cancel(act)
            self.sleeping[turn] -= 1
            if not self.sleeping[turn]:
                del self.sleeping[turn]

    def cancel(self, act: Act | None) -> None:
        """Let an act not happen, if it has not happened yet."""
        if act is not None and act.do is not None:
            act.do = None
            self._pending -= act.pending
            self.on_change()

    def reset(self) -> None:
        """Cancel all acts but those that are to be kept."""
        for _, _, act in self._acts:
            if not act.keep:
                self.cancel(act)
        self._acts = [planned for planned in self._acts if planned[2].do is not None]
        heapq.heapify(self._acts)

    def busy(self) -> AbstractContextManager[None]:
        """Let time stand still while a bot is at work, if it otherwise passes by itself."""
        return nullcontext()

    @property
    def pending(self) -> int:
        """How many acts there are that a run waits for."""
        return self._pending

    def next_time(self) -> float | None:
        """Return when the next act is due; None if there is none."""
        while self._acts and self._acts[0][2].do is None:
            heapq.heappop(self._acts)
        return self._acts[0][0] if self._acts else None

    def move(self, time: float) -> None:
        """Let it be that time, if it is not later already."""
        self.time = max(self.time, time)

    def do_next(self) -> None:
        """Do the next act, at its time."""
        if self.next_time() is None:
            return
        time, _, act = heapq.heappop(self._acts)
        do, act.do = act.do, None
        self._pending -= act.pending
        self.move(time)
        if do is not None:
            do()


def _nothing() -> None:
    """Nobody waits for the next act."""
