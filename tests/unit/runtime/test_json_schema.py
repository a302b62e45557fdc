"""The JSON schema of a model says everything that is known about it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import BaseModel, TypeAdapter

from graph_comms import models
from graph_comms.models import (
    Call,
    CommsNotification,
    CommsNotifications,
    CommsOperation,
    Entity,
    GraphModel,
    MediaConfig,
    MeetingInfo,
    OnlineMeeting,
    Participant,
    Prompt,
    ServiceHostedMediaConfig,
    call_records,
)
from tests.golden.documented import load_examples
from tests.unit.runtime.wire import wire_names

pytestmark = pytest.mark.filterwarnings("error")

Mode = Literal["validation", "serialization"]
MODES: list[Mode] = ["validation", "serialization"]


class Own(BaseModel):
    """A type of the application's that holds ours."""

    call: Call | None = None
    calls: list[Call] = []


FORMS: list[Any] = [Call, list[Call], Call | None, Own, list[Entity]]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_it_has_every_property_and_every_reference_leads_somewhere(form: Any, mode: Mode) -> None:
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


@pytest.mark.parametrize("mode", MODES)
def test_every_class_has_one(mode: Mode) -> None:
    for cls in (Call, CommsNotifications, OnlineMeeting, call_records.CallRecord, Participant):
        schema = cls.model_json_schema(mode=mode)
        assert schema["properties"].keys() == set(wire_names(cls).values())
        assert "required" not in schema


def below(*classes: type[GraphModel]) -> Iterator[type[GraphModel]]:
    for cls in classes:
        yield cls
        yield from below(*cls.__subclasses__())


OF_BOTS = [
    *below(Call, Participant, CommsNotification, CommsNotifications, Prompt, CommsOperation),
    *below(MeetingInfo, OnlineMeeting),
    *(getattr(models, n) for n in dir(models) if n.startswith("ChangeNotification")),
]


@pytest.mark.parametrize("cls", OF_BOTS, ids=lambda cls: cls.__name__)
def test_it_describes_each_property_of_what_bots_use(cls: type[GraphModel]) -> None:
    schema = cls.model_json_schema()
    described = {name: item.get("description", "") for name, item in schema["properties"].items()}
    assert [name for name, text in described.items() if len(text) < 10] == []
    assert max(map(len, described.values())) < 200
    assert "title" not in schema["properties"]["@odata.type"]
    assert schema["properties"]["@odata.type"]["examples"] == [cls._odata_type]


@pytest.mark.parametrize(
    ("cls", "name", "excluded"),
    [
        (Call, "callbackUri", True),
        (Participant, "isMuted", True),
        (CommsOperation, "status", True),
        (models.InviteParticipantsOperation, "participants", True),
        (Call, "subject", False),
        (Call, "targets", False),
        (Participant, "metadata", False),
    ],
)
def test_it_says_which_properties_are_declared_not_null(
    cls: type[GraphModel], name: str, excluded: bool
) -> None:
    described = cls.model_json_schema()["properties"][name]
    assert described["description"].endswith("Declared not null.") is excluded
    listed = TypeAdapter(list[cls]).json_schema()["$defs"]  # type: ignore[valid-type]
    assert listed[cls.__name__]["properties"][name] == described
    assert {"type": "null"} in described["anyOf"]  # Graph sends null all the same


def test_documented_bodies_fit_it() -> None:
    valid = Draft202012Validator(TypeAdapter(Call).json_schema())
    for example in load_examples():
        assert [error.message for error in valid.iter_errors(example.request.body)] == []
