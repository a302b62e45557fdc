"""Time as a server has it: that of the machine, by which everything happens when it is due."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

from .schedule import Schedule


class RealSchedule(Schedule):
    """A schedule whose time is that of the machine, in seconds since it was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        super().__init__()

    @property
    def time(self) -> float:
        """The time, in seconds."""
        return time.monotonic() - self._began

    @time.setter
    def time(self, time: float) -> None:
        """Leave the time alone: it passes by itself."""

    def now(self) -> datetime:
        """Return the time of the machine in UTC."""
        return datetime.now(UTC)

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
                async with asyncio.timeout(None if due is None else due - self.time):
                    await changed.wait()
            except TimeoutError:
                continue
