"""Bodies as the documentation has them, made of those that captures have.

The documentation shows less of a notification, and other properties of a call that is created. What it
never shows, but bots wait for, stays: the state of the media, and keys.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from graph_comms.bot.json_values import Json, list_of, object_of, text_of

from .call import Call

ENDED_BY_BOT = 5001

_NULLS = (
    "answeredBy", "chatInfo", "mediaState", "meetingCapability", "meetingInfo", "resultInfo", "subject",
    "terminationReason", "toneInfo", "transcription", "ringingTimeoutInSeconds",
)  # fmt: skip
_EMPTY = ("activeModalities", "callRoutes", "routingPolicies", "targets")
_OF_SOURCE = ("countryCode", "endpointType", "languageId", "region")
_OF_TARGET = ("endpointType", "languageId", "region", "replacesCallId")

_CALL: Mapping[str, Collection[str]] = {
    "incoming": (
        "applicationMetadata", "callChainId", "direction", "id", "incomingContext", "meetingInfo",
        "myParticipantId", "requestedModalities", "source", "targets", "tenantId",
    ),
    "establishing": ("chatInfo", "id", "meetingInfo"),
    "established": (
        "chatInfo", "direction", "id", "mediaState", "meetingInfo", "replacesContext", "resultInfo",
        "toneInfo",
    ),
    "terminated": ("resultInfo", "terminationReason"),
}  # fmt: skip
"""What notifications say of a call besides its state, by its state."""

_OPERATION: Mapping[str, Collection[str]] = {
    "inviteParticipantsOperation": ("clientContext", "id", "participants", "status"),
    "playPromptOperation": ("clientContext", "resultInfo", "status"),
    "recordOperation": (
        "clientContext", "id", "recordingAccessToken", "recordingLocation", "resultInfo", "status",
    ),
}  # fmt: skip
"""What notifications say of operations, by their types; of others no page has a notification."""


_NAMED = ("@odata.type", "displayName", "id")
_IDENTITY: Mapping[str, Collection[str]] = {"phone": ("@odata.type", "id")}


def created(call: Call, root: str) -> dict[str, Json]:
    """Return the answer to a request that creates a call (application-post-calls)."""
    entity = call.to_json()
    source = {**_typed("participantInfo", _OF_SOURCE), **object_of(entity["source"])}
    targets = [
        {**_typed("invitationParticipantInfo", _OF_TARGET), **object_of(target)}
        for target in list_of(entity.get("targets"))
    ]
    added: dict[str, Json] = {"source": source, "targets": targets}
    if chat := object_of(entity.get("chatInfo")):
        added["chatInfo"] = {"replyChainMessageId": None, **chat}
    if call.tenant:
        added["tenantId"] = call.tenant
    context = {"@odata.context": f"{root}/$metadata#app/calls/$entity"}
    empty: dict[str, Json] = {name: [] for name in _EMPTY}
    return {**context, **dict.fromkeys(_NULLS), **empty, **entity, **added}


def notification(call: Call, item: Mapping[str, Json]) -> dict[str, Json]:
    """Return a notification with what pages show of one of its kind."""
    data = item.get("resourceData")
    first = object_of((list_of(data) or [data])[0])
    kind = text_of(first.get("@odata.type")).removeprefix("#microsoft.graph.")
    written = {name: value for name, value in item.items() if name != "resource"}
    if kind == "call":
        state = text_of(first.get("state"))
        if state in ("establishing", "established"):
            written["callbackUri"] = call.callback_uri
        written["resourceData"] = _call(call, state, first)
    elif kind == "participant":
        written["callbackUri"] = call.callback_uri
        written["resourceData"] = [_participant(one) for one in list_of(data)]
    elif kind == "deltaParticipants":
        written["resource"] = item["resource"]
        people = [_participant(one) for one in list_of(first.get("participants"))]
        written["resourceData"] = [{**first, "participants": people}]
    elif kind in _OPERATION:
        written["resourceData"] = _operation(kind, first, text_of(item["resourceUrl"]))
        if kind == "inviteParticipantsOperation":
            written["resource"] = item["resource"]
    return written


def _call(call: Call, state: str, data: Mapping[str, Json]) -> dict[str, Json]:
    shown = {"id": call.id, **data}
    if state in ("establishing", "established") and call.shape == "meeting":
        shown |= {name: call.entity[name] for name in ("chatInfo", "meetingInfo")}
    elif state == "established":
        shown.pop("meetingInfo", None)
    elif state == "terminated" and call.ended_by == "bot" and "resultInfo" in shown:
        shown["resultInfo"] = _in_text(shown["resultInfo"])
    if state in ("incoming", "establishing", "established") and call.direction == "incoming":
        shown |= _identified(call.path)
    if "source" in shown:
        source = object_of(shown["source"])
        place = {"region": "westus", "languageId": "en-US"}
        shown["source"] = {**source, **place, "identity": _shown_identity(source.get("identity"))}
    kept = ("@odata.type", "@odata.id", "@odata.etag", "state", *_CALL.get(state, ()))
    return _only(shown, kept)


def _participant(participant: Json) -> dict[str, Json]:
    shown = object_of(participant)
    info = object_of(shown.get("info"))
    identity = _shown_identity(info.get("identity"))
    info = {**_only(info, ("@odata.type",)), "identity": identity}
    if "user" in identity:
        info["languageId"] = "en-US"
    kept = ("@odata.type", "mediaStreams", "isMuted", "isInLobby", "id")
    of_delta = ("rosterSequenceNumber", "removedState")
    return {**_only(shown, (*kept, *of_delta)), "info": info}


def _operation(kind: str, data: Mapping[str, Json], path: str) -> dict[str, Json]:
    shown = _only(data, ("@odata.type", *_OPERATION[kind]))
    if kind != "inviteParticipantsOperation":
        return {**shown, **_identified(path)}
    invited = list_of(shown["participants"])
    return {**shown, "participants": [_only(one, ("@odata.type", "identity")) for one in invited]}


def _shown_identity(identity: Json) -> dict[str, Json]:
    return {
        name: value if name.startswith("@") else _only(value, _IDENTITY.get(name, _NAMED))
        for name, value in object_of(identity).items()
    }


def _typed(name: str, members: Collection[str]) -> dict[str, Json]:
    return {"@odata.type": f"#microsoft.graph.{name}", **dict.fromkeys(members)}


def _identified(path: str) -> dict[str, Json]:
    return {"@odata.id": path, "@odata.etag": 'W/"5445"'}


def _in_text(result: Json) -> dict[str, Json]:
    """Return a resultInfo with its numbers as text: as the page has it of a call that the bot ends."""
    shown = {**object_of(result)}
    if shown.get("subcode") != ENDED_BY_BOT:
        return shown
    return {name: str(value) for name, value in shown.items()}


def _only(value: Json, names: Collection[str]) -> dict[str, Json]:
    return {name: item for name, item in object_of(value).items() if name in names}
