"""Connections that fail; above all, a create is never sent twice. `cases.py` has more failures."""

from __future__ import annotations

import asyncio
import pickle
import time
from inspect import signature
from typing import Any

import httpx
import pytest

from graph_comms import AsyncCommunicationsClient, CommunicationsClient
from graph_comms._runtime.async_session import AsyncSession
from graph_comms._runtime.clock import SYSTEM_CLOCK
from graph_comms._runtime.connections import DEFAULT_TIMEOUT
from graph_comms._runtime.errors import (
    GraphDecodeError,
    GraphHTTPError,
    GraphTransportError,
    ServiceError,
)
from graph_comms._runtime.retry import DEFAULT_RETRY
from graph_comms._runtime.session import Session
from tests.client.faces import each_flavour
from tests.client.things import CREATE, CREATED, DELETE, FOUND, GET, GONE, KEY, Graph, Thing
from tests.support.clocks import patient
from tests.support.server import CLOSED, Reply, json_reply

CUT = Reply(201, {"request-id": "r-1", "Content-Type": "application/json"}, b'{"id": "7"', 100)


@pytest.mark.parametrize("status", [502, 504])
def test_a_gateway_that_failed_is_not_trusted_with_a_retry_after(graph: Graph, status: int) -> None:
    with pytest.raises(ServiceError):
        graph.play(Reply(status, {"Retry-After": "1"}), CREATED).create()
    assert graph.methods == ["POST"]


def test_a_create_is_not_repeated_after_a_broken_connection(graph: Graph) -> None:
    client = graph.play(CLOSED, CREATED)
    with pytest.raises(GraphTransportError) as caught:
        client.create()

    assert caught.value.ambiguous
    assert "may have been processed" in str(caught.value)
    assert isinstance(caught.value.__cause__, httpx.RequestError)
    sent = graph.server.requests[0].headers["client-request-id"]
    assert caught.value.client_request_id == sent
    assert sent in str(caught.value)
    assert (graph.methods, client.waits) == (["POST"], [])


def test_a_create_is_not_repeated_after_half_a_response(graph: Graph) -> None:
    with pytest.raises(GraphDecodeError, match="broke off") as caught:
        graph.play(CUT, CREATED).create()

    assert (caught.value.status, caught.value.request_id) == (201, "r-1")
    assert caught.value.body == b'{"id": "7"'
    assert graph.methods == ["POST"]


def test_an_ambiguous_failure_after_throttling_ends_a_create(graph: Graph) -> None:
    client = graph.play(Reply(429, {"Retry-After": "1"}), CLOSED, CREATED)
    with pytest.raises(GraphTransportError):
        client.create()
    assert graph.methods == ["POST", "POST"]


def test_a_create_that_was_never_sent_is_repeated(graph: Graph) -> None:
    graph.server.play(CREATED)
    client = graph.connect(refusals=2)

    assert client.create().id == "1"
    assert len(client.waits) == 2
    assert graph.methods == ["POST"]


def test_a_service_that_cannot_be_reached(graph: Graph) -> None:
    client = graph.connect(refusals=9)
    with pytest.raises(GraphTransportError, match="was not sent") as caught:
        client.create()

    assert not caught.value.ambiguous
    assert isinstance(caught.value.__cause__, httpx.ConnectError)
    assert len(client.urls) == 1 + DEFAULT_RETRY.max_retries


def test_half_a_response_does_where_no_body_is_needed(graph: Graph) -> None:
    assert graph.play(Reply(200, body=b"{", missing=9)).delete() is None
    assert graph.methods == ["DELETE"]


@pytest.mark.parametrize(("size", "fits"), [(64, True), (65, False)])
def test_the_longest_body_is_a_setting(graph: Graph, size: int, fits: bool) -> None:
    body = b'{"id": "1"}'.ljust(size)
    client = graph.play(Reply(200, {"Content-Type": "application/json"}, body), max_body=64)
    if fits:
        assert client.get().id == "1"
    else:
        with pytest.raises(GraphDecodeError, match="longer"):
            client.get()


@pytest.mark.parametrize("value", [0, -1, 0.5])
def test_what_is_no_length_of_a_body(graph: Graph, value: float) -> None:
    with pytest.raises((TypeError, ValueError), match="max_body must be a positive int"):
        graph.connect(max_body=value)


