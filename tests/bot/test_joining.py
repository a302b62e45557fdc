"""Who joins a call is answered in the response: in time, and with the data of the call at hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from tests.bot import samples
from tests.bot.service import BotUnderTest

pytestmark = pytest.mark.anyio


@pytest.fixture
async def tested() -> AsyncGenerator[BotUnderTest]:
    tested = BotUnderTest()
    await tested.bot.start()
    await tested.notify(*samples.answered_call()[:3])
    yield tested
    await tested.stop()


async def test_handlers_share_the_three_seconds(tested: BotUnderTest) -> None:
    for _ in range(2):

        @tested.bot.participant_joining
        async def join(event: Any) -> None:
            await asyncio.Event().wait()

    posted = asyncio.create_task(tested.post(samples.joining()))
    await tested.clock.advance(3)
    assert posted.done()
    assert b"acceptJoinResponse" in (await posted).body


async def test_a_handler_of_errors_keeps_nobody_from_joining(tested: BotUnderTest) -> None:
    told: list[str] = []

    @tested.bot.participant_joining
    async def join(event: Any) -> None:
        raise ValueError("no")

    @tested.bot.error
    async def tell(event: Any) -> None:
        await tested.clock.sleep(10)
        told.append(type(event.exception).__name__)

    posted = asyncio.create_task(tested.post(samples.joining()))
    await tested.clock.advance(3)
    assert posted.done()
    assert b"acceptJoinResponse" in (await posted).body
    await tested.clock.advance(7)
    assert told == ["ValueError"]


async def test_data_and_context_are_those_of_the_call(tested: BotUnderTest) -> None:
    call = await tested.bot.call(samples.CALL)
    assert call is not None
    call.data["joined"] = 1
    await call.save()
    del call
    seen: list[Any] = []

    @tested.bot.participant_joining
    async def join(event: Any) -> None:
        event.call.data["joined"] += 1
        seen.append(event.call.context.message_id)

    await tested.post(samples.joining(), message_id="one")
    assert seen == ["one"]
    call = await tested.bot.call(samples.CALL)
    assert call is not None
    assert call.data == {"joined": 2}


async def test_who_joins_is_counted(tested: BotUnderTest) -> None:
    before = tested.counted["received"]
    await tested.post(samples.joining())
    assert tested.counted["received"] == before + 1


@pytest.mark.parametrize("answer", ["accept", "reject", "invite_new_bot"])
async def test_each_answer_is_sent_as_its_type(tested: BotUnderTest, answer: str) -> None:
    arguments = ["https://other.contoso.com/bot"] if answer == "invite_new_bot" else []

    @tested.bot.participant_joining
    def join(event: Any) -> Any:
        assert event.joining.tenant_id == samples.TENANT
        return getattr(event, answer)(*arguments)

    reply = json.loads((await tested.post(samples.joining())).body)
    names = {"accept": "acceptJoin", "reject": "rejectJoin", "invite_new_bot": "inviteNewBot"}
    assert reply["@odata.type"] == f"#microsoft.graph.{names[answer]}Response"
    assert reply.get("inviteUri") == (arguments[0] if arguments else None)


async def test_another_answer_is_an_error_and_leaves_it_to_the_next(tested: BotUnderTest) -> None:
    errors: list[str] = []

    @tested.bot.participant_joining
    async def wrong(event: Any) -> str:
        return "yes"

    @tested.bot.participant_joining
    async def right(event: Any) -> Any:
        return event.reject()

    @tested.bot.error(TypeError)
    async def tell(event: Any) -> None:
        errors.append(str(event.exception))

    reply = await tested.post(samples.joining())
    assert b"rejectJoinResponse" in reply.body
    await tested.settle()
    assert errors == [
        "a handler of participant_joining returned str, not event.accept(), event.reject(), "
        "event.invite_new_bot() or None"
    ]


async def test_who_left_is_told_once(tested: BotUnderTest) -> None:
    gone: list[str] = []

    @tested.bot.participant_left_notification
    async def leave(event: Any) -> None:
        gone.append(event.participant_id)

    for _ in range(2):
        await tested.post(samples.left("participant-ann"))
        await tested.settle()
    assert gone == ["participant-ann"]
