"""Each call is a span of OpenTelemetry where a program exports spans, and nothing anywhere else."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode

from graph_comms import GraphError, RetryPolicy
from graph_comms.models import RecordOperation
from tests.client.faces import CLIENTS, Client, each_flavour
from tests.support.server import CLOSED, SILENT, GraphServer, Played, Reply, answer, json_reply

SERVER = {"server.address": "graph.microsoft.com", "server.port": 443}
CALL = "/communications/calls/{call-id}"
SECRETS = ("marker-id", "marker-token", "marker-message", "marker-query")
REFUSED = json_reply(403, {"error": {"code": "x", "message": "marker-message"}})


class Spans(InMemorySpanExporter):
    """What was exported."""

    @property
    def all(self) -> list[ReadableSpan]:
        return list(self.get_finished_spans())

    @property
    def only(self) -> ReadableSpan:
        [span] = self.all
        return span


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> TracerProvider:
    """The provider of the program, which can be set only once in a process."""
    provider = TracerProvider(shutdown_on_exit=False)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    return provider


@pytest.fixture
def spans(provider: TracerProvider) -> Spans:
    exporter = Spans()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


def events(span: ReadableSpan) -> list[tuple[str, dict[str, Any]]]:
    return [(event.name, dict(event.attributes or {})) for event in span.events]


def parent_of(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


def id_of(span: trace.Span) -> int:
    return span.get_span_context().span_id


@each_flavour
def test_a_call_is_a_span_and_its_attempts_are_events(
    server: GraphServer, spans: Spans, flavour: str
) -> None:
    server.play(Reply(503, {"Retry-After": "1"}))
    with (
        Client(flavour, server) as client,
        trace.get_tracer("program").start_as_current_span("work") as outer,
    ):
        client.get("marker-id")
    span, _ = spans.all
    assert parent_of(span) == id_of(outer)
    assert (span.name, span.kind) == (f"GET {CALL}", SpanKind.CLIENT)
    assert span.attributes == {
        **SERVER,
        "http.request.method": "GET",
        "url.template": CALL,
        "http.response.status_code": 200,
        "http.request.resend_count": 1,
    }
    assert events(span) == [
        ("graph_comms.attempt", {"http.response.status_code": 503, "error.type": "503"}),
        (
            "graph_comms.attempt",
            {"http.response.status_code": 200, "http.request.resend_count": 1},
        ),
    ]
    assert span.status.status_code is StatusCode.UNSET
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "graph_comms"
    assert [one for one in SECRETS if one in span.to_json()] == []


@each_flavour
@pytest.mark.parametrize(
    ("step", "kind", "status"),
    [
        (REFUSED, "403", 403),
        (CLOSED, "httpx.RemoteProtocolError", None),
        (SILENT, "httpx.ReadTimeout", None),
        (answer(201, b"marker-message"), "graph_comms.GraphDecodeError", 201),
    ],
)
def test_an_error_is_shown_without_what_it_says(
    server: GraphServer, spans: Spans, flavour: str, step: Played, kind: str, status: int | None
) -> None:
    server.play(step)
    with (
        Client(flavour, server, credential="marker-token", timeout=0.4) as client,
        pytest.raises(GraphError),
    ):
        client.create()
    span = spans.only
    known = {} if status is None else {"http.response.status_code": status}
    assert span.attributes == {
        **SERVER,
        "http.request.method": "POST",
        "url.template": "/communications/calls",
        "error.type": kind,
        **known,
    }
    assert events(span) == [("graph_comms.attempt", {"error.type": kind, **known})]
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert [one for one in SECRETS if one in span.to_json()] == []


@each_flavour
def test_what_a_credential_raises(server: GraphServer, spans: Spans, flavour: str) -> None:
    def fail() -> str:
        raise LookupError("marker-message")

    with Client(flavour, server, credential=fail) as client, pytest.raises(LookupError):
        client.get()
    assert spans.only.attributes is not None
    assert spans.only.attributes["error.type"] == "LookupError"
    assert spans.only.status.status_code is StatusCode.ERROR
    assert "marker-message" not in spans.only.to_json()


@each_flavour
def test_each_page_and_link_is_a_span(server: GraphServer, spans: Spans, flavour: str) -> None:
    link = "https://graph.microsoft.com/v1.0/communications/calls?$skiptoken=marker-query"
    server.play(json_reply(200, {"value": [], "@odata.nextLink": link}))
    server.play(json_reply(200, {"value": []}))
    with Client(flavour, server) as client:
        client.ids()
    assert [span.name for span in spans.all] == ["GET /communications/calls"] * 2
    assert not any("marker-query" in span.to_json() for span in spans.all)


@each_flavour
def test_the_span_of_a_stream_ends_when_the_stream_is_open(
    server: GraphServer, spans: Spans, flavour: str
) -> None:
    server.play(Reply(502))
    with Client(flavour, server) as client:
        stream = client.client.online_meetings.recordings.stream_content("marker-id", "r")
        with client.entered(stream):
            assert trace.get_current_span() is trace.INVALID_SPAN
            assert len(events(spans.only)) == 2
            assert spans.only.status.status_code is StatusCode.UNSET


@each_flavour
def test_the_server_of_a_recording(
    server: GraphServer, storage: GraphServer, spans: Spans, flavour: str
) -> None:
    recorded = RecordOperation(
        recording_location="https://storage.example:444/marker-id?sig=marker-query",
        recording_access_token="marker-token",
    )
    with Client(flavour, server, others={"storage.example": storage}) as client:
        client.call("get_recording", recorded)
    assert spans.only.attributes == {
        "http.request.method": "GET",
        "url.template": "{recordingLocation}",
        "server.address": "storage.example",
        "server.port": 444,
        "http.response.status_code": 200,
    }
    assert [one for one in SECRETS if one in spans.only.to_json()] == []


@each_flavour
@pytest.mark.parametrize("policy", [RetryPolicy(), RetryPolicy(deadline=20)])
def test_the_span_is_current_for_the_transport_and_the_hook(
    spans: Spans, flavour: str, policy: RetryPolicy
) -> None:
    """So that what instruments httpx, or a credential, makes spans below it."""
    current: list[int] = []

    def handle(request: httpx.Request) -> httpx.Response:
        current.append(id_of(trace.get_current_span()))
        return httpx.Response(200, json={"id": "1"})

    def give() -> str:
        current.append(id_of(trace.get_current_span()))
        return "token"

    client = CLIENTS[flavour](
        give,
        transport=httpx.MockTransport(handle),
        retry=policy,
        on_attempt=lambda _: current.append(id_of(trace.get_current_span())),
    )
    result = client.calls.get("x")
    if flavour == "async":
        asyncio.run(result)
    assert spans.only.context is not None
    assert current == [spans.only.context.span_id] * 3


def test_calls_at_the_same_time_have_their_own_parents(server: GraphServer, spans: Spans) -> None:
    tracer = trace.get_tracer("program")
    outer: dict[int, str] = {}

    async def work(client: Any, key: str) -> None:
        with tracer.start_as_current_span(key) as span:
            outer[id_of(span)] = key
            await asyncio.gather(client.calls.get(key), client.calls.delete(key))

    async def run(client: Any) -> None:
        await asyncio.gather(*(work(client, f"k{number}") for number in range(10)))

    with Client("async", server) as client:
        client.finish(run(client.client))
    found = [outer[parent_of(span) or 0] for span in spans.all if span.kind is SpanKind.CLIENT]
    assert sorted(found) == sorted([*outer.values()] * 2)


def test_a_call_that_is_cancelled(server: GraphServer, spans: Spans) -> None:
    server.play(SILENT)

    async def run(client: Any) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.calls.get("x"), 0.3)

    with Client("async", server) as client:
        client.finish(run(client.client))
    [(_, attributes)] = events(spans.only)
    assert attributes == {"error.type": "asyncio.exceptions.CancelledError"}
    assert spans.only.status.status_code is StatusCode.ERROR


@each_flavour
def test_a_call_that_is_not_sampled(
    server: GraphServer, monkeypatch: pytest.MonkeyPatch, flavour: str
) -> None:
    monkeypatch.setattr(
        trace, "_TRACER_PROVIDER", TracerProvider(ALWAYS_OFF, shutdown_on_exit=False)
    )
    server.play(REFUSED)
    with Client(flavour, server) as client, pytest.raises(GraphError):
        client.get()


@each_flavour
def test_a_provider_that_is_set_after_the_first_call(
    server: GraphServer, monkeypatch: pytest.MonkeyPatch, flavour: str
) -> None:
    exporter = Spans()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with Client(flavour, server) as client:
        client.get()
        monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
        client.get()
    assert exporter.only.name == f"GET {CALL}"


PROGRAM = """if True:
    import sys
    {before}
    import asyncio, httpx
    from graph_comms import AsyncCommunicationsClient, CommunicationsClient
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={{"id": "1"}}))
    print(CommunicationsClient("t", transport=transport).calls.get("x").id)
    print(asyncio.run(AsyncCommunicationsClient("t", transport=transport).calls.get("x")).id)
    print([name for name, module in sys.modules.items() if "opentelemetry" in name and module])
"""


@pytest.mark.parametrize("before", ["sys.modules['opentelemetry'] = None", "pass"])
def test_a_program_without_opentelemetry_does_not_import_it(before: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(before=before)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("1\n1\n[]\n", "")
