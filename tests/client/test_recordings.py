"""Recordings are fetched with their own tokens, which go nowhere else, and never with the client's."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from graph_comms import (
    OPERATIONS,
    AuthenticationError,
    GraphError,
    GraphTransportError,
    NotFoundError,
    RetryPolicy,
)
from graph_comms.models import CommsNotifications, PlayPromptOperation, RecordOperation
from tests.client.faces import CLIENTS, FLAVOURS, GRAPH, Client, Direct, each_flavour
from tests.support.server import CLOSED, SILENT, GraphServer, Reply, json_reply

HOST = "recordings.example"
OWN = "marker-recording-8bd1"
SOUND = bytes(range(256)) * 800

NOTIFICATION = {
    "value": [
        {
            "changeType": "deleted",
            "resourceData": {
                "@odata.type": "#microsoft.graph.recordOperation",
                "status": "completed",
                "recordingLocation": f"https://{HOST}/17e3b46c?part=1",
                "recordingAccessToken": OWN,
            },
        }
    ]
}
"""As on the page of recordResponse."""


def recorded(**changes: Any) -> RecordOperation:
    return RecordOperation(
        **{
            "recording_location": f"https://{HOST}/17e3b46c?part=1",
            "recording_access_token": OWN,
            **changes,
        }
    )


def unasked() -> str:
    raise AssertionError("the client's own token was asked for")


@pytest.fixture
def recordings() -> Iterator[GraphServer]:
    with GraphServer() as server:
        yield server


@pytest.fixture(params=FLAVOURS)
def caller(
    request: pytest.FixtureRequest, server: GraphServer, recordings: GraphServer
) -> Iterator[Client]:
    others = {HOST: recordings}
    with Client(request.param, server, others=others, credential=unasked) as caller:
        yield caller
    assert server.requests == []


def get(caller: Client, operation: Any, **options: Any) -> Any:
    return caller.call("get_recording", operation, **options)


def stream(caller: Client, operation: Any, **options: Any) -> bytes:
    pieces: list[bytes] = []
    caller.read(caller.client.stream_recording(operation, **options), pieces.append)
    return b"".join(pieces)


each_way = pytest.mark.parametrize("fetch", [get, stream])
Fetch = Callable[..., Any]


@each_way
def test_the_recording_of_a_notification(
    recordings: GraphServer, caller: Client, fetch: Fetch
) -> None:
    notification = (CommsNotifications.from_dict(NOTIFICATION).value or [])[0]
    assert isinstance(notification.resource_data, RecordOperation)
    recordings.play(Reply(200, {"Content-Type": "application/octet-stream"}, SOUND))

    assert fetch(caller, notification.resource_data) == SOUND
    [request] = recordings.requests
    assert (request.method, request.target) == ("GET", "/17e3b46c?part=1")
    assert request.headers.get_list("authorization") == [f"Bearer {OWN}"]
    assert request.headers["host"] == HOST


@each_way
def test_no_answer_makes_it_ask_for_another_token(
    recordings: GraphServer, caller: Client, fetch: Fetch
) -> None:
    recordings.play(Reply(401), json_reply(404, {"error": {"code": "8522"}}))
    for error in (AuthenticationError, NotFoundError):
        with pytest.raises(error):
            fetch(caller, recorded())
    assert len(recordings.requests) == 2


@each_way
def test_it_is_fetched_again_where_that_may_help(
    recordings: GraphServer, caller: Client, fetch: Fetch
) -> None:
    recordings.play(Reply(503), CLOSED, Reply(429, {"Retry-After": "2"}), Reply(200, body=SOUND))
    assert fetch(caller, recorded()) == SOUND
    assert {one.headers["authorization"] for one in recordings.requests} == {f"Bearer {OWN}"}


@each_way
@pytest.mark.parametrize("location", [f"https://{GRAPH}/elsewhere", "/elsewhere"])
def test_a_redirect_is_followed_without_any_token(
    recordings: GraphServer, fetch: Fetch, location: str
) -> None:
    for flavour in FLAVOURS:
        with (
            GraphServer() as elsewhere,
            Client(flavour, elsewhere, others={HOST: recordings}, credential=unasked) as caller,
        ):
            target = elsewhere if location.startswith("https") else recordings
            recordings.play(Reply(302, {"Location": location}))
            target.play(Reply(200, body=SOUND))
            assert fetch(caller, recorded()) == SOUND
            assert target.requests[-1].target == "/elsewhere"
            assert "authorization" not in target.requests[-1].headers


def test_headers_of_ones_own(recordings: GraphServer, caller: Client) -> None:
    recordings.play(Reply(206, body=b"RIFF"))
    assert get(caller, recorded(), headers={"Range": "bytes=0-3"}) == b"RIFF"
    assert recordings.requests[0].headers["range"] == "bytes=0-3"
    assert recordings.requests[0].headers.get_list("authorization") == [f"Bearer {OWN}"]


def test_no_other_token_can_be_given(recordings: GraphServer, caller: Client) -> None:
    with pytest.raises(
        ValueError, match=r"get_recording: headers .*: Authorization cannot be given"
    ):
        get(caller, recorded(), headers={"Authorization": "Bearer other"})
    assert recordings.requests == []


def test_the_responses(recordings: GraphServer, caller: Client) -> None:
    recordings.play(*[Reply(200, {"Date": "today"}, SOUND)] * 2)
    response = caller.call("get_recording.with_response", recorded())
    assert (response.value, response.status, response.headers["date"]) == (SOUND, 200, "today")
    with caller.entered(caller.client.stream_recording.with_response(recorded())) as response:
        assert (response.status, response.headers["date"]) == (200, "today")


@each_flavour
def test_the_deadline_holds(server: GraphServer, recordings: GraphServer, flavour: str) -> None:
    recordings.play(SILENT)
    with (
        Client(
            flavour,
            server,
            others={HOST: recordings},
            credential=unasked,
            retry=RetryPolicy(deadline=0.5),
        ) as caller,
        pytest.raises(GraphTransportError, match="deadline"),
    ):
        get(caller, recorded())


# -- what is refused


@each_way
@pytest.mark.parametrize(
    ("operation", "error", "words"),
    [
        (recorded(recording_location=None), ValueError, "no recording_location; Graph sends both"),
        (recorded(recording_access_token=""), ValueError, "no recording_access_token; "),
        (RecordOperation(), ValueError, "no recording_location and no recording_access_token; "),
        (recorded(recording_location=f"http://{HOST}/{OWN}"), ValueError, "begin with https://"),
        (recorded(recording_location=f"ftp://{HOST}/{OWN}"), ValueError, "begin with https://"),
        (recorded(recording_location=f"/{OWN}"), ValueError, "begin with https://"),
        (recorded(recording_location=f"https://{HOST}:x/{OWN}"), ValueError, "no.* valid address"),
        (
            recorded(recording_location=f"https://{HOST}:65536/{OWN}"),
            ValueError,
            "no.* valid address",
        ),
        (recorded(recording_location=f"https://a:{OWN}@{HOST}/"), ValueError, "a password"),
        (recorded(recording_access_token=f"{OWN}\r\nX: y"), ValueError, "line breaks"),
        (recorded(recording_access_token=f"{OWN} é"), ValueError, "non-ASCII"),
        (PlayPromptOperation(), TypeError, "must be a RecordOperation, .* not PlayPromptOperation"),
        (f"https://{HOST}/{OWN}", TypeError, "must be a RecordOperation, .* not str"),
        (None, TypeError, "must be a RecordOperation, .* not None"),
    ],
)
def test_what_cannot_be_fetched_is_refused(
    recordings: GraphServer,
    caller: Client,
    fetch: Fetch,
    operation: Any,
    error: type[Exception],
    words: str,
) -> None:
    with pytest.raises(
        error, match=f"^get_recording: .*{words}|^stream_recording: .*{words}"
    ) as caught:
        fetch(caller, operation)
    assert OWN not in str(caught.value)
    if isinstance(operation, RecordOperation) and OWN not in (operation.recording_location or ""):
        assert OWN not in shown(caught.value)
    assert recordings.requests == []


@each_flavour
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_plain_http_is_for_this_machine_and_goes_through_no_proxy(
    recordings: GraphServer, monkeypatch: pytest.MonkeyPatch, flavour: str, host: str
) -> None:
    with GraphServer() as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        recordings.play(Reply(200, body=b"x"))
        location = f"http://{host}:{recordings.port}/17e3b46c"
        with Direct(flavour, f"https://{GRAPH}/v1.0", credential=unasked) as caller:
            assert get(caller, recorded(recording_location=location)) == b"x"
        assert proxy.requests == []


# -- secrets


def shown(error: BaseException) -> str:
    text = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(text.format())


@pytest.mark.parametrize(
    "step",
    [
        Reply(200, body=SOUND),
        Reply(401),
        Reply(500, body=b"broken"),
        Reply(302, {"Location": "mailto:x"}),
        Reply(200, {"Content-Encoding": "br"}, b"x"),
        CLOSED,
    ],
)
@each_way
def test_the_token_is_in_no_log_and_no_error(
    recordings: GraphServer,
    caller: Client,
    fetch: Fetch,
    caplog: pytest.LogCaptureFixture,
    step: Any,
) -> None:
    caplog.set_level(logging.DEBUG)
    recordings.play(*[step] * 4)
    operation, texts = recorded(), [repr(recorded())]
    try:
        fetch(caller, operation)
    except GraphError as error:
        texts += [shown(error), repr(vars(error))]
    assert OWN not in "".join(texts)
    assert OWN not in "".join(f"{one.getMessage()} {one.args!r}" for one in caplog.records)
    ours = [one.getMessage() for one in caplog.records if one.name == "graph_comms"]
    assert all(one.startswith("GET {recordingLocation}: ") for one in ours)
    assert ours


def test_it_is_no_operation_of_the_service() -> None:
    assert all("recording_location" not in one.path.casefold() for one in OPERATIONS)
    assert not {"get_recording", "stream_recording"} & {one.python for one in OPERATIONS}
    assert all(hasattr(cls, "get_recording") for cls in CLIENTS.values())
