"""The life of calls: what handlers get, in what order, and what they can wait for."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from time import process_time, thread_time
from typing import Any

import httpx
import pytest

from graph_comms.bot.errors import CallEnded, OperationFailed
from graph_comms.bot.memory import MemoryStore
from graph_comms.models import Call, CallState, PlayPromptOperation
from tests.bot import samples
from tests.bot.manual_clock import ManualClock
from tests.bot.service import BotUnderTest

pytestmark = pytest.mark.anyio


@pytest.fixture
async def tested() -> AsyncGenerator[BotUnderTest]:
    tested = BotUnderTest()
    await tested.bot.start()
    yield tested
    await tested.stop()


def record(tested: BotUnderTest, *kinds: str) -> list[str]:
    """Register handlers that note the kinds of events."""
    seen: list[str] = []

    def handler(kind: str) -> Any:
        async def note(event: Any) -> None:
            assert event.call.id == samples.CALL if hasattr(event, "call") else event.id
            seen.append(kind)

        return note

    for kind in kinds:
        getattr(tested.bot, kind)(handler(kind))
    return seen


async def test_the_captured_sequence_is_handled_once_in_order(tested: BotUnderTest) -> None:
    seen = record(
        tested,
        "established",
        "media_active",
        "participant_joined",
        "tone",
        "operation",
        "terminated",
        "unknown",
        "error",
    )
    for sent in samples.answered_call():
        await tested.notify(sent)
        await tested.notify(sent)
    assert seen == [
        "established",
        "media_active",
        "participant_joined",
        "tone",
        "operation",
        "terminated",
    ]
    assert await tested.bot.call(samples.CALL) is None


async def test_nothing_is_asked_of_graph_before_the_answer(tested: BotUnderTest) -> None:
    release = asyncio.Event()

    @tested.bot.incoming
    async def ring(call: Any) -> None:
        await call.answer()
        await release.wait()

    reply = await tested.post(samples.body(samples.incoming()))
    assert (reply.status, reply.body, tested.service.requests) == (202, b"", [])
    await tested.settle()
    assert tested.service.actions() == ["answer"]
    release.set()


class Outcome(BaseException):
    """What a test's `fail` and `skip` raise, and nobody's `except Exception` catches."""


ENDS = [KeyError, asyncio.CancelledError, SystemExit, GeneratorExit, Outcome]


@pytest.mark.parametrize("raised", ENDS)
@pytest.mark.parametrize("awaited", [True, False])
async def test_whatever_a_handler_raises_stops_nothing(
    tested: BotUnderTest, raised: type[BaseException], awaited: bool
) -> None:
    seen: list[str] = []

    @tested.bot.error
    async def fail(event: Any) -> None:
        seen.append(type(event.exception).__name__)

    def press(event: Any) -> None:
        raise raised

    async def press_and_wait(event: Any) -> None:
        raise raised

    tested.bot.tone("1")(press_and_wait if awaited else press)

    @tested.bot.tone("2")
    async def go_on(event: Any) -> None:
        seen.append(event.tone)

    await tested.notify(samples.tone(1), samples.tone(2, "tone2"))
    assert seen == ["KeyError" if raised is KeyError else "HandlerCancelledError", "2"]
    assert tested.counted["failed"] == 1


@pytest.mark.parametrize("how", ["raise", "cancel", "group"])
async def test_a_handler_that_fails_stops_nothing(tested: BotUnderTest, how: str) -> None:
    seen: list[Any] = []

    @tested.bot.error
    async def fail(event: Any) -> None:
        seen.append(type(event.exception).__name__)

    @tested.bot.tone
    async def press(event: Any) -> None:
        if event.tone == "2":
            seen.append("2")
            return
        if how == "raise":
            raise KeyError("one")
        if how == "cancel":
            raise asyncio.CancelledError
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.sleep(0))
            raise ValueError

    await tested.notify(samples.tone(1), samples.tone(2, "tone2"))
    assert seen[0] in ("KeyError", "HandlerCancelledError", "ExceptionGroup")
    assert seen[1:] == ["2"]
    assert tested.counted["failed"] == 1


async def test_a_handler_fails_by_the_end_of_another_call(tested: BotUnderTest) -> None:
    errors: list[Any] = []
    tested.bot.error(errors.append)

    @tested.bot.media_active
    async def talk(call: Any) -> None:
        raise CallEnded(samples.OTHER_CALL)

    await tested.notify(*samples.answered_call()[:3])
    assert [type(one.exception) for one in errors] == [CallEnded]


async def test_a_policy_recorder_has_five_seconds(tested: BotUnderTest) -> None:
    await tested.notify(samples.incoming(botData={"user": {}}))
    await tested.clock.advance(2.9)
    assert tested.service.actions() == []
    await tested.clock.advance(0.2)
    assert tested.service.actions() == ["reject"]


async def test_a_repeated_delivery_is_a_duplicate(tested: BotUnderTest) -> None:
    seen = record(tested, "tone")
    await tested.notify(samples.tone(1), message_id="one")
    await tested.notify(samples.tone(2), message_id="one")
    assert seen == ["tone"]
    assert tested.counted == {"received": 1, "duplicate": 1, "queued": 0}


@pytest.mark.parametrize("ids", [("id-1", "id-2"), (None, None)])
async def test_how_an_operation_ended_is_known_after_the_call(
    tested: BotUnderTest, ids: tuple[str | None, str | None]
) -> None:
    await tested.notify(samples.call_item(state="established"))
    call = await tested.bot.call(samples.CALL)
    assert call is not None
    played = await call.play_prompt("https://bot.contoso.com/hello.wav", client_context="mine")
    recording = await call.record("https://bot.contoso.com/name.wav", client_context="other")
    played.started.id, recording.started.id = ids  # None: they are known by their clientContext
    waiting = asyncio.create_task(played.completed(timeout=30))
    await tested.settle()
    failure: Any = {"status": "failed", "code": 400, "subcode": 8510, "kind": "recordOperation"}
    await tested.notify(
        samples.operation("id-1", context="mine"),
        samples.operation("id-2", context="other", **failure),
        samples.terminated(),
    )
    assert isinstance(await waiting, PlayPromptOperation)
    with pytest.raises(OperationFailed, match=r"nobody began to speak .* \(400/8510\)"):
        await recording.completed(timeout=30)


async def test_an_ended_call_is_forgotten_after_a_day(tested: BotUnderTest) -> None:
    for sent in samples.answered_call():
        await tested.notify(sent)
    key = f"call/{samples.CALL}"
    record = await tested.bot.store.read(key, ("state", "roster", "data", "work"))
    assert record is not None
    assert "roster" not in record.parts
    assert "secret" not in record.parts["state"]
    await tested.clock.advance(24 * 3600)
    await tested.settle()
    assert await tested.bot.store.read(key, ("state",)) is None


async def test_a_full_queue_is_503(tested: BotUnderTest) -> None:
    other = BotUnderTest(queue=2)

    @other.bot.tone
    async def press(event: Any) -> None:
        await asyncio.Event().wait()

    await other.bot.start()
    await other.notify(samples.tone(1), samples.tone(2))
    reply = await other.post(samples.body(samples.tone(3)))
    assert (reply.status, reply.headers) == (503, {"Retry-After": "5"})
    await other.stop()


async def test_who_joins_is_answered_in_the_response(tested: BotUnderTest) -> None:
    bot = tested.bot
    asked: list[Any] = []

    @bot.participant_joining
    async def join(event: Any) -> Any:
        asked.append(event.call.id)
        return event.reject()

    reply = await tested.post(samples.joining())
    assert b"acceptJoinResponse" in reply.body  # the call is not known
    await tested.notify(*samples.answered_call()[:3])
    for _ in range(2):
        reply = await tested.post(samples.joining(), message_id="one")
        assert reply.status == 200
        assert b"rejectJoinResponse" in reply.body
    assert asked == [samples.CALL]


async def test_a_slow_answer_to_who_joins_is_the_default(tested: BotUnderTest) -> None:
    @tested.bot.participant_joining
    async def join(event: Any) -> Any:
        await asyncio.Event().wait()

    await tested.notify(*samples.answered_call()[:3])
    posted = asyncio.create_task(tested.post(samples.joining()))
    await tested.clock.advance(3)
    assert b"acceptJoinResponse" in (await posted).body


async def test_a_created_call_is_known_before_its_response(tested: BotUnderTest) -> None:
    from graph_comms.models import Call

    seen = record(tested, "established")

    def overtaken(request: httpx.Request) -> httpx.Response:
        return httpx.Response(201, json={"id": samples.CALL, "state": "establishing"})

    tested.service.answers[""] = overtaken
    await tested.notify(samples.answered_call()[1])
    call = await tested.bot.create(Call())
    assert tested.service.bodies[0]["callbackUri"] == "https://bot.contoso.com/api/calls"
    assert call.state is not None
    assert call.state.value == "established"
    assert seen == ["established"]


async def test_another_tenant_is_dropped_and_the_rest_goes_on(tested: BotUnderTest) -> None:
    seen = record(tested, "established", "tone")
    await tested.post(samples.body(samples.answered_call()[1]), tid=samples.TENANT)
    other = samples.item({"toneInfo": {"sequenceId": 1, "tone": "tone1"}}, call=samples.OTHER_CALL)
    stranger = {**other, "tenantId": "another"}
    reply = await tested.post(samples.body(stranger, samples.tone(1)), tid=samples.TENANT)
    await tested.settle()
    assert (reply.status, seen) == (202, ["established", "tone"])
    await tested.post(samples.body(samples.tone(2)), tid="another")
    await tested.settle()
    assert seen == ["established", "tone"]
    assert tested.counted["dropped"] == 2
    assert [call.id async for call in tested.bot.calls()] == [samples.CALL]


async def test_a_filter_chooses(tested: BotUnderTest) -> None:
    seen: list[str] = []

    @tested.bot.tone("1", "#")
    async def press(event: Any) -> None:
        seen.append(event.tone)

    @tested.bot.any
    async def everything(event: Any) -> None:
        seen.append(event.kind)

    await tested.notify(samples.tone(1, "tone1"), samples.tone(2, "tone2"))
    assert seen == ["established", "1", "tone", "tone"]


@pytest.mark.parametrize("wrong", [lambda: None, lambda a, b: None, "text"])
def test_a_handler_takes_one_argument(wrong: Any) -> None:
    with pytest.raises(TypeError, match="argument"):
        BotUnderTest().bot.tone()(wrong)


async def test_what_names_no_call_is_unknown_once(tested: BotUnderTest) -> None:
    seen: list[Any] = []

    @tested.bot.unknown
    async def note(event: Any) -> None:
        seen.append((event.call, event.raw["resource"], event.late))

    odd = {"changeType": "updated", "resource": "/app/holograms/1", "resourceData": {}}
    await tested.notify(odd)
    await tested.notify(odd)
    assert seen == [(None, "/app/holograms/1", False)]
    await tested.clock.advance(24 * 3600)
    await tested.settle()
    assert not [key async for key in tested.bot.store.live("call")]


async def test_a_gap_in_the_changes_of_a_roster_is_filled(tested: BotUnderTest) -> None:
    seen = record(tested, "participant_joined")
    ann, bob = samples.participant("ann"), samples.participant("bob")
    tested.service.answers["participants"] = lambda _: httpx.Response(
        200, json={"value": [ann, bob]}
    )
    await tested.notify(samples.delta(1, ann))
    await tested.notify(samples.delta(3, bob))
    await tested.clock.advance(1)
    assert seen == ["participant_joined", "participant_joined"]
    assert tested.service.actions() == ["GET"]
    await tested.notify(samples.delta(4, samples.participant("eve")))
    assert len(seen) == 3


@asynccontextmanager
async def loop_watched() -> AsyncGenerator[list[float]]:
    """Note the seconds that each round of the event loop takes of the processor."""
    rounds: list[float] = []

    async def watch() -> None:
        while True:
            before = thread_time()
            await asyncio.sleep(0)
            rounds.append(thread_time() - before)

    gc.disable()  # what it costs depends on all else that the tests have left
    watching = asyncio.create_task(watch())
    try:
        yield rounds
    finally:
        watching.cancel()
        gc.enable()


def meeting() -> list[Any]:
    """A thousand participants, as large as those of the service."""
    stream = {"mediaType": "audio", "direction": "sendReceive", "label": "x" * 110}
    return [
        {**samples.participant(f"{number}"), "mediaStreams": [stream] * 10}
        for number in range(1000)
    ]


async def test_a_roster_of_a_thousand_keeps_nobody_waiting(tested: BotUnderTest) -> None:
    joined: list[Any] = []
    read: list[str] = []
    store = tested.bot.store
    begun_at = process_time()

    @tested.bot.participant_joined
    async def join(event: Any) -> None:
        joined.append(event.participant.id)

    async def read_and_note(key: str, names: Any) -> Any:
        read.extend(name for name in names if name.startswith("source/"))
        return await MemoryStore.read(store, key, names)  # type: ignore[arg-type]

    store.read = read_and_note  # type: ignore[method-assign]
    people = meeting()
    body = samples.body(samples.roster(*people))
    async with loop_watched() as rounds:
        assert (await tested.post(body)).status == 202
        while len(joined) < 1000:
            await asyncio.sleep(0.01)
    assert joined == [person["id"] for person in people]
    assert len(body) > 2_000_000
    assert max(rounds) < 0.05
    assert len(read) == 1
    assert process_time() - begun_at < 15


async def test_a_thousand_who_are_asked_for_keep_nobody_waiting(tested: BotUnderTest) -> None:
    first, last = meeting()[:999], meeting()[999:]
    link = "https://graph.microsoft.com/v1.0/communications/calls/1/participants?$skiptoken=1"
    pages = [{"value": first, "@odata.nextLink": link}, {"value": last}]
    answers = [httpx.Response(200, json=page) for page in pages]
    tested.service.answers["participants"] = lambda _: answers.pop(0)
    await tested.notify(samples.tone(1))
    async with loop_watched() as rounds:
        await tested.notify(samples.delta(3, last[0]))
        call = await tested.bot.call(samples.CALL)
        assert call is not None
        while len(call.roster) < 1000:
            await tested.clock.advance(1)
    assert max(rounds) < 0.05


async def test_a_roster_that_cannot_be_read_is_asked_for_again_later(tested: BotUnderTest) -> None:
    ann = samples.participant("ann")
    tested.service.answers["participants"] = lambda _: httpx.Response(403, json={})
    await tested.notify(samples.delta(2, ann))
    await tested.clock.advance(50)
    assert tested.service.actions() == ["GET"]
    tested.service.answers["participants"] = lambda _: httpx.Response(200, json={"value": [ann]})
    await tested.clock.advance(20)
    assert tested.service.actions() == ["GET", "GET"]
    call = await tested.bot.call(samples.CALL)
    assert call is not None
    assert [*call.roster] == ["participant-ann"]


async def test_the_result_of_a_failed_transfer_is_read_however_it_is_spelled(
    tested: BotUnderTest,
) -> None:
    results: list[Any] = []
    tested.bot.transfer_failed(lambda event: results.append(event.result.subcode))
    await tested.notify(*samples.answered_call()[:3])
    await tested.notify(
        samples.call_item(state="transferring"),
        samples.call_item(state="established", resultInfo={"code": 500, "subCode": 7000}),
    )
    assert results == [7000]


async def test_a_bot_that_stopped_refuses(tested: BotUnderTest, caplog: Any) -> None:
    await tested.notify(*samples.answered_call()[:3])
    await tested.stop()
    assert (await tested.post(samples.body(samples.tone(1)))).status == 503
    assert "1 live calls and 0 events" in caplog.text


async def test_a_bot_that_was_not_started_starts_and_warns_once(caplog: Any) -> None:
    tested = BotUnderTest()
    seen = record(tested, "tone")
    for number in (1, 2):
        await tested.notify(samples.tone(number))
    assert seen == ["tone", "tone"]
    assert caplog.text.count("the bot was not started") == 1
    await tested.stop()


async def test_what_waits_when_a_bot_starts_late_is_told() -> None:
    tested = BotUnderTest()
    call = await tested.bot.create(Call())
    played = await call.play_prompt("https://bot.contoso.com/hello.wav")
    completion = asyncio.create_task(played.completed())
    await tested.settle()
    await tested.notify(samples.call_item(state="established"), samples.operation())
    assert call.state is CallState.ESTABLISHED
    assert (await completion).id == samples.OPERATION
    await tested.stop()


async def test_stopping_lets_handlers_finish_and_cancels_the_rest() -> None:
    tested, ended = BotUnderTest(), list[str]()

    @tested.bot.tone("1")
    async def brief(event: Any) -> None:
        await tested.clock.sleep(10)
        ended.append("brief")

    @tested.bot.established
    async def endless(call: Any) -> None:
        try:
            await call.tones(max_digits=2, timeout=None)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    await tested.bot.start()
    await tested.notify(samples.tone(1))
    await tested.stop()
    assert ended == ["brief", "cancelled"]


async def test_what_runs_nowhere_between_requests_is_done_when_due() -> None:
    tested = BotUnderTest()
    seen = record(tested, "media_active", "tone", "terminated")
    for sent in samples.answered_call():
        async with tested.bot.invocation():
            assert (await tested.post(samples.body(sent))).status == 202
    assert seen == []
    assert await tested.bot.run_due(limit=10) == 1
    assert seen == ["media_active", "tone", "terminated"]
    assert await tested.bot.run_due(limit=10) == 0


async def test_others_have_their_turn_while_many_calls_are_due(tested: BotUnderTest) -> None:
    calls = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(2_000)]
    await tested.notify(*(samples.answered_call(call)[-1] for call in calls))
    left = set[int]()

    async def watch() -> None:
        while len(left) < 2 or min(left):
            due = await tested.bot.store.due("call", tested.clock.now().timestamp(), len(calls))
            left.add(len(due))
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    await tested.clock.leap(24 * 3600)
    await watching
    assert len(left) > 10


class MeanwhileStore(MemoryStore):
    """A store in which something happens while it is asked what is due next."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def next_due(self, kind: str) -> float | None:
        due = await super().next_due(kind)
        if act := self.meanwhile:
            self.meanwhile = None
            await act()
        return due


