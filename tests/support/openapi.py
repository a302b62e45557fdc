"""A small OData service as OpenAPI, as Microsoft's tool would write it, and as CSDL."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from graph_codegen.csdl.ast import Document
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from graph_codegen.openapi import reader
from tests.support.csdl import document as csdl_document
from tests.support.csdl import schema

JSON = dict[str, Any]

FILE = "library.json"
CSDL_FILE = "library.csdl.xml"

NULL = {"type": "object", "nullable": True}
TEXT = {"type": "string"}
NULLABLE_TEXT = {"type": "string", "nullable": True}


def ref(name: str) -> JSON:
    """Return a reference to a type of the library."""
    return {"$ref": f"#/components/schemas/library.{name}"}


def nullable(name: str) -> JSON:
    """Return a reference to a type of the library that allows null."""
    return {"anyOf": [ref(name), NULL]}


def many(schema: JSON, **more: Any) -> JSON:
    """Return an array."""
    return {"type": "array", "items": schema, **more}


def content(schema: JSON, media: str = "application/json") -> JSON:
    """Return a body or a response."""
    return {"description": "", "content": {media: {"schema": schema}}}


def key(name: str, type_name: str) -> JSON:
    """Return the parameter that holds a key."""
    return {
        "name": f"{type_name}-{name}",
        "in": "path",
        "required": True,
        "description": f"key: {name} of {type_name}",
        "schema": TEXT,
        "x-ms-docs-key-type": type_name,
    }


def reads(schema: JSON, *options: str) -> JSON:
    """Return a request that answers with a value, and takes query options."""
    parameters = [{"name": f"${option}", "in": "query", "schema": TEXT} for option in options]
    return {"parameters": parameters, "responses": {"2XX": content(schema)}}


def sends(body: JSON | None, schema: JSON | None = None) -> JSON:
    """Return a request with a body, and its answer."""
    return {
        **({"requestBody": content(body)} if body else {}),
        "responses": {"2XX": content(schema)} if schema else {"204": {"description": "Success"}},
    }


def entity(base: str, **properties: JSON) -> JSON:
    """Return the schema of a type that is derived from another."""
    return {
        "allOf": [
            ref(base),
            {
                "type": "object",
                "title": "",
                "properties": {"@odata.type": TEXT, **properties},
                "required": ["@odata.type"],
            },
        ]
    }


ONE = ("select", "expand")
MANY = ("top", "skip", "search", "filter", "count", "orderby", *ONE)
OCTETS = content({"type": "string", "format": "binary"}, "application/octet-stream")
BOOKS = {
    "allOf": [
        {"$ref": "#/components/schemas/BaseCollectionPaginationCountResponse"},
        {"type": "object", "properties": {"value": many(ref("book"))}},
    ]
}
NAVIGATION = {"x-ms-navigationProperty": True}


def library() -> JSON:
    """Return the OpenAPI document of the library, of which tests may change any part."""
    return deepcopy(_library())


def _library() -> JSON:
    book = "/shelves/{shelf-id}/books/{book-id}"
    keys = {"parameters": [key("id", "shelf")]}
    both = {"parameters": [key("id", "shelf"), key("id", "book")]}
    return {
        "openapi": "3.0.1",
        "info": {
            "title": "library",
            "version": "1",
            "x-ms-generated-by": {"toolName": "Microsoft.OpenApi.OData", "toolVersion": "1.0.9.0"},
        },
        "paths": {
            "/shelves": {
                "get": reads(
                    {"type": "object", "properties": {"value": many(ref("shelf"))}}, *MANY
                ),
                "post": sends(ref("shelf"), ref("shelf")),
            },
            "/shelves/$count": {"get": reads({"type": "integer"})},
            "/shelves/{shelf-id}": {
                "get": reads(ref("shelf"), *ONE),
                "patch": sends(ref("shelf"), ref("shelf")),
                "delete": sends(None),
                **keys,
            },
            "/shelves/{shelf-id}/books": {
                "get": {
                    **reads({}, "select", "top", "count"),
                    "responses": {"200": {"$ref": "#/components/responses/books"}},
                },
                **keys,
            },
            "/shelves/{shelf-id}/books/$count": {"get": reads({"type": "integer"}), **keys},
            book: {"get": reads(ref("book"), "select"), "delete": sends(None), **both},
            f"{book}/scan": {"get": {"responses": {"2XX": OCTETS}}, **both},
            f"{book}/author": {"get": reads(ref("person"), *ONE), **both},
            f"{book}/author/$ref": {"get": reads(TEXT), **both},
            f"{book}/library.shelf": {"get": reads(ref("book")), **both},
            f"{book}/library.lend": {
                "post": sends(
                    {
                        "type": "object",
                        "properties": {
                            "to": TEXT,
                            "days": {"type": "integer", "format": "int32", "nullable": True},
                        },
                    },
                    nullable("loan"),
                ),
                **both,
            },
            "/shelves/{shelf-id}/books/library.find(title='{title}',since={since})": {
                "get": {
                    **reads(BOOKS, *MANY),
                    "parameters": [
                        {"name": "title", "in": "path", "required": True, "schema": NULLABLE_TEXT},
                        {
                            "name": "since",
                            "in": "path",
                            "required": True,
                            "schema": {"type": "string", "format": "date"},
                        },
                    ],
                },
                **keys,
            },
            "/desk": {"get": reads(ref("person"), *ONE)},
        },
        "components": {
            "schemas": {
                "library.thing": {
                    "type": "object",
                    "properties": {"id": TEXT, "@odata.type": TEXT},
                },
                "library.shelf": entity("thing", books=many(ref("book"), **NAVIGATION)),
                "library.person": entity("thing", name=NULLABLE_TEXT),
                "library.book": entity(
                    "thing",
                    title={"type": "string", "description": "What is on the cover."},
                    pages={"type": "integer", "format": "int32", "nullable": True},
                    weight={
                        "nullable": True,
                        "oneOf": [
                            {"type": "number", "format": "double"},
                            TEXT,
                            {"$ref": "#/components/schemas/ReferenceNumeric"},
                        ],
                    },
                    added={"type": "string", "format": "date-time", "readOnly": True},
                    kind=nullable("kind"),
                    kinds=many(nullable("kind")),
                    loans=many(ref("loan")),
                    scan={"type": "string", "format": "base64url", "nullable": True},
                    cover={"type": "string", "format": "base64url", "nullable": True},
                    author={**nullable("person"), **NAVIGATION},
                ),
                "library.loan": {
                    "type": "object",
                    "properties": {
                        "@odata.type": TEXT,
                        "to": TEXT,
                        "days": {"type": "integer", "format": "int32"},
                    },
                },
                "library.kind": {
                    "type": "string",
                    "enum": ["novel", "atlas", "unknownFutureValue"],
                    "title": "kind",
                },
                "library.bookCollectionResponse": BOOKS,
                "library.ODataErrors.ODataError": {"type": "object", "properties": {"error": {}}},
                "BaseCollectionPaginationCountResponse": {"type": "object"},
                "ReferenceNumeric": {"enum": ["-INF", "INF", "NaN"]},
            },
            "responses": {
                "books": content({"$ref": "#/components/schemas/library.bookCollectionResponse"})
            },
        },
    }


LIBRARY = schema(
    """
