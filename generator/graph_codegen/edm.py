"""The entity data model: what CSDL declares, as frozen values (OASIS OData CSDL XML 4.01).

Names are full names (`microsoft.graph.call`) once `resolve` has run; before that they are as the
document spells them. A `Place` never takes part in comparison: moving a line changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Literal

from graph_codegen.diagnostics import Diagnostic, Place


def split_name(name: str) -> tuple[str, str]:
    """Split `microsoft.graph.call` into namespace `microsoft.graph` and simple name `call`."""
    namespace, _, simple = name.rpartition(".")
    return namespace, simple


@dataclass(frozen=True, slots=True)
class TypeRef:
    """A reference to a type: its name, and whether it stands in `Collection(…)`."""

    name: str
    collection: bool = False

    def __str__(self) -> str:
        return f"Collection({self.name})" if self.collection else self.name

    @property
    def primitive(self) -> bool:
        """Whether this is one of the Edm types (CSDL 3.3) and not a type of the document."""
        return self.name.startswith("Edm.")


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant or path expression (CSDL 14.3, 14.4.1): `kind` is its element name, `text` as written."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Record:
    """A record expression (CSDL 14.4.12): property values by name, sorted by name."""

    values: tuple[tuple[str, Expression], ...]
    type: str = ""

    def get(self, name: str) -> Expression | None:
        """Return the value of a property, None where the record has none of that name."""
        return dict(self.values).get(name)


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection expression (CSDL 14.4.6)."""

    items: tuple[Expression, ...]


Expression = Constant | Record | Collection


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation (CSDL 14.2): a term, a qualifier and a value (None: the term's default)."""

    term: str
    value: Expression | None = None
    qualifier: str = ""
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True)
class Property:
    """A structural property (CSDL 7). `nullable` is None where the document does not say."""

    name: str
    type: TypeRef
    nullable: bool | None = None
    facets: tuple[tuple[str, str], ...] = ()
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True)
class NavigationProperty:
    """A navigation property (CSDL 8); `contains_target` makes a path segment (CSDL 8.4)."""

    name: str
    type: TypeRef
    nullable: bool | None = None
    contains_target: bool = False
    partner: str = ""
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an enumeration (CSDL 10.3) with its numeric value."""

    name: str
    value: int
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True)
class EnumType:
    """An enumeration type (CSDL 10)."""

    kind: ClassVar[Literal["EnumType"]] = "EnumType"
    name: str
    members: tuple[Member, ...]
    underlying: str = "Edm.Int32"
    is_flags: bool = False
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True)
class StructuredType:
    """An entity type (CSDL 6) or a complex type (CSDL 9): own members only, as declared."""

    kind: Literal["EntityType", "ComplexType"]
    name: str
    base: str = ""
    abstract: bool = False
    open: bool = False
    has_stream: bool = False
    key: tuple[str, ...] = ()
    properties: tuple[Property, ...] = ()
    navigation: tuple[NavigationProperty, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)

    def members(self) -> Iterator[Property | NavigationProperty]:
        """Iterate over its own properties, structural ones first."""
        yield from self.properties
        yield from self.navigation


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an action or function (CSDL 12.8)."""

    name: str
    type: TypeRef
    nullable: bool | None = None
    facets: tuple[tuple[str, str], ...] = ()
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True)
class ReturnType:
    """The return type of an operation (CSDL 12.7)."""

    type: TypeRef
    nullable: bool | None = None
    facets: tuple[tuple[str, str], ...] = ()
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True)
class Operation:
    """One overload of an action (CSDL 12.2) or function (CSDL 12.3)."""

    kind: Literal["Action", "Function"]
    name: str
    parameters: tuple[Parameter, ...] = ()
    returns: ReturnType | None = None
    is_bound: bool = False
    is_composable: bool = False
    entity_set_path: str = ""
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)

    @property
    def binding(self) -> Parameter | None:
        """The binding parameter, None for an unbound operation."""
        return self.parameters[0] if self.is_bound and self.parameters else None

    @property
    def own(self) -> tuple[Parameter, ...]:
        """The parameters besides the binding parameter."""
        return self.parameters[1:] if self.is_bound else self.parameters

    @property
    def signature(self) -> str:
        """The name with the parameter types, as annotation targets spell it (CSDL 14.2.2)."""
        return f"{self.name}({', '.join(str(p.type) for p in self.parameters)})"


@dataclass(frozen=True, slots=True)
class Binding:
    """A navigation property binding (CSDL 13.4): a path and the entity set it leads to."""

    path: str
    target: str
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True)
class EntitySource:
    """An entity set (CSDL 13.2) or singleton (CSDL 13.3) of the container."""

    kind: Literal["EntitySet", "Singleton"]
    name: str
    type: str
    bindings: tuple[Binding, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True)
