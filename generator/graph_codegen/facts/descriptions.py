"""What types, properties and requests are for, in words: docstrings, and descriptions in OpenAPI.

A metadata document's own descriptions count where it has them (Core.V1 Description); the subset that
is committed has none, and `metadata/descriptions.json` describes in our own words what bots meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from graph_codegen.csdl.ast import (
    Annotation,
    Constant,
    Member,
    NavigationProperty,
    Property,
    TypeDeclaration,
)
from graph_codegen.csdl.vocabulary import DESCRIPTION
from graph_codegen.facts import files
from graph_codegen.service.requests import Request
from graph_codegen.text import printable

FILE = "descriptions.json"


@dataclass(frozen=True)
class Descriptions:
    """Texts by full type name, by type name and member, and by `METHOD path`."""

    types: Mapping[str, str] = field(default_factory=dict[str, str])
    members: Mapping[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    requests: Mapping[str, str] = field(default_factory=dict[str, str])

    def of_type(self, declared: TypeDeclaration) -> str:
        """Return what a type is for; empty where nobody says."""
        return _own(declared.annotations) or self.types.get(declared.name, "")

    def of_member(self, owner: str, item: Property | NavigationProperty | Member) -> str:
        """Return what a property, or the member of an enumeration, is for."""
        return _own(item.annotations) or self.members.get((owner, item.name), "")

    def of_request(self, request: Request) -> str:
        """Return what a request does."""
        own = _own(request.operation.annotations) if request.operation else ""
        return own or self.requests.get(request.http, "")


def load(folder: Path) -> Descriptions:
    """Read the descriptions from a metadata folder; a folder without the file has none.

    Raises CodegenError when the file is not understood.
    """
    return files.read(folder / FILE, "the descriptions are", _File, _descriptions, Descriptions())


@dataclass(frozen=True)
class _Type:
    summary: str
    properties: dict[str, str] = field(default_factory=dict[str, str])
    members: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class _File:
    types: dict[str, _Type]
    operations: dict[str, str]


def _descriptions(content: _File) -> Descriptions:
    return Descriptions(
        {name: facts.summary for name, facts in content.types.items()},
        {
            (name, member): text
            for name, facts in content.types.items()
            for texts in (facts.properties, facts.members)
            for member, text in texts.items()
        },
        content.operations,
    )


def _own(annotations: Iterable[Annotation]) -> str:
    values = (a.value for a in annotations if a.term == DESCRIPTION)
    return next((_visible(value.text) for value in values if isinstance(value, Constant)), "")


def _visible(text: str) -> str:
    """Spell out what directs a terminal or a reading direction, or cannot be seen; keep line ends."""
    return "".join(c if c in "\n\t\xa0" else printable(c) for c in text)
