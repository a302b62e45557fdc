"""Meetings: joined by a link or an id, with people who come and go, and with a lobby."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from graph_comms import GraphHTTPError
from graph_emulator import Emulator
from tests.emulator.bots import bot_of, joining, states

LINK = (
    "https://teams.microsoft.com/l/meetup-join/19%3ameeting_Win6Ydo4wsMijFjZS00ZGVjLTk5MGUtOTRjNWY2NmNkYTFm"
    "%40thread.v2/0?context=%7b%22Tid%22%3a%2286dc81db-c112-4228-9222-63f3e5aa1edb%22%2c"
    "%22Oid%22%3a%225810cede-f3cc-42eb-b2c1-e9bd5d53ec96%22%7d"
)


@pytest.fixture
def svc() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


def test_a_bot_joins_a_meeting(svc: Emulator) -> None:
    bot, seen = bot_of(svc), list[str]()
    bot.participant_joined(lambda event: seen.append("joined"))
    bot.participant_left(lambda event: seen.append("left"))
    svc.connect(bot)
    ann, ben = svc.user("Ann"), svc.user("Ben")
    svc.meeting(join_url=LINK).joins(ann).joins(ben, after=5).leaves(ben, after=8).leaves(
        ann, after=9
    )
    call = svc.client().calls.create(joining(LINK, svc.tenant_id))
    svc.run()
    assert seen == ["joined", "joined", "left", "left"]
    assert svc.calls[str(call.id)].shape == "meeting"
    assert svc.calls[str(call.id)].ended_by == "service"


def test_a_meeting_that_nobody_declared_is_empty(svc: Emulator) -> None:
    call = svc.client().calls.create(joining("212 345 678 901 23", svc.tenant_id))
    svc.run()
    assert [one.id for one in svc.calls[str(call.id)].roster] == [svc.calls[str(call.id)].bot_id]
    assert svc.calls[str(call.id)].state == "established"


def test_a_bot_waits_in_the_lobby(svc: Emulator) -> None:
    bot, seen = bot_of(svc), list[Any]()

    @bot.media_active
    async def active(call: Any) -> None:
        seen.append(svc.clock.now().second)

    svc.connect(bot)
    svc.meeting(join_url=LINK, lobby=True).admits(after=20)
    call = svc.client().calls.create(joining(LINK, svc.tenant_id))
    svc.advance(seconds=10)
    assert svc.calls[str(call.id)].roster[0].in_lobby
    assert states(svc, call.id) == ["establishing", "established"]
    svc.run()
    assert not svc.calls[str(call.id)].roster[0].in_lobby
    assert seen == [20]


def test_a_bot_that_nobody_admits_is_let_go(svc: Emulator) -> None:
    svc.meeting(join_url=LINK, lobby=True)
    call = svc.client().calls.create(joining(LINK, svc.tenant_id))
    svc.run()
    assert svc.calls[str(call.id)].state == "established"
    svc.advance(minutes=31)
    assert svc.calls[str(call.id)].ended_by == "service"


def test_a_wrong_passcode_is_refused(svc: Emulator) -> None:
    svc.meeting(join_url="212 345 678 901 23", passcode="right")
    for passcode in ("wrong", None):
        with pytest.raises(GraphHTTPError) as raised:
            svc.client().calls.create(joining("212 345 678 901 23", svc.tenant_id, passcode))
        assert raised.value.code == "8561"
    assert svc.client().calls.create(joining("21234567890123", svc.tenant_id, "right")).id


@pytest.mark.parametrize(
    ("missing", "message"),
    [("tenant_id", "Request authorization tenant mismatch"), ("chat_info", "required to join")],
)
def test_what_joining_needs(svc: Emulator, missing: str, message: str) -> None:
    call = joining(LINK, svc.tenant_id)
    setattr(call, missing, None)
    with pytest.raises(GraphHTTPError, match=message):
        svc.client().calls.create(call)