class EntityContainer:
    """The entity container (CSDL 13): the entry points of the service."""

    name: str
    sources: tuple[EntitySource, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)

    def source(self, name: str) -> EntitySource | None:
        """Return the entity set or singleton of that name, None where there is none."""
        return next((source for source in self.sources if source.name == name), None)


@dataclass(frozen=True, slots=True)
class Term:
    """A term that the document itself declares (CSDL 14.1)."""

    name: str
    type: TypeRef
    nullable: bool | None = None
    applies_to: str = ""
    annotations: tuple[Annotation, ...] = ()
    place: Place = field(default=Place(""), compare=False)


TypeDeclaration = EnumType | StructuredType


@dataclass(frozen=True, slots=True)
class Schema:
    """One schema of a document, with the annotations it makes on targets elsewhere (CSDL 14.2.2)."""

    namespace: str
    alias: str = ""
    types: tuple[TypeDeclaration, ...] = ()
    operations: tuple[Operation, ...] = ()
    terms: tuple[Term, ...] = ()
    container: EntityContainer | None = None
    targets: tuple[tuple[str, tuple[Annotation, ...], Place], ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A CSDL document as read: names as spelled, aliases not yet resolved."""

    file: str
    sha256: str
    schemas: tuple[Schema, ...]
    aliases: tuple[tuple[str, str], ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True)
class Model:
    """The resolved model: every reference is a full name, every annotation sits on what it is about."""

    types: Mapping[str, TypeDeclaration]
    operations: tuple[Operation, ...] = ()
    terms: tuple[Term, ...] = ()
    container: EntityContainer | None = None
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def place(self) -> Place:
        """The document as a whole, as the places of its types tell it."""
        return next((Place(t.place.file) for t in self.types.values()), Place("metadata"))

    @property
    def sources(self) -> tuple[EntitySource, ...]:
        """The entity sets and singletons; none where there is no container."""
        return self.container.sources if self.container else ()

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """The directly derived types by base type, sorted."""
        children: dict[str, list[str]] = {}
        for declared in self.structured():
            if declared.base:
                children.setdefault(declared.base, []).append(declared.name)
        return {base: tuple(sorted(names)) for base, names in children.items()}

    @cached_property
    def bound(self) -> Mapping[TypeRef, tuple[Operation, ...]]:
        """The bound operations by the type of their binding parameter, in the model's order."""
        bound: dict[TypeRef, list[Operation]] = {}
        for operation in self.operations:
            if operation.binding:
                bound.setdefault(operation.binding.type, []).append(operation)
        return {ref: tuple(operations) for ref, operations in bound.items()}

    def references(self) -> Iterator[tuple[TypeRef, Place, str, str]]:
        """Yield every use of a type: (reference, place, declaring element, name of the member)."""
        for declared in self.structured():
            for item in declared.members():
                yield item.type, item.place, declared.name, item.name
        for operation in self.operations:
            for parameter in operation.parameters:
                yield parameter.type, parameter.place, operation.name, parameter.name
            if operation.returns:
                returns = operation.returns
                yield returns.type, returns.place, operation.name, "ReturnType"
        for source in self.sources:
            yield TypeRef(source.type), source.place, "", source.name

    def structured(self) -> Iterator[StructuredType]:
        """Iterate over the entity and complex types."""
        return (t for t in self.types.values() if isinstance(t, StructuredType))

    def structure(self, name: str) -> StructuredType | None:
        """Return the entity or complex type of that name, None for anything else."""
        declared = self.types.get(name)
        return declared if isinstance(declared, StructuredType) else None

    def lineage(self, name: str) -> tuple[StructuredType, ...]:
        """Return a type and its base types, the root first."""
        chain: list[StructuredType] = []
        while declared := self.structure(name):
            chain.append(declared)
            name = declared.base
        return tuple(reversed(chain))

    def descendants(self, name: str) -> tuple[str, ...]:
        """Return all types derived from a type, at any depth, sorted."""
        found: set[str] = set()
        pending = list(self.children.get(name, ()))
        while pending:
            child = pending.pop()
            found.add(child)
            pending.extend(self.children.get(child, ()))
        return tuple(sorted(found))

    def is_open(self, name: str) -> bool:
        """Whether a type is open itself or through a base type (CSDL 6.4, 9.3)."""
        return any(declared.open for declared in self.lineage(name))

    def key(self, name: str) -> tuple[str, ...]:
        """Return the names of the key properties, inherited ones too; empty where there is no key."""
        return next((t.key for t in reversed(self.lineage(name)) if t.key), ())