<EntityType Name="thing" Abstract="true">
  <Key><PropertyRef Name="id"/></Key>
  <Property Name="id" Type="Edm.String" Nullable="false"/>
</EntityType>
<EntityType Name="shelf" BaseType="library.thing">
  <NavigationProperty Name="books" Type="Collection(library.book)" ContainsTarget="true">
    <Annotation Term="Org.OData.Capabilities.V1.InsertRestrictions">
      <Record><PropertyValue Property="Insertable" Bool="false"/></Record>
    </Annotation>
    <Annotation Term="Org.OData.Capabilities.V1.UpdateRestrictions">
      <Record><PropertyValue Property="Updatable" Bool="false"/></Record>
    </Annotation>
    <Annotation Term="Org.OData.Capabilities.V1.ExpandRestrictions">
      <Record><PropertyValue Property="Expandable" Bool="false"/></Record>
    </Annotation>
    <Annotation Term="Org.OData.Capabilities.V1.FilterRestrictions">
      <Record><PropertyValue Property="Filterable" Bool="false"/></Record>
    </Annotation>
    <Annotation Term="Org.OData.Capabilities.V1.SortRestrictions">
      <Record><PropertyValue Property="Sortable" Bool="false"/></Record>
    </Annotation>
    <Annotation Term="Org.OData.Capabilities.V1.SearchRestrictions">
      <Record><PropertyValue Property="Searchable" Bool="false"/></Record>
    </Annotation>
    <Annotation Term="Org.OData.Capabilities.V1.SkipSupported" Bool="false"/>
  </NavigationProperty>
