"""What runs beside handlers: those who are told of slow ones, tasks that they start, and the bot's end."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import httpx
import pytest

from graph_comms import AsyncCommunicationsClient, RetryPolicy
from graph_comms.bot.errors import CallEnded
from tests.bot import samples
from tests.bot.graph_side import RECORDS, Setting, post
from tests.bot.manual_clock import ManualClock
from tests.bot.service import BotUnderTest
from tests.support.stores import SharedStore

pytestmark = pytest.mark.anyio


@pytest.fixture
async def tested() -> AsyncGenerator[BotUnderTest]:
    tested = BotUnderTest()
    await tested.bot.start()
    yield tested
    await tested.stop()


async def test_the_end_of_a_slow_handler_cuts_nobody_short(tested: BotUnderTest) -> None:
    told: list[str] = []

    @tested.bot.media_active
    async def slow(call: Any) -> None:
        await tested.clock.sleep(61)
        told.append("ended")

    @tested.bot.error
    async def tell(event: Any) -> None:
        await tested.clock.sleep(5)
        told.append(type(event.exception).__name__)

    await tested.notify(*samples.answered_call()[:3])
    await tested.clock.advance(61)
    assert told == ["ended"]
    await tested.clock.advance(4)
    assert told == ["ended", "HandlerTimeoutError"]


async def test_the_end_of_a_slow_handler_of_changes_cuts_nobody_short() -> None:
    setting, told = Setting(), list[str]()
    async with setting.changes() as changes:

        @changes.created
        async def slow(change: Any) -> None:
            await setting.clock.sleep(61)
            told.append("ended")

        @changes.error
        async def tell(failure: Any) -> None:
            await setting.clock.sleep(50)
            told.append(type(failure.exception).__name__)

        await changes.subscriptions.create(RECORDS)
        await post(changes, setting.graph.item())
        await setting.clock.advance(61)
        assert told == ["ended"]
        await setting.clock.advance(49)
        assert told == ["ended", "TimeoutError"]


async def test_a_task_that_outlasts_its_handler_has_the_call(tested: BotUnderTest) -> None:
    started: list[asyncio.Task[str]] = []

    async def menu(call: Any) -> str:
        await tested.clock.sleep(5)
        call.data["asked"] = True
        await call.save()
        tones: str = await call.tones(max_digits=1, timeout=60)
        return tones

    @tested.bot.media_active
    async def start(call: Any) -> None:
        started.append(asyncio.create_task(menu(call)))

    await tested.notify(*samples.answered_call()[:3])
    await tested.clock.advance(5)
    await tested.notify(samples.tone(1, "tone7"))
    assert await started[0] == "7"


async def test_nothing_is_kept_of_waits_that_are_over(tested: BotUnderTest) -> None:
    await tested.notify(samples.call_item(state="established"))
    call = await tested.bot.call(samples.CALL)
    assert call is not None
    playing = await call.play_prompt("https://bot.contoso.com/hello.wav")

    async def wait() -> None:
        with pytest.raises(CallEnded):
            await playing.completed()

    waiting = asyncio.create_task(wait())
    await tested.settle()
    await tested.notify(samples.terminated())
    await waiting
    gc.collect()  # the exception has a reference to itself
    assert not [*tested.bot.engine._signals]


async def test_the_bot_ends_with_its_handlers_whoever_waits_for_them(tested: BotUnderTest) -> None:
    @tested.bot.tone
    async def handle(event: Any) -> None:
        await tested.clock.sleep(5)

    await tested.notify(samples.tone(1))
    stopping = asyncio.create_task(tested.bot.stop())
    await tested.settle()
    due = asyncio.create_task(tested.bot.run_due())
    await tested.clock.advance(5)
    assert stopping.done()
    await tested.clock.advance(2)
    await asyncio.gather(stopping, due)


class CountingStore(SharedStore):
    """Counts how often somebody looks for what is due."""

    looks = 0

    async def due(self, kind: str, now: float, limit: int) -> Sequence[str]:
        self.looks += 1
        return await super().due(kind, now, limit)


async def test_a_bot_that_stops_does_not_look_for_work_without_a_pause() -> None:
    clock = ManualClock()
    tested = BotUnderTest(clock=clock, store=(store := CountingStore(clock=clock)))

    @tested.bot.tone
    async def handle(event: Any) -> None:
        await clock.sleep(10 if event.call.id == samples.CALL else 1)

    await tested.bot.start()
    await tested.notify(samples.tone(1))
    other = samples.OTHER_CALL
    await tested.notify(samples.tone(1, call=other), samples.tone(2, call=other))
    stopping = asyncio.create_task(tested.bot.stop())
    await clock.advance(1)  # what is left of the other call is due: another process may have it
    assert await store.next_due("call") == clock.now().timestamp()
    store.looks = 0
    await clock.advance(8)
    assert not stopping.done()
    assert store.looks < 40
    await clock.advance(1)
    assert stopping.done()


async def test_a_credential_that_fails_is_not_asked_without_a_pause(tested: BotUnderTest) -> None:
    asked: list[float] = []

    async def credential() -> str:
        asked.append(tested.bot.engine.now())
        raise RuntimeError("no token")

    transport = httpx.MockTransport(tested.service)
    tested.bot.engine.client = AsyncCommunicationsClient(credential, transport=transport)
    await tested.notify(samples.delta(2, samples.participant("ann")))
    await tested.clock.advance(50)
    assert len(asked) == 1
    await tested.clock.advance(20)
    assert len(asked) == 2


async def test_a_def_handler_of_errors_gets_what_blocks(tested: BotUnderTest) -> None:
    seen: list[Any] = []

    @tested.bot.tone
    async def fail(event: Any) -> None:
        raise ValueError

    @tested.bot.error
    def tell(event: Any) -> None:
        seen.append(event.event.tone)
        event.event.call.mute()

    await tested.notify(samples.tone(1))
    await tested.settle()
    assert seen == ["1"]
    assert tested.service.actions() == ["mute"]


async def test_a_def_handler_of_failed_changes_gets_what_blocks() -> None:
    setting, seen = Setting(), list[Any]()
    setting.graph.resources[f"{RECORDS}/r1"] = {"id": "r1"}
    async with setting.changes() as changes:

        @changes.created
        async def fail(change: Any) -> None:
            raise ValueError

        @changes.error
        def tell(failure: Any) -> None:
            seen.append(failure.event.fetch().id)

        await changes.subscriptions.create(RECORDS)
        await post(changes, setting.graph.item())
        for _ in range(50):
            await asyncio.sleep(0.002)
    assert seen == ["r1"]


async def test_what_is_due_is_done_up_to_the_limit() -> None:
    setting = Setting()
    changes = setting.changes()
    async with changes.invocation():
        kept = await changes.subscriptions.create(RECORDS)
        await changes.subscriptions.renew_soon(kept.wanted.name)
        await post(changes, setting.graph.item())
    assert await changes.run_due(1) == 1
    assert await changes.run_due(5) == 1


async def test_a_cancelled_handler_has_a_moment_to_end_before_the_bot_does() -> None:
    tested, ended = BotUnderTest(), list[str]()

    @tested.bot.established
    async def wait(call: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            await call.hang_up()
            ended.append("handler")

    await tested.bot.start()
    await tested.notify(*samples.answered_call()[:3])
    await tested.stop()
    ended.append("bot")
    assert ended == ["handler", "bot"]
    assert tested.service.actions() == ["DELETE"]


async def test_a_handler_of_errors_that_fails_stops_no_other(tested: BotUnderTest) -> None:
    told: list[str] = []

    @tested.bot.tone
    async def fail(event: Any) -> None:
        raise ValueError

    @tested.bot.error
    async def worse(event: Any) -> None:
        raise RuntimeError

    @tested.bot.error(ValueError)
    async def tell(event: Any) -> None:
        told.append(event.event.tone)

    @tested.bot.error(KeyError)
    async def other(event: Any) -> None:
        told.append("KeyError")

    await tested.notify(samples.tone(1))
    await tested.notify(samples.tone(2, "tone2"))
    assert told == ["1", "2"]


async def test_handlers_that_find_no_thread_wait_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tested, free, seen = BotUnderTest(threads=1), threading.Event(), list[str]()

    @tested.bot.established
    def hold(call: Any) -> None:
        free.wait(10)

    @tested.bot.tone
    def handle(event: Any) -> None:
        seen.append(event.tone)

    async with tested.bot:
        await tested.notify(samples.call_item(state="established"))
        await tested.notify(samples.tone(1, call=samples.OTHER_CALL))
        assert seen == []
        assert "all 1 threads for handlers are busy: see threads=" in caplog.text
        free.set()
        await tested.settle()
    assert "1" in seen


@pytest.mark.parametrize("status", [403, 500])
async def test_a_keep_alive_that_is_refused_is_tried_again(
    tested: BotUnderTest, status: int
) -> None:
    tested.bot.engine.client = AsyncCommunicationsClient(
        "token", transport=httpx.MockTransport(tested.service), retry=RetryPolicy(max_retries=0)
    )
    tested.service.answers["keepAlive"] = lambda _: httpx.Response(status, json={})
    await tested.notify(samples.call_item(state="established"))
    await tested.clock.advance(900)
    assert tested.service.actions() == ["keepAlive"]
    del tested.service.answers["keepAlive"]
    await tested.clock.advance(60)
    assert tested.service.actions() == ["keepAlive"] * 2
    await tested.clock.advance(800)
    assert tested.service.actions() == ["keepAlive"] * 2


async def test_a_rejection_that_graph_refuses_is_not_repeated(
    tested: BotUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    tested.service.answers["reject"] = lambda _: httpx.Response(403, json={})
    await tested.notify(samples.incoming())
    await tested.clock.advance(60)
    assert tested.service.actions() == ["reject"]
    assert "could not be rejected: PermissionDeniedError" in caplog.text


def test_a_kind_without_filters_says_so() -> None:
    with pytest.raises(TypeError, match="handlers of established have no filters"):
        BotUnderTest().bot.established("1")  # type: ignore[call-overload]


async def test_the_data_of_a_handler_that_failed_is_saved(tested: BotUnderTest) -> None:
    @tested.bot.established
    async def fail(call: Any) -> None:
        call.data["tried"] = True
        raise ValueError

    @tested.bot.participant_joining
    async def fail_too(event: Any) -> None:
        event.call.data["joined"] = True
        raise ValueError

    await tested.notify(samples.call_item(state="established"))
    await tested.post(samples.joining())
    await tested.settle()
    gc.collect()  # what is left of the call in memory
    assert (await tested.bot.engine.read_data(samples.CALL))[1] == {"tried": True, "joined": True}
