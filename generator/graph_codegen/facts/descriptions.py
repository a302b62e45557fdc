"""Texts about types, properties and requests, for docstrings and for descriptions in OpenAPI.

`metadata/descriptions.json` describes in our own words what bots use. A document's own descriptions
(Core.V1 Description) are used only on request, and come first then: the committed subset has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from graph_codegen.csdl.ast import (
    Annotation,
    Constant,
    Member,
    NavigationProperty,
    Parameter,
    Property,
    TypeDeclaration,
)
from graph_codegen.csdl.vocabulary import DESCRIPTION
from graph_codegen.facts import files
from graph_codegen.service.requests import Request
from graph_codegen.text import printable

FILE = "descriptions.json"


@dataclass(frozen=True)
class TypeDescription:
    """The text about a type, and those about its properties or the members of its enumeration."""

    summary: str
    properties: Mapping[str, str] = field(default_factory=dict[str, str])
    members: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Descriptions:
    """What the file says: texts by full type name, by `METHOD path`, and by name of parameter.

    Requests whose paths begin with a key of `alike` share the texts of those that begin with its value.
    `own` says that a document's own descriptions come first; the file does not decide that.
    """

    types: Mapping[str, TypeDescription]
    operations: Mapping[str, str]
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    alike: Mapping[str, str] = field(default_factory=dict[str, str])
    own: bool = False

    def of_type(self, declared: TypeDeclaration) -> str:
        """Return the text about a type, empty if there is none."""
        ours = self.types.get(declared.name)
        return self._own(declared.annotations) or (ours.summary if ours else "")

    def of_member(self, owner: str, item: Property | NavigationProperty | Member) -> str:
        """Return the text about a property, or a member of an enumeration, empty if there is none."""
        ours = self.types.get(owner, TypeDescription(""))
        texts = ours.members if isinstance(item, Member) else ours.properties
        return self._own(item.annotations) or texts.get(item.name, "")

    def of_request(self, request: Request) -> str:
        """Return the text about a request, empty if there is none."""
        own = self._own(request.operation.annotations) if request.operation else ""
        return own or self.operations.get(request.http) or self._shared(request)

    def _shared(self, request: Request) -> str:
        for prefix, other in self.alike.items():
            path = request.path.removeprefix(prefix)
            if path != request.path and path[:1] in ("", "/"):
                return self.operations.get(f"{request.method} {other}{path}", "")
        return ""

    def of_parameter(self, request: Request, name: str, parameter: Parameter) -> str:
        """Return the text about a parameter of an action or function, empty if there is none.

        `name` is its placeholder in the path, or its own name. Without a text of its own, a parameter is
        described as the property of the same name: that of the type which the operation is bound to, else
        the only text about a property of that name.
        """
        if text := self._own(parameter.annotations):
            return text
        if name in self.parameters:
            return self.parameters[name]
        target = self.types.get(request.target.name, TypeDescription(""))
        if name in target.properties:
            return target.properties[name]
        texts = self._by_property.get(name, ())
        return next(iter(texts)) if len(texts) == 1 else ""

    @cached_property
    def _by_property(self) -> Mapping[str, set[str]]:
        """The texts about the properties of a name."""
        found: dict[str, set[str]] = {}
        for described in self.types.values():
            for name, text in described.properties.items():
                found.setdefault(name, set()).add(text)
        return found

    def _own(self, annotations: Iterable[Annotation]) -> str:
        """Return the description that a document gives, empty if there is none or it is not wanted."""
        values = (a.value for a in annotations if self.own and a.term == DESCRIPTION)
        return next((_visible(value.text) for value in values if isinstance(value, Constant)), "")


def load(*folders: Path, own: bool = False) -> Descriptions:
    """Read the descriptions from folders with facts, none if there is no such file.

    `own` says that a document's own descriptions come first. Raises CodegenError if the file is not
    understood.
    """
    contents = files.read(folders, FILE, "the descriptions are", Descriptions)
    return Descriptions(
        types={name: text for content in contents for name, text in content.types.items()},
        operations={
            line: text for content in contents for line, text in content.operations.items()
        },
        parameters={
            name: text for content in contents for name, text in content.parameters.items()
        },
        alike={path: other for content in contents for path, other in content.alike.items()},
        own=own,
    )


def _visible(text: str) -> str:
    """Escape control, direction and invisible characters; keep line ends, tabs and no-break spaces."""
    return "".join(c if c in "\n\t\xa0" else printable(c) for c in text)
