"""What the kit knows of the resources that an application subscribes to: their types and longest lives.

Source: https://learn.microsoft.com/graph/api/resources/subscription, "Subscription lifetime".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ..._runtime.model import GraphModel
from ..._runtime.type_names import TYPE_ANNOTATION, class_of, classes
from .meeting_events import MeetingCallEvent

ResourceType = type[GraphModel] | type[MeetingCallEvent]

_ARGUMENTS = re.compile(r"\([^()]*\)")
_ROOT = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*/[^/?#]*")
"""The service root in front of an absolute address: scheme, host and version."""


@dataclass(frozen=True, slots=True)
class _Watched:
    """The type of what a path leads to, and how long Graph lets a subscription to it live at most."""

    odata_type: str
    longest: timedelta


_RECORDINGS = _Watched("#microsoft.graph.callRecording", timedelta(minutes=4320))
_TRANSCRIPTS = _Watched("#microsoft.graph.callTranscript", timedelta(minutes=4320))
_MEETING_EVENTS = _Watched("", timedelta(minutes=4320))
_PRESENCE = _Watched("#microsoft.graph.presence", timedelta(minutes=60))
_WATCHED: Mapping[str, _Watched] = {
    "callrecords": _Watched("#microsoft.graph.callRecords.callRecord", timedelta(minutes=4230)),
    "getallrecordings": _RECORDINGS,
    "getalltranscripts": _TRANSCRIPTS,
    "meetingcallevents": _MEETING_EVENTS,
    "onlinemeetings": _MEETING_EVENTS,
    "presence": _PRESENCE,
    "presences": _PRESENCE,
    "recordings": _RECORDINGS,
    "transcripts": _TRANSCRIPTS,
}
"""By the last name in the path of a resource that is listed here, in lower case."""

_UNKNOWN = _Watched("", timedelta(minutes=60))
"""Graph accepts an hour for every resource."""


def longest_life(path: str) -> timedelta:
    """Return how long Graph lets a subscription to a resource live at most; an hour if that is unknown."""
    return (_watched(path) or _UNKNOWN).longest


def type_of(path: str, data: Mapping[str, Any]) -> ResourceType | None:
    """Return the type of a resource by its address and what a notification has of it; None if unknown.

    The type name in a notification need not be that of the metadata: it is
    `#microsoft.graph.callrecord` for a call record.
    """
    watched = _watched(path)
    if watched is _MEETING_EVENTS:
        return MeetingCallEvent
    named = _class(data.get(TYPE_ANNOTATION))
    return named or (_class(watched.odata_type) if watched else None)


def relative(path: str) -> str:
    """Return the address of a resource below the service root, with the slash in front of it."""
    return "/" + _ROOT.sub("", path, count=1).lstrip("/")


def shown(path: str) -> str:
    """Return a path as a log may have it: without arguments and query, which may hold a passcode."""
    return _ARGUMENTS.sub("(…)", path).partition("?")[0]


def _watched(path: str) -> _Watched | None:
    names = _ARGUMENTS.sub("", path).partition("?")[0].casefold().split("/")
    return next((_WATCHED[name] for name in reversed(names) if name in _WATCHED), None)


def _class(odata_type: object) -> type[GraphModel] | None:
    """Return the class of a type name, or else the only one of the same simple name."""
    if not isinstance(odata_type, str):
        return None
    found = [class_of(odata_type)]
    if found == [None]:
        simple = odata_type.rpartition(".")[2].casefold()
        found = [class_of(name) for name in classes if name.rpartition(".")[2].casefold() == simple]
    return found[0] if len(found) == 1 and found[0] and issubclass(found[0], GraphModel) else None
