"""The emulator in an asynchronous test: on the test's own event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Self, TypeVar

from graph_comms.bot import Bot
from graph_comms.bot.changes import Changes

from .driver import Stuck, described, turns_of
from .harness import Harness

T = TypeVar("T")

DAY = timedelta(days=1)

ROUNDS = 50
"""How many rounds of the event loop everything gets that has become ready."""

LOOK = 0.001
"""How often to look whether what takes real time has come to an end, in seconds."""


class AsyncEmulator(Harness):
    """Graph's cloud communications on the event loop of a test: ``async with AsyncEmulator() as svc``.

    What the bot kit waits for takes virtual time, which `run` and `advance` let pass. All other waiting, such
    as `asyncio.sleep` in a handler, takes real time: the loop is not the emulator's. A synchronous client
    must be in another thread. The arguments are those of `Harness`.
    """

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        if self._callback is not None:
            await self._callback.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            for bot in self._bots.values():
                await self._wait_for(asyncio.create_task(bot.stop()))
            if self._callback is not None:
                await self._callback.stop()
        finally:
            self._end_journal()

    async def connect(self, bot: Bot) -> None:
        """Start a bot on the emulator's clock; it gets what goes to its callback URI."""
        bot.clock = self.clock
        self._bots[bot.engine.callback_uri] = bot
        await bot.start()

    async def connect_changes(self, changes: Changes, notification_url: str) -> None:
        """Start what handles change notifications; it gets those of an address.

        It has to be made with `clock=svc.clock` and `publisher=svc.publisher`.
        """
        self._bots[notification_url] = changes
        await changes.start()

    async def run(self, limit: float | timedelta = DAY) -> None:
        """Let time pass until nothing is pending.

        Raises Stuck where handlers wait for what will never come, or something is pending after
        `limit` seconds of virtual time.
        """
        schedule, delivery = self._service.schedule, self._service.delivery
        seconds = limit.total_seconds() if isinstance(limit, timedelta) else limit
        end = schedule.time + seconds
        while True:
            await self._settle()
            turns, due = turns_of(self._loop), schedule.next_time()
            if not (schedule.pending or delivery.open or turns):
                return
            if due is None or not (schedule.pending or delivery.open):
                raise Stuck(described("nothing that is to come can end", turns))
            if due > end:
                raise Stuck(described(f"after {seconds:g} seconds there still are", turns))
            schedule.do_next()

    async def advance(self, **duration: float) -> None:
        """Let time pass, as timedelta takes it: `await svc.advance(minutes=46)`."""
        schedule = self._service.schedule
        end = schedule.time + timedelta(**duration).total_seconds()
        await self._settle()
        while (due := schedule.next_time()) is not None and due <= end:
            schedule.do_next()
            await self._settle()
        schedule.move(end)

    async def _wait_for(self, task: asyncio.Task[None]) -> None:
        """Let time pass until a task has ended."""
        while not task.done():
            await self._settle(task.done)
            if not task.done():
                self._service.schedule.do_next()
        await task

    async def _settle(self, over: Callable[[], bool] = lambda: False) -> None:
        """Let everything run that does not wait for virtual time, handlers in threads too."""
        while True:
            for _ in range(ROUNDS):
                await asyncio.sleep(0)
            turns = turns_of(self._loop)
            busy = any(turn.threads > 0 or not turn.waits_for for turn in turns)
            if over() or not busy:
                return
            await asyncio.sleep(LOOK)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def _do(self, act: Callable[[], T]) -> T:
        return act()
