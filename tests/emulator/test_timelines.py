"""What a bot is told of each kind of call, item by item, in both forms."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from graph_emulator import Emulator
from graph_emulator.wire import Forms
from tests.emulator.bots import CALLBACK, bot_of, call_to, joining

MEETING = "212 345 678 901 23"
CONNECTED = ["updated established mediaState", *["updated established chatInfo"] * 2]
"""Of an established call: its media, its chat, and the token of its meeting."""


@pytest.fixture(params=["wire", "docs"])
def svc(request: pytest.FixtureRequest) -> Generator[Emulator]:
    forms: Forms = request.param
    with Emulator(forms=forms) as svc:
        yield svc


def timeline(svc: Emulator, call_id: str | None) -> list[str]:
    """Return what was told of a call, in short: what has changed and to what, or how many take part."""
    bodies = [one.body for one in svc.log.notifications if one.call_id == call_id]
    return [line_of(item) for body in bodies for item in body["value"]]


def line_of(item: dict[str, Any]) -> str:
    data = item["resourceData"]
    if isinstance(data, list):
        return f"{item['changeType']} roster of {len(data)}"
    told = next((name for name in ("toneInfo", "chatInfo", "mediaState") if data.get(name)), "")
    if result := data.get("resultInfo"):
        told = f"{result['code']}/{result['subcode']}"
    return " ".join(filter(None, (item["changeType"], data.get("state"), told)))


def test_a_call_between_two(svc: Emulator) -> None:
    bot = bot_of(svc)

    @bot.media_active
    async def listen(call: Any) -> None:
        await call.subscribe_to_tone()

    svc.connect(bot)
    ann = svc.user("Ann").answers(after=2).presses("1", after=3).hangs_up(after=5)
    call = svc.client().calls.create(call_to(ann))
    svc.run()
    assert timeline(svc, call.id) == [
        "updated establishing",
        "updated established",
        *CONNECTED,
        "updated roster of 2",
        "updated established toneInfo",
        "deleted terminated 200/5002",
    ]


def test_a_captured_call_has_no_id_and_its_chain_in_all_but_keys() -> None:
    with Emulator() as svc:
        ann = svc.user("Ann").answers().presses("1", after=3).hangs_up(after=5)
        call = svc.client().calls.create(call_to(ann))
        svc.advance(seconds=3)
        svc.client().calls.subscribe_to_tone(str(call.id))
        svc.run()
        items = [one.body["value"][0] for one in svc.log.notifications]
    for item in items:
        assert item["resource"].startswith(f"/app/calls/{call.id}")
        assert item["resourceUrl"].startswith(f"/communications/calls/{call.id}")
        data = item["resourceData"]
        if isinstance(data, dict):
            assert "id" not in data
            assert ("callChainId" in data) is ("toneInfo" not in data)
    assert any("toneInfo" in item["resourceData"] for item in items)


@pytest.mark.parametrize(
    ("script", "end"),
    [("declines", "603/0"), ("does_not_answer", "487/10004"), ("is_busy", "486/560486")],
)
def test_a_call_between_two_that_is_not_taken(svc: Emulator, script: str, end: str) -> None:
    call = svc.client().calls.create(call_to(getattr(svc.user("Ann"), script)()))
    svc.run()
    assert timeline(svc, call.id) == ["updated establishing", f"deleted terminated {end}"]


def test_a_call_that_the_bot_ends(svc: Emulator) -> None:
    ann, ben = svc.user("Ann").answers(after=1), svc.user("Ben").answers(after=2)
    call = svc.client().calls.create(call_to(ann, ben))
    svc.run()
    told = len(timeline(svc, call.id))
    svc.client().calls.delete(str(call.id))
    svc.run()
    ends = ["updated terminating", "deleted terminated 200/5001"]
    assert timeline(svc, call.id)[told:] == ends


@pytest.mark.parametrize("seconds", [0.0, 0.15, 0.25, 2.2, 2.45])
def test_nothing_else_is_told_of_a_call_that_is_ending(svc: Emulator, seconds: float) -> None:
    call = svc.client().calls.create(call_to(svc.user("Ann").answers(after=2)))
    svc.advance(seconds=seconds)
    svc.client().calls.delete(str(call.id))
    svc.run()
    states = [line for line in timeline(svc, call.id) if "roster" not in line]
    assert states[-2:] == ["updated terminating", "deleted terminated 200/5001"]


def test_a_group(svc: Emulator) -> None:
    ann = svc.user("Ann").answers(after=2).hangs_up(after=5)
    ben = svc.user("Ben").answers(after=3).hangs_up(after=9)
    call = svc.client().calls.create(call_to(ann, ben))
    svc.run()
    assert timeline(svc, call.id) == [
        "updated establishing",
        "updated established",
        "updated established mediaState",
        "updated roster of 1",
        *CONNECTED[1:],
        "updated roster of 2",
        "updated roster of 3",
        "updated roster of 2",
        "updated roster of 1",
        "deleted terminated 200/5010",
    ]


def test_a_meeting_with_a_lobby(svc: Emulator) -> None:
    svc.meeting(MEETING, lobby=True).admits(after=20).joins(svc.user("Ann"), after=3)
    call = svc.client().calls.create(joining(MEETING, svc.tenant_id))
    svc.advance(seconds=19)
    waits = len(timeline(svc, call.id))
    assert waits == 2
    svc.run()
    # The documentation shows the chat of a meeting from the beginning.
    lines = [line.removesuffix(" chatInfo") for line in timeline(svc, call.id)]
    assert lines == [
        "updated establishing",
        "updated established",
        lines[waits],
        "updated roster of 1",
        *["updated established"] * 2,
        "updated roster of 2",
    ]
    assert "mediaState" in str(svc.log.notifications[waits].body)


def test_a_meeting_that_does_not_admit(svc: Emulator) -> None:
    svc.meeting(MEETING, lobby=True)
    call = svc.client().calls.create(joining(MEETING, svc.tenant_id))
    svc.run()
    assert len(timeline(svc, call.id)) == 2
    svc.advance(minutes=31)
    [*_, end] = timeline(svc, call.id)
    assert end.startswith("deleted terminated")


def test_an_incoming_call(svc: Emulator) -> None:
    bot = bot_of(svc)

    @bot.incoming
    async def ring(call: Any) -> None:
        await call.answer()

    svc.connect(bot)
    call = svc.rings(bot, from_=svc.user("Ann").hangs_up(after=5))
    svc.run()
    assert timeline(svc, call.id) == [
        "created incoming",
        "updated establishing",
        "updated established",
        *CONNECTED,
        "updated roster of 2",
        "deleted terminated 200/5002",
    ]
    first = svc.log.notifications[0].body["value"][0]["resourceData"]
    named = ("id", "source", "targets", "tenantId", "myParticipantId", "incomingContext")
    assert first.keys() >= {*named, "callChainId"}


def test_an_incoming_call_about_which_nobody_decides(svc: Emulator) -> None:
    call = svc.rings(CALLBACK, from_=svc.user("Ann"))
    svc.run()
    assert timeline(svc, call.id) == ["created incoming", "deleted terminated 408/8587"]
    assert svc.log.notifications[-1].time == 15.0


def test_an_incoming_call_that_is_rejected(svc: Emulator) -> None:
    call = svc.rings(CALLBACK, from_=svc.user("Ann"))
    svc.client().calls.reject(call.id)
    svc.run()
    assert timeline(svc, call.id) == ["created incoming", "deleted"]  # without a state
