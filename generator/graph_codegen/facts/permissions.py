"""`metadata/permissions.json`: the documented permissions of operations, as facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from graph_codegen.facts import files

FILE = "permissions.json"

Rules = Mapping[str, tuple[Mapping[str, Any], ...]]
"""The rules by method and path (`POST /communications/calls`), as arguments of `PermissionRule`."""


def load(folder: Path) -> Rules:
    """Read the rules from a metadata folder, none if there is no such file.

    Raises CodegenError if the file is not understood.
    """
    content = files.read(folder / FILE, "the permissions are", _File, _File({}))
    return {
        request: tuple(map(_arguments, facts.application))
        for request, facts in content.operations.items()
    }


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """A rule; the runtime's `PermissionRule` has the same fields, in this order."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    shape: str
    description: str
    source: str
    when: str | None = None
    at_least: int | None = None
    odata_type: str | None = None
    any_of: tuple[str, ...] | None = None
    all_of: tuple[str, ...] | None = None


@dataclass(frozen=True)
class _Operation:
    application: tuple[_Rule, ...]


@dataclass(frozen=True)
class _File:
    operations: dict[str, _Operation]


def _arguments(rule: _Rule) -> Mapping[str, Any]:
    return {name: value for name, value in asdict(rule).items() if value is not None}
