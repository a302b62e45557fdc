"""The generated classes by the names of their types, which `@odata.type` gives.

Source: OData JSON 4.01, section 4.6.3 (`type`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from .deferred import make

_M = TypeVar("_M", bound=BaseModel)

TYPE_ANNOTATION = "@odata.type"

classes: dict[str, type[BaseModel]] = {}
"""The generated classes by type name, with `#`, or what stands for those that are not made yet."""

_folded: dict[str, str] = {}
"""The type names by casefolded name; of those that differ only in case, the first declared."""

_namespaces: set[str] = set()
"""The namespaces that have a generated class, casefolded, with `#`."""

_simple: dict[str, set[str]] = {}
"""The type names by casefolded name without namespace."""

_chosen: dict[type[BaseModel], dict[str | None, type[Any]]] = {}
"""The classes that were chosen where a class is declared, by type name."""


def declare(odata_type: str, cls: type[BaseModel]) -> None:
    """Register the class of a type name, in any case; it takes the place of one that had the name."""
    classes[odata_type] = cls
    folded = odata_type.casefold()
    _folded.setdefault(folded, odata_type)
    namespace, _, simple = folded.rpartition(".")
    _namespaces.add(namespace)
    _simple.setdefault(simple, set()).add(odata_type)
    for known in _chosen.values():
        known.clear()


def chosen(declared: type[BaseModel]) -> dict[str | None, type[Any]]:
    """Return the classes that were chosen where one is declared, by type name, until another is declared."""
    return _chosen.setdefault(declared, {})


def type_name(value: object) -> object:
    """Return the `@odata.type` of a JSON value; None if it has none."""
    # Most are dictionaries, which takes less time to see.
    if isinstance(value, dict) or isinstance(value, Mapping):  # noqa: SIM101
        return cast("Mapping[str, object]", value).get(TYPE_ANNOTATION)
    return None


def class_of(odata_type: object) -> type[BaseModel] | None:
    """Return the class of a type name, with or without `#`, in any case; None if there is none.

    An exact match comes before one that differs in case.
    """
    if not isinstance(odata_type, str):
        return None
    found = classes.get(odata_type)
    if found is None:
        name = f"#{odata_type.removeprefix('#')}"
        found = classes.get(name) or classes.get(_folded.get(name.casefold(), ""))
    return found and make(found)


def derived_class(odata_type: object, declared: type[_M]) -> type[_M]:
    """Return the class for a type name where a type is declared: the declared one or one derived from it.

    A service behind Graph may send the name that a type has there, such as
    `#Microsoft.Teams.GraphSvc.teamworkUserIdentity`: of a namespace that no generated class has, the
    class with the same simple name is taken, if exactly one derives from the declared one.
    """
    if not isinstance(odata_type, str):
        return declared
    named = class_of(odata_type)
    if named is not None:
        return named if issubclass(named, declared) else declared
    namespace, _, simple = f"#{odata_type.removeprefix('#')}".casefold().rpartition(".")
    if namespace in _namespaces:
        return declared
    named_so = [make(classes[name]) for name in _simple.get(simple, ())]
    derived = [cls for cls in named_so if issubclass(cls, declared)]
    return derived[0] if len(derived) == 1 else declared
