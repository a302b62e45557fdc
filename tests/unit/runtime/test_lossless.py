"""Whatever Graph sends comes back equal."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from graph_comms.models import (
    Call,
    CallTranscriptionInfo,
    EngagementConversationMessage,
    GraphModel,
    Identity,
    Participant,
)
from tests.unit.runtime.wire import COPIES, comes_back, generated_classes, same, wire_names

PAGES = Path(__file__).parents[3].parent / "shared" / "examples"

BODIES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "null": {"subject": None, "source": None, "targets": None, "state": None, "new": None},
    "undeclared": {"new": {"deep": [1, {"a": None}]}, "flag": True, "number": 1.0, "text": ""},
    "annotations": {
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#app/calls/$entity",
        "@odata.etag": 'W/"1"',
        "targets@odata.type": "#Collection(microsoft.graph.invitationParticipantInfo)",
        "participants@odata.navigationLink": "https://graph.microsoft.com/v1.0/participants",
    },
    "null type": {"@odata.type": None},
    "unknown enum values": {"state": "levitating", "requestedModalities": ["audio", "smell"]},
    "enum values in other capitals": {"state": "Established", "direction": "OUTGOING"},
    "unknown derived type": {
        "mediaConfig": {"@odata.type": "#microsoft.graph.newMediaConfig", "blob": 1, "x": [{}]}
    },
    "type that does not derive": {
        "source": {"@odata.type": "#microsoft.graph.call", "state": 1, "region": "emea"}
    },
    "order of arrays": {"requestedModalities": ["video", "audio", "video"], "new": [3, 1, 2]},
    "numbers that arrive as text": {"resultInfo": {"code": "200", "subcode": "0"}},
    "numbers with a point": {"resultInfo": {"code": 200.0, "subcode": -0.0}},
    "unicode": {"subject": "\U0001f600\u0000\u202e\ufeff", "\U0001f600": "\u2028"},
    "names of attributes": {
        "callback_uri": "x",
        "odata_type": 5,
        "source": {"identity": {"user": {"display_name": "x", "displayName": "y"}}},
    },
    "names that Python uses": {
        "__class__": 1,
        "__dict__": {"a": 1},
        "__pydantic_extra__": {},
        "__pydantic_fields_set__": [],
        "_abstract": False,
        "cls": 2,
        "model_config": None,
        "model_fields": [],
        "self": {},
        "to_json": "x",
        "undeclared": {"undeclared": 1},
        "": "",
    },
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_it_comes_back_equal(body: dict[str, Any]) -> None:
    assert comes_back(Call, body)


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_copy_has_the_same_wire_form(
    body: dict[str, Any], copied: Callable[[GraphModel], GraphModel]
) -> None:
    assert same(copied(Call.from_dict(body)).to_dict(), body)


def test_order_of_properties_among_undeclared_ones() -> None:
    text = '{"z":1,"a":{"y":2,"b":3},"@odata.etag":"x"}'
    assert Call.from_json(text).to_json() == text


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T10:00:00.1234567Z",
        "2026-01-31T10:00:00.123456789012Z",
        "2026-01-31T10:00:00.10Z",
        "2026-01-31T10:00:00.12-08:00",
        "0001-01-01T00:00:00Z",
    ],
)
def test_every_digit_of_a_time_stamp_comes_back(text: str) -> None:
    body = {"state": "active", "lastModifiedDateTime": text}
    assert comes_back(CallTranscriptionInfo, body)


@pytest.mark.parametrize("cls", generated_classes(), ids=lambda cls: cls._odata_type)
def test_nothing_is_required(cls: type[GraphModel]) -> None:
    nulls: dict[str, Any] = dict.fromkeys(wire_names(cls).values())
    for body in ({}, nulls):
        assert comes_back(cls, body)


def test_absent_and_null_read_alike_and_differ_on_the_wire() -> None:
    absent, null = Call.from_json("{}"), Call.from_json('{"subject": null}')

    assert absent.subject is None
    assert null.subject is None
    assert (absent.to_json(), null.to_json()) == ("{}", '{"subject":null}')


@pytest.mark.parametrize(
    ("cls", "text"),
    [
        (Identity, '{"x":' * 150 + "1" + "}" * 150),
        (Identity, '{"x":' + "[" * 150 + "]" * 150 + "}"),
        (EngagementConversationMessage, '{"replyTo":' * 150 + "{}" + "}" * 150),
        (EngagementConversationMessage, '{"replies":[' * 70 + "]}" * 70),
    ],
)
def test_deep_nesting_comes_back_equal(cls: type[GraphModel], text: str) -> None:
    assert same(json.loads(cls.from_json(text).to_json()), json.loads(text))
    assert same(cls.from_json(text).to_dict(), json.loads(text))


@pytest.mark.parametrize("name", ["x", "replyTo", "replies"])
@pytest.mark.parametrize(
    "named",
    [
        {},
        {"@odata.type": "#microsoft.graph.identity"},
        {"@odata.type": "#microsoft.graph.engagementConversationMessage"},
    ],
)
def test_nesting_without_end_is_a_validation_error(name: str, named: dict[str, Any]) -> None:
    value: dict[str, Any] = named
    for depth in range(20_000):
        value = {name: [value] if name == "replies" else value, **named}
        if depth == 2:  # what is read for the first time takes another way
            EngagementConversationMessage.from_dict(value)

    with pytest.raises(ValidationError):
        EngagementConversationMessage.from_dict(value)
    while value.get(name):  # taken apart, or freeing it would overflow the stack
        inner = value.pop(name)
        value = inner[0] if isinstance(inner, list) else inner


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_a_number_that_json_cannot_hold_is_refused_rather_than_lost(number: float) -> None:
    with pytest.raises(ValidationError, match="a number that JSON can represent"):
        Call.from_dict({"new": [number]})


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400"])
def test_json_text_with_such_a_number_is_refused_too(text: str) -> None:
    for parse in (Call.from_json, Call.model_validate_json):
        with pytest.raises(ValidationError):
            parse(f'{{"new": {text}}}')


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '"x"', "1", '{"a": "\\ud800"}', "{'a': 1}"]
)
def test_what_is_no_json_object_is_a_validation_error(text: str) -> None:
    for parse in (Call.from_json, Call.model_validate_json):
        with pytest.raises(ValidationError):
            parse(text)
    with pytest.raises(ValidationError):
        Call.model_validate_json(text, context={})
    with pytest.raises(ValidationError):
        Call.from_json(b'{"a": "\xff"}')


def test_from_dict_takes_mappings_only() -> None:
    with pytest.raises(TypeError):
        Call.from_dict([])  # type: ignore[arg-type]


def documented_pages() -> list[Any]:
    bodies = []
    for path in sorted(PAGES.glob("*.json")):
        page = json.loads(path.read_text(encoding="utf-8"))
        for example in page["examples"]:
            if isinstance(example.get("body"), dict):
                bodies.append(pytest.param(example, id=f"{path.stem}-{example['name']}"))
    missing = pytest.mark.skip(f"{PAGES.name}, the examples of other pages, are not here")
    return bodies or [pytest.param({}, marks=missing, id="missing")]


@pytest.mark.parametrize("example", documented_pages())
def test_documented_bodies_of_other_pages_come_back_equal(example: dict[str, Any]) -> None:
    declared = {cls._odata_type.casefold(): cls for cls in generated_classes()}
    name = example.get("declared_type") or example["body"].get("@odata.type", "")
    cls = declared.get(f"#{name.removeprefix('#').casefold()}", Participant)

    assert comes_back(cls, example["body"])


@pytest.mark.parametrize(
    "body",
    [
        {"source": {"identity": {"user": {"displayName": 31337}}}},
        {"state": 31337},
        {"targets": [{"hidden": "31337"}]},
        {"resultInfo": {"code": "x31337"}},
        {"transcription": {"lastModifiedDateTime": "31337"}},
        {"new": {"@odata.type": "#microsoft.graph.identity", "id": 31337}},
        {"@odata.type": 31337},
        {"source": 31337},
    ],
)
def test_an_error_tells_where_and_not_what(body: dict[str, Any]) -> None:
    for parse in (Call.from_dict, lambda it, strict: Call.from_json(json.dumps(it), strict=strict)):
        with pytest.raises(ValidationError) as caught:
            parse(body, strict=True)
        assert "31337" not in f"{caught.value} {caught.value!r}"
        assert next(iter(body)) in str(caught.value)


def test_null_among_the_items_of_a_collection_comes_back() -> None:
    wire = {"requestedModalities": [None, "audio"], "targets": [None, {"hidden": True}]}
    call = Call.from_dict(wire)

    assert call.to_dict() == wire
    assert json.loads(call.to_json()) == wire
    with pytest.raises(ValidationError):
        Call(requested_modalities=[None])  # type: ignore[list-item]
