"""Time as the kit meets it: one value, which a test or a simulation replaces."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

import anyio


class Clock(Protocol):
    """Tells the time, and waits for some of it to pass.

    Every wait and every "now" of the kit goes through one of these, except those of tokens: their
    times are those of the machine that signed them.
    """

    def now(self) -> datetime:
        """Return the time, aware of its zone."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for a number of seconds; not at all for none or fewer."""
        ...


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait for a number of seconds."""
        await anyio.sleep(max(seconds, 0.0))


class ReplaceableClock:
    """The time of another clock, which can be replaced by one that everybody has from then on."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def now(self) -> datetime:
        """Return the time of the clock."""
        return self.clock.now()

    async def sleep(self, seconds: float) -> None:
        """Wait for a number of seconds of the clock."""
        await self.clock.sleep(seconds)
