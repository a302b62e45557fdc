"""The emulator in an asynchronous test: on the test's own event loop."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Coroutine, Generator
from contextlib import AsyncExitStack, contextmanager, nullcontext
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

from anyio.to_thread import current_default_thread_limiter

from graph_comms.bot import Bot
from graph_comms.bot.changes import Changes
from graph_comms.bot.waiting import TURN, Turn, in_thread

from .callback import Callback
from .context import INSIDE, run_inside
from .driver import BusyError, Stuck, described, not_ended, threads_of, turns_of
from .harness import DAY, PATIENCE, Harness, seconds_of
from .loop import waits_for_this_thread

T = TypeVar("T")

ROUNDS = 50
"""How many rounds of the event loop everything gets that has become ready."""

LOOK = 0.001
"""How often to look whether what takes real time has come to an end, in seconds."""

_logger = logging.getLogger(__name__)


class AsyncEmulator(Harness):
    """Graph's cloud communications on the event loop of a test: ``async with AsyncEmulator() as svc``.

    What the bot kit waits for takes virtual time, which `run` and `advance` let pass. All other waiting, such
    as `asyncio.sleep` in a handler, takes real time: the loop is not the emulator's. A synchronous client
    must be in another thread. The arguments are those of `Harness`.
    """

    _loop: asyncio.AbstractEventLoop | None = None
    _driven = False
    """Whether a task lets time pass."""
    _strangers = 0
    """How many threads wait for virtual time that do not tell for which handler."""
    _patient_until = math.inf
    """Until when what takes real time is waited for, by the machine's clock."""

    async def __aenter__(self) -> Self:
        if self._loop is not None:
            raise RuntimeError("an emulator is used in one with statement: make another one")
        self._loop = asyncio.get_running_loop()
        self._limiter = current_default_thread_limiter()
        if self._callback is not None:
            await run_inside(self._callback.start())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._patient_until = time.monotonic() + PATIENCE
        try:
            async with AsyncExitStack() as ending:
                if self._callback is not None:
                    ending.push_async_callback(self._stop, self._callback)
                for bot in self._connected:
                    ending.push_async_callback(self._stop, bot)
        except Exception:
            if error is None:
                raise
            _logger.exception("the emulator could not be stopped as it should")
        finally:
            self._end_journal()

    async def _stop(self, connected: Bot | Changes | Callback) -> None:
        await self._wait_for(asyncio.create_task(connected.stop()))

    async def connect(self, bot: Bot) -> None:
        """Start a bot on the emulator's clock; it gets what goes to its callback URI.

        Instead of a bot that was connected for that before, which runs on until the end.
        """
        self._add(bot.engine.callback_uri, bot)
        bot.clock = self.clock
        await run_inside(bot.start())

    async def connect_changes(self, changes: Changes, notification_url: str) -> None:
        """Start what handles change notifications; it gets those of an address.

        It has to be made with `clock=svc.clock` and `publisher=svc.publisher`.
        """
        self._add(notification_url, changes)
        await run_inside(changes.start())

    async def run(self, limit: float | timedelta = DAY) -> None:
        """Let time pass until nothing is pending.

        Raises Stuck where handlers wait for what will never come, or something is pending after
        `limit` seconds of virtual time.
        """
        schedule, delivery = self._service.schedule, self._service.delivery
        seconds = seconds_of(limit)
        end = schedule.time + seconds
        with self._driving():
            while True:
                await self._settle()
                turns, due = self._turns(), schedule.next_time()
                if not (schedule.pending or delivery.open or turns):
                    return
                if due is None and delivery.open:  # an application takes real time to answer
                    await asyncio.sleep(LOOK)
                elif due is None or not (schedule.pending or delivery.open):
                    raise Stuck(described("nothing that is to come can end", turns))
                elif due > end:
                    raise Stuck(described(f"after {seconds:g} seconds there still are", turns))
                else:
                    schedule.do_next()

    async def advance(self, **duration: float) -> None:
        """Let time pass, as timedelta takes it: `await svc.advance(minutes=46)`."""
        schedule = self._service.schedule
        end = schedule.time + timedelta(**duration).total_seconds()
        with self._driving():
            await self._settle()
            while (due := schedule.next_time()) is not None and due <= end:
                schedule.do_next()
                await self._settle()
            schedule.move(end)

    async def wait_for(
        self, coroutine: Coroutine[Any, Any, T], limit: float | timedelta = DAY
    ) -> T:
        """Return what a coroutine comes to while time passes.

        Raises Stuck where it has not ended after `limit` seconds of virtual time.
        """
        task = asyncio.create_task(coroutine)
        await self._wait_for(task, seconds_of(limit))
        return task.result()

    # -- inside

    @contextmanager
    def _driving(self) -> Generator[None]:
        self._running_loop()
        if self._driven:
            raise BusyError("another task lets time pass already")
        self._driven = True
        try:
            yield
        finally:
            self._driven = False

    async def _wait_for(self, task: asyncio.Task[Any], limit: float = math.inf) -> None:
        """Let time pass until a task has ended, unless somebody else does; raises Stuck."""
        schedule = self._service.schedule
        end = schedule.time + limit
        while not task.done():
            if self._driven:
                await asyncio.wait({task}, timeout=LOOK)
                continue
            with self._driving():
                await self._settle(task.done)
                if not task.done():
                    if (schedule.next_time() or 0.0) > end:
                        task.cancel()
                        raise Stuck(not_ended(limit))
                    schedule.do_next()
        await task

    async def _settle(self, over: Callable[[], bool] = lambda: False) -> None:
        """Let everything run that does not wait for virtual time, handlers in threads too."""
        while True:
            for _ in range(ROUNDS):
                await asyncio.sleep(0)
            if over() or not self._busy() or time.monotonic() > self._patient_until:
                return
            await asyncio.sleep(LOOK)

    def _busy(self) -> bool:
        """Whether something is going on that takes real time."""
        sleeping = self._service.schedule.sleeping
        awake = [not turn.waits_for and turn not in sleeping for turn in self._turns()]
        threads = threads_of(self._running_loop(), self._limiter)
        return sum(awake) > self._strangers or threads > 0

    def _turns(self) -> list[Turn]:
        return turns_of(self._running_loop())

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError("the emulator does not run: use it in an async with statement")
        return self._loop

    def _do(self, act: Callable[[], T]) -> T:
        return act()

    def _sleep(self, seconds: float) -> None:
        loop = self._running_loop()
        meanwhile = in_thread(-1) if waits_for_this_thread(loop) else nullcontext()

        stranger = TURN.get() is None

        async def sleep() -> None:
            self._strangers += stranger
            try:
                with meanwhile:
                    await self._async_sleep(seconds)
            finally:
                self._strangers -= stranger

        asyncio.run_coroutine_threadsafe(sleep(), loop).result()

    async def _async_sleep(self, seconds: float) -> None:
        if INSIDE.get() or asyncio.get_running_loop() is not self._loop:
            await self.clock.sleep(seconds)
        else:
            await self._wait_for(asyncio.create_task(self._service.schedule.sleep(seconds)))
