"""Subscriptions to what happens in the call of a meeting."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from urllib.parse import quote

import pytest

from graph_comms.bot import Changes, MeetingCallEvent
from graph_comms.models import OnlineMeeting
from graph_emulator import Emulator
from tests.emulator.bots import joining
from tests.emulator.test_subscriptions import certificate, changes_of, wanted

LINK = "https://teams.microsoft.com/meet/1234567"


@pytest.fixture
def svc() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


def watch(svc: Emulator, resource: str, **options: Any) -> list[MeetingCallEvent]:
    """Subscribe to a resource with the kit, and return what its handler gets."""
    changes: Changes = changes_of(svc, certificates=[certificate()])
    seen: list[MeetingCallEvent] = []

    @changes.updated(MeetingCallEvent)
    async def happened(change: Any) -> None:
        seen.append(change.resource)

    svc.wait_for(changes.subscriptions.create(resource, change_types=("updated",), **options))
    return seen


KINDS = ("callStarted", "callRosterUpdate", "callEnded")


def in_order(events: list[MeetingCallEvent]) -> list[MeetingCallEvent]:
    """Sort events, which handlers of the kit get side by side."""
    return sorted(events, key=lambda one: (one.event_date_time, KINDS.index(one.event_type)))


def events_of(link: str) -> str:
    return f"communications/onlineMeetings(joinWebUrl='{quote(link, safe='')}')/meetingCallEvents"


@pytest.mark.parametrize(
    "resource",
    [events_of(LINK), f"/communications/onlineMeetings/?$filter=JoinWebUrl eq '{LINK}'"],
)
@pytest.mark.parametrize("encrypted", [False, True])
def test_what_happens_in_a_meeting_is_notified(
    svc: Emulator, resource: str, encrypted: bool
) -> None:
    seen = watch(svc, resource, include_resource_data=encrypted)
    ann = svc.user("Ann")
    svc.meeting(LINK).joins(ann, after=5).leaves(ann, after=20)
    svc.client().calls.create(joining("https://teams.microsoft.com/meet/7654321", svc.tenant_id))
    call = svc.client().calls.create(joining(LINK, svc.tenant_id))
    svc.run()
    seen = in_order(seen)
    kinds = [KINDS[0], *[KINDS[1]] * 4, KINDS[2]]
    assert [one.event_type for one in seen] == kinds
    assert [one.state for one in (seen[0], seen[-1])] == ["active", "inactive"]
    [bot, joined, left, gone] = seen[1:-1]
    assert bot.joined[0].identity.application is not None
    assert bot.joined[0].identity.application.id == svc.app_id
    assert [one.identity.user and one.identity.user.id for one in joined.joined] == [ann.id]
    assert joined.joined[0].id == left.exited[0].id == svc.calls[call.id].attended[0].id
    assert [one.id for one in gone.exited] == [one.id for one in bot.joined]
    posted = [one.body["value"][0] for one in svc.log.notifications if one.name == "change"]
    assert {item["resource"] for item in posted} == {resource.removeprefix("/")}
    told = [item["resourceData"].get("eventType") for item in posted]
    types = [f"Microsoft.Communication.{kind[:1].upper()}{kind[1:]}" for kind in kinds]
    assert told == ([None] * 6 if encrypted else types)


def test_a_meeting_of_two_bots_begins_and_ends_once(svc: Emulator) -> None:
    seen = watch(svc, events_of(LINK))
    for _ in range(2):
        calls = [svc.client().calls.create(joining(LINK, svc.tenant_id)) for _ in range(2)]
        svc.run()
        for call in calls:
            svc.client().calls.delete(str(call.id))
            svc.run()
    kinds = [one.event_type for one in in_order(seen) if one.event_type != "callRosterUpdate"]
    assert kinds == ["callStarted", "callEnded"] * 2


def test_nothing_is_told_of_who_waits_in_the_lobby(svc: Emulator) -> None:
    seen = watch(svc, events_of(LINK))
    svc.meeting(LINK, lobby=True)
    call = svc.client().calls.create(joining(LINK, svc.tenant_id))
    svc.run()
    svc.client().calls.delete(str(call.id))
    svc.run()
    assert seen == []


def test_the_link_of_an_online_meeting_leads_to_its_events(svc: Emulator) -> None:
    made = svc.client().users.online_meetings.create("ann", OnlineMeeting())
    seen = watch(svc, events_of(str(made.join_web_url)))
    svc.client().subscriptions.create(
        wanted(svc, resource=events_of("no link"), change_type="updated")
    )
    settings = made.join_meeting_id_settings
    assert settings is not None
    by_id = f"https://teams.microsoft.com/meet/{settings.join_meeting_id}"
    svc.client().calls.create(joining(by_id, svc.tenant_id))
    svc.run()
    assert [one.event_type for one in in_order(seen)] == ["callStarted", "callRosterUpdate"]
