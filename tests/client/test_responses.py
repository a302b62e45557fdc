"""What `with_response` gives: the result, and what came with it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from graph_comms import AsyncPage, ConflictError, GraphTransportError, Page, Response
from graph_comms.models import Call
from tests.client.faces import Client, each_flavour
from tests.support.server import CLOSED, GraphServer, Reply, answer, json_reply

RETURNED: dict[str, tuple[str, tuple[Any, ...], Callable[[Any], Any], Any]] = {
    "an entity": ("calls.get", ("found",), lambda value: value.id, "found"),
    "a created entity": ("calls.create", (Call(callback_uri="https://bot"),), type, Call),
    "an updated entity": ("calls.update", ("1", Call(subject="x")), type, Call),
    "nothing": ("calls.delete", ("found",), lambda value: value, None),
    "bytes": ("online_meetings.recordings.get_content", ("m", "r"), bytes, b"content"),
    "a page": ("calls.list", (), lambda page: page.value[0].id, "calls"),
}


@each_flavour
@pytest.mark.parametrize("case", RETURNED.values(), ids=RETURNED)
def test_the_value_is_what_the_method_returns(
    server: GraphServer, flavour: str, case: tuple[str, tuple[Any, ...], Any, Any]
) -> None:
    python, arguments, seen, expected = case
    with Client(flavour, server) as client:
        response = client.call(f"{python}.with_response", *arguments)
        assert isinstance(response, Response)
        assert seen(response.value) == expected
        assert seen(client.call(python, *arguments)) == expected
    first, second = server.requests
    assert (first.method, first.target, first.body) == (second.method, second.target, second.body)


@each_flavour
def test_status_and_headers(server: GraphServer, flavour: str) -> None:
    where = "https://graph.microsoft.com/v1.0/communications/calls/1"
    headers = {"Location": where, "request_id": "r-1", "X-Marker": "only in the headers"}
    server.play(json_reply(201, {"id": "1"}, **headers), answer(204))
    with Client(flavour, server) as client:
        response = client.call("calls.create.with_response", Call(callback_uri="https://bot"))
        nothing = client.call("calls.delete.with_response", "1")
    assert (response.status, response.location, response.request_id) == (201, where, "r-1")
    assert response.headers["x-MARKER"] == response.headers["X-Marker"] == "only in the headers"
    assert "only in the headers" not in repr(response)
    assert pickle.loads(pickle.dumps(response)) == response
    assert (nothing.status, nothing.value) == (204, None)
    assert (nothing.location, nothing.request_id) == (None, None)


@each_flavour
def test_it_is_that_of_the_attempt_that_succeeded(server: GraphServer, flavour: str) -> None:
    server.play(Reply(503), json_reply(200, {"id": "1"}, request_id="second"))
    with Client(flavour, server) as client:
        assert client.call("calls.get.with_response", "1").request_id == "second"


@each_flavour
def test_a_delete_that_had_succeeded_unnoticed_tells_what_came(
    server: GraphServer, flavour: str
) -> None:
    server.play(CLOSED, Reply(404))
    with Client(flavour, server) as client:
        response = client.call("calls.delete.with_response", "1")
    assert (response.status, response.value) == (404, None)


@each_flavour
def test_what_fails_raises_as_the_method_does(server: GraphServer, flavour: str) -> None:
    server.play(Reply(409), CLOSED)
    with Client(flavour, server) as client:
        with pytest.raises(ConflictError):
            client.call("calls.create.with_response", Call(callback_uri="https://bot"))
        with pytest.raises(GraphTransportError):
            client.call("calls.create.with_response", Call(callback_uri="https://bot"))
        with pytest.raises(TypeError, match="call"):
            client.call("calls.create.with_response")


@each_flavour
def test_the_page_of_a_response_leads_to_the_next(server: GraphServer, flavour: str) -> None:
    link = "https://graph.microsoft.com/v1.0/communications/calls?$skiptoken=2"
    server.play(
        json_reply(200, {"value": [{"id": "1"}], "@odata.nextLink": link}),
        json_reply(200, {"value": [{"id": "2"}]}),
    )
    with Client(flavour, server) as client:
        page = client.call("calls.list.with_response", top=1).value
        assert isinstance(page, Page | AsyncPage)
        assert [call.id for call in client.items(page)] == ["1", "2"]


@each_flavour
def test_a_stream_gives_its_response_before_its_pieces(server: GraphServer, flavour: str) -> None:
    server.play(answer(200, b"content", "Content-Type: video/mp4", "request-id: r-2"))
    found: list[bytes] = []
    with Client(flavour, server) as client:
        recordings = client.client.online_meetings.recordings
        with client.entered(recordings.stream_content.with_response("m", "r")) as response:
            assert (response.status, response.request_id) == (200, "r-2")
            assert response.headers["content-type"] == "video/mp4"
            found += client.items(response.value)
    assert b"".join(found) == b"content"


@each_flavour
def test_arguments_of_a_stream_are_bound_at_once(server: GraphServer, flavour: str) -> None:
    with Client(flavour, server) as client:
        streams = client.client.online_meetings.recordings.stream_content
        for method in (streams, streams.with_response):
            with pytest.raises(TypeError):
                method("m")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
