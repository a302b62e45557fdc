"""Connections that fail, at every point of an exchange; above all, a create is never sent twice."""

from __future__ import annotations

import asyncio
import pickle
import time
from inspect import signature

import httpx
import pytest

from graph_comms import AsyncCommunicationsClient, CommunicationsClient
from graph_comms._runtime.async_session import AsyncSession
from graph_comms._runtime.clock import SYSTEM_CLOCK
from graph_comms._runtime.endpoint import DEFAULT_TIMEOUT
from graph_comms._runtime.errors import (
    GraphDecodeError,
    GraphHTTPError,
    GraphTransportError,
    ServiceError,
)
from graph_comms._runtime.retry import MAX_RETRIES
from graph_comms._runtime.session import Session
from tests.client.things import CREATE, CREATED, FOUND, GET, GONE, KEY, Graph, Thing
from tests.support.clocks import patient
from tests.support.server import CLOSED, RESET_UNREAD, SILENT, Played, Reply, json_reply

CUT = Reply(201, {"request-id": "r-1", "Content-Type": "application/json"}, b'{"id": "7"', 100)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_create_is_not_repeated_after_a_failing_gateway(graph: Graph, status: int) -> None:
    with pytest.raises(ServiceError):
        graph.play(Reply(status), CREATED).create()
    assert graph.methods == ["POST"]


def test_a_create_is_not_repeated_for_an_unreadable_retry_after(graph: Graph) -> None:
    with pytest.raises(ServiceError):
        graph.play(Reply(503, {"Retry-After": "soon"}), CREATED).create()
    assert graph.methods == ["POST"]


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
    assert (graph.methods, client.sleeps) == (["POST"], [])


def test_a_create_is_not_repeated_after_a_reset(graph: Graph) -> None:
    client = graph.play(RESET_UNREAD, CREATED)
    with pytest.raises(GraphTransportError) as caught:
        client.create()

    assert caught.value.ambiguous
    assert len(client.aim.urls) == 1


def test_a_create_is_not_repeated_after_a_read_time_out(graph: Graph) -> None:
    graph.server.play(SILENT, CREATED)
    with pytest.raises(GraphTransportError, match="ReadTimeout") as caught:
        graph.connect(timeout=0.1).create()

    assert caught.value.ambiguous
    assert graph.methods == ["POST"]


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
    assert len(client.sleeps) == 2
    assert graph.methods == ["POST"]


def test_a_service_that_cannot_be_reached(graph: Graph) -> None:
    client = graph.connect(refusals=9)
    with pytest.raises(GraphTransportError, match="was not sent") as caught:
        client.create()

    assert not caught.value.ambiguous
    assert isinstance(caught.value.__cause__, httpx.ConnectError)
    assert len(client.aim.urls) == 1 + MAX_RETRIES


@pytest.mark.parametrize("step", [CLOSED, RESET_UNREAD, Reply(200, body=b'{"id"', missing=9)])
def test_a_get_is_repeated_after_a_broken_connection(graph: Graph, step: Played) -> None:
    client = graph.play(step, step, FOUND)

    assert client.get().id == "1"
    first, second = client.sleeps
    assert 0 < first < second


def test_a_get_is_repeated_after_a_read_time_out(graph: Graph) -> None:
    graph.server.play(SILENT, FOUND)

    assert graph.connect(timeout=0.2).get().id == "1"


def test_a_get_gives_up_at_last(graph: Graph) -> None:
    client = graph.play(*[CLOSED] * 9)
    with pytest.raises(GraphTransportError):
        client.get()

    assert len(graph.methods) == 1 + MAX_RETRIES
    assert len(client.sleeps) == MAX_RETRIES


def test_half_a_response_to_the_last_attempt(graph: Graph) -> None:
    with pytest.raises(GraphDecodeError, match="broke off"):
        graph.play(*[Reply(200, body=b'{"id"', missing=9)] * 9).get()
    assert len(graph.methods) == 1 + MAX_RETRIES


def test_half_a_response_does_where_no_body_is_needed(graph: Graph) -> None:
    assert graph.play(Reply(200, body=b"{", missing=9)).delete() is None
    assert graph.methods == ["DELETE"]


def test_half_an_error_is_an_error_still(graph: Graph) -> None:
    with pytest.raises(GraphHTTPError) as caught:
        graph.play(Reply(409, {"request-id": "r-2"}, b'{"error": {"code"', missing=9)).create()

    assert (caught.value.status, caught.value.code) == (409, None)
    assert caught.value.request_id == "r-2"
    assert graph.methods == ["POST"]


def test_broken_compression_is_half_a_response(graph: Graph) -> None:
    with pytest.raises(GraphDecodeError):
        graph.play(Reply(201, {"Content-Encoding": "gzip"}, b"no gzip"), CREATED).create()
    assert graph.methods == ["POST"]


def test_one_ambiguous_attempt_makes_the_failure_ambiguous(graph: Graph) -> None:
    """The last attempts are not even sent, but the first may have been processed."""

    class Breaks(httpx.BaseTransport, httpx.AsyncBaseTransport):
        attempts = 0

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            self.attempts += 1
            raise httpx.ReadError("") if self.attempts == 1 else httpx.ConnectError("")

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return self.handle_request(request)

    client = graph.connect()
    inner = client.session._client
    inner._transport = Breaks()
    with pytest.raises(GraphTransportError) as caught:
        client.delete()
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
    assert attempts == (1 if ambiguous else 1 + MAX_RETRIES)


def test_redirects_are_not_followed(graph: Graph) -> None:
    client = graph.play(Reply(307, {"Location": "https://elsewhere.example/v1.0/things"}), CREATED)
    with pytest.raises(GraphHTTPError) as caught:
        client.create()

    assert caught.value.status == 307
    assert client.aim.urls == ["https://graph.microsoft.com/v1.0/things"]


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


@pytest.mark.parametrize("session", [Session, AsyncSession])
def test_every_session_has_a_time_out(session: type[Session] | type[AsyncSession]) -> None:
    assert session("token", version="1")._client.timeout == DEFAULT_TIMEOUT
    assert session("token", version="1", timeout=3)._client.timeout == httpx.Timeout(3)
    assert None not in DEFAULT_TIMEOUT.as_dict().values()


def test_clients_wait_for_real_by_default() -> None:
    for client in (CommunicationsClient, AsyncCommunicationsClient):
        assert signature(client).parameters["_clock"].default is SYSTEM_CLOCK
    assert SYSTEM_CLOCK.sleep is time.sleep
    started = time.monotonic()
    asyncio.run(SYSTEM_CLOCK.async_sleep(0.02))
    assert time.monotonic() - started >= 0.02
