"""Prompts, keys and what cancels them."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Literal

import pytest

from graph_comms import GraphHTTPError, RetryPolicy
from graph_comms.models import AppHostedMediaConfig, MediaInfo, MediaPrompt, Tone
from graph_emulator import Emulator
from tests.emulator.bots import bot_of, call_to


@pytest.fixture
def svc() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


@pytest.fixture
def call_id(svc: Emulator) -> str:
    """Return the id of a call that can be spoken into."""
    call = svc.client().calls.create(call_to(svc.user("Ann").answers(after=0)))
    svc.run()
    return str(call.id)


def prompt(name: str = "hello") -> MediaPrompt:
    return MediaPrompt(media_info=MediaInfo(uri=f"https://bot.contoso.com/{name}.wav"))


def ends(svc: Emulator) -> list[tuple[float, str, int]]:
    """Return when each operation ended, its status and its sub-code, as notified."""
    items = [(log.time, log.body["value"][0]) for log in svc.log.notifications]
    return [
        (
            round(time, 1),
            item["resourceData"]["status"],
            item["resourceData"]["resultInfo"]["subcode"],
        )
        for time, item in items
        if "/operations/" in item["resourceUrl"]
    ]


def test_prompts_play_in_order(svc: Emulator, call_id: str) -> None:
    begun = svc.clock.now()
    svc.prompt("https://bot.contoso.com/long.wav", seconds=10)
    svc.client().calls.play_prompt(call_id, prompts=[prompt(), prompt("long")])
    svc.client().calls.play_prompt(call_id, prompts=[prompt()])
    start = svc.log.requests[-1].time
    svc.run()
    assert [(round(time - start, 1), status) for time, status, _ in ends(svc)] == [
        (13.0, "completed"),
        (16.0, "completed"),
    ]
    assert (svc.clock.now() - begun).total_seconds() == pytest.approx(16)


def test_what_plays_and_what_waits_is_cancelled(svc: Emulator, call_id: str) -> None:
    for _ in range(2):
        svc.client().calls.play_prompt(call_id, prompts=[prompt()])
    cancelled = svc.client().calls.cancel_media_processing(call_id)
    assert cancelled.status is not None
    assert cancelled.status.value == "completed"
    svc.client().calls.play_prompt(call_id, prompts=[prompt()])
    svc.run()
    assert [(status, code) for _, status, code in ends(svc)] == [
        ("failed", 8508),
        ("failed", 8508),
        ("completed", 0),
    ]


def test_nothing_is_played_before_the_audio_is_active(svc: Emulator) -> None:
    call = svc.client().calls.create(call_to(svc.user("Ann").answers()))
    with pytest.raises(GraphHTTPError) as raised:
        svc.client(retry=RetryPolicy(max_retries=0)).calls.play_prompt(
            str(call.id), prompts=[prompt()]
        )
    assert (raised.value.status, raised.value.code) == (500, "UnknownError")


@pytest.mark.parametrize("count", [0, 21])
def test_what_cannot_be_played(svc: Emulator, call_id: str, count: int) -> None:
    with pytest.raises(GraphHTTPError, match="between 1 and 20"):
        svc.client().calls.play_prompt(call_id, prompts=[prompt()] * count)


def test_a_client_context_has_a_limit(svc: Emulator, call_id: str) -> None:
    play = svc.client().calls.play_prompt
    assert play(call_id, prompts=[prompt()], client_context="x" * 256).client_context == "x" * 256
    with pytest.raises(GraphHTTPError, match="256 characters"):
        play(call_id, prompts=[prompt()], client_context="x" * 257)


def test_nothing_is_played_into_app_hosted_media(svc: Emulator) -> None:
    call = call_to(svc.user("Ann").answers(after=0))
    call.media_config = AppHostedMediaConfig(blob="…")
    created = svc.client().calls.create(call)
    svc.run()
    with pytest.raises(GraphHTTPError, match="8500"):
        svc.client().calls.play_prompt(str(created.id), prompts=[prompt()])


def test_keys_are_sent(svc: Emulator, call_id: str) -> None:
    tones = [Tone.TONE1, Tone.POUND]
    svc.client().calls.send_dtmf_tones(call_id, tones=tones, delay_between_tones_ms=900)
    start = svc.log.requests[-1].time
    svc.run()
    assert [(round(time - start, 1), status) for time, status, _ in ends(svc)] == [
        (2.0, "completed")
    ]


@pytest.mark.parametrize("subscribes", [True, False])
def test_keys_need_a_subscription(svc: Emulator, subscribes: bool) -> None:
    bot, seen = bot_of(svc), list[str]()
    bot.tone(lambda event: seen.append(event.tone))

    @bot.media_active
    async def subscribe(call: Any) -> None:
        if subscribes:
            await call.subscribe_to_tone()

    svc.connect(bot)
    call = svc.client().calls.create(
        call_to(svc.user("Ann").answers(after=0).presses("12", after=1))
    )
    svc.run()
    assert svc.calls[str(call.id)].tones == ["1", "2"]
    assert seen == (["1", "2"] if subscribes else [])


@pytest.mark.parametrize("subcode", [8535, 8536])
def test_a_prompt_that_cannot_be_played_fails(
    svc: Emulator, call_id: str, subcode: Literal[8535, 8536]
) -> None:
    svc.prompt("https://bot.contoso.com/broken.wav", fails=subcode)
    client = svc.client()
    client.calls.play_prompt(call_id, prompts=[prompt(), prompt("broken"), prompt()])
    client.calls.record_response(call_id, prompts=[prompt("broken")])
    client.calls.play_prompt(call_id, prompts=[prompt()])
    start = svc.log.requests[-1].time
    svc.run()
    assert [(round(time - start, 1), status, code) for time, status, code in ends(svc)] == [
        (3.0, "failed", subcode),
        (3.0, "failed", subcode),
        (6.0, "completed", 0),
    ]
    svc.prompt("https://bot.contoso.com/broken.wav")
    client.calls.play_prompt(call_id, prompts=[prompt("broken")])
    svc.run()
    assert ends(svc)[-1][1] == "completed"
