"""The schemas of an OpenAPI document → the types of the service, with their properties.

Source: OData to OpenAPI Mapping 1.0, section 4.6; Microsoft's OpenAPI.NET.OData, which writes null as
`nullable` or as an alternative, and numbers as alternatives of a number and a text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from graph_codegen.csdl.ast import (
    Annotation,
    Constant,
    EnumType,
    Member,
    NavigationProperty,
    Property,
    StructuredType,
    TypeDeclaration,
    TypeDefinition,
    TypeRef,
)
from graph_codegen.csdl.identifiers import is_dotted_name, is_simple_name
from graph_codegen.csdl.vocabulary import COMPUTED, DESCRIPTION
from graph_codegen.errors import Place, error
from graph_codegen.limits import DECLARED, NAMESPACE, PARAMETERS
from graph_codegen.openapi.components import Components
from graph_codegen.openapi.values import items, members, text
from graph_codegen.text import shorten

UNTYPED = "Edm.Untyped"

_FORMATS: Mapping[str, str] = {
    "base64url": "Edm.Binary", "binary": "Edm.Stream", "byte": "Edm.Binary", "date": "Edm.Date",
    "date-time": "Edm.DateTimeOffset", "decimal": "Edm.Decimal", "double": "Edm.Double",
    "duration": "Edm.Duration", "float": "Edm.Single", "int8": "Edm.SByte", "int16": "Edm.Int16",
    "int32": "Edm.Int32", "int64": "Edm.Int64", "time": "Edm.TimeOfDay", "uint8": "Edm.Byte",
    "uuid": "Edm.Guid",
}  # fmt: skip
_TYPES: Mapping[str, str] = {
    "boolean": "Edm.Boolean", "integer": "Edm.Int64", "number": "Edm.Double", "string": "Edm.String",
}  # fmt: skip
"""The Edm types that formats stand for, and types without a format (OData to OpenAPI Mapping, 4.6.1)."""

_COMPUTED = (Annotation(COMPUTED),)
"""What `readOnly` says: only the service writes the property."""

_NAVIGATION = "x-ms-navigationProperty"


@dataclass(frozen=True, slots=True)
class Value:
    """What a schema says about a value: its type, and whether null is one, or among its items."""

    type: TypeRef
    nullable: bool


class Count:
    """Counts what a document declares, and refuses too much of it: JSON says the most in the fewest bytes."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._number = 0

    def add(self, number: int) -> None:
        """Count more types, properties and members; raises CodegenError if they are too many."""
        self._number += number
        if self._number > DECLARED:
            message = f"more than {DECLARED:,} types, properties and members of enumerations"
            raise error(message, self._file)


