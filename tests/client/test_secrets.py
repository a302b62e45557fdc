"""Tokens and bodies show nowhere: in no text of an error, no log, no variable of a frame.

The one exception is what the caller gave as arguments: the frames of a traceback hold those.
"""

from __future__ import annotations

import asyncio
import copy
import gc
import json
import logging
import pickle
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from graph_comms import GraphError, GraphHTTPError
from graph_comms._runtime.model import GraphModel
from graph_comms.models import Call, InvitationParticipantInfo, RecordOperation, TokenMeetingInfo
from tests.client.cases import bomb
from tests.client.faces import FLAVOURS, Client, each_flavour
from tests.support.server import End, GraphServer, Step, answer, response

TOKEN = "marker-token-c0ffee"
SENT = "marker-sent-5eed"
RECEIVED = "marker-received-f00d"
MARKERS = (TOKEN, SENT, RECEIVED)


def with_locals(error: BaseException) -> str:
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def shown_by(error: BaseException) -> list[str]:
    """Return all texts that an error can be turned into."""
    shown = ["".join(traceback.format_exception(error))]
    for one in chain(error):
        kept = {name: value for name, value in vars(one).items() if name != "body"}
        shown += [str(one), repr(one), repr(one.args), repr(kept)]
        if isinstance(one, httpx.RequestError):
            shown.append(repr(one.request.headers.raw))
    return shown


def shown_after(work: Callable[[], Any]) -> list[str]:
    """What the error of a call can be turned into; the frames hold the caller's arguments too."""
    try:
        work()
    except GraphError as error:
        # The frames may hold what was sent, as the caller's argument.
        return [*shown_by(error), with_locals(error).replace(SENT, "sent")]
    return []


def leaks(shown: list[str], *markers: str) -> list[str]:
    return [text for text in shown if any(marker in text for marker in markers or MARKERS)]


