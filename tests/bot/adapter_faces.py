"""The adapters of a bot through the real frameworks and servers, all with the same face for tests."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs

import azure.functions as func
import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from cryptography.hazmat.primitives import serialization
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server

from graph_comms import AsyncCommunicationsClient
from graph_comms.bot import Bot
from graph_comms.bot.store import Store
from tests.bot.samples import APP
from tests.bot.service import CALLBACK, SIGNER, Service
from tests.support.stores import SharedStore

Headers = Sequence[tuple[str, str]]

PATH = "/api/calls"
LIMIT = 150_000
"""The largest body that the bots under test take."""


@dataclass(frozen=True)
class Answer:
    """A response: header fields by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of(cls, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        return cls(status, {name.lower(): value for name, value in headers.items()}, body)


class Face(Protocol):
    """A served bot."""

    def send(self, method: str, headers: Headers, body: bytes, *, chunked: bool = False) -> Answer:
        """Send a request to exactly the path of the callback URI."""
        ...

    def handled(self, call_id: str, count: int) -> list[str]:
        """Return what the handlers saw of a call, as soon as it is so much."""
        ...


@dataclass
class Seen:
    """What handlers saw, by the id of the call that they were given."""

    by_call: dict[str, list[str]] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self, call_id: str, what: str) -> None:
        with self.changed:
            self.by_call.setdefault(call_id, []).append(what)
            self.changed.notify_all()

    def wait(self, call_id: str, count: int) -> list[str]:
        with self.changed:
            self.changed.wait_for(lambda: len(self.by_call.get(call_id, ())) >= count, timeout=20)
            return [*self.by_call.get(call_id, ())]


def bot_and_seen(store: Store | None = None, **options: Any) -> tuple[Bot, Seen]:
    """Return a bot whose handlers note the id of the call that they get, and what happened."""
    transport = httpx.MockTransport(Service())
    client = AsyncCommunicationsClient("token", transport=transport)
    given: dict[str, Any] = {"trust": SIGNER.trust, "max_body": LIMIT} | options
    bot = Bot(client, app_id=APP, callback_uri=CALLBACK, store=store, **given)
    seen = Seen()

    @bot.incoming
    async def ring(call: Any) -> None:
        seen.add(call.id, "incoming")
        await call.answer()

    @bot.media_active
    def speak(call: Any) -> None:
        seen.add(call.id, "media_active")

    @bot.participant_joined
    @bot.tone
    @bot.operation
    @bot.terminated
    async def note(event: Any) -> None:
        detail = getattr(event, "tone", None)
        seen.add(event.call.id, f"{event.kind} {detail}" if detail else event.kind)

    @bot.participant_joining
    async def refuse(event: Any) -> object:
        return event.reject()

    return bot, seen


# -- ASGI


class AsgiFace:
    """An ASGI application in an event loop of its own, with its lifespan."""

    def __init__(self, app: Any, portal: BlockingPortal, seen: Seen) -> None:
        self._app = app
        self._portal = portal
        self.handled = seen.wait

    def send(self, method: str, headers: Headers, body: bytes, *, chunked: bool = False) -> Answer:
        async def send() -> Answer:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="https://bot") as client:
                content = _pieces(body) if chunked else body
                reply = await client.request(method, PATH, headers=list(headers), content=content)
                return Answer.of(reply.status_code, reply.headers, reply.content)

        return self._portal.call(send)


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 50_000):
        yield body[start : start + 50_000]


async def _live(app: Any, stop: asyncio.Event, *, task_status: Any) -> None:
    """Play the server's part of the lifespan protocol."""
    started = False

    async def receive() -> dict[str, str]:
        if not started:
            return {"type": "lifespan.startup"}
        await stop.wait()
        return {"type": "lifespan.shutdown"}

    async def send(message: Any) -> None:
        nonlocal started
        if message["type"] == "lifespan.startup.complete":
            started = True
            task_status.started()
        else:
            assert message["type"] == "lifespan.shutdown.complete"

    await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)


