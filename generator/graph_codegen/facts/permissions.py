"""`metadata/permissions.json`: the documented permissions of operations, as facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from graph_codegen.facts import files

FILE = "permissions.json"


@dataclass(frozen=True)
class Needs:
    """What is known of one request: rules, as arguments of `PermissionRule`, and a source that differs.

    `dissent` is what a source says that names no permission where the table of permissions does.
    """

    rules: tuple[Mapping[str, Any], ...] = ()
    dissent: str = ""


Rules = Mapping[str, Needs]
"""What is known by method and path: `POST /communications/calls`."""


def load(*folders: Path) -> Rules:
    """Read the file from folders with facts, nothing if there is no such file.

    Raises CodegenError if the file is not understood.
    """
    contents = files.read(folders, FILE, "the permissions are", _File)
    return {
        request: Needs(
            tuple(map(_arguments, facts.application)), facts.none.says if facts.none else ""
        )
        for content in contents
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
class _Dissent:
    """A source that says that a request needs no permission, in words for a message."""

    says: str
    source: str


@dataclass(frozen=True)
class _Operation:
    application: tuple[_Rule, ...] = ()
    none: _Dissent | None = None


@dataclass(frozen=True)
class _File:
    operations: dict[str, _Operation]


def _arguments(rule: _Rule) -> Mapping[str, Any]:
    return {name: value for name, value in asdict(rule).items() if value is not None}
