"""The models stand in the signatures of FastAPI endpoints."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from openapi_spec_validator import validate
from pydantic import BaseModel

from graph_comms.models import (
    Call,
    CallState,
    CommsNotification,
    CommsNotifications,
    Entity,
    ServiceHostedMediaConfig,
)
from tests.golden.documented import load_examples
from tests.unit.runtime.wire import same, wire_names

pytestmark = pytest.mark.filterwarnings("error")

app = FastAPI()


@app.post("/callback")
async def callback(notifications: CommsNotifications) -> Call:
    [notification] = notifications.value or []
    call = notification.resource_data
    assert type(call) is Call
    return call.with_undeclared(seen=notification.to_dict())


@app.post("/answer")
async def answer(entity: Entity) -> Call:
    assert type(entity) is Call
    entity.media_config = ServiceHostedMediaConfig(pre_fetch_media=None)
    return entity


@app.post("/entities")
async def entities(entities: list[Entity]) -> list[str]:
    return [type(entity).__name__ for entity in entities]


def send(app: FastAPI, method: str, path: str, content: str | None = None) -> httpx.Response:
    async def sent() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
            headers = {"Content-Type": "application/json"}
            return await client.request(method, path, content=content, headers=headers)

    return asyncio.run(sent())


def post(path: str, content: str) -> httpx.Response:
    return send(app, "POST", path, content)


def test_an_endpoint_takes_notifications_and_returns_a_call() -> None:
    body: Any = load_examples()[0].notifications[0].body
    response = post("/callback", json.dumps(body))

    assert response.status_code == 200
    returned = response.json()
    [notification] = body["value"]
    assert same(
        {key: returned[key] for key in returned if key != "seen"}, notification["resourceData"]
    )
    assert same(returned["seen"], notification)
    assert Call.from_dict(returned).state == "establishing"
    assert {key: returned[key] for key in notification["resourceData"]} == (
        notification["resourceData"]
    )


def test_an_endpoint_picks_the_class_and_sends_only_what_is_set() -> None:
    body = {"@odata.type": "microsoft.graph.call", "state": "Established", "new": [1.0, None]}
    response = post("/answer", json.dumps(body))

    media = {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig", "preFetchMedia": None}
    assert same(response.json(), body | {"mediaConfig": media})


def test_an_endpoint_takes_a_list() -> None:
    body = [{"@odata.type": "#microsoft.graph.call"}, {"@odata.type": "#new"}, {}]
    assert post("/entities", json.dumps(body)).json() == ["Call", "Entity", "Entity"]


def test_what_does_not_fit_is_the_callers_fault() -> None:
    for body in ("[]", "5", "null", "{"):
        response = post("/callback", body)
        assert response.status_code == 422
        assert [error["loc"][0] for error in response.json()["detail"]] == ["body"]


def test_a_value_that_does_not_fit_loses_nothing_else() -> None:
    data = {"@odata.type": "#microsoft.graph.call", "subject": 5, "state": "terminated"}
    notification = {"resourceUrl": 7, "resourceData": data}
    response = post("/callback", json.dumps({"value": [notification]}))

    assert response.status_code == 200
    assert same(response.json()["seen"], notification)
    assert response.json()["subject"] == 5
    assert post("/entities", json.dumps([data, {"id": 5}])).json() == ["Call", "Entity"]


def test_nesting_without_end_is_the_callers_fault() -> None:
    deep = '{"x":' * 600 + "1" + "}" * 600
    assert post("/callback", f'{{"value": [{{"resourceData": {deep}}}]}}').status_code == 422


class Own(BaseModel):
    """A type of the application's that holds ours."""

    call: Call | None = None
    calls: list[Call] = []


class OwnCall(Call):
    """A class of the application's that derives from ours."""


@app.post("/derived")
async def derived(call: OwnCall) -> OwnCall:
    return call


def test_a_class_that_derives_from_a_model_works_likewise() -> None:
    assert OwnCall.from_dict({"state": "established"}).state == CallState.ESTABLISHED
    assert same(post("/derived", '{"state": "Established"}').json(), {"state": "Established"})


@app.post("/own")
async def own(own: Own) -> Own:
    return own


def test_a_type_of_the_application_holds_models() -> None:
    body: dict[str, Any] = {"call": {"subject": None, "new": 1.0}, "calls": [{}, {"id": "1"}]}
    assert same(post("/own", json.dumps(body)).json(), body)
    assert Own.model_validate(body).model_dump()["calls"][1]["id"] == "1"


def test_the_api_is_described() -> None:
    described = app.openapi()
    schemas = described["components"]["schemas"]

    body = described["paths"]["/callback"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"]["anyOf"] == [{"$ref": "#/components/schemas/CommsNotifications"}]
    body = described["paths"]["/answer"]["post"]["requestBody"]["content"]["application/json"]
    choices = {choice["$ref"].rpartition("/")[2] for choice in body["schema"]["anyOf"]}
    assert {"Entity", "Call-Input"} <= choices
    assert schemas["CallState"]["enum"] == list(CallState)
    for name in ("Call-Input", "Call-Output"):  # a class that is read and written may have both
        assert schemas[name]["properties"].keys() == set(wire_names(Call).values())
        assert "required" not in schemas[name]
    validate(json.loads(json.dumps(described)))


def test_the_example_of_the_documentation_runs() -> None:
    page = (Path(__file__).parents[3] / "docs" / "models.md").read_text(encoding="utf-8")
    [code] = re.findall(r"```python\n(from fastapi.*?)```", page, re.DOTALL)
    example: dict[str, Any] = {"__name__": "example"}
    exec(compile(code, "docs/models.md", "exec", dont_inherit=True), example)

    bodies = [note.body for one in load_examples() for note in one.notifications]
    received: dict[str | None, Any] = {}
    for body in bodies:
        assert send(example["app"], "POST", "/callback", json.dumps(body)).status_code == 202
        for item in body["value"]:
            notification = CommsNotification.from_dict(item)
            if isinstance(notification.resource_data, Call):
                received[notification.call_id] = item["resourceData"]
    assert received
    for call_id, call in received.items():
        assert same(send(example["app"], "GET", f"/calls/{call_id}").json(), call)
    assert send(example["app"], "GET", "/calls/x").status_code == 404
