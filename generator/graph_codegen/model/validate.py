"""What must hold in a resolved model: names are unique, base types valid, references resolved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from graph_codegen.csdl.ast import GEOGRAPHIC, PATHS, EnumType, StructuredType, TypeRef
from graph_codegen.errors import CodegenError, Diagnostic, Place, bounded, refuse
from graph_codegen.limits import BASE_TYPES, INHERITED, MEMBERS, OVERLOADS
from graph_codegen.model.model import Model
from graph_codegen.text import shorten

PRIMITIVES = frozenset(
    "Edm." + name
    for name in (
        "Binary", "Boolean", "Byte", "Date", "DateTimeOffset", "Decimal", "Double", "Duration",
        "Guid", "Int16", "Int32", "Int64", "SByte", "Single", "Stream", "String", "TimeOfDay",
        "Untyped", "PrimitiveType", "ComplexType", "EntityType",
    )
).union(GEOGRAPHIC, PATHS)  # fmt: skip
"""The Edm types that the generator can express (CSDL 3.3, 3.4)."""

INTEGERS = frozenset({"Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Int64"})
"""The Edm types that an enumeration can be based on (CSDL 10.1)."""


def validate_model(model: Model) -> None:
    """Raise CodegenError for base types that are invalid or too deep, and for names declared twice.

    It is raised as well where types inherit too many properties, and for too many overloads.
    """
    depths: dict[str, int] = {}
    for declared in model.structured():
        _refuse_bases(model, declared, depths)
    _refuse_members(model)
    _refuse_inherited(model)
    _refuse_overloads(model)
    refuse(bounded(_repeated(model)))


def find_unresolved_references(model: Model) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each unresolved reference of a model, and each invalid underlying type."""
    yield from find_dangling(model)
    known = _known(model)
    for name, declared in model.types.items():
        if isinstance(declared, StructuredType):
            yield from _loose_members(model, declared)
        elif declared.underlying not in INTEGERS:
            message = f"the underlying type {declared.underlying} is not an integer type"
            yield Diagnostic(message, declared.place, name)
    for term in model.terms:
        if term.type.name not in known:
            yield Diagnostic(f"the type {term.type.name} is not declared", term.place, term.name)
    unbound = {(f"{o.kind}Import", o.name) for o in model.operations if not o.is_bound}
    for item in model.imports:
        if model.container and (item.kind, item.operation) not in unbound:
            kind = item.kind.removesuffix("Import").lower()
            message = f"{item.operation} is not declared as an unbound {kind}"
            yield Diagnostic(message, item.place, model.container.name, item.name)
    if model.container and model.container.extends:
        message = f"the container {model.container.extends} is not declared"
        yield Diagnostic(message, model.container.place, model.container.name)
    sources = {source.name for source in model.sources}
    for source in model.sources:
        for binding in source.bindings:
            if model.container and binding.target.split("/")[0] not in sources:
                message = f"the binding of {binding.path} to {binding.target} leads nowhere"
                yield Diagnostic(message, source.place, model.container.name, source.name)


def find_dangling(model: Model) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each reference of a model to a type that is not declared."""
    known = _known(model)
    for ref, place, owner, name in model.references():
        if ref.name not in known:
            yield Diagnostic(f"the type {ref.name} is not declared", place, owner, name)


def _known(model: Model) -> frozenset[str]:
    return PRIMITIVES.union(model.types, model.absent)


def _loose_members(model: Model, declared: StructuredType) -> Iterator[Diagnostic]:
    for path in declared.key:
        if not model.first(declared.name, path.split("/")[0]):
            yield Diagnostic(
                f"the key {path} is not a property", declared.place, declared.name, path
            )
    for item in declared.navigation:
        if item.partner and not model.first(item.type.name, item.partner.split("/")[0]):
            message = f"the partner {item.partner} is not a property of {item.type.name}"
            yield Diagnostic(message, item.place, declared.name, item.name)


def _refuse_bases(model: Model, declared: StructuredType, depths: dict[str, int]) -> None:
    """Follow the base types of a type up to one whose depth is known; raises CodegenError as above."""
    seen = {declared.name: None}
    base = declared.base
    while base and base not in depths and len(seen) <= BASE_TYPES:
        if base in seen:
            message = f"cycle of base types: {shorten(' → '.join([*seen, base]))}"
            raise CodegenError(Diagnostic(message, declared.place, declared.name))
        if base in model.absent:
            break
        parent = model.structure(base)
        if parent is None or parent.kind != declared.kind:
            problem = (
                f"is not declared as {declared.kind}" if base in model.types else "is not declared"
            )
            message = f"the base type {base} {problem}"
            raise CodegenError(Diagnostic(message, declared.place, declared.name))
        seen[base] = None
        base = parent.base
    above = depths.get(base, 0)
    if above + len(seen) > BASE_TYPES:
        message = f"more than {BASE_TYPES} levels of base types"
        raise CodegenError(Diagnostic(message, declared.place, declared.name))
    depths.update((name, depth) for depth, name in enumerate(reversed(seen), above + 1))


def _refuse_members(model: Model) -> None:
    for declared in model.types.values():
        if isinstance(declared, EnumType) and len(declared.members) > MEMBERS:
            message = f"more than {MEMBERS:,} members"
            raise CodegenError(Diagnostic(message, declared.place, declared.name))


def _refuse_inherited(model: Model) -> None:
    own = {t.name: len(t.properties) + len(t.navigation) for t in model.structured()}
    total = 0
    for declared in model.structured():
        total += sum(own[owner.name] for owner in model.lineage(declared.name))
        if total > INHERITED:
            message = (
                f"more than {INHERITED:,} properties, counted for each type that inherits them"
            )
            raise CodegenError(Diagnostic(message, declared.place, declared.name))


def _refuse_overloads(model: Model) -> None:
    overloads: Counter[tuple[str, TypeRef | None]] = Counter()
    for operation in model.operations:
        binding = operation.binding
        subject = operation.name, binding.type if binding else None
        overloads[subject] += 1
        if overloads[subject] > OVERLOADS:
            message = f"more than {OVERLOADS} overloads that are bound alike"
            raise CodegenError(Diagnostic(message, operation.place, operation.name))


def _repeated(model: Model) -> Iterator[Diagnostic]:
    for name, declared in model.types.items():
        if isinstance(declared, EnumType):
            yield from _twice(((m.name, m.place) for m in declared.members), name)
        else:
            for member in declared.members():
                first = model.first(name, member.name)
                if first and first is not member:
                    yield _again(first.place, member.place, name, member.name)
    for operation in model.operations:
        yield from _twice(((p.name, p.place) for p in operation.parameters), operation.name)
    overloads = (
        (f"{o.signature} of {', '.join(p.name for p in o.parameters)}", o.place)
        for o in model.operations
    )
    yield from _twice(overloads)
    if model.container:
        children = [(s.name, s.place) for s in model.container.sources]
        children += [(i.name, i.place) for i in model.container.imports]
        yield from _twice(children, model.container.name)


def _twice(named: Iterable[tuple[str, Place]], owner: str = "") -> Iterator[Diagnostic]:
    first: dict[str, Place] = {}
    for name, place in named:
        if name in first:
            yield _again(first[name], place, *((owner, name) if owner else (name,)))
        else:
            first[name] = place


def _again(first: Place, place: Place, *subject: str) -> Diagnostic:
    return Diagnostic(f"declared twice, first at {first}", place, *subject)
