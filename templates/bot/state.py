"""What is known of a call: one value, made of all that was notified, and how a store keeps it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime

from .._runtime.behaviours import normal_id
from ..models import ResultInfo
from . import formats
from .json_values import Json, dump_json, object_of, text_of
from .notification import Context
from .roster import Roster

FORMAT = 1
"""The number of the form in which states are stored; it grows when older versions cannot read it."""

TOO_LATE = ""
"""What an incoming call is decided by whose deadline has passed."""

ONCE = ("incoming", "established", "media_active", "transfer_failed")
"""What happens once in the life of a call; what failed, once for each transfer that is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventData:
    """Something that happened: its kind, and what is to be said about it as JSON.

    `late` says that the call had ended before.
    """

    kind: str
    payload: Mapping[str, Json] = field(default_factory=dict[str, Json], repr=False)
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallState:
    """A call as it is known to be.

    `call` is the resource, merged of all that was sent of it. `seen` are the things that happen once,
    such as `established`, that have happened. `tones` are the keys by their numbers, in that order;
    `tones_read` the numbers of those that were read. `operations` are as notified, by id, or by
    clientContext where there is none. `bodies` has what was last sent of each resource, as a digest.
    `joins` are the answers to those who joined. `decided` is "answer", "reject", "redirect", or
    TOO_LATE. Times are seconds since 1970.

    `roster_sequence` is the number of the last change of the roster, where changes are sent;
    `roster_gap` the number of one that came too early, and `roster_due` when to ask for the roster.
    """

    id: str
    app_id: str
    call: Mapping[str, Json] = field(default_factory=dict[str, Json], repr=False)
    first_seen: float = 0.0
    tenant_id: str | None = None
    chain_id: str | None = None
    scenario_id: str | None = None
    seen: tuple[str, ...] = ()
    tones: tuple[tuple[int, str], ...] = field(default=(), repr=False)
    tones_read: frozenset[int] = frozenset()
    tones_subscribed: bool = False
    operations: Mapping[str, Json] = field(default_factory=dict[str, Json], repr=False)
    roster: Roster = field(default_factory=Roster)
    roster_sequence: int | None = None
    roster_gap: int | None = None
    roster_due: float | None = None
    bodies: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    joins: Mapping[str, Json] = field(default_factory=dict[str, Json], repr=False)
    ended_at: float | None = None
    result: Json = field(default=None, repr=False)
    decided: str | None = None
    deadline: float | None = None
    keep_alive_due: float | None = None

    @property
    def ended(self) -> bool:
        """Whether the call has ended."""
        return self.ended_at is not None

    @property
    def state(self) -> str | None:
        """Where the call stands, as Graph calls it; None if that was not sent."""
        state = self.call.get("state")
        return state if isinstance(state, str) else None

    @property
    def context(self) -> Context:
        """What is known of the call that deliveries say beside their bodies; no message id."""
        return Context(
            received_at=datetime.fromtimestamp(self.first_seen, UTC),
            tenant_id=self.tenant_id,
            scenario_id=self.scenario_id,
            chain_id=self.chain_id,
        )

    @property
    def undecided(self) -> bool:
        """Whether it is an incoming call that was neither answered, nor rejected, nor redirected."""
        return not self.ended and self.decided is None and self.state == "incoming"

    @property
    def result_info(self) -> ResultInfo | None:
        """Why the call ended, as far as Graph said."""
        return result_info(self.result)

    @property
    def unread_tones(self) -> tuple[tuple[int, str], ...]:
        """The keys that nobody has read, in the order of their numbers."""
        return tuple(tone for tone in self.tones if tone[0] not in self.tones_read)

    def with_tones_read(self, last: int | None) -> CallState:
        """Return the state after the keys up to that number were read; None reads all."""
        read = {number for number, _ in self.tones if last is None or number <= last}
        return replace(self, tones_read=self.tones_read | read)

    def with_transfer(self) -> CallState:
        """Return the state when a transfer is asked for: that one may fail too."""
        if "transfer_failed" not in self.seen:
            return self
        return replace(self, seen=tuple(one for one in self.seen if one != "transfer_failed"))

    def operation_key(self, operation_id: str | None, client_context: str | None) -> str | None:
        """Return the key of an operation by its id, or else by its clientContext; None if unknown.

        Two operations with different ids are two, even if they have the same clientContext.
        """
        operation_id = normal_id(operation_id) if operation_id else None
        if operation_id in self.operations:
            return operation_id
        if client_context:
            for key, operation in self.operations.items():
                same = operation.get("clientContext") == client_context
                if same and not (operation_id and operation.get("id")):
                    return key
        return None

    def ended_operation(self, operation_id: str | None, client_context: str | None) -> Json:
        """Return an operation that has completed or failed, as notified; None for any other."""
        key = self.operation_key(operation_id, client_context)
        operation = self.operations.get(key) if key else None
        return operation if operation and has_ended(operation) else None

    def tombstone(self) -> CallState:
        """Return what is remembered of a call that has ended, without anything secret.

        That is enough to know what was seen before.
        """
        kept = CallState(
            id=self.id,
            app_id=self.app_id,
            call={"state": "terminated"},
            first_seen=self.first_seen,
            tenant_id=self.tenant_id,
            seen=self.seen,
            tones=tuple((number, "") for number, _ in self.tones),
            tones_read=frozenset(number for number, _ in self.tones),
            operations={
                key: _outcome(operation)
                for key, operation in self.operations.items()
                if has_ended(operation)
            },
            ended_at=self.ended_at,
            result=_numbers(self.result),
            decided=self.decided,
        )
        return self if kept == self else kept

    # -- in a store

    def dump(self, since: CallState | None = None) -> dict[str, str | None]:
        """Return the parts of the state that differ from an earlier one, as JSON texts."""
        stored = {name: getattr(self, name) for name in _STORED}
        stored |= {"tones_read": sorted(self.tones_read)}
        parts: dict[str, str | None] = {"state": formats.dump(stored, FORMAT)}
        if since is None or self.roster is not since.roster:
            parts["roster"] = dump_json(self.roster.raw) if self.roster else None
        return parts

    @classmethod
    def load(cls, parts: Mapping[str, str]) -> CallState:
        """Read what `dump` wrote; raises NewerFormatError for what a newer version wrote."""
        stored = formats.load(parts["state"], FORMAT)
        stored["tones"] = tuple((number, key) for number, key in stored["tones"])
        stored["tones_read"] = frozenset(stored["tones_read"])
        stored["seen"] = tuple(stored["seen"])
        return cls(**stored, roster=Roster(json.loads(parts.get("roster", "{}"))))


_STORED = tuple(field.name for field in fields(CallState) if field.name != "roster")


def result_info(result: Json) -> ResultInfo | None:
    """Return a result as Graph's type; None where there is nothing in it."""
    members = dict(object_of(result))
    if "subCode" in members:  # as the documentation of transfers spells it
        members.setdefault("subcode", members["subCode"])
    return ResultInfo.from_dict(members) if members else None


def has_ended(operation: Mapping[str, Json]) -> bool:
    """Whether an operation goes no further."""
    status = operation.get("status")
    return isinstance(status, str) and status.casefold() in ("completed", "failed")


def _outcome(operation: Mapping[str, Json]) -> Json:
    """Return how an operation ended, without what it made, such as the token of a recording."""
    names = ("@odata.type", "id", "clientContext", "status")
    kept = {name: operation[name] for name in names if text_of(operation.get(name))}
    result = _numbers(operation.get("resultInfo"))
    return kept | {"resultInfo": result} if result else kept


def _numbers(result: Json) -> Json:
    """Return a result without its message, which may name people."""
    numbers = {name: n for name, n in object_of(result).items() if isinstance(n, int)}
    return numbers or None
