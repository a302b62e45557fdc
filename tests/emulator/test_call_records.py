"""The records that the emulator writes about its calls."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta

import pytest

from graph_comms import BadRequestError, CommunicationsClient, NotFoundError
from graph_comms.models import (
    Call,
    Identity,
    IdentitySet,
    InvitationParticipantInfo,
    Modality,
    ServiceHostedMediaConfig,
)
from graph_comms.models.call_records import ParticipantEndpoint, ServiceEndpoint
from graph_emulator import Emulator, Person
from tests.emulator.test_subscriptions import RECORDS, changes_of


@pytest.fixture
def svc() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


@pytest.fixture
def client(svc: Emulator) -> Generator[CommunicationsClient]:
    with svc.client() as client:
        yield client


def call(client: CommunicationsClient, *people: Person) -> Call:
    return client.calls.create(
        Call(
            callback_uri="https://bot.contoso.com/api/calls",
            targets=[
                InvitationParticipantInfo(identity=IdentitySet(user=Identity(id=person.id)))
                for person in people
            ],
            requested_modalities=[Modality.AUDIO],
            media_config=ServiceHostedMediaConfig(),
        )
    )


def test_the_record_of_a_call_between_two(svc: Emulator, client: CommunicationsClient) -> None:
    ann = svc.user("Ann").answers(after=2).hangs_up(after=20)
    began = svc.clock.now()
    key = str(call(client, ann).call_chain_id)
    svc.run()
    assert list(client.call_records.list()) == []
    svc.advance(minutes=10)
    condition = f"participants_v2/any(p:p/id eq '{ann.id}')"
    [found] = client.call_records.list(filter=condition)
    assert (found.id, found.type, found.version) == (key, "peerToPeer", 1)
    assert found.start_date_time == began
    assert found.end_date_time is not None
    assert timedelta(seconds=20) <= found.end_date_time - began < timedelta(seconds=30)
    assert list(client.call_records.list(filter=f"startDateTime gt {began.isoformat()}")) == []
    whole = client.call_records.get(key, expand=["sessions($expand=segments)"])
    [session] = whole.sessions or []
    assert isinstance(session.caller, ServiceEndpoint)
    assert isinstance(session.callee, ParticipantEndpoint)
    assert session.callee.associated_identity is not None
    assert session.callee.associated_identity.id == ann.id
    assert len(session.segments or ()) == 1
    assert whole.organizer_v2 is not None
    assert whole.organizer_v2.id == svc.app_id


def test_a_record_shows_its_organizer_unasked(svc: Emulator, client: CommunicationsClient) -> None:
    key = str(call(client, svc.user("Ann").declines()).call_chain_id)
    svc.run()
    svc.advance(minutes=10)
    plain = client.call_records.get(key)
    assert plain.organizer_v2 is not None
    assert plain.organizer_v2.id == svc.app_id
    assert plain.participants_v2 is None
    assert client.call_records.get(key, select=["id"]).organizer_v2 is None


def test_a_run_waits_for_no_record_and_no_renewal(
    svc: Emulator, client: CommunicationsClient
) -> None:
    subscriptions = changes_of(svc).subscriptions
    svc.wait_for(subscriptions.create(RECORDS, lifetime=timedelta(hours=1)))
    began = svc.clock.now()
    call(client, svc.user("Ann").declines(after=1))
    svc.run()
    assert svc.clock.now() - began < timedelta(seconds=2)
    assert list(client.call_records.list()) == []
    svc.advance(hours=3)
    assert len(list(client.call_records.list())) == 1
    [renewed] = client.subscriptions.list()
    assert renewed.expiration_date_time is not None
    assert renewed.expiration_date_time > svc.clock.now()


def test_the_record_of_a_group_call(svc: Emulator, client: CommunicationsClient) -> None:
    people = [svc.user(name).answers(after=1).hangs_up(after=9) for name in ("Ann", "Ben")]
    key = str(call(client, *people).call_chain_id)
    svc.run()
    svc.advance(minutes=10)
    found = client.call_records.get(key, expand=["participants_v2"])
    everybody = {svc.app_id, *(person.id for person in people)}
    assert found.type == "groupCall"
    assert {one.id for one in found.participants_v2 or ()} == everybody
    assert {one.id for one in client.call_records.sessions.list(key)} == everybody


def test_a_list_of_records_has_no_sessions(svc: Emulator, client: CommunicationsClient) -> None:
    call(client, svc.user("Ann").declines())
    svc.run()
    svc.advance(minutes=10)
    [found] = client.call_records.list(select=["id", "sessions"])
    assert not found.sessions
    for relation in ("sessions", "participants_v2"):
        with pytest.raises(BadRequestError, match="expand"):
            list(client.call_records.list(expand=[relation]))
    assert len(client.call_records.get(str(found.id), expand=["sessions"]).sessions or ()) == 1


def test_a_record_is_completed_and_forgotten(svc: Emulator, client: CommunicationsClient) -> None:
    key = str(call(client, svc.user("Ann").declines()).call_chain_id)
    svc.run()
    svc.advance(minutes=29)
    assert client.call_records.get(key).version == 1
    svc.advance(minutes=1)
    assert client.call_records.get(key).version == 2
    svc.advance(days=30)
    with pytest.raises(NotFoundError):
        client.call_records.get(key)