@contextmanager
def _asgi(app: Any, seen: Seen) -> Iterator[Face]:
    with start_blocking_portal() as portal:
        stop = portal.call(_event)
        living, _ = portal.start_task(_live, app, stop)
        yield AsgiFace(app, portal, seen)
        portal.call(stop.set)
        living.result(timeout=20)


async def _event() -> asyncio.Event:
    return asyncio.Event()


def bare_asgi() -> AbstractContextManager[Face]:
    bot, seen = bot_and_seen()
    return _asgi(bot.asgi(), seen)


def starlette() -> AbstractContextManager[Face]:
    bot, seen = bot_and_seen()
    app = Starlette(lifespan=bot.lifespan)
    app.router.add_route(PATH, bot.asgi())
    return _asgi(app, seen)


def fastapi() -> AbstractContextManager[Face]:
    bot, seen = bot_and_seen()
    app = FastAPI(lifespan=bot.lifespan)
    app.router.add_route(PATH, bot.asgi())
    return _asgi(app, seen)


# -- servers on sockets


class HttpFace:
    """A server on a port of this machine."""

    def __init__(self, port: int, handled: Callable[[str, int], list[str]]) -> None:
        self._url = f"http://127.0.0.1:{port}"
        self.handled = handled

    def send(self, method: str, headers: Headers, body: bytes, *, chunked: bool = False) -> Answer:
        content = iter([body[:50_000], body[50_000:]]) if chunked else body
        with httpx.Client(base_url=self._url, timeout=20) as client:
            reply = client.request(method, PATH, headers=list(headers), content=content)
            return Answer.of(reply.status_code, reply.headers, reply.content)


@contextmanager
def uvicorn() -> Iterator[Face]:
    """FastAPI in a process with uvicorn; the token of this process is one for its bot."""
    command = [sys.executable, "-m", "tests.bot.uvicorn_process"]
    pem = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    key = SIGNER._key.public_key().public_bytes(*pem)
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"kid": SIGNER._kid, "key": key.decode()}).encode() + b"\n")
        process.stdin.flush()
        port = int(process.stdout.readline())

        def handled(call_id: str, count: int) -> list[str]:
            url = f"http://127.0.0.1:{port}/handled/{call_id}/{count}"
            seen: list[str] = httpx.get(url, timeout=30).json()
            return seen

        try:
            yield HttpFace(port, handled)
        finally:
            process.terminate()
            assert process.wait(timeout=20) in (0, -15)


@contextmanager
def wsgi_server() -> Iterator[Face]:
    """Flask with the bot under a path of its own, in werkzeug's server with threads."""
    bot, seen = bot_and_seen()
    app = Flask("bot")
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {PATH: bot.wsgi()})  # type: ignore[method-assign]
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield HttpFace(server.server_port, seen.wait)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# -- Flask


class FlaskFace:
    """The test client of Flask, with the bot as a view."""

    def __init__(self, app: Flask, seen: Seen) -> None:
        self._app = app
        self.handled = seen.wait

    def send(self, method: str, headers: Headers, body: bytes, *, chunked: bool = False) -> Answer:
        content: dict[str, Any] = {"data": body}
        if chunked:
            terminated = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
            content = {"input_stream": BytesIO(body), "environ_overrides": terminated}
        reply = self._app.test_client().open(PATH, method=method, headers=list(headers), **content)
        return Answer.of(reply.status_code, dict(reply.headers), reply.data)


@contextmanager
def flask() -> Iterator[Face]:
    bot, seen = bot_and_seen()
    app = Flask("bot")
    calls = bot.wsgi()
    app.add_url_rule(PATH, view_func=lambda: calls, endpoint="calls", methods=["GET", "POST"])
    yield FlaskFace(app, seen)


# -- platforms on which nothing runs between requests


