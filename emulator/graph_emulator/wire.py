"""Notifications as they go over the wire: as captures show them, or as the documentation does."""

from __future__ import annotations

from typing import Literal

from graph_comms.bot.json_values import Json

from . import documented
from .call import Call, Operation
from .people import Person

Forms = Literal["wire", "docs"]

CALL = "#microsoft.graph.call"


def notifications(item: Json) -> Json:
    """Return the body that carries one notification."""
    return {"@odata.type": "#microsoft.graph.commsNotifications", "value": [item]}


_NULLS = (
    "subject", "ringingTimeoutInSeconds", "mediaState", "resultInfo", "answeredBy", "chatInfo",
    "meetingInfo", "transcription", "toneInfo",
)  # fmt: skip


def of_created(call: Call, root: str, forms: Forms) -> dict[str, Json]:
    """Return the answer to a request that has created a call; `root` is the service's."""
    if forms == "docs":
        return documented.created(call, root)
    context = {"@odata.context": f"{root}/$metadata#communications/calls/$entity"}
    return {**context, **dict.fromkeys(_NULLS), **call.to_json(), "myParticipantId": None}


def of_call(call: Call, change: str, data: Json, forms: Forms, *, identified: bool = False) -> Json:
    """Return the notification of a change of a call.

    Captured ones have no id in their data, but those of incoming calls, which are `identified`.
    """
    written = {"@odata.type": CALL, **data}
    if identified:
        written["id"] = call.id
    return _item(call, change, "", written, forms)


def of_tone(call: Call, key: str, number: int, forms: Forms) -> Json:
    """Return the notification that a key was pressed, which has nothing else in it."""
    tone = {"@odata.type": "#microsoft.graph.toneInfo", "sequenceId": number, "tone": key}
    return of_call(call, "updated", {"state": call.state, "toneInfo": tone}, forms)


def of_operation(call: Call, operation: Operation, forms: Forms) -> Json:
    """Return the notification that an operation has ended."""
    below = f"/operations/{operation.id}"
    return _item(call, "deleted", below, operation.to_json(), forms)


def of_roster(call: Call, data: Json, forms: Forms) -> Json:
    """Return the notification of a roster, or of what has changed in it."""
    return _item(call, "updated", "/participants", data, forms)


def of_sharing(call: Call, change: str, session: str, forms: Forms) -> Json:
    """Return the notification of content that is shared: without data where captured."""
    path = "/contentsharingsessions"
    if forms == "docs":
        kind = "#microsoft.graph.contentSharingSession"
        return _item(call, change, path, [{"@odata.type": kind, "id": session}], forms)
    return _item(call, change, f"{path}/{session}", None, forms)


def of_routing_group(call: Call, change: str, group: Json, forms: Forms) -> Json:
    """Return the notification of an audio routing group; of one that is gone, without data."""
    data = None if change == "deleted" else group
    return _item(call, change, f"/audioRoutingGroups/{group['id']}", data, forms)


def of_joining(call: Call, person: Person) -> Json:
    """Return the body that asks a bot whether a person, whom a policy has it record, may join."""
    source = {
        "@odata.type": "#microsoft.graph.participantInfo",
        "identity": person.identity(call.tenant),
    }
    joining = {**call.to_json(), "source": source}
    kind = "#microsoft.graph.participantJoiningNotification"
    return {"@odata.type": kind, "call": joining}


def of_left(call: Call, participant_id: str) -> Json:
    """Return the body that tells a bot that somebody has left of whom it was asked."""
    kind = "#microsoft.graph.participantLeftNotification"
    return {"@odata.type": kind, "call": call.to_json(), "participantId": participant_id}


def _item(call: Call, change: str, below: str, data: Json, forms: Forms) -> Json:
    item: dict[str, Json] = {
        "@odata.type": "#microsoft.graph.commsNotification",
        "changeType": change,
        "resource": f"/app/calls/{call.id}{below}",
        "resourceUrl": f"{call.path}{below}",
    }
    if data is not None:
        item["resourceData"] = data
    return documented.notification(call, item) if forms == "docs" else item
