"""Builds the JSON schemas of a model's types, as OpenAPI 3.1 has them.

Base types become `allOf`. Abstract types that a property, parameter or result is declared to be of have a
discriminator, which names the derived types of the document; Graph sends newer ones too. Of other types Graph
leaves `@odata.type` out where a value is of the declared type itself, and clients made by other tools refuse
what lacks its discriminator, whether the type has it or inherits it.
"""

from __future__ import annotations

from collections.abc import Iterable

from graph_codegen.csdl.ast import (
    GEOGRAPHIC,
    PATHS,
    Annotation,
    EnumType,
    Member,
    NavigationProperty,
    Parameter,
    Property,
    StructuredType,
    TypeRef,
)
from graph_codegen.emit.names import Names, is_attribute
from graph_codegen.emit.x_graph import EXTENSION, JSON, Extensions
from graph_codegen.facts.descriptions import Descriptions
from graph_codegen.model.deprecations import Deprecation, find_deprecation, with_deprecation
from graph_codegen.model.model import Model

SCHEMAS = "#/components/schemas/"

DEPRECATION = {
    "date": "date",
    "removal_date": "removalDate",
    "version": "version",
    "description": "description",
}
"""The keys of `x-ms-deprecation`, by the fields of a deprecation."""

EDM_SCHEMAS: dict[str, JSON] = {
    "Edm.Binary": {"type": "string", "format": "base64url"},
    "Edm.Boolean": {"type": "boolean"},
    "Edm.Byte": {"type": "integer", "format": "uint8"},
    "Edm.Date": {"type": "string", "format": "date"},
    "Edm.DateTimeOffset": {"type": "string", "format": "date-time"},
    "Edm.Decimal": {"type": ["number", "string"], "format": "decimal"},
    "Edm.Double": {"type": ["number", "string"], "format": "double"},
    "Edm.Duration": {"type": "string", "format": "duration"},
    "Edm.EntityReference": {
        "type": "object",
        "properties": {"@odata.id": {"type": "string", "format": "uri-reference"}},
        "required": ["@odata.id"],
    },
    "Edm.Guid": {"type": "string", "format": "uuid"},
    "Edm.Int16": {"type": "integer", "format": "int16"},
    "Edm.Int32": {"type": "integer", "format": "int32"},
    "Edm.Int64": {"type": ["integer", "string"], "format": "int64"},
    "Edm.SByte": {"type": "integer", "format": "int8"},
    "Edm.Single": {"type": ["number", "string"], "format": "float"},
    "Edm.Stream": {"type": "string", "format": "binary"},
    "Edm.String": {"type": "string"},
    "Edm.TimeOfDay": {"type": "string", "format": "time"},
    **{name: {"type": "object"} for name in GEOGRAPHIC},
    **{name: {"type": "string"} for name in PATHS},
}
"""JSON schemas of Edm types (OData JSON 4.01, section 7.1); other types may be any value."""


class SchemaWriter:
    """Writes the schemas of a model's types, by the names that it has for them."""

    def __init__(self, model: Model, names: Names, descriptions: Descriptions) -> None:
        self._model = model
        self._names = names
        self._descriptions = descriptions
        self._extensions = Extensions(described=descriptions.own)
        self._referenced = {ref.name for ref, *_ in model.references()}

    def schemas(self) -> JSON:
        """Return the schema of each type, by name."""
        names = self._names.schemas
        return {names[name]: self._schema(name) for name in sorted(names, key=names.__getitem__)}

    def value(self, ref: TypeRef, *, null: bool = False) -> JSON:
        """Return the schema of a value of a type."""
        if ref.collection:
            schema: JSON = {"type": "array", "items": self.value(TypeRef(ref.name))}
        elif ref.primitive:
            schema = EDM_SCHEMAS.get(ref.name, {})
        else:
            schema = self._ref(ref.name)
        return _nullable(schema) if null else schema

    def item(self, item: Property | NavigationProperty | Parameter) -> JSON:
        """Return the schema of a property or parameter; null is allowed unless it is excluded."""
        return self.value(item.type, null=item.nullable is not False)

    def _schema(self, name: str) -> JSON:
        declared = self._model.types[name]
        return {
            **(
                self._enum_type(declared)
                if isinstance(declared, EnumType)
                else self._structured_type(declared)
            ),
            **about(self._descriptions.of_type(declared), declared.annotations),
            EXTENSION: self._extensions.of_type(declared),
        }

    def _enum_type(self, declared: EnumType) -> JSON:
        members = self._names.members[declared.name]
        return {
            "type": "string",
            **({"enum": list(members)} if members and not declared.is_flags else {}),
            "x-enum-varnames": [members[m.name] for m in declared.members],
            "x-enum-descriptions": [self._member(declared, m) for m in declared.members],
        }

    def _member(self, owner: EnumType, member: Member) -> str:
        """Return the text about a member, for whose deprecation JSON Schema has no place."""
        text = self._descriptions.of_member(owner.name, member)
        return with_deprecation(find_deprecation(member.annotations), text)

    def _structured_type(self, declared: StructuredType) -> JSON:
        own: JSON = {"type": "object"}
        properties: JSON = {} if declared.base else {"@odata.type": {"type": "string"}}
        properties |= {
            item.name: self._property(declared, item)
            for item in declared.members()
            if is_attribute(item)
        }
        if properties:
            own["properties"] = properties
        if declared.base:
            own = {"allOf": [self._ref(declared.base), own]}
        return own | self._discriminator(declared)

    def _property(self, owner: StructuredType, item: Property | NavigationProperty) -> JSON:
        text = self._descriptions.of_member(owner.name, item)
        return {
            **self.item(item),
            **about(text, item.annotations),
            EXTENSION: self._extensions.of_member(item),
        }

    def _discriminator(self, declared: StructuredType) -> JSON:
        derived = self._model.descendants(declared.name)
        if not derived or not declared.abstract or declared.name not in self._referenced:
            return {}
        mapping = {f"#{name}": SCHEMAS + self._names.schemas[name] for name in derived}
        return {"discriminator": {"propertyName": "@odata.type", "mapping": mapping}}

    def _ref(self, name: str) -> JSON:
        return {"$ref": SCHEMAS + self._names.schemas[name]}


def about(text: str, annotations: Iterable[Annotation]) -> JSON:
    """Return what is said about an element: its description, and whether it is deprecated."""
    return describe(text, find_deprecation(annotations))


def describe(text: str, deprecation: Deprecation | None) -> JSON:
    """Return a description and a deprecation, as Microsoft's own documents say it (`x-ms-deprecation`)."""
    found: JSON = {"description": text} if text else {}
    if deprecation:
        told = {key: getattr(deprecation, name) for name, key in DEPRECATION.items()}
        found |= {"deprecated": True, "x-ms-deprecation": {k: v for k, v in told.items() if v}}
    return found


def _nullable(schema: JSON) -> JSON:
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    if "type" not in schema:
        return schema  # any value, including null
    types: str | list[str] = schema["type"]
    return schema | {"type": [*([types] if isinstance(types, str) else types), "null"]}
