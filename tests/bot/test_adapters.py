"""One suite for all adapters: a bot behind each framework, server and platform answers the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.bot import samples
from tests.bot.adapter_faces import FACES, LIMIT, Answer, Face, Headers
from tests.bot.service import SIGNER


@pytest.fixture(scope="module", params=FACES)
def face(request: pytest.FixtureRequest) -> Iterator[Face]:
    with FACES[request.param]() as face:
        yield face


@pytest.fixture
def call_id() -> str:
    return str(uuid4())


def token(name: str = "Authorization") -> Headers:
    return [(name, SIGNER.headers()["authorization"]), ("Content-Type", "application/json")]


def post(face: Face, *items: object, chunked: bool = False) -> Answer:
    headers = [*token(), ("X-Microsoft-Skype-Message-ID", str(uuid4()))]
    return face.send("POST", headers, samples.body(*items), chunked=chunked)


def plain(answer: Answer, status: int) -> bool:
    """Whether an answer has a status and nothing to read."""
    return (answer.status, answer.body) == (status, b"")


def test_a_call_is_followed_from_its_beginning_to_its_end(face: Face, call_id: str) -> None:
    sequence = [samples.incoming(call=call_id), *samples.answered_call(call_id)]
    sequence.insert(8, samples.tone(7, "tone2", call=call_id))
    *lively, end = sequence
    for item in lively:
        assert plain(post(face, item), 202)
    events = ["incoming", "media_active", "participant_joined", "tone 1", "tone 2", "operation"]
    assert face.handled(call_id, 6) == events
    assert plain(post(face, end), 202)
    assert face.handled(call_id, 7) == [*events, "terminated"]


def test_a_body_comes_in_pieces(face: Face, call_id: str) -> None:
    body = samples.body(samples.tone(1, call=call_id))
    assert plain(face.send("POST", token(), body.ljust(LIMIT), chunked=True), 202)
    assert face.handled(call_id, 1) == ["tone 1"]


def test_names_of_header_fields_are_in_any_case(face: Face, call_id: str) -> None:
    body = samples.body(samples.tone(1, call=call_id))
    for name in ("AUTHORIZATION", "authorization", "aUTHORIZATION"):
        assert plain(face.send("POST", token(name), body), 202)
    assert face.handled(call_id, 1) == ["tone 1"]


def test_a_request_without_a_token_that_is_ours_is_refused(face: Face, call_id: str) -> None:
    body = samples.body(samples.incoming(call=call_id))
    twice = [*token(), *token()[:1]]
    bad = [("Authorization", "Bearer " + SIGNER.sign(aud="another"))]
    for headers in ([("Accept", "*/*")], twice, bad):
        answer = face.send("POST", headers, body)
        assert plain(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
    assert face.handled(call_id, 0) == []


def test_another_method_is_refused(face: Face) -> None:
    answer = face.send("GET", token(), b"")
    assert plain(answer, 405)
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b"\xef\xbb\xbf", b'"\\ud800"', b"[" * 9999]
)
def test_what_is_no_notification_is_refused(face: Face, body: bytes) -> None:
    assert plain(face.send("POST", token(), body), 400)


def test_the_old_format_is_declined(face: Face) -> None:
    answer = face.send("POST", token(), b'{"id": "of Skype"}')
    assert plain(answer, 204)
    assert "content-length" not in answer.headers


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_that_is_too_large_is_refused(face: Face, call_id: str, chunked: bool) -> None:
    body = samples.body(samples.incoming(call=call_id)).ljust(LIMIT + 1)
    assert plain(face.send("POST", token(), body, chunked=chunked), 413)
    assert face.handled(call_id, 0) == []


def test_who_joins_is_answered_in_the_response(face: Face, call_id: str) -> None:
    assert plain(post(face, samples.incoming(call=call_id)), 202)
    answer = face.send("POST", token(), samples.joining(call=call_id))
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert json.loads(answer.body)["@odata.type"] == "#microsoft.graph.rejectJoinResponse"
