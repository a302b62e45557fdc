"""Types, nullability and facets of properties, parameters and results."""

from __future__ import annotations

from collections.abc import Iterator

from graph_codegen.csdl.ast import TypeRef
from graph_codegen.diff.change.changes import Change, Pair
from graph_codegen.diff.change.context import Context
from graph_codegen.emit.names import edm_annotation
from graph_codegen.service.requests import STREAM

INTEGERS = ("Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Int64")
FLOATS = ("Edm.Single", "Edm.Double")
"""Edm types that share a Python type: int, and float."""

_SAME_IN_PYTHON = {**dict.fromkeys(INTEGERS, "int"), **dict.fromkeys(FLOATS, "float")}


def compare_type_refs(
    what: str, pair: Pair, context: Context, old: TypeRef, new: TypeRef
) -> Iterator[Change]:
    """Yield how the type of a `what` changed: of a property, parameter or return."""
    before = context.ref(old)
    if before == new:
        return
    if before.name == new.name:
        rule = "collection"
    elif before.collection == new.collection and _python_type(before) == _python_type(new):
        rule = "format"
    else:
        rule = "type"
    yield pair.change(f"{what}-{rule}-changed", old, new)


def _python_type(ref: TypeRef) -> str:
    """Return the Python type of a value; for a stream, which models lack, its own name."""
    if not ref.primitive or ref == STREAM:
        return ref.name
    return _SAME_IN_PYTHON.get(ref.name, edm_annotation(ref.name))


def compare_facets(
    pair: Pair, old: tuple[tuple[str, str], ...], new: tuple[tuple[str, str], ...]
) -> Iterator[Change]:
    """Yield how facets changed (CSDL 7.2)."""
    if old != new:
        yield pair.change("facet-changed", _spelled(old), _spelled(new))


def _spelled(found: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{name}={value}" for name, value in found)


def nullable(declared: bool | None) -> bool:
    """Whether null is allowed, which is the default (CSDL 7.2.1)."""
    return declared is not False
