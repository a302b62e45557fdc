"""The state of calls in a store: how it is read, changed and waited for, by one process or several."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakValueDictionary

import anyio
from anyio.to_thread import run_sync

from .clock import Clock
from .errors import CallEnded, DataConflict, UnknownCallError
from .formats import NewerFormatError
from .json_values import Json, dump_json
from .live import LiveCall
from .notification import Context, Notification
from .reduction import Reduced, reduce
from .reply import LARGE
from .settings import Settings
from .state import CallState, EventData
from .store import Change, Mark, Outcome, Record, Store, StoreError
from .telemetry import get_logger
from .waiting import TURN, letting_others_start, within
from .work import Work, event_part, source_part

if TYPE_CHECKING:
    from ..client import AsyncCommunicationsClient

T = TypeVar("T")

KIND = "call"
"""The kind of the records that hold calls."""

KEPT_LIVE = 48 * 3600.0
"""How long a store keeps a live call that nobody touches: its keepAlive does, every 15 minutes."""

DECIDE_BEFORE = 2.0
"""How long before its deadline an incoming call that nothing has decided is turned down."""

LOOSE = "none-"
"""What the ids of notifications begin with that name no call: each has a record of its own."""

LOOK_AGAIN = 1.0
"""How often a call is looked at in a bot that is not started, in seconds."""

_CACHED = 4096
"""How many calls a process remembers as it last saw them, so that it need not read them again."""

_PARTS = ("state", "roster", "work")

_logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """A call as it was last read or written: the version of its record, its state and its queue."""

    version: int
    state: CallState
    work: Work


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of notifications about one call.

    Whether they were new, how many were refused, and how many came after its end.
    """

    new: bool
    refused: int = 0
    late: int = 0


@dataclass(slots=True)
class Step:
    """What a change makes of a call: its state, its queue, and parts beside these."""

    state: CallState
    work: Work
    parts: dict[str, str | None] = field(default_factory=dict[str, str | None], repr=False)

    def add(
        self,
        events: Sequence[EventData],
        item: Json,
        context: Context,
        wanted: Callable[[str], bool],
    ) -> None:
        """Queue the events of one notification that anything handles."""
        kept = [event for event in events if wanted(event.kind)]
        if not kept:
            return
        self.work = self.work.with_events([(event.kind, event.late) for event in kept])
        entries = self.work.entries[-len(kept) :]
        source = {"item": item, "context": context.to_json()}
        self.parts[source_part(entries[0].source)] = dump_json(source)
        for entry, event in zip(entries, kept, strict=True):
            self.parts[event_part(entry.number)] = dump_json(event.payload)


class _NothingAdmittedError(Exception):
    """No token spoke for any of the notifications about a call: nothing is written."""


