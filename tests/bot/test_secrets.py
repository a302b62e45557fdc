"""What Graph tells a bot in confidence is in no log, repr, span, counter, error or answer."""

from __future__ import annotations

import gc
import logging
from typing import Any

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from graph_comms.bot.engine import Step
from graph_comms.bot.events import Event
from graph_comms.bot.live import LiveCall
from graph_comms.bot.state import CallState
from graph_comms.bot.store import Change, Record
from graph_comms.bot.work import Work
from graph_comms.models import AppHostedMediaConfig
from tests.bot import samples
from tests.bot.service import BotUnderTest

PACKAGE = "graph_comms.bot."
SECRET = "sEcret"
PHONE = {"phone": {"id": f"+49 30 {SECRET}", "displayName": f"+49 30 {SECRET}"}}


def notifications() -> list[Any]:
    """Return those of a call, with every secret that there is in one."""
    context = {"sourceParticipantId": SECRET, "observedParticipantId": SECRET}
    media = {"@odata.type": "#microsoft.graph.appHostedMediaConfig", "blob": SECRET}
    token = {"@odata.type": "#microsoft.graph.tokenMeetingInfo", "token": SECRET}
    meeting = {"@odata.type": "#microsoft.graph.joinMeetingIdMeetingInfo", "passcode": SECRET}
    guest = samples.participant("ann") | {"replacementLink": SECRET}
    guest["info"] |= {"identity": PHONE, "replacementLink": SECRET}
    recorded = samples.operation(kind="recordOperation", status="failed", code=400)
    recorded["resourceData"] |= {"recordingAccessToken": SECRET, "clientState": SECRET}
    return [
        samples.incoming(source={"identity": PHONE}, incomingContext=context, mediaConfig=media),
        samples.call_item(state="established", mediaState={"audio": "active"}, meetingInfo=token),
        samples.call_item(state="established", meetingInfo=meeting, replacesContext=SECRET),
        samples.call_item(state=7, meetingInfo=SECRET),
        samples.roster(guest),
        recorded,
        samples.terminated(),
    ]


@pytest.mark.anyio
async def test_no_secret_of_a_call_is_shown(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    provider = TracerProvider(shutdown_on_exit=False)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    spans = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    tested = BotUnderTest()
    shown: list[str] = []
    seen: list[str] = []

    @tested.bot.incoming
    async def answer(call: LiveCall) -> None:
        tested.service.answers["answer"] = lambda request: httpx.Response(400, text=SECRET)
        await call.answer(media_config=AppHostedMediaConfig(blob=SECRET))

    @tested.bot.media_active
    async def record(call: LiveCall) -> None:
        await (await call.record("https://bot.contoso.com/hello.wav")).completed()

    @tested.bot.any
    async def show(event: Event) -> None:
        seen.append(event.kind)
        for owner in (event, event.call):
            names = [name for name in dir(owner) if name not in ("raw", "payload")]
            shown.extend(repr(getattr(owner, name)) for name in names if name[0] != "_")

    @tested.bot.error
    async def complain(event: Any) -> None:
        shown.append(f"{event}{event.event}{event.exception}{event.exception!r}")

    await tested.bot.start()
    *items, last = notifications()
    for item in items:
        await tested.notify(item)
    alive = [one for one in gc.get_objects() if str(type(one).__module__).startswith(PACKAGE)]
    shown += map(repr, alive)
    await tested.notify(last)
    assert {"incoming", "media_active", "participant_joined", "operation", "terminated"} <= {*seen}
    shown += [str(vars(entry)) + caplog.text for entry in caplog.records]
    shown += [span.to_json() for span in spans.get_finished_spans()]
    shown += [str(tested.counted), str((await tested.post(f'["{SECRET}"]'.encode())).body)]
    await tested.stop()
    assert tested.counted["failed"] == 2
    assert not [text for text in shown if SECRET in text]


def test_what_a_store_holds_is_in_no_repr() -> None:
    parts = {"state": SECRET}
    change = Change(parts=parts, expires=0.0)
    step = Step(CallState(id="", app_id=""), Work(), {"state": SECRET})
    assert SECRET not in f"{Record(1, parts)}{change}{step}"
