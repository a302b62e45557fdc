"""`on_attempt` of both clients: called once for each attempt, whatever the attempt comes to."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import pickle
from collections.abc import Callable
from inspect import signature
from typing import Any

import pytest

from graph_comms import (
    Attempt,
    AuthenticationError,
    GraphDecodeError,
    GraphError,
    GraphTransportError,
    NotFoundError,
    RetryPolicy,
    ServiceError,
    ThrottledError,
)
from graph_comms.models import CallRecording, RecordOperation
from tests.client.faces import CLIENTS, Client, each_client, each_flavour, outcome
from tests.support.server import CLOSED, SILENT, GraphServer, Played, Reply, answer, json_reply

CALL = "/communications/calls/{call-id}"
CONTENT = "/communications/onlineMeetings/{onlineMeeting-id}/recordings/{callRecording-id}/content"
FOUND = json_reply(200, {"id": "found"}, request_id="second")


def seen(attempts: list[Attempt]) -> list[tuple[int, int | None, type | None]]:
    """Return the number, status and class of error of each attempt."""
    return [
        (one.number, one.status, None if one.error is None else type(one.error)) for one in attempts
    ]


@each_flavour
def test_every_attempt_is_reported(server: GraphServer, flavour: str) -> None:
    got: list[Attempt] = []
    server.play(Reply(503, {"request-id": "first", "Retry-After": "3"}), FOUND)
    with Client(flavour, server, on_attempt=got.append) as client:
        client.get()
    assert seen(got) == [(1, 503, ServiceError), (2, 200, None)]
    assert [(one.method, one.path) for one in got] == [("GET", CALL)] * 2
    assert [one.request_id for one in got] == ["first", "second"]
    assert all(0 <= one.duration < 5 for one in got)
    assert isinstance(got[0].error, ServiceError)
    assert got[0].error.retry_after == 3


@each_flavour
@pytest.mark.parametrize(
    ("steps", "work", "expected"),
    [
        ([Reply(404)], Client.get, [(1, 404, NotFoundError)]),
        ([CLOSED], Client.create, [(1, None, GraphTransportError)]),
        ([CLOSED, Reply(404)], Client.delete, [(1, None, GraphTransportError), (2, 404, None)]),
        ([answer(200, b"{")], Client.get, [(1, 200, GraphDecodeError)]),
        (
            [Reply(429, {"Retry-After": "99"})],
            Client.get,
            [(1, 429, ThrottledError)],
        ),
        ([Reply(401), Reply(401)], Client.create, [(n, 401, AuthenticationError) for n in (1, 2)]),
        ([Reply(200, body=b"{", missing=9), FOUND], Client.get, [(1, 200, GraphDecodeError), (2, 200, None)]),
        ([Reply(502)], Client.content, [(1, 502, ServiceError), (2, 200, None)]),
        ([Reply(502)], Client.stream, [(1, 502, ServiceError), (2, 200, None)]),
        ([Reply(404)], Client.stream, [(1, 404, NotFoundError)]),
    ],
)  # fmt: skip
def test_what_an_attempt_came_to(
    server: GraphServer,
    flavour: str,
    steps: list[Played],
    work: Callable[[Client], Any],
    expected: list[tuple[int, int | None, type | None]],
) -> None:
    got: list[Attempt] = []
    raised: BaseException | None = None
    server.play(*steps)
    with Client(flavour, server, credential=lambda: "token", on_attempt=got.append) as client:
        try:
            work(client)
        except GraphError as error:
            raised = error
    assert seen(got) == expected
    assert got[-1].error is raised


@each_flavour
def test_each_page_is_a_call_of_its_own(server: GraphServer, flavour: str) -> None:
    link = "https://graph.microsoft.com/v1.0/communications/calls?$skiptoken=marker"
    first = json_reply(200, {"value": [{"id": "1"}], "@odata.nextLink": link})
    server.play(first, Reply(502), json_reply(200, {"value": []}), json_reply(200, {"value": []}))
    got: list[Attempt] = []
    with Client(flavour, server, on_attempt=got.append) as client:
        assert client.ids() == ["1"]
        client.finish(client.client.follow(link, CallRecording))
    assert seen(got) == [
        (1, 200, None),
        (1, 502, ServiceError),
        (2, 200, None),
        (1, 200, None),
    ]
    assert [one.path for one in got] == ["/communications/calls"] * 3 + ["{link}"]
    assert "marker" not in repr(got)


@each_flavour
def test_streams_redirects_and_uploads(
    server: GraphServer, storage: GraphServer, flavour: str
) -> None:
    """A redirect to storage is part of the attempt, which ends when the stream is open."""
    got: list[Attempt] = []
    others = {"storage.example": storage}
    server.play(Reply(302, {"Location": "https://storage.example/content?sig=marker"}))
    with Client(flavour, server, others=others, on_attempt=got.append) as client:
        stream = client.client.online_meetings.recordings.stream_content("m", "r")
        with client.entered(stream):
            assert seen(got) == [(1, 200, None)]
        client.call("online_meetings.recordings.put_content", "m", "r", b"x")
    assert [(one.method, one.path) for one in got] == [("GET", CONTENT), ("PUT", CONTENT)]
    assert "marker" not in repr(got)


@each_flavour
def test_recordings(storage: GraphServer, server: GraphServer, flavour: str) -> None:
    got: list[Attempt] = []
    recorded = RecordOperation(
        recording_location="https://storage.example/marker", recording_access_token="marker"
    )
    storage.play(Reply(502))
    others = {"storage.example": storage}
    with Client(flavour, server, others=others, on_attempt=got.append) as client:
        client.call("get_recording", recorded)
    assert seen(got) == [(1, 502, ServiceError), (2, 200, None)]
    assert [one.path for one in got] == ["{recordingLocation}"] * 2
    assert "marker" not in repr(got)


@each_flavour
def test_an_attempt_that_the_deadline_cuts_short(server: GraphServer, flavour: str) -> None:
    got: list[Attempt] = []
    server.play(SILENT)
    policy = RetryPolicy(deadline=0.3)
    with (
        Client(flavour, server, on_attempt=got.append, retry=policy) as client,
        pytest.raises(GraphTransportError, match="deadline") as caught,
    ):
        client.create()
    assert seen(got) == [(1, None, GraphTransportError)]
    assert got[0].error is caught.value
    assert 0.1 < got[0].duration < 1


@each_flavour
def test_a_credential_that_fails(server: GraphServer, flavour: str) -> None:
    got: list[Attempt] = []
    failures = [LookupError("no secret configured")]

    def give() -> str:
        raise failures[0]

    with (
        Client(flavour, server, credential=give, on_attempt=got.append) as client,
        pytest.raises(LookupError),
    ):
        client.get()
    assert [(one.number, one.status, one.error) for one in got] == [(1, None, failures[0])]


def test_an_attempt_that_is_cancelled(server: GraphServer) -> None:
    got: list[Attempt] = []
    server.play(SILENT)

    async def cancel(client: Any) -> None:
        task = asyncio.create_task(client.calls.get("x"))
        while not server.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with Client("async", server, on_attempt=got.append) as client:
        client.finish(cancel(client.client))
    assert seen(got) == [(1, None, asyncio.CancelledError)]


@each_flavour
def test_a_hook_that_raises_is_logged_once_and_changes_nothing(
    server: GraphServer, flavour: str, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[Attempt] = []

    def fail(attempt: Attempt) -> None:
        asked.append(attempt)
        raise RuntimeError("the hook is broken")

    def work(client: Client) -> list[str]:
        server.play(Reply(503), FOUND, Reply(404), CLOSED)
        return [outcome(one) for one in (client.get, client.get, client.create, client.stream)]

    with Client(flavour, server) as client:
        expected = work(client)
    for count in (1, 2):
        with Client(flavour, server, on_attempt=fail) as client:
            assert work(client) == expected
        errors = [one for one in caplog.records if one.levelno >= logging.WARNING]
        assert len(errors) == count
        assert all("the hook is broken" in str(one.exc_info) for one in errors)
    assert len(asked) == 2 * 5
    assert "on_attempt" in caplog.text


@each_client
@pytest.mark.parametrize("wrong", ["text", 5, ...])
def test_a_hook_is_an_ordinary_function(client: Callable[..., Any], wrong: Any) -> None:
    with pytest.raises(TypeError, match="on_attempt"):
        client("token", on_attempt=wrong)


@each_client
def test_a_hook_is_not_async(client: Callable[..., Any]) -> None:
    async def hook(attempt: Attempt) -> None: ...

    class Hook:
        async def __call__(self, attempt: Attempt) -> None: ...

    for wrong in (hook, Hook()):
        with pytest.raises(TypeError, match="ordinary function in both clients"):
            client("token", on_attempt=wrong)


def test_an_attempt_is_frozen_and_can_be_pickled() -> None:
    attempt = Attempt(
        method="GET", path=CALL, number=1, status=404, request_id="r", duration=0.5,
        error=NotFoundError(status=404, code="8522"),
    )  # fmt: skip
    with pytest.raises(dataclasses.FrozenInstanceError):
        attempt.number = 2  # type: ignore[misc]
    again = pickle.loads(pickle.dumps(attempt))
    assert dataclasses.replace(again, error=None) == dataclasses.replace(attempt, error=None)
    assert str(again.error) == str(attempt.error)


def test_no_type_of_httpx_is_in_the_signature() -> None:
    for client in CLIENTS.values():
        assert "httpx" not in str(signature(client).parameters["on_attempt"].annotation)
    assert "httpx" not in str(signature(Attempt))
