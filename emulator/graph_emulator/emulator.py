"""The emulator in a test: with an event loop of its own, whose time is virtual."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

from starlette.types import ASGIApp

from graph_comms.bot import Bot
from graph_comms.bot.changes import Changes

from .driver import DrivenLoop, Driver
from .harness import Harness
from .transports import on_loop, refuse_on
from .wire import Forms

T = TypeVar("T")

DAY = timedelta(days=1)


class Emulator(Harness):
    """Graph's cloud communications on a virtual clock, in this process.

    It has an event loop of its own in a thread of its own, whose time is virtual. Use it in a ``with``
    statement; the arguments are those of `Harness`.
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
        )
        schedule, delivery = self._service.schedule, self._service.delivery
        self._loop = DrivenLoop(lambda: schedule.time)
        self._driver = Driver(schedule, self._loop, lambda: bool(delivery.open))
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._driver.prepare())
        try:
            if self._callback is not None:
                self._driver.wait_for(self._callback.start())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            for bot in self._bots.values():
                self._driver.wait_for(bot.stop())
            if self._callback is not None:
                self._driver.wait_for(self._callback.stop())
        finally:
            self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._end_journal()

    def connect(self, bot: Bot) -> None:
        """Start a bot on the emulator's loop and clock; it gets what goes to its callback URI."""
        self._refuse("connect")
        bot.clock = self.clock
        self._bots[bot.engine.callback_uri] = bot
        self._call(bot.start())

    def connect_changes(self, changes: Changes, notification_url: str) -> None:
        """Start what handles change notifications on the emulator's loop; it gets those of an address.

        It has to be made with `clock=svc.clock` and `publisher=svc.publisher`.
        """
        self._refuse("connect_changes")
        self._bots[notification_url] = changes
        self._call(changes.start())

    # -- time

    def run(self, limit: float | timedelta = DAY) -> None:
        """Let time pass until nothing is pending.

        Raises Stuck where handlers wait for what will never come, or something is pending after
        `limit` seconds of virtual time.
        """
        self._refuse("run")
        self._driver.run(limit.total_seconds() if isinstance(limit, timedelta) else limit)

    def advance(self, **duration: float) -> None:
        """Let time pass, as timedelta takes it: `advance(minutes=46)`."""
        self._refuse("advance")
        self._driver.advance(timedelta(**duration).total_seconds())

    def wait_for(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Return what a coroutine comes to on the emulator's loop, while time passes: `bot.create(…)`."""
        self._refuse("wait_for")
        return self._driver.wait_for(coroutine)

    # -- inside

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def _do(self, act: Callable[[], T]) -> T:
        if not self._loop.is_running() or on_loop(self._loop):
            return act()

        async def do() -> T:
            return act()

        return self._call(do())

    def _refuse(self, method: str) -> None:
        refuse_on(self._loop, f"{method} waits for the emulator's own event loop")

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
