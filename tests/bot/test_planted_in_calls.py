"""A marker in everything of a call that is secret: nothing that the kit says by itself has it.

Out of scope is what shows a handler what it asks for: attributes of models, and `raw`.
"""

from __future__ import annotations

import json
import logging
import traceback
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from graph_comms.bot import CallEnded, OperationFailed, SQLiteStore
from tests.bot import samples
from tests.bot.manual_clock import ManualClock
from tests.bot.service import SIGNER, BotUnderTest

MARKER = "marker-planted-5d2f"

PERSON = {"phone": {"@odata.type": "#microsoft.graph.identity", "id": f"+49{MARKER}"}}
SECRETS: dict[str, Any] = {
    "replacesContext": MARKER,
    "mediaConfig": {
        "@odata.type": "#microsoft.graph.appHostedMediaConfig",
        "blob": MARKER,
    },
    "meetingInfo": {"@odata.type": "#microsoft.graph.tokenMeetingInfo", "token": MARKER},
    "source": {"identity": PERSON, "replacementLink": MARKER},
    "incomingContext": {"observedParticipantId": MARKER, "transferor": PERSON},
    "joinInfo": {"passcode": MARKER, "clientState": MARKER},
}

pytestmark = pytest.mark.anyio


def person(name: str, **members: Any) -> Any:
    one = samples.participant(name)
    return {
        **one,
        **members,
        "info": {**one["info"], "identity": PERSON, "replacementLink": MARKER},
    }


def recorded(**members: Any) -> Any:
    ended = samples.operation(kind="recordOperation", **members)
    ended["resourceData"] |= {
        "recordingAccessToken": MARKER,
        "recordingLocation": f"https://storage.contoso.com/r?sig={MARKER}",
    }
    return ended


DELIVERED: list[Any] = [
    samples.incoming(**SECRETS),
    samples.call_item(state="established", mediaState={"audio": "active"}, **SECRETS),
    samples.roster(person("ann"), person("bob")),
    samples.roster(person("ann", isMuted=True)),
    samples.tone(1),
    recorded(status="failed", code=400, subcode=8510),
    samples.call_item(state="established", resultInfo={"code": 500, "subcode": 7000}, **SECRETS),
    samples.item({"@odata.type": "#microsoft.graph.noSuch", **SECRETS}, below=f"/odd/{MARKER}"),
    samples.call_item(state={"token": MARKER}, toneInfo=MARKER, **SECRETS),
    {"resource": MARKER, "resourceData": MARKER, **SECRETS},
    MARKER,
    samples.call_item(change="deleted", state="terminated", **SECRETS),
    samples.call_item(state="established", **SECRETS),
]


def said_by(value: object) -> list[str]:
    if isinstance(value, BaseException):
        return [str(value), repr(value), "".join(traceback.format_exception(value))]
    return [repr(value), str(value)]


async def test_nothing_says_what_is_secret_in_a_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    exported = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exported))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    clock = ManualClock()
    store = SQLiteStore(str(tmp_path / "calls.db"), clock=clock)
    tested = BotUnderTest(store=store, clock=clock)
    kinds: list[str] = []
    said: list[str] = []

    @tested.bot.any
    async def look(event: Any) -> None:
        kinds.append(event.kind)
        values = [event, event.context]
        for name in ("participant", "before", "operation", "result"):
            values.append(getattr(event, name, None))
        if event.call is not None:
            values += [event.call, event.call.model, event.call.roster, *event.call.roster.values()]
        said.extend(text for value in values for text in said_by(value))

    @tested.bot.any
    async def fail(event: Any) -> None:
        raise ValueError(f"no room for {event.kind}")

    @tested.bot.media_active
    async def record(call: Any) -> None:
        try:
            await (await call.record(f"https://contoso.com/a.wav?sig={MARKER}")).completed()
        except OperationFailed as error:
            said.extend(said_by(error))
        try:
            await call.tones()
        except CallEnded as error:
            said.extend(said_by(error))

    @tested.bot.error
    async def hear(event: Any) -> None:
        said.extend([*said_by(event), *said_by(event.exception)])

    async with tested.bot:
        for item in DELIVERED:
            reply = await tested.post(samples.body(item))
            assert (reply.status, reply.body) == (202, b"")
            await tested.settle()
        for headers in ({}, SIGNER.headers(exp=0, x=MARKER), {"authorization": f"Bearer {MARKER}"}):
            for body in (samples.body(DELIVERED[0]), json.dumps({"token": MARKER}).encode()):
                reply = await tested.bot.handle("POST", headers, f"code={MARKER}", body)
                said.append(repr(reply))
        await tested.stop()

    assert {"incoming", "media_active", "participant_joined", "operation", "terminated"} <= {*kinds}
    assert {"transfer_failed", "unknown", "tone"} <= {*kinds}
    said += [span.to_json() for span in exported.get_finished_spans()]
    said += [
        f"{record.__dict__} {record.getMessage()} {record.exc_text}" for record in caplog.records
    ]
    said += [caplog.text, *tested.counted]
    assert [text for text in said if "marker" in text] == []
