"""Streams of which Graph wants a media type in Accept: the transcripts of meetings and ad hoc calls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from graph_codegen.assets import folder
from graph_codegen.facts import media_types
from graph_comms import OPERATIONS, BadRequestError
from graph_comms._runtime.operation import Operation
from tests.client.faces import Client, attribute, each_flavour
from tests.support.server import GraphServer, Reply, json_reply

STREAMS = [one for one in OPERATIONS if one.kind == "content"]
TRANSCRIPTS = [one for one in STREAMS if one.path.endswith("{callTranscript-id}/content")]
NAMELESS = "application/vnd.microsoft.graph.transcript+text"

each_transcript = pytest.mark.parametrize("operation", TRANSCRIPTS, ids=lambda one: one.python)


@pytest.fixture
def server() -> Iterator[GraphServer]:
    with GraphServer() as server:
        yield server


VTT = Reply(200, {"Content-Type": "text/vtt"}, b"WEBVTT")
REFUSED = json_reply(
    400, {"error": {"code": "BadRequest", "message": "Invalid format '*/*' specified."}}
)
"""What the service answers to a format that it has, and to any other."""


def accepted(server: GraphServer) -> list[str]:
    return [request.headers["accept"] for request in server.requests]


def keys(operation: Operation) -> list[str]:
    return ["k" for p in operation.parameters if p.location == "path"]


@each_flavour
@each_transcript
def test_a_transcript_comes_as_webvtt_unless_another_format_is_chosen(
    server: GraphServer, flavour: str, operation: Operation
) -> None:
    server.play(*[VTT] * 4)
    pieces: list[bytes] = []
    with Client(flavour, server) as caller:
        streamed = attribute(
            caller.client, operation.python.replace("get_content", "stream_content")
        )
        assert caller.call(operation.python, *keys(operation)) == b"WEBVTT"
        assert caller.call(operation.python, *keys(operation), format=NAMELESS) == b"WEBVTT"
        caller.read(streamed(*keys(operation)), pieces.append)
        caller.read(streamed(*keys(operation), format=NAMELESS), pieces.append)
    assert pieces == [b"WEBVTT"] * 2
    assert accepted(server) == ["text/vtt", NAMELESS] * 2


@each_flavour
def test_a_header_of_the_caller_comes_first(server: GraphServer, flavour: str) -> None:
    server.play(REFUSED)
    method = "online_meetings.transcripts.get_content"
    with Client(flavour, server) as caller, pytest.raises(BadRequestError, match="Invalid format"):
        caller.call(method, "m", "t", headers={"Accept": "*/*"})
    assert accepted(server) == ["*/*"]


@each_flavour
@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("text/vt", ValueError, "did you mean text/vtt"),
        ("application/json", ValueError, "format must be a str, such as 'text/vtt' or"),
        (None, TypeError, "format must be a str, .*, not None"),
        (b"text/vtt", TypeError, "format must be a str, .*, not bytes"),
    ],
)
def test_another_format_is_refused(
    server: GraphServer, flavour: str, given: Any, error: type[Exception], message: str
) -> None:
    method = "users.online_meetings.transcripts.get_content"
    with Client(flavour, server) as caller, pytest.raises(error, match=f"{method}: .*{message}"):
        caller.call(method, "u", "m", "t", format=given)
    assert server.requests == []


def test_the_documented_media_types_of_all_transcripts() -> None:
    assert len(TRANSCRIPTS) == 6
    for operation in TRANSCRIPTS:
        assert operation.media_types == ("text/vtt", NAMELESS)
        [choice] = [p for p in operation.parameters if p.location == "header"]
        assert (choice.wire_name, choice.name, choice.required) == ("Accept", "format", False)
    others = {o.path.rpartition("/")[2]: o.media_types for o in STREAMS}
    assert others["metadataContent"] == ("text/vtt",)
    assert others["attendeeReport"] == ()


def test_each_fact_is_about_a_stream_and_names_its_page() -> None:
    content = json.loads((folder("metadata") / media_types.FILE).read_text(encoding="utf-8"))
    streams = {o.path.rpartition("/")[2] for o in STREAMS}
    for stream, fact in content.items():
        assert stream.rpartition("/")[2] in streams
        assert fact["source"].startswith("https://learn.microsoft.com/graph/api/")
