"""An event loop whose time is virtual: it moves on when nothing else is left to do."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

T = TypeVar("T")

_LOOK = 0.002
"""How often to look whether a thread has come to an end, in seconds of the machine."""


class VirtualSelector(selectors.DefaultSelector):
    """Waits for what is really going on; where a loop would wait for its timers, it asks `on_idle`."""

    def __init__(self) -> None:
        super().__init__()
        self.on_idle: Callable[[float | None], float | None] = _forever

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; with nothing, after `on_idle` has moved the time or done something."""
        events = super().select(0)
        if events or timeout == 0:
            return events
        return super().select(self.on_idle(timeout))


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that takes its time from `time`; `on_idle` is called when nothing is ready.

    It gets the seconds until the next timer (None: there is none), and returns for how many seconds
    of the machine to wait for other threads; None for as long as it takes.
    """

    def __init__(self, time: Callable[[], float]) -> None:
        selector = VirtualSelector()
        super().__init__(selector)
        selector.on_idle = self._idle
        self._virtual_time = time
        self._threads = 0
        self.on_idle: Callable[[float | None], float | None] = _forever

    def time(self) -> float:
        """Return the virtual time, in seconds."""
        return self._virtual_time()

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Run a function in a thread; time stands still until it has ended."""
        self._threads += 1
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_ended)
        return future

    def _thread_ended(self, future: object) -> None:
        self._threads -= 1

    def _idle(self, timeout: float | None) -> float | None:
        return _LOOK if self._threads else self.on_idle(timeout)


def _forever(timeout: float | None) -> float | None:
    """Wait until another thread has something to do."""
    return None
