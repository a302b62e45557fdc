"""Where in the store a request leads, and how answers write that address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from graph_comms._runtime.model import GraphModel

from ..behaviours import Behaviour
from ..faults import Fault
from ..ids import same_id
from ..messages import Request
from ..metadata import type_name_of
from .store import Path

_KEY = re.compile(r"\{([^{}]+)\}")

_ARGUMENTS = re.compile(r"\([^()]*\)")

_SHARED = frozenset({"adhocCalls", "onlineMeetings"})
"""Collections of `communications` of which each user has a part: the entities are the same."""


@dataclass(frozen=True, slots=True)
class Place:
    """A path in the store; `keyed` says of each segment whether it is a key.

    `owner` is the user, or the application, whose part of a collection is asked for, if it is one's.
    """

    path: Path
    keyed: tuple[bool, ...]
    owner: str | None

    @property
    def one(self) -> bool:
        """Whether it is a single entity of a collection."""
        return self.keyed[-1]

    def above(self) -> Iterator[Path]:
        """Yield the paths of the entities to which this belongs, but for users, who are always there."""
        for length in range(1, len(self.path)):
            if self.keyed[length - 1] and self.path[: length - 1] != ("users",):
                yield self.path[:length]


def place_of(request: Request) -> Place:
    """Return where a request leads; its functions, `$count` and the like left out."""
    place = place_at(request.operation.path, request.keys, request.caller.user)
    mine = place.path[0] == "subscriptions"
    return replace(place, owner=request.caller.app_id) if mine else place


def place_at(template: str, keys: Mapping[str, str], me: str | None) -> Place:
    """Return where a path leads whose template has these keys; `me` is the user who asks.

    Raises Fault for /me without one.
    """
    segments: list[tuple[str, bool]] = []
    for segment in template.strip("/").split("/"):
        if segment.startswith("$") or "(" in segment:
            break
        key = _KEY.fullmatch(segment)
        segments.append((same_id(keys[key[1]]), True) if key else (segment, False))
    if segments[0] == ("me", False):
        if me is None:
            message = "/me request is only valid with delegated authentication flow."
            raise Fault(400, "BadRequest", message)
        segments = [("users", False), (same_id(me), True), *segments[1:]]
    owner = None
    match segments:
        case [("users", _), (user, _), (name, _), *rest] if name in _SHARED:
            owner = user
            segments = [("communications", False), (name, False), *rest]
        case [("users", _), user_key, ("presence", _), *rest]:
            segments = [("communications", False), ("presences", False), user_key, *rest]
        case _:
            pass
    path = tuple(text for text, _ in segments)
    return Place(path, tuple(keyed for _, keyed in segments), owner)


def context_of(request: Request, suffix: str) -> dict[str, str]:
    """Return the annotation that says what an answer holds (OData JSON 4.01, section 4.6.1)."""
    written = ""
    for segment in request.operation.path.strip("/").split("/"):
        if segment.startswith("$") or "(" in segment:
            break
        key = _KEY.fullmatch(segment)
        written += f"('{quote(request.keys[key[1]])}')" if key else f"/{segment}"
    if suffix and written.endswith(")"):
        written = written[: written.rindex("(")]
    return {"@odata.context": f"{request.root}/$metadata#{written.removeprefix('/')}{suffix}"}


def collection_of(request: Request, cls: type[GraphModel] | None) -> dict[str, str]:
    """Return the same for entities of a type that are in no collection of their own."""
    name = type_name_of(cls) if cls else "Edm.Untyped"
    return {"@odata.context": f"{request.root}/$metadata#Collection({name})"}


def link_to(request: Request, query: Mapping[str, str]) -> str:
    """Return the address of a request with other options."""
    return f"{request.root}{_address(request)}?{urlencode(query, safe='$')}"


def location_of(request: Request, key: str) -> str:
    """Return the address of an entity in the collection of a request."""
    return f"{request.root}{_address(request)}/{quote(key, safe='')}"


def _address(request: Request) -> str:
    types = {one.wire_name: one.type for one in request.operation.parameters}

    def arguments(match: re.Match[str]) -> str:
        written: list[str] = []
        for name in _KEY.findall(match[0]):
            if name in request.keys:
                text = quote(request.keys[name].replace("'", "''"), safe="':")
                written.append(
                    f"{name}='{text}'" if types[name].startswith("str") else f"{name}={text}"
                )
        return f"({','.join(written)})"

    path = _ARGUMENTS.sub(arguments, request.operation.path)
    return _KEY.sub(lambda key: quote(request.keys[key[1]], safe=""), path)


def address_of(path: Path) -> str:
    """Return the address of a path below the service root."""
    return "/".join(quote(segment, safe="") for segment in path)


BEHAVIOURS = (
    Behaviour(
        "entities.me",
        "W",
        "microsoft-graph-docs issues 9084, msgraph-sdk-php 1163",
        "tests/emulator/test_entities.py::test_me_is_the_user_of_the_token",
    ),
)
