"""Recordings of what a caller says."""

from __future__ import annotations

import io
import wave
from collections.abc import Generator
from typing import Any

import pytest

from graph_comms import AuthenticationError, GraphHTTPError, NotFoundError
from graph_comms.models import RecordOperation
from graph_emulator import Emulator
from graph_emulator.audio import Speech, wave_file
from tests.emulator.bots import bot_of, call_to


@pytest.fixture
def svc() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


@pytest.mark.parametrize(
    ("says", "keys", "limits", "ended_after", "status", "subcode"),
    [
        pytest.param(20, "", {"max_record_duration_in_seconds": 8}, 8, "completed", 8515, id="duration"),
        pytest.param(20, "1#", {"max_record_duration_in_seconds": 60}, 3.5, "completed", 8514, id="key"),
        pytest.param(4, "", {"max_silence_timeout_in_seconds": 2, "max_record_duration_in_seconds": 60},
                     7, "completed", 8509, id="silence"),
        pytest.param(0, "", {"initial_silence_timeout_in_seconds": 3}, 3, "failed", 8510, id="nothing"),
    ],
)  # fmt: skip
def test_a_recording_ends(
    svc: Emulator,
    says: float,
    keys: str,
    limits: dict[str, int],
    ended_after: float,
    status: str,
    subcode: int,
) -> None:
    bot = bot_of(svc)
    ends: list[tuple[str, int]] = []

    @bot.media_active
    async def record(call: Any) -> None:
        await call.record([], stop_tones=["#"], play_beep=False, **limits)

    @bot.operation(RecordOperation)
    async def done(event: Any) -> None:
        ends.append((event.operation.status.value, event.operation.result_info.subcode))

    svc.connect(bot)
    ann = svc.user("Ann").answers(after=0).presses(keys, after=2.7)
    if says:
        ann.speaks(after=0.7, seconds=says)
    svc.client().calls.create(call_to(ann))
    svc.run()
    assert ends == [(status, subcode)]
    start = next(one.time for one in svc.log.requests if one.name == "recordResponse")
    end = next(one.time for one in svc.log.notifications if "recordOperation" in str(one.body))
    assert end - start == pytest.approx(ended_after, abs=0.4)


def test_a_recording_is_read_with_its_token(svc: Emulator) -> None:
    bot = bot_of(svc)
    said = wave_file([Speech(b"\x01\x02" * 16_000)])
    read: list[bytes] = []
    kept: list[RecordOperation] = []

    @bot.media_active
    async def record(call: Any) -> None:
        recording = await call.record("https://bot.contoso.com/leave-a-message.wav")
        done = await recording.completed(timeout=60)
        kept.append(done)
        read.append(await svc.async_client().get_recording(done))

    svc.connect(bot)
    svc.client().calls.create(call_to(svc.user("Ann").answers(after=0).speaks(said, after=5)))
    svc.run()
    with wave.open(io.BytesIO(read[0])) as file:
        assert file.readframes(file.getnframes()) == b"\x01\x02" * 16_000
    assert "recordingAccessToken': '…'" in str(svc.log.notifications)
    wrong = kept[0].model_copy(update={"recording_access_token": "wrong"})
    with pytest.raises(AuthenticationError):
        svc.client().get_recording(wrong)
    svc.client().calls.delete(next(iter(svc.calls)).id)
    svc.run()
    svc.advance(minutes=2)
    with pytest.raises(NotFoundError):
        svc.client().get_recording(kept[0])


@pytest.mark.parametrize(
    "limits",
    [
        {"max_record_duration_in_seconds": 121},
        {"max_silence_timeout_in_seconds": 0},
        {"initial_silence_timeout_in_seconds": 200},
    ],
)
def test_recordings_have_limits(svc: Emulator, limits: dict[str, Any]) -> None:
    call = svc.client().calls.create(call_to(svc.user("Ann").answers(after=0)))
    svc.run()
    with pytest.raises(GraphHTTPError, match="between 1 and 120"):
        svc.client().calls.record_response(str(call.id), prompts=[], **limits)


def test_a_wave_file_must_be_what_the_service_takes(svc: Emulator) -> None:
    with pytest.raises(ValueError, match="not a wave file"):
        svc.user("Ann").speaks(b"RIFF")
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44_100)
    with pytest.raises(ValueError, match="one channel of 16 bits at 16 kHz"):
        svc.user("Ann").speaks(written.getvalue())


def test_what_is_cancelled_has_no_recording(svc: Emulator) -> None:
    call = svc.client().calls.create(call_to(svc.user("Ann").answers(after=0).speaks(after=2)))
    svc.run()
    operation = svc.client().calls.record_response(str(call.id), prompts=[])
    svc.advance(seconds=2)
    svc.client().calls.cancel_media_processing(str(call.id))
    svc.run()
    recorded = svc.calls[str(call.id)].operations[str(operation.id)]
    assert (recorded.status, recorded.details.get("recordingLocation")) == ("failed", "")
