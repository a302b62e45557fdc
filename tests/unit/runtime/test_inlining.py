"""A class that is read often is read as one that was never read before, whatever it holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from threading import Thread
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError, model_validator
from pydantic_core import SchemaError, SchemaValidator

from graph_comms._runtime import inlining, recovery
from graph_comms._runtime.type_names import classes, declare
from graph_comms.models import (
    Call,
    CommsNotifications,
    GraphModel,
    Identity,
    IdentitySet,
    MediaInfo,
    MediaPrompt,
    Participant,
    Prompt,
)
from tests.golden.documented import load_examples
from tests.unit.runtime.wire import generated_classes, wire_names

CLASSES = generated_classes()
TYPES = sorted(classes)

SCALARS: st.SearchStrategy[Any] = st.none() | st.sampled_from(
    [True, 0, 1.5, "", "audio", "2026-02-25T18:52:21.2169889z", "PT0.0160S", "12", "INF"]
)
NAMES = sorted({wire for cls in CLASSES for wire in wire_names(cls).values()})


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    types = st.sampled_from([*TYPES, *map(str.upper, TYPES), "#contoso.identity", 5, None])
    members = st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    return st.builds(_typed, types, members) | members


def _typed(name: object, members: dict[str, Any]) -> dict[str, Any]:
    return {"@odata.type": name, **members}


VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | _objects(inner), max_leaves=12
)


@st.composite
def bodies(draw: st.DrawFn) -> tuple[type[GraphModel], dict[str, Any]]:
    """Draw a class and an object of it, whose members are of any form but often of a class."""
    cls = draw(st.sampled_from(CLASSES))
    names = st.sampled_from(sorted(wire_names(cls).values()))
    return cls, draw(st.dictionaries(names, VALUES, max_size=4))


@pytest.fixture(autouse=True)
def read_often(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have every class that was built read as one of which much was read."""
    for cls in CLASSES:
        cls.model_rebuild()
    monkeypatch.setattr(inlining, "MUCH", 0)
    yield
    inlining.forget()


def _read(cls: type[GraphModel], body: Any, *, strict: bool) -> list[Any]:
    """What a body is read as, from text and from values; an error as what it says."""
    found: list[Any] = []
    readers: list[Callable[[], GraphModel]] = [
        lambda: cls.from_json(json.dumps(body), strict=strict),
        lambda: cls.from_dict(body, strict=strict),
    ]
    for read in readers:
        try:
            model = read()
            found.append((model, model.to_json(), model.model_fields_set, model.misfits))
        except ValidationError as error:
            found.append(error.errors(include_url=False, include_context=False))
    return found


@given(bodies(), st.booleans())
def test_bodies_are_read_as_by_the_own_validators(
    drawn: tuple[type[GraphModel], dict[str, Any]], strict: bool
) -> None:
    cls, body = drawn

    read = _read(cls, body, strict=strict)

    with inlining.no_inlining():
        assert read == _read(cls, body, strict=strict)


def _proxied(value: Any) -> Any:
    """Return a value with mappings that are no dictionaries."""
    if isinstance(value, dict):
        return MappingProxyType({name: _proxied(member) for name, member in value.items()})
    return [*map(_proxied, value)] if isinstance(value, list) else value


@given(bodies())
def test_mappings_are_read_as_dictionaries(drawn: tuple[type[GraphModel], dict[str, Any]]) -> None:
    cls, body = drawn
    with inlining.no_inlining():
        model = cls.from_dict(body)
        assume(not model.misfits)
        assert cls.from_dict(_proxied(body)) == model

    assert cls.from_dict(_proxied(body)) == model


def test_objects_of_a_class_that_was_built_are_read_without_a_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, *_ = load_examples()
    text = json.dumps(first.response.body)
    Call.from_json(text)
    calls = _counted(monkeypatch)

    Call.from_json(text)

    # Other tests may derive classes from it: then its own is selected first.
    assert set(calls) <= {Call}


def _roster(*participants: Any) -> dict[str, Any]:
    return {"value": [{"changeType": "updated", "resourceData": [*participants]}]}