class SchemaReader:
    """Reads schemas; `file` is what messages call their document."""

    def __init__(self, components: Components, file: str) -> None:
        self._components = components
        self._file = file
        self._place = Place(file)
        self._count = Count(file)
        self._parameters: dict[int, Mapping[str, Value]] = {}
        """The members of objects, to which very many references may lead, by their identities."""

    def types(self) -> Iterator[TypeDeclaration | TypeDefinition]:
        """Yield the types that the document declares. Raises CodegenError for an invalid name."""
        for name, schema in self._components.types.items():
            if not is_dotted_name(name):
                raise error(f"the name of the schema {shorten(name)} is not a name", self._file)
            if len(name.rpartition(".")[0]) > NAMESPACE:
                message = f"{shorten(name)} has a namespace of more than {NAMESPACE} characters"
                raise error(message, self._file)
            yield self._type(name, schema)

    def value(self, schema: object) -> Value:
        """Return what a schema says about a value; one that says nothing may be any value."""
        found = members(schema)
        if found.get("type") == "array" or "items" in found:
            item = self._single(members(found.get("items")))
            return Value(TypeRef(item.type.name, collection=True), item.nullable)
        return self._single(found)

    def parameter_types(self, schema: object) -> Mapping[str, Value]:
        """Return the values of the members of an object by name, such as the body of an action.

        Raises CodegenError for an invalid name, and for too many of them.
        """
        given = self._components.resolve(schema)
        known = self._parameters.get(id(given))
        if known is None:
            found: dict[str, Value] = {}
            for part in self._components.parts(given):
                for name, value in members(part.get("properties")).items():
                    if "@" not in name:
                        found[self._name(name, "")] = self.value(value)
                if len(found) > PARAMETERS:
                    raise error(f"an action has more than {PARAMETERS} parameters", self._file)
            known = self._parameters[id(given)] = found
        return known

    # -- types

    def _type(self, name: str, schema: dict[str, object]) -> TypeDeclaration | TypeDefinition:
        self._count.add(1 + len(items(schema.get("enum"))))
        annotations = tuple(_described(schema))
        if "enum" in schema:
            return self._enum_type(name, schema, annotations)
        parts = [*self._components.parts(schema)]
        structured = any("properties" in part or part.get("type") == "object" for part in parts)
        if not structured and "allOf" not in schema and "type" in schema:
            return TypeDefinition(
                name=name, underlying=_primitive(schema).type.name, place=self._place
            )
        bases = (self._components.type_name(part) for part in parts)
        properties: list[Property] = []
        navigation: list[NavigationProperty] = []
        for part in parts:
            self._count.add(len(members(part.get("properties"))))
            for member, value in members(part.get("properties")).items():
                if "@" in member:  # about the value, such as `@odata.type`
                    continue
                item = self._property(self._name(member, name), members(value))
                if isinstance(item, Property):
                    properties.append(item)
                else:
                    navigation.append(item)
            annotations = annotations or tuple(_described(part))
        return StructuredType(
            kind="EntityType" if navigation else "ComplexType",
            name=name,
            base=next(filter(None, bases), ""),
            abstract=None,
            open=None,
            properties=tuple(properties),
            navigation=tuple(navigation),
            annotations=annotations,
            place=self._place,
        )

    def _enum_type(
        self, name: str, schema: dict[str, object], annotations: tuple[Annotation, ...]
    ) -> EnumType:
        described = {
            text(members(value).get("value")): members(value)
            for value in items(members(schema.get("x-ms-enum")).get("values"))
        }
        flags = members(schema.get("x-ms-enum-flags")).get("isFlags")
        return EnumType(
            name=name,
            members=tuple(
                Member(
                    self._name(member, name),
                    None,
                    tuple(_described(described.get(member, {}))),
                    self._place,
                )
                for member in filter(None, map(text, items(schema["enum"])))
            ),
            is_flags=flags if isinstance(flags, bool) else None,
            annotations=annotations,
            place=self._place,
        )

    def _property(self, name: str, schema: dict[str, object]) -> Property | NavigationProperty:
        value = self.value(schema)
        annotations = tuple(_described(schema))
        if schema.get(_NAVIGATION) is True:
            return NavigationProperty(
                name=name,
                type=value.type,
                nullable=None if value.type.collection else value.nullable,
                annotations=annotations,
                place=self._place,
            )
        return Property(
            name=name,
            type=value.type,
            nullable=value.nullable,
            annotations=annotations + (_COMPUTED if schema.get("readOnly") is True else ()),
            place=self._place,
        )

    def _name(self, name: str, owner: str) -> str:
        if not is_simple_name(name):
            raise error(f"{shorten(name)!r} is not a name", self._place, type=owner)
        return name

    # -- values

    def _single(self, schema: dict[str, object]) -> Value:
        """Return what a schema says about one value, which may be written as alternatives."""
        null = schema.get("nullable") is True
        choices = [*_choices(schema)]
        given = [choice for choice in choices if not _is_null(choice)]
        null = null or len(given) < len(choices)
        for choice in given:
            if name := self._components.type_name(choice):
                return Value(TypeRef(name), null)
        found = [_primitive(self._components.resolve(choice)) for choice in given]
        numbers = [value for value in found if value.type.name in _NUMBERS]
        best = next(iter(numbers or found), Value(TypeRef(UNTYPED), True))
        return replace(best, nullable=null or best.nullable)


_NUMBERS = frozenset({"Edm.Decimal", "Edm.Double", "Edm.Int64", "Edm.Single"})
"""The types of numbers that also travel as texts, and are alternatives in a schema."""


def _choices(schema: dict[str, object]) -> Iterable[dict[str, object]]:
    """Return the alternatives of a schema, itself if it has none."""
    for key in ("anyOf", "oneOf", "allOf"):
        if choices := items(schema.get(key)):
            return map(members, choices)
    return [schema]


def _is_null(schema: dict[str, object]) -> bool:
    """Whether a schema allows null alone: OpenAPI 3.0 has no such type, and writes a nullable object.

    Newer OpenAPI.NET.OData writes an enumeration of null.
    """
    if schema.get("type") == "null" or schema.get("enum") == [None]:
        return True
    return schema.get("nullable") is True and schema.get("type", "object") == "object"


_MOST_TYPES = 10
"""Types that a value has in JSON; there are seven."""


def _primitive(schema: dict[str, object]) -> Value:
    given = schema.get("type")
    types = [given] if isinstance(given, str) else [*map(text, items(given)[:_MOST_TYPES])]
    named = [name for name in types if name != "null"]
    null = schema.get("nullable") is True or len(named) < len(types)
    if not named or named[0] == "object":
        return Value(TypeRef(UNTYPED), null or not named)
    edm = _FORMATS.get(text(schema.get("format"))) or _TYPES.get(named[0], UNTYPED)
    return Value(TypeRef(edm), null)


def _described(schema: dict[str, object]) -> Iterator[Annotation]:
    if description := text(schema.get("description")):
        yield Annotation(DESCRIPTION, Constant("String", description))
