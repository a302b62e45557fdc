"""Renders the second half of `docs/api.md`: the properties of the models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graph_codegen.csdl.ast import StructuredType, TypeRef
from graph_codegen.emit import reference
from graph_codegen.emit.declarations import DeclarationWriter
from graph_codegen.emit.names import is_attribute
from graph_codegen.emit.templates import render
from graph_codegen.model.deprecations import find_deprecation, with_deprecation
from graph_codegen.model.model import Model
from graph_codegen.text import markdown_source, printable


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """A class: its own properties, each as attribute, type and text in Markdown."""

    name: str
    base: str
    page: str
    text: str
    rows: list[tuple[str, str, str]]


def render_property_tables(model: Model, writer: DeclarationWriter) -> str:
    """Return the Markdown of the properties of every class, by name; `writer` describes them."""
    tables = [_table(declared, writer) for declared in model.structured()]
    return render("docs/properties.md.jinja2", tables=sorted(tables, key=_casefolded))


def _casefolded(table: _Table) -> tuple[str, str]:
    return table.name.casefold(), table.name


def _table(declared: StructuredType, writer: DeclarationWriter) -> _Table:
    return _Table(
        name=_spelled(TypeRef(declared.name), writer),
        base=_spelled(TypeRef(declared.base), writer) if declared.base else "",
        page=reference.page(declared.kind, declared.name),
        text=_text(
            with_deprecation(
                find_deprecation(declared.annotations), writer.descriptions.of_type(declared)
            )
        ),
        rows=list(_rows(declared, writer)),
    )


def _rows(declared: StructuredType, writer: DeclarationWriter) -> Iterator[tuple[str, str, str]]:
    attributes = writer.names.attributes[declared.name]
    for item in declared.members():
        if is_attribute(item):
            described = with_deprecation(
                find_deprecation(item.annotations),
                writer.descriptions.of_member(declared.name, item),
            )
            text = reference.property_text(described, null=item.nullable is not False)
            yield attributes[item.name], _spelled(item.type, writer), _text(text)


def _spelled(ref: TypeRef, writer: DeclarationWriter) -> str:
    name = writer.annotation(TypeRef(ref.name)).removeprefix("models.").removeprefix("edm.")
    return f"list[{name}]" if ref.collection else name


def _text(description: str) -> str:
    return markdown_source(printable(" ".join(description.split())))
