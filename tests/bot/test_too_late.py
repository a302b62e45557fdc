"""An incoming call that nothing could decide in time: its bot was away."""

from __future__ import annotations

import httpx
import pytest

from graph_comms.bot.errors import AlreadyDecided
from tests.bot import samples
from tests.bot.manual_clock import ManualClock
from tests.bot.service import BotUnderTest
from tests.support.stores import SharedStore

pytestmark = pytest.mark.anyio


async def away() -> tuple[BotUnderTest, list[bool]]:
    """Return a bot that took in an incoming call and then was away until its deadline was over."""
    clock = ManualClock()
    tested = BotUnderTest(clock=clock, store=SharedStore(clock=clock))
    ends: list[bool] = []

    @tested.bot.terminated
    async def end(event: object) -> None:
        ends.append(event.synthesized)  # type: ignore[attr-defined]

    async with tested.bot.invocation():
        await tested.post(samples.body(samples.incoming()))
    await clock.advance(20)
    return tested, ends


async def test_graph_is_asked_whether_it_has_ended() -> None:
    tested, ends = await away()
    tested.service.answers["keepAlive"] = lambda _: httpx.Response(404, json={})
    assert await tested.bot.run_due() <= 4
    assert tested.service.actions() == ["keepAlive"]
    assert ends == [True]
    assert await tested.bot.run_due() == 0


async def test_it_is_left_alone_where_it_has_not(caplog: pytest.LogCaptureFixture) -> None:
    tested, ends = await away()
    assert await tested.bot.run_due() <= 4
    assert await tested.bot.run_due() == 0
    assert tested.service.actions() == ["keepAlive"]
    assert caplog.text.count("was not decided in time") == 1
    async with tested.bot:
        call = await tested.bot.call(samples.CALL)
        assert call is not None
        with pytest.raises(AlreadyDecided, match="deadline is over") as caught:
            await call.answer()
        assert caught.value.decided is None
    assert ends == []
