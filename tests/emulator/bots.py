"""Bots and calls for tests of the emulator."""

from __future__ import annotations

from typing import Any

from graph_comms.bot import Bot, MeetingLink
from graph_comms.models import (
    Call,
    Identity,
    IdentitySet,
    InvitationParticipantInfo,
    Modality,
    OutgoingCallOptions,
    ServiceHostedMediaConfig,
)
from graph_emulator import Emulator, Person
from graph_emulator.harness import Harness

CALLBACK = "https://bot.contoso.com/api/calls"


def bot_of(svc: Harness, **options: Any) -> Bot:
    """Return a bot that believes an emulator and asks it."""
    usual: dict[str, Any] = {"callback_uri": CALLBACK, "trust": svc.trust}
    return Bot(svc.async_client(), app_id=svc.app_id, **usual, **options)


def target(person: Person) -> InvitationParticipantInfo:
    """Return a person as calls name one."""
    named = Identity(id=person.id, display_name=person.name)
    identity = IdentitySet(user=named) if person.kind == "user" else IdentitySet(phone=named)
    return InvitationParticipantInfo(identity=identity)


def call_to(*people: Person, deltas: bool = False) -> Call:
    """Return a call to people, as a bot creates it."""
    return Call(
        callback_uri=CALLBACK,
        targets=[target(person) for person in people],
        requested_modalities=[Modality.AUDIO],
        media_config=ServiceHostedMediaConfig(),
        call_options=OutgoingCallOptions(is_delta_roster_enabled=deltas),
    )


def joining(link: str, tenant_id: str, passcode: str | None = None) -> Call:
    """Return a call that joins a meeting."""
    return Call(
        callback_uri=CALLBACK,
        requested_modalities=[Modality.AUDIO],
        media_config=ServiceHostedMediaConfig(),
        **MeetingLink.parse(link, passcode=passcode).to_call_arguments(tenant_id=tenant_id),
    )


def states(svc: Emulator, call_id: str | None) -> list[str]:
    """Return the states that a bot was notified of, in order; "" where a notification has none."""
    items = [
        logged.body["value"][0] for logged in svc.log.notifications if logged.call_id == call_id
    ]
    return [
        item["resourceData"].get("state", "")
        for item in items
        if isinstance(item.get("resourceData"), dict) and "Operation" not in str(item)
    ]
