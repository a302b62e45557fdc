"""The models stand in the signatures of FastAPI endpoints."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from graph_comms.models import Call, CommsNotifications, Entity, ServiceHostedMediaConfig
from tests.golden.documented import load_examples
from tests.unit.runtime.wire import same

# FastAPI silences this one while it builds an adapter, but an adapter of a class that is built on
# first use is built with the first request.
pytestmark = pytest.mark.filterwarnings(
    "ignore::pydantic.warnings.UnsupportedFieldAttributeWarning"
)

app = FastAPI()


@app.post("/callback")
async def callback(notifications: CommsNotifications) -> Call:
    [notification] = notifications.value or []
    call = notification.resource_data
    assert type(call) is Call
    return call.with_undeclared(seen=notification.to_dict())


@app.post("/answer", response_model_exclude_unset=True)
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
    response = post("/callback", '{"value": [{"resourceUrl": 5}]}')

    assert response.status_code == 422
    [error] = response.json()["detail"]
    assert error["loc"] == ["body", "value", 0, "resourceUrl"]


def test_nesting_without_end_is_the_callers_fault() -> None:
    deep = '{"x":' * 600 + "1" + "}" * 600
    assert post("/callback", f'{{"value": [{{"resourceData": {deep}}}]}}').status_code == 422


def test_the_api_is_described() -> None:
    described = app.openapi()

    assert set(described["paths"]) == {"/callback", "/answer", "/entities"}
    body = described["paths"]["/callback"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"]["type"] == "object"
    json.dumps(described)
