"""Time and chance as the client meets them, in one value: a test or a simulation passes in its own."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


def _now() -> datetime:
    return datetime.now(UTC)


async def _async_sleep(seconds: float) -> None:
    import asyncio  # the largest import of the client, which no synchronous program needs

    await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Clock:
    """The functions by which a session tells time, waits and spreads its retries.

    ``now`` returns an aware datetime, for dates that servers send; ``timer`` a number of seconds of
    which only differences mean something; ``chance`` a number from 0 up to 1. ``sleep`` and
    ``async_sleep`` wait for a number of seconds.
    """

    now: Callable[[], datetime] = _now
    timer: Callable[[], float] = time.perf_counter
    chance: Callable[[], float] = random.random
    sleep: Callable[[float], None] = time.sleep
    async_sleep: Callable[[float], Coroutine[Any, Any, None]] = _async_sleep


SYSTEM_CLOCK = Clock()
"""What a client uses that is given no other."""
