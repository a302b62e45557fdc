"""Time as a server has it: that of the machine, by which everything happens when it is due."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic

from .schedule import Schedule

REST = 0.25
"""For how long a bot must ask nothing, in seconds, until it counts as being at rest."""

LONGEST = 5.0
"""For how long time stands still for a bot that never is at rest, in seconds."""


class RealSchedule(Schedule):
    """A schedule whose time is that of the machine, in seconds since it was made."""

    passes = True

    def __init__(self) -> None:
        self._began = monotonic()
        super().__init__()

    @property
    def time(self) -> float:
        """The time, in seconds."""
        return monotonic() - self._began

    @time.setter
    def time(self, time: float) -> None:
        """Leave the time alone: it passes by itself."""

    def now(self) -> datetime:
        """Return the time of the machine in UTC."""
        return datetime.now(UTC)

    def stands_still(self) -> float:
        """Return for how many seconds time is going to stand still."""
        return 0.0

    def skip(self, seconds: float) -> None:
        """Let it be so many seconds later at once."""
        self._began -= seconds
        self.on_change()

    async def run(self) -> None:
        """Do every act when it is due, until this is cancelled."""
        changed = asyncio.Event()
        self.on_change = changed.set
        while True:
            changed.clear()
            due = self.next_time()
            while due is not None and due <= self.time:
                self.do_next()
                due = self.next_time()
            try:
                wait = None if due is None else self.stands_still() + due - self.time
                async with asyncio.timeout(wait):
                    await changed.wait()
            except TimeoutError:
                continue


class RestingSchedule(RealSchedule):
    """A schedule whose time stands still while a bot is at work, and for a moment after that.

    What the bot asks because of a notification so comes before what the service does next, however fast
    the machine is: two runs of one script happen in one order.
    """

    def __init__(self) -> None:
        self._time = 0.0
        """The time at `_since`."""
        self._since = self._held = self._left = monotonic()
        """When time was last known, was stopped, and the bot was last heard; by the machine."""
        self._busy = 0
        super().__init__()

    @property
    def time(self) -> float:
        """The time, in seconds: never later than the next act is due."""
        passed = monotonic() - max(self._since, self._goes_on())
        due = self.next_time()
        reached = self._time + max(passed, 0.0)
        return reached if due is None else max(self._time, min(reached, due))

    @time.setter
    def time(self, time: float) -> None:
        """Let it be a time: that of an act that happens now."""
        self._time, self._since = time, monotonic()

    def stands_still(self) -> float:
        """Return for how many seconds time is going to stand still."""
        return max(self._goes_on() - monotonic(), 0.0)

    @contextmanager
    def busy(self) -> Generator[None]:
        """Let time stand still while the bot asks something or is told something."""
        now = monotonic()
        if not self._busy and now >= self._left + REST:
            self.time = self.time
            self._held = now
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1
            self._left = monotonic()
            self.on_change()

    def do_next(self) -> None:
        """Do the next act, at its time."""
        with self.busy():
            super().do_next()

    def _goes_on(self) -> float:
        """Return when time goes on, by the machine."""
        rested = math.inf if self._busy else self._left + REST
        return min(rested, self._held + LONGEST)
