"""The resolved model of a document: its declarations by full name, and look-ups in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from graph_codegen.csdl.ast import (
    EntityContainer,
    EntitySource,
    NavigationProperty,
    Operation,
    OperationImport,
    Property,
    StructuredType,
    Term,
    TypeDeclaration,
    TypeRef,
)
from graph_codegen.errors import Diagnostic, Place


@dataclass(frozen=True, kw_only=True)
class Model:
    """The resolved model: every reference is a full name, and every annotation is on its target.

    `paths` are the segments of the paths whose resources it describes, without keys; none: all paths.
    `lines` are the requests that are kept of these resources, as `GET /me/presence`; None: all. One that is
    `partial` comes from a document that cannot say everything (see `unsaid`). `notes` say what other
    documents would add that it refers to, and what of it is not used. `absent` are the types that only other
    documents declare and that are needed, with the addresses of the documents.
    """

    types: Mapping[str, TypeDeclaration]
    operations: tuple[Operation, ...] = ()
    terms: tuple[Term, ...] = ()
    container: EntityContainer | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    paths: tuple[tuple[str, ...], ...] = ()
    lines: frozenset[str] | None = None
    partial: bool = False
    notes: tuple[Diagnostic, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def place(self) -> Place:
        """The document as a whole."""
        return next((Place(t.place.file) for t in self.types.values()), Place("metadata"))

    @property
    def sources(self) -> tuple[EntitySource, ...]:
        """The entity sets and singletons; none if there is no container."""
        return self.container.sources if self.container else ()

    @property
    def imports(self) -> tuple[OperationImport, ...]:
        """The action and function imports; none if there is no container."""
        return self.container.imports if self.container else ()

    def imported(self, item: OperationImport) -> tuple[Operation, ...]:
        """Return the operations that an import offers: the overloads that are not bound (CSDL 13.5, 13.6)."""
        kind = item.kind.removesuffix("Import")
        found = self._unbound.get(item.operation, ())
        return tuple(operation for operation in found if operation.kind == kind)

    @cached_property
    def _unbound(self) -> Mapping[str, list[Operation]]:
        """The operations that are not bound by their name, in the model's order."""
        unbound: dict[str, list[Operation]] = {}
        for operation in self.operations:
            if not operation.is_bound:
                unbound.setdefault(operation.name, []).append(operation)
        return unbound

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

    def describes(self, path: tuple[str, ...]) -> bool:
        """Whether the model describes the resource at a path, not only the way to one further along."""
        return not self.paths or any(path[: len(kept)] == kept for kept in self.paths)

    def leads_on(self, path: tuple[str, ...]) -> bool:
        """Whether the resource at a path is described, or on the way to one that is."""
        return self.describes(path) or any(kept[: len(path)] == path for kept in self.paths)

    def structured(self) -> Iterator[StructuredType]:
        """Iterate over the entity and complex types."""
        return (t for t in self.types.values() if isinstance(t, StructuredType))

    def structure(self, name: str) -> StructuredType | None:
        """Return the entity or complex type of that name, None for anything else."""
        declared = self.types.get(name)
        return declared if isinstance(declared, StructuredType) else None

    def lineage(self, name: str) -> tuple[StructuredType, ...]:
        """Return a type and its base types, the root first."""
        found = self._lineages.get(name)
        if found is None:
            chain: list[StructuredType] = []
            at = name
            while declared := self.structure(at):
                chain.append(declared)
                at = declared.base
            found = self._lineages[name] = tuple(reversed(chain))
        return found

    @cached_property
    def _lineages(self) -> dict[str, tuple[StructuredType, ...]]:
        """The answers of `lineage`, which is asked again and again."""
        return {}

    @cached_property
    def _members(self) -> Mapping[str, Mapping[str, Property | NavigationProperty]]:
        """The members that types declare themselves, the first of each name."""
        return {t.name: {m.name: m for m in reversed([*t.members()])} for t in self.structured()}

    def own(self, type_name: str, member: str) -> Property | NavigationProperty | None:
        """Return the member of that name that a type declares itself."""
        return self._members.get(type_name, {}).get(member)

    def first(self, type_name: str, member: str) -> Property | NavigationProperty | None:
        """Return the member of that name that a type has or inherits, that of the root-most type first."""
        owners = (self._members[owner.name] for owner in self.lineage(type_name))
        return next((members[member] for members in owners if member in members), None)

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
        """Whether a type is known to be open, itself or through a base type (CSDL 6.4, 9.3)."""
        return any(declared.open for declared in self.lineage(name))

    def key(self, name: str) -> tuple[str, ...]:
        """Return the names of the key properties, inherited ones too; empty if there is no key."""
        return next((t.key for t in reversed(self.lineage(name)) if t.key), ())
