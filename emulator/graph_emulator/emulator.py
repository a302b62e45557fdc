"""The emulator in a test: with an event loop of its own, whose time is virtual."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

from starlette.types import ASGIApp

from graph_comms.bot import Bot
from graph_comms.bot.changes import Changes

from .callback import Callback
from .context import run_inside
from .driver import DrivenLoop, Driver
from .harness import DAY, PATIENCE, Harness, seconds_of
from .real_driver import RealDriver
from .realtime import RealSchedule
from .transports import on_loop, refuse_on
from .wire import Forms

T = TypeVar("T")

_logger = logging.getLogger(__name__)


class Emulator(Harness):
    """Graph's cloud communications on a virtual clock, in this process.

    It has an event loop of its own in a thread of its own, whose time is virtual: it stands still while
    handlers compute, and their threads. With `realtime` it is that of the machine, for handlers that
    need what has no other: a server that answers in seconds, a library that waits in its own thread.
    Use it in a ``with`` statement, once; the other arguments are those of `Harness`.
    """

    def __init__(
        self,
        *,
        callback: ASGIApp | str | None = None,
        seed: int = 0,
        forms: Forms = "wire",
        redelivery: int = 0,
        strict_directory: bool = False,
        platform_codes: bool = True,
        seed_file: str | os.PathLike[str] | None = None,
        journal: str | os.PathLike[str] | None = None,
        realtime: bool = False,
    ) -> None:
        super().__init__(
            callback=callback,
            seed=seed,
            forms=forms,
            redelivery=redelivery,
            strict_directory=strict_directory,
            platform_codes=platform_codes,
            seed_file=seed_file,
            journal=journal,
            schedule=RealSchedule() if realtime else None,
        )
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self._thread is not None:
            raise RuntimeError("an emulator is used in one with statement: make another one")
        schedule, delivery = self._service.schedule, self._service.delivery
        self._loop: asyncio.AbstractEventLoop
        self._driver: Driver | RealDriver
        if isinstance(schedule, RealSchedule):
            self._loop = asyncio.new_event_loop()
            self._driver = RealDriver(schedule, self._loop, lambda: bool(delivery.open))
        else:
            self._loop = virtual = DrivenLoop(lambda: schedule.time)
            self._driver = Driver(schedule, virtual, lambda: bool(delivery.open))
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._call(self._driver.prepare())
        try:
            if self._callback is not None:
                self._driver.wait_for(run_inside(self._callback.start()), seconds_of(DAY))
        except BaseException:
            self._end(self._thread)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._driver.hasten(PATIENCE)
        assert self._thread is not None
        try:
            with ExitStack() as ending:
                ending.callback(self._end, self._thread)
                if self._callback is not None:
                    ending.callback(self._stop, self._callback)
                for bot in self._connected:
                    ending.callback(self._stop, bot)
        except Exception:
            if error is None:
                raise
            _logger.exception("the emulator could not be stopped as it should")

    def _stop(self, connected: Bot | Changes | Callback) -> None:
        self._driver.wait_for(connected.stop(), seconds_of(DAY))

    def _end(self, thread: threading.Thread) -> None:
        self._driver.wait_for(_cancel_all(), seconds_of(DAY))
        self._loop.call_soon_threadsafe(self._loop.stop)
        thread.join()
        self._loop.close()
        self._end_journal()

    def connect(self, bot: Bot) -> None:
        """Start a bot on the emulator's loop and clock; it gets what goes to its callback URI.

        Instead of a bot that was connected for that before, which runs on until the end.
        """
        self._refuse("connect")
        self._add(bot.engine.callback_uri, bot)
        bot.clock = self.clock
        self._call(run_inside(bot.start()))

    def connect_changes(self, changes: Changes, notification_url: str) -> None:
        """Start what handles change notifications on the emulator's loop; it gets those of an address.

        It has to be made with `clock=svc.clock` and `publisher=svc.publisher`.
        """
        self._refuse("connect_changes")
        self._add(notification_url, changes)
        self._call(run_inside(changes.start()))

    # -- time

    def run(self, limit: float | timedelta = DAY) -> None:
        """Let time pass until nothing is pending.

        Raises Stuck where handlers wait for what will never come, or something is pending after
        `limit` seconds of virtual time.
        """
        self._refuse("run")
        self._driver.run(seconds_of(limit))

    def advance(self, **duration: float) -> None:
        """Let time pass, as timedelta takes it: `advance(minutes=46)`."""
        self._refuse("advance")
        self._driver.advance(timedelta(**duration).total_seconds())

    def wait_for(self, coroutine: Coroutine[Any, Any, T], limit: float | timedelta = DAY) -> T:
        """Return what a coroutine comes to on the emulator's loop, while time passes: `bot.create(…)`.

        Raises Stuck where it has not ended after `limit` seconds of virtual time.
        """
        try:
            self._refuse("wait_for")
        except RuntimeError:
            coroutine.close()
            raise
        return self._driver.wait_for(coroutine, seconds_of(limit))

    # -- inside

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._thread is None or not self._thread.is_alive():
            raise RuntimeError("the emulator does not run: use it in a with statement")
        return self._loop

    def _sleep(self, seconds: float) -> None:
        self._driver.sleep(seconds)

    async def _async_sleep(self, seconds: float) -> None:
        if asyncio.get_running_loop() is self._loop:
            await self.clock.sleep(seconds)
        else:
            await asyncio.to_thread(self._driver.sleep, seconds)

    def _do(self, act: Callable[[], T]) -> T:
        thread = self._thread
        if thread is None or not thread.is_alive() or on_loop(self._loop):
            return act()

        async def do() -> T:
            return act()

        return self._call(do())

    def _refuse(self, method: str) -> None:
        refuse_on(self._running_loop(), f"{method} waits for the emulator's own event loop")

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


async def _cancel_all() -> None:
    """Cancel what still runs in this event loop, and let it end."""
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=PATIENCE)
