"""What runs in a process between notifications: handlers, deadlines, keepAlives, and their end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from urllib.parse import quote
from uuid import uuid4

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup

from .._runtime.errors import GraphError, NotFoundError
from ..models import Participant
from .engine import KIND, Engine, Held, Step
from .errors import AlreadyDecided, CallEnded, UnknownCallError
from .formats import NewerFormatError
from .invoking import Invoker
from .json_values import Json, list_of, object_of, text_of
from .lanes import RETRY, Lane
from .reduction import Reduced, synthesize_end, take_roster
from .state import TOO_LATE, CallState
from .store import StoreError, kind_of
from .telemetry import follow, get_logger
from .waiting import within
from .work import Work

POLL = 1.0
"""How often a process looks for what another one has left undone, in seconds."""

SHORTEST = 0.001
"""The shortest pause, in seconds: a clock may tell the time less exactly than a time is stored."""

BATCH = 100
"""How many calls are looked after at a time."""

KEEP_ALIVE_AGAIN = 60.0
"""When a keepAlive that failed is tried again, in seconds."""

ROSTER_AGAIN = 60.0
"""When a roster that could not be read is asked for again, in seconds."""

MANY = 100
"""How many participants keep the event loop busy for a while, so that a thread compares them."""

_logger = get_logger(__name__)


class Runner:
    """Runs the handlers of calls and does what is due, from `start` to `stop`."""

    def __init__(self, engine: Engine, invoker: Invoker) -> None:
        self._engine = engine
        self._invoker = invoker
        self._main: asyncio.Task[None] | None = None
        self._owner = ""
        self._closing = False
        self._by_itself = False

    @property
    def running(self) -> bool:
        """Whether handlers run in this process by themselves."""
        return self._main is not None and self._by_itself and not self._closing

    @property
    def closing(self) -> bool:
        """Whether the bot takes no more work."""
        return self._closing

    async def start(self, *, by_itself: bool = True) -> None:
        """Begin to run handlers, and with ``by_itself`` what is due. Raises StoreError."""
        engine = self._engine
        engine.enter()
        await engine.store.open()
        self._cursor, _ = await engine.store.changes(None)
        self._by_itself = by_itself
        self._closing = False
        self._owner = uuid4().hex
        self._lanes: dict[str, Lane] = {}
        self._not_before: dict[str, float] = {}
        self._tending: set[str] = set()
        self._alarm = anyio.Event()
        self._asleep_until = float("inf")
        self._stop = anyio.Event()
        self._ended = anyio.Event()
        engine.on_change = self._changed
        ready = asyncio.Event()
        self._main = asyncio.create_task(self._run(ready), name="graph-comms-bot")
        await ready.wait()

    async def stop(self) -> None:
        """Let handlers finish for a while, cancel what has not, and hand back the leases."""
        main, self._main = self._main, None
        if main is None:
            return
        self._closing = True
        for lane in self._lanes.values():
            lane.wake()
        with suppress(TimeoutError):
            await within(self._engine.clock, self._engine.settings.grace, self.finished)
        self._stop.set()
        await main
        await self._log_lost()
        await self._engine.store.close()

    async def _log_lost(self) -> None:
        """Say what is gone with this process, if no other one has it too."""
        store = self._engine.store
        if store.shared:
            return
        calls = [key async for key in store.live(KIND)]
        events = await store.pending(KIND)
        if calls or events:
            message = (
                "the bot stopped: %d live calls and %d events that wait are lost with its memory"
            )
            _logger.warning(message, len(calls), events)

    async def finished(self) -> None:
        """Wait until no handler runs and nothing is being done."""
        while self._lanes or self._tending:
            await self._something_ended()

    async def _something_ended(self) -> None:
        """Wait until the handlers of a call, or something else that is being done, have ended."""
        if self._lanes or self._tending:
            await self._ended.wait()

    def _note_end(self) -> None:
        """Wake all who wait for something to end, and look at once for what is due by that."""
        ended, self._ended = self._ended, anyio.Event()
        ended.set()
        self._alarm.set()

    # -- taking work

    def taking(self) -> Callable[[Work], Work]:
        """Return what takes the lease of a call that has events, if this process runs handlers."""
        if not self.running:
            return lambda work: work
        engine = self._engine

        def take(work: Work) -> Work:
            now = engine.now()
            if work.free(now) and work.entries:
                return work.leased(self._owner, now + engine.settings.lease)
            return work

        return take

    def _changed(self, call_id: str, held: Held, due: float | None) -> None:
        """Run the handlers of a call whose lease was just taken, and wake whoever it concerns."""
        lease, lane = held.work.lease, self._lanes.get(call_id)
        if lane:
            lane.wake()
        ours = lease is not None and lease.owner == self._owner
        # A lane with another lease is at its end: it has given that back.
        if ours and lease and not self._closing and not (lane and lane.lease == lease.number):
            self._run_lane(held.state, lease.number)
        if due is not None and due < self._asleep_until:
            self._alarm.set()

    def _run_lane(self, state: CallState, lease: int) -> None:
        call_id = state.id
        lane = Lane(self._engine, self._invoker, state, lease, self._handing_over)
        self._lanes[call_id] = lane

        async def run() -> None:
            try:
                await lane.run()
            finally:
                if self._lanes.get(call_id) is lane:
                    del self._lanes[call_id]
                self._note_end()

        self._tasks.start_soon(self._safely, "running handlers", run)

    def _handing_over(self) -> bool:
        """Whether events that have not started are left to other processes."""
        return self._closing and self._engine.store.shared

    # -- the tasks

    async def _run(self, ready: asyncio.Event) -> None:
        async with anyio.create_task_group() as tasks:
            self._tasks: TaskGroup = tasks
            if self._by_itself:
                tasks.start_soon(self._repeatedly, "looking for what is due", self._do_due)
            if self._engine.store.shared:
                tasks.start_soon(self._repeatedly, "watching the store", self._watch)
            self._engine.watching = True
            ready.set()
            await self._stop.wait()
            self._engine.watching = False
            tasks.cancel_scope.cancel()

    async def _repeatedly(self, doing: str, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            if not await self._safely(doing, step):
                await self._engine.clock.sleep(RETRY)
            # What is in memory answers without a pause, and others must have their turn.
            await anyio.lowlevel.checkpoint()

    async def _safely(self, doing: str, step: Callable[[], Awaitable[None]]) -> bool:
        """Do something whose failure is logged and stops nothing else; return whether it succeeded."""
        try:
            await step()
        except StoreError as error:
            _logger.error("the store failed while %s: %s", doing, error)
            return False
        except Exception:
            _logger.exception("%s failed", doing)
            return False
        return True

    async def _watch(self) -> None:
        """Wait for what other processes change, and wake those whom it concerns."""
        self._cursor, keys = await self._engine.store.changes(self._cursor)
        if keys is None:
            changed = self._engine.watched() | self._lanes.keys()
        else:
            changed = {key.partition("/")[2] for key in keys if kind_of(key) == KIND}
        for call_id in changed:
            await self._engine.changed_elsewhere(call_id)
            if lane := self._lanes.get(call_id):
                lane.wake()

    async def _do_due(self) -> None:
        """Do what is due, and wait until something else is."""
        engine, now = self._engine, self._engine.now()
        self._alarm = anyio.Event()
        self._asleep_until = float("-inf")
        if await self._tend_due(now, BATCH):
            return
        self._asleep_until = float("inf")  # from here on the store may not yet tell of a change
        due = await engine.store.next_due(KIND)
        if due is not None and due <= now:
            due = now + POLL  # it is being looked after, or waits until it is tried again
        if engine.store.shared:
            due = min(now + POLL, due or now + POLL)
        pause = None if due is None else due - engine.now()
        if pause is not None and pause <= 0:
            return  # its time has come meanwhile
        self._asleep_until = float("inf") if due is None else due
        with suppress(TimeoutError):
            await within(engine.clock, pause and max(pause, SHORTEST), self._alarm.wait)

    async def run_due(self, limit: int) -> int:
        """Do what is due, of so many calls at most, with their handlers; return of how many."""
        done = 0
        while True:
            begun = await self._tend_due(self._engine.now(), limit - done) if done < limit else 0
            done += begun
            if not (begun or self._lanes or self._tending):
                return done
            # A handler may wait for long, and others of other calls must not wait for it.
            with suppress(TimeoutError):
                await within(self._engine.clock, POLL, self._something_ended)

    async def _tend_due(self, now: float, limit: int) -> int:
        """Begin to look after calls that are due; return how many."""
        engine = self._engine
        self._not_before = {key: at for key, at in self._not_before.items() if at > now}
        skipped = len(self._not_before) + len(self._tending)
        begun = 0
        for key in await engine.store.due(KIND, now, limit + skipped):
            call_id = key.partition("/")[2]
            if call_id not in self._tending and call_id not in self._not_before:
                self._tending.add(call_id)
                self._tasks.start_soon(self._tend, call_id)
                begun += 1
        return begun

    async def _tend(self, call_id: str) -> None:
        follow(call_id)

        async def look_after() -> None:
            await self._look_after(call_id)

        try:
            if not await self._safely(f"looking after call {call_id}", look_after):
                self._not_before[call_id] = self._engine.now() + RETRY
        finally:
            self._tending.discard(call_id)
            self._note_end()

    # -- one call

    async def _look_after(self, call_id: str) -> None:
        """Do the first thing that is due for a call; it is due again at once if there is another."""
        engine = self._engine
        try:
            held = await engine.held(call_id, fresh=True)
        except NewerFormatError:
            _logger.warning("call %s was written by a newer version: it is left alone", call_id)
            self._not_before[call_id] = engine.now() + 60 * RETRY
            return
        if held is None:
            return
        state, now = held.state, engine.now()
        follow(call_id, state.context)
        decide_at = engine.decide_at(state)
        if decide_at is not None and decide_at <= now:
            await self._turn_down(held)
        elif not state.ended and state.keep_alive_due is not None and state.keep_alive_due <= now:
            await self._keep_alive(held)
        elif not state.ended and state.roster_due is not None and state.roster_due <= now:
            await self._fill_gap(call_id, state.roster_gap or 0)
        elif held.work.entries and self._closing:
            self._not_before[call_id] = (
                now + RETRY
            )  # left to another process, or lost with this one
        elif held.work.entries:
            await self._take(call_id)
        elif state.ended:
            await engine.remove(held)

    async def _take(self, call_id: str) -> None:
        """Take the lease of a call whose events nobody handles, or renew our own."""
        engine = self._engine

        def step(held: Held) -> Step:
            work, now = held.work, engine.now()
            ours = work.lease is not None and work.lease.owner == self._owner
            until = now + engine.settings.lease
            if ours and work.lease is not None and call_id in self._lanes:
                work = work.renewed(work.lease.number, until)
            elif work.entries and (ours or work.free(now)) and not self._closing:
                work = work.leased(self._owner, until)
            return Step(held.state, work)

        await engine.transact(call_id, step)

    async def _turn_down(self, held: Held) -> None:
        """Reject an incoming call that nothing has decided, if there still is time for that."""
        if (held.state.deadline or 0.0) <= self._engine.now():
            await self._give_up(held.state.id)
            return
        reason = self._engine.settings.undecided
        assert reason is not None  # or it would not be due
        call = self._engine.live(held.state)
        _logger.warning(
            "call %s was not decided in time and is rejected as %s; without an answer the platform "
            "ends it with sub-code 8587",
            call.id,
            reason.value,
        )
        try:
            await call.reject(reason)
        except (AlreadyDecided, CallEnded, UnknownCallError):
            return
        except (GraphError, TimeoutError) as error:
            _logger.warning("call %s could not be rejected: %s", call.id, type(error).__name__)

    async def _give_up(self, call_id: str) -> None:
        """Note that an incoming call can no longer be decided, and ask Graph whether it has ended."""
        now = self._engine.now()

        def too_late(state: CallState) -> CallState:
            if not state.undecided:
                return state
            return replace(state, decided=TOO_LATE, keep_alive_due=now)

        await self._engine.change(call_id, too_late)
        _logger.warning("call %s was not decided in time, and no longer can be", call_id)

    async def _keep_alive(self, held: Held) -> None:
        """Tell Graph that the bot still cares for a call; a call that Graph does not know has ended."""
        engine, call_id = self._engine, held.state.id
        due = held.state.keep_alive_due

        def claim(held: Held) -> Step:
            if held.state.ended or held.state.keep_alive_due != due:
                raise CallEnded(call_id, held.state)  # another process was first
            return Step(
                replace(held.state, keep_alive_due=engine.now() + KEEP_ALIVE_AGAIN), held.work
            )

        try:
            await engine.transact(call_id, claim)
        except CallEnded:
            return
        try:
            await engine.client.calls.keep_alive(call_id)
        except NotFoundError:
            await self._end(call_id)
            return
        except Exception as error:  # a GraphError, or what the credential raises
            _logger.warning("keepAlive of call %s failed: %s", call_id, type(error).__name__)
            return
        pause = engine.settings.keep_alive * (1 - random.random() / 15)  # noqa: S311 - no secret
        await engine.change(
            call_id, lambda state: replace(state, keep_alive_due=engine.now() + pause)
        )

    async def _fill_gap(self, call_id: str, gap: int) -> None:
        """Ask for the whole roster where a change of it is missing."""
        engine = self._engine
        try:
            participants = await self._participants(call_id)
        except Exception as error:  # a GraphError, or what the credential raises
            _logger.warning(
                "the roster of call %s could not be read: %s", call_id, type(error).__name__
            )
            again = engine.now() + ROSTER_AGAIN
            await engine.change(call_id, lambda state: replace(state, roster_due=again))
            return

        def take_in(state: CallState) -> Reduced:
            if state.roster_gap is None or state.ended:
                return state, ()
            return take_roster(state, participants, gap)

        heavy = len(participants) > MANY
        await engine.apply(call_id, take_in, lease=self.taking(), heavy=heavy)

    async def _participants(self, call_id: str) -> list[Json]:
        """Ask for the participants, as JSON: models of a thousand would keep the event loop busy."""
        client = self._engine.client
        path = f"/communications/calls/{quote(call_id, safe='')}/participants"
        page = object_of(await client.request("GET", path))
        participants = list_of(page.get("value"))
        if link := text_of(page.get("@odata.nextLink")):
            more = await client.follow(link, Participant)
            participants += [participant.to_dict() async for participant in more]
        return participants

    async def _end(self, call_id: str) -> None:
        """End a call whose end Graph did not report."""
        engine = self._engine
        await engine.apply(
            call_id, lambda state: synthesize_end(state, engine.now()), lease=self.taking()
        )
