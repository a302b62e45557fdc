"""An event loop whose time is virtual: it moves on when nothing else is left to do."""

from __future__ import annotations

import asyncio
import selectors
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from anyio import from_thread

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

T = TypeVar("T")

SILENT = 10.0
"""How long a connection through which nothing comes holds the time, in seconds of the machine."""


class VirtualSelector(selectors.DefaultSelector):
    """Waits for what is really going on; where a loop would wait for its timers, it asks `on_idle`.

    While somebody waits for the first that comes through a connection, `on_idle` is not asked.
    """

    def __init__(self) -> None:
        super().__init__()
        self.on_idle: Callable[[float | None], float | None] = _forever
        self._silent: dict[int, float] = {}
        """Since when the connections are watched through which nothing has come, by their descriptors."""
        self._own = 0
        """How many descriptors are the loop's own: they wake it where it waits, and have no other use."""

    def register(
        self, fileobj: FileDescriptorLike, events: int, data: Any = None
    ) -> selectors.SelectorKey:
        """Watch a connection."""
        key = super().register(fileobj, events, data)
        if events & selectors.EVENT_WRITE or not _is_listening(key.fd):
            self._silent[key.fd] = time.monotonic()
        return key

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        """Watch a connection no more."""
        key = super().unregister(fileobj)
        self._silent.pop(key.fd, None)
        return key

    def ignore_what_is_open(self) -> None:
        """Let the connections that are watched already never hold the time: those of the loop itself."""
        self._silent.clear()
        self._own = len(self.get_map())

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; with nothing, after `on_idle` has moved the time or done something."""
        events = self._ready(timeout) if timeout == 0 else super().select(0)
        if not events and timeout != 0:
            held = self._held()
            events = self._ready(self.on_idle(timeout) if held is None else held)
        for key, _ in events:
            self._silent.pop(key.fd, None)
        return events

    def _ready(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; without asking the system where nobody waits, and nothing can be."""
        if timeout == 0 and len(self.get_map()) == self._own:
            return []
        return super().select(timeout)

    def _held(self) -> float | None:
        """Return for how many seconds of the machine a connection may hold the time; None if none does."""
        if not self._silent:
            return None
        left = max(self._silent.values()) + SILENT - time.monotonic()
        return left if left > 0 else None


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that takes its time from `time`; `on_idle` is called when nothing is ready.

    It gets the seconds until the next timer (None: there is none), and returns for how many seconds
    of the machine to wait for other threads; None for as long as it takes.
    """

    def __init__(self, time: Callable[[], float]) -> None:
        selector = VirtualSelector()
        super().__init__(selector)
        selector.ignore_what_is_open()
        selector.on_idle = self._idle
        self._virtual_time = time
        self.threads = 0
        """How many threads it waits for that it has started itself."""
        self.on_idle: Callable[[float | None], float | None] = _forever

    def time(self) -> float:
        """Return the virtual time, in seconds."""
        return self._virtual_time()

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Run a function in a thread, or in another process; time stands still until it has ended."""

        def run() -> T:
            _here.loop = self
            try:
                return func(*args)
            finally:
                _here.loop = None

        self.threads += 1
        future: asyncio.Future[T]
        if executor is None or isinstance(executor, ThreadPoolExecutor):
            future = super().run_in_executor(executor, run)
        else:
            future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_ended)
        return future

    def _thread_ended(self, future: object) -> None:
        self.threads -= 1

    def _idle(self, timeout: float | None) -> float | None:
        return self.on_idle(timeout)


class _Here(threading.local):
    """What a thread runs for."""

    loop: asyncio.AbstractEventLoop | None = None


_here = _Here()


def waits_for_this_thread(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether this is a thread that a loop has started and waits for: with an executor, or with anyio."""
    if _here.loop is loop:
        return True
    try:
        return from_thread.run_sync(asyncio.get_running_loop) is loop
    except RuntimeError:  # anyio has not started this thread
        return False


def _is_listening(descriptor: int) -> bool:
    """Whether it is the socket of a server, which may wait for ever."""
    with suppress(OSError), socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM) as opened:
        return bool(opened.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    return False


def _forever(timeout: float | None) -> float | None:
    """Wait until another thread has something to do."""
    return None
