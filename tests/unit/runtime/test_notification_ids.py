"""What a notification is about is read from its paths, and from its resource where they say nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from graph_comms import SUBCODES
from graph_comms.models import CommsNotification, CommsNotifications, ResultInfo
from tests.golden.documented import load_examples

PAGES = Path(__file__).parents[3].parent / "shared" / "examples"

CALL = "57dab8b1-894c-409a-b240-bd8beae78896"
OTHER = "0fe0623f-d628-42ed-b4bd-8ac290072cc5"
CAPITALS = CALL.replace("-", "").upper()
GUID = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def about(body: dict[str, Any]) -> tuple[str | None, ...]:
    one = CommsNotification.from_dict(body)
    return one.call_id, one.operation_id, one.participant_id, one.resource_kind


def resource(kind: str, **members: object) -> dict[str, Any]:
    return {"resourceData": {"@odata.type": f"#microsoft.graph.{kind}", **members}}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"/communications/calls/{CALL}", (CALL, None, None, "call")),
        (f"/app/calls/{CAPITALS}", (CALL, None, None, "call")),
        (f"communications/calls/{CALL}/", (CALL, None, None, "call")),
        (
            f"https://graph.microsoft.com/v1.0/communications/calls/{CALL}?a=b",
            (CALL, None, None, "call"),
        ),
        (f"/app/calls/{CALL}/operations/{OTHER.upper()}", (CALL, OTHER, None, "operation")),
        (f"/app/calls/{CALL}/operations", (CALL, None, None, "operations")),
        (f"/app/calls/{CALL}/operations/participants", (CALL, None, None, "operation")),
        (f"/app/calls/{CALL}/participants/{OTHER}", (CALL, None, OTHER, "participant")),
        (f"/app/calls/{CALL}/participants", (CALL, None, None, "participants")),
        (f"/app/calls/{CALL}/contentsharingsessions", (CALL, None, None, "contentSharingSessions")),
        (
            f"/app/calls/{CALL}/contentSharingSessions/1",
            (CALL, None, None, "contentSharingSession"),
        ),
        (f"/app/calls/{CALL}/audioRoutingGroups/oneToOne", (CALL, None, None, "audioRoutingGroup")),
        (f"/app/calls/{CALL}/newThings", (CALL, None, None, "newThings")),
        ("/app/calls/a%2Fb%20%C3%A9/participants/x%3Ay", ("a/b é", None, "x:y", "participant")),
        ("/app/calls/%ff%", ("\ufffd%", None, None, "call")),
        ("/communications/calls", (None, None, None, None)),
        ("/communications/callRecords/1", (None, None, None, None)),
        ("https://[", (None, None, None, None)),
        ("", (None, None, None, None)),
    ],
)
def test_a_path_says_what_a_notification_is_about(
    path: str, expected: tuple[str | None, ...]
) -> None:
    for body in (
        {"resourceUrl": path},
        {"resourceUrl": "/communications", "resource": path},
        {"resource": path},
        {"@odata.id": path},
        {"resourceData": {"@odata.id": path}},
        {"id": path},
    ):
        assert about(body) == expected


def test_the_first_path_counts() -> None:
    names = ["resourceUrl", "resource", "@odata.id", "id"]
    for at, name in enumerate(names):
        assert about({other: f"/app/calls/{other}" for other in reversed(names[at:])})[0] == name


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (resource("call", id=CAPITALS), (CALL, None, None, "call")),
        (resource("playPromptOperation", id=OTHER), (None, OTHER, None, "operation")),
        (resource("participant", id="x"), (None, None, "x", "participant")),
        (resource("identity", id="x"), (None, None, None, None)),
        (resource("call", id=None), (None, None, None, "call")),
        (
            {"resourceUrl": f"/app/calls/{CALL}/operations/participants"}
            | resource("inviteParticipantsOperation", id=None),
            (CALL, None, None, "operation"),
        ),
        (
            {"resourceUrl": f"/app/calls/{CALL}/operations/participants", "resourceData": []},
            (CALL, None, None, "participants"),
        ),
    ],
)
def test_the_resource_says_it_where_no_path_does(
    body: dict[str, Any], expected: tuple[str | None, ...]
) -> None:
    assert about(body) == expected


def documented() -> Iterator[CommsNotification]:
    bodies: list[Any] = [note.body for e in load_examples() for note in e.notifications]
    for path in PAGES.glob("*.json"):
        examples = json.loads(path.read_text(encoding="utf-8"))["examples"]
        bodies += [e["body"] for e in examples if e["kind"] == "notification"]
    for body in bodies:
        yield from CommsNotifications.from_dict(body).value or ()


def test_every_documented_notification_names_its_call_and_agrees_with_its_resource() -> None:
    found = list(documented())
    assert len(found) >= 8
    for one in found:
        assert one.call_id is not None
        assert one.call_id in (one.resource_url or "").lower() or "-" not in (
            one.resource_url or ""
        )
        own = getattr(one.resource_data, "id", None)
        assert own in (None, one.call_id, one.operation_id)
        assert one.resource_kind is not None
        assert one.to_dict().keys().isdisjoint({"callId", "operationId", "resourceKind"})


@pytest.mark.parametrize(
    "numbers", [{"code": 200, "subcode": 5002}, {"code": "200", "subCode": 5002}, {"subcode": 5002}]
)
def test_a_result_explains_its_numbers(numbers: dict[str, Any]) -> None:
    assert ResultInfo.from_dict(numbers).explain() == SUBCODES[5002].meaning


def test_a_result_looks_at_code_and_sub_code_together() -> None:
    declined, failed, unknown, empty = (
        ResultInfo.from_dict(numbers).explain()
        for numbers in (
            {"code": 603, "subcode": 0},
            {"code": 500, "subcode": 7000},
            {"code": 500, "subcode": 12345678},
            {},
        )
    )
    assert declined not in (None, SUBCODES[0].meaning)
    assert failed != SUBCODES[7000].meaning
    assert (unknown, empty) == (None, None)


DIGITS = st.text("0123456789abcdefABCDEF", min_size=32, max_size=32)
SPELLED = st.sampled_from([str, str.upper, str.lower])


@given(DIGITS, SPELLED, st.booleans())
def test_a_guid_is_spelled_in_one_way(
    digits: str, spell: Callable[[str], str], short: bool
) -> None:
    guid = str(UUID(digits))
    spelled = spell(digits if short else guid)
    assert about({"resource": f"/app/calls/{spelled}/participants/{spelled}"})[:3] == (
        guid,
        None,
        guid,
    )
    assert about(resource("call", id=spelled))[0] == guid


@given(st.text(min_size=1))
def test_any_other_key_is_as_received(key: str) -> None:
    assume(not GUID.fullmatch(key))
    assert about({"resource": f"/app/calls/{quote(key, safe='')}"})[0] == key
    assert about(resource("call", id=key))[0] == key


LONG = 1_000_000


@pytest.mark.parametrize(
    ("path", "call_id"),
    [
        ("https://evil.example/communications/calls/x", "x"),
        ("//evil.example/calls/x", "x"),
        ("https:///calls/x", "x"),
        ("/communications/calls/../../x", ".."),
        ("/communications/calls/x/calls/y", "x"),
        ("/communications/calls/%2e%2e%2f%00%c3%28", "../\0\ufffd("),
        ("a" * LONG, None),
        ("a:" * (LONG // 2), None),
        ("/" * LONG, None),
        ("/calls/" + "0" * 4_000, "0" * 4_000),
        # No path is as long as these: to decode it would take long.
        ("/calls" * (LONG // 6), None),
        ("/calls/" + "%41" * (LONG // 3), None),
        ("/calls/" + "0" * LONG, None),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_hostile_path_takes_no_longer_than_it_is(path: str, call_id: str | None) -> None:
    started = process_time()
    assert about({"resourceUrl": path})[0] == call_id
    assert process_time() - started < 5  # quadratic effort would take hours


VALUES = st.recursive(
    st.none()
    | st.integers()
    | st.text()
    | st.sampled_from(["/app/calls/%", "a/calls/b/operations"]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.sampled_from(["@odata.id", "id", "@odata.type"]), inner, max_size=3),
    max_leaves=4,
)


@given(st.text() | st.none(), VALUES, VALUES)
def test_nothing_raises_whatever_arrives(path: str | None, identity: Any, data: Any) -> None:
    body = {"resource": path, "@odata.id": identity, "id": identity, "resourceData": data}
    for value in about(body):
        assert value is None or isinstance(value, str)
