"""Calls of several: who is rung, invited, muted, removed, and left alone."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from graph_comms import GraphHTTPError, PermissionDeniedError
from graph_comms.models import AppHostedMediaConfig, ScreenSharingRole
from graph_emulator import Emulator
from tests.emulator.bots import bot_of, call_to, target


@pytest.fixture
def svc() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


@pytest.fixture
def joined(svc: Emulator) -> list[str]:
    """Connect a bot, and return who it was told has joined or left, in order."""
    bot = bot_of(svc)
    seen: list[str] = []

    def name(event: Any) -> str:
        return str(event.participant.info.identity.user.display_name)

    bot.participant_joined(lambda event: seen.append(f"+{name(event)}"))
    bot.participant_left(lambda event: seen.append(f"-{name(event)}"))
    bot.participant_changed(
        lambda event: seen.append(f"{name(event)} {event.participant.is_muted}")
    )
    svc.connect(bot)
    return seen


@pytest.mark.parametrize("deltas", [False, True])
def test_who_takes_part(svc: Emulator, joined: list[str], deltas: bool) -> None:
    ann, ben = svc.user("Ann").answers(after=1), svc.user("Ben").answers(after=3)
    call = svc.client().calls.create(call_to(ann, ben, deltas=deltas))
    svc.run()
    assert joined == ["+Ann", "+Ben"]
    listed = list(svc.client().calls.participants.list(str(call.id)))
    assert [one.id for one in listed] == [one.id for one in svc.calls[str(call.id)].roster]
    got = svc.client().calls.participants.get(str(call.id), str(listed[1].id))
    context = got.to_dict()["@odata.context"]
    assert got.to_dict() == {"@odata.context": context, **listed[1].to_dict()}


def test_a_group_ends_when_the_last_has_left(svc: Emulator, joined: list[str]) -> None:
    ann = svc.user("Ann").answers(after=1).hangs_up(after=5)
    ben = svc.user("Ben").answers(after=1).hangs_up(after=8)
    call = svc.client().calls.create(call_to(ann, ben))
    svc.run()
    ended = svc.calls[str(call.id)]
    assert joined == ["+Ann", "+Ben", "-Ann", "-Ben"]
    assert ended.ended_by == "service"
    assert ended.result is not None
    assert ended.result["subcode"] == 5010


def test_a_group_that_everybody_declines_ends(svc: Emulator, joined: list[str]) -> None:
    call = svc.client().calls.create(
        call_to(svc.user("Ann").declines(), svc.user("Ben").does_not_answer())
    )
    svc.run()
    result = svc.calls[str(call.id)].result
    assert result is not None
    assert result["subcode"] == 5003
    assert joined == []


def test_a_person_is_invited(svc: Emulator, joined: list[str]) -> None:
    bot, done = bot_of(svc), list[str]()

    @bot.media_active
    async def invite(call: Any) -> None:
        cleo = svc.user("Cleo").answers(after=2)
        invited = await call.participants.invite([target(cleo)])
        done.append((await invited.completed(timeout=30)).status.value)

    svc.connect(bot)
    svc.client().calls.create(call_to(svc.user("Ann").answers(), svc.user("Ben").answers()))
    svc.run()
    assert done == ["completed"]
    assert svc.log.operations == ["create", "invite"]


@pytest.mark.parametrize("from_group", [False, True])
def test_a_person_is_invited_from_another_call(svc: Emulator, from_group: bool) -> None:
    ann, ben, eve = (svc.user(name).answers() for name in ("Ann", "Ben", "Eve"))
    group = svc.client().calls.create(call_to(ann, ben))
    bot = bot_of(svc)
    bot.incoming(lambda call: call.answer())
    svc.connect(bot)
    cleo, dan = svc.user("Cleo"), svc.user("Dan").answers(after=3)
    if from_group:
        replaced = svc.calls[svc.client().calls.create(call_to(cleo.answers(), dan, eve)).id]
    else:
        replaced = svc.rings(bot, from_=cleo)
    svc.run()
    cleo.does_not_answer()
    invited = [target(cleo), target(dan)]
    for one in invited:
        one.replaces_call_id = replaced.id
    operation = svc.client().calls.participants.invite(str(group.id), participants=invited)
    svc.run()
    call = svc.calls[group.id]
    assert call.operations[str(operation.id)].status == "completed"
    assert [one.identity["user"]["displayName"] for one in call.roster[1:]] == [
        *("Ann", "Ben"), *("Cleo", "Dan")
    ]  # fmt: skip
    assert replaced.ended is not from_group
    assert [one.identity["user"]["displayName"] for one in replaced.attended if one.left] == (
        ["Cleo"] if from_group else []
    )


def test_nobody_is_invited_from_a_call_that_has_ended(svc: Emulator) -> None:
    ann, ben, cleo = (svc.user(name).answers() for name in ("Ann", "Ben", "Cleo"))
    group = svc.client().calls.create(call_to(ann, ben))
    other = svc.client().calls.create(call_to(cleo.hangs_up(after=1)))
    svc.run()
    invited = target(cleo)
    invited.replaces_call_id = other.id
    with pytest.raises(GraphHTTPError, match="8522"):
        svc.client().calls.participants.invite(str(group.id), participants=[invited])


def test_an_invitation_that_is_declined_fails(svc: Emulator, joined: list[str]) -> None:
    ann, ben = svc.user("Ann").answers(), svc.user("Ben").answers()
    call = svc.client().calls.create(call_to(ann, ben))
    svc.run()
    cleo = svc.user("Cleo").declines()
    operation = svc.client().calls.participants.invite(str(call.id), participants=[target(cleo)])
    svc.run()
    assert svc.calls[str(call.id)].operations[str(operation.id)].status == "failed"
    assert joined == ["+Ann", "+Ben"]


def test_a_person_is_removed(svc: Emulator, joined: list[str]) -> None:
    ann, ben = svc.user("Ann").answers(), svc.user("Ben").answers()
    call = svc.client().calls.create(call_to(ann, ben))
    svc.run()
    gone = svc.calls[str(call.id)].roster[1]
    svc.client().calls.participants.delete(str(call.id), gone.id)
    svc.run()
    assert joined == ["+Ann", "+Ben", "-Ann"]


@pytest.mark.parametrize("deltas", [False, True])
def test_a_person_is_muted(svc: Emulator, joined: list[str], deltas: bool) -> None:
    ann, ben = svc.user("Ann").answers(), svc.user("Ben").answers()
    call = svc.client().calls.create(call_to(ann, ben, deltas=deltas))
    svc.run()
    muted = svc.calls[str(call.id)].roster[2]
    operation = svc.client().calls.participants.mute(str(call.id), muted.id)
    assert operation.status is not None
    assert operation.status.value == "completed"
    svc.run()
    assert joined == ["+Ann", "+Ben", "Ben True"]


def test_what_only_a_group_has_is_refused_between_two(svc: Emulator) -> None:
    call = svc.client().calls.create(call_to(svc.user("Ann").answers()))
    svc.run()
    with pytest.raises(GraphHTTPError) as raised:
        svc.client().calls.participants.list(str(call.id))
    assert (raised.value.status, raised.value.code) == (400, "8548")


def test_too_many_are_not_invited_nor_by_anybody(svc: Emulator) -> None:
    people = [svc.user(f"user {number}") for number in range(6)]
    call = svc.client().calls.create(call_to(*(person.answers() for person in people[:2])))
    svc.run()
    with pytest.raises(GraphHTTPError, match="between 1 and 5"):
        svc.client().calls.participants.invite(
            str(call.id), participants=[target(person) for person in people]
        )
    with pytest.raises(PermissionDeniedError):
        svc.client(roles=["Calls.Initiate.All"]).calls.participants.invite(
            str(call.id), participants=[target(people[2])]
        )


@pytest.fixture
def group(svc: Emulator) -> str:
    """Return the id of a call with two people."""
    ann, ben = svc.user("Ann").answers(), svc.user("Ben").answers()
    call = svc.client().calls.create(call_to(ann, ben))
    svc.run()
    return str(call.id)


def test_the_bot_is_muted(svc: Emulator, group: str) -> None:
    bot = svc.calls[group].participants[svc.calls[group].bot_id]
    svc.client().calls.mute(group)
    assert bot.muted
    svc.client().calls.unmute(group)
    svc.run()
    told = [log.body["value"][0]["resourceData"] for log in svc.log.notifications[-2:]]
    assert [one["isMuted"] for roster in told for one in roster if one["id"] == bot.id] == [
        False
    ] * 2


def test_what_runs_for_a_moment_is_completed(svc: Emulator, group: str) -> None:
    calls, ann = svc.client().calls, svc.calls[group].roster[1]
    started = [
        calls.participants.start_hold_music(group, ann.id),
        calls.add_large_gallery_view(group),
    ]
    stopped = calls.participants.stop_hold_music(group, ann.id)
    assert {one.status.value for one in started if one.status} == {"running"}
    svc.run()
    found = [svc.calls[group].operations[str(one.id)] for one in (*started, stopped)]
    assert {one.status for one in found} == {"completed"}


def test_the_bot_shares_its_screen(svc: Emulator) -> None:
    asked = call_to(svc.user("Ann").answers(), svc.user("Ben").answers())
    asked.media_config = AppHostedMediaConfig(blob="x")
    group = str(svc.client().calls.create(asked).id)
    svc.run()
    for role in (ScreenSharingRole.SHARER, ScreenSharingRole.VIEWER):
        svc.client().calls.change_screen_sharing_role(group, role=role)
        svc.run()
    first, last = (str(log.body) for log in svc.log.notifications[-2:])
    assert "videoBasedScreenSharing" in first
    assert "videoBasedScreenSharing" not in last


def test_who_has_left_does_nothing_more() -> None:
    with Emulator() as svc:
        ann = (
            svc.user("Ann").answers(after=1).hangs_up(after=1).holds(after=2).presses("1", after=3)
        )
        ben = svc.user("Ben").answers(after=1)
        call = svc.client().calls.create(call_to(ann, ben, deltas=True))
        svc.run()
        assert len(svc.calls[call.id].roster) == 2
        rosters = [one.body for one in svc.log.notifications if "participants" in str(one.body)]
        assert "'removedState'" in str(rosters[-1])
        assert svc.calls[call.id].tones == []
