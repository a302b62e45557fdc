"""Presence in the emulator: sessions, preference, fading and expiry."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import pytest

from graph_comms import BadRequestError, CommunicationsClient
from graph_comms.models import (
    DateTimeTimeZone,
    ItemBody,
    PresenceStatusMessage,
    WorkLocationType,
)
from graph_emulator import Emulator
from tests.emulator.plain import plain


@pytest.fixture
def svc() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


class User:
    """A user whose presence is set and read through the client."""

    def __init__(self, client: CommunicationsClient, id: str) -> None:
        self.presence = client.users.presence
        self.id = id

    def set(self, availability: str, activity: str, **options: Any) -> None:
        self.presence.set_presence(self.id, availability=availability, activity=activity, **options)

    def prefers(self, availability: str, activity: str, **options: Any) -> None:
        self.presence.set_user_preferred_presence(
            self.id, availability=availability, activity=activity, **options
        )

    def shown(self) -> tuple[str | None, str | None]:
        found = self.presence.get(self.id)
        return found.availability, found.activity


@pytest.fixture
def ann(svc: Emulator) -> User:
    return User(svc.client(), svc.user("Ann").id)


def test_a_user_of_whom_nothing_was_said_is_offline(ann: User) -> None:
    assert ann.shown() == ("Offline", "Offline")


def test_sessions_are_ranked(ann: User) -> None:
    ann.set("Away", "Away", session_id="1", expiration_duration=timedelta(hours=4))
    ann.set("Busy", "InACall", session_id="2", expiration_duration=timedelta(hours=4))
    ann.set("Available", "Available", session_id="3")
    assert ann.shown() == ("Busy", "InACall")
    ann.set("DoNotDisturb", "Presenting", session_id="3")
    assert ann.shown() == ("DoNotDisturb", "Presenting")
    ann.presence.clear_presence(ann.id, session_id="3")
    assert ann.shown() == ("Busy", "InACall")
    ann.presence.clear_presence(ann.id, session_id="2")
    assert ann.shown() == ("Away", "Away")


def test_available_fades(svc: Emulator, ann: User) -> None:
    ann.set("Available", "Available", expiration_duration=timedelta(minutes=30))
    svc.advance(minutes=4)
    assert ann.shown()[0] == "Available"
    svc.advance(minutes=2)
    assert ann.shown()[0] == "AvailableInactive"
    svc.advance(minutes=5)
    assert ann.shown() == ("Away", "Away")
    ann.set("Available", "Available", expiration_duration=timedelta(minutes=30))
    assert ann.shown() == ("Available", "Available")


def test_a_session_ends(svc: Emulator, ann: User) -> None:
    ann.set("Busy", "InAConferenceCall")
    svc.advance(minutes=4, seconds=59)
    assert ann.shown() == ("Busy", "InAConferenceCall")
    svc.advance(seconds=1)
    assert ann.shown() == ("Offline", "Offline")


def test_what_a_user_prefers_wins(svc: Emulator, ann: User) -> None:
    ann.prefers("Available", "Available")
    assert ann.shown() == ("Offline", "Offline")  # there is no session
    ann.set("Busy", "InACall", expiration_duration=timedelta(hours=4))
    assert ann.shown() == ("Available", "Available")
    svc.advance(hours=3)
    assert ann.shown() == ("Available", "Available")
    ann.presence.clear_user_preferred_presence(ann.id)
    assert ann.shown() == ("Busy", "InACall")
    ann.prefers("Offline", "OffWork", expiration_duration=timedelta(minutes=1))
    assert ann.shown() == ("Offline", "OffWork")
    svc.advance(minutes=1)
    assert ann.shown() == ("Busy", "InACall")


@pytest.mark.parametrize(
    ("availability", "activity", "duration", "message"),
    [
        ("Available", "InACall", timedelta(minutes=5), "combination"),
        ("Offline", "OffWork", timedelta(minutes=5), "combination"),
        ("Busy", "InACall", timedelta(minutes=4), "ExpirationDuration"),
        ("Busy", "InACall", timedelta(minutes=241), "ExpirationDuration"),
    ],
)
def test_what_cannot_be_said_is_refused(
    ann: User, availability: str, activity: str, duration: timedelta, message: str
) -> None:
    with pytest.raises(BadRequestError, match=message) as raised:
        ann.set(availability, activity, expiration_duration=duration)
    assert raised.value.code == "InvalidArgument"


def test_a_status_message(ann: User) -> None:
    message = PresenceStatusMessage(message=ItemBody(content="Back at two"))
    ann.presence.set_status_message(ann.id, status_message=message)
    ann.set("Busy", "InACall")
    found = ann.presence.get(ann.id).status_message
    assert found is not None
    assert found.message is not None
    assert found.message.content == "Back at two"


@pytest.mark.parametrize(
    ("zone", "time"),
    [("UTC", "2026-01-05T09:30:00"), ("Europe/Berlin", "2026-01-05T10:30:00.0000000")],
)
def test_a_status_message_expires(svc: Emulator, ann: User, zone: str, time: str) -> None:
    def say(until: str) -> None:
        expiry = DateTimeTimeZone(date_time=until, time_zone=zone)
        message = PresenceStatusMessage(message=ItemBody(content="Out"), expiry_date_time=expiry)
        ann.presence.set_status_message(ann.id, status_message=message)

    say(time)
    found = ann.presence.get(ann.id).status_message
    assert found is not None
    assert found.published_date_time == svc.clock.now()
    svc.advance(minutes=29)
    assert ann.presence.get(ann.id).status_message is not None
    svc.advance(minutes=1)
    assert ann.presence.get(ann.id).status_message is None
    for wrong in (time, "soon"):
        with pytest.raises(BadRequestError):
            say(wrong)


def test_where_a_user_works(ann: User) -> None:
    office, remote = WorkLocationType.OFFICE, WorkLocationType.REMOTE

    def shown() -> tuple[object, object, object] | None:
        found = ann.presence.get(ann.id).work_location
        return None if found is None else (found.source, found.work_location_type, found.place_id)

    ann.presence.set_automatic_location(ann.id, work_location_type=office, place_id="12")
    assert shown() == ("automatic", "office", "12")
    ann.presence.set_manual_location(ann.id, work_location_type=remote)
    assert shown() == ("manual", "remote", None)
    ann.presence.clear_automatic_location(ann.id)
    assert shown() == ("manual", "remote", None)
    ann.presence.set_automatic_location(ann.id, work_location_type=office, place_id="13")
    ann.presence.clear_location(ann.id)
    assert shown() is None


def test_a_place_of_no_kind_is_refused(svc: Emulator) -> None:
    with plain(svc) as http:
        assert http.post("/users/1/presence/setManualLocation", json={}).status_code == 400
        body = {"workLocationType": "office"}
        assert http.post("/users/1/presence/setManualLocation", json=body).status_code == 204


def test_the_presence_of_several(svc: Emulator, ann: User) -> None:
    ann.set("Busy", "InACall")
    client = svc.client()
    found = list(client.get_presences_by_user_id(ids=[ann.id.upper(), "ben"]))
    assert [(one.id, one.availability) for one in found] == [(ann.id, "Busy"), ("ben", "Offline")]
    same = client.presences.get(ann.id)
    assert (same.availability, same.sequence_number) == ("Busy", "00000001")
    busy = client.presences.list(filter="availability eq 'Busy'")
    assert [one.id for one in busy] == [ann.id]
    with pytest.raises(BadRequestError):
        list(client.get_presences_by_user_id(ids=[]))


def test_presence_holds_up_no_run(svc: Emulator, ann: User) -> None:
    ann.set("Available", "Available", expiration_duration=timedelta(hours=4))
    svc.run()
    assert ann.shown() == ("Available", "Available")
