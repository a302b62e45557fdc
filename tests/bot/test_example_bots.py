"""The example bots, each from the first notification of a call to the last, with signed requests."""

from __future__ import annotations

import re
import runpy
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.bot import samples
from tests.bot.example_apps import Credential, Posting, running, stand_in, until
from tests.bot.service import Service

EXAMPLES = Path(__file__).parents[2] / "examples"
HEARD = samples.call_item(state="established", mediaState={"audio": "active"})
SAID = b"RIFF of a message"
LOCATION = "https://ic3.events.data.microsoft.com/v1/recordings/1"

pytestmark = pytest.mark.anyio


class Graph(Service):
    """Answers as Graph; each operation that it starts has an id of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[dict[str, Any]] = []
        self.tokens: list[str] = []
        self.answers["playPrompt"] = partial(self.start, kind="playPrompt")
        self.answers["recordResponse"] = partial(self.start, kind="record")
        self.answers["1"] = self.recording

    def start(self, request: httpx.Request, *, kind: str) -> httpx.Response:
        operation = {
            "@odata.type": f"#microsoft.graph.{kind}Operation",
            "id": str(uuid4()),
            "status": "running",
            "clientContext": self.bodies[-1]["clientContext"],
        }
        self.started.append(operation)
        return httpx.Response(200, json=operation)

    def recording(self, request: httpx.Request) -> httpx.Response:
        self.tokens.append(request.headers["authorization"])
        return httpx.Response(200, content=SAID)

    def ended(self, **data: Any) -> Any:
        """Return the notification that the last operation has completed."""
        last = self.started[-1]
        result = {"code": 200, "subcode": 0}
        data = {**last, "status": "completed", "resultInfo": result, **data}
        return samples.item(data, change="deleted", below=f"/operations/{last['id']}")

    @property
    def prompts(self) -> list[str]:
        """Return the names of what was played."""
        played = [body["prompts"][0] for body in self.bodies if body and "prompts" in body]
        return [Path(prompt["mediaInfo"]["uri"]).stem for prompt in played]


@pytest.fixture
def graph() -> Graph:
    return Graph()


@asynccontextmanager
async def start(
    name: str, graph: Graph, monkeypatch: pytest.MonkeyPatch, folder: Path, **environment: str
) -> AsyncIterator[Posting]:
    """Run an example as a new process does, which leaves no credential open."""
    environment["STORE"] = str(folder / "calls.db")
    stand_in(monkeypatch, graph, **environment)
    [script] = (EXAMPLES / name).glob("*_bot.py")
    async with running(runpy.run_path(str(script))["app"]) as posting:
        yield posting
    assert not Credential.open


def ivr(
    graph: Graph, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> AbstractAsyncContextManager[Posting]:
    settings = {"PROMPTS": "https://bot.contoso.com/prompts/", "PERSON_ID": "ann"}
    settings["MESSAGES"] = str(folder)
    return start("ivr-bot", graph, monkeypatch, folder, **settings)


async def test_a_caller_is_passed_on_and_leaves_a_message(
    graph: Graph, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with ivr(graph, monkeypatch, tmp_path) as served:
        await served.notify(samples.incoming(), *samples.answered_call()[1:6])
        await until(lambda: "subscribeToTone" in graph.actions())
        await served.notify(samples.tone(4, "tone1"))
        await until(lambda: graph.prompts == ["menu", "connecting"])
        assert "transfer" not in graph.actions()
        await served.notify(graph.ended())
        await until(lambda: graph.actions()[-1] == "transfer")
        assert graph.bodies[-1]["transferTarget"]["identity"]["user"]["id"] == "ann"

        result = {"code": 500, "subcode": 7000}
        await served.notify(samples.call_item(state="transferring"))
        await served.notify(samples.call_item(state="established", resultInfo=result))
        await until(lambda: graph.prompts[2:] == ["nobody-there"])
        await served.notify(graph.ended())
        await until(lambda: graph.prompts[3:] == ["leave-a-message"])
        secrets = {"recordingLocation": LOCATION, "recordingAccessToken": "for-this-only"}
        await served.notify(graph.ended(**secrets))
        await until(lambda: graph.prompts[4:] == ["thank-you"])
        await served.notify(graph.ended())
        await until(lambda: graph.actions()[-1] == "DELETE" and bool(graph.tokens))
        await served.notify(samples.terminated())
    assert graph.tokens == ["Bearer for-this-only"]
    assert (tmp_path / f"{samples.CALL}.wav").read_bytes() == SAID
    assert graph.actions().count("answer") == 1


async def test_a_message_is_kept_of_a_caller_who_hangs_up_in_another_life_of_the_bot(
    graph: Graph, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with ivr(graph, monkeypatch, tmp_path) as served:
        await served.notify(samples.incoming(), HEARD)
        await until(lambda: "subscribeToTone" in graph.actions())
        await served.notify(samples.tone(4, "tone2"))
        await until(lambda: graph.prompts == ["menu", "leave-a-message"])
        await served.notify(samples.terminated())
    async with ivr(graph, monkeypatch, tmp_path) as served:
        secrets = {"recordingLocation": LOCATION, "recordingAccessToken": "for-this-only"}
        await served.notify(graph.ended(**secrets))
        await until(lambda: (tmp_path / f"{samples.CALL}.wav").exists())
    assert graph.tokens == ["Bearer for-this-only"]


async def test_the_bot_in_meetings_lists_people_and_leaves_when_alone(
    graph: Graph, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    link = "https://teams.microsoft.com/meet/21234567890123?p=aB3x9Z"
    bot, recorder = samples.participant("bot", app=samples.APP), samples.participant("rec", app="2")
    ann, bob = samples.participant("ann"), samples.participant("bob")
    async with start("meeting-bot", graph, monkeypatch, tmp_path) as served:
        http = served.http
        joined = await http.post("/meetings", json={"link": link})
        assert (joined.status_code, joined.json()) == (201, {"id": samples.CALL})
        assert graph.bodies[0]["meetingInfo"]["passcode"] == "aB3x9Z"
        assert graph.bodies[0]["tenantId"] == samples.TENANT

        await served.notify(HEARD, samples.roster(bot, ann, bob, recorder))
        assert (await http.get("/meetings")).json() == {samples.CALL: 2}
        assert (await http.get(f"/meetings/{samples.CALL}")).json() == ["ann", "bob"]
        await served.notify(samples.roster(bot, bob, recorder))
    async with start("meeting-bot", graph, monkeypatch, tmp_path) as served:
        http = served.http
        assert (await http.get(f"/meetings/{samples.CALL}")).json() == ["bob"]
        assert "DELETE" not in graph.actions()
        await served.notify(samples.roster(bot, recorder))
        await until(lambda: graph.actions()[-1] == "DELETE")
        await served.notify(samples.terminated())
        assert (await http.get(f"/meetings/{samples.CALL}")).status_code == 404
        assert (await http.get("/meetings")).json() == {}


async def test_the_bot_in_meetings_says_what_is_wrong_with_a_link(
    graph: Graph, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with start("meeting-bot", graph, monkeypatch, tmp_path) as served:
        http = served.http
        wrong = await http.post("/meetings", json={"link": "https://teams.microsoft.com/nothing"})
        assert (wrong.status_code, graph.requests) == (422, [])
        graph.answers[""] = lambda _: httpx.Response(403, json={"error": {"code": "7504"}})
        link = "212 345 678 901 23"
        refused = await http.post("/meetings", json={"link": link, "passcode": "aB3x9Z"})
        assert refused.status_code == 502
        assert refused.json() == {"detail": "Graph has not let the bot join: 7504"}


async def test_the_container_has_what_the_bot_needs() -> None:
    folder = EXAMPLES / "ivr-bot"
    copied = re.findall(r"^COPY (\S+) ", (folder / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert [name for name in copied if not (EXAMPLES.parent / name).exists()] == []
    needed = (folder / "requirements.txt").read_text("utf-8")
    script = (folder / "ivr_bot.py").read_text("utf-8")
    imported = set(re.findall(r"^from (\w+)(?:\.\w+)* import", script, re.MULTILINE))
    own = sys.stdlib_module_names | {"graph_comms"}
    assert {name for name in imported - own if name not in needed} == set()


@pytest.mark.parametrize("name", ["ivr-bot", "meeting-bot"])
def test_the_readme_names_every_setting(name: str) -> None:
    [script] = (EXAMPLES / name).glob("*_bot.py")
    used = re.findall(r'environ(?:\.get\(|\[)"(\w+)"', script.read_text("utf-8"))
    readme = (EXAMPLES / name / "README.md").read_text("utf-8")
    assert [setting for setting in used if setting not in readme] == []
    assert f"]({name})" in (EXAMPLES / "README.md").read_text("utf-8")
