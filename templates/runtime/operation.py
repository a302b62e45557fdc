"""What the service can be asked to do, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .cloud import Cloud
from .permissions import NO_PERMISSIONS, Permissions

Kind = Literal[
    "list",
    "get",
    "create",
    "update",
    "delete",
    "count",
    "content",
    "put_content",
    "delete_content",
    "list_refs",
    "add_ref",
    "remove_ref",
    "get_ref",
    "set_ref",
    "recording",
    "action",
    "function",
]

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of an operation: its name on the wire and in Python, and where it travels."""

    wire_name: str
    name: str
    location: Literal["path", "query", "header", "body"]
    type: str
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One request that Graph takes.

    ``path`` is a template below the cloud's base URL (``/communications/calls/{call-id}``), ``python``
    the method that sends it (``calls.get``), ``kind`` what it does, ``returns`` the type of the result
    (None: nothing). ``clouds`` are those whose metadata has it, ``clouds_unknown`` those of which it is
    not known, since their metadata was not compared. ``parameters`` are in the order of path, header or
    body, and query. ``documented`` says that a page of Graph's documentation has the request, as far as
    is known; the others are in its metadata alone. ``permissions`` are the documented ones.
    ``media_types`` are those of the stream that it reads, where they are known, the default one first.
    """

    method: str
    path: str
    python: str
    kind: Kind
    parameters: tuple[Parameter, ...]
    returns: str | None
    clouds: frozenset[Cloud]
    clouds_unknown: frozenset[Cloud] = frozenset()
    documented: bool = False
    permissions: Permissions = NO_PERMISSIONS
    media_types: tuple[str, ...] = ()

    @property
    def sends_entity(self) -> bool:
        """Whether the body is one value, not an object whose members are the parameters."""
        return self.kind in ("create", "update", "put_content")

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice has the same effect as sending it once (RFC 9110, 9.2.2)."""
        return self.method in _IDEMPOTENT
