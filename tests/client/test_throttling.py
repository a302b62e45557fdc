"""Throttling, refused tokens and failing servers, at every position of a call."""

from __future__ import annotations

import gzip
import json
import math
import threading
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from graph_comms import GraphTransportError, ServiceError, ThrottledError
from graph_comms._runtime.retry import DEFAULT_RETRY
from tests.client.cases import AMBIGUOUS, bomb
from tests.client.faces import GRAPH, TOKEN, Client, each_flavour, outcome
from tests.support.server import End, GraphServer, Step, Until, answer, response

BACKOFF = (0.25, 0.5)
"""The bounds of the first pause if the service does not say how long."""


# -- Retry-After


@dataclass(frozen=True)
class Asked:
    """What the headers say (a time from now on: as a date), and what is made of it.

    `pause` bounds the pause, None leaves it to the caller; `read` tells whether it was understood.
    """

    name: str
    values: tuple[str | timedelta, ...]
    pause: tuple[float, float] | None
    read: bool = True


ASKED = [
    Asked("seconds", ("7",), (7, 7)),
    Asked("spaces around", ("  7\t",), (7, 7)),
    Asked("zero", ("0",), BACKOFF),
    Asked("the most that is waited for", ("60",), (60, 60)),
    Asked("more than that", ("61",), None),
    Asked("10^12", (str(10**12),), None),
    Asked("a thousand digits", ("9" * 1000,), None),
    Asked("a date", (timedelta(seconds=50),), (1, 50)),
    Asked("a date in a year", (timedelta(days=365),), None),
    Asked("a date gone by", (timedelta(seconds=-50),), BACKOFF),
    Asked("several", ("3", "7", "5"), (7, 7)),
    Asked("several dates", (timedelta(seconds=-50), timedelta(seconds=50)), (1, 50)),
    Asked("nothing", (), BACKOFF, read=False),
    Asked("an empty value", ("",), BACKOFF, read=False),
    Asked("a negative number", ("-7",), BACKOFF, read=False),
    Asked("a fraction", ("7.5",), BACKOFF, read=False),
    Asked("hexadecimal", ("0x7",), BACKOFF, read=False),
    Asked("text", ("soon",), BACKOFF, read=False),
    Asked("a list", ("3, 7",), BACKOFF, read=False),
    Asked("a number and text", ("3", "soon"), BACKOFF, read=False),
    Asked("a date that is none", ("Fri, 99 Jan 2026 03:04:00 GMT",), BACKOFF, read=False),
]
each_asked = pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.name)


def throttled(status: int, asked: Asked) -> Step:
    lines = (f"Retry-After: {_written(value)}" for value in asked.values)
    return answer(status, b"", *lines)


def _written(value: str | timedelta) -> str:
    if isinstance(value, str):
        return value
    return format_datetime(datetime.now(UTC) + value, usegmt=True)


@each_flavour
@each_asked
def test_429(server: GraphServer, flavour: str, asked: Asked) -> None:
    server.play(throttled(429, asked))
    with Client(flavour, server) as client:
        repeated = asked.pause is not None
        assert outcome(client.create) == ("calls" if repeated else "ThrottledError 429")
        check_waits(client.waits, asked.pause)
    assert server.methods("POST") == 1 + repeated


@each_flavour
@each_asked
def test_503_to_a_create(server: GraphServer, flavour: str, asked: Asked) -> None:
    """Only a readable Retry-After says that the create was not processed."""
    server.play(throttled(503, asked))
    with Client(flavour, server) as client:
        repeated = asked.pause is not None and asked.read
        assert outcome(client.create) == ("calls" if repeated else "ServiceError 503")
        check_waits(client.waits, asked.pause if repeated else None)
    assert server.methods("POST") == 1 + repeated


@each_flavour
@each_asked
def test_503_to_a_get(server: GraphServer, flavour: str, asked: Asked) -> None:
    server.play(throttled(503, asked))
    with Client(flavour, server) as client:
        repeated = asked.pause is not None
        assert outcome(client.get) == ("found" if repeated else "ServiceError 503")
        check_waits(client.waits, asked.pause)


