"""The emulator in a test: a service, people, and the time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import httpx
from starlette.types import ASGIApp

from graph_comms import AsyncCommunicationsClient, CommunicationsClient
from graph_comms._runtime import clock as client_clock
from graph_comms.bot import Bot, Trust
from graph_comms.bot.changes import Changes, Publisher
from graph_comms.bot.waiting import TURN

from .call import Call
from .callback import AsgiCallback, Callback, HttpCallback
from .calls import Calls
from .delivery import Receiver
from .disturbance import Disorder, Disturbance
from .driver import DrivenLoop, Driver
from .faults import Fault
from .log import Log
from .meetings import Meeting
from .people import Person
from .remote import AccessToken
from .schedule import Schedule
from .service import Service
from .subscriptions import LifecycleEvent
from .tokens import LIFE, Authority
from .transports import AsyncTransport, Transport, refuse_on
from .wire import Forms

T = TypeVar("T")

DAY = 24 * 3600.0


class EmulatedClock:
    """The time of an emulator, for a Bot that is not connected to it by `connect`."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule

    def now(self) -> datetime:
        """Return the virtual time."""
        return self._schedule.now()

    async def sleep(self, seconds: float) -> None:
        """Wait for a number of virtual seconds; a run waits for a handler that does."""
        woken = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not woken.done():
                woken.set_result(None)

        turn = TURN.get()
        pending = turn is not None and not turn.returned
        act = self._schedule.after(seconds, wake, pending=pending, keep=True)
        try:
            await woken
        finally:
            self._schedule.cancel(act)


