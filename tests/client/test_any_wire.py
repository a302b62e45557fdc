"""Any JSON object from the wire comes back equal; any other text is refused.

`make test-thorough` tries thousands.
"""

from __future__ import annotations

import copy
import json
import string
import sys
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from graph_comms._runtime import recovery
from graph_comms.models import Call, CommsNotifications, GraphModel
from tests.golden.documented import load_examples
from tests.support.examples import examples
from tests.unit.runtime.wire import same, wire_names

Json = Any
EXAMPLES = load_examples()
CALLS: list[Json] = [it.body for one in EXAMPLES for it in (one.request, one.response)]
NOTES: list[Json] = [note.body for one in EXAMPLES for note in one.notifications]
DOCUMENTS: list[tuple[type[GraphModel], Json]] = [
    *((Call, body) for body in CALLS),
    *((CommsNotifications, body) for body in NOTES),
]
TYPES = [
    "#microsoft.graph.call",
    "microsoft.graph.identitySet",
    "#MICROSOFT.GRAPH.IDENTITY",
    "#x.y",
]
KEYS = [
    *wire_names(Call).values(),
    *(
        "@odata.type",
        "state@odata.type",
        "callback_uri",
        "__class__",
        "model_fields",
        "",
        "a.b",
        "0",
    ),
]
TEXTS = [
    "",
    "0",
    "-1.5e3",
    "INF",
    "NaN",
    "2026-01-31T10:00:00.1234567Z",
    "PT1H",
    "established",
    "\0",
]

numbers = (
    st.integers()
    | st.integers(2**53 - 2, 2**70)
    | st.integers(0, 10**400)
    | st.floats(allow_nan=False, allow_infinity=False)
)
texts = st.sampled_from(TEXTS + TYPES) | st.text(st.characters(exclude_categories=["Cs"]))
keys = st.sampled_from(KEYS) | texts
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(keys, inner, max_size=4)
    | st.tuples(st.sampled_from(TYPES), st.dictionaries(keys, inner, max_size=3)).map(
        lambda both: {"@odata.type": both[0], **both[1]}
    ),
    max_leaves=10,
)


# -- the property


def check(cls: type[GraphModel], text: str | bytes) -> None:
    try:
        model = cls.from_json(text)
    except ValidationError as error:
        check_refusal(error)
        with pytest.raises(ValidationError):
            cls.model_validate_json(text)
        return
    wire = json.loads(text)
    assert same(json.loads(model.to_json()), wire)
    assert same(model.to_dict(), wire)
    assert same(cls.from_dict(wire).to_dict(), wire)
    with patch.object(recovery, "_MANY", 1):
        in_pieces = cls.from_json(text)
    assert same(json.loads(in_pieces.to_json()), wire)
    assert sorted(in_pieces.misfits, key=repr) == sorted(model.misfits, key=repr)
    try:
        cls.from_json(text, strict=True)
    except ValidationError as error:
        check_paths(error, text)
        assert model.misfits
    else:
        assert not model.misfits


def check_refusal(error: ValidationError) -> None:
    """Only what is no JSON, and JSON that is no object, is refused."""
    [detail] = error.errors()
    assert detail["type"] in {"json_invalid", "model_type"}
    assert detail["loc"] == ()


TAG = "[key]"
"""What pydantic puts into a path besides keys: after an unknown key."""


def check_paths(error: ValidationError, text: str | bytes) -> None:
    for detail in error.errors(include_url=False):
        if detail["type"] == "json_invalid":
            assert detail["loc"] == ()
            continue
        place = json.loads(text)
        for part in detail["loc"]:
            if isinstance(place, dict) and part in place:
                place = place[str(part)]
            elif isinstance(place, list) and isinstance(part, int):
                place = place[part]
            else:
                assert isinstance(part, str), detail
                assert part == TAG, detail


# -- documented payloads, changed


def places(value: Json) -> list[tuple[Json, Any]]:
    """Return every member and item as its container and its key or index."""
    inside = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    nested = [place for _, one in inside if isinstance(one, dict | list) for place in places(one)]
    return [(value, key) for key, _ in inside] + nested


