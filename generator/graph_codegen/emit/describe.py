"""Describes a type for a person: its properties by origin, its derived types, its operations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from graph_codegen.csdl.ast import (
    ROOT_NAMESPACE,
    Annotation,
    EnumType,
    Operation,
    StructuredType,
    TypeDeclaration,
    TypeRef,
)
from graph_codegen.emit import reference
from graph_codegen.emit.names import Names
from graph_codegen.errors import error
from graph_codegen.model.deprecations import find_deprecation
from graph_codegen.model.model import Model
from graph_codegen.text import log_line


def find(model: Model, text: str) -> str:
    """Return the full name of a type, given by its full name or by its simple name in any case.

    Raises CodegenError if no type or more than one matches.
    """
    for exact in (text, f"{ROOT_NAMESPACE}.{text}"):
        if exact in model.types:
            return exact
    matches = [n for n in model.types if n.lower().endswith(f".{text.lower()}")]
    if len(matches) == 1:
        return matches[0]
    if not matches:
        raise error(f"there is no type {text}", model.place)
    raise error(f"{text} may be {' or '.join(sorted(matches))}", model.place)


def _short(name: object) -> str:
    """Shorten a name for display: microsoft.graph is left out."""
    return str(name).replace(f"{ROOT_NAMESPACE}.", "")


def describe_type(model: Model, names: Names, type_name: str) -> RenderableType:
    """Return the description of a type, to print on a console."""
    declared = model.types[type_name]
    if isinstance(declared, EnumType):
        return Group(*_enum_type(declared, names))
    return Group(*_structured_type(model, names, declared))


def _heading(kind: str, type_name: str, traits: list[str], names: Names) -> Iterator[Text]:
    yield Text.assemble((type_name, "bold"), f"  {' '.join([*traits, kind])}")
    yield Text(f"Python: {names.classes[type_name]}")
    yield Text(f"{reference.page(kind, type_name)}\n")


def _traits(*traits: tuple[str, bool | None]) -> list[str]:
    """Return the traits that hold, and those of which the document does not say whether they do."""
    return [f"{name}?" if holds is None else name for name, holds in traits if holds is not False]


def _enum_type(declared: EnumType, names: Names) -> Iterator[RenderableType]:
    traits = _traits(("flags", declared.is_flags))
    yield from _heading(declared.kind, declared.name, traits, names)
    table = _table("member", "value", "Python")
    for member in declared.members:
        value = "unknown" if member.value is None else str(member.value)
        table.add_row(member.name, value, names.members[declared.name][member.name])
    yield table
    yield from _deprecations(declared, [(m.name, m.annotations) for m in declared.members])


def _structured_type(
    model: Model, names: Names, declared: StructuredType
) -> Iterator[RenderableType]:
    is_open = model.is_open(declared.name) or declared.open
    traits = _traits(("abstract", declared.abstract), ("open", is_open))
    yield from _heading(declared.kind, declared.name, traits, names)
    lineage = model.lineage(declared.name)
    yield Text(
        f"base types: {' → '.join(_short(t.name) for t in reversed(lineage[:-1])) or 'none'}"
    )
    yield Text(f"key: {', '.join(model.key(declared.name)) or 'none'}\n")
    attributes = names.attributes[declared.name]
    table = _table("property", "type", "Python", "declared by")
    for owner in reversed(lineage):
        for item in owner.properties:
            null = "" if item.nullable is not False else ", not null"
            row = (item.name, f"{_short(item.type)}{null}", attributes[item.name])
            table.add_row(*row, _short(owner.name))
        for navigation in owner.navigation:
            kind = "contains" if navigation.contains_target else "refers to"
            row = (
                navigation.name,
                f"{kind} {_short(navigation.type)}",
                attributes[navigation.name],
            )
            table.add_row(*row, _short(owner.name))
    yield table
    yield from _list("derived types", model.descendants(declared.name))
    bound = _bound(model, lineage)
    yield from _list("operations", tuple(map(_signature, bound)))
    deprecated = [(item.name, item.annotations) for owner in lineage for item in owner.members()]
    deprecated += [(operation.name, operation.annotations) for operation in bound]
    yield from _deprecations(declared, deprecated)


def _deprecations(
    declared: TypeDeclaration, inside: Iterable[tuple[str, Iterable[Annotation]]]
) -> Iterator[RenderableType]:
    """Yield what is deprecated of a type: the type itself, and what is in it by name."""
    told = [(name, find_deprecation(found)) for name, found in inside]
    own = find_deprecation(declared.annotations)
    lines = [own.text] if own else []
    lines += [f"{name}: {deprecation.text}" for name, deprecation in told if deprecation]
    if lines:
        yield from _list("deprecated", tuple(lines))


def _signature(operation: Operation) -> str:
    parameters = ", ".join(f"{p.name}: {p.type}" for p in operation.own)
    returns = f" → {operation.returns.type}" if operation.returns else ""
    on = " on the collection" if operation.parameters[0].type.collection else ""
    return f"{operation.kind.lower()} {operation.name}({parameters}){returns}{on}"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _list(title: str, items: tuple[str, ...]) -> Iterator[RenderableType]:
    yield Text(f"\n{title}:{'' if items else ' none'}")
    for item in items:
        yield Text(f"  {log_line(_short(item))}")


# -- as data


def describe_as_json(model: Model, names: Names, type_name: str) -> Mapping[str, object]:
    """Return the description of a type as `inspect.schema.json` has it."""
    declared = model.types[type_name]
    described: dict[str, object] = {
        "format": "graph-codegen/inspect/1",
        "type": type_name,
        "kind": declared.kind,
        "python": names.classes[type_name],
        "page": reference.page(declared.kind, type_name),
        **_deprecation_as_json(declared.annotations),
    }
    if isinstance(declared, EnumType):
        members = names.members[type_name]
        return described | {
            "flags": declared.is_flags,
            "members": [
                {
                    "name": m.name,
                    "value": m.value,
                    "python": members[m.name],
                    **_deprecation_as_json(m.annotations),
                }
                for m in declared.members
            ],
        }
    lineage = model.lineage(type_name)
    attributes = names.attributes[type_name]
    return described | {
        "abstract": declared.abstract,
        "open": model.is_open(type_name),
        "base_types": [owner.name for owner in reversed(lineage[:-1])],
        "derived_types": list(model.descendants(type_name)),
        "key": list(model.key(type_name)),
        "properties": [
            {
                "name": item.name,
                "type": str(item.type),
                "nullable": item.nullable is not False,
                "python": attributes[item.name],
                "declared_by": owner.name,
                **_deprecation_as_json(item.annotations),
            }
            for owner in reversed(lineage)
            for item in owner.properties
        ],
        "navigation": [
            {
                "name": item.name,
                "type": str(item.type),
                "contained": bool(item.contains_target),
                "python": attributes[item.name],
                "declared_by": owner.name,
                **_deprecation_as_json(item.annotations),
            }
            for owner in reversed(lineage)
            for item in owner.navigation
        ],
        "operations": [
            {
                "kind": operation.kind,
                "name": operation.name,
                "on_collection": operation.parameters[0].type.collection,
                "parameters": [{"name": p.name, "type": str(p.type)} for p in operation.own],
                "returns": str(operation.returns.type) if operation.returns else None,
                **_deprecation_as_json(operation.annotations),
            }
            for operation in _bound(model, lineage)
        ],
    }


def _deprecation_as_json(annotations: Iterable[Annotation]) -> dict[str, object]:
    found = find_deprecation(annotations)
    return {"deprecated": asdict(found)} if found else {}


def _bound(model: Model, lineage: Iterable[StructuredType]) -> tuple[Operation, ...]:
    """Return the operations that are bound to a type or one of its base types, or to a collection of it."""
    return tuple(
        operation
        for owner in lineage
        for collection in (False, True)
        for operation in model.bound.get(TypeRef(owner.name, collection), ())
    )
