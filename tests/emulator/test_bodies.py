"""What the emulator says to bodies that are not of the types that the package declares."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from graph_emulator import Emulator
from graph_emulator.bodies import check_body
from graph_emulator.routing import Route, Router
from tests.emulator.plain import plain

CALLS = "/communications/calls"
PLAY = f"{CALLS}/57dab8b1-894c-409a-b240-bd8beae78896/playPrompt"
HOSTED = "#microsoft.graph.serviceHostedMediaConfig"


@pytest.fixture(scope="module")
def emulator() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


def post(svc: Emulator, path: str, body: object) -> httpx.Response:
    with plain(svc) as client:
        return client.post(path, json=body)


def call_to_ann(svc: Emulator, **other: Any) -> dict[str, Any]:
    ann = {"identity": {"user": {"id": svc.user("Ann").id}}}
    media = {"@odata.type": HOSTED}
    return {
        "callbackUri": "https://bot.contoso.com/api/calls",
        "requestedModalities": ["audio"],
        "targets": [ann],
        "mediaConfig": media,
        **other,
    }


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        (CALLS, {"subject": 5}, "subject"),
        (CALLS, {"ringingTimeoutInSeconds": "5"}, "ringingTimeoutInSeconds"),
        (CALLS, {"requestedModalities": "audio"}, "requestedModalities"),
        (CALLS, {"requestedModalities": ["audio", "smell"]}, "requestedModalities[1]"),
        (CALLS, {"targets": [{"identity": {"user": {"id": 7}}}]}, "targets[0].identity.user.id"),
        (CALLS, {"mediaConfig": {"@odata.type": "#microsoft.graph.call"}}, "mediaConfig"),
        (PLAY, {"prompts": {}}, "prompts"),
        (PLAY, {"prompts": [{"@odata.type": "#x.y"}]}, "prompts[0]"),
        ("/subscriptions", {"expirationDateTime": "tomorrow"}, "expirationDateTime"),
        ("/me/presence/setPresence", {"expirationDuration": "1 h"}, "expirationDuration"),
    ],
)
def test_a_wrong_type_is_refused_by_its_place(
    emulator: Emulator, path: str, body: Any, place: str
) -> None:
    answer = post(emulator, path, body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "BadRequest")
    assert error["message"].startswith(f"{place}: ")


@pytest.mark.parametrize("body", [[], "text", 7])
def test_a_body_that_is_no_object_is_refused(emulator: Emulator, body: object) -> None:
    assert post(emulator, CALLS, body).status_code == 400


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        (CALLS, {"mediaConfig": {"@odata.type": HOSTED, "preFetch": []}}, "mediaConfig.preFetch"),
        (PLAY, {"loops": 2}, "loops"),
        ("/subscriptions", {"secret": "x"}, "secret"),
    ],
)
def test_an_unknown_property_of_a_closed_type_is_refused(
    emulator: Emulator, path: str, body: Any, place: str
) -> None:
    answer = post(emulator, path, body)
    assert answer.status_code == 400
    assert f"The property '{place}' does not exist" in answer.json()["error"]["message"]


def test_an_unknown_property_of_an_open_type_is_kept_returned_and_logged(
    emulator: Emulator,
) -> None:
    body = call_to_ann(emulator, calbackUri="x")
    body["targets"][0]["identity"]["usr"] = {"id": "7"}
    created = post(emulator, CALLS, body)
    assert created.status_code == 201
    assert created.json()["calbackUri"] == "x"
    assert created.json()["targets"] == body["targets"]
    found = {(one.operation, one.place, one.nearest) for one in emulator.log.undeclared}
    assert found == {
        ("calls.create", "calbackUri", "callbackUri"),
        ("calls.create", "targets[0].identity.usr", "user"),
    }


def test_what_is_refused_is_not_repeated(emulator: Emulator) -> None:
    answer = post(emulator, CALLS, {"requestedModalities": ["s3cret"], "subject": {"a": "s3cret"}})
    assert answer.status_code == 400
    assert "s3cret" not in answer.text


SHARED = Path(__file__).parents[3] / "shared" / "examples"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the documented examples are not here")
def test_every_documented_request_is_of_its_types() -> None:
    checked = 0
    for file in sorted(SHARED.glob("*.json")):
        for example in json.loads(file.read_text())["examples"]:
            if example["kind"] != "request":
                continue
            route = Router().find(example["method"], httpx.URL(example["path"]).path)
            if isinstance(route, Route):
                assert check_body(route.operation, example.get("body")) == []
                checked += 1
    assert checked > 20
