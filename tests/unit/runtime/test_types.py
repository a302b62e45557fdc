"""`@odata.type` picks the class, wherever a value stands."""

from __future__ import annotations

import json
from typing import Any, get_args, get_origin

import pytest
from pydantic import TypeAdapter

from graph_comms._runtime.model import concrete
from graph_comms.models import (
    Call,
    CallState,
    CommsNotifications,
    CommsOperation,
    DeltaParticipants,
    Entity,
    GraphModel,
    Identity,
    IdentitySet,
    MediaConfig,
    Participant,
    ParticipantInfo,
    PlayPromptOperation,
    RecordingInfo,
    ServiceHostedMediaConfig,
    TeamworkUserIdentity,
    call_records,
)
from tests.hostile.generated import generate, imported
from tests.support.csdl import document
from tests.unit.runtime.wire import comes_back, generated_classes, same, wire_names

NAMES = [
    "#microsoft.graph.call",
    "microsoft.graph.call",
    "#Microsoft.Graph.Call",
    "MICROSOFT.GRAPH.CALL",
]


@pytest.mark.parametrize("cls", generated_classes(), ids=lambda cls: cls._odata_type)
def test_every_class_is_found_by_its_type_name(cls: type[GraphModel]) -> None:
    assert type(GraphModel.from_dict({"@odata.type": cls._odata_type})) is cls


@pytest.mark.parametrize("name", NAMES)
def test_the_type_name_picks_the_class_on_each_way_in(name: str) -> None:
    body = {"@odata.type": name, "state": "established"}
    for parsed in (
        Entity.from_json(json.dumps(body)),
        Entity.from_dict(body),
        Entity.model_validate(body),
        Entity.model_validate_json(json.dumps(body)),
        TypeAdapter(Entity | None).validate_python(body),
        TypeAdapter(list[Entity]).validate_json(json.dumps([body]))[0],
    ):
        assert type(parsed) is Call
        assert parsed.state == CallState.ESTABLISHED
        assert parsed.odata_type == name
    assert comes_back(Entity, body)


@pytest.mark.parametrize(
    "name",
    ["#microsoft.graph.serviceHostedMediaConfig", "Microsoft.Graph.ServiceHostedMediaConfig"],
)
def test_the_type_name_picks_the_class_of_a_property_and_of_an_item(name: str) -> None:
    call = Call.from_dict(
        {
            "mediaConfig": {"@odata.type": name},
            "operations": [{"@odata.type": "#microsoft.graph.playPromptOperation"}, {"id": "1"}],
        }
    )

    assert type(call.media_config) is ServiceHostedMediaConfig
    assert list(map(type, call.operations or [])) == [PlayPromptOperation, CommsOperation]


@pytest.mark.parametrize("cls", generated_classes(), ids=lambda cls: cls._odata_type)
def test_the_type_name_picks_the_class_of_whatever_a_class_holds(cls: type[GraphModel]) -> None:
    cls.model_rebuild()  # before first use annotations are text
    for name, wire in wire_names(cls).items():
        annotation = cls.model_fields[name].annotation
        for derived in held_by(annotation).intersection(generated_classes()):
            value = dict.fromkeys(wire_names(derived).values()) | {
                "@odata.type": derived._odata_type
            }
            body = {wire: [value] if is_collection(annotation) else value}
            held = getattr(cls.from_dict(body), name)
            assert type(held[0] if is_collection(annotation) else held) is derived
            assert comes_back(cls, body)
            assert same(concrete(cls)(odata_type=None, **{name: held}).to_dict(), body)


CIRCLES = """
    <ComplexType Name="base"><Property Name="own" Type="graph.base"/>
      <Property Name="next" Type="graph.link"/></ComplexType>
    <ComplexType Name="link"><Property Name="back" Type="Collection(graph.base)"/>
      <Property Name="again" Type="graph.link"/></ComplexType>
    <ComplexType Name="derived" BaseType="graph.base"><Property Name="a" Type="Edm.String"/></ComplexType>
"""


def test_the_type_name_picks_the_class_of_what_comes_round_in_a_circle() -> None:
    with imported(generate(document(CIRCLES))) as module:
        models = module("models")
        value = {"@odata.type": "#microsoft.graph.derived", "a": "b"}
        body = {
            "own": value | {"own": value},
            "next": {"again": {"back": [value]}, "back": [value]},
        }
        read = models.Base.from_dict(body)
        held = (read.own, read.own.own, read.next.back[0], read.next.again.back[0])
        assert [type(one) for one in held] == [models.Derived] * 4
        assert same(read.to_dict(), body)


def held_by(annotation: Any) -> set[type[GraphModel]]:
    """The types that derive from one that an annotation names."""
    if isinstance(annotation, type) and issubclass(annotation, GraphModel):
        return {annotation, *(two for one in annotation.__subclasses__() for two in held_by(one))}
    return set().union(*map(held_by, get_args(annotation)))


