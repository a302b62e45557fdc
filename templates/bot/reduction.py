"""What a notification makes of a call, and what happened by it: pure functions.

Deliveries are repeated, late and out of order, and only tones and changes of rosters have numbers. So
what was seen before changes nothing, whichever message brings it: states have ranks, tones their
numbers, operations end once, and rosters are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from .json_values import Json, list_of, number_of, object_of, text_of
from .notification import Notification
from .roster import Difference, Roster, differences, is_bot, whole
from .state import ONCE, CallState, EventData, has_ended

_RANKS = {
    "incoming": 0,
    "establishing": 1,
    "ringing": 1,
    "established": 2,
    "hold": 2,
    "redirecting": 3,
    "transferring": 3,
    "transferaccepted": 4,
    "terminating": 5,
    "terminated": 6,
}
"""How far a call has got, by the casefolded name of its state."""

_TRANSFERS = frozenset({"transferring", "transferaccepted"})

_TRANSFER_FAILURES = frozenset({7000, 7700})
"""The sub-codes of a transfer that failed, blind or consultative."""

_ESTABLISHED = frozenset({"established", "hold"}) | _TRANSFERS
"""The states of a call that was answered and is not about to end."""

_KEYS = {
    "star": "*",
    "pound": "#",
    **{f"tone{digit}": str(digit) for digit in range(10)},
    **{letter: letter.upper() for letter in "abcd"},
}
"""The keys of a telephone, by the names of Graph."""

_NAME = 100
"""How many characters are kept of a name that is not known."""

_TONES = 1_000
_OPERATIONS = 500
_SEEN = 500
_BODIES = 100
"""How many of each are kept of a call: more than people press or bots play in any call, so that only a
flood is forgotten."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """An item and its resource, if that is one object."""

    item: Notification
    data: Mapping[str, Json] = field(repr=False)


Reduced = tuple[CallState, tuple[EventData, ...]]


def reduce(state: CallState, item: Notification) -> Reduced:
    """Return the state of a call after a notification, and what happened, in order.

    Never raises for anything in the item. A notification that changes something without any event of
    its own makes `updated`; one that was seen before makes none. What is late, after the end, changes
    neither the state nor the result.
    """
    before = state
    state, repeated = _with_body(_first_seen(state, item), item)
    if repeated:
        return state, ()
    sent = _Sent(item, object_of(item.data))
    known = state
    state, events = _REDUCERS.get(_kind(item), _unknown)(state, sent)
    if not events and state is not known:
        events = (EventData(kind="updated"),)
    late = before.ended
    return state, tuple(replace(event, late=True) for event in events) if late else tuple(events)


def synthesize_end(state: CallState, at: float) -> Reduced:
    """Return the state of a call that Graph no longer knows, without having said that it ended."""
    if state.ended:
        return state, ()
    return _ended(state, at, None, synthesized=True)


def take_roster(state: CallState, participants: Iterable[Json], up_to: int) -> Reduced:
    """Return the state with the roster that was asked for because changes before `up_to` are missing."""
    gap = state.roster_gap
    still = gap if gap is not None and gap > up_to else None
    due = state.roster_due if still else None
    taken = replace(state, roster_sequence=up_to, roster_gap=still, roster_due=due)
    return _with_roster(taken, whole(participants))


def _kind(item: Notification) -> str:
    return item.form if item.form != "notification" else item.kind or ""


# -- what every notification tells


def _first_seen(state: CallState, item: Notification) -> CallState:
    context = item.context
    first_seen = state.first_seen or context.received_at.timestamp()
    tenant_id = state.tenant_id or context.tenant_id or item.tenant_id
    chain_id = state.chain_id or context.chain_id
    scenario_id = state.scenario_id or context.scenario_id
    told = (first_seen, tenant_id, chain_id, scenario_id)
    if told == (state.first_seen, state.tenant_id, state.chain_id, state.scenario_id):
        return state
    return replace(
        state,
        first_seen=first_seen,
        tenant_id=tenant_id,
        chain_id=chain_id,
        scenario_id=scenario_id,
    )


def _with_body(state: CallState, item: Notification) -> tuple[CallState, bool]:
    """Return the state that knows what was last sent of a resource, and whether it is the same again.

    Only deliveries without a message id are compared: those with one are told apart by it.
    """
    key = " ".join((item.kind or "", item.operation_id or item.participant_id or ""))
    digest = "" if item.context.message_id else item.digest
    if digest and state.bodies.get(key) == digest:
        return state, True
    if state.bodies.get(key, "") == digest:
        return state, False
    bodies = {name: kept for name, kept in state.bodies.items() if name != key}
    return replace(state, bodies=_newest({**bodies, key: digest}, _BODIES)), False


# -- the call itself


def _call(state: CallState, sent: _Sent) -> tuple[CallState, Sequence[EventData]]:
    data, item = sent.data, sent.item
    tones: Sequence[EventData] = ()
    if isinstance(data.get("toneInfo"), dict):
        state, tones = _tone(state, object_of(data["toneInfo"]))
    if state.ended:
        return state, tones
    before = state
    received = data.get("state")
    new = received if isinstance(received, str) and received.casefold() in _RANKS else None
    failed = _transfer_failed(before, new, data)
    state = _merged(state, data, new, failed=failed)
    if item.change_type == "deleted" or (new or "").casefold() == "terminated":
        at = item.context.received_at.timestamp()
        state, ended = _ended(state, at, data.get("resultInfo"), synthesized=False)
        return state, (*tones, *ended)
    now = text_of(state.state).casefold()
    audio = text_of(object_of(state.call.get("mediaState")).get("audio")).casefold()
    failure = {"result": data.get("resultInfo"), "synthesized": False}
    events: list[EventData] = []
    for kind, name, happened, payload in (
        ("incoming", "incoming", now == "incoming", {}),
        ("established", "established", now in _ESTABLISHED, {}),
        ("transfer_failed", "transfer_failed", failed, failure),
        ("media_active", "media_active", now == "established" and audio == "active", {}),
        ("unknown", f"state {text_of(received)[:_NAME]}", bool(received) and new is None, {}),
    ):
        if happened and name not in state.seen:
            state = _with_seen(state, name)
            events.append(EventData(kind=kind, payload=payload))
    return state, (*events, *tones)


def _merged(
    state: CallState, data: Mapping[str, Json], new: str | None, *, failed: bool
) -> CallState:
    """Return the state with what was sent of the call: what is absent stays as it was."""
    sent = {name: value for name, value in data.items() if name not in ("state", "id")}
    if new is not None:
        old_rank, new_rank = _rank(state.state), _RANKS[new.casefold()]
        overtaken = new.casefold() in _TRANSFERS and "transfer_failed" in state.seen
        if failed or old_rank is None or (new_rank >= old_rank and not overtaken):
            sent["state"] = new
    chain = text_of(sent.get("callChainId")) or state.chain_id
    merged = {**state.call, **sent}
    if merged == state.call and chain == state.chain_id:
        return state
    tenant = state.tenant_id or text_of(sent.get("tenantId")) or None
    return replace(state, call=merged, chain_id=chain, tenant_id=tenant)


def _transfer_failed(state: CallState, new: str | None, data: Mapping[str, Json]) -> bool:
    """Whether a transfer has failed: the call is established again, and it is said why.

    The failure may overtake the transfer, of which nothing is to be seen then.
    """
    now, info = text_of(state.state).casefold(), object_of(data.get("resultInfo"))
    again = (new or "").casefold() == "established" and bool(info)
    if not again or "transfer_failed" in state.seen:
        return False
    subcode = number_of(info.get("subcode", info.get("subCode")))
    return now in _TRANSFERS or (now != "terminating" and subcode in _TRANSFER_FAILURES)


def _ended(state: CallState, at: float, result: Json, *, synthesized: bool) -> Reduced:
    call = {**state.call, "state": "terminated"}
    state = replace(state, call=call, ended_at=at, result=result)
    payload = {"result": result, "synthesized": synthesized}
    return state, (EventData(kind="terminated", payload=payload),)


def _tone(state: CallState, info: Mapping[str, Json]) -> tuple[CallState, Sequence[EventData]]:
    name = text_of(info.get("tone"))
    numbers = [number for number, _ in state.tones]
    number = number_of(info.get("sequenceId"))
    if number is None:
        number = max(numbers, default=0) + 1
    if not name or number in numbers:
        return state, ()
    if len(numbers) >= _TONES and number < numbers[0]:
        return state, ()  # forgotten, so that it may have been seen
    key = _KEYS.get(name.casefold(), name)
    tones = tuple(sorted((*state.tones, (number, key))))[-_TONES:]
    read = state.tones_read & {number for number, _ in tones}
    state = replace(state, tones=tones, tones_read=read)
    return state, (EventData(kind="tone", payload={"tone": key, "sequenceId": number}),)


# -- what hangs on a call


def _operation(state: CallState, sent: _Sent) -> tuple[CallState, Sequence[EventData]]:
    item, data = sent.item, dict(sent.data)
    context = text_of(data.get("clientContext"))
    key = state.operation_key(item.operation_id, context) or item.operation_id or context
    if not key:
        return _unknown(state, sent)
    if item.operation_id and not data.get("id"):
        data["id"] = item.operation_id
    if item.change_type == "deleted" and not has_ended(data):
        data["status"] = _status_of(data)
    known = object_of(state.operations.get(key))
    if has_ended(known):
        return state, ()
    merged = {**known, **{name: value for name, value in data.items() if value is not None}}
    if known and _progress(known) > _progress(merged):
        merged["status"] = known["status"]
    if merged == known or (state.ended and not has_ended(merged)):
        return state, ()
    others = {name: operation for name, operation in state.operations.items() if name != key}
    operations = _newest({**others, key: merged}, _OPERATIONS)
    state = replace(state, operations=operations)
    if not has_ended(merged):
        return state, ()
    return state, (EventData(kind="operation", payload={"operation": merged}),)


def _status_of(data: Mapping[str, Json]) -> str:
    """Return the status of an operation of which only its end was notified."""
    code = number_of(object_of(data.get("resultInfo")).get("code"))
    return "failed" if code is not None and code >= 400 else "completed"


def _progress(operation: Mapping[str, Json]) -> int:
    status = text_of(operation.get("status")).casefold()
    return {"running": 1, "completed": 2, "failed": 2}.get(status, 0)


def _participants(state: CallState, sent: _Sent) -> tuple[CallState, Sequence[EventData]]:
    data = sent.item.data
    if state.ended:
        return state, ()
    if not isinstance(data, list):
        return _participant(state, sent)
    entries = list_of(cast("object", data))
    deltas = [entry for entry in entries if _is_delta(entry)]
    if not deltas:
        return _with_roster(state, whole(entries))
    events: list[EventData] = []
    for delta in deltas:
        state, more = _delta(state, delta, sent.item.context.received_at.timestamp())
        events += more
    return state, events


def _is_delta(entry: Json) -> bool:
    name = text_of(object_of(entry).get("@odata.type")).casefold()
    return name.endswith("deltaparticipants") or "sequenceNumber" in object_of(entry)


def _delta(state: CallState, delta: Mapping[str, Json], at: float) -> Reduced:
    """Apply a change of the roster, if it is the next one; the first of a call has the number 1."""
    number = number_of(delta.get("sequenceNumber"))
    last = state.roster_sequence or 0
    if number is None or (state.roster_sequence is not None and number <= last):
        return state, ()
    if state.roster_gap is not None:
        return replace(state, roster_gap=max(number, state.roster_gap)), ()
    if number > last + 1:
        return replace(state, roster_gap=number, roster_due=at), ()
    entries = list_of(delta.get("participants"))
    changed = dict(state.roster.raw)
    for key, participant in whole(entries).items():
        if participant.get("removedState"):
            changed.pop(key, None)
        else:
            changed[key] = participant
    return _with_roster(replace(state, roster_sequence=number), changed)


def _participant(state: CallState, sent: _Sent) -> tuple[CallState, Sequence[EventData]]:
    """Take in one participant."""
    key = sent.item.participant_id
    if not key:
        return _unknown(state, sent)
    if state.ended:
        return state, ()
    changed = dict(state.roster.raw)
    if sent.item.change_type == "deleted":
        changed.pop(key, None)
    elif sent.data:
        changed[key] = {**object_of(changed.get(key)), **sent.data}
    return _with_roster(state, changed)


def _with_roster(state: CallState, roster: dict[str, Json]) -> Reduced:
    found = differences(state.roster.raw, roster)
    if not found:
        return state, ()
    own = state.call.get("myParticipantId")
    events = tuple(
        _roster_event(one) for one in found if not is_bot(one.participant, state.app_id, own)
    )
    return replace(state, roster=Roster(roster)), events


def _roster_event(found: Difference) -> EventData:
    kind = "joined" if found.before is None else "left" if found.after is None else "changed"
    payload = {"participant": found.participant, "before": found.before}
    return EventData(kind=f"participant_{kind}", payload=payload)


def _content_sharing(state: CallState, sent: _Sent) -> tuple[CallState, Sequence[EventData]]:
    """Tell of what is shared: one session by its path, or several in a list."""
    item = sent.item
    if item.change_type not in ("created", "deleted"):
        return _other(state, sent)
    sessions = [_last_of_path(item)]
    if item.kind == "contentSharingSessions":
        entries = list_of(item.data) or [sent.data]
        sessions = [text_of(object_of(entry).get("id"))[:_NAME] for entry in entries]
    events: list[EventData] = []
    for session in sessions:
        name = f"sharing {item.change_type} {session}"
        if session and name not in state.seen:
            state = _with_seen(state, name)
            payload = {"sessionId": session, "changeType": item.change_type}
            events.append(EventData(kind="content_sharing", payload=payload))
    return state, events


def _left(state: CallState, sent: _Sent) -> tuple[CallState, Sequence[EventData]]:
    participant_id = sent.item.participant_id
    name = f"left {participant_id}"
    if name in state.seen:
        return state, ()
    payload = {"participantId": participant_id}
    event = EventData(kind="participant_left_notification", payload=payload)
    return _with_seen(state, name), (event,)


def _other(state: CallState, sent: _Sent) -> tuple[CallState, Sequence[EventData]]:
    """Take note of a resource of which the kit keeps nothing."""
    return _noted(state, sent.item, "updated")


def _unknown(state: CallState, sent: _Sent) -> tuple[CallState, Sequence[EventData]]:
    return _noted(state, sent.item, "unknown")


def _noted(state: CallState, item: Notification, kind: str) -> Reduced:
    """Tell of a notification, unless the last one of its resource was the same."""
    name = f"{kind} {item.kind} {_last_of_path(item)}"
    if state.bodies.get(name) == item.digest:
        return state, ()
    bodies = {key: digest for key, digest in state.bodies.items() if key != name}
    bodies = _newest({**bodies, name: item.digest}, _BODIES)
    return replace(state, bodies=bodies), (EventData(kind=kind),)


_REDUCERS = {
    "audioRoutingGroup": _other,
    "audioRoutingGroups": _other,
    "call": _call,
    "contentSharingSession": _content_sharing,
    "contentSharingSessions": _content_sharing,
    "left": _left,
    "operation": _operation,
    "participant": _participant,
    "participants": _participants,
}


# -- helpers


def _with_seen(state: CallState, name: str) -> CallState:
    once = [one for one in state.seen if one in ONCE]
    others = [one for one in (*state.seen, name) if one not in ONCE]
    first = [*once, name] if name in ONCE else once
    return replace(state, seen=(*first, *others[-_SEEN:]))


def _newest(entries: dict[str, Any], most: int) -> dict[str, Any]:
    return dict([*entries.items()][-most:]) if len(entries) > most else entries


def _last_of_path(item: Notification) -> str:
    path = text_of(item.raw.get("resourceUrl")) or text_of(item.raw.get("resource"))
    return path.partition("?")[0].rstrip("/").rpartition("/")[2][:_NAME]


def _rank(state: str | None) -> int | None:
    return _RANKS.get(state.casefold()) if state else None