SOMEONE = {
    "@odata.type": "#microsoft.graph.participant",
    "info": {"identity": {"user": {"id": "1", "displayName": "Ann"}}, "languageId": "en-US"},
    "mediaStreams": [{"mediaType": "audio", "direction": "sendReceive"}],
}


@pytest.mark.parametrize("in_list", [True, False])
def test_objects_are_read_without_a_call_where_no_type_is_declared_once_their_class_was_read_there(
    monkeypatch: pytest.MonkeyPatch, in_list: bool
) -> None:
    body = _roster(SOMEONE, "a text", None, {"@odata.type": "#contoso.robot"}, [SOMEONE])
    if not in_list:
        body["value"][0]["resourceData"] = SOMEONE
    text = json.dumps(body)
    expected = CommsNotifications.from_json(text)
    CommsNotifications.from_json(text)
    calls = _counted(monkeypatch)

    read = CommsNotifications.from_json(text)

    assert (read, read.to_dict()) == (expected, body)
    assert calls.count(Participant) == in_list  # that of the list in the list
    assert Identity not in calls


@pytest.mark.parametrize("at", [0, 500, 999])
def test_one_misfit_where_no_type_is_declared_is_kept_alone(at: int) -> None:
    people: list[Any] = [SOMEONE for _ in range(1_000)]
    CommsNotifications.from_dict(_roster(*people))
    people[at] = {**SOMEONE, "isMuted": "maybe"}
    body = _roster(*people)

    for read in (
        CommsNotifications.from_json(json.dumps(body)),
        CommsNotifications.from_dict(body),
    ):
        place = ("value", 0, "resourceData", at, "isMuted")
        assert [misfit.path for misfit in read.misfits] == [place]
        assert read.to_dict() == body


def test_how_deep_what_has_no_declared_type_may_be_does_not_depend_on_what_was_read() -> None:
    CommsNotifications.from_dict(_roster(SOMEONE))
    nested: Any = 0
    for _ in range(recovery.MAX_DEPTH - 1):
        nested = [nested]

    assert CommsNotifications.from_dict(_roster(nested)).to_dict() == _roster(nested)
    for reading in (nullcontext(), inlining.no_inlining()):
        with reading, pytest.raises(ValidationError, match="nested this deeply"):
            CommsNotifications.from_dict(_roster([nested]))


def _counted(monkeypatch: pytest.MonkeyPatch) -> list[type[Any]]:
    calls: list[type[Any]] = []
    parsed = recovery.parsed

    def counting(cls: type[Any], value: Any, **options: Any) -> Any:
        calls.append(cls)
        return parsed(cls, value, **options)

    monkeypatch.setattr("graph_comms._runtime.model.parsed", counting)
    monkeypatch.setattr("graph_comms._runtime.untyped.parsed", counting)
    return calls


def test_it_begins_once_much_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inlining, "MUCH", 1_000)
    inlining.forget()

    assert inlining.inlined(Call, 600) is None
    assert inlining.inlined(Call, 600) is not None
    assert inlining.inlined(Identity, 600) is None


def test_text_of_a_class_with_derived_ones_makes_no_validator_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[type[Any]] = []
    monkeypatch.setattr(inlining, "_inlined", read.append)

    Prompt.from_json('{"@odata.type": "#microsoft.graph.mediaPrompt"}')

    assert read == [MediaPrompt]


def test_classes_of_an_application_leave_the_places_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = [type(f"Own{n}", (GraphModel,), {}, odata_type=f"#contoso.own{n}") for n in range(20)]
    for _ in range(2):
        CommsNotifications.from_dict(_roster(*(model().to_dict() for model in own)))
    CommsNotifications.from_dict(_roster(SOMEONE))
    CommsNotifications.from_dict(_roster(SOMEONE))
    calls = _counted(monkeypatch)

    CommsNotifications.from_dict(_roster(SOMEONE))

    assert Participant not in calls


