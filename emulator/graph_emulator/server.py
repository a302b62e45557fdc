"""The emulator as a server, in real time: for bots that run in processes of their own."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import threading
import time
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager, nullcontext
from datetime import timedelta
from typing import NoReturn, TypeVar
from urllib.parse import urlsplit, urlunsplit

import uvicorn

from graph_comms.bot.json_values import Json

from .acts import ActError, Acts
from .call import Call
from .control import Control
from .dialling import Dialler
from .driver import Stuck
from .events import Events
from .harness import Harness
from .http import hosts_of, make_app
from .lines import Line, Lines
from .people import Person
from .realtime import RealSchedule, RestingSchedule
from .transports import on_loop, refuse_on
from .wire import Forms

T = TypeVar("T")

PORTS = range(65536)

LIMIT = 300.0
"""For how long `run` waits, in seconds."""

PATIENCE = 1.0
"""For how long the end waits for requests that have not come to theirs, in seconds."""

LOOK = 0.05
"""How often to look whether something has come to its end, in seconds."""


class ServerError(Exception):
    """The server cannot start; the message says why and what to do."""


class Server(Harness):
    """An emulator that serves HTTP on this machine, and posts notifications to one callback.

    It dials only the origin of `callback` and `allow_origins`. Calls are notified at their callbackUri if it
    is there, else at the callback; without one, notifications are logged alone. `port` 0 takes one that
    is free. With a `journal`, time stands still while the bot is at work, so that one script is played in one
    order in every run. The other arguments are those of `Harness`.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 7071,
        callback: str | None = None,
        seed: int = 0,
        forms: Forms = "wire",
        redelivery: int = 0,
        strict_directory: bool = False,
        platform_codes: bool = True,
        seed_file: str | os.PathLike[str] | None = None,
        journal: str | os.PathLike[str] | None = None,
        repeatable: bool = False,
        allow_origins: Collection[str] = (),
    ) -> None:
        """Make a server that is not running yet.

        Raises ServerError for an address that is taken or none, SeedFileError, and JournalError.
        """
        try:
            self._dialler = Dialler(callback, allow_origins)
        except ValueError as error:
            raise ServerError(str(error)) from None
        self.callback = callback
        self._socket = _listening(host, port)
        self._schedule = RestingSchedule() if repeatable or journal is not None else RealSchedule()
        self._loop: asyncio.AbstractEventLoop | None = None
        try:
            super().__init__(
                seed=seed,
                forms=forms,
                redelivery=redelivery,
                strict_directory=strict_directory,
                platform_codes=platform_codes,
                seed_file=seed_file,
                journal=journal,
                schedule=self._schedule,
                receivers=self._dialler,
            )
        except Exception:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{self.port}"
        self.events = Events(self._service)
        """What happens: `subscribe` has a function called with each event."""
        if journal is not None:
            self.events.subscribe(self._lines.acted)
        self.acts = Acts(self._service, self.events, self._ring)
        """What people do by hand."""
        self._control = Control(self.events, self.acts, reset=self.reset, info=self._info)
        self._app = make_app(self._service, self._control, hosts_of(name, self.port), self._meet)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Serve as long as the context lasts."""
        config = uvicorn.Config(
            self._app, log_level="warning", lifespan="off", access_log=False, server_header=False
        )
        server = uvicorn.Server(config)
        # Ctrl+C ends the context, which ends the streams of events: by itself uvicorn would wait for them.
        server.capture_signals = nullcontext  # type: ignore[assignment]
        self._loop = asyncio.get_running_loop()
        acting = asyncio.create_task(self._schedule.run())
        serving = asyncio.create_task(server.serve(sockets=[self._socket]))
        try:
            while not server.started:
                await asyncio.sleep(0.01)
            yield
        finally:
            server.should_exit = True
            self._control.close()
            await asyncio.wait([serving], timeout=PATIENCE)
            for connection in [*server.server_state.connections]:  # whose clients take their time
                connection.transport.abort()
            await serving
            acting.cancel()
            self._loop = None
            await self._dialler.close()
            self._end_journal()

    async def until_journal_fails(self) -> NoReturn:
        """Wait for ever, unless the journal cannot be written any more: raises JournalError then."""
        failed = asyncio.Event()
        if self._journal is not None:
            self._journal.on_problem = failed.set
        while self._journal is None or self._journal.problem is None:
            await failed.wait()
        raise self._journal.problem

    async def bot_listens(self) -> None:
        """Wait until somebody takes connections at the callback; at once without one."""
        if self.callback is None:
            return
        parts = urlsplit(self.callback)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        while True:
            try:
                _, writer = await asyncio.open_connection(parts.hostname, port)
            except OSError:
                await asyncio.sleep(LOOK)
            else:
                writer.close()
                return

    # -- for replays

    def pass_lines(self, on_line: Callable[[Line], object]) -> None:
        """Have a function called with each line that a journal gets from now on."""
        self.events.subscribe(Lines(self._service, on_line, timed=False).acted)

    def stand_in(self) -> Person:
        """Return somebody with a telephone, whose number is the first unknown one that a bot calls."""
        return self._service.directory.stand_in()

    @property
    def pending(self) -> bool:
        """Whether something is going to happen by itself."""
        return bool(self._schedule.pending or self._service.delivery.open)

    # -- time, for scripts

    def run(self, limit: float | timedelta = LIMIT) -> None:
        """Wait until all calls have ended and nothing else is pending; raises Stuck after `limit` seconds.

        Time is that of the machine: call it in another thread than the server's. Raises ServerError when the
        server stops.
        """
        seconds = limit.total_seconds() if isinstance(limit, timedelta) else limit
        self._refuse("run")
        end = self._schedule.time + seconds

        def open_() -> list[str]:
            calls = [repr(call) for call in self.calls if not call.ended]
            return calls or ["something is pending"] if calls or self.pending else []

        while left := self._do(open_):
            if self._schedule.time > end:
                raise Stuck(f"after {seconds:g} seconds there still are: {', '.join(left)}")
            time.sleep(LOOK)
            self._running_loop()  # raises once it has stopped

    def advance(self, **duration: float) -> None:
        """Wait for so much time, as timedelta takes it: `advance(seconds=5)`.

        Raises ServerError when the server stops.
        """
        self._refuse("advance")
        seconds = timedelta(**duration).total_seconds()
        passed = threading.Event()
        self._do(lambda: self._schedule.after(seconds, passed.set, pending=False, keep=True))
        while not passed.wait(LOOK):
            self._running_loop()

    # -- inside

    def _refuse(self, method: str) -> None:
        refuse_on(
            self._running_loop(), f"{method} waits for the server, in whose thread it is called"
        )

    @property
    def page(self) -> str:
        """The address of the page, with the token that it needs."""
        return f"{self.url}/#token={self._control.token}"

    def _meet(self, app_id: str) -> None:
        """Take an application that asks for a token for the bot that is rung."""
        self.app_id = app_id

    def _ring(self, person: Person, app_id: str, uri: str) -> Call:
        try:
            uri = uri or self.callback_uri
        except ServerError as error:
            raise ActError(str(error)) from None
        return self.calls.rings(app_id or self.app_id, uri, person, self.tenant_id)

    def _info(self) -> dict[str, Json]:
        return {
            "url": self.url,
            "callback": self.callback,
            "allowed_origins": list(self._dialler.allowed),
            "app_id": self.app_id,
            "people": self._service.directory.names(),
            "forms": self.calls.forms,
        }

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise ServerError("the server is not running")
        return self._loop

    def _do(self, act: Callable[[], T]) -> T:
        if self._loop is None or on_loop(self._loop):
            return act()

        async def do() -> T:
            return act()

        return asyncio.run_coroutine_threadsafe(do(), self._loop).result()

    @property
    def callback_uri(self) -> str:
        """The callback as the service would have it. Raises ServerError without one."""
        if self.callback is None:
            raise ServerError("there is no bot to ring: start with --callback")
        return _https(self.callback)


def _https(url: str) -> str:
    """Return an address as the service would have it, which takes https alone."""
    return urlunsplit(urlsplit(url)._replace(scheme="https"))


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens already, so that of two servers at one port the second is refused."""
    if not host or port not in PORTS:
        raise ServerError(
            f"--host {host!r} with --port {port} is no address to listen at: a name or an IP address"
            f" is needed, and a port of {PORTS[0]} to {PORTS[-1]}"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    if os.name == "posix":  # elsewhere it would let two servers have one port
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise ServerError(
            f"port {port} of {host} cannot be used ({error.strerror}): choose another with --port"
        ) from None
    return listening


def is_local(host: str) -> bool:
    """Whether a host can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
