"""A model → the same model in a canonical order, whatever the order in its document.

The order of types, properties, members with values, overloads, entity sets and bindings means nothing
in CSDL, and Graph need not keep it from one publication to the next. Order that means something is kept:
that of parameters, since the first is the binding parameter (CSDL 12.8), that of the parts of a key, since
canonical URLs have them in this order (URL conventions, 4.3.1), and that of the items of a collection.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from operator import attrgetter
from typing import Protocol, TypeVar

from graph_codegen.csdl.ast import (
    EntityContainer,
    EntitySource,
    EnumType,
    Member,
    Operation,
    TypeDeclaration,
)
from graph_codegen.model.model import Model


class _Named(Protocol):
    @property
    def name(self) -> str: ...


_Item = TypeVar("_Item", bound=_Named)


def ordered(model: Model) -> Model:
    """Return a model in which everything whose order means nothing is sorted by name.

    Members of enumerations are sorted by value, overloads by the types and names of their parameters,
    and bindings by path. `resolve` has already sorted annotations, and the reader the values of records.
    """
    return replace(
        model,
        types={name: _type(declared) for name, declared in sorted(model.types.items())},
        operations=tuple(sorted(model.operations, key=_overload)),
        terms=_by_name(model.terms),
        container=model.container and _container(model.container),
    )


def _by_name(items: Iterable[_Item]) -> tuple[_Item, ...]:
    return tuple(sorted(items, key=attrgetter("name")))


def _type(declared: TypeDeclaration) -> TypeDeclaration:
    if isinstance(declared, EnumType):
        return replace(declared, members=_by_value(declared.members))
    return replace(
        declared,
        properties=_by_name(declared.properties),
        navigation=_by_name(declared.navigation),
    )


def _by_value(members: tuple[Member, ...]) -> tuple[Member, ...]:
    """Sort members by value; where the document says none, its order is all that there is."""
    if any(member.value is None for member in members):
        return members
    return tuple(sorted(members, key=attrgetter("value", "name")))


def _overload(operation: Operation) -> tuple[str, str, list[str]]:
    names = [parameter.name for parameter in operation.parameters]
    return operation.name, operation.signature, names


def _container(container: EntityContainer) -> EntityContainer:
    sources = _by_name(map(_source, container.sources))
    return replace(container, sources=sources, imports=_by_name(container.imports))


def _source(source: EntitySource) -> EntitySource:
    bindings = sorted(source.bindings, key=lambda binding: (binding.path, binding.target))
    return replace(source, bindings=tuple(bindings))
