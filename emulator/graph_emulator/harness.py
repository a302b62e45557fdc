"""What every emulator in a test has: clients, people, and what goes wrong."""

from __future__ import annotations

import asyncio
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import httpx
from starlette.types import ASGIApp

from graph_comms import AsyncCommunicationsClient, CommunicationsClient
from graph_comms._runtime import clock as client_clock
from graph_comms.bot import Bot, Trust
from graph_comms.bot.changes import Changes, Publisher
from graph_comms.bot.waiting import TURN

from .call import Call, ending
from .callback import AsgiCallback, Callback, HttpCallback
from .calls import Calls
from .disturbance import Disorder, Disturbance
from .faults import Fault
from .journal import Journal
from .lines import Lines
from .log import By, Log
from .media import PROMPT
from .meetings import Meeting
from .people import Person
from .quotas import Quotas
from .receivers import Receiver, Receivers, Reply
from .recording_policies import Recording
from .remote import AccessToken
from .schedule import Schedule
from .seed_file import SeedFileError, declare
from .service import Service
from .subscriptions import LifecycleEvent
from .telling import Teller, told
from .throttling import Throttle
from .tokens import HOME, LIFE, Authority
from .transports import AsyncTransport, Transport
from .wire import Forms

T = TypeVar("T")

DAY = timedelta(days=1)

PATIENCE = 2.0
"""For how many seconds of the machine the end waits for handlers that take real time."""


def seconds_of(limit: float | timedelta) -> float:
    """Return a duration in seconds."""
    return limit.total_seconds() if isinstance(limit, timedelta) else limit


class EmulatedClock:
    """The time of an emulator, for a Bot that is not connected to it by `connect`."""

    def __init__(self, schedule: Schedule, loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
        self._schedule = schedule
        self._loop = loop

    def now(self) -> datetime:
        """Return the virtual time."""
        return self._schedule.now()

    async def sleep(self, seconds: float) -> None:
        """Wait for a number of virtual seconds; a run waits for a handler that does."""
        turn, loop = TURN.get(), self._loop()
        of_handler = turn is not None and not turn.returned
        slept = self._schedule.sleep(seconds, pending=of_handler)
        if asyncio.get_running_loop() is loop:
            await slept
        else:
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(slept, loop))


