"""Links types to the Graph reference, and writes their docstrings."""

from __future__ import annotations

from graph_codegen.csdl.ast import ROOT_NAMESPACE, split_name
from graph_codegen.emit.x_graph import JSON

SITE = "https://learn.microsoft.com/graph/api/resources"
OVERVIEW = "https://learn.microsoft.com/graph/api/overview"
VIEW = "?view=graph-rest-1.0"


def page(kind: str, type_name: str) -> str:
    """Return the address of the reference page of a type.

    Enumerations share one page for each namespace, with a section for each.
    """
    namespace, simple = split_name(type_name)
    prefix = namespace.removeprefix(ROOT_NAMESPACE).replace(".", "").lower()
    if kind == "EnumType":
        page_name = f"{prefix}-enums" if prefix else "enums"
        return f"{SITE}/{page_name}{VIEW}#{simple.lower()}-values"
    return f"{SITE}/{prefix + '-' if prefix else ''}{simple.lower()}{VIEW}"


def docstring(graph: JSON, description: str) -> str:
    """Return the docstring of a type from the `x-graph` extension of its schema and its description."""
    name = graph["name"]
    words = {"EnumType": "enumeration", "ComplexType": "complex type", "EntityType": "entity type"}
    kind = words[graph["kind"]]
    if graph.get("isFlags"):
        kind = "flags enumeration"
    traits = [trait for trait in ("abstract", "open") if graph.get(trait)]
    what = f"`{name}`: {' '.join([*traits, kind])}."
    return "\n\n".join(filter(None, [description, what, page(graph["kind"], name)]))


def property_text(description: str, *, null: bool) -> str:
    """Return the text about a property; annotations take None even where Graph excludes null."""
    return " ".join(filter(None, [description, "" if null else "Declared not null."]))
