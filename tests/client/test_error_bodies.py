"""How much of an error's body is read, and for how long: its status says already that the request failed."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest

from graph_comms import (
    AuthenticationError,
    GraphHTTPError,
    GraphTransportError,
    RetryPolicy,
    ServiceError,
)
from tests.client.faces import Client, each_flavour
from tests.support.server import End, GraphServer, Step, answer, response

KEPT = 2**16
FAILURE = json.dumps(
    {"error": {"code": "General", "innerError": {"code": "Inner"}, "x": "words"}}
).encode()
BEGUN = FAILURE[:-12]
"""The same, up to the middle of the last word."""

METHODS = [Client.create, Client.get, Client.page, Client.content, Client.stream]
each_method = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__)


def begun(status: int, body: bytes, *lines: str, **how: Any) -> Step:
    """A response whose body should go on for 10 GB after its beginning."""
    return Step((response(status, body, f"Content-Length: {10**10}", *lines, length=False),), **how)


def caught(client: Client, method: Any = Client.get) -> GraphHTTPError:
    with pytest.raises(GraphHTTPError) as found:
        method(client)
    return found.value


@each_flavour
@each_method
def test_no_more_is_read_than_is_kept(server: GraphServer, flavour: str, method: Any) -> None:
    # Silence after the last byte that is kept: one more would not come.
    server.play(begun(500, BEGUN + b"w" * (KEPT - len(BEGUN)), end=End.SILENCE))
    with Client(flavour, server) as client:
        error = caught(client, method)
        assert (error.code, error.inner_codes) == ("General", ("Inner",))
        assert error.body == BEGUN + b"w" * (KEPT - len(BEGUN))


@each_flavour
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_of_a_flood_the_beginning_is_read(server: GraphServer, flavour: str, coding: str) -> None:
    wave = b"w" * 2**20
    if coding == "gzip":
        engine = zlib.compressobj(wbits=31)
        start, wave = engine.compress(BEGUN), engine.compress(wave) + engine.flush(
            zlib.Z_FULL_FLUSH
        )
        server.play(begun(500, start, "Content-Encoding: gzip", again=wave))
    else:
        server.play(begun(500, BEGUN, again=wave))
    with Client(flavour, server) as client:
        error = caught(client)
        assert (error.code, error.inner_codes, len(error.body)) == ("General", ("Inner",), KEPT)
        assert client.get("after").id == "after"


@each_flavour
@each_method
def test_a_body_that_drips_is_waited_for_as_long_as_one_pause(
    server: GraphServer, flavour: str, method: Any
) -> None:
    drops = [part for _ in range(100) for part in (b"w", 0.1)]
    server.play(Step((response(500, BEGUN, "Content-Length: 9999", length=False), *drops)))
    with Client(flavour, server, timeout=0.35) as client:
        error = caught(client, method)
    assert (error.code, error.inner_codes) == ("General", ("Inner",))
    assert len(BEGUN) < len(error.body) < len(BEGUN) + 20  # it would have been 100 more after 10 s


@each_flavour
def test_a_compressed_body_that_never_yields_anything_is_waited_for_no_longer(
    server: GraphServer, flavour: str
) -> None:
    engine = zlib.compressobj(wbits=31)
    start = engine.compress(BEGUN) + engine.flush(zlib.Z_SYNC_FLUSH)
    empty = b"\0\0\0\xff\xff" * 100  # blocks of no bytes (RFC 1951, 3.2.4)
    server.play(begun(500, start, "Content-Encoding: gzip", again=empty))
    with Client(flavour, server, timeout=0.2) as client:
        assert caught(client).code == "General"


@each_flavour
@pytest.mark.parametrize("end", [End.CLOSE, End.RESET, End.SILENCE])
def test_what_arrived_before_a_body_broke_off_is_understood(
    server: GraphServer, flavour: str, end: End
) -> None:
    head = response(403, BEGUN, "Content-Length: 9999", length=False)
    server.play(Step((head, 0.05), end))
    with Client(flavour, server, timeout=0.3) as client:
        error = caught(client)
    assert (error.code, error.inner_codes, error.message) == ("General", ("Inner",), None)
    assert error.body == BEGUN


SLOW = {
    "silence": begun(503, BEGUN, end=End.SILENCE),
    "a body that drips": Step(
        (response(503, BEGUN, "Content-Length: 9999", length=False), *(b"w", 0.1) * 100)
    ),
}


@each_flavour
@each_method
@pytest.mark.parametrize("step", SLOW.values(), ids=SLOW)
def test_a_deadline_leaves_the_error_that_had_begun(
    server: GraphServer, flavour: str, method: Any, step: Step
) -> None:
    server.play(step)
    with Client(flavour, server, retry=RetryPolicy(deadline=1.0)) as client:
        error = caught(client, method)
    assert type(error) is ServiceError
    assert (error.code, error.inner_codes) == ("General", ("Inner",))
    assert error.body.startswith(BEGUN)
    assert len(server.requests) == 1


@each_flavour
def test_a_deadline_within_a_401_leaves_the_401(server: GraphServer, flavour: str) -> None:
    server.play(begun(401, BEGUN, end=End.SILENCE))
    retry = RetryPolicy(deadline=0.3)
    with Client(flavour, server, credential=lambda: "token", retry=retry) as client:
        assert type(caught(client)) is AuthenticationError
    assert len(server.requests) == 1


@each_flavour
def test_an_earlier_error_is_not_the_last_one(server: GraphServer, flavour: str) -> None:
    """What the deadline cuts short is the second attempt, of which nothing has arrived."""
    server.play(answer(401, FAILURE), Step(end=End.SILENCE))
    retry = RetryPolicy(deadline=1.5)
    with (
        Client(flavour, server, credential=lambda: "token", retry=retry) as client,
        pytest.raises(GraphTransportError),
    ):
        client.get()
    assert len(server.requests) == 2