@st.composite
def changed_documents(draw: st.DrawFn) -> tuple[type[GraphModel], Json]:
    cls, original = draw(st.sampled_from(DOCUMENTS))
    document = copy.deepcopy(original)
    for _ in range(draw(st.integers(1, 4))):
        found = places(document)
        if found:
            change(draw, *draw(st.sampled_from(found)))
    return cls, document


def change(draw: st.DrawFn, container: Json, key: Any) -> None:
    value = container[key]
    match draw(st.sampled_from(["delete", "replace", "double", "rename", "retype", "null"])):
        case "delete":
            del container[key]
        case "replace":
            container[key] = draw(values)
        case "double" if isinstance(container, list):
            container.insert(key, copy.deepcopy(value))
        case "double":
            container[draw(keys)] = copy.deepcopy(value)
        case "rename" if isinstance(container, dict):
            container[draw(keys)] = container.pop(key)
        case "retype":
            container[key] = draw(
                st.sampled_from(
                    [[value], {"x": value}, json.dumps(value), str(value), 1, 1.5, True]
                )
            )
        case _:
            container[key] = None


@examples(100, 12_000)
@given(changed_documents())
def test_a_documented_payload_that_was_changed(case: tuple[type[GraphModel], Json]) -> None:
    cls, document = case
    check(cls, json.dumps(document))


@examples(100, 4_000)
@given(changed_documents(), st.data())
def test_the_text_of_a_documented_payload_that_was_changed(
    case: tuple[type[GraphModel], Json], data: st.DataObject
) -> None:
    """Bytes deleted, inserted and repeated: members twice, broken numbers, broken UTF-8."""
    cls, document = case
    text = bytearray(json.dumps(document, ensure_ascii=False).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 9)))
        text[start:end] = data.draw(st.binary(max_size=4) | st.just(bytes(text[start:end]) * 2))
    check(cls, bytes(text))


# -- anything


@examples(100, 6_000)
@given(st.dictionaries(keys, values, max_size=5))
@example({"x": {"a": [{"@odata.type": "#microsoft.graph.call", "subject": 5}]}})
@example({"x": [1, [float(2**53), 2**64, 0.1, -0.0, 5e-324, 1.7976931348623157e308]]})
def test_any_object(value: Json) -> None:
    for cls in (Call, CommsNotifications):
        check(cls, json.dumps(value))


@examples(100, 2_000)
@given(values.map(json.dumps) | st.text(string.printable) | st.binary())
def test_any_document(text: str | bytes) -> None:
    check(Call, text)


CALL_TYPE = {"@odata.type": "#microsoft.graph.call"}
TWICE = [
    ('{"id": "0", "id": "1"}', {"id": "1"}),
    ('{"x": {"y": 1, "y": [2]}}', {"x": {"y": [2]}}),
    ('{"@odata.type": "#x.y", ' + json.dumps(CALL_TYPE)[1:], CALL_TYPE),
]


@pytest.mark.parametrize(("text", "meant"), TWICE)
def test_of_a_name_that_comes_twice_the_last_counts(text: str, meant: Json) -> None:
    assert Call.from_json(text).to_dict() == json.loads(text) == meant


# -- depth


def nested(name: str, depth: int, innermost: Json) -> str:
    return f'{{"{name}":' * depth + json.dumps(innermost) + "}" * depth


def below(frames: int, work: Any) -> Any:
    return below(frames - 1, work) if frames else work()


@pytest.mark.parametrize("frames", [0, 300, 600, 800, 900])
@pytest.mark.parametrize("depth", [10, 100, 190, 199, 200, 201, 1_000, 100_000])
@pytest.mark.parametrize("name", ["x", "source", "transcription", "resultInfo", "replyTo"])
def test_no_depth_is_too_much_however_deep_the_caller_is(
    name: str, depth: int, frames: int
) -> None:
    text = nested(name, depth, {})
    for cls in (Call, GraphModel):
        try:
            wire = below(min(frames, sys.getrecursionlimit() - 100), partial(cls.from_json, text))
        except ValidationError:
            continue
        assert wire.to_json() == text
