"""Subscriptions in the emulator, with the kit's change notifications at the other end."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from graph_comms import BadRequestError, CommunicationsClient, NotFoundError
from graph_comms.bot.changes import Changes, EncryptionCertificate, Publisher
from graph_comms.models import CallRecording, OnlineMeeting, Subscription
from graph_emulator import Emulator
from graph_emulator.subscriptions import LifecycleEvent
from tests.emulator.bots import joining

URL = "https://bot.contoso.com/api/changes"
RECORDS = "communications/callRecords"


@pytest.fixture
def svc() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


def changes_of(svc: Emulator, **options: Any) -> Changes:
    changes = Changes(
        svc.async_client(),
        app_id=svc.app_id,
        notification_url=URL,
        publisher=svc.publisher,
        clock=svc.clock,
        **options,
    )
    svc.connect_changes(changes, URL)
    return changes


def wanted(svc: Emulator, **other: Any) -> Subscription:
    options = {
        "change_type": "created,updated",
        "notification_url": URL,
        "resource": RECORDS,
        "expiration_date_time": svc.clock.now() + timedelta(hours=1),
        "client_state": "s3cret",
        **other,
    }
    return Subscription(**{name: value for name, value in options.items() if value is not None})


def ring_and_hang_up(svc: Emulator) -> str:
    call = {
        "callbackUri": "https://bot.contoso.com/api/calls",
        "targets": [{"identity": {"user": {"id": svc.user("Ann").declines().id}}}],
        "requestedModalities": ["audio"],
        "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"},
    }
    made: Any = svc.client().request("POST", "/communications/calls", body=call)
    svc.run()
    return str(made["callChainId"])


def test_an_address_must_prove_itself(svc: Emulator) -> None:
    client = svc.client()
    with pytest.raises(BadRequestError, match="timed out"):
        client.subscriptions.create(wanted(svc))
    changes_of(svc)
    made = client.subscriptions.create(wanted(svc))
    assert client.subscriptions.get(str(made.id)).resource == RECORDS
    with pytest.raises(BadRequestError, match="timed out"):
        client.subscriptions.create(
            wanted(svc, lifecycle_notification_url="https://other.contoso.com")
        )
    assert "s3cret" not in str(svc.log.requests)


@pytest.mark.parametrize(
    "other",
    [
        {"change_type": None},
        {"change_type": "created,renamed"},
        {"resource": None},
        {"notification_url": None},
        {"notification_url": "http://bot.contoso.com/api/changes"},
        {"expiration_date_time": datetime(2020, 1, 1, tzinfo=UTC)},
        {"expiration_date_time": datetime(2026, 1, 5, 9, tzinfo=UTC) + timedelta(minutes=4231)},
        {"client_state": "x" * 129},
        {"include_resource_data": True},
        {"include_resource_data": True, "encryption_certificate": "bm9uZQ=="},
    ],
)
def test_what_cannot_be_subscribed_to_is_refused(svc: Emulator, other: dict[str, Any]) -> None:
    changes_of(svc)
    with pytest.raises(BadRequestError) as raised:
        svc.client().subscriptions.create(wanted(svc, **other))
    assert raised.value.code == "InvalidRequest"


def test_a_subscription_ends(svc: Emulator) -> None:
    changes_of(svc)
    subscriptions = svc.client().subscriptions
    made = str(subscriptions.create(wanted(svc)).id)
    svc.advance(minutes=59)
    longer = Subscription(expiration_date_time=svc.clock.now() + timedelta(minutes=30))
    subscriptions.update(made, longer)
    svc.advance(minutes=29)
    subscriptions.reauthorize(made)
    assert [one.id for one in subscriptions.list()] == [made]
    svc.advance(minutes=1)
    with pytest.raises(NotFoundError):
        subscriptions.get(made)


def test_call_records_are_notified(svc: Emulator) -> None:
    changes = changes_of(svc)
    seen: list[tuple[str, object]] = []

    @changes.any
    async def changed(change: Any) -> None:
        found = await change.fetch()
        seen.append((found.id, found.version))

    svc.wait_for(changes.subscriptions.create(RECORDS))
    key = ring_and_hang_up(svc)
    svc.advance(minutes=10)
    assert seen == [(key, 1)]
    svc.advance(minutes=20)
    assert seen == [(key, 1), (key, 2)]
    item = svc.log.notifications[-1].body["value"][0]
    assert (item["changeType"], item["resource"]) == ("updated", f"{RECORDS}/{key}")
    assert (item["clientState"], item["tenantId"]) == ("…", svc.tenant_id)
    assert svc.log.notifications[-1].status == 202


def test_presences_are_notified_by_condition(svc: Emulator) -> None:
    changes_of(svc)
    client = svc.client()
    client.subscriptions.create(
        wanted(svc, resource="/communications/presences?$filter=id in ('ann')")
    )
    client.subscriptions.create(wanted(svc, resource="users/ben/presence", change_type="updated"))
    for user in ("ann", "ben", "eve"):
        client.users.presence.set_presence(user, availability="Busy", activity="InACall")
    svc.run()
    told = [
        (item["changeType"], item["resource"])
        for logged in svc.log.notifications
        for item in logged.body["value"]
    ]
    assert told == [
        ("created", "communications/presences/ann"),
        ("updated", "communications/presences/ann"),
        ("updated", "communications/presences/ben"),
    ]


def record_meeting(svc: Emulator, organizer: str) -> None:
    made = svc.client().users.online_meetings.create(organizer, OnlineMeeting())
    ann = svc.user("Ann")
    svc.meeting(str(made.join_web_url)).records(b"video").joins(ann).leaves(ann, after=5)
    svc.client().calls.create(joining(str(made.join_web_url), svc.tenant_id))
    svc.run()
    svc.advance(minutes=1)


def test_recordings_are_notified(svc: Emulator) -> None:
    changes = changes_of(svc)
    seen: list[CallRecording] = []

    @changes.any
    async def changed(change: Any) -> None:
        seen.append(await change.fetch())

    later = svc.clock.now() + timedelta(hours=2)
    with pytest.raises(BadRequestError, match="lifecycleNotificationUrl is required"):
        svc.client().subscriptions.create(
            wanted(
                svc,
                resource="communications/onlineMeetings/getAllRecordings",
                change_type="created",
                expiration_date_time=later,
            )
        )
    svc.wait_for(
        changes.subscriptions.create(
            "users/ann/onlineMeetings/getAllRecordings", change_types=("created",)
        )
    )
    record_meeting(svc, "ben")
    assert seen == []
    record_meeting(svc, "ann")
    [recording] = seen
    assert isinstance(recording, CallRecording)
    item = svc.log.notifications[-1].body["value"][0]
    address = (
        f"communications/onlineMeetings('{recording.meeting_id}')/recordings('{recording.id}')"
    )
    assert item["resource"] == item["resourceData"]["@odata.id"] == address
    assert item["resourceData"]["@odata.type"] == "#Microsoft.Graph.callRecording"


def test_subscriptions_are_those_of_an_application(svc: Emulator) -> None:
    changes_of(svc)
    subscriptions = svc.client().subscriptions
    made = str(subscriptions.create(wanted(svc)).id)
    with pytest.raises(BadRequestError, match="resource"):
        subscriptions.update(made, Subscription(resource="other"))
    other = CommunicationsClient(svc.credential("another"), transport=svc.transport())
    assert list(other.subscriptions.list()) == []
    for refused in (other.subscriptions.get, other.subscriptions.delete):
        with pytest.raises(NotFoundError):
            refused(made)
    subscriptions.delete(made)


def certificate() -> EncryptionCertificate:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bot")])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return EncryptionCertificate.from_pem(
        "first", private + made.public_bytes(serialization.Encoding.PEM)
    )


def test_resources_are_encrypted(svc: Emulator) -> None:
    changes = changes_of(svc, certificates=[certificate()])
    seen: list[object] = []

    @changes.any
    async def changed(change: Any) -> None:
        seen.append(change.resource.availability)

    svc.wait_for(
        changes.subscriptions.create(
            "communications/presences/ann", change_types=("updated",), include_resource_data=True
        )
    )
    svc.client().users.presence.set_presence("ann", availability="Busy", activity="InACall")
    svc.run()
    assert seen == ["Busy"]
    assert "Busy" not in str(svc.log.notifications)


def test_lifecycle_events(svc: Emulator) -> None:
    changes_of(svc)
    client = svc.client()
    made = client.subscriptions.create(wanted(svc, lifecycle_notification_url=URL))
    events: list[LifecycleEvent] = ["missed", "reauthorizationRequired", "subscriptionRemoved"]
    for event in events:
        svc.lifecycle(event)
        svc.run()
    told = [logged.body["value"][0] for logged in svc.log.notifications]
    assert [item["lifecycleEvent"] for item in told] == [
        "missed",
        "reauthorizationRequired",
        "subscriptionRemoved",
    ]
    with pytest.raises(NotFoundError):
        client.subscriptions.get(str(made.id))


def test_no_publisher_but_graph_is_trusted(svc: Emulator) -> None:
    assert svc.publisher == replace(Publisher.GLOBAL, keys=svc.trust.keys)