def test_a_class_whose_type_name_another_took_is_read_where_it_is_declared() -> None:
    name = "#microsoft.graph.identity"

    class Named(Identity, odata_type=name):
        pass

    try:
        for _ in range(2):
            read = IdentitySet.from_json(
                json.dumps({"user": {"id": "1"}, "device": {"@odata.type": name}})
            )
            assert (type(read.user), type(read.device)) == (Identity, Named)
    finally:
        declare(name, Identity)


def test_a_class_with_a_validator_of_its_own_is_read_by_the_function() -> None:
    class Checked(GraphModel, odata_type="#contoso.checked"):
        __module__ = "graph_comms.models.graph"

        @model_validator(mode="before")
        @classmethod
        def rename(cls, value: dict[str, Any]) -> dict[str, Any]:
            return {"renamed": True, **value}

    class Derived(Checked, odata_type="#contoso.derived"):
        __module__ = "graph_comms.models.graph"

    class Holder(GraphModel, odata_type="#contoso.holder"):
        __module__ = "graph_comms.models.graph"
        checked: Checked | None = None

    Derived.model_rebuild()
    Checked.model_rebuild()

    for _ in range(2):
        held = Holder.from_json('{"checked": {}}').checked
        assert held is not None
        assert held.undeclared == {"renamed": True}


def test_an_error_carries_no_input() -> None:
    with pytest.raises(ValidationError) as caught:
        recovery.parsed(Call, {"callbackUri": {"token": "s3cret"}})

    assert "s3cret" not in str(caught.value)


def test_a_class_that_an_application_derives_later_is_chosen() -> None:
    body = {"user": {"@odata.type": "#contoso.robot", "id": "r2"}, "application": {"id": "x"}}
    IdentitySet.from_dict(body)

    class Robot(Identity, odata_type="#contoso.robot"):
        pass

    for read in (IdentitySet.from_dict(body), IdentitySet.from_json(json.dumps(body))):
        assert type(read.user) is Robot
        assert type(read.application) is Identity


def test_a_class_that_another_thread_derives_while_the_validator_is_made_is_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def derive() -> None:
        class Song(MediaInfo, odata_type="#contoso.song"):
            pass

        kept.append(Song)

    def slow(schema: Any, **options: Any) -> SchemaValidator:
        deriving.start()
        deriving.join(0.2)  # it may have to wait until the validator is made
        return SchemaValidator(schema, **options)

    kept: list[type[MediaInfo]] = []
    deriving = Thread(target=derive)
    monkeypatch.setattr(inlining, "SchemaValidator", slow)
    body = {"mediaInfo": {"@odata.type": "#contoso.song"}}
    MediaPrompt.from_dict(body)
    deriving.join()
    monkeypatch.undo()
    monkeypatch.setattr(inlining, "MUCH", 0)

    assert [type(MediaPrompt.from_dict(body).media_info)] == kept


@pytest.mark.parametrize("refusal", [TypeError("_use_prebuilt"), SchemaError("unknown key")])
def test_a_pydantic_that_cannot_make_the_validator_reads_by_the_own_one(
    monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    tried: list[Any] = []

    def refuse(schema: Any, **options: Any) -> SchemaValidator:
        tried.append(schema)
        raise refusal

    monkeypatch.setattr(inlining, "SchemaValidator", refuse)

    for _ in range(2):
        call = Call.from_json('{"state": "established", "subject": 5}')

    assert (call.state, len(call.misfits)) == ("established", 1)
    assert len(tried) == 1


def test_what_a_deep_body_costs_does_not_multiply_with_its_depth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body: dict[str, Any] = {"@odata.type": "#microsoft.graph.call", "subject": 5}
    for _ in range(40):
        body = {
            "value": [{"@odata.type": "#microsoft.graph.commsNotification", "resourceData": body}]
        }
        body["@odata.type"] = "#microsoft.graph.commsNotifications"
    calls = _counted(monkeypatch)

    read = CommsNotifications.from_dict(body)

    assert len(read.misfits) == 1
    assert read.to_dict() == body
    assert len(calls) < 6 * 80
