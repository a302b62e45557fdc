"""The example of call records fills its table, keeps it up to date, and reads again what it missed."""

from __future__ import annotations

import asyncio
import json
import runpy
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from tests.bot.example_apps import Credential, stand_in
from tests.bot.graph_side import APP_ID, RECORDS, URL, GraphSide

EXAMPLE = Path(__file__).parents[2] / "examples/call-records/call_records.py"

pytestmark = pytest.mark.anyio


def record(key: str, version: int) -> dict[str, Any]:
    began = f"2026-11-2{key[-1]}T08:00:00Z"
    return {"id": key, "version": version, "type": "peerToPeer", "startDateTime": began}


class Server:
    """The server of the example, in one of its lives."""

    def __init__(self, graph: GraphSide, http: httpx.AsyncClient) -> None:
        self._graph = graph
        self._http = http

    async def notify(self, **members: Any) -> None:
        body = json.dumps({"value": [self._graph.item(**members)]})
        assert (await self._http.post(URL, content=body)).status_code == 202

    async def has(self, **versions: int) -> None:
        """Wait until the table has these versions of these records, and no others."""
        with anyio.fail_after(10):
            while await self._versions() != versions:
                await asyncio.sleep(0.01)

    async def _versions(self) -> dict[str, int]:
        return {one["id"]: one["version"] for one in (await self._http.get("/calls")).json()}


@pytest.fixture
def graph() -> GraphSide:
    return GraphSide(resources={RECORDS: {"value": [record("r0", 1)]}})


@pytest.fixture
def start(graph: GraphSide, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], Any]:
    """Return what starts the example, as a new process does."""
    stand_in(
        monkeypatch,
        graph.answer,
        CLIENT_ID=APP_ID,
        NOTIFICATION_URL=URL,
        DATABASE=str(tmp_path / "calls.db"),
        STORE=str(tmp_path / "subscriptions.db"),
    )

    @asynccontextmanager
    async def started() -> AsyncIterator[Server]:
        app = runpy.run_path(str(EXAMPLE))["app"]
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="https://bot.contoso.com") as http,
        ):
            yield Server(graph, http)
        assert not Credential.open, "the application leaves its credential open"

    return started


async def test_nothing_falls_between_the_first_reading_and_the_subscription(
    graph: GraphSide, start: Callable[[], Any]
) -> None:
    async with start() as server:
        await server.has(r0=1)
    subscribed, *_, read = (one.method for one in graph.requests)
    assert (subscribed, read) == ("POST", "GET")


async def test_the_table_follows_what_graph_notifies(
    graph: GraphSide, start: Callable[[], Any]
) -> None:
    async with start() as server:
        await server.has(r0=1)
        with anyio.fail_after(10):
            while not graph.subscriptions:
                await asyncio.sleep(0.01)

        graph.resources[f"{RECORDS}/r1"] = record("r1", 1)
        await server.notify()
        await server.has(r0=1, r1=1)

        graph.resources[f"{RECORDS}/r1"] = record("r1", 2)
        await server.notify(changeType="updated")
        await server.has(r0=1, r1=2)

        graph.resources[RECORDS] = {"value": [record("r1", 1), record("r2", 1)]}
        await server.notify(lifecycleEvent="subscriptionRemoved", changeType=None)
        await server.has(r0=1, r1=2, r2=1)

    async with start() as server:
        # A process that starts again has its subscription, and its table.
        await server.has(r0=1, r1=2, r2=1)
        await server.notify(changeType="updated", id="2")
        await server.has(r0=1, r1=2, r2=1)

    assert len(graph.asked("POST")) == 2
    filters = [one.url.params["$filter"] for one in graph.requests if one.url.query]
    assert [text[:17] for text in filters] == ["startDateTime ge "] * 3
