"""A notification that arrives just as the handlers of its call have come to their end."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from graph_comms.bot.events import ToneEvent
from tests.bot import samples
from tests.bot.service import BotUnderTest


@pytest.mark.anyio
async def test_the_next_event_is_handled_whenever_it_comes() -> None:
    under_test = BotUnderTest()
    handled: list[tuple[str, int]] = []

    @under_test.bot.tone
    async def note(event: ToneEvent) -> None:
        assert event.call is not None
        handled.append((event.call.id, event.sequence_id))

    await under_test.bot.start()
    calls = [str(uuid4()) for _ in range(60)]
    for turns, call in enumerate(calls):
        await under_test.post(samples.body(samples.tone(1, call=call)))
        for _ in range(turns):
            await asyncio.sleep(0)
        await under_test.post(samples.body(samples.tone(2, call=call)))
        await under_test.settle()
    assert handled == [(call, number) for call in calls for number in (1, 2)]
    await under_test.stop()