async def test_a_call_that_comes_while_the_store_is_asked_is_decided_in_time() -> None:
    clock = ManualClock()
    store = MeanwhileStore(clock=clock)
    tested = BotUnderTest(clock=clock, store=store)
    await tested.bot.start()
    store.meanwhile = partial(tested.post, samples.body(samples.incoming(call=samples.OTHER_CALL)))
    await tested.notify(samples.answered_call()[0])
    assert store.meanwhile is None
    await clock.advance(13)
    assert tested.service.actions() == ["reject"]
    await tested.stop()


async def test_a_call_that_is_due_while_the_store_is_asked_is_decided_in_time() -> None:
    clock = ManualClock()
    store = MeanwhileStore(clock=clock)
    tested = BotUnderTest(clock=clock, store=store)
    record(tested, "tone")
    await tested.bot.start()
    await tested.notify(samples.incoming())
    await clock.advance(12)

    async def pass_time() -> None:
        clock.skip(1)

    store.meanwhile = pass_time
    await tested.notify(samples.tone(1, call=samples.OTHER_CALL))
    assert store.meanwhile is None
    assert tested.service.actions() == ["reject"]
    await tested.stop()


async def test_what_becomes_due_while_a_handler_waits_is_done() -> None:
    tested = BotUnderTest()
    bot = tested.bot

    @bot.media_active
    async def talk(call: Any) -> None:
        await call.tones(max_digits=1, timeout=None)
        await call.hang_up()

    @bot.incoming
    async def ring(call: Any) -> None:
        await call.answer()

    async with bot.invocation():
        await tested.post(samples.body(*samples.answered_call()[:3]))
        running = asyncio.create_task(bot.run_due())
        await tested.clock.advance(0)
        assert tested.service.actions() == ["subscribeToTone"]
        await tested.post(samples.body(samples.incoming(call=samples.OTHER_CALL)))
        await tested.clock.advance(2)
        assert tested.service.actions() == ["subscribeToTone", "answer"]
        assert not running.done()
        await tested.post(samples.body(samples.tone(1)))
        await tested.clock.advance(2)
        assert tested.service.actions() == ["subscribeToTone", "answer", "DELETE"]
        assert await running == 2


async def test_an_event_that_the_kit_cannot_make_is_left_behind(
    tested: BotUnderTest, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    seen = record(tested, "tone")
    with monkeypatch.context() as patch:
        patch.setattr("graph_comms.bot.lanes.make_event", lambda *_, **__: 1 / 0)
        await tested.notify(samples.tone(1))
    assert "could not be handled" in caplog.text
    await tested.notify(samples.tone(2))
    assert seen == ["tone"]


async def test_a_bot_takes_the_time_of_another_clock_until_it_runs() -> None:
    tested = BotUnderTest()
    changes = tested.bot.changes
    tested.bot.clock = clock = ManualClock()
    await tested.bot.start()
    assert tested.bot.clock is clock
    await tested.notify(samples.incoming())
    await clock.advance(13)
    assert tested.service.actions() == ["reject"]
    with pytest.raises(RuntimeError, match="before the bot starts"):
        tested.bot.clock = ManualClock()
    assert changes is tested.bot.changes
    stopping = asyncio.create_task(tested.bot.stop())
    await clock.advance(30)
    await stopping
