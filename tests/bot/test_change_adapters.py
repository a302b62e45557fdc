"""Change notifications through servers and platforms: answered there, and handled where they run."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI

from graph_comms.bot.changes import Change, Changes
from graph_comms.bot.clock import SystemClock
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
