"""Annotations and their values (CSDL 14): constants, records, collections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from graph_codegen.csdl.ast import Annotation, Collection, Constant, Expression, Record
from graph_codegen.csdl.elements import ElementReader, local_name
from graph_codegen.csdl.xml import Element
from graph_codegen.errors import Place

CONSTANTS = frozenset(
    {
        "Binary", "Bool", "Date", "DateTimeOffset", "Decimal", "Duration", "EnumMember", "Float",
        "Guid", "Int", "String", "TimeOfDay", "AnnotationPath", "ModelElementPath",
        "NavigationPropertyPath", "Path", "PropertyPath",
    }
)  # fmt: skip
"""Constant and path expressions (CSDL 14.3, 14.4.1), as attribute or as element."""


class AnnotationReader(ElementReader):
    """Reads annotations, inline and out of line."""

    def _inline(self, element: Element) -> tuple[Annotation, ...]:
        """Read the content of an element that holds annotations only."""
        return tuple(self._annotation(child) for _, child in self._children(element, "Annotation"))

    def _annotations(self, element: Element) -> tuple[str, tuple[Annotation, ...], Place]:
        """Read annotations on a target; their qualifier is that of each without its own."""
        self._attributes(element, "Target", "Qualifier")
        qualifier = self._qualifier(element)
        found = self._inline(element)
        if qualifier:
            found = tuple(replace(a, qualifier=a.qualifier or qualifier) for a in found)
        return self._path(element, "Target", required=True), found, self._place(element)

    def _qualifier(self, element: Element) -> str:
        """Return a qualifier, empty where there is none; Graph has some with dots in them."""
        return self._full_name(element, "Qualifier") if element.get("Qualifier") else ""

    def _annotation(self, element: Element) -> Annotation:
        attributes = self._attributes(element, "Term", "Qualifier", *CONSTANTS)
        return Annotation(
            self._full_name(element, "Term"),
            self._value(element, attributes),
            self._qualifier(element),
            self._place(element),
        )

    def _value(self, element: Element, attributes: Mapping[str, str]) -> Expression | None:
        """Read the value of an Annotation or PropertyValue, given as attribute or as child."""
        given: list[Expression] = [
            Constant(name, text) for name, text in attributes.items() if name in CONSTANTS
        ]
        for name, child in self._children(element, "Record", "Collection", *CONSTANTS):
            given.append(self._expression(name, child))
        if len(given) > 1:
            self._report(f"{local_name(element)} has {len(given)} values: one is read", element)
        return given[0] if given else None

    def _expression(self, name: str, element: Element) -> Expression:
        match name:
            case "Record":
                self._attributes(element, "Type")
                values = sorted(self._property_values(element), key=lambda pair: pair[0])
                return Record(tuple(values), self._path(element, "Type"))
            case "Collection":
                self._attributes(element)
                items = self._children(element, "Record", *CONSTANTS)
                return Collection(tuple(self._expression(item, child) for item, child in items))
            case _:
                self._attributes(element)
                text = self._text(element)
                return Constant(name, text if name == "String" else text.strip())

    def _property_values(self, element: Element) -> Iterator[tuple[str, Expression]]:
        for _, child in self._children(element, "PropertyValue"):
            attributes = self._attributes(child, "Property", *CONSTANTS)
            value = self._value(child, attributes)
            if value is None:
                self._report("PropertyValue has no value", child)
            else:
                yield self._name(child, "Property"), value
