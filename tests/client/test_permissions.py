"""The documented permissions, as data and as evaluated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from graph_comms._runtime.permissions import PermissionNeed, PermissionRule, required_permissions

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
    need = required_permissions(RULES, body)

    assert (need.shape, need.any_of, need.all_of) == (shape, any_of, all_of)


@pytest.mark.parametrize(
    "name", ["microsoft.graph.appHostedMediaConfig", "#Microsoft.Graph.AppHostedMediaConfig"]
)
def test_types_are_recognised_however_they_are_spelt(name: str) -> None:
    assert required_permissions(RULES, {"mediaConfig": {"@odata.type": name}}).all_of == MEDIA


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
    assert str(required_permissions(RULES, body)) == words


def test_without_rules_there_is_nothing_to_say() -> None:
    need = required_permissions((), {"targets": ONE})

    assert need == PermissionNeed(None, "", (), ())
    assert str(need) == ""


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
