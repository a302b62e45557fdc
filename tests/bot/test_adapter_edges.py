"""What one adapter alone can meet: clients that go away, forks, signals, the life of an application."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, closing
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import azure.functions as func
import httpx
import pytest
from fastapi import FastAPI
from flask import Flask

from graph_comms.bot import Bot, StoreError
from graph_comms.bot.memory import MemoryStore
from graph_comms.bot.store import Record
from graph_comms.models import Call
from tests.bot import samples
from tests.bot.adapter_faces import PATH, bot_and_seen, event_1
from tests.bot.service import SIGNER
from tests.support.stores import SharedStore

CHECKOUT = Path(__file__).parents[2]


class LostStore(MemoryStore):
    """A store that cannot be reached."""

    async def open(self) -> None:
        raise StoreError("no route to the store")


# -- ASGI


async def over_asgi(app: Any, scope: dict[str, Any], *messages: dict[str, Any]) -> list[Any]:
    """Return what an application sends to a client that sends these messages."""
    coming, sent = iter(messages), list[Any]()

    async def receive() -> dict[str, Any]:
        return next(coming)

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


@pytest.mark.anyio
async def test_a_body_that_breaks_off_is_neither_answered_nor_stored() -> None:
    bot, seen = bot_and_seen()
    call_id = str(uuid4())
    scope = {
        "type": "http",
        "method": "POST",
        "query_string": b"",
        "headers": [(b"authorization", SIGNER.headers()["authorization"].encode())],
    }
    body = samples.body(samples.tone(1, call=call_id))
    async with bot:
        whole = {"type": "http.request", "body": body, "more_body": True}
        sent = await over_asgi(bot.asgi(), scope, whole, {"type": "http.disconnect"})
        assert sent == []
        assert await bot.call(call_id) is None
    assert seen.by_call == {}


@pytest.mark.anyio
async def test_a_websocket_is_closed() -> None:
    bot, _ = bot_and_seen()
    assert await over_asgi(bot.asgi(), {"type": "websocket"}) == [{"type": "websocket.close"}]


@pytest.mark.anyio
async def test_a_server_is_told_that_the_bot_cannot_start() -> None:
    bot, _ = bot_and_seen(LostStore())
    [sent] = await over_asgi(bot.asgi(), {"type": "lifespan"}, {"type": "lifespan.startup"})
    assert sent == {"type": "lifespan.startup.failed", "message": "StoreError"}


@pytest.mark.anyio
async def test_an_application_has_a_lifespan_of_its_own_around_the_bot() -> None:
    bot, seen = bot_and_seen()
    steps: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
        async with bot.lifespan(app):
            steps.append("begun")
            yield {"database": "open"}
        steps.append("ended")

    app = FastAPI(lifespan=lifespan)
    app.router.add_route(PATH, bot.asgi())
    call_id = str(uuid4())
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="https://bot") as client:
            body = samples.body(samples.tone(1, call=call_id))
            reply = await client.post(PATH, content=body, headers=SIGNER.headers())
        assert reply.status_code == 202
    assert seen.by_call == {call_id: ["tone 1"]}  # the bot let its handler finish
    assert steps == ["begun", "ended"]


# -- WSGI


def over_wsgi(app: Any, **environ: Any) -> tuple[str, dict[str, str], bytes]:
    """Return status line, header fields and body of the answer to a request."""
    answer: list[Any] = []
    usual = {"REQUEST_METHOD": "POST", "HTTP_AUTHORIZATION": SIGNER.headers()["authorization"]}
    body = b"".join(app({**usual, **environ}, lambda *given: answer.extend(given)))
    return answer[0], dict(answer[1]), body


class BrokenInput:
    """The input of a client whose connection breaks."""

    def read(self, size: int) -> bytes:
        raise ConnectionResetError(size)


@pytest.mark.parametrize("kind", ["short", "broken"])
def test_a_body_that_breaks_off_is_not_stored_under_wsgi(kind: str) -> None:
    bot, seen = bot_and_seen()
    app = bot.wsgi()
    call_id = str(uuid4())
    body = samples.body(samples.tone(1, call=call_id))
    stream: Any = BytesIO(body) if kind == "short" else BrokenInput()
    length = str(len(body) + 1)
    status, _, _ = over_wsgi(app, **{"wsgi.input": stream, "CONTENT_LENGTH": length})
    assert status == "400 Bad Request"
    assert app.run(bot.call(call_id)) is None
    assert seen.by_call == {}


def test_a_length_that_is_empty_is_none_under_wsgi() -> None:
    bot, _ = bot_and_seen()
    body = samples.body(samples.tone(1))
    given = {"wsgi.input": BytesIO(body), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    status, _, _ = over_wsgi(bot.wsgi(), **given)
    assert status == "202 Accepted"


def test_the_body_of_a_request_without_a_token_is_not_read_under_wsgi() -> None:
    bot, _ = bot_and_seen()
    stream = BytesIO(b"x" * 100)
    given = {"wsgi.input": stream, "CONTENT_LENGTH": "100", "HTTP_AUTHORIZATION": ""}
    status, headers, body = over_wsgi(bot.wsgi(), **given)
    assert (status, headers["WWW-Authenticate"], body) == ("401 Unauthorized", "Bearer", b"")
    assert stream.tell() == 0


def test_a_route_of_flask_creates_a_call() -> None:
    bot, _ = bot_and_seen()
    app = Flask("bot")
    calls = bot.wsgi()

    @app.post("/start")
    def start() -> str:
        return calls.run(bot.create(Call())).id

    assert app.test_client().post("/start").text == samples.CALL


def test_a_store_that_cannot_be_reached_is_unavailable_to_every_adapter(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class LostSharedStore(LostStore):
        shared = True

    wsgi, _ = bot_and_seen(LostStore())
    status, headers, _ = over_wsgi(wsgi.wsgi(), **{"wsgi.input": BytesIO()})
    assert (status, headers["Retry-After"]) == ("503 Service Unavailable", "5")

    shared, _ = bot_and_seen(LostSharedStore())
    reply = invoke(shared, event_1("POST", [], b""))
    assert (reply["statusCode"], reply["headers"]) == (503, {"Retry-After": "5"})

    function: Any = shared.azure_function()
    request = func.HttpRequest("POST", f"https://bot{PATH}", body=b"")
    answer = asyncio.run(function(request))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")

    scope = {"type": "http", "method": "POST", "query_string": b"", "headers": []}
    start, _ = asyncio.run(over_asgi(wsgi.asgi(), scope))
    assert (start["status"], start["headers"][0]) == (503, (b"retry-after", b"5"))

    problem = "a request could not be stored: no route to the store"
    assert caplog.messages.count(problem) == 4


FORKED = """
import json, os, sys, time
from io import BytesIO
from tests.bot import samples
from tests.bot.adapter_faces import bot_and_seen
from tests.bot.test_adapter_edges import over_wsgi

