"""`metadata/supplement.json`: where the reference says more than the metadata, or something else.

It has properties of types and parameters of actions that the metadata lacks, and the service's spelling
of members of enumerations. Only what programs need belongs there; the models keep all other undeclared
properties as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from graph_codegen.csdl.ast import (
    Annotation,
    EnumType,
    Operation,
    Parameter,
    Property,
    StructuredType,
    TypeDeclaration,
    TypeRef,
    parse_type_ref,
)
from graph_codegen.csdl.vocabulary import OPTIONAL_PARAMETER
from graph_codegen.errors import Diagnostic, Place
from graph_codegen.facts import files
from graph_codegen.model.model import Model

FILE = "supplement.json"

_Item = TypeVar("_Item", Property, Parameter)


@dataclass(frozen=True)
class Additions:
    """What is said about a type or an operation.

    That is its additional properties or parameters, and for an enumeration the service's spelling of
    members, by the names that the metadata has for them.
    """

    properties: tuple[Property, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    members: Mapping[str, str] = field(default_factory=dict[str, str])
    place: Place = field(default=Place(""), compare=False)


Supplement = Mapping[str, Additions]
"""What is said about types by their full names, and about operations by full name and binding type:
`microsoft.graph.transfer(microsoft.graph.call)`."""


@dataclass(frozen=True)
class _Entry:
    """What is said about a type or an operation.

    `source` is the page that says so, and `sources` has the pages of names that are on others.
    """

    source: str = ""
    sources: dict[str, str] = field(default_factory=dict[str, str])
    properties: dict[str, str] = field(default_factory=dict[str, str])
    parameters: dict[str, str] = field(default_factory=dict[str, str])
    members: dict[str, str] = field(default_factory=dict[str, str])


def load(*folders: Path) -> Supplement:
    """Read the supplement from folders with facts, empty if there is no such file.

    Raises CodegenError if the file is not understood.
    """
    found: dict[str, Additions] = {}
    for folder in folders:
        place = Place(str(folder / FILE))
        for content in files.read([folder], FILE, "the supplement is", dict[str, _Entry]):
            for name, entry in content.items():
                found[name] = _joined(found.get(name, Additions()), _additions(entry, place))
    return found


def _joined(ours: Additions, more: Additions) -> Additions:
    """Return both additions; what both say of one name is said by the second."""
    return Additions(
        (*_others(ours.properties, more.properties), *more.properties),
        (*_others(ours.parameters, more.parameters), *more.parameters),
        {**ours.members, **more.members},
        more.place,
    )


def _others(items: Iterable[_Item], named: Iterable[_Item]) -> Iterator[_Item]:
    names = {item.name for item in named}
    return (item for item in items if item.name not in names)


def _additions(entry: _Entry, place: Place) -> Additions:
    optional = (Annotation(OPTIONAL_PARAMETER),)
    return Additions(
        tuple(
            Property(name=name, type=parse_type_ref(ref), place=place)
            for name, ref in entry.properties.items()
        ),
        tuple(
            Parameter(name=name, type=parse_type_ref(ref), annotations=optional, place=place)
            for name, ref in entry.parameters.items()
        ),
        entry.members,
        place,
    )


def apply(model: Model, supplement: Supplement) -> tuple[Model, tuple[Diagnostic, ...]]:
    """Return a model with the additions, and diagnostics for redundant ones.

    A type derived from one with a new property inherits it, and no longer declares it itself.
    A property or parameter that the metadata declares by now stays as declared, and can be removed from
    the supplement; likewise the spelling of a member that the metadata spells so by now, or lacks. What
    is of a type that the model lacks is left out: the document is older, or another one.
    """
    types = dict(model.types)
    diagnostics: list[Diagnostic] = []
    for type_name, additions in supplement.items():
        declared = types.get(type_name)
        if isinstance(declared, EnumType):
            types[type_name] = _respelt(declared, additions.members)
            diagnostics += _idle(declared, additions)
        elif declared:
            known = {item.name for owner in model.lineage(type_name) for item in owner.members()}
            new = _lacking(model, additions.properties, known)
            types[type_name] = replace(declared, properties=declared.properties + new)
            types |= dict(_inheriting(model, types, type_name, new))
            diagnostics += _redundant(declared.name, additions.properties, known)
    operations = tuple(_with_parameters(model, one, supplement) for one in model.operations)
    for subject, overloads in _overloads(model).items():
        if subject in supplement:
            declaring = [{parameter.name for parameter in one.own} for one in overloads]
            known = set[str].intersection(*declaring)
            diagnostics += _redundant(subject, supplement[subject].parameters, known)
    return replace(model, types=types, operations=operations), tuple(diagnostics)


def _respelt(declared: EnumType, spellings: Mapping[str, str]) -> EnumType:
    members = (replace(m, name=spellings.get(m.name, m.name)) for m in declared.members)
    return replace(declared, members=tuple(members))


def _idle(declared: EnumType, additions: Additions) -> Iterator[Diagnostic]:
    names = {member.name for member in declared.members}
    for name in additions.members.keys() - names:
        message = "is not a member in the metadata: remove its spelling from the supplement"
        yield Diagnostic(message, additions.place, declared.name, name)


def _inheriting(
    model: Model, types: Mapping[str, TypeDeclaration], base: str, new: Iterable[Property]
) -> Iterator[tuple[str, TypeDeclaration]]:
    """Yield the derived types without what they now inherit: nothing is declared twice (CSDL 7)."""
    inherited = {(item.name, item.type) for item in new}
    for name in model.descendants(base):
        derived = types[name]
        if isinstance(derived, StructuredType):
            own = (item for item in derived.properties if (item.name, item.type) not in inherited)
            yield name, replace(derived, properties=tuple(own))


def _subject(operation: Operation) -> str:
    binding = operation.binding
    return f"{operation.name}({binding.type if binding else ''})"


def _overloads(model: Model) -> Mapping[str, Sequence[Operation]]:
    found: dict[str, list[Operation]] = {}
    for operation in model.operations:
        found.setdefault(_subject(operation), []).append(operation)
    return found


def _with_parameters(model: Model, operation: Operation, supplement: Supplement) -> Operation:
    additions = supplement.get(_subject(operation))
    if additions is None:
        return operation
    known = {parameter.name for parameter in operation.own}
    new = _lacking(model, additions.parameters, known)
    return replace(operation, parameters=operation.parameters + new)


def _lacking(model: Model, items: Iterable[_Item], known: set[str]) -> tuple[_Item, ...]:
    """Return the items that are not declared, and whose types the model has."""
    return tuple(i for i in items if i.name not in known and _has(model, i.type))


def _has(model: Model, ref: TypeRef) -> bool:
    return ref.primitive or ref.name in model.types


def _redundant(
    owner: str, items: Iterable[Property | Parameter], known: set[str]
) -> Iterator[Diagnostic]:
    for item in items:
        if item.name in known:
            message = "is declared by the metadata now: remove it from the supplement"
            yield Diagnostic(message, item.place, owner, item.name)
