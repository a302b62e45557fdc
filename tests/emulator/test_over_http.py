"""What all answers have in common: headers, spellings of paths and ids, and contexts."""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from typing import Any

import httpx
import pytest

from graph_comms import OPERATIONS, Operation
from graph_emulator import Emulator
from graph_emulator.routing import Route, Router
from graph_emulator.wire import Forms
from tests.emulator.bots import CALLBACK
from tests.emulator.plain import plain

HOST = "https://graph.microsoft.com/v1.0"
PROMPT = {"@odata.type": "#microsoft.graph.mediaPrompt", "mediaInfo": {"uri": "https://x.y/z.wav"}}
ID = "ab54b8b1-894c-409a-b240-bd8beae78896"


@pytest.fixture
def svc() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


@pytest.fixture
def client(svc: Emulator) -> Generator[httpx.Client]:
    with plain(svc) as client:
        yield client


def body(svc: Emulator, *names: str) -> dict[str, Any]:
    targets = [{"identity": {"user": {"id": svc.user(name).answers().id}}} for name in names]
    media = {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"}
    asked = {"callbackUri": CALLBACK, "requestedModalities": ["audio"], "mediaConfig": media}
    return {**asked, "targets": targets}


def test_every_answer_has_the_headers_of_graph(svc: Emulator, client: httpx.Client) -> None:
    created = client.post("/communications/calls", json=body(svc, "Ann"))
    missing = client.get(f"/communications/calls/{ID}", headers={"client-request-id": "my-own"})
    for answer in (created, missing):
        headers = answer.headers
        assert headers["strict-transport-security"].startswith("max-age=")
        assert headers["cache-control"] == "private"
        assert "ServerInfo" in json.loads(headers["x-ms-ags-diagnostic"])
        assert headers["client-request-id"]
    assert created.headers["request-id"] != missing.headers["request-id"]
    inner = missing.json()["error"]["innerError"]
    assert inner == {
        "date": "2026-01-05T09:00:00",
        "request-id": missing.headers["request-id"],
        "client-request-id": "my-own",
    }


def test_what_was_made_is_where_location_says(svc: Emulator, client: httpx.Client) -> None:
    created = client.post("/communications/calls", json=body(svc, "Ann"))
    assert created.headers["location"] == f"{HOST}/communications/calls/{created.json()['id']}"
    svc.advance(seconds=5)
    played = client.post(f"{created.headers['location']}/playPrompt", json={"prompts": [PROMPT]})
    below = f"operations/{played.json()['id']}"
    assert played.headers["location"] == f"{created.headers['location']}/{below}"
    assert client.get(played.headers["location"]).json()["status"] == "running"


def test_keep_alive_is_answered_with_an_empty_text(svc: Emulator, client: httpx.Client) -> None:
    created = client.post("/communications/calls", json=body(svc, "Ann"))
    kept = client.post(f"{created.headers['location']}/keepAlive")
    assert (kept.status_code, kept.content) == (200, b"")
    assert kept.headers["content-type"] == "text/plain"
    assert kept.headers["content-length"] == "0"


def test_calls_and_actions_are_spelled_in_several_ways(svc: Emulator, client: httpx.Client) -> None:
    alias = "https://graph.microsoft.com/beta/app/calls"
    call_id = client.post(alias, json=body(svc, "Ann")).json()["id"]
    for spelling in (call_id, call_id.upper(), call_id.replace("-", ""), f"{{{call_id}}}"):
        for place in ("/communications/calls", "/app/calls", alias):
            path = f"{place}/{spelling}"
            assert client.get(path).json()["id"] == call_id
            for action in ("keepAlive", "microsoft.graph.keepAlive"):
                assert client.post(f"{path}/{action}").status_code == 200


ROUTER = Router()
CALLED = [one for one in OPERATIONS if one.kind in ("action", "function")]


@pytest.mark.parametrize("operation", CALLED, ids=[one.python for one in CALLED])
def test_actions_and_functions_are_found_with_and_without_their_namespace(
    operation: Operation,
) -> None:
    path = re.sub(r"\{[^{}]+\}", "1", operation.path)
    short = re.sub(r"/microsoft\.graph\.(\w+\.)*(?=\w+($|\())", "/", path)
    for spelling in (path, short, re.sub(r"/(?=\w+(\([^/]*)?$)", "/microsoft.graph.", path)):
        found = ROUTER.find(operation.method, f"/v1.0{spelling}")
        assert isinstance(found, Route), spelling
        assert found.operation is operation


@pytest.mark.parametrize(("forms", "context"), [("wire", "communications"), ("docs", "app")])
def test_contexts_of_calls(forms: Forms, context: str) -> None:
    with Emulator(forms=forms) as svc, plain(svc) as client:
        created = client.post("/communications/calls", json=body(svc, "Ann", "Ben"))
        assert created.json()["@odata.context"] == f"{HOST}/$metadata#{context}/calls/$entity"
        svc.advance(seconds=10)
        path = created.headers["location"]
        got = client.get(path).json()
        assert got["@odata.context"] == f"{HOST}/$metadata#communications/calls/$entity"
        listed = client.get(f"{path}/participants").json()
        place = f"{HOST}/$metadata#communications/calls('{got['id']}')/participants"
        assert listed["@odata.context"] == place
        one = client.get(f"{path}/participants/{listed['value'][0]['id'].upper()}").json()
        assert one == {"@odata.context": f"{place}/$entity", **listed["value"][0]}


def test_the_quality_of_a_device_is_taken_in(client: httpx.Client) -> None:
    path = "/communications/calls/logTeleconferenceDeviceQuality"
    quality = {
        "@odata.type": "#microsoft.graph.teleconferenceDeviceQuality",
        "callChainId": ID,
        "participantId": ID,
    }
    logged = client.post(path, json={"quality": quality})
    assert (logged.status_code, logged.content) == (200, b"")
    nameless = client.post(path, json={"quality": quality}, headers={"User-Agent": ""})
    assert nameless.status_code == 400
    assert "User-Agent is required" in nameless.text
