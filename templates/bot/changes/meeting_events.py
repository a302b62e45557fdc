"""Events of the call of an online meeting, which Graph's metadata does not describe.

Source: https://learn.microsoft.com/graph/changenotifications-for-onlinemeeting
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from ..._runtime.type_names import class_of
from ...models import IdentitySet


@dataclass(frozen=True, slots=True)
class MeetingParticipant:
    """Somebody in the call of a meeting: the id in the call, and who it is."""

    id: str | None
    identity: IdentitySet = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingCallEvent:
    """The call of an online meeting started or ended, or its roster changed.

    `event_type` is `"callStarted"`, `"callEnded"` or `"callRosterUpdate"`; another one is as received,
    without its namespace. `joined` and `exited` are those whom the event is about; `raw` is the event.
    """

    event_type: str
    event_date_time: datetime | None
    state: str | None
    joined: tuple[MeetingParticipant, ...]
    exited: tuple[MeetingParticipant, ...]
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MeetingCallEvent:
        """Read a decoded event; what does not have the documented form is None or empty."""
        state = data.get("state")
        return cls(
            event_type=_event_type(data.get("eventType") or data.get("callEventType")),
            event_date_time=_time(data.get("eventDateTime")),
            state=state if isinstance(state, str) else None,
            joined=_participants(data.get("activeParticipants@joined")),
            exited=_participants(data.get("activeParticipants@exited")),
            raw=data,
        )


def _event_type(value: object) -> str:
    """Return `callStarted` of `{Microsoft.Communication.CallStarted}`, as documentation has it."""
    name = value.strip("{}").rpartition(".")[2] if isinstance(value, str) else ""
    return _lowered(name)


def _time(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _participants(value: object) -> tuple[MeetingParticipant, ...]:
    listed = cast("list[object]", value) if isinstance(value, list) else []
    return tuple(_participant(_camel(one)) for one in listed if isinstance(one, dict))


def _participant(value: dict[str, Any]) -> MeetingParticipant:
    identity = value.get("identity")
    known = class_of("#microsoft.graph.communicationsIdentitySet")
    cls = known if known and issubclass(known, IdentitySet) else IdentitySet
    return MeetingParticipant(
        value["id"] if isinstance(value.get("id"), str) else None,
        cls.from_dict(cast("dict[str, Any]", identity) if isinstance(identity, dict) else {}),
    )


def _camel(value: Any) -> Any:
    """Return JSON with names as Graph writes them elsewhere: here they begin with a capital."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {_lowered(name): _camel(member) for name, member in members.items()}
    if isinstance(value, list):
        return [_camel(item) for item in cast("list[object]", value)]
    return value


def _lowered(name: str) -> str:
    return name[:1].lower() + name[1:]
