"""Summarises a declaration: a line for each attribute that matters, and for each member."""

from __future__ import annotations

from collections.abc import Iterator

from graph_codegen.csdl.ast import (
    EntityContainer,
    EnumType,
    NavigationProperty,
    Operation,
    Parameter,
    Property,
    ReturnType,
    StructuredType,
    TypeDeclaration,
)
from graph_codegen.diff.change.values import nullable
from graph_codegen.emit.names import leads_anywhere
from graph_codegen.service.capabilities import is_optional

Declared = TypeDeclaration | Operation | EntityContainer

Facts = Iterator[tuple[str, str, str]]
"""The key of a fact in findings (for a member with a slash in front), its name, and its text."""


def list_facts(declared: Declared | None) -> Facts:
    """Yield the facts of a declaration, attributes first; none if there is no declaration."""
    match declared:
        case EnumType():
            yield from _attributes(
                ("kind", declared.kind),
                ("underlying type", declared.underlying),
                ("flags", declared.is_flags),
            )
            for member in declared.members:
                yield f"/{member.name}", member.name, _spelled(member.value)
        case StructuredType():
            yield from _attributes(
                ("kind", declared.kind),
                ("base type", declared.base),
                ("abstract", declared.abstract),
                ("open", declared.open),
                ("key", ", ".join(declared.key)),
                ("media stream", declared.has_stream),
            )
            for item in declared.members():
                if not leads_anywhere(item):
                    yield f"/{item.name}", item.name, _typed(item)
        case Operation():
            composable, path = declared.is_composable, declared.entity_set_path
            yield from _attributes(
                ("kind", declared.kind), ("composable", composable), ("entity set path", path)
            )
            for parameter in declared.parameters:
                optional = "optional" if is_optional(declared, parameter) else ""
                mark = "binding" if parameter is declared.binding else optional
                yield f"/{parameter.name}", parameter.name, _typed(parameter, mark)
            if declared.returns:
                yield "/$ReturnType", "result", _typed(declared.returns)
        case EntityContainer():
            yield from _attributes(("kind", "EntityContainer"))
            for source in declared.sources:
                yield f"/{source.name}", source.name, f"{source.kind} of {source.type}"
            for one in declared.imports:
                yield f"/{one.name}", one.name, f"{one.kind} of {one.operation}"
        case None:
            pass


def _attributes(*attributes: tuple[str, str | bool | None]) -> Facts:
    """Yield the attributes that have a value, or of which the document does not say it."""
    for name, value in attributes:
        if value or value is None:
            yield name, name, "yes" if value is True else _spelled(value)


def _spelled(value: object) -> str:
    """Spell a value, which a document may not say."""
    return "unknown" if value is None else str(value)


def _typed(item: Property | NavigationProperty | Parameter | ReturnType, mark: str = "") -> str:
    texts = [str(item.type), "" if nullable(item.nullable) else "not null"]
    if isinstance(item, NavigationProperty):
        texts += ["navigation", "contained" if item.contains_target else ""]
        texts += [f"partner {item.partner}" if item.partner else ""]
    else:
        texts += [f"{name}={value}" for name, value in item.facets]
    return ", ".join(text for text in (*texts, mark) if text)
