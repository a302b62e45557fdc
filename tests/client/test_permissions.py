"""The documented permissions: as data, as evaluated, and as a 403 names them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from graph_comms import OPERATIONS, Operation, PermissionDeniedError
from graph_comms._runtime.permissions import (
    PermissionNeed,
    PermissionRule,
    Permissions,
    required_permissions,
)
from graph_comms.models import Call, call_records
from tests.client.faces import Client, each_flavour
from tests.support.server import GraphServer, json_reply

FACTS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "metadata" / "permissions.json").read_text(encoding="utf-8")
)
CREATE: dict[str, Any] = FACTS["operations"]["POST /communications/calls"]


def rule(facts: dict[str, Any]) -> PermissionRule:
    arguments: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in facts.items()
    }
    return PermissionRule(**arguments)


RULES = tuple(map(rule, CREATE["application"]))
CREATING = Permissions(application=("Calls.JoinGroupCalls.Chat", "Calls.Initiate.All"), rules=RULES)
"""The rules of `calls.create`, and some of the permissions that they count instead of."""

TARGET: dict[str, Any] = {"identity": {}}
ONE, TWO = [TARGET], [TARGET, TARGET]
MEETING = {"@odata.type": "#microsoft.graph.organizerMeetingInfo"}
APP = {"@odata.type": "#microsoft.graph.appHostedMediaConfig"}
SERVICE = {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"}

JOIN = ("Calls.JoinGroupCalls.Chat", "Calls.JoinGroupCall.All", "Calls.JoinGroupCallAsGuest.All")
MEDIA = ("Calls.AccessMedia.All",)


@pytest.mark.parametrize(
    ("body", "shape", "any_of", "all_of"),
    [
        ({"targets": ONE, "mediaConfig": SERVICE}, "peer-to-peer", ("Calls.Initiate.All",), ()),
        ({"targets": ONE, "mediaConfig": APP}, "peer-to-peer", ("Calls.Initiate.All",), MEDIA),
        ({"targets": TWO, "mediaConfig": SERVICE}, "group", ("Calls.InitiateGroupCall.All",), ()),
        ({"targets": TWO, "mediaConfig": APP}, "group", ("Calls.InitiateGroupCall.All",), MEDIA),
        ({"meetingInfo": MEETING, "mediaConfig": SERVICE}, "meeting", JOIN, ()),
        ({"meetingInfo": MEETING, "mediaConfig": APP}, "meeting", JOIN, MEDIA),
        ({"meetingInfo": {}, "targets": TWO}, "meeting", JOIN, ()),
        ({"meetingInfo": None, "targets": ONE}, "peer-to-peer", ("Calls.Initiate.All",), ()),
        ({"meetingInfo": None, "targets": TWO}, "group", ("Calls.InitiateGroupCall.All",), ()),
        ({"targets": None}, "peer-to-peer", ("Calls.Initiate.All",), ()),
        ({"targets": "no list"}, "peer-to-peer", ("Calls.Initiate.All",), ()),
        ({"mediaConfig": "no object"}, "peer-to-peer", ("Calls.Initiate.All",), ()),
        ({"mediaConfig": {"@odata.type": 5}}, "peer-to-peer", ("Calls.Initiate.All",), ()),
        ({}, "peer-to-peer", ("Calls.Initiate.All",), ()),
        (None, "peer-to-peer", ("Calls.Initiate.All",), ()),
    ],
)
def test_the_shape_of_a_call_decides(
    body: dict[str, Any] | None, shape: str, any_of: tuple[str, ...], all_of: tuple[str, ...]
) -> None:
    need = required_permissions(CREATING, body)

    assert (need.shape, need.any_of, need.all_of) == (shape, any_of, all_of)


@pytest.mark.parametrize(
    "name", ["microsoft.graph.appHostedMediaConfig", "#Microsoft.Graph.AppHostedMediaConfig"]
)
def test_types_are_recognised_however_they_are_spelt(name: str) -> None:
    assert required_permissions(CREATING, {"mediaConfig": {"@odata.type": name}}).all_of == MEDIA


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            {"targets": ONE},
            "a peer-to-peer call needs the application permission Calls.Initiate.All",
        ),
        (
            {"targets": ONE, "mediaConfig": APP},
            "a peer-to-peer call with app-hosted media needs the application permissions "
            "Calls.Initiate.All and Calls.AccessMedia.All",
        ),
        (
            {"meetingInfo": MEETING, "mediaConfig": APP},
            "joining a meeting with app-hosted media needs one of the application permissions "
            "Calls.JoinGroupCalls.Chat, Calls.JoinGroupCall.All or "
            "Calls.JoinGroupCallAsGuest.All, and in addition Calls.AccessMedia.All",
        ),
    ],
)
def test_the_need_in_words(body: dict[str, Any], words: str) -> None:
    assert str(required_permissions(CREATING, body)) == words


def test_where_nothing_is_documented_there_is_nothing_to_say() -> None:
    need = required_permissions(Permissions(dissent="a page names none"), {"targets": ONE})

    assert need == PermissionNeed(dissent="a page names none")
    assert str(need) == ""


@pytest.mark.parametrize(
    ("documented", "words"),
    [
        (Permissions(application=("A",)), "this request needs the application permission A"),
        (
            Permissions(application=("A", "B"), delegated=("C",)),
            "this request needs one of the application permissions A or B, or the delegated "
            "permission C",
        ),
        (
            Permissions(delegated=("C", "D", "E")),
            "this request needs one of the delegated permissions C, D or E",
        ),
        (
            Permissions(application=("A",), dissent="an older page names none"),
            "this request needs the application permission A; sources differ: an older page names none",
        ),
        (
            Permissions(rules=RULES[2:3], delegated=("C",), dissent="an older page names none"),
            "a peer-to-peer call needs the application permission Calls.Initiate.All, or the delegated "
            "permission C; sources differ: an older page names none",
        ),
    ],
)
def test_application_and_delegated_permissions_are_named_apart(
    documented: Permissions, words: str
) -> None:
    assert str(required_permissions(documented, None)) == words


def test_only_rules_that_fit_count_instead_of_the_table() -> None:
    documented = Permissions(application=("A",), rules=RULES[:1])

    assert required_permissions(documented, {"meetingInfo": MEETING}).any_of == JOIN
    assert required_permissions(documented, {"targets": ONE}).any_of == ("A",)


def test_every_fact_names_its_source() -> None:
    assert all(FACTS["source"]["url"] in rule.source for rule in RULES)


def test_the_misspellings_of_the_page_are_corrected() -> None:
    named = {name for rule in RULES for name in (*rule.any_of, *rule.all_of)}
    corrections = {entry["page"]: entry["real"] for entry in FACTS["corrections"]}

    assert corrections == {
        "Calls.InitiateGroupCalls.All": "Calls.InitiateGroupCall.All",
        "Calls.JoinGroupCalls.All": "Calls.JoinGroupCall.All",
    }
    assert not named & set(corrections)
    assert set(corrections.values()) <= named


def test_the_least_privileged_permission_comes_first() -> None:
    assert RULES[0].any_of[0] == FACTS["resource_specific"][0] == "Calls.JoinGroupCalls.Chat"
    assert CREATE["delegated"] == "not supported"


CHECKED_AT_CREATION = (
    "this request needs one of the application permissions Calls.Initiate.All or "
    "Calls.AccessMedia.All; sources differ: its page named none in 2021, and now says that "
    "permissions are checked only when the call is created"
)


@each_flavour
@pytest.mark.parametrize(
    ("method", "arguments", "needs"),
    [
        (
            "users.online_meetings.get",
            ("u", "m"),
            "this request needs one of the application permissions OnlineMeetings.Read.All or "
            "OnlineMeetings.ReadWrite.All, or one of the delegated permissions OnlineMeetings.Read or "
            "OnlineMeetings.ReadWrite",
        ),
        (
            "me.presence.get",
            (),
            "this request needs one of the delegated permissions Presence.Read or Presence.Read.All",
        ),
        ("call_records.get", ("r",), "this request needs the application permission CallRecords.Read.All"),
        (
            "calls.create",
            (Call(),),
            "a peer-to-peer call needs the application permission Calls.Initiate.All",
        ),
        *((f"calls.{name}", ("c",), CHECKED_AT_CREATION) for name in ("get", "delete", "keep_alive", "mute")),
        ("subscriptions.get", ("s",), ""),
        ("calls.list", (), ""),
    ],
)  # fmt: skip
def test_a_403_names_the_documented_permissions(
    flavour: str, method: str, arguments: tuple[Any, ...], needs: str
) -> None:
    with GraphServer() as server:
        server.play(json_reply(403, {"error": {"code": "Forbidden", "message": "no"}}))
        with Client(flavour, server) as caller, pytest.raises(PermissionDeniedError) as caught:
            caller.call(method, *arguments)

    denied = caught.value
    assert denied.needs == needs
    assert str(denied).endswith(f"; {needs}" if needs else ")")
    for name in (*denied.permissions, *denied.delegated):
        assert name in needs
    assert bool(denied.permissions) == ("application" in needs)
    assert bool(denied.delegated) == ("delegated" in needs)


def test_where_sources_differ_the_table_names_permissions() -> None:
    """What a source says that names none is only worth saying where another names some."""
    table = json.loads(
        (Path(__file__).parents[2] / "metadata" / "documented.json").read_text(encoding="utf-8")
    )["requests"]
    lines = {line.replace("{}", "{call-id}").lower(): row for line, row in table.items()}
    differing = [line for line, facts in FACTS["operations"].items() if "none" in facts]

    assert len(differing) == 6
    assert all(lines[line.lower()]["application"] for line in differing)
    assert all(facts["none"]["source"] for facts in FACTS["operations"].values() if "none" in facts)


def path_of(operation: Operation) -> str:
    """A path of an operation, as somebody might write it by hand."""
    path = re.sub(r"\{[^{}/]*\}", "A.B(c)-1", operation.path.replace("()", ""))
    return path.replace("microsoft.graph.", "").upper()


@each_flavour
def test_any_request_names_the_permissions_of_the_operation_that_it_is(
    server: GraphServer, flavour: str
) -> None:
    """One whose path has another key or case, or no parentheses, is the same request."""
    documented = [one for one in OPERATIONS if one.documented and not one.permissions.rules]
    server.play(*[json_reply(403, {"error": {"code": "Forbidden"}})] * len(documented))
    with Client(flavour, server) as client:
        for operation in documented:
            with pytest.raises(PermissionDeniedError) as caught:
                client.call("request", operation.method, path_of(operation))
            error, known = caught.value, operation.permissions
            assert (error.permissions, error.delegated) == (known.application, known.delegated)
            assert all(name in str(error) for name in known.application + known.delegated)


@each_flavour
def test_any_request_to_create_a_call_names_those_that_its_body_needs(
    server: GraphServer, flavour: str
) -> None:
    server.play(*[json_reply(403, {"error": {"code": "Forbidden"}})] * 3)
    with Client(flavour, server) as client:
        for path, body, needed in (
            ("/communications/calls", {"targets": TWO}, ("Calls.InitiateGroupCall.All",)),
            ("/communications/calls/1/unknown", {}, ()),
            ("/communications", {}, ()),
        ):
            with pytest.raises(PermissionDeniedError) as caught:
                client.call("request", "POST", path, body=body)
            assert caught.value.permissions == needed


@each_flavour
def test_a_link_that_is_followed_names_those_of_its_operation(
    server: GraphServer, flavour: str
) -> None:
    server.play(json_reply(403, {"error": {"code": "Forbidden"}}))
    link = (
        "https://graph.microsoft.com/v1.0/communications/callRecords/a%2Fb/sessions?$skiptoken=x/y"
    )
    with Client(flavour, server) as client, pytest.raises(PermissionDeniedError) as caught:
        client.call("follow", link, call_records.Session)
    assert caught.value.permissions == ("CallRecords.Read.All",)
