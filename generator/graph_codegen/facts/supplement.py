"""`metadata/supplement.json`: where the reference says more than the metadata, or something else.

It has properties that the metadata lacks, and the service's spelling of members of enumerations. Only
properties that programs need belong there; the models keep all other undeclared ones as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from graph_codegen.csdl.ast import EnumType, Property, StructuredType, parse_type_ref
from graph_codegen.errors import Diagnostic, Place
from graph_codegen.facts import files
from graph_codegen.model.model import Model

FILE = "supplement.json"


@dataclass(frozen=True)
class Additions:
    """What is said about a type: its additional properties, and the service's spelling of members.

    The members are by the names that the metadata has for them.
    """

    properties: tuple[Property, ...] = ()
    members: Mapping[str, str] = field(default_factory=dict[str, str])
    place: Place = field(default=Place(""), compare=False)


Supplement = Mapping[str, Additions]
"""What is said about types, by their full names."""


@dataclass(frozen=True)
class _Entry:
    properties: dict[str, str] = field(default_factory=dict[str, str])
    members: dict[str, str] = field(default_factory=dict[str, str])


def load(folder: Path) -> Supplement:
    """Read the supplement from a metadata folder, empty if there is no such file.

    Raises CodegenError if the file is not understood.
    """
    path = folder / FILE
    place = Place(str(path))
    content = files.read(path, "the supplement is", dict[str, _Entry], {})
    return {
        type_name: Additions(
            tuple(
                Property(name=name, type=parse_type_ref(ref), place=place)
                for name, ref in entry.properties.items()
            ),
            entry.members,
            place,
        )
        for type_name, entry in content.items()
    }


def apply(model: Model, supplement: Supplement) -> tuple[Model, tuple[Diagnostic, ...]]:
    """Return a model with the additions, and diagnostics for redundant ones.

    A property that the metadata declares by now stays as declared, and can be removed from the
    supplement; likewise the spelling of a member that the metadata spells so by now, or lacks.
    """
    types = dict(model.types)
    diagnostics: list[Diagnostic] = []
    for type_name, additions in supplement.items():
        declared = model.types.get(type_name)
        if isinstance(declared, EnumType):
            types[type_name] = _respelt(declared, additions.members)
            diagnostics += _idle(declared, additions)
        elif declared:
            known = {item.name for owner in model.lineage(type_name) for item in owner.members()}
            types[type_name] = _extended(declared, additions.properties, known)
            diagnostics += _redundant(declared, additions.properties, known)
    return replace(model, types=types), tuple(diagnostics)


def _respelt(declared: EnumType, spellings: Mapping[str, str]) -> EnumType:
    members = (replace(m, name=spellings.get(m.name, m.name)) for m in declared.members)
    return replace(declared, members=tuple(members))


def _idle(declared: EnumType, additions: Additions) -> Iterator[Diagnostic]:
    names = {member.name for member in declared.members}
    for name in additions.members.keys() - names:
        message = "is not a member in the metadata: remove its spelling from the supplement"
        yield Diagnostic(message, additions.place, declared.name, name)


def _extended(
    declared: StructuredType, properties: tuple[Property, ...], known: set[str]
) -> StructuredType:
    new = tuple(item for item in properties if item.name not in known)
    return replace(declared, properties=declared.properties + new)


def _redundant(
    declared: StructuredType, properties: tuple[Property, ...], known: set[str]
) -> Iterator[Diagnostic]:
    for item in properties:
        if item.name in known:
            message = "is declared by the metadata now: remove it from the supplement"
            yield Diagnostic(message, item.place, declared.name, item.name)