@pytest.fixture
def logs(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Everything that any logger writes, including those of httpx and httpcore."""
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "asyncio", "graph_comms"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def logged(logs: pytest.LogCaptureFixture, *, httpcore: bool) -> list[str]:
    """What httpcore logged, or what all the others did."""
    return [
        f"{record.getMessage()} {record.args!r} {record.exc_text}"
        for record in logs.records
        if record.name.startswith("httpcore") == httpcore
    ]


def sent_call() -> Call:
    return Call(subject=SENT).with_undeclared(new=SENT)


BODY = json.dumps({"id": 5, "subject": RECEIVED, RECEIVED[:6]: [RECEIVED]}).encode()
REST = RECEIVED.encode() + b" is here"
STEPS = {
    "success": answer(200, json.dumps({"subject": RECEIVED}).encode()),
    "misfit": answer(200, BODY),
    "no JSON": answer(200, REST),
    "cut": Step((response(200, BODY)[:-2],), End.CLOSE),
    "no gzip": answer(200, REST, "Content-Encoding: gzip"),
    "another coding": answer(200, REST, "Content-Encoding: br"),
    "a length too short": Step((response(200, BODY, "Content-Length: 5", length=False),)),
    "a body instead of a head": Step((REST + b"\r\n\r\n",), End.CLOSE),
    "a chunk that is none": Step(
        (response(200, b"5\r\n{\"id\"\r\n" + REST + b"\r\n", "Transfer-Encoding: chunked", length=False),),
        End.CLOSE,
    ),
    "a header that is none": Step((b"HTTP/1.1 200 OK\r\n" + REST + b"\r\n\r\n",), End.CLOSE),
    "400": answer(400, BODY),
    "401": answer(401, BODY),
    "403": answer(403, BODY),
    "429": answer(429, BODY, "Retry-After: 99"),
    "500": answer(500, REST),
    "redirect": answer(302, REST, "Location: https://evil.example/"),
    "bad redirect": answer(302, REST, "Location: mailto:x"),
    "closed": Step(end=End.CLOSE),
    "reset": Step(end=End.RESET),
    "silence": Step(end=End.SILENCE),
}  # fmt: skip


@each_flavour
@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_no_fault_shows_a_secret(
    server: GraphServer, logs: pytest.LogCaptureFixture, flavour: str, step: Step
) -> None:
    server.play(step, step)
    with (
        Client(flavour, server, credential=TOKEN, timeout=0.5) as client,
        warnings.catch_warnings(record=True) as warned,
    ):
        warnings.simplefilter("always")
        shown = [repr(client.client), repr(vars(client.client))]
        for work in (lambda: client.create(sent_call()), client.content, client.stream):
            shown += shown_after(work)
        gc.collect()
        shown += [str(one.message) for one in warned]
    assert leaks(shown + logged(logs, httpcore=False)) == []
    # At DEBUG httpcore quotes what is no HTTP and the response's headers; docs/client.md warns of it.
    assert leaks(logged(logs, httpcore=True), TOKEN, SENT) == []
    assert logged(logs, httpcore=True) != []


@each_flavour
def test_arguments_aside_the_request_is_in_no_frame(server: GraphServer, flavour: str) -> None:
    server.play(Step(end=End.CLOSE))
    with Client(flavour, server, credential=TOKEN) as client, pytest.raises(GraphError) as caught:
        client.create(sent_call())
    lines = with_locals(caught.value).splitlines()
    found = {line.split("=")[0].strip() for line in lines if SENT in line}
    assert found <= {"call", "args", "arguments"}


@each_flavour
def test_pages_and_errors_that_are_pickled(server: GraphServer, flavour: str) -> None:
    server.play(answer(400, BODY), answer(200, b'{"value": []}'))
    with Client(flavour, server, credential=TOKEN) as client:
        with pytest.raises(GraphHTTPError) as caught:
            client.create(sent_call())
        caught.value.body = b""  # pickled on purpose, as docs/errors.md says
        page = client.page()
        with pytest.raises((TypeError, AttributeError, pickle.PicklingError)) as refused:
            pickle.dumps(page)
        assert leaks([repr(page), str(refused.value), repr(pickle.dumps(caught.value))]) == []
        for duplicate in (pickle.dumps, copy.deepcopy):
            with pytest.raises(TypeError) as refused_too:
                duplicate(client.client)
            assert leaks([str(refused_too.value)]) == []


@pytest.mark.parametrize(
    "received",
    [
        RecordOperation.from_dict({"recordingAccessToken": RECEIVED, "recordingLocation": "shown"}),
        RecordOperation(recording_access_token=RECEIVED, recording_location="shown"),
        TokenMeetingInfo(token=RECEIVED).with_undeclared(other="shown"),
        InvitationParticipantInfo.from_dict({"other": "shown", "replacesContext": RECEIVED}),
        Call.from_dict({"subject": "shown", "meetingInfo": {"token": RECEIVED}}),
        Call.from_dict({"subject": "shown", "new": {"in": [{"clientState": RECEIVED}]}}),
        Call.from_dict({"subject": "shown", "Passcode": RECEIVED, "replacementLink": RECEIVED}),
    ],
    ids=str,
)
def test_no_secret_of_a_value_is_in_its_repr(received: GraphModel) -> None:
    for text in (repr(received), str(received), repr([received])):
        assert RECEIVED not in text
        assert "shown" in text
        assert "'…'" in text
    assert RECEIVED in received.to_json()


def test_a_secret_that_is_null_is_shown_as_none() -> None:
    assert "recording_access_token=None" in repr(RecordOperation(recording_access_token=None))


# -- credentials


def give_malformed() -> str:
    return f"Bearer {TOKEN}"


def give_nothing() -> Any:
    return {"token": TOKEN}


async def give_malformed_async() -> str:
    return f"{TOKEN}\n"


@pytest.mark.parametrize(
    ("flavour", "credential"),
    [
        *((flavour, give) for flavour in FLAVOURS for give in (give_malformed, give_nothing)),
        ("async", give_malformed_async),
    ],
)
def test_a_malformed_token_is_in_no_frame(
    server: GraphServer, flavour: str, credential: Callable[[], Any]
) -> None:
    with (
        Client(flavour, server, credential=credential) as client,
        pytest.raises((TypeError, ValueError)) as caught,
    ):
        client.get()
    assert leaks([with_locals(caught.value), *shown_by(caught.value)]) == []
    assert server.requests == []


@each_flavour
def test_a_credential_that_fails_shows_no_request(server: GraphServer, flavour: str) -> None:
    """The frames are made into text before there is any request."""

    def fail() -> str:
        raise LookupError("no secret configured")

    with Client(flavour, server, credential=fail) as client, pytest.raises(LookupError) as caught:
        client.get()
    assert "no secret configured" in with_locals(caught.value)


@each_flavour
@pytest.mark.parametrize(
    "work",
    [
        lambda client: client.calls.get("x" * 70_000),
        lambda client: client.calls.list(filter="x" * 70_000),
        lambda client: client.calls.list(headers={"Content-Length": "5"}),
        lambda client: client.calls.list(headers={"transfer-encoding": "chunked"}),
        lambda client: client.calls.list(filter="\ud800"),
        lambda client: client.calls.create(Call(subject="\ud800")),
    ],
)
def test_what_is_refused_is_refused_before_there_is_a_token(
    server: GraphServer, flavour: str, work: Callable[[Any], Any]
) -> None:
    asked: list[bool] = []

    def give() -> str:
        asked.append(True)
        return TOKEN

    with (
        Client(flavour, server, credential=give) as client,
        pytest.raises(ValueError, match=r".") as caught,
    ):
        client.finish(work(client.client))
    assert leaks([with_locals(caught.value)]) == []
    assert asked == []


@each_flavour
def test_a_header_that_cannot_be_sent(server: GraphServer, flavour: str) -> None:
    headers = {"X-Own": f"{SENT}\r\nX-More: 1"}
    with (
        Client(flavour, server, credential=TOKEN) as client,
        pytest.raises(
            ValueError, match="X-Own holds characters that are not printable ASCII"
        ) as caught,
    ):
        client.finish(client.client.calls.get("x", headers=headers))
    assert leaks([str(caught.value), str(caught.value.__cause__)]) == []
    assert server.requests == []


# -- what an error says


FORGED = "x\nERROR root: all is lost\r\n\x85\u2028\x1b[31m\0\x9b\u202e\ud800y"
"""What ends a line, steers a terminal, ends a string, turns letters round, and is no character."""

FORGED_HEADER = b"x\x85ERROR\xe2\x80\xa8 root \x9b31m \xe2\x80\xae \xff"
HEADERS = b"request-id: %s\r\nContent-Type: %s\r\n" % (FORGED_HEADER, FORGED_HEADER)
FORGED_ERROR = {"code": FORGED, "message": FORGED, "innerError": {"client-request-id": FORGED}}


def forged(status: int, body: bytes) -> Step:
    """A response whose headers hold what no line of a log should."""
    head = b"HTTP/1.1 %d Words\r\n%sContent-Length: %d\r\n\r\n" % (status, HEADERS, len(body))
    return Step((head + body,))


@each_flavour
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (json.dumps({"error": FORGED_ERROR}).encode(), 400),
        (b"", 200),
        (b'{"x\\n\\u001b\\u202e": 1e999}', 200),
    ],
)
def test_errors_and_logs_are_lines_that_can_be_printed_whatever_came(
    server: GraphServer, logs: pytest.LogCaptureFixture, flavour: str, body: bytes, status: int
) -> None:
    server.play(*[forged(status, body)] * 2)
    with Client(flavour, server) as client:
        for work in (client.create, client.page):
            with pytest.raises(GraphError) as caught:
                work()
            assert str(caught.value).isprintable()
            assert repr(caught.value).isprintable()
    ours = [one.getMessage() for one in logs.records if one.name == "graph_comms"]
    assert len(ours) == 2
    assert all(one.isprintable() for one in ours)


@each_flavour
def test_attributes_of_an_error_hold_what_came(server: GraphServer, flavour: str) -> None:
    server.play(forged(400, json.dumps({"error": FORGED_ERROR}).encode()))
    with Client(flavour, server) as client, pytest.raises(GraphHTTPError) as caught:
        client.create()
    error = caught.value
    assert (error.code, error.message, error.client_request_id) == (FORGED, FORGED, FORGED)
    assert "\\x1b[31m" in str(error)
    assert "\\ud800" in str(error)


@each_flavour
def test_a_body_that_is_too_long_is_not_kept(server: GraphServer, flavour: str) -> None:
    server.play(answer(200, bomb(110), "Content-Encoding: gzip"))
    with Client(flavour, server) as client, pytest.raises(GraphError) as caught:
        client.get()
    assert len(vars(caught.value)["body"]) == 2**16


def test_the_search_can_fail() -> None:
    async def fail() -> None:
        token = TOKEN
        raise ValueError(f"{len(token)} characters")

    with pytest.raises(ValueError, match=r".") as caught:
        asyncio.run(fail())
    assert leaks([with_locals(caught.value)]) != []
