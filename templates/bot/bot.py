"""A calling bot: what an application registers its handlers with, and what answers Graph."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Generic, Never, Self, TypeVar, overload

from .._runtime.async_client import AsyncClientBase
from .._runtime.behaviours import normal_id
from ..client import AsyncCommunicationsClient
from ..models import Call, CommsOperation, ParticipantJoiningResponse, RejectReason
from .adapters import Served
from .adapters.service import LoopThread
from .changes import Changes, EncryptionCertificate, Publisher
from .clock import Clock, ReplaceableClock, SystemClock
from .creating import create, join
from .engine import Engine
from .handlers import Filter, H, Handlers
from .invoking import Invoker
from .joining import Joining
from .keys import is_secure
from .live import LiveCall
from .meeting_link import MeetingLink
from .memory import MemoryStore
from .reply import Reply, out_of_reach, unavailable
from .runner import Runner
from .settings import Settings, check_options, counting
from .store import Store, StoreError
from .telemetry import get_logger
from .trust import Trust
from .waiting import LoopLock
from .webhook import Webhook

A = TypeVar("A")

_logger = get_logger(__name__)


class Decorator(Generic[A]):
    """Registers handlers of one kind of event: bare, `@bot.tone`, or with filters, `@bot.tone("1")`.

    A handler takes one positional argument and is returned as it is; raises TypeError for another
    one. With filters it gets the events to which any of them applies.
    """

    def __init__(
        self, handlers: Handlers, kind: str, applies: Callable[[A, Any], bool] | None = None
    ) -> None:
        self._handlers = handlers
        self._kind = kind
        self._applies = applies

    @overload
    def __call__(self, handler: H, /) -> H: ...

    @overload
    def __call__(self, *filters: A) -> Callable[[H], H]: ...

    def __call__(self, *arguments: Any) -> Any:
        """Register a handler, or return what registers it."""
        if len(arguments) == 1 and callable(arguments[0]) and not isinstance(arguments[0], type):
            return self._handlers.add(self._kind, arguments[0])
        accepts = self._filter(arguments)

        def register(handler: H) -> H:
            return self._handlers.add(self._kind, handler, accepts)

        return register

    def _filter(self, filters: tuple[A, ...]) -> Filter | None:
        if not filters:
            return None
        applies = self._applies
        if applies is None:
            raise TypeError(f"handlers of {self._kind} have no filters")
        return lambda event: any(applies(each, event) for each in filters)


class Bot(Served):
    """A bot that Graph posts notifications to: register handlers, and give its adapter to a server.

    Args:
        client: Sends the requests about calls.
        app_id: The id of the bot's application: the audience of the tokens that are posted.
        callback_uri: Where Graph reaches the bot; filled in where a call is created or answered.
        trust: Whose tokens are accepted. No setting accepts requests without a token.
        store: Where calls are kept. MemoryStore, for one process, unless given.
        clock: The time; a test or a simulation gives its own.
        notification_url: Where Graph reaches `bot.changes`.
        lifecycle_notification_url: The same for lifecycle notifications, if it is another address.
        certificates: What resources in change notifications are encrypted for, the newest first.
        publisher: Who signs the validation tokens that come with such resources.
        answer_within: How long an incoming call may wait for a decision, in seconds.
        answer_recording_within: The same for a call that a policy has recorded.
        undecided: Why an incoming call is rejected that nothing has decided two seconds before that;
            None leaves it alone.
        legacy_status: The status that answers notifications of the format before Graph's.
        join_response: What a participant who joins is answered with unless a handler decides.
        join_within: How long such a handler may take, in seconds.
        keep_alive: How often Graph is told that the bot still cares for a call, in seconds.
        handler_timeout: After how many seconds a handler no longer keeps the next one waiting.
        threads: How many `def` handlers run at a time.
        queue: How many events may wait for their handlers before notifications are refused with 503.
        max_body: The largest notification that is read, in bytes.
        grace: How long handlers may run on when the bot stops, in seconds.
        lease: How long a call stays with a process that shows no sign of life, in seconds.
        tombstone: How long the end of a call is remembered, in seconds.
        on_count: Called with the name of a counter and a number to add: `received`, `duplicate`, `late`
            and `dropped` notifications, `refused` requests, `failed` handlers, and `queued` events. Of
            the last, the sum over all processes is how many wait or are being handled.

    Raises TypeError for a client that is not asynchronous, TypeError or ValueError for an option that
    cannot be right, by its name.
    Source: https://learn.microsoft.com/microsoftteams/platform/bots/calls-and-meetings/call-notifications

    """

    def __init__(
        self,
        client: AsyncCommunicationsClient,
        *,
        app_id: str,
        callback_uri: str,
        trust: Trust = Trust.GLOBAL,
        store: Store | None = None,
        clock: Clock | None = None,
        notification_url: str | None = None,
        lifecycle_notification_url: str | None = None,
        certificates: Sequence[EncryptionCertificate] = (),
        publisher: Publisher = Publisher.GLOBAL,
        answer_within: float = 15.0,
        answer_recording_within: float = 5.0,
        undecided: RejectReason | None = RejectReason.BUSY,
        legacy_status: int = 204,
        join_response: ParticipantJoiningResponse | None = None,
        join_within: float = 3.0,
        keep_alive: float = 900.0,
        handler_timeout: float = 60.0,
        threads: int = 200,
        queue: int = 10_000,
        max_body: int = 16 * 1024 * 1024,
        grace: float = 20.0,
        lease: float = 30.0,
        tombstone: float = 24 * 3600.0,
        on_count: Callable[[str, int], None] | None = None,
    ) -> None:
        super().__init__(LoopThread(self))
        _check_client(client)
        check_options(trust=trust, store=store)
        if not (isinstance(app_id, str) and app_id):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError("app_id is the id of the bot's application, as text")
        settings = Settings(
            answer_within=answer_within,
            answer_recording_within=answer_recording_within,
            undecided=undecided,
            legacy_status=legacy_status,
            join_response=join_response,
            join_within=join_within,
            keep_alive=keep_alive,
            handler_timeout=handler_timeout,
            threads=threads,
            queue=queue,
            max_body=max_body,
            grace=grace,
            lease=lease,
            tombstone=tombstone,
            on_count=counting(on_count),
        )
        self._clock = ReplaceableClock(clock or SystemClock())
        self._handlers = handlers = Handlers()
        self.engine = Engine(
            client,
            store or MemoryStore(clock=self._clock),
            self._clock,
            settings,
            app_id=app_id,
            callback_uri=_checked_uri(callback_uri),
            wants=handlers.wants,
        )
        invoker = Invoker(handlers, settings)
        self._runner = Runner(self.engine, invoker)
        self._webhook = Webhook(self.engine, self._runner, Joining(self.engine, invoker), trust)
        self._make_changes = partial(
            Changes,
            client,
            app_id=app_id,
            store=self.engine.store,
            notification_url=notification_url,
            lifecycle_notification_url=lifecycle_notification_url,
            certificates=certificates,
            publisher=publisher,
            clock=self._clock,
            handler_timeout=handler_timeout,
            threads=threads,
            max_body=max_body,
            grace=grace,
            lease=lease,
            on_count=settings.on_count,
        )
        self._changes: Changes | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting = LoopLock()
        self._warned = False
        self._stopped = False
        self._invocations = 0

        self.incoming: Decorator[Never] = Decorator(handlers, "incoming")
        """Somebody calls the bot; gets the call."""
        self.established: Decorator[Never] = Decorator(handlers, "established")
        """A call was answered, once in its life; gets the call."""
        self.media_active: Decorator[Never] = Decorator(handlers, "media_active")
        """A call can be spoken into, once in its life; gets the call."""
        self.tone: Decorator[str] = Decorator(handlers, "tone", _is_tone)
        """A key was pressed; filtered by keys such as "1" or "#"."""
        self.participant_joined: Decorator[Never] = Decorator(handlers, "participant_joined")
        """Somebody other than the bot is in the roster."""
        self.participant_left: Decorator[Never] = Decorator(handlers, "participant_left")
        """Somebody is no longer in the roster."""
        self.participant_changed: Decorator[Never] = Decorator(handlers, "participant_changed")
        """Something about a participant changed, such as `is_muted`."""
        self.operation: Decorator[type[CommsOperation]] = Decorator(
            handlers, "operation", _is_operation
        )
        """An operation finished; filtered by its class, such as PlayPromptOperation."""
        self.transfer_failed: Decorator[Never] = Decorator(handlers, "transfer_failed")
        """A transfer failed; the call is established as before."""
        self.terminated: Decorator[Never] = Decorator(handlers, "terminated")
        """A call has ended, once in its life."""
        self.content_sharing: Decorator[str] = Decorator(handlers, "content_sharing", _is_change)
        """Sharing began or ended; filtered by "created" or "deleted"."""
        self.participant_joining: Decorator[Never] = Decorator(handlers, "participant_joining")
        """Somebody is about to join; returns `event.accept()`, `.reject()` or `.invite_new_bot()`."""
        self.participant_left_notification: Decorator[Never] = Decorator(
            handlers, "participant_left_notification"
        )
        """Somebody who was accepted by participant_joining has left."""
        self.any: Decorator[str] = Decorator(handlers, "any", _is_kind)
        """Every event, and `updated` for notifications that make none; filtered by kind."""
        self.unknown: Decorator[Never] = Decorator(handlers, "unknown")
        """A notification that the kit does not know."""
        self.error: Decorator[type[Exception]] = Decorator(handlers, "error", _is_error)
        """A handler failed or takes too long; filtered by the class of the exception."""

    # -- the server's side

    async def handle(
        self,
        method: str,
        headers: Mapping[str, str],
        query: str,
        body: bytes | AsyncIterable[bytes],
    ) -> Reply:
        """Return the answer to a request to the callback URI, before any handler has ended.

        Header names are in any case. Never raises for anything in the request; a bot that was not
        started is started, with a warning.
        """
        reply = await self._answer(method, headers, body)
        if reply.refused:
            self.engine.settings.on_count("refused", 1)
        return reply

    async def _answer(
        self, method: str, headers: Mapping[str, str], body: bytes | AsyncIterable[bytes]
    ) -> Reply:
        if self._stopped:
            return unavailable()
        if self._loop is not asyncio.get_running_loop():
            try:
                await self._start_late()
            except StoreError as error:
                return out_of_reach(error)
        return await self._webhook.handle(method, headers, body)

    async def start(self) -> None:
        """Begin to run handlers in this event loop; again without effect. Raises StoreError."""
        loop = asyncio.get_running_loop()
        async with self._starting():
            if self._loop is not loop:
                await self._begin(by_itself=True)

    async def stop(self) -> None:
        """Refuse new notifications, let handlers finish for `grace` seconds, and cancel the others."""
        async with self._starting():
            if self._loop is asyncio.get_running_loop():
                self._stopped = True
                await self._end()

    async def _begin(self, *, by_itself: bool) -> None:
        await self._runner.start(by_itself=by_itself)
        try:
            if self._changes:
                await self._changes.start(by_itself=by_itself)
        except BaseException:
            await self._runner.stop()
            raise
        self._loop, self._stopped = asyncio.get_running_loop(), False

    async def _end(self) -> None:
        try:
            if self._changes:
                await self._changes.stop(close_store=False)
            await self._runner.stop()
        finally:
            self._loop = None

    async def __aenter__(self) -> Self:
        """Start the bot."""
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Stop the bot."""
        await self.stop()

    @asynccontextmanager
    async def lifespan(self, app: object) -> AsyncGenerator[None]:
        """Start and stop the bot with an ASGI application: `FastAPI(lifespan=bot.lifespan)`.

        An application with a lifespan of its own enters this one inside it.
        """
        async with self:
            yield

    @asynccontextmanager
    async def invocation(self) -> AsyncGenerator[None]:
        """Let the bot answer in this event loop, where nothing runs between requests.

        A platform may have several at a time in one loop: the bot ends with the last of them.
        """
        self._invocations += 1
        try:
            async with self._starting():
                if self._loop is not asyncio.get_running_loop():
                    await self._begin(by_itself=False)
            yield
        finally:
            self._invocations -= 1
            async with self._starting():
                if not self._invocations and self._loop is asyncio.get_running_loop():
                    await self._end()

    async def run_due(self, limit: int = 100) -> int:
        """Do what is due: handlers, deadlines, keepAlives, change notifications and renewals.

        For servers where nothing runs between requests: call it from a timer or a queue. It looks after
        so many calls, notifications and subscriptions at most, and returns of how many. Raises StoreError.
        """
        if self._loop is asyncio.get_running_loop():
            return await self._run_due(limit)
        async with self.invocation():
            return await self._run_due(limit)

    async def _run_due(self, limit: int) -> int:
        done = await self._runner.run_due(limit)
        if self._changes and done < limit:
            done += await self._changes.run_due(limit - done)
        return done

    async def _start_late(self) -> None:
        if self._loop is None and not self._warned:
            self._warned = True
            _logger.warning(
                "the bot was not started: use lifespan=bot.lifespan, or `async with bot`"
            )
        await self.start()

    @property
    def store(self) -> Store:
        """Where calls are kept."""
        return self.engine.store

    @property
    def clock(self) -> Clock:
        """The time of the bot. A simulation sets its own before the bot starts; later it is too late.

        Raises RuntimeError if the bot runs.
        """
        return self._clock.clock

    @clock.setter
    def clock(self, clock: Clock) -> None:
        if self._loop is not None:
            raise RuntimeError("a bot that runs keeps its clock: set it before the bot starts")
        self._clock.clock = clock

    # -- the application's side

    @property
    def changes(self) -> Changes:
        """The endpoint of change notifications, which starts and stops with the bot.

        Use it before the bot starts: register handlers and serve it at `notification_url`.
        """
        if self._changes is None:
            self._changes = self._make_changes()
            self._changes.thread = self.thread
        return self._changes

    async def create(self, call: Call) -> LiveCall:
        """Create a call, with the bot's callback URI unless it has one, and return it.

        Raises what `client.calls.create` raises.
        """
        return await create(self.engine, call)

    async def join(self, link: MeetingLink | str, tenant_id: str | None = None) -> LiveCall:
        """Join a meeting by its link. Raises ValueError for a link that is not complete."""
        return await join(self.engine, link, tenant_id)

    async def call(self, call_id: str) -> LiveCall | None:
        """Return a live call by its id, in any form of a GUID; None if there is none.

        Raises NewerFormatError for a call that a newer version of the kit has stored, and StoreError.
        """
        held = await self.engine.held(normal_id(call_id), fresh=self.engine.store.shared)
        if held is None or held.state.ended:
            return None
        call = self.engine.live(held.state)
        await call.load()
        return call

    def calls(self) -> AsyncIterator[LiveCall]:
        """Yield the calls that have not ended."""
        return self.engine.calls()


def _check_client(client: object) -> None:
    if not isinstance(client, AsyncClientBase):
        kind = type(client).__name__
        raise TypeError(
            f"a bot needs an asynchronous client, AsyncCommunicationsClient, not {kind}"
        )


def _checked_uri(uri: object) -> str:
    if isinstance(uri, str) and is_secure(uri, local=True):
        return uri
    raise ValueError(
        "callback_uri must be an https address, such as https://bot.contoso.com/api/calls"
    )


def _is_tone(key: str, event: Any) -> bool:
    return bool(event.tone == key)


def _is_operation(cls: type[CommsOperation], event: Any) -> bool:
    return isinstance(event.operation, cls)


def _is_change(change: str, event: Any) -> bool:
    return bool(event.change_type == change)


def _is_kind(kind: str, event: Any) -> bool:
    return bool(event.kind == kind)


def _is_error(cls: type[Exception], event: Any) -> bool:
    return isinstance(event.exception, cls)