</EntityType>
<EntityType Name="person" BaseType="library.thing" OpenType="true">
  <Property Name="name" Type="Edm.String"/>
</EntityType>
<EntityType Name="book" BaseType="library.thing">
  <Property Name="title" Type="Edm.String" Nullable="false" MaxLength="80"/>
  <Property Name="pages" Type="Edm.Int32"/>
  <Property Name="weight" Type="Edm.Double"/>
  <Property Name="added" Type="Edm.DateTimeOffset" Nullable="false">
    <Annotation Term="Org.OData.Core.V1.Computed" Bool="true"/>
  </Property>
  <Property Name="kind" Type="library.kind"/>
  <Property Name="kinds" Type="Collection(library.kind)"/>
  <Property Name="loans" Type="Collection(library.loan)" Nullable="false"/>
  <Property Name="scan" Type="Edm.Stream">
    <Annotation Term="Org.OData.Capabilities.V1.UpdateRestrictions">
      <Record><PropertyValue Property="Updatable" Bool="false"/></Record>
    </Annotation>
  </Property>
  <Property Name="cover" Type="Edm.Binary"/>
  <NavigationProperty Name="author" Type="library.person">
    <Annotation Term="Org.OData.Capabilities.V1.UpdateRestrictions">
      <Record><PropertyValue Property="Updatable" Bool="false"/></Record>
    </Annotation>
    <Annotation Term="Org.OData.Capabilities.V1.DeleteRestrictions">
      <Record><PropertyValue Property="Deletable" Bool="false"/></Record>
    </Annotation>
  </NavigationProperty>
</EntityType>
<ComplexType Name="loan">
  <Property Name="to" Type="Edm.String" Nullable="false"/>
  <Property Name="days" Type="Edm.Int32" Nullable="false"/>
</ComplexType>
<EnumType Name="kind">
  <Member Name="novel" Value="0"/>
  <Member Name="atlas" Value="1"/>
  <Member Name="unknownFutureValue" Value="2"/>
</EnumType>
<Action Name="lend" IsBound="true">
  <Parameter Name="bindingParameter" Type="library.book"/>
  <Parameter Name="to" Type="Edm.String" Nullable="false"/>
  <Parameter Name="days" Type="Edm.Int32"/>
  <ReturnType Type="library.loan"/>
</Action>
<Function Name="find" IsBound="true">
  <Parameter Name="bindingParameter" Type="Collection(library.book)"/>
  <Parameter Name="title" Type="Edm.String"/>
  <Parameter Name="since" Type="Edm.Date" Nullable="false"/>
  <ReturnType Type="Collection(library.book)" Nullable="false"/>
</Function>
<EntityContainer Name="Library">
  <EntitySet Name="shelves" EntityType="library.shelf"/>
  <Singleton Name="desk" Type="library.person">
    <Annotation Term="Org.OData.Capabilities.V1.UpdateRestrictions">
      <Record><PropertyValue Property="Updatable" Bool="false"/></Record>
    </Annotation>
  </Singleton>
</EntityContainer>
""",
    namespace="library",
    alias="",
)
"""The same library in CSDL, which says more: what is open, abstract and so on."""


def read(document: JSON) -> Document:
    """Read a document."""
    return reader.read(json.dumps(document).encode(), FILE)


def model(document: JSON) -> Model:
    """Return the model of a document."""
    return resolve(read(document))


def write_both(folder: Path) -> tuple[Path, Path]:
    """Write the library as OpenAPI and as CSDL, and return where they are."""
    openapi, csdl = folder / FILE, folder / CSDL_FILE
    openapi.write_text(json.dumps(library()), encoding="utf-8")
    csdl.write_bytes(csdl_document(LIBRARY))
    return openapi, csdl