def is_collection(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(map(is_collection, get_args(annotation)))


WEDGED = """
    <ComplexType Name="base"/><ComplexType Name="wedge" BaseType="graph.base"/>
    <ComplexType Name="holder"><Property Name="declared" Type="graph.base"/></ComplexType>
    <ComplexType Name="thingone" BaseType="graph.{}"><Property Name="a" Type="Edm.String"/></ComplexType>
    <ComplexType Name="thingOne" BaseType="graph.{}"><Property Name="b" Type="Edm.Int32"/></ComplexType>
"""
"""Of two types whose names differ only in case, the one below `wedge` is defined last."""


@pytest.mark.parametrize("bases", [("base", "wedge"), ("wedge", "base")])
def test_names_that_differ_only_in_case_each_pick_their_own_class(bases: tuple[str, str]) -> None:
    with imported(generate(document(WEDGED.format(*bases)))) as module:
        models = module("models")
        for name in ("thingone", "thingOne"):
            for value in (f"#microsoft.graph.{name}", f"microsoft.graph.{name}"):
                body = {"@odata.type": value}
                holder = models.Holder.from_dict({"declared": body, "untyped": body})
                found = (models.Base.from_dict(body), holder.declared, holder.undeclared["untyped"])
                assert [one._odata_type for one in found] == [f"#microsoft.graph.{name}"] * 3
        other = models.Base.from_dict({"@odata.type": "#Microsoft.Graph.THINGONE"})
        assert other._odata_type.casefold() == "#microsoft.graph.thingone"


def test_types_of_another_namespace() -> None:
    body = {
        "@odata.type": "#microsoft.graph.callRecords.callRecord",
        "sessions": [{"caller": {"@odata.type": "#microsoft.graph.callRecords.serviceEndpoint"}}],
    }
    record = Entity.from_dict(body)

    assert type(record) is call_records.CallRecord
    [session] = record.sessions or []
    assert type(session.caller) is call_records.ServiceEndpoint


@pytest.mark.parametrize(
    ("declared", "name"),
    [
        (MediaConfig, "#microsoft.graph.newMediaConfig"),
        (Entity, "#microsoft.graph.newEntity"),
        (Participant, "#microsoft.graph.newParticipant"),
        (ParticipantInfo, "#microsoft.graph.invitationParticipantInfo"),
        (Call, "#microsoft.graph.entity"),
        (GraphModel, "#microsoft.graph.new"),
        (Call, ""),
        (Call, "#"),
    ],
)
def test_an_unknown_type_or_one_that_does_not_derive_gives_the_declared_class(
    declared: type[GraphModel], name: str
) -> None:
    body = {"@odata.type": name, "id": "1", "new": {"a": [1.0, None]}}

    assert type(declared.from_dict(body)) is declared
    assert comes_back(declared, body)


def test_where_the_declared_class_is_mentioned_too() -> None:
    call = Call.from_dict(
        {
            "mediaConfig": {"@odata.type": "#microsoft.graph.newMediaConfig", "new": 1},
            "source": {"@odata.type": "#microsoft.graph.participant", "region": "emea"},
        }
    )

    assert type(call.media_config) is MediaConfig
    assert call.media_config.undeclared == {"new": 1}
    assert type(call.source) is ParticipantInfo
    assert call.source.region == "emea"


@pytest.mark.parametrize(
    ("declared", "name", "expected"),
    [
        (Identity, "#Microsoft.Teams.GraphSvc.teamworkUserIdentity", TeamworkUserIdentity),
        (Identity, "Microsoft.Teams.GraphSvc.TEAMWORKUSERIDENTITY", TeamworkUserIdentity),
        (Identity, "#elsewhere.identity", Identity),
        (Identity, "#elsewhere.call", Identity),
        (TeamworkUserIdentity, "#elsewhere.identity", TeamworkUserIdentity),
        (Identity, "#microsoft.graph.callRecords.teamworkUserIdentity", Identity),
        (Identity, "#teamworkUserIdentity", Identity),
        (Entity, "#elsewhere.callRecord", call_records.CallRecord),
    ],
)
def test_a_type_name_of_a_foreign_namespace_picks_the_class_of_the_same_name(
    declared: type[GraphModel], name: str, expected: type[GraphModel]
) -> None:
    body = {"@odata.type": name, "id": "1", "displayName": None}

    assert type(declared.from_dict(body)) is expected
    assert comes_back(declared, body)


def test_foreign_names_pick_classes_where_a_property_declares_the_type() -> None:
    identity = {"@odata.type": "#Microsoft.Teams.GraphSvc.teamworkUserIdentity", "id": "1"}
    body = {"initiator": {"user": identity, "untyped": identity}}
    parsed = RecordingInfo.from_dict(body).initiator

    assert parsed is not None
    assert type(parsed.user) is TeamworkUserIdentity
    assert parsed.undeclared == {"untyped": identity}  # nothing is declared for it
    assert comes_back(RecordingInfo, body)


AMBIGUOUS = """
    <ComplexType Name="base"/><ComplexType Name="other"/>
    <ComplexType Name="one" BaseType="graph.base"/><ComplexType Name="two" BaseType="graph.other"/>
    </Schema><Schema Namespace="microsoft.graph.more" xmlns="http://docs.oasis-open.org/odata/ns/edm">
    <ComplexType Name="one" BaseType="graph.base"/><ComplexType Name="two" BaseType="graph.base"/>
"""


def test_a_foreign_name_that_could_be_two_classes_gives_the_declared_one() -> None:
    with imported(generate(document(AMBIGUOUS))) as module:
        models = module("models")
        for declared, name, expected in (
            (models.Base, "#elsewhere.one", models.Base),
            (models.Base, "#elsewhere.two", models.more.Two),
            (models.Other, "#elsewhere.two", models.Two),
        ):
            assert type(declared.from_dict({"@odata.type": name})) is expected


@pytest.mark.parametrize("read_before", [True, False])
def test_a_class_takes_the_place_of_the_one_that_had_its_type_name(read_before: bool) -> None:
    name = f"#contoso.badge{read_before:d}"
    names = name, name.upper(), name.replace("contoso", "elsewhere")

    class Badge(Identity, odata_type=name):
        pass

    def chosen() -> set[type]:
        return {
            type(read)
            for each in names
            for body in ({"@odata.type": each},)
            for read in (
                Identity.from_dict(body),
                IdentitySet.from_dict({"user": body}).user,
                IdentitySet.from_json(json.dumps({"device": body})).device,
            )
        }

    if read_before:
        assert chosen() == {Badge}

    class NewBadge(Badge, odata_type=name):
        pass

    assert chosen() == {NewBadge}
    untyped = IdentitySet.from_dict({"other": {"@odata.type": name}}).undeclared["other"]
    assert type(untyped) is NewBadge


def test_a_model_in_a_value_does_not_say_which_class_is_read_next() -> None:
    class Own(Identity):
        pass

    typed = {"@odata.type": "#microsoft.graph.teamworkUserIdentity"}
    for first, then, expected in (
        (Own(odata_type=None), {"id": "1"}, Identity),
        (Own(id="1"), {"@odata.type": "#microsoft.graph.identity"}, Identity),
        (Identity(odata_type=typed["@odata.type"]), typed, TeamworkUserIdentity),
    ):
        given = IdentitySet.from_dict({"user": first})
        assert given.user is first
        assert type(IdentitySet.from_dict({"user": then}).user) is expected


def test_a_class_is_chosen_only_when_pydantic_has_finished_it() -> None:
    name = "#contoso.unfinished"
    met: list[type[GraphModel]] = []

    class Watched(Identity):
        @classmethod
        def __init_subclass__(cls, **options: Any) -> None:
            super().__init_subclass__(**options)
            met.append(type(Identity.from_dict({"@odata.type": name, "serial": "1"})))

    class Robot(Watched, odata_type=name):
        serial: str | None = None

    assert met == [Identity]
    read = Identity.from_dict({"@odata.type": name, "serial": "1"})
    assert isinstance(read, Robot)
    assert read.serial == "1"


def test_undeclared_values_that_name_a_known_type_are_models() -> None:
    identity = {"@odata.type": "Microsoft.Graph.Identity", "id": "1"}
    body = {
        "plain": identity,
        "listed": [identity, [identity], 1],
        "within": {"no type": {"deeper": identity}},
        "around": {"@odata.type": "#microsoft.graph.identitySet", "pager": identity},
        "unknown": {"@odata.type": "#microsoft.graph.new", "inner": identity},
    }
    values: dict[str, Any] = Call.from_dict(body).undeclared

    assert [type(values["plain"]), type(values["around"])] == [Identity, IdentitySet]
    assert type(values["listed"][0]) is Identity
    assert type(values["listed"][1][0]) is Identity
    assert type(values["within"]["no type"]["deeper"]) is Identity
    assert type(values["around"].undeclared["pager"]) is Identity
    assert type(values["unknown"]) is dict
    assert type(values["unknown"]["inner"]) is Identity
    assert comes_back(Call, body)


def test_notifications_carry_what_their_type_says() -> None:
    participant = {"@odata.type": "#microsoft.graph.participant", "id": "1", "isMuted": True}
    resource_data: list[Any] = [
        {"@odata.type": "#microsoft.graph.call", "id": "1", "state": "Terminated"},
        [participant, participant],
        {"@odata.type": "#microsoft.graph.deltaParticipants", "participants": [participant]},
        {"@odata.type": "#microsoft.graph.new", "id": "1"},
        [],
        "text",
        None,
    ]
    body = {
        "value": [
            {"changeType": "updated", "callbackUri": "https://bot", "resourceData": data}
            for data in resource_data
        ]
    }
    parsed = CommsNotifications.from_json(json.dumps(body)).value or []
    call, roster, delta, *others = [notification.resource_data for notification in parsed]

    assert type(call) is Call
    assert call.state == CallState.TERMINATED
    assert [(type(one), one.is_muted) for one in roster or []] == [(Participant, True)] * 2
    assert type(delta) is DeltaParticipants
    assert [type(one) for one in delta.participants or []] == [Participant]
    assert others == resource_data[3:]
    assert {notification.callback_uri for notification in parsed} == {"https://bot"}
    assert comes_back(CommsNotifications, body)
