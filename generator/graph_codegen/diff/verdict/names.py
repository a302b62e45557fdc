"""The names of a document's elements in Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from graph_codegen.csdl.ast import ROOT_NAMESPACE, split_name
from graph_codegen.emit.names import Names, attribute_name, class_name, member_name, parameter_name

_TYPES = frozenset({"EnumType", "EntityType", "ComplexType"})

_ATTRIBUTES: Mapping[str, Callable[[str], str]] = {
    "Member": member_name,
    "Property": attribute_name,
    "NavigationProperty": attribute_name,
}
"""How members of types are spelled, by kind of CSDL element."""


def python_name(kind: str, element: str, names: Names) -> str:
    """Return the Python name of an element of a kind: a class, an attribute of one, or a keyword.

    `names` are those of the side that has the element; one outside of its subset is spelled. The name is
    empty for operations, whose methods `Surface` finds, and for elements that Python lacks.
    """
    if kind not in {*_TYPES, *_ATTRIBUTES, "Parameter"}:
        return ""
    owner, _, member = element.partition("@")[0].partition("/")
    if kind == "Parameter":
        return parameter_name(member)
    namespace, simple = split_name(owner)
    module = names.modules.get(namespace, "")
    prefix = "" if namespace == ROOT_NAMESPACE or not module else f"{module}."
    class_ = names.classes.get(owner) or class_name(simple)
    if not member:
        return f"{prefix}{class_}"
    known = names.members if kind == "Member" else names.attributes
    spelled = known.get(owner, {}).get(member) or _ATTRIBUTES[kind](member)
    return f"{prefix}{class_}.{spelled}"
