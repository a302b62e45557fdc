"""Enumeration, entity and complex types with their members (CSDL 6 to 10)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from graph_codegen.csdl.annotations import AnnotationReader
from graph_codegen.csdl.ast import (
    Annotation,
    EnumType,
    Member,
    NavigationProperty,
    Property,
    StructuredType,
)
from graph_codegen.csdl.elements import FACETS, quoted
from graph_codegen.csdl.xml import Element

_INTEGER = re.compile(r"[+-]?[0-9]{1,99}")
_INT64 = range(-(2**63), 2**63)


class TypeReader(AnnotationReader):
    """Reads type declarations; `name` is the full name of the one to read."""

    def _enum_type(self, element: Element, name: str) -> EnumType:
        attributes = self._attributes(element, "Name", "UnderlyingType", "IsFlags")
        underlying = "UnderlyingType" in attributes
        members: list[Member] = []
        annotations: list[Annotation] = []
        for tag, child in self._children(element, "Member", "Annotation"):
            if tag == "Annotation":
                annotations.append(self._annotation(child))
            else:
                members.append(self._member(child, members[-1].value + 1 if members else 0))
        return EnumType(
            name,
            tuple(members),
            self._full_name(element, "UnderlyingType") if underlying else "Edm.Int32",
            bool(self._flag(element, "IsFlags")),
            tuple(annotations),
            self._place(element),
        )

    def _member(self, element: Element, successor: int) -> Member:
        """Read a member; one without a value has its predecessor's plus one (CSDL 10.3)."""
        value = self._attributes(element, "Name", "Value").get("Value", str(successor))
        if not _INTEGER.fullmatch(value):
            raise self._error(f"the value {quoted(value)} is not an integer", element)
        if int(value) not in _INT64:
            raise self._error(f"the value {value} does not fit 64 bits", element)
        return Member(self._name(element), int(value), self._inline(element), self._place(element))

    def _structured_type(self, element: Element, name: str, kind: str) -> StructuredType:
        only_entity = ("HasStream",) if kind == "EntityType" else ()
        attributes = self._attributes(
            element, "Name", "BaseType", "Abstract", "OpenType", *only_entity
        )
        key: list[str] = []
        properties: list[Property] = []
        navigation: list[NavigationProperty] = []
        annotations: list[Annotation] = []
        for tag, child in self._children(
            element, "Property", "NavigationProperty", "Annotation",
            *(("Key",) if kind == "EntityType" else ()),
        ):  # fmt: skip
            match tag:
                case "Property":
                    properties.append(self._property(child))
                case "NavigationProperty":
                    navigation.append(self._navigation_property(child))
                case "Key":
                    key.extend(self._key(child))
                case _:
                    annotations.append(self._annotation(child))
        return StructuredType(
            "EntityType" if kind == "EntityType" else "ComplexType",
            name,
            self._full_name(element, "BaseType") if "BaseType" in attributes else "",
            bool(self._flag(element, "Abstract")),
            bool(self._flag(element, "OpenType")),
            bool(self._flag(element, "HasStream")),
            tuple(key),
            tuple(properties),
            tuple(navigation),
            tuple(annotations),
            self._place(element),
        )

    def _key(self, element: Element) -> Iterator[str]:
        self._attributes(element)
        for _, reference in self._children(element, "PropertyRef"):
            self._attributes(reference, "Name")
            self._empty(reference)
            yield self._path(reference, "Name", required=True)

    def _property(self, element: Element) -> Property:
        attributes = self._attributes(element, "Name", "Type", "Nullable", *FACETS)
        return Property(
            self._name(element),
            self._type_ref(element),
            self._flag(element, "Nullable"),
            self._facets(attributes),
            self._inline(element),
            self._place(element),
        )

    def _navigation_property(self, element: Element) -> NavigationProperty:
        self._attributes(element, "Name", "Type", "Nullable", "ContainsTarget", "Partner")
        return NavigationProperty(
            self._name(element),
            self._type_ref(element),
            self._flag(element, "Nullable"),
            bool(self._flag(element, "ContainsTarget")),
            self._path(element, "Partner"),
            self._inline(element),
            self._place(element),
        )
