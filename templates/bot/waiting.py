"""Waits inside the kit: they end by the kit's clock, and let the next handler of the call start."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TypeVar
from weakref import WeakKeyDictionary

import anyio

from .clock import Clock

T = TypeVar("T")


async def within(clock: Clock, seconds: float | None, wait: Callable[[], Awaitable[T]]) -> T:
    """Return what `wait` returns, or raise TimeoutError after that many seconds of the clock.

    None waits for as long as it takes. What `wait` raises is raised.
    """
    if seconds is None:
        return await wait()
    results: list[T] = []
    failures: list[Exception] = []

    async with anyio.create_task_group() as group:

        async def alarm() -> None:
            await clock.sleep(seconds)
            group.cancel_scope.cancel()

        group.start_soon(alarm)
        try:
            results.append(await wait())
        except Exception as error:  # raised below: a task group would wrap it
            failures.append(error)
        group.cancel_scope.cancel()
    if failures:
        raise failures[0]
    if not results:
        raise TimeoutError(f"nothing came within {seconds:g} seconds")
    return results[0]


@asynccontextmanager
async def watched(
    wait: Callable[[], Awaitable[None]], tell: Callable[[], Awaitable[None]]
) -> AsyncGenerator[None]:
    """Tell that the context takes long: it does once `wait` has ended.

    The context ends a wait, but not what is being told by then: it lasts until that has ended, too.
    """
    waiting = anyio.CancelScope()

    async def watch() -> None:
        with waiting:
            await wait()
        if not waiting.cancel_called:
            await tell()

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        yield
        waiting.cancel()


class LoopLock:
    """A lock of one event loop at a time: a lock of asyncio's is for the loop that first waits for it."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()

    def __call__(self) -> asyncio.Lock:
        """Return the lock in the running loop."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._lock = loop, asyncio.Lock()
        return self._lock


class Turn:
    """The right of one handler that the next handlers of its call do not start yet.

    It ends with the handler, with its first wait inside the kit, or when it has taken too long.
    `lease` is the number of the lease of the call that the handler runs under, which binds also the
    tasks that it starts, until it has `returned`: they may outlast the lease.
    """

    def __init__(
        self,
        clock: Clock,
        call_id: str,
        lease: int,
        handler: str,
        passed_on: Callable[[], None],
    ) -> None:
        self.call_id = call_id
        self.lease = lease
        self.handler = handler
        """The name of the handler."""
        self.loop = asyncio.get_running_loop()
        self.waits_for: list[str] = []
        """What the handler waits for inside the kit."""
        self._clock = clock
        self._passed_on = passed_on
        self._begun = self._time()
        self._waited = 0.0
        self._waits_since = 0.0
        self.over = False
        self.returned = False

    def pass_on(self) -> None:
        """Let the next handler start."""
        if not self.over:
            self.over = True
            self._passed_on()

    def ran(self) -> float:
        """Return for how many seconds the handler has run, without its waits inside the kit."""
        now = self._time()
        current = now - self._waits_since if self.waits_for else 0.0
        return now - self._begun - self._waited - current

    @contextmanager
    def running(self) -> Generator[None]:
        """Be among `TURNS` until the context ends, and pass on then."""
        TURNS.add(self)
        try:
            yield
        finally:
            TURNS.discard(self)
            self.pass_on()

    @contextmanager
    def waiting(self, reason: str) -> Generator[None]:
        """Pass on, and do not count the time until the context ends."""
        self.pass_on()
        if not self.waits_for:
            self._waits_since = self._time()
        self.waits_for.append(reason)
        try:
            yield
        finally:
            self.waits_for.remove(reason)
            if not self.waits_for:
                self._waited += self._time() - self._waits_since

    def _time(self) -> float:
        return self._clock.now().timestamp()


TURN: ContextVar[Turn | None] = ContextVar("TURN", default=None)
"""The turn of the handler that is running; the tasks and threads that it starts have it too."""


TURNS: set[Turn] = set()
"""The turns of all handlers that are running, for who has to know whether anything is going on."""


@contextmanager
def letting_others_start(reason: str) -> Generator[None]:
    """Let the next handler start while this context lasts, if a handler is running."""
    turn = TURN.get()
    with turn.waiting(reason) if turn else nullcontext():
        yield


THREADS: WeakKeyDictionary[asyncio.AbstractEventLoop, int] = WeakKeyDictionary()
"""How many threads each event loop waits for: of handlers and of stores, for the same."""


@contextmanager
def in_thread(change: int = 1) -> Generator[None]:
    """Count a thread that the event loop waits for, or with -1 one that waits for the loop meanwhile."""
    loop = asyncio.get_running_loop()
    THREADS[loop] = THREADS.get(loop, 0) + change
    try:
        yield
    finally:
        THREADS[loop] -= change
