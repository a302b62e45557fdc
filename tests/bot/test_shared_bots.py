"""Bots in several processes, each with a connection of its own to one store: SQLite's, and Redis."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import pytest

from graph_comms.bot import NewerFormatError, RedisStore, SystemClock
from graph_comms.bot.state import FORMAT
from graph_comms.bot.store import Change, Outcome
from tests.bot import samples
from tests.bot.service import BotUnderTest
from tests.support.stores import SHARED_KINDS, Place, RedisServer, place_of

pytestmark = pytest.mark.anyio

CALL_KEY = f"call/{samples.CALL}"

New = Callable[..., Awaitable[BotUnderTest]]


@pytest.fixture(params=SHARED_KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with place_of(request.param, tmp_path) as place:
        yield place


@pytest.fixture
async def new(place: Place) -> AsyncGenerator[New]:
    """Make bots that do not know of each other; each is started after its handlers are there."""
    async with AsyncExitStack() as stack:

        async def make(
            prepare: Callable[[BotUnderTest], None] = lambda tested: None, **options: Any
        ) -> BotUnderTest:
            tested = BotUnderTest(
                clock=SystemClock(), store=place.store(), **{"grace": 0.05} | options
            )
            prepare(tested)
            await stack.enter_async_context(tested.bot)
            return tested

        yield make


async def post(tested: BotUnderTest, *items: Any) -> float:
    """Deliver notifications; return when they were acknowledged."""
    assert (await tested.post(samples.body(*items))).status == 202
    return time.monotonic()


async def until(there: Callable[[], bool]) -> None:
    with anyio.fail_after(20):
        while not there():
            await asyncio.sleep(0.01)


async def ended_at(wait: Awaitable[object]) -> tuple[object, float]:
    return await wait, time.monotonic()


async def test_who_waits_in_another_process_is_woken_within_a_second(new: New) -> None:
    here, there = await new(), await new()
    await post(here, samples.call_item(state="established"))
    call = await here.bot.call(samples.CALL)
    assert call is not None
    played = await call.play_prompt("https://bot.contoso.com/hello.wav")
    completion = asyncio.create_task(ended_at(played.completed(timeout=30)))
    await asyncio.sleep(0.2)
    posted = await post(there, samples.operation())
    ended, at = await completion
    assert getattr(ended, "id", None) == samples.OPERATION
    assert at - posted < 1

    keys = asyncio.create_task(ended_at(call.tones(stop="#", timeout=30)))
    await asyncio.sleep(0.2)
    await post(there, samples.tone(1, "tone1"))
    posted = await post(there, samples.tone(2, "pound"))
    pressed, at = await keys
    assert pressed == "1"
    assert at - posted < 1


async def test_a_job_waits_without_starting_its_bot(new: New, place: Place) -> None:
    here, job = await new(), BotUnderTest(clock=SystemClock(), store=place.store())
    await post(here, samples.call_item(state="established"))
    call = await job.bot.call(samples.CALL)
    assert call is not None
    played = await call.play_prompt("https://bot.contoso.com/hello.wav")
    completion = asyncio.create_task(played.completed(timeout=30))
    await asyncio.sleep(0.2)
    await post(here, samples.operation())
    assert (await completion).id == samples.OPERATION
    await job.bot.store.close()


async def test_what_has_come_needs_no_time(new: New) -> None:
    here, there = await new(), await new()
    await post(here, samples.call_item(state="established"))
    call = await here.bot.call(samples.CALL)
    assert call is not None
    played = await call.play_prompt("https://bot.contoso.com/hello.wav")
    with pytest.raises(TimeoutError):
        await played.completed(timeout=0)
    await post(there, samples.operation(), samples.tone(1, "tone1"))
    assert (await played.completed(timeout=0)).id == samples.OPERATION
    assert await call.tones(timeout=0) == "1"


async def test_what_comes_at_once_is_told_once_whoever_goes_away_meanwhile(new: New) -> None:
    told: list[int] = []

    def noting(tested: BotUnderTest) -> None:
        @tested.bot.tone
        async def press(event: Any) -> None:
            told.append(event.sequence_id)

    processes = [await new(noting), await new(noting)]
    await post(processes[0], samples.call_item(state="established"))

    async def deliver(number: int) -> None:
        body, message_id = samples.body(samples.tone(number)), str(number)
        first = asyncio.create_task(processes[number % 2].post(body, message_id=message_id))
        await asyncio.sleep(number % 7 / 2_000)
        if number % 3 == 0:
            first.cancel()
        again = processes[(number + 1) % 2].post(body, message_id=message_id)
        _, answer = await asyncio.gather(first, again, return_exceptions=True)
        assert getattr(answer, "status", None) == 202

    numbers = [*range(1, 31)]
    await asyncio.gather(*map(deliver, numbers))
    await until(lambda: len(told) >= len(numbers))
    await asyncio.sleep(0.1)
    assert sorted(told) == numbers


async def test_what_a_process_leaves_when_it_stops_is_taken_at_once(new: New) -> None:
    begun: list[tuple[str, int, bool]] = []

    def handling(name: str) -> Callable[[BotUnderTest], None]:
        def prepare(tested: BotUnderTest) -> None:
            @tested.bot.tone
            async def press(event: Any) -> None:
                begun.append((name, event.sequence_id, event.redelivered))
                if name == "first":
                    await anyio.sleep_forever()

        return prepare

    first = await new(handling("first"), lease=300.0)
    await post(first, samples.tone(1), samples.tone(2))
    await until(lambda: bool(begun))
    await new(handling("second"), lease=300.0)
    await asyncio.sleep(1.2)  # in which it has looked for what is due
    assert begun == [("first", 1, False)]
    await first.bot.stop()
    stopped = time.monotonic()
    await until(lambda: len(begun) == 3)
    assert begun[1:] == [("second", 1, True), ("second", 2, False)]
    assert time.monotonic() - stopped < 3


async def test_a_call_that_a_newer_version_has_written_is_left_alone(
    new: New, place: Place
) -> None:
    handled: list[str] = []

    def prepare(tested: BotUnderTest) -> None:
        @tested.bot.tone
        async def press(event: Any) -> None:
            handled.append(event.call.id)

    store = place.store()
    await store.open()
    newer = Change(
        parts={
            "state": json.dumps({"format": FORMAT + 1, "calls": []}),
            "work": json.dumps({"queue": ["of another form"]}),
        },
        expires=time.time() + 600,
        due=time.time() - 60,
        pending=1,
    )
    assert await store.swap(CALL_KEY, 0, newer) is Outcome.WRITTEN
    tested = await new(prepare)
    assert (await tested.post(samples.body(samples.tone(1)))).status == 503
    await post(tested, samples.tone(1, call=samples.OTHER_CALL))
    await until(lambda: bool(handled))
    assert [call.id async for call in tested.bot.calls()] == [samples.OTHER_CALL]
    await asyncio.sleep(1.2)  # in which the bot has looked for what is due
    assert handled == [samples.OTHER_CALL]
    record = await store.read(CALL_KEY, ["state", "work"])
    assert record is not None
    assert (record.version, record.parts) == (1, newer.parts)
    await store.close()


async def test_a_call_that_a_newer_version_takes_over_is_left_to_it(
    new: New, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    begun: list[int] = []

    def prepare(tested: BotUnderTest) -> None:
        @tested.bot.tone
        async def press(event: Any) -> None:
            begun.append(event.sequence_id)
            await event.call.tones(max_digits=9, timeout=30)

    tested = await new(prepare)
    await post(tested, samples.tone(1))
    await until(lambda: bool(begun))
    store = place.store()
    await store.open()
    newer = {"state": json.dumps({"format": FORMAT + 1})}
    change = Change(parts=newer, expires=time.time() + 600, due=time.time() + 30, pending=1)
    while True:
        record = await store.read(CALL_KEY, ["state"])
        assert record is not None
        if await store.swap(CALL_KEY, record.version, change) is Outcome.WRITTEN:
            break
    await until(lambda: "was taken over by another process" in caplog.text)
    with pytest.raises(NewerFormatError):
        await tested.bot.call(samples.CALL)
    await post(tested, samples.tone(2, call=samples.OTHER_CALL))
    await until(lambda: begun == [1, 2])
    assert "running handlers failed" not in caplog.text
    after = await store.read(CALL_KEY, ["state"])
    assert after is not None
    assert (after.version, after.parts) == (record.version + 1, newer)
    await store.close()


async def test_a_bot_goes_on_when_its_store_was_away() -> None:
    pressed: list[int] = []
    with RedisServer() as server:
        tested = BotUnderTest(clock=SystemClock(), store=RedisStore(server.url), grace=0.05)

        @tested.bot.tone
        async def press(event: Any) -> None:
            pressed.append(event.sequence_id)

        async with tested.bot:
            await post(tested, samples.tone(1))
            await until(lambda: pressed == [1])
            server.stop()
            reply = await tested.post(samples.body(samples.tone(2)))
            assert (reply.status, "Retry-After" in reply.headers) == (503, True)
            server.start()
            await post(tested, samples.tone(2))
            await until(lambda: pressed == [1, 2])
