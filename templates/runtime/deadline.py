"""The time that a call may take, and whether its request has left when that time is over.

What cannot be interrupted, such as a read in a synchronous client, goes on in a daemon thread that
nobody waits for. Such a thread sends nothing any more, and drops what it gets.
"""

from __future__ import annotations

import contextvars
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import Any, Generic, TypeAlias, TypeVar

import httpx

T = TypeVar("T")

Work: TypeAlias = Callable[[], T]
AsyncWork: TypeAlias = Callable[[], Awaitable[T]]


class DeadlineExceededError(httpx.TimeoutException):
    """The deadline of a call came before the response was there."""


class WithdrawnError(Exception):
    """Nobody waits for this attempt any more; raised in its thread alone."""


class Departure:
    """Whether the request of an attempt has left, and whether it still may.

    `traced`: the transport reports its steps, as those of httpx do. Of any other, a request counts
    as sent once it is handed over, until it reports a step, too.
    """

    def __init__(self, *, traced: bool) -> None:
        self.lock = Lock()
        self.withdrawn = False
        self._traced = traced
        self._left = False

    def hand_over(self) -> None:
        """Record that the transport gets the request; raises WithdrawnError if it must not."""
        with self.lock:
            self._go_on()
            self._left |= not self._traced

    def step(self, name: str, info: Mapping[str, Any]) -> None:
        """Follow the extension "trace" of httpcore (https://www.encode.io/httpcore/extensions/)."""
        with self.lock:
            self._left &= self._traced
            self._traced = True
            # A proxy is first asked for a tunnel, which says nothing to the service.
            if (
                name.endswith(".send_request_headers.started")
                and info["request"].method != b"CONNECT"
            ):
                self._go_on()
                self._left = True

    def go_on(self) -> None:
        """Raise WithdrawnError if nobody waits for the attempt any more."""
        with self.lock:
            self._go_on()

    def withdraw(self) -> bool:
        """Let the request not leave any more; return whether it may have left."""
        with self.lock:
            self.withdrawn = True
            return self._left

    def _go_on(self) -> None:
        if self.withdrawn:
            raise WithdrawnError


class _Unlimited(Departure):
    """That of every attempt which has no deadline: nothing withdraws it."""

    def hand_over(self) -> None:
        pass

    def go_on(self) -> None:
        pass


UNLIMITED = _Unlimited(traced=False)


def within(seconds: float | None, departure: Departure, work: Work[T]) -> T | None:
    """Return what the work returns; None, after so many seconds, if it is not done by then.

    If there is a limit, the work runs in a thread of its own.
    """
    if seconds is None:
        return work()
    job = _Job(work, departure)
    _start(job.run)
    try:
        job.done.wait(max(0.0, seconds))
    finally:
        with departure.lock:
            departure.withdrawn = not job.done.is_set()
    return job.result() if job.done.is_set() else None


async def async_within(seconds: float | None, departure: Departure, work: AsyncWork[T]) -> T | None:
    """Return what the work returns; None, after so many seconds, if it is not done by then.

    It is cancelled then.
    """
    if seconds is None:
        return await work()
    from asyncio import timeout  # see Clock

    limit = timeout(seconds)
    try:
        async with limit:
            return await work()
    except TimeoutError:
        if not limit.expired():  # the credential's own
            raise
    return None


class _Job(Generic[T]):
    """Work in a thread, whose result is dropped if nobody waits for it any more."""

    def __init__(self, work: Callable[[], T], departure: Departure) -> None:
        self.done = Event()
        self._work = work
        self._departure = departure
        self._result: T | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        """Do the work; never raises."""
        result: T | None = None
        error: BaseException | None = None
        try:
            result = self._work()
        except BaseException as raised:
            error = raised
        with self._departure.lock:
            if not self._departure.withdrawn:
                self._result, self._error = result, error
                self.done.set()
                return
        if isinstance(result, httpx.Response):
            with suppress(Exception):
                result.close()

    def result(self) -> T | None:
        """Return what the work returned, or raise what it raised."""
        if self._error is not None:
            raise self._error
        return self._result


def _start(run: Callable[[], None]) -> None:
    """Start a thread that the end of the process does not wait for, with the caller's context."""
    Thread(target=contextvars.copy_context().run, args=(run,), daemon=True).start()


async def in_daemon_thread(work: Callable[[], object]) -> object:
    """Return what a function that may block returns; neither the loop's end nor a cancel waits for it."""
    from asyncio import Future, get_running_loop  # see Clock

    loop = get_running_loop()
    future: Future[object] = loop.create_future()

    def settle(result: object, error: BaseException | None) -> None:
        if not future.done():
            future.set_result(result) if error is None else future.set_exception(error)

    def run() -> None:
        result: object = None
        failed: BaseException | None = None
        try:
            result = work()
        except BaseException as error:
            failed = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(settle, result, failed)

    _start(run)
    return await future