bot, seen = bot_and_seen()
app = bot.wsgi()

def post(call_id):
    body = samples.body(samples.tone(1, call=call_id))
    status, _, _ = over_wsgi(app, **{"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))})
    return status, seen.wait(call_id, 1)

before = post(samples.CALL)
if os.fork() == 0:
    print(json.dumps(post(samples.OTHER_CALL)), flush=True)
    sys.exit()
os.wait()
print(json.dumps(before))
print(json.dumps(post(samples.OPERATION)))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_of_a_process_that_serves_runs_the_bot_as_well() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", FORKED], cwd=CHECKOUT, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    handled = ["202 Accepted", ["tone 1"]]
    assert [json.loads(line) for line in ended.stdout.splitlines()] == [handled] * 3


ENDING = """
import asyncio, json
from io import BytesIO
from tests.bot import samples
from tests.bot.adapter_faces import bot_and_seen
from tests.bot.test_adapter_edges import over_wsgi

bot, seen = bot_and_seen()

@bot.established
async def linger(call):
    seen.add(call.id, "begun")
    await asyncio.sleep(0.3)
    print("finished", flush=True)

body = samples.body(samples.call_item(state="established"))
over_wsgi(bot.wsgi(), **{"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))})
seen.wait(samples.CALL, 1)
"""


def test_a_process_that_ends_lets_handlers_finish() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", ENDING], cwd=CHECKOUT, capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stdout) == (0, "finished\n"), ended.stderr


# -- servers that are told to end


SERVED = """
import asyncio, json, socket
import uvicorn
from fastapi import FastAPI
from tests.bot.adapter_faces import PATH, bot_and_seen
from tests.bot.service import SIGNER

bot, seen = bot_and_seen(grace={grace})

@bot.established
async def linger(call):
    print("begun", flush=True)
    await asyncio.sleep({lasting})
    print("finished", flush=True)

app = FastAPI(lifespan=bot.lifespan)
app.router.add_route(PATH, bot.asgi())
with socket.create_server(("127.0.0.1", 0)) as server:
    url = "http://127.0.0.1:%d%s" % (server.getsockname()[1], PATH)
    print(json.dumps([url, SIGNER.headers()]), flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[server])
"""


@pytest.mark.parametrize(("grace", "lasting", "finished"), [(20, 0.5, True), (0.2, 60, False)])
def test_sigterm_lets_handlers_finish_for_a_while(
    grace: float, lasting: float, finished: bool
) -> None:
    command = [sys.executable, "-c", SERVED.format(grace=grace, lasting=lasting)]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url, headers = json.loads(process.stdout.readline())
        body = samples.body(samples.call_item(state="established"))
        assert httpx.post(url, content=body, headers=headers).status_code == 202
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGTERM)
        said, log = process.communicate(timeout=30)
    assert said == ("finished\n" if finished else "")
    assert "1 live calls" in log  # those that nobody else knows are named as lost


# -- platforms on which nothing runs between requests


@pytest.mark.parametrize("adapter", ["azure_function", "aws_lambda"])
def test_a_store_that_is_not_shared_is_refused(adapter: str) -> None:
    bot, _ = bot_and_seen()
    with pytest.raises(ValueError, match=r"MemoryStore would lose calls.*RedisStore"):
        getattr(bot, adapter)()


@pytest.mark.anyio
async def test_requests_to_a_function_overlap_each_other_and_the_schedule() -> None:
    store = SharedStore()
    bot, seen = bot_and_seen(store)
    release = asyncio.Event()

    @bot.established
    async def linger(call: Any) -> None:
        seen.add(call.id, "begun")
        await release.wait()
        seen.add(call.id, "ended")

    function: Any = bot.azure_function()

    async def post(item: Any) -> int:
        headers = SIGNER.headers()
        url = f"https://bot{PATH}"
        request = func.HttpRequest("POST", url, headers=headers, body=samples.body(item))
        reply = await function(request)
        status: int = reply.status_code
        return status

    items = [samples.tone(1, call=str(uuid4())) for _ in range(5)]
    established = samples.call_item(state="established")
    assert await asyncio.gather(*map(post, [established, *items])) == [202] * 6
    due = asyncio.create_task(bot.run_due())
    while samples.CALL not in seen.by_call:
        await asyncio.sleep(0.001)
    assert await asyncio.gather(*map(post, items)) == [202] * 5
    assert seen.by_call[samples.CALL] == ["begun"]
    release.set()
    assert await due == 6
    assert seen.by_call[samples.CALL] == ["begun", "ended"]


def invoke(bot: Bot, event: Any, *, inline: bool = False) -> dict[str, Any]:
    """Return what a Lambda function answers to one event."""
    with closing(bot.aws_lambda(inline=inline)) as function:
        return function(event, object())


def test_an_event_that_is_no_request_is_an_error_of_its_sender() -> None:
    bot, _ = bot_and_seen(SharedStore())
    with pytest.raises(ValueError, match="not an HTTP event: use API Gateway"):
        invoke(bot, {"Records": []})


def test_headers_of_an_event_may_be_there_once_only() -> None:
    bot, _ = bot_and_seen(SharedStore())
    event = event_1("POST", [("Authorization", SIGNER.headers()["authorization"])], samples.body())
    del event["multiValueHeaders"]
    assert invoke(bot, event)["statusCode"] == 202


def test_text_that_is_no_unicode_is_refused_not_an_error() -> None:
    bot, _ = bot_and_seen(SharedStore())
    event = event_1("POST", [("Authorization", SIGNER.headers()["authorization"])], b"")
    assert invoke(bot, {**event, "body": "\ud800"})["statusCode"] == 400


class CountedStore(SharedStore):
    """A store that knows how often it was read."""

    reads = 0

    async def read(self, key: str, names: Collection[str]) -> Record | None:
        self.reads += 1
        return await super().read(key, names)


def test_inline_handlers_run_for_who_has_a_token_only() -> None:
    store = CountedStore()
    bot, _ = bot_and_seen(store)
    assert invoke(bot, event_1("POST", [], b"{}"), inline=True)["statusCode"] == 401
    assert store.reads == 0


def test_both_endpoints_are_functions_of_one_function_app() -> None:
    bot, _ = bot_and_seen(SharedStore())
    app = func.FunctionApp()
    app.route("calls")(bot.azure_function())
    app.route("changes")(bot.changes.azure_function())
    assert [one.get_function_name() for one in app.get_functions()] == ["bot", "changes"]
