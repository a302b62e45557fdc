"""The emulator against the OpenAPI document of the package, with requests that schemathesis makes up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from graph_codegen.api import read_subset
from graph_codegen.assets import folder
from graph_codegen.emit.names import assign_names
from graph_codegen.emit.openapi import build_openapi
from graph_codegen.facts import descriptions, statuses
from graph_emulator.dialling import Dialler
from graph_emulator.service import Service

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]

SERVER_ERRORS = {("501", "NotImplemented"), ("500", "9999"), ("500", "UnknownError")}
"""What the table of behaviours has from 500 on."""

ROOT = "https://graph.microsoft.com/v1.0"
APP, TENANT = "2891555a-92ff-42e6-80fa-6e1300c6b5c6", "9f4ec53c-4f0a-4d0b-8d4a-5a8a2a1f9a11"


def document() -> dict[str, Any]:
    model = read_subset().model
    facts = folder("metadata")
    return build_openapi(
        model, assign_names(model), descriptions.load(facts), statuses=statuses.load(facts)
    )


SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS: dict[str, APIOperation[Any, Any, Any, Any]] = {
    found.ok().label: found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)
}


@dataclass
class Served:
    """A service that nobody listens to, in an event loop of this thread."""

    service: Service = field(
        default_factory=lambda: Service(seed=0, forms="wire", receivers=Dialler(None, ()))
    )
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)

    def ask(
        self, method: str, path: str, body: object = None, token: bool = True
    ) -> tuple[int, dict[str, str], bytes]:
        """Return the answer to a request."""
        content = b"" if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        if token:
            signed = self.service.authority.access_token(APP, TENANT, None, APP)
            headers["authorization"] = f"Bearer {signed}"
        return self.send(method, f"{ROOT}{path}", headers, content)

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Return the answer to a request whose address is whole."""
        path, _, query = url.removeprefix("https://graph.microsoft.com").partition("?")

        async def answer() -> tuple[int, dict[str, str], bytes]:
            return await self.service.handle(method, "https", path, query, headers, body)

        return self.runner.run(answer())

    def pass_time(self, seconds: float) -> None:
        """Let what is due happen."""
        schedule = self.service.schedule
        until = schedule.time + seconds

        async def passing() -> None:
            while (due := schedule.next_time()) is not None and due <= until:
                schedule.do_next()
            schedule.move(until)

        self.runner.run(passing())

    def keys(self) -> dict[str, str]:
        """Return the ids of a group call that is established, and of somebody in it."""
        living = [call for call in self.service.calls if call.state == "established"]
        if not living:
            status, _, _ = self.ask("POST", "/communications/calls", GROUP_CALL)
            assert status == 201
            self.pass_time(5)
            living = [call for call in self.service.calls if call.state == "established"]
        call = living[-1]
        return {"call-id": call.id, "participant-id": call.roster[-1].id}


PEOPLE = [f"{n}12f7296-5fa4-42ca-bae8-6a692b15d4b8" for n in range(1, 3)]

GROUP_CALL = {
    "callbackUri": "https://bot.contoso.com/callback",
    "targets": [{"identity": {"user": {"id": person}}} for person in PEOPLE],
    "requestedModalities": ["audio"],
    "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"},
}


@pytest.fixture(scope="module")
def served() -> Generator[Served]:
    served = Served()
    with served.runner:
        for person in PEOPLE:
            served.service.directory.called({"user": {"id": person}}).answers(after=0)
        yield served


def response_to(served: Served, case: Case[Any]) -> schemathesis.Response:
    """Return the answer to a case; every other one is about a call that lives."""
    about = case.as_transport_kwargs(base_url=ROOT)
    prepared = requests.Request(**about).prepare()
    token = served.service.authority.access_token(APP, TENANT, None, APP)
    headers = {name.lower(): str(value) for name, value in prepared.headers.items()}
    content: Any = prepared.body or b""
    status, written, answer = served.send(
        str(prepared.method),
        str(prepared.url),
        headers | {"authorization": f"Bearer {token}"},
        content.encode() if isinstance(content, str) else bytes(content),
    )
    served.pass_time(1)
    return schemathesis.Response(
        status_code=status,
        headers={name: [value] for name, value in written.items()},
        content=answer,
        request=prepared,
        elapsed=0.0,
        verify=False,
    )


def agree(served: Served, operation: APIOperation[Any, Any, Any, Any], examples: int) -> None:
    """Send requests for an operation, and compare each answer with the document."""
    modes = [operation.as_strategy(GenerationMode.POSITIVE)]
    if operation.body:
        modes.append(operation.as_strategy(GenerationMode.NEGATIVE))
    declared = operation.definition.raw["responses"]

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(*modes), living=st.integers(0, 3))
    def send(case: Case[Any], living: int) -> None:
        if living and case.path_parameters:
            known = served.keys()
            case.path_parameters.update(
                {name: known[name] for name in case.path_parameters if name in known}
            )
        response = response_to(served, case)
        case.validate_response(response, checks=CHECKS)
        if response.status_code < 300:
            assert {str(response.status_code), "2XX"} & declared.keys()
            return
        error = response.json()["error"]
        assert isinstance(error["message"], str)
        if response.status_code >= 500:
            assert str(response.status_code) in declared
            assert (str(response.status_code), error["code"]) in SERVER_ERRORS

    send()


@pytest.mark.parametrize(
    "label", [label for label in OPERATIONS if "/communications/calls" in label]
)
def test_what_calls_are_asked_for_is_answered_as_declared(served: Served, label: str) -> None:
    agree(served, OPERATIONS[label], examples=12)


def test_requests_that_are_made_up_are_not_refused_alone(served: Served) -> None:
    call = "/communications/calls/{call-id}"
    before = len(served.service.log.requests)
    for label in (
        f"GET {call}",
        f"POST {call}/keepAlive",
        f"POST {call}/participants/{{participant-id}}/mute",
    ):
        agree(served, OPERATIONS[label], examples=10)
    assert {200, 404} <= {logged.status for logged in served.service.log.requests[before:]}


@pytest.mark.thorough
@pytest.mark.parametrize("label", OPERATIONS)
def test_every_operation_is_answered_as_declared(served: Served, label: str) -> None:
    agree(served, OPERATIONS[label], examples=10)


def test_no_operation_is_answered_without_a_token(served: Served) -> None:
    assert len(OPERATIONS) == sum(map(len, SCHEMA.raw_schema["paths"].values()))
    answers = {
        served.ask(operation.method.upper(), operation.path, token=False)[0]
        for operation in OPERATIONS.values()
    }
    assert answers == {401}
