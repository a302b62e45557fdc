"""The examples of docs/change-notifications.md print what the page says."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

import graph_comms
from graph_comms.bot.changes import Changes
from graph_comms.bot.testing import ChangeSigner
from tests.bot.graph_side import APP_ID, RECORDS, URL, GraphSide, post
from tests.bot.test_change_encryption import pem

PROJECT = Path(__file__).parents[2]
PAGE = PROJECT / "docs/change-notifications.md"
EXAMPLE = re.compile(
    r"^```python\n(.*?)^```$(?:(?:(?!^```).)*?^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL
)
EXAMPLES = EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))
RECORD = {"id": "e523d2ed", "version": 1}


class Graph(GraphSide):
    """What stands in for Graph, as the examples meet it."""

    def client(self) -> Any:
        return partial(
            graph_comms.AsyncCommunicationsClient, transport=httpx.MockTransport(self.answer)
        )

    def record(self) -> dict[str, Any]:
        """Return the notification that there is a record."""
        path = f"{RECORDS}/e523d2ed"
        self.resources[path] = RECORD
        data = {"@odata.type": "#microsoft.graph.callrecord", "id": "e523d2ed"}
        return self.item(resource=path, resourceData=data)

    async def serve(self, changes: Changes) -> None:
        assert (await post(changes, self.record())).status == 202
        await self.asked_for("e523d2ed")

    async def remove_and_serve(self, changes: Changes) -> None:
        self.resources[RECORDS] = {"value": [RECORD]}
        item = self.item(lifecycleEvent="subscriptionRemoved", changeType=None, resource=None)
        self.subscriptions.clear()
        assert (await post(changes, item)).status == 202
        await self.asked_for("callRecords")

    async def run(self, app: Any) -> None:
        """Serve the application of an example, and post to it."""
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport) as server,
        ):
            await until(lambda: bool(self.subscriptions))
            reply = await server.post(URL, json={"value": [self.record()]})
            assert reply.status_code == 202
            await self.asked_for("e523d2ed")

    async def asked_for(self, name: str) -> None:
        """Wait until a handler has got something by its name, and some more for the handler itself."""
        await until(lambda: self.requests[-1].url.path.endswith(name))
        for _ in range(100):
            await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(10):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_of_the_page_prints_what_it_says(
    number: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    code, printed = EXAMPLES[number]
    graph = Graph()
    if "MockTransport" not in code:
        monkeypatch.setattr(graph_comms, "AsyncCommunicationsClient", graph.client())
    monkeypatch.chdir(tmp_path)
    for name in ("changes-2025", "changes-2026"):
        (tmp_path / f"{name}.pem").write_bytes(pem(ChangeSigner(APP_ID).certificate))
    names: dict[str, Any] = {
        "__name__": "example",
        "CLIENT_ID": APP_ID,
        "credential": "token",
        "serve": graph.serve,
        "remove_and_serve": graph.remove_and_serve,
    }
    exec(compile(code, f"{PAGE.name} {number}", "exec"), names)
    if "app" in names:
        asyncio.run(graph.run(names["app"]))
    assert capsys.readouterr().out == printed


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == 5
