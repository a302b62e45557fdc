"""Waits in real time, as `Driver` does on a virtual clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import wait
from functools import partial
from typing import Any, TypeVar

import anyio
from anyio.to_thread import current_default_thread_limiter

from .driver import Stuck, described, not_ended, threads_of, turns_of
from .realtime import RealSchedule

T = TypeVar("T")

LOOK = 0.01
"""How often to look whether something is pending, in seconds."""

GRACE = 60.0
"""What is skipped when an end takes too long, in seconds: more than bots wait for their handlers."""

QUIET = 5
"""How many looks in a row have to find nothing: what ends one thing may begin another."""


class RealDriver:
    """Waits while time passes by itself, and the acts of a schedule happen when they are due."""

    def __init__(
        self, schedule: RealSchedule, loop: asyncio.AbstractEventLoop, is_open: Callable[[], bool]
    ) -> None:
        self._schedule = schedule
        self._loop = loop
        self._is_open = is_open
        self._limiter: anyio.CapacityLimiter | None = None

    async def prepare(self) -> None:
        """Begin to do what is due."""
        self._limiter = current_default_thread_limiter()
        self._acting = asyncio.create_task(self._schedule.run())

    def hasten(self, seconds: float) -> None:
        """Let nobody wait for handlers for more than so many seconds from now on."""
        skip = partial(self._schedule.skip, GRACE)
        self._loop.call_soon_threadsafe(lambda: self._loop.call_later(seconds, skip))

    def run(self, limit: float) -> None:
        """Wait until nothing is pending; raises Stuck. Call it in another thread."""
        asyncio.run_coroutine_threadsafe(self._run(limit), self._loop).result()

    def advance(self, seconds: float) -> None:
        """Wait for so many seconds."""
        time.sleep(seconds)

    def wait_for(self, coroutine: Coroutine[Any, Any, T], limit: float) -> T:
        """Return what a coroutine of the loop comes to; raises Stuck."""
        task = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        if not wait([task], limit).done:
            task.cancel()
            raise Stuck(not_ended(limit))
        return task.result()

    def sleep(self, seconds: float) -> None:
        """Wait for so many seconds."""
        time.sleep(seconds)

    async def _run(self, limit: float) -> None:
        end = self._schedule.time + limit
        quiet = stuck = 0
        while quiet < QUIET:
            await asyncio.sleep(LOOK)
            turns = turns_of(self._loop)
            comes = bool(self._schedule.pending or self._is_open())
            quiet = 0 if comes or turns else quiet + 1
            waits = bool(turns) and all(turn.waits_for for turn in turns)
            busy = comes or threads_of(self._loop, self._limiter)
            stuck = stuck + 1 if waits and not busy else 0
            if stuck >= QUIET:
                raise Stuck(described("nothing that is to come can end", turns))
            if self._schedule.time > end and not quiet:
                raise Stuck(described(f"after {limit:g} seconds there still are", turns))
