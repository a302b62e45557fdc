"""The change notifications of a bot start, stop and run with it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from graph_comms.bot import Bot
from graph_comms.bot.changes import Change
from graph_comms.bot.testing import ChangeSigner
from graph_comms.models.call_records import CallRecord
from tests.bot import samples
from tests.bot.graph_side import RECORDS, URL, GraphSide
from tests.bot.manual_clock import ManualClock, settle
from tests.bot.service import CALLBACK, SIGNER

pytestmark = pytest.mark.anyio


def bot_of(graph: GraphSide, clock: ManualClock) -> Bot:
    return Bot(
        graph.client(),
        app_id=samples.APP,
        callback_uri=CALLBACK,
        trust=SIGNER.trust,
        clock=clock,
        notification_url=URL,
    )


async def post(bot: Bot, item: Any) -> int:
    reply = await bot.changes.handle("POST", {}, "", json.dumps({"value": [item]}).encode())
    return reply.status


async def test_changes_are_handled_while_the_bot_runs() -> None:
    graph, clock = GraphSide(), ManualClock()
    bot, seen = bot_of(graph, clock), list[Any]()

    @bot.changes.created(CallRecord)
    async def keep(change: Any) -> None:
        seen.append(change.id)

    async with bot:
        await bot.changes.subscriptions.create(RECORDS)
        assert await post(bot, graph.item()) == 202
        for _ in range(5):
            await settle()
        assert seen == ["r1"]
    reply = await bot.handle("POST", SIGNER.headers(), "", samples.body(samples.tone(1)))
    assert reply.status == 503


async def test_a_signer_of_changes_is_believed_where_it_is_the_publisher() -> None:
    signer = ChangeSigner(samples.APP)
    graph, clock = GraphSide(), ManualClock()
    bot = Bot(
        graph.client(),
        app_id=samples.APP,
        callback_uri=CALLBACK,
        trust=SIGNER.trust,
        clock=clock,
        notification_url=URL,
        certificates=[signer.certificate],
        publisher=signer.publisher,
    )
    seen: list[Any] = []

    @bot.changes.created(CallRecord)
    async def keep(change: Change[CallRecord]) -> None:
        seen.append(change.resource)

    async with bot.invocation():
        await bot.changes.subscriptions.create(RECORDS, include_resource_data=True)
        item = graph.item(encryptedContent=signer.encrypt({"id": "r1", "version": 2}))
        body = {"value": [item], "validationTokens": [signer.token()]}
        await bot.changes.handle("POST", {}, "", json.dumps(body).encode())
    assert await bot.run_due(limit=10) == 1
    assert [record.version for record in seen] == [2]


async def test_of_several_invocations_the_last_one_ends_the_bot(
    caplog: pytest.LogCaptureFixture,
) -> None:
    graph = GraphSide()
    bot = bot_of(graph, ManualClock())
    subscriptions = bot.changes.subscriptions
    body = samples.body(samples.tone(1))
    async with bot.invocation():
        await subscriptions.create(RECORDS)
        async with bot.invocation():
            assert (await bot.handle("POST", SIGNER.headers(), "", body)).status == 202
        assert await post(bot, graph.item()) == 202
        assert (await bot.handle("POST", SIGNER.headers(), "", body)).status == 202
        assert caplog.messages == []
    assert await post(bot, graph.item()) == 503


async def test_changes_are_handled_when_due() -> None:
    graph, clock = GraphSide(), ManualClock()
    bot, seen = bot_of(graph, clock), list[Any]()

    @bot.changes.created(CallRecord)
    async def keep(change: Any) -> None:
        seen.append(change.id)

    async with bot.invocation():
        await bot.changes.subscriptions.create(RECORDS)
        assert await post(bot, graph.item()) == 202
    assert seen == []
    assert await bot.run_due(limit=10) == 1
    assert seen == ["r1"]
    assert bot.changes.thread is bot.thread