@dataclass
class PlatformFace:
    """A function of a platform; what has been stored is handled by a schedule."""

    bot: Bot
    seen: Seen
    answer: Callable[[str, Headers, bytes], Answer]
    scheduled: bool = True

    def send(self, method: str, headers: Headers, body: bytes, *, chunked: bool = False) -> Answer:
        return self.answer(method, headers, body)

    def handled(self, call_id: str, count: int) -> list[str]:
        if self.scheduled:
            asyncio.run(self.bot.run_due())
        return self.seen.wait(call_id, count)


def _joined(headers: Headers) -> dict[str, str]:
    """Return header fields as the platforms give them: several of one name joined."""
    named: dict[str, str] = {}
    for name, value in headers:
        named[name] = f"{named[name]}, {value}" if name in named else value
    return named


@contextmanager
def azure() -> Iterator[Face]:
    bot, seen = bot_and_seen(SharedStore())
    function = bot.azure_function()

    def answer(method: str, headers: Headers, body: bytes) -> Answer:
        url = f"https://bot.azurewebsites.net{PATH}"
        request = func.HttpRequest(method, url, headers=_joined(headers), body=body)
        reply = asyncio.run(_answered(function, request))
        return Answer.of(reply.status_code, dict(reply.headers.items()), reply.get_body())

    yield PlatformFace(bot, seen, answer)


async def _answered(function: Any, request: func.HttpRequest) -> func.HttpResponse:
    reply: func.HttpResponse = await function(request)
    return reply


def _lambda(event: Callable[[str, Headers, bytes], Any], *, inline: bool = False) -> Iterator[Face]:
    bot, seen = bot_and_seen(SharedStore())
    function = bot.aws_lambda(inline=inline)

    def answer(method: str, headers: Headers, body: bytes) -> Answer:
        reply = function(json.loads(json.dumps(event(method, headers, body))), object())
        assert reply["isBase64Encoded"] is False
        return Answer.of(reply["statusCode"], reply["headers"], reply["body"].encode())

    with closing(function):
        yield PlatformFace(bot, seen, answer, scheduled=not inline)


def event_1(method: str, headers: Headers, body: bytes, query: str = "") -> Any:
    """Return the event of a REST API in payload format 1.0, which repeats what is there once."""
    several: dict[str, list[str]] = {}
    for name, value in headers:
        several.setdefault(name, []).append(value)
    parameters = parse_qs(query, keep_blank_values=True)
    return {
        "version": "1.0",
        "resource": PATH,
        "path": PATH,
        "httpMethod": method,
        "headers": {name: values[-1] for name, values in several.items()},
        "multiValueHeaders": several,
        "queryStringParameters": {name: values[-1] for name, values in parameters.items()} or None,
        "multiValueQueryStringParameters": parameters or None,
        "requestContext": {"httpMethod": method, "path": PATH, "stage": "$default"},
        "body": body.decode() or None,
        "isBase64Encoded": False,
    }


def event_2(method: str, headers: Headers, body: bytes, query: str = "") -> Any:
    """Return the event of an HTTP API in payload format 2.0, and of a function URL."""
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": PATH,
        "rawQueryString": query,
        "headers": {name.lower(): value for name, value in _joined(headers).items()},
        "requestContext": {"http": {"method": method, "path": PATH, "protocol": "HTTP/1.1"}},
        "isBase64Encoded": False,
    }
    return event | {"body": b64encode(body).decode(), "isBase64Encoded": True} if body else event


@contextmanager
def lambda_1() -> Iterator[Face]:
    yield from _lambda(event_1)


@contextmanager
def lambda_2() -> Iterator[Face]:
    yield from _lambda(event_2)


@contextmanager
def lambda_inline() -> Iterator[Face]:
    yield from _lambda(event_2, inline=True)


FACES: dict[str, Callable[[], AbstractContextManager[Face]]] = {
    "asgi": bare_asgi,
    "starlette": starlette,
    "fastapi": fastapi,
    "uvicorn": uvicorn,
    "flask": flask,
    "wsgi server": wsgi_server,
    "azure": azure,
    "lambda 1.0": lambda_1,
    "lambda 2.0": lambda_2,
    "lambda inline": lambda_inline,
}
