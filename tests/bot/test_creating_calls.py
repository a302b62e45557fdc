"""Calls that the bot makes are known before their answer, and have the bot's callback URI."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from graph_comms.bot.creating import create, join
from graph_comms.bot.meeting_link import MeetingLink
from graph_comms.models import (
    Call,
    CallState,
    Identity,
    IdentitySet,
    InvitationParticipantInfo,
    Modality,
    ServiceHostedMediaConfig,
)  # fmt: skip
from tests.bot.keeping import CALL, CALLBACK, Graph, Process, Sent, established

pytestmark = pytest.mark.anyio


def created(sent: Sent) -> httpx.Response:
    own = {"id": CALL, "state": "establishing", "tenantId": "t", "callChainId": "c"}
    return httpx.Response(201, json=sent.body | own)


@pytest.fixture
def process() -> Process:
    return Process(Graph({"POST": created}))


def outgoing(**properties: Any) -> Call:
    return Call(
        targets=[InvitationParticipantInfo(identity=IdentitySet(user=Identity(id="u")))],
        requested_modalities=[Modality.AUDIO],
        media_config=ServiceHostedMediaConfig(),
        tenant_id="t",
        **properties,
    )


async def test_a_call_gets_the_callback_uri_of_the_bot(process: Process) -> None:
    given = outgoing()
    call = await create(process, given)
    (sent,) = process.graph.sent
    assert sent.body["callbackUri"] == CALLBACK
    assert given.callback_uri is None
    assert (call.id, call.state, call.tenant_id) == (CALL, CallState.ESTABLISHING, "t")


async def test_a_callback_uri_of_its_own_is_kept(process: Process) -> None:
    await create(process, outgoing(callback_uri="https://other.contoso.com/calls"))
    assert process.graph.sent[0].body["callbackUri"] == "https://other.contoso.com/calls"


async def test_the_call_is_the_one_that_notifications_were_about(process: Process) -> None:
    live = []

    def overtaken(sent: Sent) -> httpx.Response:
        live.append(established(process))
        return created(sent)

    process.graph.answers["POST"] = overtaken
    call = await create(process, outgoing())
    assert call is live[0]
    assert call.state is CallState.ESTABLISHED


async def test_the_data_of_the_call_is_read(process: Process) -> None:
    def overtaken(sent: Sent) -> httpx.Response:
        process.shared.data[CALL] = 1, '{"from": "a handler"}'
        return created(sent)

    process.graph.answers["POST"] = overtaken
    assert (await create(process, outgoing())).data == {"from": "a handler"}


async def test_an_answer_without_an_id_is_an_error(process: Process) -> None:
    process.graph.answers["POST"] = lambda sent: httpx.Response(201, json={"state": "establishing"})
    with pytest.raises(ValueError, match="its answer has no id"):
        await create(process, outgoing())


LINK = "https://teams.microsoft.com/meet/21234567890123?p=aB3x9Z"


@pytest.mark.parametrize("link", [LINK, MeetingLink.parse(LINK)])
async def test_a_meeting_is_joined_by_its_link(process: Process, link: MeetingLink | str) -> None:
    call = await join(process, link, tenant_id="t")
    body = process.graph.sent[0].body
    assert body["meetingInfo"]["joinMeetingId"] == "21234567890123"
    assert body["meetingInfo"]["passcode"] == "aB3x9Z"
    assert (body["callbackUri"], body["tenantId"]) == (CALLBACK, "t")
    assert body["requestedModalities"] == ["audio"]
    assert body["mediaConfig"] == {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"}
    assert call.id == CALL


async def test_a_link_without_tenant_is_refused_before_anything_is_sent(process: Process) -> None:
    with pytest.raises(ValueError, match="pass tenant_id"):
        await join(process, LINK)
    assert process.graph.sent == []
