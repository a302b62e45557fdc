"""The models stand in the signatures of FastAPI endpoints."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any, Literal

import httpx
import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import BaseModel, TypeAdapter

from graph_comms.models import (
    Call,
    CallState,
    CommsNotifications,
    Entity,
    MediaConfig,
    OnlineMeeting,
    Participant,
    ServiceHostedMediaConfig,
    call_records,
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


def post(path: str, content: str) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
            headers = {"Content-Type": "application/json"}
            return await client.post(path, content=content, headers=headers)

    return asyncio.run(send())


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

    assert set(described["paths"]) == {"/callback", "/answer", "/entities", "/derived", "/own"}
    body = described["paths"]["/callback"]["post"]["requestBody"]["content"]["application/json"]
    [choice] = body["schema"]["anyOf"]
    assert choice == {"$ref": "#/components/schemas/CommsNotifications"}
    assert schemas["CallState"]["enum"] == list(CallState)
    # A value that is read and written has a schema for each.
    described_calls = [text for name, text in schemas.items() if name.partition("-")[0] == "Call"]
    assert described_calls
    assert all("required" not in text and len(text["properties"]) > 20 for text in described_calls)
    json.dumps(described)


FORMS: list[Any] = [Call, list[Call], Call | None, Own, list[Entity]]


@pytest.mark.parametrize("mode", ["validation", "serialization"])
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_schema_has_every_property_and_every_reference_leads_somewhere(
    form: Any, mode: Literal["validation", "serialization"]
) -> None:
    schema = TypeAdapter(form).json_schema(mode=mode)
    Draft202012Validator.check_schema(schema)
    definitions = schema["$defs"]
    text = json.dumps(schema)

    assert {ref.removeprefix("#/$defs/") for ref in re.findall(r'"\$ref": "([^"]+)"', text)} <= (
        definitions.keys()
    )
    call = definitions.get("Call", schema)  # one that is built already describes itself
    assert call["properties"].keys() == set(wire_names(Call).values())
    assert "required" not in call
    names = [choice.get("$ref") for choice in call["properties"]["mediaConfig"]["anyOf"]]
    assert {f"#/$defs/{cls.__name__}" for cls in (MediaConfig, ServiceHostedMediaConfig)} <= {
        *names
    }
    assert call["properties"]["state"]["description"].startswith("Where the call stands.")
    assert definitions["IdentitySet"]["properties"]["user"]["description"]


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_the_schema_of_every_class_can_be_had(mode: Literal["validation", "serialization"]) -> None:
    for cls in (Call, CommsNotifications, OnlineMeeting, call_records.CallRecord, Participant):
        schema = cls.model_json_schema(mode=mode)
        assert schema["properties"].keys() == set(wire_names(cls).values())
        assert "required" not in schema


def test_documented_bodies_fit_the_schema() -> None:
    valid = Draft202012Validator(TypeAdapter(Call).json_schema())
    for example in load_examples():
        assert [error.message for error in valid.iter_errors(example.request.body)] == []
