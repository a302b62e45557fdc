"""The names of a document's elements in Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from graph_codegen.csdl.ast import ROOT_NAMESPACE, split_name
from graph_codegen.emit.names import (
    attribute_name,
    class_name,
    member_name,
    module_name,
    parameter_name,
)

_TYPES = frozenset({"EnumType", "EntityType", "ComplexType"})

_ATTRIBUTES: Mapping[str, Callable[[str], str]] = {
    "Member": member_name,
    "Property": attribute_name,
    "NavigationProperty": attribute_name,
    "Parameter": parameter_name,
}
"""How members of types and operations are named, by kind of CSDL element."""


def python_name(kind: str, element: str) -> str:
    """Return the Python name of an element of a kind: a class, an attribute of one, or a keyword.

    The name is empty for operations, whose methods `Surface` finds, and for elements that Python lacks.
    """
    if kind not in {*_TYPES, *_ATTRIBUTES}:
        return ""
    owner, _, member = element.partition("@")[0].partition("/")
    if kind == "Parameter":
        return parameter_name(member)
    namespace, simple = split_name(owner)
    module = "" if namespace == ROOT_NAMESPACE else f"{module_name(namespace)}."
    attribute = f".{_ATTRIBUTES[kind](member)}" if member else ""
    return f"{module}{class_name(simple)}{attribute}"
