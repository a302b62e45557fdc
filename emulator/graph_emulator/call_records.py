"""Call records: what the service writes about each call, a while after its end.

Sources: https://learn.microsoft.com/graph/api/resources/callrecords-api-overview,
https://learn.microsoft.com/graph/api/resources/callrecords-callrecord; when, and for how long: issues 7566
and 8144 of the documentation.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from graph_comms.bot.json_values import Json, list_of, object_of, text_of
from graph_comms.models.call_records import CallRecord

from .behaviours import Behaviour
from .call import Call, application
from .calls import Calls
from .ids import same_id
from .odata.entities import Entities
from .odata.store import Path
from .schedule import BEGIN, Schedule

WRITTEN = 10 * 60.0
"""How long after the end of a call its record is there, in seconds."""

COMPLETED = 30 * 60.0
"""How long after its end the record is written anew, with what was not known before."""

KEPT = 30 * 24 * 3600.0

_COLLECTION = ("communications", "callRecords")
_KIND = "#microsoft.graph.callRecords."


class CallRecords:
    """Writes a record of each call into the store; nobody waits for that."""

    def __init__(self, schedule: Schedule, entities: Entities, calls: Calls) -> None:
        self._schedule = schedule
        self._entities = entities
        calls.on_end.append(self.ended)

    def ended(self, call: Call) -> None:
        """Plan the record of a call that has ended."""
        end = self._schedule.time
        path = (*_COLLECTION, same_id(call.chain_id))
        self._later(WRITTEN, lambda: self._write(path, call, end))
        self._later(COMPLETED, lambda: self._write(path, call, end))
        self._later(KEPT, lambda: self._remove(path))

    def _later(self, delay: float, act: Callable[[], object]) -> None:
        self._schedule.after(delay, act, pending=False)

    def _write(self, path: Path, call: Call, end: float) -> None:
        now = moment_of(self._schedule.time)
        record = self._entities.store.get(path)
        if record is None:
            body = {**_record(call, end), "version": 1, "lastModifiedDateTime": now}
            self._entities.add(_COLLECTION, body, CallRecord)
        else:
            changes = {"version": record.value["version"] + 1, "lastModifiedDateTime": now}
            self._entities.store.merge(record, changes)

    def _remove(self, path: Path) -> None:
        if self._entities.store.get(path) is not None:
            self._entities.store.remove(path)


def _record(call: Call, end: float) -> dict[str, Json]:
    times = {"startDateTime": moment_of(call.began), "endDateTime": moment_of(end)}
    bot = application(call.app_id)
    others = [one.identity for one in call.attended] or [
        object_of(one).get("identity") for one in list_of(call.entity.get("targets"))
    ]
    organizer = (
        bot if call.direction == "outgoing" else object_of(call.entity["source"])["identity"]
    )
    callers = [bot] if call.direction == "outgoing" else others
    callees = others if call.direction == "outgoing" else [bot]
    peer = call.shape == "peer-to-peer"
    pairs = (
        list(zip(callers, callees, strict=False))
        if peer
        else [(one, None) for one in [bot, *others]]
    )
    everybody = [bot, *others]
    return {
        "id": call.chain_id,
        "type": "peerToPeer" if peer else "groupCall",
        "modalities": ["audio"],
        **times,
        "organizer": organizer,
        "participants": everybody,
        "organizer_v2": _participant(organizer),
        "participants_v2": [*{one["id"]: one for one in map(_participant, everybody)}.values()],
        "sessions": [
            {
                "id": call.chain_id if peer else _participant(caller)["id"],
                "modalities": ["audio"],
                **times,
                "caller": _endpoint(caller),
                "callee": _endpoint(callee),
                "segments": [
                    {
                        "id": call.chain_id,
                        **times,
                        "caller": _endpoint(caller),
                        "callee": _endpoint(callee),
                    }
                ],
            }
            for caller, callee in pairs
        ],
    }


def _participant(identity: Json) -> dict[str, Json]:
    return {"id": text_of(single_of(identity).get("id")), "identity": identity}


def _endpoint(identity: Json | None) -> dict[str, Json]:
    """Return one end of a session: a person's client, or the service."""
    if identity is None or "application" in identity:
        agent = {"@odata.type": f"{_KIND}serviceUserAgent", "role": "customBot"}
        return {"@odata.type": f"{_KIND}serviceEndpoint", "userAgent": agent}
    agent = {"@odata.type": f"{_KIND}clientUserAgent", "productFamily": "teams"}
    return {
        "@odata.type": f"{_KIND}participantEndpoint",
        "userAgent": agent,
        "associatedIdentity": single_of(identity),
    }


def single_of(identity: Json) -> dict[str, Json]:
    """Return the one identity in a set."""
    found = [one for one in object_of(identity).values() if object_of(one)]
    return found[0] if found else {}


def moment_of(time: float) -> str:
    """Return a time in seconds since the emulator began, as JSON has it."""
    return (BEGIN + timedelta(seconds=time)).isoformat().replace("+00:00", "Z")


_OVERVIEW = "https://learn.microsoft.com/graph/api/resources/callrecords-api-overview"
_TEST = "tests/emulator/test_call_records.py::"

BEHAVIOURS = (
    Behaviour("callRecords.sessions", "D", _OVERVIEW, f"{_TEST}test_the_record_of_a_call_between_two"),
    Behaviour("callRecords.sessions.group", "D", _OVERVIEW, f"{_TEST}test_the_record_of_a_group_call"),
    Behaviour(
        "callRecords.list", "D",
        "https://learn.microsoft.com/graph/api/callrecords-cloudcommunications-list-callrecords",
        f"{_TEST}test_a_list_of_records_has_no_sessions",
    ),
    Behaviour(
        "callRecords.organizer", "D", "https://learn.microsoft.com/graph/api/callrecords-callrecord-get",
        f"{_TEST}test_a_record_shows_its_organizer_unasked",
    ),
    Behaviour(
        "callRecords.when", "W", "microsoft-graph-docs issues 7566 and 8144",
        f"{_TEST}test_the_record_of_a_call_between_two",
    ),
    Behaviour("callRecords.versions", "D", _OVERVIEW, f"{_TEST}test_a_record_is_completed_and_forgotten"),
    Behaviour(
        "callRecords.id", "?", "the callChainId of the call", f"{_TEST}test_the_record_of_a_call_between_two"
    ),
)  # fmt: skip
