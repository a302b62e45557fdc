"""Notifications as they go over the wire: as captures show them, or as the documentation does."""

from __future__ import annotations

from typing import Literal

from graph_comms.bot.json_values import Json

from .call import Call, Operation

Forms = Literal["wire", "docs"]

CALL = "#microsoft.graph.call"


def notifications(item: Json) -> Json:
    """Return the body that carries one notification."""
    return {"@odata.type": "#microsoft.graph.commsNotifications", "value": [item]}


def of_call(call: Call, change: str, data: Json, forms: Forms, *, identified: bool = False) -> Json:
    """Return the notification of a change of a call.

    Captured ones have no id in their data, but those of incoming calls, which are `identified`.
    """
    written = {"@odata.type": CALL, **data}
    if identified or forms == "docs":
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


def _item(call: Call, change: str, below: str, data: Json, forms: Forms) -> Json:
    item = {
        "@odata.type": "#microsoft.graph.commsNotification",
        "changeType": change,
        "resourceUrl": f"{call.path}{below}",
    }
    if forms == "wire":
        item["resource"] = f"/app/calls/{call.id}{below}"
    return item if data is None else {**item, "resourceData": data}
