"""Entities that the emulator keeps, and the options of queries."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from graph_comms import OPERATIONS, CommunicationsClient, NotFoundError
from graph_comms.models import AdhocCall, CallRecording, OnlineMeeting, call_records
from graph_emulator import Emulator
from tests.emulator.plain import plain

RECORDS = "/communications/callRecords"
OTHERS = "/communications/adhocCalls"


@pytest.fixture(scope="module")
def emulator() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


@pytest.fixture
def http(emulator: Emulator) -> Generator[httpx.Client]:
    with plain(emulator) as client:
        yield client


@pytest.fixture
def client(emulator: Emulator) -> Generator[CommunicationsClient]:
    with emulator.client() as client:
        yield client


def value(answer: httpx.Response) -> Any:
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def names(answer: httpx.Response) -> list[str]:
    return [one["id"] for one in value(answer)["value"]]


def test_the_life_of_an_entity(client: CommunicationsClient) -> None:
    calls = client.adhoc_calls
    created = calls.create.with_response(AdhocCall())
    key = str(created.value.id)
    assert created.status == 201
    assert created.location == f"https://graph.microsoft.com/v1.0{OTHERS}/{key}"
    assert calls.get(key.upper()) == created.value
    assert key in [one.id for one in calls.list()]
    before = calls.count()
    calls.delete(key)
    assert calls.count() == before - 1
    with pytest.raises(NotFoundError):
        calls.get(key)


@pytest.mark.parametrize("key", ["a/b", "a b", "ü", "a'b", "100%", "%41", "a?b#c", "x;y=(1)"])
def test_any_key_has_an_address(http: httpx.Client, key: str) -> None:
    made = http.post(RECORDS, json={"id": key})
    assert value(http.get(made.headers["location"]))["id"] == key
    assert http.delete(made.headers["location"]).status_code == 204
    quoted = quote(key.replace("'", "''"), safe="")
    value(http.post(RECORDS, json={"id": key, "sessions": [{"id": "s"}]}))
    for mark in ("'", "%27"):
        address = f"{RECORDS}({mark}{quoted}{mark})/sessions({mark}s{mark})"
        assert value(http.get(address))["id"] == "s"
    http.delete(f"{RECORDS}('{quoted}')")


def test_an_update_is_merged(http: httpx.Client) -> None:
    body = {"id": "merged", "version": 1, "organizer": {"user": {"id": "ann", "displayName": "A"}}}
    value(http.post(RECORDS, json=body))
    changes = {"organizer": {"user": {"displayName": "Ann"}}, "joinWebUrl": None, "id": "other"}
    changed = value(http.patch(f"{RECORDS}/merged", json=changes))
    assert changed["organizer"] == {"user": {"id": "ann", "displayName": "Ann"}}
    assert (changed["version"], changed["joinWebUrl"], changed["id"]) == (1, None, "merged")
    seen = value(http.get(f"{RECORDS}/merged"))
    assert seen == changed


def test_what_it_leads_to_is_below_it(http: httpx.Client) -> None:
    sessions = [{"id": "s1", "segments": [{"id": "g1"}]}, {"id": "s2"}]
    body = {"id": "deep", "sessions": sessions, "organizer_v2": {"id": "ann"}}
    created = value(http.post(RECORDS, json=body))
    assert "sessions" not in created
    assert names(http.get(f"{RECORDS}/deep/sessions")) == ["s1", "s2"]
    assert value(http.get(f"{RECORDS}/deep/sessions/s1/segments/g1"))["id"] == "g1"
    assert value(http.get(f"{RECORDS}/deep/organizer_v2"))["id"] == "ann"
    http.delete(f"{RECORDS}/deep")
    assert http.get(f"{RECORDS}/deep/sessions").status_code == 404
    value(http.post(RECORDS, json={"id": "deep"}))
    assert names(http.get(f"{RECORDS}/deep/sessions")) == []


def test_what_it_leads_to_is_there_as_a_whole_or_not_at_all(http: httpx.Client) -> None:
    twice = {"id": "whole", "sessions": [{"id": "s", "segments": [{"id": "g"}, {"id": "g"}]}]}
    assert http.post(RECORDS, json=twice).status_code == 409
    assert http.get(f"{RECORDS}/whole").status_code == 404
    kind = "#microsoft.graph.onlineMeetingEngagementConversation"
    inner = {"@odata.type": kind, "id": "c"}
    conversation = {"id": "whole", "starter": {"id": "m", "conversation": inner}}
    value(http.post("/communications/onlineMeetingConversations", json=conversation))
    address = "/communications/onlineMeetingConversations/whole"
    assert value(http.get(f"{address}/starter/conversation"))["id"] == "c"
    deep = http.patch(address, json={"starter": {"id": "other"}})
    assert (deep.status_code, "starter" in deep.text) == (400, True)


def test_a_single_entity_is_made_by_an_update(http: httpx.Client) -> None:
    value(http.post(RECORDS, json={"id": "single"}))
    address = f"{RECORDS}/single/organizer_v2"
    assert http.get(address).status_code == 404
    value(http.patch(address, json={"id": "ann"}))
    assert http.get(address).status_code == 200
    assert http.delete(address).status_code == 204
    assert http.get(address).status_code == 404


def test_what_is_not_there_is_404(http: httpx.Client) -> None:
    for method, path in [
        ("GET", f"{RECORDS}/none"),
        ("PATCH", f"{RECORDS}/none"),
        ("DELETE", f"{RECORDS}/none"),
        ("GET", f"{RECORDS}/none/sessions"),
        ("POST", f"{RECORDS}/none/sessions"),
        ("GET", f"{RECORDS}/none/sessions/$count"),
        ("GET", "/communications/calls/none/contentSharingSessions"),
        ("GET", f"{OTHERS}/none/recordings/none/content"),
        ("GET", "/communications/nothing"),
    ]:
        answer = http.request(method, path, json={} if method in ("POST", "PATCH") else None)
        assert answer.status_code == 404, (method, path)
        assert answer.json()["error"]["code"]


def test_another_method_is_405(http: httpx.Client) -> None:
    answer = http.put(RECORDS, json={})
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "POST"}


def test_a_key_is_there_once(http: httpx.Client) -> None:
    value(http.post(RECORDS, json={"id": "once"}))
    assert http.post(RECORDS, json={"id": "once"}).status_code == 409


def test_entity_tags(http: httpx.Client) -> None:
    first = http.post(RECORDS, json={"id": "tagged"}).headers["etag"]
    address = f"{RECORDS}/tagged"
    assert http.get(address, headers={"If-None-Match": first}).status_code == 304
    second = http.patch(address, json={"version": 2}, headers={"If-Match": first})
    assert second.status_code == 200
    assert second.json()["@odata.etag"] == second.headers["etag"] != first
    for method in ("PATCH", "DELETE"):
        old = http.request(method, address, json={"version": 3}, headers={"If-Match": first})
        assert (old.status_code, old.json()["error"]["code"]) == (412, "PreconditionFailed")
    assert value(http.get(address))["version"] == 2
    assert http.delete(address, headers={"If-Match": "*"}).status_code == 204


def test_streams(client: CommunicationsClient, http: httpx.Client) -> None:
    call = client.adhoc_calls.create(AdhocCall())
    recordings = client.adhoc_calls.recordings
    made = recordings.create(str(call.id), CallRecording())
    address = f"{OTHERS}/{call.id}/recordings/{made.id}/content"
    assert http.get(address).status_code == 404
    recordings.put_content(str(call.id), str(made.id), b"\x00\xff{")
    assert recordings.get_content(str(call.id), str(made.id)) == b"\x00\xff{"
    assert http.put(address, content=b"x", headers={"Content-Type": "video/mp4"}).content == b""
    assert http.get(address).headers["content-type"] == "video/mp4"
    recordings.delete_content(str(call.id), str(made.id))
    assert http.get(address).status_code == 404


def test_users_have_parts_of_collections(http: httpx.Client) -> None:
    made = value(http.post("/users/ann/adhocCalls", json={}))["id"]
    assert names(http.get("/users/ann/adhocCalls")) == [made]
    assert names(http.get("/users/ben/adhocCalls")) == []
    assert http.get(f"/users/ben/adhocCalls/{made}").status_code == 404
    assert http.get(f"/users/ben/adhocCalls/{made}/recordings").status_code == 404
    assert names(http.get(f"/users/ann/adhocCalls/{made}/recordings")) == []
    assert value(http.get(f"{OTHERS}/{made}"))["id"] == made


def test_pages(client: CommunicationsClient, http: httpx.Client) -> None:
    value(http.post(RECORDS, json={"id": "pages"}))
    for number in range(250):
        value(http.post(f"{RECORDS}/pages/sessions", json={"id": f"{number:03}"}))
    first = value(http.get(f"{RECORDS}/pages/sessions", params={"$count": "true", "$skip": "10"}))
    assert (len(first["value"]), first["value"][0]["id"], first["@odata.count"]) == (
        100,
        "010",
        250,
    )
    every = [one.id for one in client.call_records.sessions.list("pages", top=7, skip=1)]
    assert every == [f"{number:03}" for number in range(1, 250)]
    assert names(http.get(f"{RECORDS}/pages/sessions?$top=0")) == []
    wrong = http.get(f"{RECORDS}/pages/sessions?$skiptoken=x")
    assert wrong.status_code == 400


def test_pages_stay_what_they_are_while_entities_come_and_go(http: httpx.Client) -> None:
    value(http.post(RECORDS, json={"id": "moving"}))
    address = f"{RECORDS}/moving/sessions"
    for number in range(6):
        begin = f"2024-05-0{6 - number // 2}T10:00:00Z"
        value(http.post(address, json={"id": f"{number}", "startDateTime": begin}))
    for order, expected in (("", "012345"), ("&$orderby=startDateTime", "452301")):
        first = value(http.get(f"{address}?$top=2&$skip=1{order}"))
        seen = "".join(one["id"] for one in first["value"])
        assert seen == expected[1:3]
        http.delete(f"{address}/{expected[0]}")
        http.delete(f"{address}/{expected[2]}")
        rest = value(http.get(first["@odata.nextLink"].replace("$top=2", "$top=9")))
        assert "".join(one["id"] for one in rest["value"]) == expected[3:]
        for key in sorted(expected):
            begin = f"2024-05-0{6 - int(key) // 2}T10:00:00Z"
            http.delete(f"{address}/{key}")
            value(http.post(address, json={"id": key, "startDateTime": begin}))
    other = value(http.get(f"{address}?$top=2"))["@odata.nextLink"] + "&$orderby=id"
    for wrong in (other, f"{address}?$skiptoken=WzFd", f"{address}?$skiptoken=eyJhIjoxfQ=="):
        assert http.get(wrong).status_code == 400


def test_preferences(http: httpx.Client) -> None:
    minimal = {"Prefer": 'return="minimal", respond-async'}
    made = http.post(RECORDS, json={"id": "minimal"}, headers=minimal)
    assert (made.status_code, made.content) == (204, b"")
    assert made.headers["odata-entityid"] == made.headers["location"]
    assert made.headers["preference-applied"] == "return=minimal"
    changed = http.patch(f"{RECORDS}/minimal", json={"version": 2}, headers=minimal)
    assert (changed.status_code, changed.content) == (204, b"")
    assert value(http.get(f"{RECORDS}/minimal"))["version"] == 2
    for number in range(3):
        value(http.post(f"{RECORDS}/minimal/sessions", json={"id": f"{number}"}))
    page = http.get(f"{RECORDS}/minimal/sessions", headers={"Prefer": "odata.maxpagesize=2"})
    assert names(page) == ["0", "1"]
    assert page.headers["preference-applied"] == "odata.maxpagesize=2"
    assert names(http.get(page.json()["@odata.nextLink"])) == ["2"]


def test_changes_while_pages_are_read(client: CommunicationsClient, http: httpx.Client) -> None:
    call = str(client.adhoc_calls.create(AdhocCall()).id)
    address = f"{OTHERS}/{call}/recordings"
    for key in ("a", "b", "c", "old"):
        value(http.post(address, json={"id": key}))
    http.delete(f"{address}/old")
    first = value(http.get(f"{address}/delta()", params={"$top": "2"}))
    assert [one["id"] for one in first["value"]] == ["a", "b"]
    value(http.patch(f"{address}/a", json={"callId": "x"}))
    http.delete(f"{address}/b")
    rest = value(http.get(first["@odata.nextLink"].replace("$top=2", "$top=9")))
    assert [one["id"] for one in rest["value"]] == ["c", "a", "b"]
    assert "@removed" in rest["value"][2]


def test_changes(client: CommunicationsClient, http: httpx.Client) -> None:
    call = str(client.adhoc_calls.create(AdhocCall()).id)
    address = f"{OTHERS}/{call}/recordings"
    for key in ("a", "b", "c"):
        value(http.post(address, json={"id": key}))
    first = value(http.get(f"{address}/delta()", params={"$top": "2"}))
    assert [one["id"] for one in first["value"]] == ["a", "b"]
    assert "@odata.deltaLink" not in first
    second = value(http.get(first["@odata.nextLink"]))
    assert [one["id"] for one in second["value"]] == ["c"]
    value(http.patch(f"{address}/b", json={"callId": "x"}))
    http.delete(f"{address}/a")
    third = value(http.get(second["@odata.deltaLink"]))
    assert [one["id"] for one in third["value"]] == ["b", "a"]
    assert third["value"][1]["@removed"] == {"reason": "deleted"}
    assert value(http.get(third["@odata.deltaLink"]))["value"] == []


@pytest.fixture(scope="module")
def filtered(emulator: Emulator) -> str:
    with plain(emulator) as http:
        value(http.post(RECORDS, json={"id": "filters"}))
        for body in (
            {"id": "a", "startDateTime": "2024-05-01T10:00:00Z", "modalities": ["audio"]},
            {"id": "b", "startDateTime": "2024-05-01T12:00:00.5+02:00", "isTest": None},
            {"id": "c", "failureInfo": {"reason": "it's"}, "modalities": ["audio", "video"]},
            {"id": "d", "segments": [{"id": "1"}, {"id": "2"}]},
        ):
            body.pop("isTest", None)
            value(http.post(f"{RECORDS}/filters/sessions", json=body))
    return f"{RECORDS}/filters/sessions"


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("id eq 'a'", "a"),
        ("ID eq 'a' or id eq 'd'", "ad"),
        ("id ne 'a' and id ne 'b'", "cd"),
        ("not (id eq 'a' or id eq 'b')", "cd"),
        ("not not (id eq 'a')", "a"),
        ("id in ('a', 'c','x')", "ac"),
        ("id gt 'b'", "cd"),
        ("startDateTime gt 2024-05-01T10:00:00Z", "b"),
        ("startDateTime ge 2024-05-01T10:00:00Z", "ab"),
        ("startDateTime lt 2024-05-02", "ab"),
        ("startDateTime eq null", "cd"),
        ("failureInfo/reason eq 'it''s'", "c"),
        ("startswith(failureInfo/reason, 'it') eq true", "c"),
        ("contains(id,'d')", "d"),
        ("modalities/any(m:m eq 'video')", "c"),
        ("modalities/any()", "ac"),
        ("modalities/all(m:m eq 'audio')", "abd"),
        ("segments/any(s:s/id eq '2')", "d"),
        ("segments/any(s:s/id eq '1' and id eq 'd')", "d"),
        ("modalities/$count ge 2", "c"),
    ],
)
def test_filters(filtered: str, http: httpx.Client, condition: str, found: str) -> None:
    answer = http.get(filtered, params={"$filter": condition})
    assert "".join(names(answer)) == found
    counted = http.get(f"{filtered}/$count", params={"$filter": condition})
    assert counted.text == str(len(found))
    assert counted.headers["content-type"] == "text/plain"


@pytest.mark.parametrize(
    "condition",
    [
        "", "id", "id eq", "id eq 'a", "id eq 'a')", "(id eq 'a'", "id eq 'a' id eq 'b'", "nothing eq 1",
        "id/x/any(", "modalities/any(m)", "startswith(id)", "id eq #", "startDateTime gt 2024-99-01",
        "(" * 1000 + "id eq 'a'" + ")" * 1000, " or ".join(["id eq 'a'"] * 600), "not " * 3000 + "true",
        "id in (" + ",".join(["'a'"] * 2000) + ")", "/".join(["failureInfo"] * 3000) + " eq 1",
        "id in 'a'", "segments/any(s:s/nothing eq '1')",
    ],
)  # fmt: skip
def test_a_wrong_filter_is_refused(filtered: str, http: httpx.Client, condition: str) -> None:
    answer = http.get(filtered, params={"$filter": condition})
    if condition == "id":  # a condition that is never true
        assert names(answer) == []
    else:
        assert answer.status_code == 400


def test_order(filtered: str, http: httpx.Client) -> None:
    assert names(http.get(f"{filtered}?$orderby=startDateTime desc,id")) == ["b", "a", "c", "d"]
    assert names(http.get(f"{filtered}?$orderby=failureInfo/reason desc, id desc")) == list("cdba")
    assert http.get(f"{filtered}?$orderby=id sideways").status_code == 400


def test_moments_are_ordered_whatever_their_zones(http: httpx.Client) -> None:
    value(http.post(RECORDS, json={"id": "zones"}))
    for key, begin in (("a", "2024-05-01T10:00:00Z"), ("b", "2024-05-01T11:00:00+02:00")):
        value(http.post(f"{RECORDS}/zones/sessions", json={"id": key, "startDateTime": begin}))
    assert names(http.get(f"{RECORDS}/zones/sessions?$orderby=startDateTime")) == ["b", "a"]


def test_selection(filtered: str, http: httpx.Client) -> None:
    first, *_ = value(http.get(f"{filtered}?$select=id,caller"))["value"]
    assert set(first) == {"@odata.etag", "id", "caller"}
    assert first["caller"] is None


def test_expansion(filtered: str, http: httpx.Client) -> None:
    query = "$expand=sessions($expand=segments($orderby=id desc;$top=1);$filter=id eq 'd')"
    found = value(http.get(f"{RECORDS}/filters?{query}"))
    [session] = found["sessions"]
    assert [one["id"] for one in session["segments"]] == ["2"]
    assert value(http.get(f"{filtered}/a?$expand=segments"))["segments"] == []
    assert len(value(http.get(f"{filtered}/d?$expand=*"))["segments"]) == 2
    assert value(http.get(f"{RECORDS}/filters?$expand=organizer_v2"))["organizer_v2"] is None


@pytest.mark.parametrize(
    "query",
    [
        "$select=nothing",
        "$expand=id",
        "$expand=segments(",
        "$top=-1",
        "$skip=x",
        "$count=maybe",
        "$orderby=" + ",".join(["id"] * 3000),
        "$x=1",
    ],
)
def test_a_wrong_option_is_refused(filtered: str, http: httpx.Client, query: str) -> None:
    assert http.get(f"{filtered}?{query}").status_code == 400


def test_me_is_the_user_of_the_token(emulator: Emulator, http: httpx.Client) -> None:
    answer = http.get("/me/onlineMeetings")
    assert (answer.status_code, answer.json()["error"]["message"]) == (
        400,
        "/me request is only valid with delegated authentication flow.",
    )
    ann, ben = emulator.user("Ann"), emulator.user("Ben")
    with emulator.client(user=ann) as client:
        made = client.me.online_meetings.create(OnlineMeeting(subject="Mine"))
        assert [one.id for one in client.me.online_meetings.list()] == [made.id]
        assert [one.id for one in client.users.online_meetings.list(ann.id)] == [made.id]
    with emulator.client(user=ben) as client:
        assert list(client.me.online_meetings.list()) == []


def test_actions_without_a_behaviour(http: httpx.Client, emulator: Emulator) -> None:
    answer = http.post("/communications/onlineMeetings/x/sendVirtualAppointmentSms", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "NotImplemented")
    assert emulator.log.requests[-1].status == 501


def test_no_operation_fails_unforeseen(emulator: Emulator) -> None:
    """Every operation of the package has an answer for empty input, whatever belongs to it."""
    http = plain(emulator, emulator.user("Ann"))
    for operation in OPERATIONS:
        path = operation.path
        while "{" in path:
            before, _, rest = path.partition("{")
            path = f"{before}x{rest.partition('}')[2]}"
        if not path.startswith("/"):
            continue
        body: Any = {} if operation.method in ("POST", "PATCH") else None
        answer = http.request(operation.method, path, json=body)
        assert answer.status_code in (200, 201, 204, 400, 403, 404, 405, 501), (path, answer.text)
        if operation.kind not in ("action", "function"):
            assert answer.status_code != 501
        elif "{" not in operation.path.partition("(")[0]:
            assert answer.status_code != 404, path


def test_the_models_are_what_is_returned(client: CommunicationsClient, http: httpx.Client) -> None:
    value(http.post(RECORDS, json={"id": "typed", "version": 3, "participants_v2": [{"id": "p"}]}))
    found = client.call_records.get("typed", expand=["participants_v2"])
    assert isinstance(found, call_records.CallRecord)
    assert [one.id for one in found.participants_v2 or ()] == ["p"]
    assert urlsplit(found.undeclared["@odata.context"]).fragment == (
        "communications/callRecords/$entity"
    )
    page = client.call_records.list(filter="participants_v2/any(p:p/id eq 'p')")
    assert [one.id for one in page] == ["typed"]


def test_calls_and_their_operations_are_listed(emulator: Emulator, http: httpx.Client) -> None:
    body = {
        "callbackUri": "https://bot.contoso.com/api/calls",
        "targets": [{"identity": {"user": {"id": emulator.user("Ann").answers().id}}}],
        "requestedModalities": ["audio"],
        "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"},
    }
    call = value(http.post("/communications/calls", json=body))["id"]
    emulator.run()
    assert names(http.get("/communications/calls?$filter=state eq 'established'")) == [call]
    address = f"/communications/calls/{call}/operations"
    made = value(http.post(f"/communications/calls/{call}/subscribeToTone", json={}))["id"]
    assert names(http.get(address)) == [made]
    assert http.get(f"{address}/$count").text == "1"
    seen = value(http.get(f"{address}/{made}?$select=status"))
    assert (seen["status"], "clientContext" in seen) == ("completed", False)
    assert http.get(f"{address}/none").status_code == 404
    for method, path in [
        ("PATCH", f"/communications/calls/{call}"),
        ("DELETE", f"{address}/{made}"),
    ]:
        assert http.request(method, path, json={}).status_code == 405
    assert http.delete(f"/communications/calls/{call}").status_code == 204
    emulator.run()
    assert names(http.get("/communications/calls")) == []
    assert http.get(address).status_code == 404


def test_references(client: CommunicationsClient, http: httpx.Client) -> None:
    meeting = value(http.post("/users/ann/onlineMeetings", json={"subject": "Plan"}))["id"]
    conversations = "/communications/onlineMeetingConversations"
    value(http.post(conversations, json={"id": "talk"}))
    single = f"{conversations}/talk/onlineMeeting"
    assert http.get(f"{single}/$ref").status_code == 404
    for wrong, status in [
        ({}, 400),
        ({"@odata.id": "x/y"}, 400),
        ({"@odata.id": f"{RECORDS}/0"}, 404),
    ]:
        assert http.put(f"{single}/$ref", json=wrong).status_code == status
    root = "https://graph.microsoft.com/v1.0"
    target = f"{root}/users/ann/onlineMeetings/{meeting}"
    linked = client.online_meeting_conversations.online_meeting
    linked.set_ref("talk", f"/users/ann/onlineMeetings/{meeting}")
    assert value(http.get(single))["subject"] == "Plan"
    linked.put_attendee_report("talk", b"Ann")
    assert client.online_meetings.get_attendee_report(meeting) == b"Ann"
    assert linked.get_ref("talk") == f"{root}/communications/onlineMeetings/{meeting}"
    assert http.put(f"{single}/$ref", json={"@odata.id": target}).status_code == 204
    assert value(http.get(single))["subject"] == "Plan"
    identity = value(http.get(f"{single}/$ref"))["@odata.id"]
    assert value(http.get(identity))["subject"] == "Plan"
    assert (
        value(http.get(f"{conversations}/talk?$expand=onlineMeeting"))["onlineMeeting"]["id"]
        == meeting
    )
    every = value(http.get(f"{conversations}/$ref"))["value"]
    assert {"@odata.id": f"{root}{conversations}/talk"} in every
    assert http.post(f"{conversations}/$ref", json={}).headers["allow"] == "GET"
    assert http.delete(f"{single}/$ref").status_code == 204
    assert http.get(single).status_code == 404
    assert http.get(f"{conversations}/nothing/here/$ref").status_code == 404


@pytest.mark.parametrize("depth", [101, 400, 900, 3000])
def test_what_is_nested_too_deeply_is_refused(http: httpx.Client, depth: int) -> None:
    body = '{"x":' + "[" * depth + "]" * depth + "}"
    assert http.post("/users/ann/onlineMeetings", content=body).status_code == 400
    expand = "replies"
    for _ in range(depth):
        expand = f"replies($expand={expand})"
    address = "/communications/onlineMeetingConversations/x/messages"
    if depth < 1000:
        assert http.get(address, params={"$expand": expand}).status_code == 400


def test_what_is_nested_is_kept(http: httpx.Client) -> None:
    nested: Any = 1
    for _ in range(90):
        nested = {"a": nested}
    assert value(http.post("/users/ann/onlineMeetings", json={"x": nested}))["x"] == nested
