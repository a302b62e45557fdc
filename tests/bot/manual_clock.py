"""A clock for tests: time passes when the test says so."""

from __future__ import annotations

import asyncio
import heapq
from datetime import UTC, datetime, timedelta
from itertools import count

BEGIN = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)

_ROUNDS = 50
"""How many rounds of the event loop everything gets that has become ready."""


async def settle() -> None:
    """Let everything run that can, without time passing."""
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)


class ManualClock:
    """Tells a time that only `advance` moves; those who sleep wake in the order of their times."""

    def __init__(self) -> None:
        self._now = BEGIN
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        until = self._now + timedelta(seconds=seconds)
        heapq.heappush(self._sleepers, (until, next(self._numbers), woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Let that many seconds pass."""
        await settle()
        end = self._now + timedelta(seconds=seconds)
        while self._sleepers and self._sleepers[0][0] <= end:
            until, _, woken = heapq.heappop(self._sleepers)
            if not woken.cancelled():
                self._now = max(self._now, until)
                woken.set_result(None)
                await settle()
        self._now = end
        await settle()

    def skip(self, seconds: float) -> None:
        """Let that many seconds have passed, without waking anybody yet."""
        self._now += timedelta(seconds=seconds)

    async def leap(self, seconds: float) -> None:
        """Let that many seconds pass at once, as where a machine was asleep."""
        self.skip(seconds)
        await self.advance(0)
