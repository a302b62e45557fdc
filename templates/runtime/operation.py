"""What the service can be asked to do, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .cloud import Cloud
from .permissions import PermissionRule

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of an operation: its name on the wire and in Python, and where it travels."""

    wire_name: str
    name: str
    location: Literal["path", "query", "body"]
    type: str
    required: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One request which Graph takes.

    ``path`` is a template below the cloud's base URL (``/communications/calls/{call-id}``),
    ``python`` the method that sends it (``calls.get``), ``returns`` the name of the model in a
    success response (None: no body).
    """

    method: str
    path: str
    python: str
    parameters: tuple[Parameter, ...]
    returns: str | None
    permissions: tuple[PermissionRule, ...]
    clouds: frozenset[Cloud]

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice intends the same as sending it once (RFC 9110, 9.2.2)."""
        return self.method in _IDEMPOTENT
