"""What is taken in of a delivery: of which tenants, in which forms, and what its headers say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from graph_comms.bot import BodyError, Context, LegacyBodyError, parse
from tests.bot import samples
from tests.bot.service import SIGNER, BotUnderTest

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 26, tzinfo=UTC)


class Told(BotUnderTest):
    """A bot that notes the kinds of its events, and rejects whoever joins."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.kinds: list[str] = []

        @self.bot.any
        async def note(event: Any) -> None:
            self.kinds.append(event.kind)

        @self.bot.participant_joining
        async def join(event: Any) -> Any:
            self.kinds.append(event.kind)
            return event.reject()


@pytest.fixture
async def told() -> AsyncIterator[Told]:
    told = Told()
    await told.bot.start()
    yield told
    await told.stop()


async def test_what_comes_at_once_is_told_in_the_order_in_which_it_came() -> None:
    tested, numbers = BotUnderTest(), [*range(1, 31)]
    pressed: list[int] = []

    @tested.bot.tone
    async def press(event: Any) -> None:
        await asyncio.sleep(0)
        pressed.append(event.sequence_id)

    async with tested.bot:
        sent = [samples.body(samples.tone(number)) for number in numbers]
        assert {reply.status for reply in await asyncio.gather(*map(tested.post, sent))} == {202}
        await tested.settle()
    assert pressed == numbers


async def test_what_is_nested_as_deep_as_is_read_is_told_as_it_was_sent() -> None:
    tested = BotUnderTest()
    seen: list[Any] = []

    @tested.bot.any
    async def note(event: Any) -> None:
        seen.append(event.raw)

    deep: Any = ["\u0000 \u2028 é 😀", 2**70, 1e16, -0.0, 1e-7]
    for levels in range(200):
        operation, item = samples.operation(), samples.call_item(state="established", deep=deep)
        operation["resourceData"]["deep"] = deep
        try:
            parse(samples.body(operation, item))
        except BodyError:
            assert levels > 190
            break
        sent, deep = [operation, item], [deep]
    async with tested.bot:
        await tested.notify(*sent)
    assert seen == sent


# -- tenants


@pytest.mark.parametrize(
    ("claims", "item"),
    [
        ({"tid": "ours"}, samples.call_item(tenantId="another")),
        ({"tid": "ours"}, {**samples.call_item(), "tenantId": "another"}),
        ({"tid": "ours"}, {**samples.call_item(tenantId="ours"), "tenantId": "another"}),
        ({"tid": "ours"}, {"tenantId": "another", "resource": "/nothing/known"}),
        ({"tid": "ours"}, {"resourceData": {"tenantId": "another"}}),
    ],
)
async def test_an_item_of_another_tenant_than_its_token_is_dropped(
    told: Told, caplog: pytest.LogCaptureFixture, claims: Any, item: Any
) -> None:
    good = samples.call_item(call=samples.OTHER_CALL, state="establishing", tenantId="OURS")
    reply = await told.post(samples.body(item, good), **claims)
    assert (reply.status, reply.body) == (202, b"")
    await told.settle()
    assert told.counted == {"received": 1, "dropped": 1, "queued": 0}
    assert told.kinds == ["updated"]
    assert await told.bot.call(samples.CALL) is None
    (line,) = caplog.messages
    assert line.startswith("1 notifications of another tenant than that of their token")


async def test_who_joins_a_call_of_another_tenant_is_not_answered(told: Told) -> None:
    await told.notify(*samples.answered_call()[:3])
    stranger = await told.post(samples.joining(), tid="another")  # the body names its own
    assert (stranger.status, stranger.body) == (202, b"")
    nameless = json.loads(samples.joining())
    del nameless["call"]["tenantId"]
    told.kinds.clear()
    assert (await told.post(json.dumps(nameless).encode(), tid=samples.TENANT)).status == 200
    await told.post(samples.body(samples.tone(1)), tid=samples.TENANT)
    reply = await told.post(json.dumps(nameless).encode(), tid="another")  # the call is known
    assert (reply.status, reply.body) == (202, b"")
    assert told.counted["dropped"] == 2
    assert told.kinds.count("participant_joining") == 1


async def test_a_trust_with_tenants_takes_no_others() -> None:
    told = Told(trust=replace(SIGNER.trust, tenants={"OURS"}))
    async with told.bot:
        for claims in ({"tid": "another"}, {}):
            assert (await told.post(samples.body(samples.tone(1)), **claims)).status == 202
        assert await told.bot.call(samples.CALL) is None
        await told.post(samples.body(samples.tone(1)), tid="ours")
        assert await told.bot.call(samples.CALL) is not None
    assert told.counted["dropped"] == 2


# -- forms of bodies


def test_a_body_may_begin_with_a_byte_order_mark() -> None:
    (item,) = parse(b"\xef\xbb\xbf" + samples.body(samples.tone(1)))
    assert getattr(item, "call_id", None) == samples.CALL


@pytest.mark.parametrize("name", ["commsNotifications", "Notifications", "changeNotifications"])
def test_a_collection_without_its_items_is_empty(name: str) -> None:
    assert parse(json.dumps({"@odata.type": f"#Microsoft.Graph.{name}"}).encode()) == []


def test_one_notification_may_come_without_a_collection() -> None:
    (item,) = parse(json.dumps(samples.tone(1)).encode())
    assert getattr(item, "call_id", None) == samples.CALL


@pytest.mark.parametrize(
    "document", [{}, {"id": "x"}, {"@odata.type": 7}, {"@odata.type": "#microsoft.graphics.call"}]
)
def test_an_object_of_no_type_of_graph_is_of_the_old_format(document: Any) -> None:
    with pytest.raises(LegacyBodyError):
        parse(json.dumps(document).encode())


def test_so_many_items_are_no_delivery() -> None:
    assert len(parse(b'{"value":[' + b"0," * 9_999 + b"0]}")) == 10_000
    with pytest.raises(BodyError, match="more than 10000 notifications"):
        parse(b'{"value":[' + b"0," * 10_000 + b"0]}")


# -- headers


def test_the_chain_serves_where_no_scenario_is_named() -> None:
    headers = {"x-microsoft-skype-chain-id": "chain", "x-microsoft-skype-message-id": "message"}
    context = Context.of(headers, "tenant", NOW)
    assert (context.scenario_id, context.chain_id) == ("chain", "chain")
    named = Context.of({**headers, "scenario-id": "scenario"}, "tenant", NOW)
    assert (named.scenario_id, named.chain_id, named.message_id) == ("scenario", "chain", "message")
    assert Context.from_json(json.loads(json.dumps(named.to_json()))) == named


def test_headers_are_kept_as_far_as_ids_go() -> None:
    context = Context.of({"client-request-id": "x" * 100_000}, None, NOW)
    assert context.client_request_id == "x" * 256