def test_half_an_error_is_an_error_still(graph: Graph) -> None:
    with pytest.raises(GraphHTTPError) as caught:
        graph.play(Reply(409, {"request-id": "r-2"}, b'{"error": {"code"', missing=9)).create()

    assert (caught.value.status, caught.value.code) == (409, None)
    assert caught.value.request_id == "r-2"
    assert graph.methods == ["POST"]


@each_flavour
def test_one_ambiguous_attempt_makes_the_failure_ambiguous(flavour: str) -> None:
    """The last attempts are not sent, but the first may have been processed."""

    class Breaks(httpx.BaseTransport, httpx.AsyncBaseTransport):
        attempts = 0

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            self.attempts += 1
            raise httpx.ReadError("") if self.attempts == 1 else httpx.ConnectError("")

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return self.handle_request(request)

    cls = Session if flavour == "sync" else AsyncSession
    session: Session | AsyncSession = cls(
        "token", version="1", transport=Breaks(), clock=patient([])
    )
    with pytest.raises(GraphTransportError) as caught:
        finished(session.send(DELETE, None, {"thing_id": KEY}, {}))
    assert caught.value.ambiguous


@pytest.mark.parametrize(
    ("error", "ambiguous"),
    [
        (httpx.ConnectError, False),
        (httpx.ConnectTimeout, False),
        (httpx.PoolTimeout, False),
        (httpx.ProxyError, False),
        (httpx.WriteError, True),
        (httpx.WriteTimeout, True),
        (httpx.ReadError, True),
        (httpx.ReadTimeout, True),
        (httpx.CloseError, True),
        (httpx.RemoteProtocolError, True),
    ],
)
def test_which_failures_leave_the_result_unknown(
    error: type[httpx.RequestError], ambiguous: bool
) -> None:
    attempts = 0

    def fail(request: httpx.Request) -> httpx.Response:
        nonlocal attempts
        attempts += 1
        raise error("it failed")

    transport = httpx.MockTransport(fail)
    session = Session("token", version="1", transport=transport, clock=patient([]))
    with pytest.raises(GraphTransportError, match="it failed") as caught:
        session.send(CREATE, None, {"thing": Thing()}, {})

    assert caught.value.ambiguous is ambiguous
    assert attempts == (1 if ambiguous else 1 + DEFAULT_RETRY.max_retries)


def test_transport_errors_survive_pickling(graph: Graph) -> None:
    with pytest.raises(GraphTransportError) as caught:
        graph.play(CLOSED).create()

    copied = pickle.loads(pickle.dumps(caught.value))
    assert type(copied) is GraphTransportError
    assert (vars(copied), str(copied)) == (vars(caught.value), str(caught.value))


def test_a_session_outlives_its_failures(graph: Graph) -> None:
    client = graph.play(CLOSED, CUT, GONE, CREATED, json_reply(200, []), FOUND)
    for _ in range(2):
        with pytest.raises((GraphTransportError, GraphDecodeError)):
            client.create()
    with pytest.raises(GraphHTTPError):
        client.get()
    assert client.create().id == "1"
    with pytest.raises(GraphDecodeError):
        client.get()
    assert client.send(GET, KEY, returns=Thing).id == "1"


@each_flavour
@pytest.mark.parametrize(
    ("options", "expected"), [({}, DEFAULT_TIMEOUT), ({"timeout": 3}, httpx.Timeout(3))]
)
def test_every_request_has_a_time_out(
    flavour: str, options: dict[str, Any], expected: httpx.Timeout
) -> None:
    asked: list[dict[str, float]] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request.extensions["timeout"])
        return httpx.Response(204)

    cls = Session if flavour == "sync" else AsyncSession
    session: Session | AsyncSession = cls(
        "token", version="1", transport=httpx.MockTransport(reply), **options
    )
    finished(session.send(DELETE, None, {"thing_id": KEY}, {}))
    assert asked == [expected.as_dict()]
    assert None not in asked[0].values()


def finished(result: Any) -> Any:
    """Return the result itself, or what the coroutine comes to."""
    return asyncio.run(result) if asyncio.iscoroutine(result) else result


def test_clients_wait_for_real_by_default() -> None:
    for client in (CommunicationsClient, AsyncCommunicationsClient):
        assert signature(client).parameters["_clock"].default is SYSTEM_CLOCK
    assert SYSTEM_CLOCK.sleep is time.sleep
    started = time.monotonic()
    asyncio.run(SYSTEM_CLOCK.async_sleep(0.02))
    assert time.monotonic() - started >= 0.02
