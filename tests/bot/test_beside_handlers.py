"""What runs beside handlers: those who are told of slow ones, tasks that they start, and the bot's end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from tests.bot import samples
from tests.bot.graph_side import RECORDS, Setting, post
from tests.bot.service import BotUnderTest

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
