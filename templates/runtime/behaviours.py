"""Members that generated classes have beyond what the metadata declares.

The generator names these classes as bases of the models; see BEHAVIOURS in `emit/names.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast
from urllib.parse import unquote

_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_GUID = re.compile(r"[0-9a-f]{8}(-?)[0-9a-f]{4}(\1[0-9a-f]{4}){2}\1[0-9a-f]{12}", re.IGNORECASE)

_KINDS = {
    "audioroutinggroups": "audioRoutingGroup",
    "contentsharingsessions": "contentSharingSession",
    "operations": "operation",
    "participants": "participant",
}
"""What the collections of a call hold, by the casefolded name of the collection."""

_LONGEST = 4096
"""The most characters that the path of a call may have. Decoding a longer one may take seconds."""


class CommsNotificationBehaviour:
    """What a notification is about: read from the paths that it names, not from the resource itself.

    The service leaves the id out of the resource of most notifications about calls. The first of
    `resourceUrl`, `resource` and `@odata.id` that is a path of a call counts; then the resource's own
    `id`. GUIDs are in lower case with hyphens, so that they can be compared: the service also sends
    them in upper case and without. Anything else is as received, with percent-encoding decoded.
    Nothing here raises.
    Source: https://learn.microsoft.com/graph/api/application-post-calls and call-playprompt.
    """

    @property
    def call_id(self) -> str | None:
        """The id of the call; None if nothing names one."""
        path = _path(self)
        return normal_id(path[0]) if path else _own_id(self, "call")

    @property
    def operation_id(self) -> str | None:
        """The id of the operation that the notification is about; None if it is about something else."""
        return _below(self, "operation")

    @property
    def participant_id(self) -> str | None:
        """The id of the participant that the notification is about; None for a whole roster."""
        return _below(self, "participant")

    @property
    def resource_kind(self) -> str | None:
        """What the notification is about; None if it names no call.

        `call`, `operation`, `participant`, `contentSharingSession` or `audioRoutingGroup`, with an `s`
        for a whole collection, such as the roster: `participants`. Any other collection of a call
        is named as received.
        """
        path = _path(self)
        return kind_of_path(path, _data(self)) if path else _kind_of(_data(self))


class ResultInfoBehaviour:
    """What the numbers of a result mean."""

    def explain(self) -> str | None:
        """Return what code and sub-code mean, as a clause; None if nobody has explained them.

        The sub-code may have arrived spelled `subCode`. See `graph_comms.SUBCODES` for the sources.
        """
        from .subcodes import explained  # a table that few programs need

        result: Any = self
        subcode = getattr(result, "subcode", None)
        if subcode is None:
            subcode = result.undeclared.get("subCode")
        numbers = (
            n if isinstance(n, int) else None for n in (getattr(result, "code", None), subcode)
        )
        return explained(*numbers)


def _data(notification: Any) -> Any:
    return getattr(notification, "resource_data", None)


def _is_roster(collection: str, key: str) -> bool:
    """Whether a path ends in `/operations/participants`, which is documented and names no operation."""
    return (collection.casefold(), key.casefold()) == ("operations", "participants")


def _below(notification: Any, kind: str) -> str | None:
    """Return the id of a resource of a kind in a call."""
    return id_in_path(_path(notification), kind) or _own_id(notification, kind)


def _own_id(notification: Any, kind: str) -> str | None:
    """Return the id of the resource in a notification, if that is of a kind."""
    data = _data(notification)
    own = getattr(data, "id", None)
    return normal_id(own) if isinstance(own, str) and own and _kind_of(data) == kind else None


def _kind_of(data: Any) -> str | None:
    """Return the kind of a resource by its type."""
    names = {cls.__name__ for cls in type(data).__mro__}
    found = names & {"Call", "CommsOperation", "Participant"}
    return found.pop().removeprefix("Comms").casefold() if found else None


def _path(notification: Any) -> list[str]:
    return call_path(_texts(notification))


def call_path(texts: Iterable[object]) -> list[str]:
    """Return the key of the call and the segments after it, of the first text that is a path of a call.

    Percent-encoding is decoded; the path may have an origin, a query and a fragment. Empty if there is none.
    """
    for text in texts:
        if not isinstance(text, str) or len(text) > _LONGEST:
            continue
        origin = _ORIGIN.match(text)
        path = text[origin.end() if origin else 0 :].partition("?")[0].partition("#")[0]
        segments = [unquote(segment) for segment in path.split("/") if segment]
        names = [segment.casefold() for segment in segments]
        if "calls" in names[:-1]:
            return segments[names.index("calls") + 1 :]
    return []


def kind_of_path(path: Sequence[str], data: object) -> str:
    """Return what the path of a call is about, given what was sent with it; see `resource_kind`."""
    if len(path) == 1:
        return "call"
    collection, *keys = path[1:]
    kind = _KINDS.get(collection.casefold())
    if not keys:
        return f"{kind}s" if kind else collection
    if _is_roster(collection, keys[0]) and isinstance(data, list):
        return "participants"
    return kind or collection


def id_in_path(path: Sequence[str], kind: str) -> str | None:
    """Return the id of the resource of a kind that the path of a call names; None if it names none."""
    if len(path) > 2 and _KINDS.get(path[1].casefold()) == kind and not _is_roster(*path[1:3]):
        return normal_id(path[2])
    return None


def _texts(notification: Any) -> Iterator[object]:
    """Yield what may be the path of the resource, in the order in which it counts."""
    beside = _beside(_data(notification))
    yield getattr(notification, "resource_url", None)
    yield getattr(notification, "resource", None)
    yield notification.undeclared.get("@odata.id")
    yield beside.get("@odata.id")
    yield getattr(notification, "id", None)


def _beside(data: object) -> Any:
    """Return what a resource has besides its declared properties; all of it, if it is no model."""
    if isinstance(data, dict):
        return cast("dict[str, object]", data)
    return getattr(data, "undeclared", {})


def normal_id(key: str) -> str:
    """Return a GUID in lower case with hyphens, and anything else unchanged."""
    if not _GUID.fullmatch(key):
        return key
    digits = key.replace("-", "").lower()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
