"""Bots that are not connected: in an ASGI application, and at an address."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from graph_comms import CommunicationsClient, PermissionDeniedError
from graph_comms.bot import Bot
from graph_emulator import Emulator
from tests.emulator.bots import CALLBACK, call_to


def test_a_bot_inside_an_application_takes_the_emulators_time() -> None:
    app = FastAPI()
    with Emulator(callback=app) as svc:
        bot = Bot(
            svc.async_client(),
            app_id=svc.app_id,
            callback_uri=CALLBACK,
            trust=svc.trust,
            clock=svc.clock,
        )

        @bot.incoming
        async def ring(call: Any) -> None:
            await call.answer()

        @bot.media_active
        async def end(call: Any) -> None:
            await call.tones(max_digits=1, timeout=300)
            await call.hang_up()

        app.router.add_route("/api/calls", bot.asgi())
        svc.wait_for(bot.start())
        call = svc.rings(CALLBACK, from_=svc.user("Ann"))
        svc.run()
        assert call.ended_by == "bot"
        assert (svc.clock.now().minute, svc.log.operations) == (
            5,
            ["answer", "subscribeToTone", "delete"],
        )
        svc.wait_for(bot.stop())


def test_an_application_gets_what_a_server_would_give_it() -> None:
    scopes: list[Any] = []
    received: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        scopes.append(scope)
        received.append(await receive())
        if len(scopes) == 1:
            left = asyncio.create_task(receive())
            await asyncio.sleep(0)
            assert not left.done()
            headers = [(b"Set-Cookie", b"a=b")]
            await send({"type": "http.response.start", "status": 202, "headers": headers})
            await send({"type": "http.response.body", "body": b"", "more_body": True})
            await asyncio.sleep(0)
            assert not left.done()
            await send({"type": "http.response.body"})
            received.append(await left)

    with Emulator(callback=app) as svc:
        call = call_to(svc.user("Ann").answers())
        call.callback_uri = "https://bot.contoso.com:8443/api/ca%20lls/ä?a=%2F"
        svc.client().calls.create(call)
        svc.run()
        statuses = {one.status for one in svc.log.notifications}
        body = svc.log.notifications[0].body
    scope = scopes[0]
    assert [scope[name] for name in ("method", "scheme", "path", "raw_path", "query_string")] == [
        "POST",
        "https",
        "/api/ca lls/ä",
        b"/api/ca%20lls/%C3%A4",
        b"a=%2F",
    ]
    headers = dict(scope["headers"])
    assert headers[b"host"] == b"bot.contoso.com:8443"
    assert headers[b"content-length"] == str(len(received[0]["body"])).encode()
    assert all(b"cookie" not in dict(scope["headers"]) for scope in scopes)
    assert json.loads(received[0]["body"]) == body
    assert received[1] == {"type": "http.disconnect"}
    assert statuses == {202, 500}  # as servers answer for an application that does not


def test_an_application_lives_as_long_as_the_emulator() -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        seen.append("started")
        yield
        seen.append("stopped")

    async def take(request: Request) -> Response:
        seen.append(f"{request.url.path}?{request.url.query}")
        return Response(status_code=202)

    app = FastAPI(lifespan=lifespan)
    app.router.add_route("/api/calls", take, methods=["POST"])
    with Emulator(callback=app) as svc:
        assert seen == ["started"]
        call = call_to(svc.user("Ann"))
        call.callback_uri = f"{CALLBACK}?instance=1"
        svc.client().calls.create(call)
        svc.advance(seconds=1)
        assert set(seen[1:]) == {"/api/calls?instance=1"}
    assert seen[-1] == "stopped"


def test_an_application_whose_start_fails_is_not_used() -> None:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        raise ValueError("no database")
        yield

    with pytest.raises(RuntimeError, match="startup failed"):
        Emulator(callback=FastAPI(lifespan=lifespan)).__enter__()


def test_notifications_go_to_an_address() -> None:
    taken: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            taken.append((self.path, json.loads(body)["value"][0]["changeType"]))
            self.send_response(202)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Emulator(callback=f"http://127.0.0.1:{server.server_port}/hook") as svc:
            svc.client().calls.create(call_to(svc.user("Ann").answers().hangs_up(after=1)))
            svc.run()
            assert {logged.status for logged in svc.log.notifications} == {202}
        server.shutdown()
    assert taken[0] == ("/hook", "updated")
    assert taken[-1] == ("/hook", "deleted")
    with Emulator(callback=f"http://127.0.0.1:{server.server_port}/hook") as svc:
        svc.client().calls.create(call_to(svc.user("Ann")))
        svc.run()
        assert svc.log.undelivered == svc.log.notifications


def test_a_callback_must_be_an_address() -> None:
    with pytest.raises(ValueError, match=r"http://127.0.0.1:8000"):
        Emulator(callback="bot.contoso.com")


def test_a_credential_has_the_roles_that_it_was_given(graph_emulator: Emulator) -> None:
    svc = graph_emulator
    ann = svc.user("Ann")
    credential = svc.credential("another app", roles=["Calls.Initiate.All"])
    assert credential.get_token("scope").expires_on > 0
    with CommunicationsClient(credential, transport=svc.transport()) as client:
        call = client.calls.create(call_to(ann))
    assert svc.calls[str(call.id)].app_id == "another app"
    powerless = svc.credential("another app", roles=[])
    with (
        CommunicationsClient(powerless, transport=svc.transport()) as client,
        pytest.raises(PermissionDeniedError),
    ):
        client.calls.create(call_to(ann))
