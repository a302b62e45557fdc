"""The document as an object: what its references lead to, and which of its schemas are types of OData."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from graph_codegen.openapi.values import items, members, text

_SCHEMAS = "#/components/schemas/"
_MOST_STEPS = 10
"""References that lead to references before reading them stops."""

_WRAPPER = "CollectionResponse"
"""How the schema of a page of a collection is called, after the type of its items."""

_ERRORS = ".ODataErrors"
"""The end of the namespace of schemas that describe errors."""

_PLACES = ("Edm.Geography", "Edm.Geometry")
"""How the names of the primitive types begin that have schemas, since they are written as GeoJSON."""


@dataclass(frozen=True)
class Components:
    """An OpenAPI document, and look-ups in its components."""

    root: dict[str, object]
    _pages: dict[int, dict[str, object]] = field(default_factory=dict[int, dict[str, object]])
    """The schemas of `value`, to which very many references may lead, by the identities of pages."""

    @cached_property
    def schemas(self) -> dict[str, object]:
        """All schemas by name."""
        return members(members(self.root.get("components")).get("schemas"))

    @cached_property
    def types(self) -> dict[str, dict[str, object]]:
        """The schemas that are types of the service, by their full names.

        Others describe how values are written: collections and pages of them, errors, references, numbers,
        places.
        """
        return {
            name: members(schema)
            for name, schema in self.schemas.items()
            if "." in name and not self._is_helper(name, members(schema))
        }

    def _is_helper(self, name: str, schema: dict[str, object]) -> bool:
        if name.startswith(_PLACES) or name.rpartition(".")[0].endswith(_ERRORS):
            return True
        if schema.get("type") == "array":
            return True
        wrapped = name.removesuffix(_WRAPPER)
        return wrapped != name and bool(self.find_items(schema))

    def find_items(self, schema: dict[str, object]) -> dict[str, object]:
        """Return the schema of `value` in a page of a collection, empty for any other schema."""
        found = self.resolve(schema)
        known = self._pages.get(id(found))
        if known is None:
            inside = (members(part.get("properties")).get("value") for part in self.parts(found))
            arrays = (value for value in map(members, inside) if value.get("type") == "array")
            known = self._pages[id(found)] = next(arrays, dict[str, object]())
        return known

    def parts(self, schema: dict[str, object]) -> Iterator[dict[str, object]]:
        """Yield a schema and those of which it consists; a reference among them is not followed."""
        yield schema
        yield from map(members, items(schema.get("allOf")))

    def resolve(self, value: object) -> dict[str, object]:
        """Return the object that a reference leads to, or the object itself; empty if it leads nowhere."""
        found = members(value)
        for _ in range(_MOST_STEPS):
            reference = found.get("$ref")
            if not isinstance(reference, str):
                return found
            found = self._look_up(reference)
        return {}

    def type_name(self, schema: dict[str, object]) -> str:
        """Return the full name of the type that a schema refers to, empty for another schema.

        Edm.GeographyPoint is one, though no type of the document.
        """
        name = text(schema.get("$ref"))
        short = name.removeprefix(_SCHEMAS)
        is_type = short in self.types or short.startswith(_PLACES)
        return short if short != name and is_type else ""

    def _look_up(self, reference: str) -> dict[str, object]:
        found: object = self.root
        if not reference.startswith("#/"):
            return {}
        for part in reference[2:].split("/", _MOST_STEPS):
            found = members(found).get(part.replace("~1", "/").replace("~0", "~"))
        return members(found)
