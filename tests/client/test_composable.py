"""What is bound to the result of a composable function, as a method behind that function."""

from __future__ import annotations

import inspect
import pydoc
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from graph_comms import OPERATIONS, CommunicationsClient
from graph_comms.models import CallRecording, CallTranscript
from tests.client.faces import Client, attribute, each_flavour
from tests.support.server import GraphServer, json_reply

ORGANIZER = "8b081ef6"
DELTA_LINK = "https://graph.microsoft.com/v1.0/x/delta?$deltatoken=1"
OWNERS = ("", "users.", "me.")


@pytest.fixture
def server() -> Iterator[GraphServer]:
    with GraphServer() as server:
        yield server


def page(*ids: str) -> Any:
    items = [{"id": one} for one in ids]
    return json_reply(200, {"value": items, "@odata.deltaLink": DELTA_LINK})


@each_flavour
@pytest.mark.parametrize(
    ("what", "model"), [("Recordings", CallRecording), ("Transcripts", CallTranscript)]
)
def test_the_documented_delta_of_all_meetings_of_an_organizer(
    server: GraphServer, flavour: str, what: str, model: type
) -> None:
    """Source: Graph reference, callRecording: delta and callTranscript: delta."""
    server.play(page("1"), page())
    method = f"users.online_meetings.get_all_{what.lower()}.delta"
    start = datetime(2026, 1, 2, 3, tzinfo=UTC)
    with Client(flavour, server) as caller:
        found = caller.call(
            method, ORGANIZER, meeting_organizer_user_id=ORGANIZER, start_date_time=start, top=5
        )
        assert [(type(one), one.id) for one in caller.items(found)] == [(model, "1")]
        following = caller.finish(caller.client.follow(found.delta_link, model))
        assert following.value == []

    called = f"/v1.0/users/{ORGANIZER}/onlineMeetings/getAll{what}"
    given = f"(meetingOrganizerUserId='{ORGANIZER}',startDateTime=2026-01-02T03:00:00Z)"
    assert [request.target for request in server.requests] == [
        f"{called}{given}/delta()?$top=5",
        "/v1.0/x/delta?$deltatoken=1",
    ]


@each_flavour
def test_the_function_itself_is_called_as_before(server: GraphServer, flavour: str) -> None:
    server.play(page("1"), page("2"))
    method = "users.online_meetings.get_all_recordings"
    with Client(flavour, server) as caller:
        [first] = caller.items(caller.call(method, "u", meeting_organizer_user_id="u"))
        response = caller.call(f"{method}.with_response", "u", meeting_organizer_user_id="u")
        assert (first.id, response.status) == ("1", 200)
        assert [one.id for one in response.value.value] == ["2"]
    [one, other] = server.requests
    target = "/v1.0/users/u/onlineMeetings/getAllRecordings(meetingOrganizerUserId='u')"
    assert (one.target, other.target) == (target, target)


@each_flavour
@pytest.mark.parametrize("method", ["get_all_recordings", "get_all_recordings.delta"])
def test_wrong_arguments_are_refused_by_name(
    server: GraphServer, flavour: str, method: str
) -> None:
    path = f"users.online_meetings.{method}"
    with Client(flavour, server) as caller:
        with pytest.raises(TypeError, match=f"{path}: meeting_organizer_user_id must be a str"):
            caller.call(path, "u", meeting_organizer_user_id=5)
        with pytest.raises(TypeError, match=f"{path} takes no start_time"):
            caller.call(path, "u", start_time=None)
    assert server.requests == []


def test_every_function_of_recordings_and_transcripts_has_its_delta_behind_it() -> None:
    rows = {operation.python: operation for operation in OPERATIONS}
    for owner in OWNERS:
        for where in ("online_meetings", "adhoc_calls"):
            for what in ("recordings", "transcripts"):
                call = rows[f"{owner}{where}.get_all_{what}"]
                delta = rows[f"{call.python}.delta"]
                assert delta.path == f"{call.path}/delta()"
                assert (delta.kind, delta.returns) == ("function", call.returns)
                assert [p for p in delta.parameters if p.location == "path"] == [
                    p for p in call.parameters if p.location == "path"
                ]


def test_it_shows_what_it_is() -> None:
    with CommunicationsClient("token") as client:
        called = attribute(client, "users.online_meetings.get_all_recordings")
        assert str(inspect.signature(called)).startswith("(user_id: 'str', *, meeting_organizer")
        assert "List the recordings of all meetings" in called.__doc__
        assert "delta(" in pydoc.plain(pydoc.render_doc(type(called)))
        with pytest.raises(AttributeError, match="did you mean delta"):
            called.dleta("1")
