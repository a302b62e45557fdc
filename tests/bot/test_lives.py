"""The lives of calls, each told by notifications of our own and played by the emulator."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from graph_comms.bot.errors import AlreadyDecided, CallEnded, OperationFailed
from graph_comms.bot.lanes import HandlerTimeoutError
from graph_comms.models import CallState, RejectReason
from tests.bot.scenes import BEN, Scene, Teller, scene_of

pytestmark = pytest.mark.anyio

WAV = "https://bot.contoso.com/hello.wav"
LONG = 1_000.0


@pytest.fixture(params=["posted", "emulated"])
def teller(request: pytest.FixtureRequest) -> Teller:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
async def scene(teller: Teller) -> AsyncGenerator[Scene]:
    async with scene_of(teller) as scene:
        yield scene


def noted(scene: Scene, *kinds: str) -> list[str]:
    """Register handlers that note the kinds of events."""
    seen: list[str] = []

    def noting(kind: str) -> Any:
        async def note(event: Any) -> None:
            seen.append(kind)

        return note

    for kind in kinds:
        getattr(scene.bot, kind)(noting(kind))
    return seen


def answering(scene: Scene) -> None:
    @scene.bot.incoming
    async def ring(call: Any) -> None:
        await call.answer()


KINDS = (
    "established", "media_active", "participant_joined", "tone", "operation", "terminated", "unknown",
    "error",
)  # fmt: skip


@pytest.mark.parametrize("twice", [False, True])
async def test_a_whole_call_is_handled_once_in_order(teller: Teller, twice: bool) -> None:
    async with scene_of(teller, twice=twice) as scene:
        seen = noted(scene, *KINDS)

        @scene.bot.media_active
        async def greet(call: Any) -> None:
            await call.subscribe_to_tone()
            await call.play_prompt(WAV)

        await scene.calls()
        await scene.presses("1")
        await scene.finishes("playPrompt")
        await scene.hangs_up()
        assert seen == [*KINDS[:6]]
        assert await scene.call() is None
        assert scene.counted.get("failed", 0) == 0


async def test_the_bot_of_the_guide_rings_greets_and_hangs_up(scene: Scene) -> None:
    answering(scene)
    done: list[str] = []

    @scene.bot.media_active
    async def greet(call: Any) -> None:
        played = await call.play_prompt(WAV)
        await played.completed(timeout=30)
        await call.hang_up()
        done.append(call.id)

    await scene.rings()
    assert scene.asked() == ["answer"]
    await scene.goes_on()
    assert scene.asked() == ["answer", "playPrompt"]
    await scene.finishes("playPrompt")
    assert scene.asked() == ["answer", "playPrompt", "delete"]
    assert done == [scene.call_id]


async def test_a_def_handler_gets_a_call_that_blocks(scene: Scene) -> None:
    seen: list[Any] = []

    @scene.bot.media_active
    def greet(call: Any) -> None:
        played = call.play_prompt(WAV)
        seen.append(played.completed(timeout=30).status.value)
        seen.append(call.tones(max_digits=4))
        with pytest.raises(CallEnded):
            call.tones(max_digits=1)
        seen.append("ended")

    await scene.calls()
    await scene.finishes("playPrompt")
    await scene.presses("12*#")
    await scene.hangs_up()
    await scene.passes(0)
    assert seen == ["completed", "12*#", "ended"]


async def test_one_handler_waits_for_all_while_others_run(scene: Scene) -> None:
    seen: list[Any] = []

    @scene.bot.media_active
    async def talk(call: Any) -> None:
        played = await call.play_prompt(WAV)
        await played.completed(timeout=30)
        seen.append(await call.tones(max_digits=4))
        with pytest.raises(CallEnded):
            await call.tones(max_digits=1)
        seen.append("ended")

    @scene.bot.tone
    async def press(event: Any) -> None:
        seen.append(event.tone)

    await scene.calls()
    await scene.finishes("playPrompt")
    await scene.presses("6789")
    await scene.hangs_up()
    assert [one for one in seen if len(one) == 1] == ["6", "7", "8", "9"]
    assert [one for one in seen if len(one) > 1] == ["6789", "ended"]


async def test_keys_that_nobody_presses_are_waited_for_as_long_as_was_said(scene: Scene) -> None:
    heard: list[str] = []

    @scene.bot.media_active
    async def ask(call: Any) -> None:
        heard.append(await call.tones(max_digits=2, timeout=5))

    await scene.calls()
    await scene.presses("1")
    await scene.passes(4)
    assert heard == []
    await scene.passes(2)
    assert heard == ["1"]


def subscribing(scene: Scene) -> None:
    @scene.bot.media_active
    async def subscribe(call: Any) -> None:
        await call.subscribe_to_tone()


async def test_handlers_run_one_after_the_other(scene: Scene) -> None:
    subscribing(scene)
    seen: list[str] = []

    @scene.bot.tone
    async def press(event: Any) -> None:
        seen.append(f"{event.tone} begins")
        await scene.sleep(5)
        seen.append(f"{event.tone} ends")

    await scene.calls()
    await scene.presses("12")
    assert seen == ["1 begins"]
    await scene.passes(5)
    assert seen == ["1 begins", "1 ends", "2 begins"]
    await scene.passes(5)
    assert seen == ["1 begins", "1 ends", "2 begins", "2 ends"]


async def test_a_handler_that_takes_too_long_keeps_nobody_waiting(scene: Scene) -> None:
    subscribing(scene)
    seen: list[str] = []
    errors: list[Any] = []
    scene.bot.error(errors.append)

    @scene.bot.tone
    async def press(event: Any) -> None:
        seen.append(event.tone)
        await scene.sleep(LONG)

    await scene.calls()
    await scene.presses("12")
    await scene.passes(59)
    assert seen == ["1"]
    await scene.passes(2)
    assert seen == ["1", "2"]
    assert isinstance(errors[0].exception, HandlerTimeoutError)
    assert errors[0].event.tone == "1"


async def test_terminated_waits_for_no_other_handler(scene: Scene) -> None:
    subscribing(scene)
    seen = noted(scene, "terminated")

    @scene.bot.tone
    async def press(event: Any) -> None:
        seen.append(event.tone)
        await scene.sleep(LONG)

    await scene.calls()
    await scene.presses("12")
    await scene.hangs_up()
    assert seen == ["1", "2", "terminated"]


async def test_a_handler_that_fails_stops_nothing(scene: Scene) -> None:
    subscribing(scene)
    seen: list[Any] = []
    scene.bot.error(lambda event: seen.append(type(event.exception)))

    @scene.bot.tone("1")
    async def fail(event: Any) -> None:
        raise KeyError

    @scene.bot.tone("2")
    async def go_on(event: Any) -> None:
        seen.append(event.tone)

    await scene.calls()
    await scene.presses("12")
    assert seen == [KeyError, "2"]
    assert scene.counted["failed"] == 1


async def test_a_handler_that_ends_with_its_call_has_not_failed(scene: Scene) -> None:
    seen: list[Any] = []
    scene.bot.error(seen.append)

    @scene.bot.media_active
    async def talk(call: Any) -> None:
        call.data["greeted"] = True
        await call.tones(max_digits=1, timeout=None)

    @scene.bot.terminated
    async def end(event: Any) -> None:
        seen.append(event.call.data)

    await scene.calls()
    await scene.hangs_up()
    assert seen == [{"greeted": True}]
    assert "failed" not in scene.counted


async def test_a_call_that_graph_no_longer_knows_ends_once(scene: Scene) -> None:
    seen: list[Any] = []

    @scene.bot.terminated
    async def end(event: Any) -> None:
        seen.append((event.synthesized, event.result))

    await scene.calls()
    await scene.passes(2 * 15 * 60)
    assert seen == []
    scene.forgets()
    await scene.passes(15 * 60)
    assert seen == [(True, None)]
    await scene.hangs_up()
    assert seen == [(True, None)]


async def test_an_incoming_call_that_nobody_decides_is_rejected(scene: Scene) -> None:
    late: list[Any] = []

    @scene.bot.incoming
    async def ring(call: Any) -> None:
        await scene.sleep(14)
        with pytest.raises((AlreadyDecided, CallEnded)):
            await call.answer()
        late.append(call)

    await scene.rings()
    await scene.passes(12.9)
    assert scene.asked() == []
    await scene.passes(0.2)
    assert scene.asked() == ["reject"]
    await scene.passes(2)
    assert late
    assert scene.asked() == ["reject"]


async def test_a_decided_call_is_not_rejected(scene: Scene) -> None:
    answering(scene)
    await scene.rings()
    await scene.passes(60)
    assert scene.asked() == ["answer"]


async def test_a_call_that_the_bot_rejects_can_be_nothing_else(scene: Scene) -> None:
    raised: list[type[Exception]] = []

    @scene.bot.incoming
    async def ring(call: Any) -> None:
        await call.reject(RejectReason.BUSY)
        try:
            await call.answer()
        except (AlreadyDecided, CallEnded) as error:
            raised.append(type(error))

    await scene.rings()
    await scene.passes(60)
    assert scene.asked() == ["reject"]
    assert len(raised) == 1


async def test_a_caller_who_gives_up_ends_the_call(scene: Scene) -> None:
    seen = noted(scene, "incoming", "terminated")
    await scene.rings()
    await scene.hangs_up()
    await scene.passes(60)
    assert seen[0] == "incoming"


async def test_data_is_kept_between_handlers(scene: Scene) -> None:
    seen: list[Any] = []

    @scene.bot.established
    async def begin(call: Any) -> None:
        call.data["caller"] = "Ann"

    subscribing(scene)

    @scene.bot.tone
    async def press(event: Any) -> None:
        seen.append(dict(event.call.data))

    await scene.calls()
    await scene.presses("1")
    assert seen == [{"caller": "Ann"}]
    call = await scene.bot.call(scene.call_id.upper().replace("-", ""))
    assert call is not None
    await call.load()
    assert call.data == {"caller": "Ann"}


async def test_a_recording_in_which_nobody_speaks_fails(scene: Scene) -> None:
    failures: list[str] = []

    @scene.bot.media_active
    async def record(call: Any) -> None:
        recording = await call.record()
        try:
            await recording.completed(timeout=30)
        except OperationFailed as error:
            failures.append(str(error))

    await scene.calls()
    await scene.finishes("recordResponse")
    (failure,) = failures
    assert "nobody began to speak" in failure
    assert "(400/8510)" in failure


async def test_a_created_call_is_known_and_is_one_of_the_live_ones(scene: Scene) -> None:
    await scene.calls()
    call = await scene.call()
    assert call is not None
    assert call.state is CallState.ESTABLISHED
    assert [one.id async for one in scene.bot.calls()] == [scene.call_id]
    await scene.hangs_up()
    assert [one.id async for one in scene.bot.calls()] == []
    with pytest.raises(CallEnded):
        await call.play_prompt(WAV)


async def test_a_filter_chooses(scene: Scene) -> None:
    subscribing(scene)
    seen: list[str] = []

    @scene.bot.tone("1", "#")
    async def press(event: Any) -> None:
        seen.append(event.tone)

    await scene.calls()
    await scene.presses("12#*")
    assert seen == ["1", "#"]


async def test_each_transfer_that_is_asked_for_may_fail(scene: Scene) -> None:
    seen: list[int | None] = []
    scene.bot.transfer_failed(lambda event: seen.append(event.result.subcode))
    await scene.calls()
    for _ in range(2):
        call = await scene.call()
        assert call is not None
        await call.transfer(BEN)
        await scene.transfer_fails()
    assert seen == [7000, 7000]
    call = await scene.call()
    assert call is not None
    assert call.state is CallState.ESTABLISHED


async def test_the_handlers_of_one_event_take_turns_too(scene: Scene) -> None:
    seen: list[str] = []

    @scene.bot.media_active
    async def talk(call: Any) -> None:
        seen.append("talk")
        await call.tones(max_digits=1, timeout=None)
        seen.append("heard")

    @scene.bot.any("media_active")
    async def note(event: Any) -> None:
        seen.append(event.kind)

    await scene.calls()
    assert seen == ["talk", "media_active"]
    await scene.presses("1")
    assert seen == ["talk", "media_active", "heard"]
