"""What is parsed and dumped: documented messages, and large ones of the shapes that Graph sends.

Sources: the page "Create call"; https://learn.microsoft.com/graph/api/callrecords-callrecord-get,
https://learn.microsoft.com/graph/api/presence-get.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from graph_comms.models import Call, CommsNotifications, Participant, Presence
from graph_comms.models.call_records import CallRecord
from tests.bot import samples
from tests.golden.documented import load_examples

Json = Any

PARTICIPANTS = 1_000
SESSIONS = 1_200
PRESENCES = 1_000

_TENANT = samples.TENANT


@dataclass(frozen=True, slots=True)
class Payload:
    """Bodies of one kind, and the class that reads them."""

    model: type[Call | CallRecord | CommsNotifications | Participant | Presence]
    texts: tuple[bytes, ...]

    def values(self) -> list[Json]:
        """Return the bodies as plain values."""
        return [json.loads(text) for text in self.texts]

    def models(self) -> list[Any]:
        """Return the bodies as models."""
        return [self.model.from_json(text) for text in self.texts]


def responses() -> Payload:
    """Return the ten documented responses."""
    return Payload(Call, _texts(*(example.response.body for example in load_examples())))


def roster(participants: int = PARTICIPANTS) -> Payload:
    """Return the documented notification of a roster, with so many participants."""
    ids = _Ids()
    body = next(
        notification.body
        for example in load_examples()
        for notification in example.notifications
        if notification.name.endswith("-roster")
    )
    [item] = body["value"]
    someone = item["resourceData"][0]
    others = [_with_ids(someone, ids, f"Person {number}") for number in range(participants)]
    return Payload(
        CommsNotifications, _texts({**body, "value": [{**item, "resourceData": others}]})
    )


def participants() -> Payload:
    """Return the participants of the roster, each as a body of its own."""
    [body] = roster().values()
    [item] = body["value"]
    return Payload(Participant, _texts(*item["resourceData"]))


def record(sessions: int = SESSIONS) -> Payload:
    """Return a call record with so many sessions: 1,200 are 2.2 MB."""
    return Payload(CallRecord, _texts(_record(_Ids(), sessions)))


def records(megabytes: float) -> Payload:
    """Return call records of a few sessions each, as bodies of their own, of so many megabytes in all."""
    ids = _Ids()
    one = len(_texts(_record(ids, 4))[0])
    return Payload(
        CallRecord, _texts(*(_record(ids, 4) for _ in range(int(megabytes * 1e6 / one))))
    )


def presences() -> Payload:
    """Return the presences of many people, each as a body of its own."""
    ids = _Ids()
    return Payload(Presence, _texts(*(_presence(ids, number) for number in range(PRESENCES))))


def _texts(*bodies: Json) -> tuple[bytes, ...]:
    return tuple(json.dumps(body).encode() for body in bodies)


class _Ids:
    """Ids that are the same in each run."""

    def __init__(self) -> None:
        self._random = Random(1)

    def __call__(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))


def _with_ids(value: Json, ids: _Ids, name: str) -> Json:
    """Return a participant with other ids and another name."""
    if not isinstance(value, dict):
        return value
    members = {key: _with_ids(member, ids, name) for key, member in value.items()}
    if "id" in members:
        members["id"] = ids()
    if "displayName" in members:
        members["displayName"] = name
    return members


def _record(ids: _Ids, sessions: int) -> Json:
    entity = "https://graph.microsoft.com/v1.0/$metadata#communications/callRecords"
    record_id = ids()
    organizer = _person(ids(), "Ann")
    return {
        "@odata.context": f"{entity}(sessions(segments()))/$entity",
        "version": 1,
        "type": "peerToPeer",
        "modalities": ["audio"],
        "lastModifiedDateTime": "2026-02-25T19:00:24.582757Z",
        "startDateTime": "2026-02-25T18:52:21.2169889Z",
        "endDateTime": "2026-02-25T18:52:46.7640013Z",
        "id": record_id,
        "organizer_v2@odata.context": f"{entity}('{record_id}')/organizer_v2/$entity",
        "organizer_v2": {"id": organizer["id"], "identity": {"user": organizer}},
        "sessions": [_session(ids) for _ in range(sessions)],
        "sessions@odata.nextLink": f"{entity}('{record_id}')/sessions?$skiptoken=abc",
    }


def _session(ids: _Ids) -> Json:
    span = {
        "startDateTime": "2026-02-25T18:52:21.2169889Z",
        "endDateTime": "2026-02-25T18:52:46.7640013Z",
    }
    stream = {
        "streamId": "1504545584",
        "streamDirection": "callerToCallee",
        "averageAudioDegradation": None,
        "averageJitter": "PT0.016S",
    }
    media = {
        "label": "main-audio",
        "callerNetwork": {
            "ipAddress": "10.0.0.2",
            "subnet": "10.0.0.0",
            "linkSpeed": 54_000_000,
        },
        "callerDevice": {
            "captureDeviceName": "Default input device",
            "renderDeviceName": "Default output device",
            "receivedSignalLevel": -10,
        },
        "streams": [stream],
    }
    phone = "RTCC/7.0.0.0 UCWA/7.0.0.0 AndroidLync/6.25.0.27 (SM-G930U Android 8.0.0)"
    desktop = "UCCAPI/16.0.12527.20122 OC/16.0.12527.20194 (Skype for Business)"
    return {
        "modalities": ["audio"],
        **span,
        "id": ids(),
        "isTest": False,
        "caller": _endpoint(ids(), "Ann", "android", phone),
        "callee": {**_endpoint(ids(), "Ben", "windows", desktop), "feedback": {"rating": "poor"}},
        "segments": [{**span, "id": ids(), "media": [media]}],
    }


def _endpoint(user_id: str, name: str, platform: str, header: str) -> Json:
    kind = "#microsoft.graph.callRecords."
    return {
        "@odata.type": f"{kind}participantEndpoint",
        "name": f"machine of {name}",
        "userAgent": {
            "@odata.type": f"{kind}clientUserAgent",
            "headerValue": header,
            "platform": platform,
            "productFamily": "skypeForBusiness",
        },
        "associatedIdentity": {
            **_person(user_id, name),
            "userPrincipalName": f"{name.lower()}@contoso.com",
        },
    }


def _person(user_id: str, name: str) -> Json:
    return {"id": user_id, "displayName": name, "tenantId": _TENANT}


def _presence(ids: _Ids, number: int) -> Json:
    return {
        "id": ids(),
        "availability": "DoNotDisturb",
        "activity": "Presenting",
        "sequenceNumber": f"A0639017{number}",
        "statusMessage": {
            "message": {"content": "I am in a call", "contentType": "text"},
            "publishedDateTime": "2026-01-31T10:00:00.1234567Z",
            "expiryDateTime": {"dateTime": "2026-02-01T10:00:00", "timeZone": "UTC"},
        },
        "outOfOfficeSettings": {"message": None, "isOutOfOffice": False},
        "workLocation": {"placeId": None, "source": "manual", "workLocationType": "office"},
    }
