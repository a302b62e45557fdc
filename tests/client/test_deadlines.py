"""A call ends when its deadline comes, whatever holds it up, and says whether it may have been sent."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from graph_comms import GraphTransportError, RetryPolicy, ThrottledError
from graph_comms._runtime.async_session import AsyncSession
from graph_comms._runtime.deadline import Departure, WithdrawnError
from graph_comms._runtime.exchange import GRACE
from graph_comms._runtime.session import Session
from tests.client.faces import Direct, each_flavour
from tests.client.things import CREATE, CREATED, FOUND, Graph, Thing
from tests.support.clocks import patient
from tests.support.server import SILENT, End, GraphServer, Played, Reply, Step
from tests.support.timing import once_within, seconds

DEADLINE = 1.0
TOLERANCE = 0.5
DEADLINE_OF_STREAM = 0.5
POLICY = RetryPolicy(deadline=DEADLINE)
DRIPS = (b"a", 0.2) * 20
DRIPPING_HEADERS = Step((b"HTTP/1.1 201 Created\r\nX: ", *DRIPS), End.CLOSE)
DRIPPING_BODY = Step((b"HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n", *DRIPS), End.CLOSE)


@pytest.mark.parametrize("step", [DRIPPING_HEADERS, DRIPPING_BODY, SILENT])
def test_a_server_that_is_slow(graph: Graph, step: Played) -> None:
    client = graph.connect(retry=POLICY)
    tries = 0

    def create() -> None:
        nonlocal tries
        tries += 1
        graph.server.play(step)
        with pytest.raises(GraphTransportError, match="the deadline of 1 s is over") as caught:
            client.create()
        assert caught.value.ambiguous
        assert graph.methods == ["POST"] * tries

    assert once_within(DEADLINE + TOLERANCE, lambda: seconds(create))


def test_a_credential_that_blocks(graph: Graph) -> None:
    """What it gives in the end is used for nothing."""
    release = threading.Event()
    given = threading.Event()

    def give() -> str:
        release.wait(20)
        given.set()
        return "token"

    client = graph.connect(give, retry=POLICY)

    def create() -> None:
        with pytest.raises(GraphTransportError, match="was not sent") as caught:
            client.create()
        assert not caught.value.ambiguous

    assert once_within(DEADLINE + TOLERANCE, lambda: seconds(create))
    release.set()
    assert given.wait(5)
    time.sleep(0.2)
    assert graph.server.requests == []


@pytest.mark.parametrize(("asked", "waits"), [("5", [5.0]), ("36", [])])
def test_no_wait_outlasts_the_deadline(graph: Graph, asked: str, waits: list[float]) -> None:
    throttled = Reply(429, {"Retry-After": asked})
    client = graph.play(throttled, CREATED, retry=RetryPolicy(deadline=15))
    if waits:
        assert client.create().id == "1"
    else:
        with pytest.raises(ThrottledError):
            client.create()
    assert client.waits == waits


def test_a_call_that_is_in_time(graph: Graph) -> None:
    client = graph.play(Reply(502), FOUND, CREATED, retry=RetryPolicy(deadline=20))
    assert client.get().id == "1"
    assert client.create().id == "1"


@each_flavour
def test_the_pieces_of_an_open_stream_may_take_longer(server: GraphServer, flavour: str) -> None:
    pause = 3 * DEADLINE_OF_STREAM + GRACE
    server.play(Step((b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", pause, b"b"), End.KEEP))
    policy = RetryPolicy(deadline=DEADLINE_OF_STREAM)
    with Direct(flavour, f"http://127.0.0.1:{server.port}", retry=policy) as caller:
        assert caller.stream() == b"ab"


def test_errors_of_a_credential_come_through(graph: Graph) -> None:
    def fail() -> str:
        raise TimeoutError("no answer from the identity provider")

    with pytest.raises(TimeoutError, match="identity provider"):
        graph.connect(fail, retry=POLICY).get()


PROGRAM = """
import asyncio, time
from graph_comms import {name}, GraphTransportError, RetryPolicy

def give():
    time.sleep(30)
    return "token"

client = {name}(give, retry=RetryPolicy(deadline=1))
print(time.time())
try:
    {call}
except GraphTransportError as error:
    print(error.ambiguous)
"""


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("CommunicationsClient", 'client.calls.get("x")'),
        ("AsyncCommunicationsClient", 'asyncio.run(client.calls.get("x"))'),
    ],
)
def test_the_end_of_the_process_waits_for_no_credential(name: str, call: str) -> None:
    program = PROGRAM.format(name=name, call=call)

    def from_the_call_to_the_end() -> float:
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True
        )
        ended = time.time()
        begun, ambiguous = done.stdout.split()
        assert (ambiguous, done.stderr) == ("False", "")
        return ended - float(begun)

    assert once_within(3, from_the_call_to_the_end)


def _step(departure: Departure, name: str, method: bytes = b"POST") -> None:
    departure.step(name, {"request": SimpleNamespace(method=method)})


def test_when_a_request_counts_as_sent() -> None:
    departure = Departure(traced=True)
    departure.hand_over()
    assert not departure.withdraw()

    departure = Departure(traced=False)
    departure.hand_over()
    assert departure.withdraw()

    departure = Departure(traced=False)
    departure.hand_over()
    departure.step("connection.connect_tcp.started", {})
    _step(departure, "http11.send_request_headers.started", b"CONNECT")
    assert not departure.withdraw()

    departure = Departure(traced=True)
    departure.hand_over()
    _step(departure, "http11.send_request_headers.started")
    assert departure.withdraw()


def test_what_was_withdrawn_is_not_sent() -> None:
    departure = Departure(traced=True)
    departure.hand_over()
    departure.withdraw()
    for go_on in (
        departure.go_on,
        departure.hand_over,
        lambda: _step(departure, "http11.send_request_headers.started"),
    ):
        with pytest.raises(WithdrawnError):
            go_on()


def _finished(result: Any) -> Any:
    return asyncio.run(result) if asyncio.iscoroutine(result) else result


def _untrusted() -> httpx.RequestError:
    error = httpx.ConnectError("certificate verify failed")
    error.__cause__ = OSError()
    error.__cause__.__context__ = ssl.SSLCertVerificationError("self-signed")
    return error


@pytest.mark.parametrize("flavour", ["sync", "async"])
@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (_untrusted(), 1),
        (httpx.ProxyError("407 Proxy Authentication Required"), 1),
        (httpx.ProxyError("403 Forbidden"), 1),
        (httpx.ProxyError("503 Service Unavailable"), 4),
        (httpx.ConnectError("refused"), 4),
    ],
)
def test_what_will_not_get_better_is_not_retried(
    flavour: str, error: httpx.RequestError, attempts: int
) -> None:
    made = 0

    def fail(request: httpx.Request) -> httpx.Response:
        nonlocal made
        made += 1
        raise error

    transport = httpx.MockTransport(fail)
    cls = Session if flavour == "sync" else AsyncSession
    session: Session | AsyncSession = cls(
        "token", version="1", transport=transport, clock=patient([])
    )
    with pytest.raises(GraphTransportError) as caught:
        _finished(session.send(CREATE, None, {"thing": Thing()}, {}))
    assert not caught.value.ambiguous
    assert made == attempts