class EmulatedCredential:
    """Has the tokens of an application."""

    def __init__(self, sign: Callable[[], str]) -> None:
        self._sign = sign

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token, for any scope."""
        return AccessToken(self._sign(), int(time.time()) + LIFE)


class Harness(ABC):
    """A service, the bots that it notifies, and the people whom they meet.

    Notifications go to the connected bot of their callbackUri, else to `callback`: an ASGI application,
    whose lifespan is run, or an address of this machine. `seed` decides all ids and all chance; `forms`
    whether bodies are as captures show them or as the documentation does. A notification that nobody
    takes, or that is answered with 500 or more, is posted again `redelivery` times; how often Graph
    does is not known. With `strict_directory` nobody can be called who was not declared, by a method
    such as `user` or by `seed_file`, a TOML file. Without `platform_codes` what is refused for a reason
    that only the list of the platform documents, such as 8585, has the code BadRequest and no message.
    `journal` is a file that gets a line for everything that happens.

    A bot inside an application is given ``clock=svc.clock``. Raises ValueError for a callback that is
    no address and a `redelivery` below 0, SeedFileError, and JournalError, at the end too, for a journal that
    cannot be written.
    """

    def __init__(
        self,
        *,
        callback: ASGIApp | str | None = None,
        seed: int = 0,
        forms: Forms = "wire",
        redelivery: int = 0,
        strict_directory: bool = False,
        platform_codes: bool = True,
        seed_file: str | os.PathLike[str] | None = None,
        journal: str | os.PathLike[str] | None = None,
        schedule: Schedule | None = None,
        receivers: Receivers | None = None,
    ) -> None:
        self._callback: Callback | None = None
        if isinstance(callback, str):
            self._callback = HttpCallback(callback)
        elif callback is not None:
            self._callback = AsgiCallback(callback)
        self.app_id = "2891555a-92ff-42e6-80fa-6e1300c6b5c6"
        self.tenant_id = HOME
        self._service = Service(
            seed=seed,
            forms=forms,
            receivers=receivers or _InProcess(self._taking, self._taking),
            schedule=schedule,
        )
        if redelivery < 0:
            raise ValueError("redelivery is how often to post again: 0 or more")
        self._service.delivery.redelivery = redelivery
        self._service.directory.strict = strict_directory
        self._service.platform_codes = platform_codes
        self._journal: Journal | None = None
        if journal is not None:
            settings = {
                "seed": seed,
                "forms": forms,
                "redelivery": redelivery,
                "strict_directory": strict_directory,
                "platform_codes": platform_codes,
            }
            self._journal = Journal(journal, settings)
            self._lines = Lines(self._service, self._journal.write, timed=schedule is None)
        if seed_file is not None:
            try:
                declare(self, seed_file)
            except SeedFileError:
                self._end_journal()
                raise
        self._service.teller.through = self._do
        self.clock = EmulatedClock(self._service.schedule, self._running_loop)
        self._bots: dict[str, Bot | Changes] = {}
        self._connected: list[Bot | Changes] = []
        """What is stopped in the end, in the order in which it was connected."""

    @abstractmethod
    def _running_loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop that the service runs in."""

    @abstractmethod
    def _do(self, act: Callable[[], T]) -> T:
        """Do something in that loop, and return what comes of it; at once before it runs, and after."""

    @property
    def teller(self) -> Teller:
        """What passes on what a script tells."""
        return self._service.teller

    @property
    def named(self) -> None:
        """Nothing: these methods are the emulator's own."""
        return None

    def _sleep(self, seconds: float) -> None:
        """Wait in a thread until so many seconds have passed."""
        slept = self.clock.sleep(seconds)
        asyncio.run_coroutine_threadsafe(slept, self._running_loop()).result()

    async def _async_sleep(self, seconds: float) -> None:
        """Wait in an event loop, the emulator's or another, until so many seconds have passed."""
        await self.clock.sleep(seconds)

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

    # -- clients

    def client(
        self,
        *,
        roles: Collection[str] | None = None,
        tenant: str | None = None,
        user: Person | None = None,
        **options: Any,
    ) -> CommunicationsClient:
        """Return an ordinary client whose requests come here; without `roles` it has all of them.

        Without a `user` on whose behalf it asks it is an application's, for which there is no `/me`;
        without `tenant` it fits every tenant. Its pauses between retries are virtual time, which passes
        for them unless a run is going on.
        """
        return CommunicationsClient(
            self._token(roles, tenant, user),
            transport=self.transport(),
            _clock=self._client_clock(),
            **options,
        )

    def async_client(
        self,
        *,
        roles: Collection[str] | None = None,
        tenant: str | None = None,
        user: Person | None = None,
        **options: Any,
    ) -> AsyncCommunicationsClient:
        """Return the same as an asynchronous client."""
        sign = self._token(roles, tenant, user)

        async def token() -> str:  # a function that is not async would get a thread
            return sign()

        return AsyncCommunicationsClient(
            token,
            transport=self.async_transport(),
            _clock=self._client_clock(),
            **options,
        )

    def transport(self) -> httpx.BaseTransport:
        """Return a transport of httpx that leads here: for clients that are made elsewhere."""
        return Transport(self._running_loop, partial(self._handle, by="client"))

    def async_transport(self) -> httpx.AsyncBaseTransport:
        """Return the same for asynchronous clients."""
        return AsyncTransport(self._running_loop, self._handle)

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

    @told
    def app(self, app_id: str, *, roles: Collection[str] | None = None) -> None:
        """Declare an application that is a calling bot, with its roles; from then on no other one is."""
        self._service.directory.application(app_id, roles)

    @told
    def application_instance(self, id: str, *, has_number: bool) -> None:
        """Declare an application instance (a resource account); one that is not declared has a number."""
        self._service.directory.application_instance(id, has_number=has_number)

    @told
    def user(self, name: str, *, id: str | None = None) -> Person:
        """Return the user of a name, who is there from then on; with an id, if that matters."""
        return self._service.directory.user(name, id)

    @told
    def phone(self, number: str) -> Person:
        """Return who answers a telephone number."""
        return self._service.directory.phone(number)

    @told
    def meeting(
        self, join_url: str, *, passcode: str | None = None, lobby: bool = False
    ) -> Meeting:
        """Return a meeting that bots can join, by its link or its id; a `lobby` lets them wait.

        Raises ValueError for what is no link to a meeting.
        """
        return self._service.meetings.declare(join_url, passcode, lobby=lobby)

    def rings(
        self,
        bot: Bot | str | None = None,
        *,
        from_: Person,
        meeting: Meeting | None = None,
        transferor: Person | None = None,
    ) -> Call:
        """Let a person call a bot: a connected one, or the one at `callback` by its callbackUri.

        With a `meeting` the bot is called into that; a `transferor` is who has passed the call on to the
        bot. A server has one bot, which need not be named; elsewhere ValueError is raised without.
        """
        app_id, uri = self._addressed(bot)
        return self._rings(app_id, uri, from_, meeting, transferor)

    @told
    def _rings(
        self,
        app_id: str,
        callback_uri: str,
        from_: Person,
        meeting: Meeting | None,
        transferor: Person | None = None,
    ) -> Call:
        return self.calls.rings(
            app_id, callback_uri, from_, self.tenant_id, meeting, transferor=transferor
        )

    def policy_recording(
        self,
        bot: Bot | str | None = None,
        *,
        of: Person,
        also: Collection[Person] = (),
        meeting: Meeting | None = None,
        required: bool = True,
        tells_status: bool = True,
    ) -> Call:
        """Let a policy call a bot, which is to record a person in a call, or in a meeting.

        `also` are others under the policy: a bot that has answered with a participantCapacity is asked
        when they join the meeting. If the recording is `required`, who is not recorded does not join. Whether
        rosters tell of what the bot says of its recording is not known: not without `tells_status`. The
        bot is named as for `rings`.
        """
        app_id, uri = self._addressed(bot)
        return self._policy_recording(app_id, uri, of, [*also], meeting, required, tells_status)

    @told
    def _policy_recording(
        self,
        app_id: str,
        callback_uri: str,
        of: Person,
        also: list[Person],
        meeting: Meeting | None,
        required: bool,
        tells_status: bool,
    ) -> Call:
        recording = Recording(people=(of, *also), required=required, tells_status=tells_status)
        return self._service.recording_policies.invite(
            app_id, callback_uri, of, meeting, recording, self.tenant_id
        )

    def _addressed(self, bot: Bot | str | None) -> tuple[str, str]:
        """Return the application id and the callbackUri of a bot that is rung."""
        self._running_loop()  # raises unless it runs
        if isinstance(bot, Bot):
            return bot.engine.app_id, bot.engine.callback_uri
        return self.app_id, bot or self.callback_uri

    @told
    def end(self, call_id: str, *, code: int, subcode: int) -> None:
        """Let the service end a call now, with a code and a sub-code, such as 500 and 7106.

        Nothing happens to a call that has ended. Raises KeyError for a call that there is not, and
        ValueError for what can be no code.
        """
        self.calls.end(self.calls[call_id], "service", ending(code, subcode))

    @told
    def prompt(
        self, uri: str, *, seconds: float = PROMPT, fails: Literal[8535, 8536] | None = None
    ) -> None:
        """Say how long the prompt of an address lasts; any other lasts three seconds.

        One that `fails` has another format than the service plays (8535), or cannot be fetched (8536).
        """
        self._service.media.lengths[uri] = seconds
        self._service.media.broken.pop(uri, None)
        if fails is not None:
            self._service.media.broken[uri] = fails

    @told
    def fail_next(self, operation: str, status: int, code: str = "UnknownError") -> None:
        """Refuse the next request for an operation, such as "playPrompt"."""
        self._service.failing.setdefault(operation, []).append(Fault(status, code, ""))

    @told
    def throttle(self, operation: str, limit: int, seconds: float) -> None:
        """Answer 429 to more than `limit` requests for an operation in so many virtual seconds.

        Retry-After says when the next one is taken. Raises ValueError for a rule that allows nothing.
        """
        self._service.throttles[operation] = Throttle(limit, seconds)

    @told
    def quotas(self, *, calls_a_month: int = 10_000, calls_at_once: int = 100) -> None:
        """Answer 429 to what is more than the quotas of Graph allow, from now on.

        Those of calls are of each application; those of other requests are the documented ones. Raises
        ValueError for a quota that allows nothing.
        """
        self._service.quotas = Quotas(self.calls, calls_a_month, calls_at_once)

    @told
    def access_policy(
        self, app_id: str | None = None, *, users: Collection[Person] | None = None
    ) -> None:
        """Let an application, or that of `svc.client`, act for online meetings of users; None: of all.

        From then on none may act for others: 403, "No application access policy found for this app."
        """
        ids = None if users is None else [user.id for user in users]
        self._service.policies.grant(app_id or self.app_id, ids)

    @told
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
        documented to change places, and lets ends of operations come before the answers that have begun
        them, for which the bot then waits up to five seconds. Rosters without numbers keep their order
        unless it is "all". Without arguments nothing is disturbed. Raises ValueError for what cannot be
        done.
        """
        self._service.delivery.disturbance = Disturbance(duplicate, disorder, lose, late)

    @told
    def sign(self, **claims: object) -> None:
        """Replace claims of the tokens of notifications from now on; one that is None is left out."""
        self._service.delivery.claims = dict(claims)

    @property
    def keys(self) -> Authority:
        """The keys that tokens are signed with: `keys.rotate()` makes another one."""
        return self._service.authority

    @told
    def reset(self) -> None:
        """Forget all calls, people, meetings, faults and the log; connected bots stay connected."""
        self._service.reset()

    @told
    def lifecycle(self, event: LifecycleEvent) -> None:
        """Let something happen to every subscription, of which its lifecycleNotificationUrl is told."""
        self._service.subscriptions.tell_lifecycle(event)

    # -- inside

    def _add(self, address: str, connected: Bot | Changes) -> None:
        """Let something take what is posted to an address, from now on instead of what did so before."""
        self._connected.append(connected)
        self._bots[address] = connected

    def _end_journal(self) -> None:
        if self._journal is not None:
            self._lines.finish()
            self._journal.close()

    def _client_clock(self) -> client_clock.Clock:
        return client_clock.Clock(
            now=self.clock.now,
            timer=lambda: self._service.schedule.time,
            chance=self._service.seeded.below("retries").random.random,
            sleep=self._sleep,
            async_sleep=self._async_sleep,
        )

    @property
    def callback_uri(self) -> str:
        """The callbackUri of the only bot. Raises ValueError where there can be several."""
        raise ValueError("say which bot is rung: a connected one, or a callbackUri")

    def _token(
        self, roles: Collection[str] | None, tenant: str | None, user: Person | None = None
    ) -> Callable[[], str]:
        authority, user_id = self._service.authority, None if user is None else user.id
        return lambda: authority.access_token(self.app_id, tenant, roles, user_id)

    async def _handle(self, request: httpx.Request, body: bytes, by: By = "bot") -> httpx.Response:
        url = request.url
        path = url.raw_path.decode("ascii").partition("?")[0]
        headers = {name.lower(): value for name, value in request.headers.items()}
        status, written, content = await self._service.handle(
            request.method, url.scheme, path, url.query.decode(), headers, body, by
        )
        return httpx.Response(status, headers=written, content=content, request=request)

    def _taking(self, uri: str) -> Receiver | None:
        """Return who takes what is posted to an address: a connected bot, else the callback."""
        bot = self._bots.get(uri) or self._bots.get(uri.partition("?")[0])
        if bot is None:
            return self._callback

        async def receive(uri: str, headers: Mapping[str, str], body: bytes) -> Reply:
            reply = await bot.handle("POST", headers, urlsplit(uri).query, body)
            return Reply(reply.status, reply.body)

        return receive


@dataclass(frozen=True)
class _InProcess:
    """The bots and the callback of an emulator in this process, which take all that is posted to them."""

    of_call: Callable[[str], Receiver | None]
    at: Callable[[str], Receiver | None]
