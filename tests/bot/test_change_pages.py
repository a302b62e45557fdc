"""The examples of docs/change-notifications.md print what the page says."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

import graph_comms
from graph_comms.bot.changes import Changes
from graph_comms.bot.testing import ChangeSigner
from tests.bot.graph_side import APP_ID, RECORDS, GraphSide, post
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

    async def serve(self, changes: Changes) -> None:
        self.resources[f"{RECORDS}/e523d2ed"] = RECORD
        data = {"@odata.type": "#microsoft.graph.callrecord", "id": "e523d2ed"}
        path = f"{RECORDS}/e523d2ed"
        assert (await post(changes, self.item(resource=path, resourceData=data))).status == 202
        await asyncio.sleep(0.1)

    async def remove_and_serve(self, changes: Changes) -> None:
        self.resources[RECORDS] = {"value": [RECORD]}
        item = self.item(lifecycleEvent="subscriptionRemoved", changeType=None, resource=None)
        self.subscriptions.clear()
        assert (await post(changes, item)).status == 202
        await asyncio.sleep(0.1)


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
    names = {
        "__name__": "example",
        "CLIENT_ID": APP_ID,
        "credential": "token",
        "serve": graph.serve,
        "remove_and_serve": graph.remove_and_serve,
    }
    exec(compile(code, f"{PAGE.name} {number}", "exec"), names)
    assert capsys.readouterr().out == printed


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == 4
