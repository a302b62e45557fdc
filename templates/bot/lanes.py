"""Runs the handlers of one call: in the order of its events, under the call's lease."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

import anyio
from anyio.abc import TaskGroup
from anyio.to_thread import run_sync

from .engine import LOOSE, Engine, Held, Step
from .errors import CallEnded, UnknownCallError
from .events import Event, make_event
from .formats import NewerFormatError
from .handlers import Registration
from .invoking import Invoker
from .json_values import Json
from .live import LiveCall
from .notification import Context
from .reply import LARGE
from .state import CallState, EventData
from .store import StoreError
from .telemetry import follow, get_logger, span
from .waiting import TURN, Turn, watched
from .work import Entry, LeaseLostError, Work, event_part, source_part

T = TypeVar("T")

_logger = get_logger(__name__)

RETRY = 1.0
"""How long to wait before the store is asked again after it failed, in seconds."""


class HandlerTimeoutError(Exception):
    """A handler has run for longer than `handler_timeout`; it runs on, and the next one has started."""


class Lane:
    """The handlers of one call in this process, from taking the lease to giving it back.

    Reduction never waits for them: it only adds to the queue in the call's record. Handlers start in
    the order of the events, each when the one before has ended or passed its turn on. When the call
    has ended, all that are left start at once, so that none keeps those of the end waiting.
    """

    def __init__(
        self,
        engine: Engine,
        invoker: Invoker,
        state: CallState,
        lease: int,
        closing: Callable[[], bool],
    ) -> None:
        self._engine = engine
        self._invoker = invoker
        self._call_id = state.id
        self._context = state.context
        self.lease = lease
        self._closing = closing
        self._wake = anyio.Event()
        self._begun: set[int] = set()
        self._busy: set[int] = set()
        """The events whose handlers keep those of the next one waiting."""
        self._finished: list[int] = []
        self._source: tuple[int, Json] = (0, None)
        """The notification that was read last, which many events may come from, and its number."""
        self._reading = anyio.Lock(fast_acquire=True)
        self._until = engine.now() + engine.settings.lease

    def wake(self) -> None:
        """Look at the queue again."""
        self._wake.set()

    async def run(self) -> None:
        """Handle events until there are none, another process takes over, or the bot stops."""
        engine = self._engine
        TURN.set(None)  # a handler of another call may have started this one
        follow(self._call_id, self._context)
        over = False
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._keep_lease)
                while not over:
                    self._wake = anyio.Event()
                    try:
                        over = await self._step(tasks)
                    except StoreError:
                        _logger.exception(
                            "the store failed; call %s is looked at again", self._call_id
                        )
                        await engine.clock.sleep(RETRY)
                        continue
                    if not over:
                        await self._wake.wait()
                tasks.cancel_scope.cancel()
        except* (LeaseLostError, NewerFormatError):
            _logger.warning("call %s was taken over by another process", self._call_id)
        finally:
            if not over:
                with anyio.CancelScope(shield=True):
                    await self._release()

    async def _step(self, tasks: TaskGroup) -> bool:
        """Acknowledge what has ended and start what may start.

        Returns whether nothing is left, and the lease given back.
        """
        finished, self._finished = self._finished, []
        starting: list[Entry] = []
        over = False

        def step(held: Held) -> Step:
            nonlocal over
            work = held.work
            for number in finished:
                work = work.done(self.lease, number)
            starting[:] = self._startable(work, finished)
            for entry in starting:
                work = work.started(self.lease, entry.number)
            running = self._begun.difference(finished)
            over = not starting and not running and (not work.entries or self._closing())
            if over:
                work = work.released(self.lease)
            return Step(held.state, work)

        try:
            held = await self._engine.transact(self._call_id, step)
        except BaseException:
            self._finished = finished + self._finished
            raise
        self._begun.difference_update(finished)
        self._busy.difference_update(finished)
        assert held is not None  # without a mark nothing is a duplicate
        loose = self._call_id.startswith(LOOSE)
        call = None if loose else self._engine.live(held.state)
        for entry in starting:
            self._begun.add(entry.number)
            self._busy.add(entry.number)
            tasks.start_soon(self._handle, entry, call)
        return over

    def _startable(self, work: Work, finished: Sequence[int]) -> list[Entry]:
        """Return the events whose handlers may start now."""
        if self._closing():
            return []
        waiting = [entry for entry in work.entries if entry.number not in self._begun]
        if any(entry.kind == "terminated" for entry in waiting):
            return waiting
        return [] if self._busy.difference(finished) else waiting[:1]

    # -- one event

    async def _handle(self, entry: Entry, call: LiveCall | None) -> None:
        """Run the handlers of an event, each when the one before has ended or passed its turn on."""
        try:
            async with self._reading:  # in the order in which they start
                event, context = await self._read(entry, call)
                follow(call.id if call else None, context)
                if call:
                    # Handlers of another process may have changed it.
                    await self._insist(call.load)
            if self._until <= self._engine.now():  # the process was stopped meanwhile
                await self._insist(self._renew)
            async with anyio.create_task_group() as tasks:
                for registration in self._invoker.handlers.of(entry.kind):
                    passed_on = anyio.Event()
                    name = registration.name
                    turn = Turn(self._engine.clock, self._call_id, self.lease, name, passed_on.set)
                    tasks.start_soon(self._run_handler, registration, event, call, context, turn)
                    await passed_on.wait()
                self._busy.discard(entry.number)
                self.wake()
        except* (LeaseLostError, NewerFormatError):
            raise
        except* Exception:
            # Only the kit itself can have failed here: the event must not be tried for ever.
            _logger.exception("an event of call %s could not be handled", self._call_id)
        self._finished.append(entry.number)
        self.wake()

    async def _run_handler(
        self,
        registration: Registration,
        event: Event,
        call: LiveCall | None,
        context: Context,
        turn: Turn,
    ) -> None:
        TURN.set(turn)
        if call:
            call.context = context

        async def tell() -> None:
            turn.pass_on()
            allowed = self._engine.settings.handler_timeout
            message = f"a handler of {event.kind!r} has run for {allowed:g} seconds, and runs on"
            await self._invoker.report(event, HandlerTimeoutError(message), call)

        with turn.running():
            async with watched(partial(self._overrun, turn), tell):
                await self._call(registration, event, call)
                turn.returned = True

    async def _insist(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Return what the store answers, however long it takes until it does."""
        while True:
            try:
                return await ask()
            except StoreError:
                _logger.exception("the store failed; an event of call %s waits", self._call_id)
                await self._engine.clock.sleep(RETRY)

    async def _read(self, entry: Entry, call: LiveCall | None) -> tuple[Event, Context]:
        """Return the event of an entry, and the context of its notification."""
        number, source = self._source
        names = [event_part(entry.number)]
        if number != entry.source:
            names.append(source_part(entry.source))
        record = await self._insist(lambda: self._engine.read(self._call_id, names))
        if record is None or len(record.parts) < len(names):
            raise LeaseLostError("another process has handled the event")
        payload = json.loads(record.parts[names[0]])
        if number != entry.source:
            text = record.parts[names[1]]
            source = await run_sync(json.loads, text) if len(text) > LARGE else json.loads(text)
            self._source = entry.source, source
        context = Context.from_json(source["context"])
        data = EventData(kind=entry.kind, payload=payload, late=entry.late)
        event = make_event(data, call, context, source["item"], redelivered=entry.started)
        return event, context

    async def _call(self, registration: Registration, event: Event, call: LiveCall | None) -> None:
        try:
            if registration.accepts(event):
                try:
                    with span(f"handle {event.kind}"):
                        await self._invoker.invoke(registration, event, call)
                finally:
                    if call:
                        await self._insist(call.save)
        except LeaseLostError:
            raise
        except Exception as error:
            if isinstance(error, CallEnded) and error.call_id == self._call_id:
                # People hang up: that ends the handlers which wait for them, and is no failure.
                _logger.info("a handler of %r ended with call %s", event.kind, self._call_id)
            else:
                await self._invoker.report(event, error, call)

    async def _overrun(self, turn: Turn) -> None:
        """Wait until a handler has run for too long: here the bot waits, and not the handler."""
        allowed = self._engine.settings.handler_timeout
        own = TURN.set(None)
        while (ran := turn.ran()) < allowed:
            await self._engine.clock.sleep(allowed - ran)
        TURN.reset(own)

    # -- the lease

    async def _keep_lease(self) -> None:
        """Make the lease last while there is anything to do; raises LeaseLostError."""
        while True:
            await self._engine.clock.sleep(self._engine.settings.lease / 3)
            try:
                await self._renew()
            except StoreError:
                _logger.warning("the lease of call %s could not be renewed", self._call_id)

    async def _renew(self) -> None:
        """Make the lease last longer; raises LeaseLostError and StoreError."""
        until = self._engine.now() + self._engine.settings.lease

        def step(held: Held) -> Step:
            return Step(held.state, held.work.renewed(self.lease, until))

        await self._engine.transact(self._call_id, step)
        self._until = until

    async def _release(self) -> None:
        """Give the lease back, if it is still ours, so that another process need not wait for its end."""

        def step(held: Held) -> Step:
            return Step(held.state, held.work.released(self.lease))

        with suppress(LeaseLostError, NewerFormatError, StoreError, UnknownCallError):
            await self._engine.transact(self._call_id, step)
