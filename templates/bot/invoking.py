"""Calls one handler, whatever it does: it may raise, hang, block a thread or be cancelled."""

from __future__ import annotations

import asyncio

import anyio
from anyio.to_thread import run_sync

from .blocking import BlockingCall
from .events import ErrorEvent, Event
from .handlers import Handler, Handlers, Registration
from .live import LiveCall
from .settings import Settings
from .telemetry import get_logger
from .waiting import in_thread
from .work import LeaseLostError

LAST_WORDS = 1.0
"""How long a cancelled handler may take to end, in seconds of the machine."""

_logger = get_logger(__name__)


class HandlerCancelledError(Exception):
    """A handler did not end by itself: something other than the bot cancelled it, or it raised SystemExit.

    What it raised is `__cause__`.
    """


class Invoker:
    """Calls the handlers of a bot; those that are `def` in threads, of which there are only so many."""

    def __init__(self, handlers: Handlers, settings: Settings) -> None:
        self.handlers = handlers
        self._settings = settings
        self._threads = anyio.CapacityLimiter(settings.threads)

    async def invoke(
        self, registration: Registration, event: Event, call: LiveCall | None
    ) -> object:
        """Call a handler with the event, or with the call for the kinds that get it.

        Returns what it returns and raises what it raises; HandlerCancelledError for what is no Exception.
        """
        if registration.awaited:
            awaited = call if registration.gets_call else event
            return await run(registration, awaited, self._threads)
        if self._threads.available_tokens < 1:
            total = self._threads.total_tokens
            _logger.warning("all %d threads for handlers are busy: see threads=", total)
        blocking = BlockingCall(call) if call else None
        argument = blocking if registration.gets_call else event.with_call(blocking)
        return await run(registration, argument, self._threads)

    async def report(self, event: Event, error: Exception, call: LiveCall | None) -> None:
        """Tell the log and the handlers of errors what went wrong in a handler."""
        self._settings.on_count("failed", 1)
        _logger.error("a handler of %r failed", event.kind, exc_info=error)
        failure = ErrorEvent.of(event, error)
        for registration in self.handlers.of("error"):
            try:
                if registration.accepts(failure):
                    await self.invoke(registration, failure, call)
            except LeaseLostError:
                raise
            except Exception:
                _logger.exception("a handler of errors failed")


async def run(
    registration: Registration, argument: object, threads: anyio.CapacityLimiter
) -> object:
    """Run a handler: one that is awaited in a task of its own, one that is `def` in a thread.

    Returns what it returns and raises what it raises; HandlerCancelledError for what is no Exception, as
    that would stop the bot, or if anything else than this task has cancelled it.
    """
    function = registration.function
    if registration.awaited:
        return await _isolated(function, argument)

    def call() -> object:
        try:
            return function(argument)
        except Exception:
            raise
        except BaseException as error:
            raise _stopped(error) from error

    with in_thread():
        return await run_sync(call, limiter=threads, abandon_on_cancel=True)


async def _isolated(function: Handler, argument: object) -> object:
    async def call() -> object:
        try:
            return await function(argument)
        except (Exception, asyncio.CancelledError, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise _stopped(error) from error

    task = asyncio.create_task(call())
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        task.cancel()
        with anyio.CancelScope(shield=True):  # this wait would be cancelled, too
            await asyncio.wait({task}, timeout=LAST_WORDS)
        raise
    if task.cancelled():
        raise HandlerCancelledError("the handler was cancelled")
    return task.result()


def _stopped(error: BaseException) -> HandlerCancelledError:
    return HandlerCancelledError(f"the handler was stopped by {type(error).__name__}")