class EmulatedCredential:
    """Has the tokens of an application."""

    def __init__(self, sign: Callable[[], str]) -> None:
        self._sign = sign

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token, for any scope."""
        return AccessToken(self._sign(), int(time.time()) + LIFE)


class Emulator:
    """Graph's cloud communications on a virtual clock, in this process.

    It has an event loop of its own in a thread of its own, whose time is virtual. Use it in a ``with``
    statement. Notifications go to the connected bot of their callbackUri, else to `callback`: an ASGI
    application, whose lifespan is run, or an address of this machine. `seed` decides all ids and all
    chance; `forms` whether bodies are as captures show them or as the documentation does.

    A bot inside an application is given ``clock=svc.clock``. Raises ValueError for a callback that is
    no address.
    """

    def __init__(
        self,
        *,
        callback: ASGIApp | str | None = None,
        seed: int = 0,
        forms: Forms = "wire",
    ) -> None:
        self._callback: Callback | None = None
        if isinstance(callback, str):
            self._callback = HttpCallback(callback)
        elif callback is not None:
            self._callback = AsgiCallback(callback)
        self.app_id = "2891555a-92ff-42e6-80fa-6e1300c6b5c6"
        self.tenant_id = "9f4ec53c-4f0a-4d0b-8d4a-5a8a2a1f9a11"
        self._service = Service(seed=seed, forms=forms, receiver_of=self._receiver_of)
        self.clock = EmulatedClock(self._service.schedule)
        self._loop = DrivenLoop(lambda: self._service.schedule.time)
        self._driver = Driver(
            self._service.schedule, self._loop, lambda: bool(self._service.delivery.open)
        )
        self._bots: dict[str, Bot | Changes] = {}
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._driver.prepare())
        try:
            if self._callback is not None:
                self._driver.wait_for(self._callback.start())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            for bot in self._bots.values():
                self._driver.wait_for(bot.stop())
            if self._callback is not None:
                self._driver.wait_for(self._callback.stop())
        finally:
            self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # -- what a test looks at

    @property
    def calls(self) -> Calls:
        """The calls by any spelling of their ids."""
        return self._service.calls

    @property
    def log(self) -> Log:
        """What was asked and notified."""
        return self._service.log

    @property
    def trust(self) -> Trust:
        """What a bot has to believe: pass it to Bot."""
        return self._service.authority.trust

    @property
    def publisher(self) -> Publisher:
        """Who signs the validation tokens of change notifications: pass it to Changes."""
        return replace(Publisher.GLOBAL, keys=self._service.authority)

    # -- bots and clients

    def connect(self, bot: Bot) -> None:
        """Start a bot on the emulator's loop and clock; it gets what goes to its callback URI."""
        self._refuse("connect")
        bot.clock = self.clock
        self._bots[bot.engine.callback_uri] = bot
        self._call(bot.start())

    def connect_changes(self, changes: Changes, notification_url: str) -> None:
        """Start what handles change notifications on the emulator's loop; it gets those of an address.

        It has to be made with `clock=svc.clock` and `publisher=svc.publisher`.
        """
        self._refuse("connect_changes")
        self._bots[notification_url] = changes
        self._call(changes.start())

    def client(
        self, *, roles: Collection[str] | None = None, tenant: str | None = None, **options: Any
    ) -> CommunicationsClient:
        """Return an ordinary client whose requests come here; without `roles` it has all of them."""
        return CommunicationsClient(
            self._token(roles, tenant),
            transport=self.transport(),
            **options,
        )

    def async_client(
        self, *, roles: Collection[str] | None = None, tenant: str | None = None, **options: Any
    ) -> AsyncCommunicationsClient:
        """Return an ordinary asynchronous client whose requests come here."""
        virtual = client_clock.Clock(
            now=self.clock.now,
            timer=lambda: self._service.schedule.time,
            chance=self._service.seeded.random.random,
            async_sleep=self.clock.sleep,
        )
        sign = self._token(roles, tenant)

        async def token() -> str:  # a function that is not async would get a thread
            return sign()

        return AsyncCommunicationsClient(
            token,
            transport=self.async_transport(),
            _clock=virtual,
            **options,
        )

    def transport(self) -> httpx.BaseTransport:
        """Return a transport of httpx that leads here: for clients that are made elsewhere."""
        return Transport(lambda: self._loop, self._handle)

    def async_transport(self) -> httpx.AsyncBaseTransport:
        """Return the same for asynchronous clients."""
        return AsyncTransport(lambda: self._loop, self._handle)

    def credential(
        self,
        app_id: str | None = None,
        *,
        roles: Collection[str] | None = None,
        tenant: str | None = None,
    ) -> EmulatedCredential:
        """Return a credential of an application, with `get_token` as azure-identity has it."""
        authority, own = self._service.authority, app_id or self.app_id
        return EmulatedCredential(lambda: authority.access_token(own, tenant, roles))

    # -- people

    def user(self, name: str) -> Person:
        """Return the user of a name, who is there from then on."""
        return self._service.directory.user(name)

    def phone(self, number: str) -> Person:
        """Return who answers a telephone number."""
        return self._service.directory.phone(number)

    def meeting(
        self, join_url: str, *, passcode: str | None = None, lobby: bool = False
    ) -> Meeting:
        """Return a meeting that bots can join, by its link or its id; a `lobby` lets them wait.

        Raises ValueError for what is no link to a meeting.
        """
        return self._service.meetings.declare(join_url, passcode, lobby=lobby)

    def rings(self, bot: Bot | str, from_: Person) -> Call:
        """Let a person call a bot: a connected one, or the one at `callback` by its callbackUri."""
        app_id, uri = (
            (self.app_id, bot)
            if isinstance(bot, str)
            else (bot.engine.app_id, bot.engine.callback_uri)
        )

        async def ring() -> Call:
            return self.calls.rings(app_id, uri, from_, self.tenant_id)

        return self._call(ring())

    def prompt(self, uri: str, *, seconds: float) -> None:
        """Say how long the prompt of an address lasts; any other lasts three seconds."""
        self._service.media.lengths[uri] = seconds

    def fail_next(self, operation: str, status: int, code: str = "UnknownError") -> None:
        """Refuse the next request for an operation, such as "playPrompt"."""
        self._service.failing.setdefault(operation, []).append(Fault(status, code, ""))

    def deliver(
        self,
        *,
        duplicate: int = 1,
        disorder: Disorder = False,
        lose: float = 0.0,
        late: float = 0.0,
    ) -> None:
        """Disturb what is notified from now on: doubled, lost, late, or in another order.

        Each is posted `duplicate` times, with the same message id and with new ones by turns, is lost
        with a probability of `lose`, and delayed by up to `late` seconds; `disorder` swaps those that are
        documented to change places. Rosters without numbers keep their order unless it is "all". Without
        arguments nothing is disturbed. Raises ValueError for what cannot be done.
        """
        self._service.delivery.disturbance = Disturbance(duplicate, disorder, lose, late)

    def sign(self, **claims: object) -> None:
        """Replace claims of the tokens of notifications from now on; one that is None is left out."""
        self._service.delivery.claims = dict(claims)

    @property
    def keys(self) -> Authority:
        """The keys that tokens are signed with: `keys.rotate()` makes another one."""
        return self._service.authority

    def reset(self) -> None:
        """Forget all calls, people, meetings, faults and the log; connected bots stay connected."""
        self._refuse("reset")

        async def reset() -> None:
            self._service.reset()

        self._call(reset())

    def lifecycle(self, event: LifecycleEvent) -> None:
        """Let something happen to every subscription, of which its lifecycleNotificationUrl is told."""
        self._refuse("lifecycle")

        async def tell() -> None:
            self._service.subscriptions.tell_lifecycle(event)

        self._call(tell())

    # -- time

    def run(self, limit: float | timedelta = DAY) -> None:
        """Let time pass until nothing is pending.

        Raises Stuck where handlers wait for what will never come, or something is pending after
        `limit` seconds of virtual time.
        """
        self._refuse("run")
        self._driver.run(limit.total_seconds() if isinstance(limit, timedelta) else limit)

    def advance(self, **duration: float) -> None:
        """Let time pass, as timedelta takes it: `advance(minutes=46)`."""
        self._refuse("advance")
        self._driver.advance(timedelta(**duration).total_seconds())

    def wait_for(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Return what a coroutine comes to on the emulator's loop, while time passes: `bot.create(…)`."""
        self._refuse("wait_for")
        return self._driver.wait_for(coroutine)

    # -- inside

    def _refuse(self, method: str) -> None:
        refuse_on(self._loop, f"{method} waits for the emulator's own event loop")

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _token(self, roles: Collection[str] | None, tenant: str | None) -> Callable[[], str]:
        authority = self._service.authority
        return lambda: authority.access_token(self.app_id, tenant or self.tenant_id, roles)

    async def _handle(self, request: httpx.Request, body: bytes) -> httpx.Response:
        url = request.url
        headers = {name.lower(): value for name, value in request.headers.items()}
        status, written, content = await self._service.handle(
            request.method, url.path, url.query.decode(), headers, body
        )
        return httpx.Response(status, headers=written, content=content, request=request)

    def _receiver_of(self, uri: str) -> Receiver | None:
        bot = self._bots.get(uri)
        if bot is None:
            return self._callback

        async def receive(uri: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
            reply = await bot.handle("POST", headers, urlsplit(uri).query, body)
            return reply.status, reply.body

        return receive
