"""The ids of a call in log records and spans, the counters, and what none of them says."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from graph_comms.bot.telemetry import get_logger
from tests.bot import samples
from tests.bot.service import BotUnderTest

IDS = {"call_id": samples.CALL, "chain_id": samples.CHAIN, "scenario_id": "scenario"}


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What is exported by the provider of the program, which can be set only once in a process."""
    provider = TracerProvider(shutdown_on_exit=False)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


@pytest.fixture
def under_test() -> BotUnderTest:
    """A bot with handlers that say something, and of which one fails."""
    under_test = BotUnderTest()

    @under_test.bot.media_active
    async def greet(call: Any) -> None:
        raise RuntimeError("secret of the application")

    @under_test.bot.tone
    def press(event: Any) -> None:
        trace.get_current_span().set_attribute("pressed", event.tone)

    return under_test


def of(record: logging.LogRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in IDS}


@pytest.mark.anyio
async def test_the_records_about_a_call_have_its_ids(
    under_test: BotUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    await under_test.bot.start()
    await under_test.post(samples.body(samples.terminated(call=samples.OTHER_CALL)))
    for item in samples.answered_call():
        await under_test.notify(item)
    await under_test.stop()
    [failed] = [record for record in caplog.records if "a handler of" in record.message]
    assert failed.name == "graph_comms.bot.invoking"
    assert of(failed) == IDS


@pytest.mark.anyio
async def test_the_records_about_what_is_due_have_the_ids_of_the_call(
    caplog: pytest.LogCaptureFixture,
) -> None:
    under_test = BotUnderTest()
    under_test.service.answers["keepAlive"] = lambda request: httpx.Response(500)
    await under_test.bot.start()
    await under_test.notify(samples.incoming())
    await under_test.clock.advance(1000)
    due = [
        record
        for record in caplog.records
        if any(text in record.message for text in ("not decided in time", "keepAlive of call"))
    ]
    await under_test.stop()
    assert len(due) > 1
    assert all(of(record) == IDS for record in due)


@pytest.mark.anyio
async def test_a_record_about_a_delivery_has_the_ids_of_its_headers(
    under_test: BotUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    await under_test.bot.start()
    assert (await under_test.post(b"[]")).status == 400
    await under_test.stop()
    [refused] = [record for record in caplog.records if "not understood" in record.message]
    assert of(refused) == {**IDS, "call_id": None}


def test_a_record_about_no_call_has_the_attributes_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    get_logger("graph_comms.bot").warning("x")
    assert of(caplog.records[0]) == dict.fromkeys(IDS)


def shown(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


@pytest.mark.anyio
async def test_each_delivery_and_each_handler_is_a_span(
    under_test: BotUnderTest, exporter: InMemorySpanExporter
) -> None:
    await under_test.bot.start()
    sequence = samples.answered_call()
    for item in sequence:
        await under_test.notify(item)
    await under_test.stop()
    spans = exporter.get_finished_spans()
    ids = {f"graph_comms.bot.{name}": value for name, value in IDS.items()}
    received = [span for span in spans if span.name == "receive"]
    assert [shown(span) for span in received] == [ids] * len(sequence)
    [greeted] = [span for span in spans if span.name == "handle media_active"]
    assert shown(greeted) == {**ids, "error.type": "RuntimeError"}
    assert (greeted.status.status_code, greeted.status.description) == (StatusCode.ERROR, None)
    [pressed] = [span for span in spans if span.name == "handle tone"]
    assert shown(pressed) == {**ids, "pressed": "1"}  # a `def` handler's span is the current one
    assert len(spans) == len(sequence) + 2
    for span in spans:
        assert span.kind is SpanKind.CONSUMER
        assert not span.events
        assert "secret" not in span.to_json()


@pytest.mark.anyio
async def test_counters_say_how_many_wait_and_how_many_came_late(under_test: BotUnderTest) -> None:
    await under_test.bot.start()
    sequence = samples.answered_call()
    await under_test.notify(*sequence)
    assert under_test.counted == {"received": len(sequence), "failed": 1, "queued": 0}
    await under_test.notify(samples.tone(9))
    assert under_test.counted["late"] == 1
    await under_test.stop()
