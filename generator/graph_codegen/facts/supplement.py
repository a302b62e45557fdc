"""`metadata/supplement.json`: properties that the reference documents and the metadata lacks.

Only properties that programs need belong there; the models keep all other undeclared ones as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from graph_codegen.csdl.ast import Property, StructuredType, parse_type_ref
from graph_codegen.errors import Diagnostic, Place
from graph_codegen.facts import files
from graph_codegen.model.model import Model

FILE = "supplement.json"

Supplement = Mapping[str, tuple[Property, ...]]
"""The additional properties by full type name."""


@dataclass(frozen=True)
class _Additions:
    properties: dict[str, str]


def load(folder: Path) -> Supplement:
    """Read the supplement from a metadata folder, empty if there is no such file.

    Raises CodegenError if the file is not understood.
    """
    path = folder / FILE
    place = Place(str(path))
    content = files.read(path, "the supplement is", dict[str, _Additions], {})
    return {
        type_name: tuple(
            Property(name=name, type=parse_type_ref(ref), place=place)
            for name, ref in facts.properties.items()
        )
        for type_name, facts in content.items()
    }


def apply(model: Model, supplement: Supplement) -> tuple[Model, tuple[Diagnostic, ...]]:
    """Return a model with the additional properties of its types, and diagnostics for redundant ones.

    A property that the metadata declares by now stays as declared, and can be removed from the
    supplement.
    """
    types = dict(model.types)
    diagnostics: list[Diagnostic] = []
    for type_name, properties in supplement.items():
        declared = model.structure(type_name)
        if declared:
            known = {item.name for owner in model.lineage(type_name) for item in owner.members()}
            types[type_name] = _extended(declared, properties, known)
            diagnostics += _redundant(declared, properties, known)
    return replace(model, types=types), tuple(diagnostics)


def _extended(
    declared: StructuredType, properties: tuple[Property, ...], known: set[str]
) -> StructuredType:
    new = tuple(item for item in properties if item.name not in known)
    return replace(declared, properties=declared.properties + new)


def _redundant(
    declared: StructuredType, properties: tuple[Property, ...], known: set[str]
) -> Iterator[Diagnostic]:
    for item in properties:
        if item.name in known:
            message = "is declared by the metadata now: remove it from the supplement"
            yield Diagnostic(message, item.place, declared.name, item.name)