class Engine:
    """Keeps the calls of a bot in its store.

    Every change is a compare-and-swap of one record, computed by a pure function, so that any
    process may make it. `wants` says whether the application handles a kind of events.
    """

    def __init__(
        self,
        client: AsyncCommunicationsClient,
        store: Store,
        clock: Clock,
        settings: Settings,
        *,
        app_id: str,
        callback_uri: str,
        wants: Callable[[str], bool],
    ) -> None:
        self.client = client
        self.store = store
        self.clock = clock
        self.settings = settings
        self.app_id = app_id
        self.callback_uri = callback_uri
        self.wants = wants
        self.on_change: Callable[[str, Held, float | None], None] = _nothing
        """Called after each change of this process: with the call, and when it is due next."""
        self.watching = False
        """Whether what other processes change is told to who waits for it."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self.reset()

    def enter(self) -> None:
        """Be of the running event loop: forget what belongs to another one, or to before a fork."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self.reset()
        self._loop = loop

    def reset(self) -> None:
        """Forget what belongs to an event loop."""
        self._held: OrderedDict[str, Held] = OrderedDict()
        self._signals: WeakValueDictionary[str, anyio.Event] = WeakValueDictionary()
        """What wakes those who wait for a change of a call, and is gone with them."""
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """Which let one task of this process at a time change a call; the first has it without a pause."""
        self._live: WeakValueDictionary[str, LiveCall] = WeakValueDictionary()

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        return self.clock.now().timestamp()

    # -- reading

    async def read(self, call_id: str, names: Collection[str]) -> Record | None:
        """Return parts of a call's record as the store has them; None if there is none."""
        return await self.store.read(_key(call_id), names)

    async def state(self, call_id: str) -> CallState | None:
        """Return the state of a call; None for one that is not known."""
        held = await self.held(call_id, fresh=self.store.shared)
        return held.state if held else None

    async def held(self, call_id: str, *, fresh: bool = False) -> Held | None:
        """Return a call as last seen by this process, or with ``fresh`` as the store has it.

        Raises NewerFormatError for a call that a newer version of the kit has written.
        """
        if self._loop is None or self._loop.is_closed():
            self.enter()  # the bot is not started, or not yet
        before = self._held.get(call_id)
        if before is not None and not fresh:
            self._held.move_to_end(call_id)
            return before
        if before is not None:  # and mostly is as it was: a large roster is not read for nothing
            record = await self.read(call_id, ())
            if record is not None and record.version == before.version:
                return before
        record = await self.read(call_id, _PARTS)
        known = self._held.get(call_id)
        if record is None:
            self._held.pop(call_id, None)
            return None
        if known is not None and known.version == record.version:
            return known
        if known is not None and known is not before and known.version > record.version:
            return known  # written meanwhile: a large roster is not loaded for nothing
        parts = record.parts
        large = len(parts.get("roster", "")) > LARGE
        # First the state: it knows what a newer version wrote.
        state = await run_sync(CallState.load, parts) if large else CallState.load(parts)
        work = Work.load(parts["work"]) if "work" in parts else Work()
        held = Held(record.version, state, work)
        self._note(call_id, held)
        return held

    def live(self, state: CallState) -> LiveCall:
        """Return the one LiveCall of a call in this process."""
        call = self._live.get(state.id)
        if call is None:
            call = self._live[state.id] = LiveCall(self, state)
        return call

    async def calls(self) -> AsyncIterator[LiveCall]:
        """Yield the calls that have not ended, but for those that a newer version has written."""
        async for key in self.store.live(KIND):
            try:
                held = await self.held(key.partition("/")[2], fresh=True)
            except NewerFormatError:
                continue
            if held is not None and not held.state.ended:
                call = self.live(held.state)
                await call.load()
                # What is in memory answers without a pause, and others must have their turn.
                await asyncio.sleep(0)
                yield call

    # -- changing

    async def change(self, call_id: str, make: Callable[[CallState], CallState]) -> CallState:
        """Replace the state of a call by what a pure function makes of it, and return that.

        What the function raises is raised, and nothing changed. Raises UnknownCallError.
        """

        def step(held: Held) -> Step:
            return Step(make(held.state), held.work)

        held = await self.transact(call_id, step)
        return _present(held).state

    async def begin(self, call_id: str, call: Json) -> CallState:
        """Take in the call of a response to create: notifications may have told of it before."""
        context = Context.of({}, None, self.clock.now())
        item = Notification.of_call(call_id, call, context)
        await self.accept(call_id, [item])
        return _present(await self.held(call_id)).state

    async def accept(
        self,
        call_id: str,
        items: Sequence[Notification],
        *,
        admit: Callable[[Notification, str | None], bool] = lambda item, tenant: True,
        lease: Callable[[Work], Work] = lambda work: work,
        mark: Mark | None = None,
        heavy: bool = False,
    ) -> Accepted:
        """Take in notifications about one call, in one write; they are not new if the mark exists.

        ``admit`` says of each item whether the token spoke for it, given the tenant remembered for the
        call. ``lease`` may take the lease where there are events. ``heavy`` items are worked on in a
        thread.
        """
        refused = late = 0

        def step(held: Held) -> Step:
            nonlocal refused, late
            refused = late = 0
            step = Step(held.state, held.work)
            for item in items:
                if not admit(item, step.state.tenant_id):
                    refused += 1
                    continue
                late += step.state.ended
                step.state, events = reduce(step.state, item)
                step.add(events, item.raw, item.context, self.wants)
            if refused == len(items):
                raise _NothingAdmittedError  # nobody may begin calls for another tenant
            step.state = self._scheduled(step.state)
            if step.work is not held.work:
                step.work = lease(step.work)
            return step

        try:
            held = await self.transact(call_id, step, mark=mark, heavy=heavy, new=True)
        except _NothingAdmittedError:
            return Accepted(new=True, refused=refused)
        return Accepted(held is not None, refused, late)

    async def accept_loose(
        self, item: Notification, *, lease: Callable[[Work], Work], mark: Mark | None
    ) -> Accepted:
        """Take in a notification that names no call, if anything handles those."""
        if not self.wants("unknown"):
            return Accepted(new=True)

        def step(held: Held) -> Step:
            step = Step(replace(held.state, ended_at=self.now()), held.work)
            if not held.version:
                step.add([EventData(kind="unknown")], item.raw, item.context, self.wants)
                step.work = lease(step.work)
            return step

        held = await self.transact(f"{LOOSE}{item.digest}", step, mark=mark, new=True)
        return Accepted(held is not None)

    async def apply(
        self,
        call_id: str,
        make: Callable[[CallState], Reduced],
        *,
        lease: Callable[[Work], Work],
        heavy: bool = False,
    ) -> None:
        """Change a call by something that Graph did not notify, whose events are queued.

        ``lease`` may take the lease where there are events. ``heavy`` work is done in a thread. Raises
        UnknownCallError.
        """
        context = Context.of({}, None, self.clock.now())

        def step(held: Held) -> Step:
            state, events = make(held.state)
            step = Step(state, held.work)
            step.add(events, {}, context, self.wants)
            if step.work is not held.work:
                step.work = lease(step.work)
            return step

        await self.transact(call_id, step, heavy=heavy)

    async def transact(
        self,
        call_id: str,
        make: Callable[[Held], Step],
        *,
        mark: Mark | None = None,
        heavy: bool = False,
        new: bool = False,
    ) -> Held | None:
        """Change a call by a pure function, again where another process came first.

        Returns the call afterwards; None for a duplicate by the mark. With ``new`` a call that is not
        known is begun. Raises UnknownCallError, LeaseLostError in a handler whose lease another
        process has taken over, StoreError, and what the function raises.
        """
        lock = self._locks.get(call_id)
        if lock is None:
            lock = self._locks[call_id] = asyncio.Lock()
        async with lock:
            fresh = False
            while True:
                held = await self.held(call_id, fresh=fresh)
                if held is None and new:
                    held = Held(0, CallState(id=call_id, app_id=self.app_id), Work())
                if held is None:
                    raise UnknownCallError(call_id)
                turn = TURN.get()
                try:
                    if turn is not None and turn.call_id == call_id and not turn.returned:
                        held.work.held(turn.lease)
                    step = await run_sync(make, held) if heavy else make(held)
                except Exception:
                    if fresh or not self.store.shared:
                        raise
                    fresh = True  # it was decided upon what may be out of date
                    continue
                written = await self._write(call_id, held, step, mark, heavy)
                if isinstance(written, Held):
                    return written
                if written is Outcome.DUPLICATE:
                    return None
                fresh = True

    async def _write(
        self, call_id: str, held: Held, step: Step, mark: Mark | None, heavy: bool
    ) -> Held | Outcome | None:
        """Swap the record; return the call as it is now, or why it was not written."""
        state, work = step.state, step.work
        if not (mark or step.parts or state is not held.state or work is not held.work):
            return held
        ended = state.ended and not work.entries
        if ended:
            state = state.tombstone()

        def parts() -> dict[str, str | None]:
            found = dict(step.parts)
            if state is not held.state:
                found |= state.dump(since=held.state)
            if work is not held.work:
                found["work"] = work.dump()
                found |= dict.fromkeys(work.obsolete(held.work))
            if ended:
                found |= {"data": None}
            return found

        due = self.due(state, work)
        change = Change(
            parts=await run_sync(parts) if heavy else parts(),
            expires=self._expires(state),
            due=due,
            pending=len(work.entries),
            live=not state.ended,
            mark=mark,
        )
        outcome = await self.store.swap(_key(call_id), held.version, change)
        if outcome is not Outcome.WRITTEN:
            return outcome
        if queued := len(work.entries) - len(held.work.entries):
            self.settings.on_count("queued", queued)
        written = Held(held.version + 1, state, work)
        self._note(call_id, written)
        self.on_change(call_id, written, due)
        return written

    async def remove(self, held: Held) -> None:
        """Forget a call that ended long enough ago."""
        self._held.pop(held.state.id, None)
        await self.store.remove(_key(held.state.id), held.version)

    # -- waiting

    async def wait(
        self,
        call_id: str,
        reason: str,
        found: Callable[[CallState], T | None],
        timeout: float | None,
    ) -> T:
        """Return what `found` finds in the state of a call, as soon as that is not None.

        Whichever process makes the change. The next handler of the call may start meanwhile. Raises
        CallEnded for a call that has ended or is not known, and TimeoutError after `timeout` seconds.
        """

        async def look() -> tuple[anyio.Event, T | None]:
            signal = self._signals.setdefault(call_id, anyio.Event())
            held = await self.held(call_id, fresh=self.store.shared)
            answer = found(held.state) if held else None
            if answer is None and (held is None or held.state.ended):
                raise CallEnded(call_id, held.state if held else None)
            return signal, answer

        async def wait(signal: anyio.Event) -> T:
            answer = None
            while answer is None:
                with suppress(TimeoutError):
                    await within(self.clock, self._pause(), signal.wait)
                signal, answer = await look()
            return answer

        with letting_others_start(f"{reason} of call {call_id}"):
            signal, answer = await look()  # it may be there, however little time is given
            if answer is None:
                answer = await within(self.clock, timeout, partial(wait, signal))
            return answer

    def _pause(self) -> float | None:
        """Return how long to wait until a call is looked at again that nobody tells about; None for ever."""
        return LOOK_AGAIN if self.store.shared and not self.watching else None

    async def changed_elsewhere(self, call_id: str) -> None:
        """Take in what another process may have changed of a call, if anything here looks at it."""
        if call_id in self._live:
            # Who waits for the call will read it too, and be told.
            with suppress(StoreError, NewerFormatError):
                await self.held(call_id, fresh=True)
        self._wake(call_id)

    def watched(self) -> set[str]:
        """Return the ids of the calls that anything here looks at."""
        return {*self._live, *self._signals}

    def _wake(self, call_id: str) -> None:
        """Let those who wait for changes of a call look again."""
        if signal := self._signals.pop(call_id, None):
            signal.set()

    def _note(self, call_id: str, held: Held) -> None:
        known = self._held.get(call_id)
        if known is not None and known.version > held.version:
            return
        self._held[call_id] = held
        self._held.move_to_end(call_id)
        if len(self._held) > _CACHED:
            self._held.popitem(last=False)
        if call := self._live.get(call_id):
            call.refresh(held.state)
        if known is None or known.state is not held.state:
            self._wake(call_id)

    # -- the data of the application

    async def read_data(self, call_id: str) -> tuple[int, Json]:
        """Return the version of a call's data, and the data: a JSON object."""
        record = await self.read(call_id, ("data",))
        return _data(record.parts.get("data")) if record else (0, {})

    async def write_data(self, call_id: str, version: int, data: Json) -> int:
        """Replace a call's data if it still has that version; return the next one.

        Raises DataConflict where somebody else has written it since; TypeError for what is not JSON.
        """
        text = json.dumps({"version": version + 1, "value": data}, allow_nan=False)
        while True:
            held = await self.held(call_id, fresh=self.store.shared)
            record = await self.read(call_id, ("data",))
            if held is None or record is None:
                raise UnknownCallError(call_id)
            if _data(record.parts.get("data"))[0] != version:
                raise DataConflict(call_id)
            if record.version != held.version:
                continue
            try:
                # The version of the record guards the data too: whoever writes it changes that.
                await self.transact(call_id, _with_data(text, held.version))
            except _MovedOn:
                continue
            return version + 1

    # -- when somebody must look at a call again

    def due(self, state: CallState, work: Work) -> float | None:
        """Return when somebody has to look at a call next."""
        if work.entries:
            times = [work.lease.until if work.lease else self.now()]
        elif state.ended:
            times = [state.ended_at + self.settings.tombstone] if state.ended_at else []
        else:
            times = []
        if not state.ended:
            if state.roster_due is not None:
                times.append(state.roster_due)
            if state.keep_alive_due is not None:
                times.append(state.keep_alive_due)
            if (decide := self.decide_at(state)) is not None:
                times.append(decide)
        return min(times, default=None)

    def decide_at(self, state: CallState) -> float | None:
        """Return when an incoming call is turned down unless something decides it before."""
        if self.settings.undecided is None or not state.undecided or state.deadline is None:
            return None
        return state.deadline - DECIDE_BEFORE

    def _scheduled(self, state: CallState) -> CallState:
        """Return the state with its deadline and its first keepAlive."""
        if state.ended:
            return state
        if state.keep_alive_due is None:
            state = replace(state, keep_alive_due=self.now() + self.settings.keep_alive)
        if state.undecided and state.deadline is None:
            recording = bool(state.call.get("botData"))
            settings = self.settings
            allowed = settings.answer_recording_within if recording else settings.answer_within
            state = replace(state, deadline=state.first_seen + allowed)
        return state

    def _expires(self, state: CallState) -> float:
        if state.ended_at is not None:
            return state.ended_at + 2 * self.settings.tombstone
        return self.now() + KEPT_LIVE


class _MovedOn(Exception):  # noqa: N818 - never leaves this module
    """The record changed between reading the data and writing it."""


def _with_data(text: str, version: int) -> Callable[[Held], Step]:
    def step(held: Held) -> Step:
        if held.version != version:
            raise _MovedOn
        return Step(held.state, held.work, {"data": text})

    return step


def _data(text: str | None) -> tuple[int, Json]:
    if text is None:
        return 0, {}
    stored = json.loads(text)
    return stored["version"], stored["value"]


def _present(held: Held | None) -> Held:
    assert held is not None  # only a mark makes a change a duplicate
    return held


def _nothing(call_id: str, held: Held, due: float | None) -> None:
    """Nothing follows a change yet."""


def _key(call_id: str) -> str:
    return f"{KIND}/{call_id}"
