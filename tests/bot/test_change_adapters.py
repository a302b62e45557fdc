"""Change notifications through servers and platforms: answered there, and handled where they run."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from typing import Any
from urllib.parse import parse_qsl, urlencode

import anyio
import azure.functions as func
import httpx
import pytest
from fastapi import FastAPI

from graph_comms.bot.changes import Change, Changes
from graph_comms.bot.clock import SystemClock
from tests.bot.adapter_faces import event_1, event_2
from tests.bot.graph_side import RECORDS, URL, Setting
from tests.support.stores import SharedStore

VALIDATION = "/api/changes?validationToken=Validation%3A%20Testing"


@pytest.fixture
def setting() -> Setting:
    return Setting(store=SharedStore())


def changes_of(setting: Setting) -> tuple[Changes, list[str | None]]:
    changes = setting.changes(clock=SystemClock())
    handled: list[str | None] = []

    @changes.created
    async def keep(change: Change[Any]) -> None:
        handled.append(change.id)

    return changes, handled


def body_of(setting: Setting) -> str:
    return json.dumps({"value": [setting.graph.item()]})


@pytest.mark.anyio
async def test_a_route_of_fastapi_answers_exactly_there(setting: Setting) -> None:
    changes, handled = changes_of(setting)
    app = FastAPI()
    app.router.add_route("/api/changes", changes.asgi(), methods=["POST"])
    transport = httpx.ASGITransport(app)
    async with (
        changes,
        httpx.AsyncClient(transport=transport, base_url="https://bot.contoso.com") as server,
    ):
        reply = await server.post(VALIDATION)
        assert (reply.status_code, reply.text) == (200, "Validation: Testing")
        assert reply.headers["content-type"] == "text/plain; charset=utf-8"
        assert reply.headers["x-content-type-options"] == "nosniff"
        await changes.subscriptions.create(RECORDS)
        reply = await server.post(URL, content=body_of(setting))
        assert (reply.status_code, reply.content) == (202, b"")
        with anyio.fail_after(10):
            while not handled:
                await anyio.sleep(0.01)
    assert handled == ["r1"]


def test_under_wsgi_a_thread_handles(setting: Setting) -> None:
    changes, handled = changes_of(setting)
    app = changes.wsgi()
    with httpx.Client(
        transport=httpx.WSGITransport(app), base_url="https://bot.contoso.com"
    ) as server:
        assert server.post(VALIDATION).text == "Validation: Testing"
        app.run(changes.subscriptions.create(RECORDS))
        assert server.post(URL, content=body_of(setting)).status_code == 202

        async def wait() -> None:
            with anyio.fail_after(10):
                while not handled:
                    await anyio.sleep(0.01)

        app.run(wait())
    assert handled == ["r1"]


def posted(body: str, query: str = "") -> dict[str, Any]:
    """Return the event of a function URL."""
    return {
        "version": "2.0",
        "rawQueryString": query,
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST", "path": "/api/changes"}},
        "body": body,
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize("inline", [True, False])
def test_a_lambda_function_stores_and_a_schedule_handles(setting: Setting, inline: bool) -> None:
    changes, handled = changes_of(setting)
    function = changes.aws_lambda(inline=inline)
    reply = function(posted("", VALIDATION.partition("?")[2]), None)
    assert (reply["statusCode"], reply["body"]) == (200, "Validation: Testing")
    function.run(changes.subscriptions.create(RECORDS))
    assert function(posted(body_of(setting)), None)["statusCode"] == 202
    assert handled == (["r1"] if inline else [])
    function.close()
    asyncio.run(changes.run_due())  # in an event loop of its own
    assert handled == ["r1"]


TOKEN = "Validation: a&b=c %2B + ü"
QUERY = urlencode({"tenant": "a", "validationToken": TOKEN})


def without(event: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name not in names}


EVENTS: dict[str, dict[str, Any]] = {
    "1.0": event_1("POST", [], b"", QUERY),
    "1.0, one value": without(
        event_1("POST", [], b"", QUERY), "multiValueQueryStringParameters", "multiValueHeaders"
    ),
    "2.0": event_2("POST", [], b"", QUERY),
}


@pytest.mark.parametrize("form", EVENTS)
def test_every_form_of_a_query_validates_the_address_on_lambda(setting: Setting, form: str) -> None:
    changes, _ = changes_of(setting)
    with closing(changes.aws_lambda()) as function:
        reply = function(EVENTS[form], None)
    assert (reply["statusCode"], reply["body"]) == (200, TOKEN)


def test_a_function_on_azure_validates_the_address(setting: Setting) -> None:
    changes, _ = changes_of(setting)
    address = f"https://bot.azurewebsites.net/api/changes?{QUERY}"
    parameters = dict(parse_qsl(QUERY))  # as the platform gives them beside the address
    request = func.HttpRequest("POST", address, params=parameters, body=b"")
    function: Any = changes.azure_function()
    answer = asyncio.run(function(request))
    assert (answer.status_code, answer.get_body().decode()) == (200, TOKEN)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_the_validation_of_the_address_waits_for_no_handler(setting: Setting) -> None:
    changes, handled = changes_of(setting)
    stores = changes.aws_lambda()
    stores.run(changes.subscriptions.create(RECORDS))
    assert stores(posted(body_of(setting)), None)["statusCode"] == 202
    stores.close()
    function = changes.aws_lambda(inline=True)
    assert function(posted("", VALIDATION.partition("?")[2]), None)["statusCode"] == 200
    assert handled == []
    assert function(posted(body_of(setting)), None)["statusCode"] == 202
    assert handled == ["r1"]
    function.close()


def test_a_memory_of_one_process_is_refused_where_there_are_many() -> None:
    changes, _ = changes_of(Setting())
    with pytest.raises(ValueError, match="MemoryStore"):
        changes.aws_lambda()
