"""Change notifications: the endpoint, the subscriptions behind it, and the handlers of an application."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Self

import anyio
from anyio.abc import TaskGroup

from ..._runtime.async_client import AsyncClientBase
from ..adapters import Served
from ..adapters.service import LoopThread
from ..authentication import RefusalLog
from ..clock import Clock, SystemClock
from ..handlers import H, Handlers
from ..memory import MemoryStore
from ..reply import Reply, out_of_reach, unavailable
from ..settings import check_options, counting
from ..store import Store, StoreError
from ..telemetry import get_logger
from ..waiting import LoopLock, within
from .decorators import ChangeDecorator, MissedDecorator
from .encryption import EncryptionCertificate
from .endpoint import ChangeEndpoint
from .events import Failure
from .inbox import KIND, Claim, Inbox
from .subscriptions import Subscriptions
from .tokens import Publisher
from .working import Worker

_logger = get_logger(__name__)

_POLL = 1.0
"""How often a process looks for what another one has left, in seconds."""
_LOOK = 60.0
"""How often it looks for subscriptions that were created meanwhile, in seconds."""
_RETRY = 5.0
"""How long a process waits after its store has failed, in seconds."""
_AT_ONCE = 20
"""How many items are handled at a time."""


class Changes(Served):
    """Receives change notifications and keeps subscriptions alive.

    Source: https://learn.microsoft.com/graph/change-notifications-overview

    Args:
        client: Sends the requests about subscriptions and resources.
        app_id: The id of the application: the audience of validation tokens.
        store: Where subscriptions and notifications are kept. MemoryStore, for one process, unless given.
        notification_url: Where Graph reaches this endpoint, unless a subscription says otherwise.
        lifecycle_notification_url: The same for lifecycle notifications, if it is another address.
        certificates: What resources may be encrypted for. The first is used for new subscriptions; keep
            the one before it until no subscription uses it any more.
        publisher: Who signs validation tokens.
        clock: The time; a test or a simulation gives its own.
        chance: Returns numbers from 0 up to 1, which spread renewals.
        handler_timeout: After how many seconds a handler no longer keeps others waiting.
        threads: How many `def` handlers run at a time.
        max_body: The largest body that is read, in bytes.
        grace: How long handlers may run on when this stops, in seconds.
        lease: How long an item stays with a process that shows no sign of life, in seconds.
        on_count: Called with the name of a counter and a number to add: `received`, `duplicate`,
            `dropped` (items that prove nothing), `refused` (requests), `failed` (handlers, renewals).

    """

    def __init__(
        self,
        client: AsyncClientBase,
        *,
        app_id: str,
        store: Store | None = None,
        notification_url: str | None = None,
        lifecycle_notification_url: str | None = None,
        certificates: Sequence[EncryptionCertificate] = (),
        publisher: Publisher = Publisher.GLOBAL,
        clock: Clock | None = None,
        chance: Callable[[], float] = random.random,
        handler_timeout: float = 60.0,
        threads: int = 200,
        max_body: int = 16 * 1024 * 1024,
        grace: float = 20.0,
        lease: float = 30.0,
        on_count: Callable[[str, int], object] | None = None,
    ) -> None:
        super().__init__(LoopThread(self))
        check_options(
            store=store,
            handler_timeout=handler_timeout,
            threads=threads,
            max_body=max_body,
            grace=grace,
            lease=lease,
        )
        self._clock = clock or SystemClock()
        self._store = store or MemoryStore(clock=self._clock)
        self._grace = grace
        self._count = counting(on_count)
        self._drops = RefusalLog("dropped a change notification", "dropped %d change notifications")
        self._handlers = Handlers()
        self._inbox = Inbox(self._store, self._clock, lease=lease)
        self.subscriptions = Subscriptions(
            client,
            self._store,
            notification_url=notification_url,
            lifecycle_notification_url=lifecycle_notification_url,
            certificates=certificates,
            clock=self._clock,
            chance=chance,
            on_failure=self._report,
        )
        """The subscriptions, to create and delete."""
        self._endpoint = ChangeEndpoint(
            self.subscriptions,
            self._inbox,
            max_body=max_body,
            on_count=self._count,
            on_dropped=self._dropped,
            on_accepted=self._wake,
        )
        self._worker = Worker(
            client,
            self._inbox,
            self.subscriptions,
            self._handlers,
            app_id=app_id,
            publisher=publisher,
            certificates={one.id: one for one in certificates},
            clock=self._clock,
            lease=lease,
            handler_timeout=handler_timeout,
            threads=threads,
            on_count=self._count,
            on_dropped=self._dropped,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting = LoopLock()
        self._warned = False
        self._invocations = 0
        self._main: asyncio.Task[None] | None = None
        self._closing = False

        self.created = ChangeDecorator(self._handlers, "created")
        """A resource is new."""
        self.updated = ChangeDecorator(self._handlers, "updated")
        """A resource has changed."""
        self.deleted = ChangeDecorator(self._handlers, "deleted")
        """A resource is gone."""
        self.missed = MissedDecorator(self._handlers)
        """Notifications may be missing: read the resource again."""

    def any(self, handler: H) -> H:
        """Register a handler of every `Change` and `Missed`, and return it."""
        return self._handlers.add("any", handler)

    def error(self, handler: H) -> H:
        """Register a handler of every `Failure`, and return it."""
        return self._handlers.add("error", handler)

    # -- the server's side

    async def handle(
        self,
        method: str,
        headers: Mapping[str, str],
        query: str,
        body: bytes | AsyncIterable[bytes],
    ) -> Reply:
        """Return the answer to a request to the notification URL, before any handler has begun.

        Header names are in any case. Never raises for anything in the request; starts this with a
        warning if it was not started.
        """
        reply = await self._answer(method, headers, query, body)
        if reply.refused:
            self._count("refused", 1)
        return reply

    async def _answer(
        self,
        method: str,
        headers: Mapping[str, str],
        query: str,
        body: bytes | AsyncIterable[bytes],
    ) -> Reply:
        if self._closing:
            return unavailable()
        if self._loop is not asyncio.get_running_loop():
            try:
                await self._start_late()
            except StoreError as error:
                return out_of_reach(error)
        return await self._endpoint.handle(method, headers, query, body)

    async def _start_late(self) -> None:
        if self._loop is None and not self._warned:
            self._warned = True
            _logger.warning("change notifications were not started: use `async with`, or start()")
        await self.start()

    @property
    def store(self) -> Store:
        """Where subscriptions and notifications are kept."""
        return self._store

    async def start(self, *, by_itself: bool = True) -> None:
        """Begin to answer in this event loop; again without effect. Raises StoreError.

        If ``by_itself``, notifications are handled and subscriptions renewed from now on; otherwise
        `run_due` has to be called.
        """
        async with self._starting():
            loop = asyncio.get_running_loop()
            if self._loop is loop:
                return
            await self._store.open()
            self._alarm = anyio.Event()
            self._renewal = anyio.Event()
            self._ended = anyio.Event()
            self._stopped = anyio.Event()
            self._busy = 0
            self._running = 0
            self._main = None
            if by_itself:
                self._main = asyncio.create_task(self._run(), name="graph-comms-changes")
            self._loop = loop
            self._closing = False

    async def stop(self, *, close_store: bool = True) -> None:
        """Refuse notifications from now on, let handlers finish for `grace` seconds, and cancel the others.

        What was not handled stays in the store, which is closed unless something else uses it. Without
        effect where this was not started.
        """
        async with self._starting():
            if self._loop is not asyncio.get_running_loop():
                return
            self._closing = True
            try:
                if self._main is not None:
                    with suppress(TimeoutError):
                        await within(self._clock, self._grace, self._idle)
                    self._stopped.set()
                    await self._main
                    await self._warn_of_loss()
                if close_store:
                    await self._store.close()
            finally:
                self._loop = None

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Stop."""
        await self.stop()

    @asynccontextmanager
    async def invocation(self) -> AsyncGenerator[None]:
        """Answer in this event loop, where nothing runs between requests. Raises StoreError."""
        self._invocations += 1
        try:
            await self.start(by_itself=False)
            yield
        finally:
            self._invocations -= 1
            if not self._invocations:  # a platform may have several at a time
                await self.stop()

    async def run_due(self, limit: int = 100) -> int:
        """Handle notifications and renew subscriptions that are due, so many at most; return how many.

        For servers where nothing runs between requests. Raises StoreError.
        """
        if self._loop is asyncio.get_running_loop():
            return await self._run_due(limit)
        async with self.invocation():
            return await self._run_due(limit)

    async def _run_due(self, limit: int) -> int:
        done = 0
        while done < limit:
            renewed = await self.subscriptions.run_due(limit - done)
            claims = await self._inbox.claim(min(_AT_ONCE, limit - done - renewed))
            async with anyio.create_task_group() as group:
                for claim in claims:
                    self._begin(group, claim)
            if not claims and not renewed:
                break
            done += len(claims) + renewed
        return done

    # -- what runs from start to stop

    async def _run(self) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(self._repeatedly, self._handle_due, group)
            group.start_soon(self._repeatedly, self._renew_due)
            await self._stopped.wait()
            group.cancel_scope.cancel()

    async def _repeatedly(self, step: Callable[..., Awaitable[None]], *arguments: object) -> None:
        while True:
            try:
                await step(*arguments)
            except StoreError as error:
                _logger.error("the store of change notifications failed: %s", error)
                await self._clock.sleep(_RETRY)
            except Exception:
                _logger.exception("handling change notifications failed")
                await self._clock.sleep(_RETRY)

    async def _handle_due(self, group: TaskGroup) -> None:
        """Begin to handle what is due, or wait until something is."""
        free = _AT_ONCE - self._busy
        self._alarm = anyio.Event()
        if free <= 0 or self._closing:
            await self._alarm.wait()
            return
        claims = await self._inbox.claim(free)
        for claim in claims:
            self._begin(group, claim)
        if not claims:
            await self._until(await self._inbox.next_due(), self._alarm)

    def _begin(self, group: TaskGroup, claim: Claim) -> None:
        self._busy += 1
        self._running += 1
        group.start_soon(self._work, claim)

    async def _work(self, claim: Claim) -> None:
        """Handle an item in one of the places, which it leaves to others if it takes long."""
        released = False

        def release() -> None:
            nonlocal released
            self._busy -= not released
            released = True
            self._wake()

        try:
            await self._worker.work(claim, release)
        except StoreError as error:
            _logger.error("a change notification cannot be acknowledged: %s", error)
        finally:
            release()
            self._running -= 1
            self._ended.set()
            self._wake()

    async def _renew_due(self) -> None:
        """Create and renew subscriptions that are due, or wait until some are."""
        self._renewal = anyio.Event()
        if await self.subscriptions.run_due(_AT_ONCE):
            self._alarm.set()  # a gap may be among what is to be handled
        else:
            due = await self.subscriptions.next_due()
            soon = self._clock.now().timestamp() + _LOOK
            await self._until(soon if due is None else min(due, soon), self._renewal)

    async def _until(self, due: float | None, alarm: anyio.Event) -> None:
        """Wait until a time, or until the alarm; not long where other processes may leave something."""
        seconds = None if due is None else due - self._clock.now().timestamp()
        if seconds is not None and seconds <= 0:
            seconds = _POLL  # somebody else is at it
        if self._store.shared:
            seconds = min(_POLL, _POLL if seconds is None else seconds)
        with suppress(TimeoutError):
            await within(self._clock, seconds, alarm.wait)

    async def _idle(self) -> None:
        """Wait until no handler runs."""
        while self._running:
            self._ended = anyio.Event()
            await self._ended.wait()

    async def _warn_of_loss(self) -> None:
        """Say what is lost with the memory of the process."""
        if not self._store.shared and (left := await self._store.pending(KIND)):
            _logger.warning("%d change notifications were not handled and are lost", left)

    def _wake(self) -> None:
        """Look at once for what is due."""
        if self._loop is not None:
            self._alarm.set()
            self._renewal.set()

    def _dropped(self, reason: Exception) -> None:
        self._count("dropped", 1)
        self._drops.add(reason)

    async def _report(self, failure: Failure) -> None:
        await self._worker.report(failure)
