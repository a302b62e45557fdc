"""Lets virtual time pass: when nothing else is left to do, and for as long as something is pending."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future, wait
from contextlib import nullcontext
from contextvars import Context
from typing import Any, TypeVar
from weakref import WeakSet

import anyio
from anyio.to_thread import current_default_thread_limiter

from graph_comms.bot.waiting import THREADS, TURN, TURNS, Turn, in_thread

from .loop import VirtualLoop, waits_for_this_thread
from .schedule import Schedule

T = TypeVar("T")

LOOK = 0.1
"""How often to look whether a thread has been busy for too long, in seconds of the machine."""

LONG = 10.0
"""After how long a thread counts as one that does not come to an end, in seconds of the machine."""

ELSEWHERE = 1.0
"""For how long a run waits for what handlers wait for outside of the kit, in seconds of the machine."""

_logger = logging.getLogger(__name__)


class Stuck(Exception):  # noqa: N818 - it is what a bot is
    """A run that cannot come to its end: handlers wait for what will never come."""


class BusyError(RuntimeError):
    """Time passes already, as another thread wants it."""


class DrivenLoop(VirtualLoop):
    """A virtual loop that knows which of its timers are those of handlers."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self._of_handlers: WeakSet[asyncio.TimerHandle] = WeakSet()

    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call a function at a time."""
        timer = super().call_at(when, callback, *args, context=context)
        turn = TURN.get() if context is None else context.get(TURN)
        if turn is not None and not turn.returned:
            self._of_handlers.add(timer)
        return timer

    @property
    def handlers_sleep(self) -> bool:
        """Whether a handler waits for a time."""
        return any(
            not timer.cancelled() and timer.when() > self.time() for timer in self._of_handlers
        )


class Driver:
    """Moves the time of a schedule and of the loop that runs by it, when it is asked to."""

    def __init__(self, schedule: Schedule, loop: DrivenLoop, is_open: Callable[[], bool]) -> None:
        self._schedule = schedule
        self._loop = loop
        self._is_open = is_open
        self._until: Callable[[float | None], bool] | None = None
        """Whether to stop before the next thing happens, at that time; None while time stands still."""
        self._stopped: Future[None] | None = None
        self._limiter: anyio.CapacityLimiter | None = None
        self._busy_since = time.monotonic()
        self._warned = False
        self._moved = time.monotonic()
        """When something was last to come, by the machine's clock."""
        self._patience = math.inf
        loop.on_idle = self._idle

    async def prepare(self) -> None:
        """Find the threads of the loop."""
        self._limiter = current_default_thread_limiter()

    def hasten(self, seconds: float) -> None:
        """Let time stand still for busy threads for no more than so many seconds of the machine."""
        self._patience = seconds

    def run(self, limit: float) -> None:
        """Let time pass until nothing is pending; raises Stuck. Call it in another thread."""
        end = self._schedule.time + limit

        def until(next_time: float | None) -> bool:
            if not self._pending():
                return True
            if next_time is None or not self._comes_on():
                raise Stuck(self._stuck("nothing that is to come can end"))
            if next_time > end:
                raise Stuck(self._stuck(f"after {limit:g} seconds there still are"))
            return False

        self._drive(until)

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass, with everything that is due in them."""
        end = self._schedule.time + seconds

        def until(next_time: float | None) -> bool:
            if next_time is not None and next_time <= end:
                return False
            self._schedule.move(end)
            return True

        self._drive(until)

    def wait_for(self, coroutine: Coroutine[Any, Any, T], limit: float) -> T:
        """Let time pass until a coroutine of the loop has ended, and return its result; raises Stuck."""
        task = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        end = self._schedule.time + limit
        moved = time.monotonic()

        def until(next_time: float | None) -> bool:
            nonlocal moved
            if task.done():
                return True
            if next_time is not None:
                moved = time.monotonic()
                if next_time > end:
                    raise Stuck(not_ended(limit))
            elif time.monotonic() > moved + LONG:  # a thread that is not known may still end it
                raise Stuck("nothing is to come, and the coroutine has not ended")
            return False

        try:
            self._drive(until)
        except BaseException:
            task.cancel()
            raise
        return task.result()

    def sleep(self, seconds: float) -> None:
        """Wait in a thread until so many seconds have passed; let them pass if nobody else does."""
        counted = waits_for_this_thread(self._loop)

        async def sleep() -> None:
            with in_thread(-1) if counted else nullcontext():
                await self._schedule.sleep(seconds)

        slept = asyncio.run_coroutine_threadsafe(sleep(), self._loop)
        while not (counted or slept.done()):
            try:
                self._drive(lambda next_time: slept.done())
            except BusyError:  # until that comes to its end
                wait([slept], timeout=LOOK)
        slept.result()

    def _drive(self, until: Callable[[float | None], bool]) -> None:
        stopped: Future[None] = Future()

        def begin() -> None:
            if self._stopped is None:
                self._until, self._stopped = until, stopped
                self._moved = time.monotonic()
            else:
                stopped.set_exception(BusyError("another thread lets time pass already"))

        def give_up() -> None:
            if self._stopped is stopped:
                self._until = self._stopped = None

        self._loop.call_soon_threadsafe(begin)
        try:
            stopped.result()
        except BaseException:  # an interrupt, too
            self._loop.call_soon_threadsafe(give_up)
            raise

    def _idle(self, timeout: float | None) -> float | None:
        """Let the next thing happen, if time may pass; return how long to wait for other threads."""
        if self._until is None:
            return None
        if self._threads_hold():
            return LOOK
        timer = None if timeout is None else self._loop.time() + timeout
        act = self._schedule.next_time()
        following = min((time for time in (timer, act) if time is not None), default=None)
        try:
            over = self._until(following)
        except Stuck as stuck:
            if self._waits_elsewhere() and time.monotonic() < self._moved + ELSEWHERE:
                return LOOK
            self._stop(stuck)
            return 0
        self._moved = time.monotonic()
        if over:
            self._stop(None)
        elif following is None:
            return LOOK
        elif act is not None and act <= following:
            self._loop.call_soon(self._schedule.do_next)
        else:
            self._schedule.move(following)
        return 0

    def _stop(self, problem: Stuck | None) -> None:
        stopped, self._stopped, self._until = self._stopped, None, None
        assert stopped is not None
        if problem is None:
            stopped.set_result(None)
        else:
            stopped.set_exception(problem)

    # -- what is going on

    def _threads_hold(self) -> bool:
        """Whether a thread is busy, for which time stands still."""
        busy = self._loop.threads + threads_of(self._loop, self._limiter)
        now = time.monotonic()
        if busy < 1:
            self._busy_since = now
            return False
        if now - self._busy_since > self._patience:
            return False
        if now - self._busy_since > LONG and not self._warned:
            self._warned = True
            names = ", ".join(turn.handler for turn in turns_of(self._loop)) or "no handlers"
            _logger.warning(
                "time stands still: a thread has been busy for %g seconds; running are %s",
                LONG,
                names,
            )
        return True

    def _waits_elsewhere(self) -> bool:
        """Whether a handler waits outside of the kit, as for a thread that nobody else knows."""
        sleeping = self._schedule.sleeping
        return any(not turn.waits_for and turn not in sleeping for turn in turns_of(self._loop))

    def _pending(self) -> bool:
        return bool(self._schedule.pending or self._is_open() or turns_of(self._loop))

    def _comes_on(self) -> bool:
        """Whether something will happen that is not mere repetition."""
        return bool(self._schedule.pending or self._is_open() or self._loop.handlers_sleep)

    def _stuck(self, why: str) -> str:
        return described(why, turns_of(self._loop))


def threads_of(loop: asyncio.AbstractEventLoop, limiter: anyio.CapacityLimiter | None) -> int:
    """Return how many threads a loop waits for: of handlers and stores, and of anyio's usual ones."""
    return THREADS.get(loop, 0) + (limiter.borrowed_tokens if limiter else 0)


def turns_of(loop: asyncio.AbstractEventLoop) -> list[Turn]:
    """Return the handlers that are running in a loop."""
    return [turn for turn in tuple(TURNS) if turn.loop is loop]


def not_ended(limit: float) -> str:
    """Return why a coroutine is no longer waited for."""
    return f"after {limit:g} seconds the coroutine has not ended"


def described(why: str, turns: Iterable[Turn]) -> str:
    """Return why nothing goes on, with the handlers that wait, and what for."""
    handlers = [
        f"{turn.handler}, which waits for {' and '.join(turn.waits_for) or 'something'}"
        for turn in turns
    ]
    return f"{why}: {'; '.join(handlers) or 'something is pending'}"
