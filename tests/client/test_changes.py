"""An update sends what was assigned since the entity was received; one that was built is sent whole."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_comms._runtime.model import GraphModel
from graph_comms._runtime.operation import Parameter
from graph_comms.models import (
    AppHostedMediaConfig,
    Call,
    Identity,
    IdentitySet,
    InvitationParticipantInfo,
    LobbyBypassScope,
    LobbyBypassSettings,
    MeetingParticipantInfo,
    MeetingParticipants,
    OnlineMeeting,
    ParticipantInfo,
    ResultInfo,
)
from tests.client.faces import Client, each_flavour
from tests.client.things import KEY, UPDATE, Graph
from tests.support.examples import examples
from tests.support.server import GraphServer, json_reply
from tests.unit.runtime.wire import COPIES, same, wire_names

MEETING: dict[str, Any] = {
    "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#x/$entity",
    "@odata.etag": 'W/"1"',
    "id": "M",
    "creationDateTime": "2026-01-01T00:00:00.1234567Z",
    "joinWebUrl": "https://x",
    "subject": "a",
    "sessions@odata.nextLink": "https://graph.microsoft.com/v1.0/x",
    "lobbyBypassSettings": {
        "@odata.type": "#microsoft.graph.lobbyBypassSettings",
        "scope": "everyone",
        "isDialInBypassEnabled": False,
    },
    "participants": {
        "organizer": {"upn": "o", "identity": {"user": {"id": "1"}}},
        "attendees": [{"upn": "a", "@odata.etag": "x"}, 5, {"upn": "b"}],
    },
    "audioConferencing": "does not fit",
    "new": {"a": 1, "@odata.etag": "y"},
    "number": "5",
    "number@odata.type": "#Int64",
    "others": [{"@odata.type": "#microsoft.graph.identity", "id": "q", "displayName": "p"}],
}
ETAG = {"@odata.etag": "x"}
ATTENDEE = {"@odata.type": "#microsoft.graph.meetingParticipantInfo"}
OTHER = MEETING["others"][0]


def _undeclared(meeting: OnlineMeeting) -> None:
    meeting.undeclared["new"]["a"] = True
    meeting.undeclared["more"] = 1
    meeting.undeclared["organizer@odata.bind"] = "https://y"
    del meeting.undeclared["@odata.etag"]


def _no_change(meeting: OnlineMeeting) -> None:
    assert meeting.undeclared["new"] == {"a": 1, "@odata.etag": "y"}
    meeting.undeclared["new"] = {**meeting.undeclared["new"]}
    assert meeting.participants is not None
    assert meeting.misfits


CHANGES: dict[str, tuple[Callable[[Any], Any], dict[str, Any]]] = {
    "an attribute": (lambda m: setattr(m, "subject", "new"), {"subject": "new"}),
    "the same value": (lambda m: setattr(m, "subject", "a"), {"subject": "a"}),
    "null": (lambda m: setattr(m, "subject", None), {"subject": None}),
    "a misfit's attribute": (
        lambda m: setattr(m, "audio_conferencing", None),
        {"audioConferencing": None},
    ),
    "a member": (
        lambda m: setattr(m.lobby_bypass_settings, "scope", LobbyBypassScope.ORGANIZER),
        {"lobbyBypassSettings": {"scope": "organizer"}},
    ),
    "a member of a member": (
        lambda m: setattr(m.participants.organizer.identity.user, "display_name", "n"),
        {"participants": {"organizer": {"identity": {"user": {"displayName": "n"}}}}},
    ),
    "a built value": (
        lambda m: setattr(m, "lobby_bypass_settings", LobbyBypassSettings(odata_type=None)),
        {"lobbyBypassSettings": {}},
    ),
    "a received value": (
        lambda m: setattr(m, "lobby_bypass_settings", m.lobby_bypass_settings),
        {"lobbyBypassSettings": {"scope": "everyone", "isDialInBypassEnabled": False}},
    ),
    "a list": (
        lambda m: setattr(m.participants, "attendees", m.participants.attendees[:1]),
        {"participants": {"attendees": [{"upn": "a"}]}},
    ),
    "an item": (
        lambda m: setattr(m.participants.attendees[0], "upn", "n"),
        {"participants": {"attendees": [{"upn": "n"}, 5, {"upn": "b"}]}},
    ),
    "a new item": (
        lambda m: m.participants.attendees.append(MeetingParticipantInfo(upn="n")),
        {"participants": {"attendees": [{"upn": "a"}, 5, {"upn": "b"}, {**ATTENDEE, "upn": "n"}]}},
    ),
    "undeclared": (
        _undeclared,
        {"new": {"a": True, "@odata.etag": "y"}, "more": 1, "organizer@odata.bind": "https://y"},
    ),
    "undeclared, with its type": (
        lambda m: m.undeclared.update(number="6"),
        {"number": "6", "number@odata.type": "#Int64"},
    ),
    "an undeclared model": (
        lambda m: setattr(m.undeclared["others"][0], "id", "n"),
        {"others": [OTHER | {"id": "n"}]},
    ),
    "with_undeclared": (
        lambda m: m.with_undeclared(new=1, more=[float("inf")]),
        {"new": 1, "more": ["INF"]},
    ),
    "with_undeclared, the same value": (
        lambda m: m.with_undeclared(number="5"),
        {"number": "5", "number@odata.type": "#Int64"},
    ),
    "model_copy": (
        lambda m: m.model_copy(update={"subject": "n", "audio_conferencing": None, "new": 2}),
        {"subject": "n", "audioConferencing": None, "new": 2},
    ),
    "its key, too": (
        lambda m: m.model_copy(update={"id": "n", "subject": "n"}),
        {"subject": "n"},
    ),
    "a type name": (lambda m: setattr(m, "odata_type", "#x.y"), {"@odata.type": "#x.y"}),
}


COPIERS: list[Callable[[Any], Any]] = [lambda it: it, *list(COPIES.values())[:5]]
"""All that leave a model as it is, besides none."""


def sent(server: GraphServer) -> Any:
    return json.loads(server.requests[-1].body)


@each_flavour
def test_an_update_sends_what_was_assigned(server: GraphServer, flavour: str) -> None:
    with Client(flavour, server) as client:
        for name, (change, expected) in CHANGES.items():
            for copied in COPIERS:
                server.play(json_reply(200, MEETING))
                meeting = client.call("online_meetings.get", "M")
                changed = change(meeting) or meeting
                client.call("online_meetings.update", "M", copied(changed))
                assert server.requests[-1].method == "PATCH"
                assert same(sent(server), expected), name
                assert copied(changed) == changed


@each_flavour
def test_an_update_of_what_was_built_sends_all_but_its_key(
    server: GraphServer, flavour: str
) -> None:
    received = OnlineMeeting.from_dict(MEETING)
    meeting = OnlineMeeting(
        id="M",
        subject=None,
        lobby_bypass_settings=received.lobby_bypass_settings,
        participants=MeetingParticipants(attendees=[MeetingParticipantInfo(upn="n")]),
    ).with_undeclared(**{"x@odata.bind": "https://y", "others": received.undeclared["others"]})
    whole = {
        "@odata.type": "#microsoft.graph.onlineMeeting",
        "subject": None,
        "lobbyBypassSettings": {"scope": "everyone", "isDialInBypassEnabled": False},
        "participants": {
            "@odata.type": "#microsoft.graph.meetingParticipants",
            "attendees": [{**ATTENDEE, "upn": "n"}],
        },
        "x@odata.bind": "https://y",
        "others": [OTHER],
    }
    with Client(flavour, server) as client:
        client.call("online_meetings.update", "M", meeting)
        assert same(sent(server), whole)
        client.call("online_meetings.create", meeting)
        assert same(sent(server), whole | {"id": "M"})
        client.call("online_meetings.update", "M", OnlineMeeting.model_construct(subject="x"))
        assert same(sent(server), {"subject": "x"})


@each_flavour
def test_a_create_of_what_was_received_leaves_out_what_is_the_services(
    server: GraphServer, flavour: str
) -> None:
    left = {name: value for name, value in MEETING.items() if "@odata.c" not in name}
    for name in ("id", "@odata.etag", "sessions@odata.nextLink"):
        del left[name]
    del (settings := left["lobbyBypassSettings"].copy())["@odata.type"]
    left |= {"lobbyBypassSettings": settings, "new": {"a": 1}}
    left["participants"] = left["participants"] | {"attendees": [{"upn": "a"}, 5, {"upn": "b"}]}
    meeting = OnlineMeeting.from_dict(MEETING)
    with Client(flavour, server) as client:
        client.call("online_meetings.create", meeting)
        assert same(sent(server), left)
        meeting.id = "own"
        client.call("online_meetings.create", meeting)
        assert same(sent(server), left | {"id": "own"})
    assert same(meeting.to_dict(), MEETING | {"id": "own"})


@each_flavour
def test_an_update_without_a_change_is_an_error(server: GraphServer, flavour: str) -> None:
    asked: list[str] = []

    def credential() -> str:
        asked.append("asked")
        return "token"

    def sorted_in_place(meeting: OnlineMeeting) -> None:
        assert meeting.participants is not None
        assert meeting.participants.attendees is not None
        meeting.participants.attendees.reverse()

    changes: list[Callable[[OnlineMeeting], object]] = [
        lambda m: None,
        _no_change,
        sorted_in_place,
        lambda m: setattr(m, "id", "other"),
        lambda m: m.undeclared.pop("new"),
    ]
    with Client(flavour, server, credential=credential) as client:
        for change in changes:
            meeting = OnlineMeeting.from_dict(MEETING)
            change(meeting)
            with pytest.raises(
                ValueError, match=r"^online_meetings\.update: nothing .* list .* assigned anew"
            ):
                client.call("online_meetings.update", "M", meeting)
    assert not asked
    assert not server.requests


@each_flavour
def test_the_type_name_stays_where_the_type_is_not_the_declared_one(
    server: GraphServer, flavour: str
) -> None:
    body = {
        "@odata.type": "#microsoft.graph.call",
        "mediaConfig": {"@odata.type": "microsoft.graph.AppHostedMediaConfig", "blob": "x"},
        "chatInfo": {"@odata.type": "microsoft.graph.ChatInfo", "threadId": "t"},
        "meetingInfo": {"@odata.type": "#microsoft.graph.newMeetingInfo", "n": 1},
    }
    call = Call.from_dict(body)
    with Client(flavour, server) as client:
        client.call("calls.create", call)
        assert same(
            sent(server),
            {
                "mediaConfig": body["mediaConfig"],
                "chatInfo": {"threadId": "t"},
                "meetingInfo": body["meetingInfo"],
            },
        )
        assert isinstance(call.media_config, AppHostedMediaConfig)
        assert call.chat_info is not None
        assert call.meeting_info is not None
        call.media_config.blob = "y"
        call.chat_info.thread_id = "u"
        call.meeting_info.undeclared["n"] = 2
        client.call("calls.update", "c", call)
        assert same(
            sent(server),
            {
                "mediaConfig": body["mediaConfig"] | {"blob": "y"},  # type: ignore[operator]
                "chatInfo": {"threadId": "u"},
                "meetingInfo": body["meetingInfo"] | {"n": 2},  # type: ignore[operator]
            },
        )
        client.call("calls.update", "c", type("OwnCall", (Call,), {})(subject="x"))
        assert sent(server)["subject"] == "x"


@each_flavour
def test_an_entity_that_holds_itself_is_an_error(server: GraphServer, flavour: str) -> None:
    call = Call.from_dict({"source": {}})
    assert call.source is not None
    call.source.undeclared["x"] = call
    call.subject = "x"
    with Client(flavour, server) as client, pytest.raises(ValueError, match="holds itself"):
        client.call("calls.update", "c", call)
    assert server.requests == []


class Coded(GraphModel, odata_type="#test.coded", key=("code", "region")):
    """A model whose key is of two properties."""

    code: str | None = None
    region: str | None = None
    subject: str | None = None


class Derived(Coded, odata_type="#test.derived"):
    """One that derives from it."""


def test_the_key_is_what_the_metadata_says_and_put_replaces_all(graph: Graph) -> None:
    coded = Parameter("coded", "coded", "body", "Coded", required=True)
    update = replace(UPDATE, parameters=(UPDATE.parameters[0], coded))
    body = {"@odata.type": "#test.derived", "code": "1", "region": "r", "id": "i", "subject": "s"}
    thing = Coded.from_dict(body)
    thing.region = "other"
    thing.subject = "new"
    graph.play(json_reply(200, {}), json_reply(200, {}))

    for method, expected in {
        "PATCH": {"@odata.type": "#test.derived", "subject": "new"},
        "PUT": {"@odata.type": "#test.derived", "id": "i", "subject": "new"},
    }.items():
        connection = graph.play(json_reply(200, {}))
        connection.send(replace(update, method=method), KEY, thing)
        assert same(json.loads(graph.server.requests[-1].body), expected)


# -- any entity, any assignments, against a second implementation


@dataclass(frozen=True)
class Type:
    """A type, its members, and whether it derives from the one that is declared."""

    cls: type[GraphModel]
    members: Mapping[str, Kind]
    derived: bool = False

    @property
    def name(self) -> str:
        return f"#microsoft.graph.{self.cls.__name__[0].lower()}{self.cls.__name__[1:]}"


Kind = Any
"""A Type, a list of one kind, or `str`; "audio" stands for an enumeration."""

USER = Type(Identity, {"id": str, "displayName": str})
WHO = Type(IdentitySet, {"user": USER, "device": USER})
CALL = Type(
    Call,
    {
        "id": str,
        "subject": str,
        "callbackUri": str,
        "mediaConfig": Type(AppHostedMediaConfig, {"blob": str}, derived=True),
        "resultInfo": Type(ResultInfo, {"message": str}),
        "source": Type(ParticipantInfo, {"region": str, "identity": WHO}),
        "targets": [Type(InvitationParticipantInfo, {"identity": WHO})],
        "requestedModalities": ["audio"],
    },
)
Path = tuple[Any, ...]
Json = Any
numbers = st.integers(0, 9)


def values(kind: Kind) -> st.SearchStrategy[Json]:
    """Any value of a kind, as it may be received."""
    if kind is str:
        return st.none() | st.sampled_from(["a", "", "é"])
    if isinstance(kind, str):
        return st.sampled_from(["audio", "video"])
    if isinstance(kind, list):
        return st.lists(values(kind[0]), max_size=3)
    known = {wire: values(inner) for wire, inner in kind.members.items()}
    beside = {"@odata.etag": st.just("e"), "x@odata.nextLink": st.just("l"), "new": numbers}
    named = {"@odata.type": st.just(kind.name)}
    if kind.derived:
        return st.fixed_dictionaries(named, optional={**known, **beside})
    return st.fixed_dictionaries({}, optional={**known, **beside, **named})


def built(kind: Kind, value: Json) -> Any:
    """The same as an application builds it."""
    if isinstance(kind, list):
        return [built(kind[0], item) for item in value]
    if not isinstance(kind, Type) or value is None:
        return value
    names = {wire: name for name, wire in wire_names(kind.cls).items()}
    known = {names[w]: built(k, value[w]) for w, k in kind.members.items() if w in value}
    model = kind.cls(odata_type=value.get("@odata.type"), **known)
    return model.with_undeclared(**{w: v for w, v in value.items() if w not in names})


def objects(kind: Kind, value: Json, path: Path = ()) -> dict[Path, Type]:
    """The places of all objects, with their types."""
    found: dict[Path, Type] = {}
    if isinstance(value, list):
        for n, item in enumerate(value):
            found |= objects(kind[0], item, (*path, n))
    elif isinstance(value, dict):
        found[path] = kind
        for wire, inner in kind.members.items():
            found |= objects(inner, value.get(wire), (*path, wire))
    return found


def at(value: Any, path: Path) -> Any:
    """What is at a place in a model or in JSON."""
    for part in path:
        if isinstance(value, GraphModel):
            names = {wire: name for name, wire in wire_names(type(value)).items()}
            value = getattr(value, names[part])
        else:
            value = value[part]
    return value


class Reference:
    """A JSON object that was received, and the places that were assigned in it since."""

    def __init__(self, received: Json) -> None:
        self.value = copy.deepcopy(received)
        self.assigned: set[Path] = set()
        self.theirs = {path for path in _names(received) if "@" in path[-1]}
        """The places of the annotations that were received, and still are."""

    def assign(self, path: Path, name: str, value: Json) -> None:
        place = (*path, name)
        self.theirs = {one for one in self.theirs if one[: len(place)] != place}
        at(self.value, path)[name] = value
        self.assigned.add(place)

    def body(self) -> Json:
        """Every place that was assigned, up to the first list on the way or what was assigned before."""
        body: Json = {}
        types = objects(CALL, self.value)
        for place in self.assigned:
            ends = {n for n in range(1, len(place)) if isinstance(place[n], int)}
            ends |= {n for n in range(1, len(place)) if place[:n] in self.assigned}
            *path, name = place[: min(ends, default=len(place))]
            inside = body
            for n, part in enumerate(path, 1):
                inside = inside.setdefault(part, {})
                if types[place[:n]].derived:
                    inside["@odata.type"] = types[place[:n]].name
            inside[name] = self._own(at(self.value, (*path, name)), (*path, name), types)
        body.pop("id", None)
        return body

    def _own(self, value: Json, path: Path, types: Mapping[Path, Type]) -> Json:
        """A value without the annotations that were received."""
        if isinstance(value, list):
            return [self._own(item, (*path, n), types) for n, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        return {
            name: self._own(member, (*path, name), types)
            for name, member in value.items()
            if (*path, name) not in self.theirs or (name == "@odata.type" and types[path].derived)
        }


def _names(value: Json, path: Path = ()) -> Iterator[Path]:
    """The places of all members of objects."""
    for part, member in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(part, str):
            yield (*path, part)
        if isinstance(member, dict | list):
            yield from _names(member, (*path, part))


@each_flavour
@examples(60, 3_000)
@given(values(CALL), st.data())
def test_any_assignments_to_any_entity(flavour: str, received: Json, data: st.DataObject) -> None:
    call = Call.from_dict(received)
    reference = Reference(received)
    for number in range(data.draw(st.integers(0, 5))):
        types = objects(CALL, reference.value)
        path = data.draw(st.sampled_from(list(types)))
        members = types[path].members
        name = data.draw(st.sampled_from([*members, "new", "x@odata.bind"]))
        owner = at(call, path)
        if name in members:
            value = data.draw(values(members[name]))
            attributes = {wire: own for own, wire in wire_names(type(owner)).items()}
            setattr(owner, attributes[name], built(members[name], value))
        else:
            value = {"number": 10 + number}
            owner.undeclared[name] = {**value}
        reference.assign(path, name, value)
        call = data.draw(st.sampled_from(COPIERS))(call)

    with GraphServer(well=True) as server, Client(flavour, server) as client:
        if reference.body():
            client.call("calls.update", "c", call)
            assert same(sent(server), reference.body())
        else:
            with pytest.raises(ValueError, match="nothing was assigned"):
                client.call("calls.update", "c", call)
    assert same(call.to_dict(), reference.value)


# -- undeclared properties are written like declared ones


def test_values_are_written_as_their_edm_types() -> None:
    moment = datetime(2026, 1, 31, 10, tzinfo=UTC)
    call = Call(odata_type=None).with_undeclared(
        infinite=[float("inf"), float("-inf"), {"no": float("nan")}],
        data=b"\xff\xfe?",
        changing=[bytearray(b"\xff\xfe?"), {"plain": bytearray(b"abc")}],
        at=moment,
    )
    wire = {
        "infinite": ["INF", "-INF", {"no": "NaN"}],
        "data": "__4_",
        "changing": ["__4_", {"plain": "YWJj"}],
        "at": "2026-01-31T10:00:00Z",
    }
    assert same(call.to_dict(), wire)
    assert call.undeclared["data"] == b"\xff\xfe?"
    call.undeclared["more"] = float("nan")
    assert same(call.to_dict(), wire | {"more": "NaN"})


def test_a_value_that_holds_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(ValueError, match="holds itself"):
        Call().with_undeclared(x=value)


@pytest.mark.parametrize(
    ("value", "place"),
    [(datetime(2026, 1, 1), "start"), ({"a": [0, datetime(2026, 1, 1)]}, r"start\.a\[1\]")],
)
def test_a_date_time_without_a_zone_is_refused(value: Any, place: str) -> None:
    with pytest.raises(ValueError, match=f"^{place} is a date-time without a time zone"):
        Call().with_undeclared(start=value)


@pytest.mark.parametrize("value", [datetime(2026, 1, 1), [{"a": datetime(2026, 1, 1)}]])
def test_a_date_time_without_a_zone_among_what_is_undeclared_is_not_written(value: Any) -> None:
    call = Call()
    call.undeclared["start"] = value
    for write in (call.to_json, call.to_dict):
        with pytest.raises(ValueError, match="a date-time needs a time zone"):
            write()
