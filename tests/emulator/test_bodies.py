"""What the emulator says to bodies that are not of the types that the package declares."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args, get_origin
from uuid import UUID

import httpx
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from graph_comms import OPERATIONS, Operation
from graph_comms._runtime.enums import GraphEnum, GraphFlags
from graph_comms._runtime.misfits import attributes
from graph_comms._runtime.misfits import plain as plain_form
from graph_comms._runtime.model import GraphModel, concrete, is_open
from graph_emulator import Emulator
from graph_emulator.bodies import check_body
from graph_emulator.faults import Fault
from graph_emulator.metadata import body_type, type_name_of
from graph_emulator.routing import Route, Router
from tests.emulator.plain import plain

CALLS = "/communications/calls"
PLAY = f"{CALLS}/57dab8b1-894c-409a-b240-bd8beae78896/playPrompt"
WITH_BODIES = [one for one in OPERATIONS if body_type(one) is not None]
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
        ("/subscriptions", {"expirationDateTime": "2026-01-05T10:00:00"}, "expirationDateTime"),
        (CALLS, {"ringingTimeoutInSeconds": 5.0}, "ringingTimeoutInSeconds"),
        (CALLS, {"ringingTimeoutInSeconds": 2**31}, "ringingTimeoutInSeconds"),
        (CALLS, {"toneInfo": {"sequenceId": 2**63}}, "toneInfo.sequenceId"),
        (CALLS, {"requestedModalities": ["audio", None]}, "requestedModalities[1]"),
        (CALLS, {"mediaConfig": {}}, "mediaConfig"),
        (CALLS, {"mediaConfig": {"@odata.type": "#microsoft.graph.mediaConfig"}}, "mediaConfig"),
        (PLAY, {"prompts": [{"@odata.type": "#microsoft.graph.prompt"}]}, "prompts[0]"),
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


WRONG: dict[Any, list[Any]] = {
    str: [5, True, {}, []],
    bool: [0, "true", {}, []],
    int: [1.5, 2.0, "1", "x", True, 2**64, {}, []],
    float: ["x", True, {}, []],
    Decimal: ["x", True, {}, []],
    datetime: ["tomorrow", "2026-01-05", "2026-01-05T10:00:00", 5, True, {}],
    date: ["tomorrow", "2026-13-05", 5, True, {}],
    time: ["noon", "25:00:00", 5, True, {}],
    timedelta: ["1 h", 5, True, {}],
    UUID: ["x", 5, True, {}],
    bytes: ["@", 5, True, {}],
}
"""Values that are not of a type, by the Python type that represents it."""


def wrong_for(form: Any) -> list[Any]:
    """Return values that are not of a declared type."""
    if get_origin(form) is list:
        inner = plain_form(get_args(form)[0])
        return [5, "x", {}, [None], *([one] for one in wrong_for(inner))]
    if issubclass(form, GraphModel):
        return [5, "x", True, [], {"@odata.type": "#microsoft.graph.nothing"}]
    if issubclass(form, GraphEnum | GraphFlags):
        return [5, True, "no member", {}, []]
    found = next((WRONG[one] for one in form.__mro__ if one in WRONG), None)
    return [] if found is None else found


@dataclass
class Inside:
    """An object somewhere in the body of an operation: its type, and where it is."""

    operation: Operation
    body: dict[str, Any]
    inner: dict[str, Any]
    cls: type[GraphModel]
    place: str

    def forms(self) -> dict[str, Any]:
        """Return the declared types of its properties, by their names on the wire."""
        self.cls.model_rebuild()
        return {
            name: plain_form(self.cls.model_fields[attribute].annotation)
            for name, attribute in attributes(self.cls).items()
            if "@" not in name
        }

    def at(self, name: str) -> str:
        return f"{self.place}.{name}".removeprefix(".")


def held_in(form: Any) -> Any:
    return plain_form(get_args(form)[0]) if get_origin(form) is list else form


@st.composite
def insides(draw: st.DrawFn) -> Inside:
    operation = draw(st.sampled_from(WITH_BODIES))
    body: dict[str, Any] = {}
    cls = body_type(operation)
    assert cls is not None
    inside = Inside(operation, body, body, cls, "")
    for _ in range(draw(st.integers(0, 3))):
        # Where a type with sub-types holds itself, pydantic reads what is inside as that type alone.
        forms = {name: form for name, form in inside.forms().items() if held_in(form) is not cls}
        leading = sorted(
            name for name, form in forms.items() if issubclass(held_in(form), GraphModel)
        )
        if not leading:
            break
        name = draw(st.sampled_from(leading))
        cls, place, below = held_in(forms[name]), inside.at(name), dict[str, Any]()
        inside.inner[name] = [below] if get_origin(forms[name]) is list else below
        # Other tests derive types of their own.
        known = (one for one in cls.__subclasses__() if one.__module__.startswith("graph_comms."))
        if derived := list(known):
            cls = concrete(draw(st.sampled_from(derived)))
            below["@odata.type"] = f"#{type_name_of(cls)}"
        place = f"{place}[0]" if get_origin(forms[name]) is list else place
        inside = Inside(operation, body, below, cls, place)
    return inside


RANDOM = settings(max_examples=300, deadline=None, derandomize=True, database=None)


@RANDOM
@given(insides(), st.data())
def test_a_wrong_type_anywhere_is_refused_by_its_place(inside: Inside, data: st.DataObject) -> None:
    choices = [(name, wrong) for name, form in inside.forms().items() for wrong in wrong_for(form)]
    if not choices:
        reject()
    name, inside.inner[name] = data.draw(st.sampled_from(choices))
    with pytest.raises(Fault) as raised:
        check_body(inside.operation, inside.body)
    assert (raised.value.status, raised.value.code) == (400, "BadRequest")
    place = inside.at(name)
    assert raised.value.message.startswith((f"{place}: ", f"{place}[0]", f"{place}."))


@RANDOM
@given(insides())
def test_an_unknown_property_anywhere_is_refused_or_logged(inside: Inside) -> None:
    inside.inner["nobodyDeclaresThis"] = {"a": [1, None]}
    place = inside.at("nobodyDeclaresThis")
    if is_open(inside.cls):
        assert [one.place for one in check_body(inside.operation, inside.body)] == [place]
        return
    with pytest.raises(Fault, match="does not exist on type") as raised:
        check_body(inside.operation, inside.body)
    assert raised.value.message.startswith(f"The property '{place}' ")


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
