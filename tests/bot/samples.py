"""Notifications as the service sends them, with ids of our own."""

from __future__ import annotations

import json
from typing import Any

Json = Any

CALL = "4a1c8e0b-5d2f-4f5e-9a57-0b6f3f6c2d10"
OTHER_CALL = "b71f2a53-7c64-4d0e-8f3a-5f1e7f6f9b02"
OPERATION = "0f0a3c1e-91b7-4b9d-a6a5-3c2d1e0f4b5a"
APP = "9d3f1b52-2c3d-4b5e-8a6f-7c8d9e0f1a2b"
TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
CHAIN = "d8217646-3110-40b1-b29a-94a8a4ae7e1f"


def item(data: Json = None, *, change: str = "updated", call: str = CALL, below: str = "") -> Json:
    """Return one notification about a call, or about something below it."""
    path = f"calls/{call}{below}"
    sent = {
        "@odata.type": "#microsoft.graph.commsNotification",
        "changeType": change,
        "resource": f"/app/{path}",
        "resourceUrl": f"/communications/{path}",
    }
    return sent if data is None else {**sent, "resourceData": data}


def call_item(*, change: str = "updated", call: str = CALL, **data: Json) -> Json:
    """Return a notification about a call itself; the id is not in its data."""
    return item({"@odata.type": "#microsoft.graph.call", **data}, change=change, call=call)


def tone(number: int, key: str = "tone1", *, call: str = CALL) -> Json:
    """Return the notification of a key."""
    return call_item(call=call, state="established", toneInfo={"sequenceId": number, "tone": key})


def operation(
    operation_id: str | None = OPERATION,
    *,
    status: str = "completed",
    kind: str = "playPromptOperation",
    context: str | None = None,
    call: str = CALL,
    code: int = 200,
    subcode: int = 0,
) -> Json:
    """Return the notification of an operation's end."""
    data = {
        "@odata.type": f"#microsoft.graph.{kind}",
        "id": operation_id,
        "status": status,
        "clientContext": context,
        "resultInfo": {"code": code, "subcode": subcode, "message": "…"},
    }
    below = f"/operations/{operation_id or 'participants'}"
    return item(data, change="deleted", call=call, below=below)


def participant(name: str, *, muted: bool = False, app: str | None = None) -> Json:
    """Return a participant of a roster."""
    kind = "application" if app else "user"
    identity = {kind: {"id": app or f"user-{name}", "displayName": name, "tenantId": TENANT}}
    return {
        "@odata.type": "#microsoft.graph.participant",
        "id": f"participant-{name}",
        "info": {"identity": identity, "participantId": f"participant-{name}"},
        "isMuted": muted,
        "isInLobby": False,
    }


def roster(*participants: Json, call: str = CALL) -> Json:
    """Return the notification of a whole roster."""
    return item(list(participants), call=call, below="/participants")


def delta(number: int, *participants: Json, call: str = CALL) -> Json:
    """Return the notification of a change of a roster."""
    change = {
        "@odata.type": "#microsoft.graph.deltaParticipants",
        "sequenceNumber": number,
        "participants": list(participants),
    }
    return item([change], call=call, below="/participants")


def terminated(*, call: str = CALL, subcode: int = 5002) -> Json:
    """Return the notification of a call's end."""
    result = {"code": 200, "subcode": subcode, "message": f"Ended. DiagCode: 0#{subcode}.@"}
    return call_item(
        change="deleted", call=call, state="terminated", resultInfo=result, callChainId=CHAIN
    )


def incoming(*, call: str = CALL, **data: Json) -> Json:
    """Return the notification of an incoming call, which has its id."""
    return call_item(
        change="created",
        call=call,
        id=call,
        state="incoming",
        direction="incoming",
        callbackUri="https://bot.contoso.com/api/calls",
        tenantId=TENANT,
        callChainId=CHAIN,
        **data,
    )


def answered_call(call: str = CALL) -> list[Json]:
    """Return what is notified of an outgoing call to one person: the sequence that was captured."""
    active: dict[str, Json] = {
        "mediaState": {"audio": "active"},
        "meetingCapability": {},
        "coOrganizers": [],
    }
    chat: dict[str, Json] = {
        **active,
        "chatInfo": {"threadId": "19:thread@unq.gbl.spaces", "messageId": "0"},
        "meetingProperties": {"meetingLabel": "00000000-0000-0000-0000-000000000000"},
        "replacesContext": "c2VjcmV0LXJlcGxhY2Vz",
    }
    info = {"@odata.type": "#microsoft.graph.tokenMeetingInfo", "token": "secret.meeting.token"}
    established: dict[str, Json] = {"state": "established", "callChainId": CHAIN}
    return [
        call_item(call=call, state="establishing", callChainId=CHAIN),
        call_item(call=call, **established, direction="outgoing"),
        call_item(call=call, **established, **active),
        call_item(call=call, **established, **chat),
        call_item(call=call, **established, **chat, meetingInfo=info),
        roster(participant("bot", app=APP), participant("ann"), call=call),
        tone(6, call=call),
        operation(call=call, context="greeting"),
        terminated(call=call),
    ]


def body(*items: Json) -> bytes:
    """Return the body of a request with notifications."""
    kind = "#microsoft.graph.commsNotifications"
    return json.dumps({"@odata.type": kind, "value": list(items)}).encode()


def joining(*, call: str = CALL) -> bytes:
    """Return the body that asks whether somebody may join."""
    kind = "#microsoft.graph.participantJoiningNotification"
    data = {"@odata.type": "#microsoft.graph.call", "id": call, "tenantId": TENANT}
    return json.dumps({"@odata.type": kind, "call": data}).encode()


def left(participant_id: str, *, call: str = CALL) -> bytes:
    """Return the body that tells that somebody who joined has left."""
    kind = "#microsoft.graph.participantLeftNotification"
    data = {"@odata.type": "#microsoft.graph.call", "id": call}
    return json.dumps({"@odata.type": kind, "call": data, "participantId": participant_id}).encode()
