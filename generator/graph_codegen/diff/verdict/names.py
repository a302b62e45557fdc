"""What a program calls the elements of a document."""

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
"""How what belongs to a type or an operation is named, by the CSDL element that declares it."""


def python_name(kind: str, element: str) -> str:
    """Return what a program calls an element of a kind: a class, an attribute of one, or a keyword.

    Operations are methods of the client, which `Surface` finds; what else there is has no name, and
    gives an empty text.
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