@each_flavour
@pytest.mark.parametrize("value", ["9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_what_a_throttled_caller_is_told_to_wait_can_be_waited(
    server: GraphServer, flavour: str, value: str
) -> None:
    server.play(answer(429, b"", f"Retry-After: {value}"))
    with Client(flavour, server) as client, pytest.raises(ThrottledError) as caught:
        client.create()
    assert caught.value.retry_after is not None
    assert DEFAULT_RETRY.max_wait < caught.value.retry_after < threading.TIMEOUT_MAX


def check_waits(waits: list[float], pause: tuple[float, float] | None) -> None:
    if pause is None:
        assert waits == []
    else:
        [waited] = waits
        assert pause[0] <= waited <= pause[1]
        assert math.isfinite(waited)


# -- tokens


class Tokens:
    """Hands out tokens t1, t2, …"""

    def __init__(self) -> None:
        self.given = 0

    def __call__(self) -> str:
        self.given += 1
        return f"t{self.given}"


def sent_tokens(server: GraphServer) -> list[str]:
    return [request.headers["authorization"] for request in server.requests]


@each_flavour
@pytest.mark.parametrize(
    ("steps", "expected", "tokens"),
    [
        ([answer(401)], "calls", 2),
        ([answer(401), answer(401)], "AuthenticationError 401", 2),
        ([answer(401), Step(end=End.CLOSE)], AMBIGUOUS, 2),
        ([answer(401), Step(end=End.RESET)], AMBIGUOUS, 2),
        ([answer(401), answer(500)], "ServiceError 500", 2),
        ([answer(401), answer(429), answer(401)], "AuthenticationError 401", 3),
        ([answer(429), answer(401)], "calls", 3),
        ([Step((response(401, b"words")[:-2],), End.CLOSE)], "calls", 2),
    ],
)
def test_a_token_is_renewed_once(
    server: GraphServer, flavour: str, steps: list[Step], expected: str, tokens: int
) -> None:
    server.play(*steps)
    credential = Tokens()
    with Client(flavour, server, credential=credential) as client:
        assert outcome(client.create) == expected
    assert sent_tokens(server) == [f"Bearer t{n + 1}" for n in range(tokens)]
    assert credential.given == tokens


@each_flavour
def test_a_fixed_token_is_not_tried_again(server: GraphServer, flavour: str) -> None:
    server.play(answer(401))
    with Client(flavour, server) as client:
        assert outcome(client.create) == "AuthenticationError 401"
    assert server.methods("POST") == 1


# -- 5xx at every position


def page(key: str, following: str) -> Step:
    link = f"https://{GRAPH}/v1.0/communications/{following}"
    return answer(200, json.dumps({"value": [{"id": key}], "@odata.nextLink": link}).encode())


FLAWS = {
    "502": (answer(502), True),
    "503": (answer(503), True),
    "503 with Retry-After": (answer(503, b"", "Retry-After: 1"), True),
    "504": (answer(504), True),
    "closed": (Step(end=End.CLOSE), True),
    "cut": (Step((response(200, b'{"value": []}')[:-3],), End.CLOSE), True),
    "500": (answer(500), False),
    "501": (answer(501), False),
}
each_flaw = pytest.mark.parametrize(("flaw", "repeated"), FLAWS.values(), ids=FLAWS)


@each_flavour
@each_flaw
def test_a_fault_on_the_second_page(
    server: GraphServer, flavour: str, flaw: Step, repeated: bool
) -> None:
    server.play(page("one", "two"), flaw, page("two", "three"))
    with Client(flavour, server) as client:
        if repeated:
            assert client.ids() == ["one", "two", "three"]
        else:
            with pytest.raises(ServiceError):
                client.ids()
    targets = [request.target.rpartition("/")[2] for request in server.requests]
    assert targets == (["calls", "two", "two", "three"] if repeated else ["calls", "two"])


@each_flavour
@each_flaw
def test_a_fault_after_repetitions(
    server: GraphServer, flavour: str, flaw: Step, repeated: bool
) -> None:
    server.play(answer(429), answer(502), flaw)
    with Client(flavour, server) as client:
        assert outcome(client.get).startswith("found" if repeated else "ServiceError")
    assert server.methods("GET") == 3 + repeated


@each_flavour
@pytest.mark.parametrize("name", [name for name in FLAWS if name != "cut"])
def test_a_fault_before_a_stream_begins(server: GraphServer, flavour: str, name: str) -> None:
    flaw, repeated = FLAWS[name]
    server.play(flaw)
    with Client(flavour, server) as client:
        found = outcome(client.stream)
    assert found.startswith("b'content'" if repeated else "ServiceError")


@each_flavour
@pytest.mark.parametrize("end", [End.CLOSE, End.RESET, End.SILENCE])
@pytest.mark.parametrize("sent", [0, 1, 100_000])
def test_a_fault_within_a_stream(server: GraphServer, flavour: str, end: End, sent: int) -> None:
    """Pieces that were handed out cannot be taken back, so nothing is repeated."""
    server.play(Step((response(200, b"x" * 200_000)[: -200_000 + sent or None], 0.02), end))
    with (
        Client(flavour, server, timeout=0.4) as client,
        pytest.raises(GraphTransportError) as caught,
    ):
        client.stream()
    assert caught.value.ambiguous
    assert len(server.requests) == 1


@each_flavour
def test_compressed_content_that_is_cut_short_is_no_content(
    server: GraphServer, flavour: str
) -> None:
    half = gzip.compress(b"content")[:-9]
    server.play(answer(200, half, "Content-Encoding: gzip"))
    with Client(flavour, server) as client:
        assert client.content() == b"content"
    assert len(server.requests) == 2


@each_flavour
def test_streams_have_no_limit(server: GraphServer, flavour: str) -> None:
    size = 120 * 2**20
    server.play(*[answer(200, bomb(120) + gzip_end(size), "Content-Encoding: gzip")] * 2)
    with Client(flavour, server) as client:
        assert len(client.content()) == size
        assert len(client.stream()) == size


def gzip_end(size: int) -> bytes:
    """The last block and the trailer of `bomb`."""
    checksum = 0
    for _ in range(size // 2**20):
        checksum = zlib.crc32(bytes(2**20), checksum)
    return b"\x03\x00" + checksum.to_bytes(4, "little") + size.to_bytes(4, "little")


# -- content that lies elsewhere


PLACES = {
    "https://storage.example/content?sig=s": b"content",
    "//storage.example/content": b"content",
    "https://storage.example:8443/content": b"content",
    "https://user:word@storage.example/content": b"content",
    "http://storage.example/content": "GraphHTTPError 302",
    "ftp://storage.example/content": "GraphHTTPError 302",
    "file:///etc/passwd": "GraphHTTPError 302",
    "file://storage.example/content": "GraphHTTPError 302",
}


@each_flavour
@pytest.mark.parametrize("in_pieces", [False, True])
@pytest.mark.parametrize(("place", "expected"), PLACES.items())
def test_no_token_leaves_for_another_host(
    server: GraphServer,
    storage: GraphServer,
    flavour: str,
    in_pieces: bool,
    place: str,
    expected: bytes | str,
) -> None:
    server.play(answer(302, b"", f"Location: {place}", "Set-Cookie: a=b; Domain=example"))
    others = {"storage.example": storage}
    with Client(flavour, server, others=others) as client:
        found = outcome(client.stream if in_pieces else client.content)
    assert found == str(expected)
    assert len(storage.requests) == isinstance(expected, bytes)
    assert TOKEN.encode() not in storage.everything
    assert b"Bearer" not in storage.everything
    assert b"cookie" not in storage.everything.lower()


@each_flavour
@pytest.mark.parametrize("around", [1, 2, 3])
def test_pages_that_lead_in_a_circle_come_to_an_end(
    server: GraphServer, flavour: str, around: int
) -> None:
    links = [f"https://graph.microsoft.com/v1.0/communications/{n % around}" for n in range(9)]
    for link in links:
        server.play(answer(200, json.dumps({"value": [], "@odata.nextLink": link}).encode()))
    with Client(flavour, server) as client:
        assert outcome(client.ids) == "RepeatedLinkError"
    assert len(server.requests) == around + 1


@each_flavour
def test_a_storage_host_that_fails(server: GraphServer, storage: GraphServer, flavour: str) -> None:
    for _ in range(3):
        server.play(answer(302, b"", "Location: https://storage.example/content"))
    storage.play(answer(503), Step(end=End.RESET, read=Until.HEADERS))
    with Client(flavour, server, others={"storage.example": storage}) as client:
        assert client.content() == b"content"
    assert len(storage.requests) == 3


@each_flavour
def test_no_cookie_is_kept(server: GraphServer, flavour: str) -> None:
    cookies = [answer(200, b'{"id": "1"}', f"Set-Cookie: c{n}=x; Max-Age=9999") for n in range(20)]
    server.play(*cookies)
    with Client(flavour, server) as client:
        for _ in range(21):
            client.get()
    assert not any("cookie" in request.headers for request in server.requests)
