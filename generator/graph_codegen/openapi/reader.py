"""OpenAPI of an OData service → declarations, as `csdl.reader` gives them for CSDL.

What OpenAPI does not say stays unknown: a type is open or not, a member has a value, and the declaration
says neither. Source: OData to OpenAPI Mapping 1.0, and what Microsoft's OpenAPI.NET.OData makes of it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict

from graph_codegen.csdl.ast import (
    Document,
    EntityContainer,
    Operation,
    Schema,
    StructuredType,
    TypeDeclaration,
    TypeDefinition,
    split_name,
)
from graph_codegen.errors import Place
from graph_codegen.openapi import foreign
from graph_codegen.openapi.components import Components
from graph_codegen.openapi.paths import PathReader
from graph_codegen.openapi.schemas import SchemaReader
from graph_codegen.openapi.values import members, parse


def read(data: bytes, file: str) -> Document:
    """Read an OpenAPI document of an OData service.

    `file` is what messages call the document. Raises CodegenError for one that is not JSON or YAML, not
    OpenAPI 3.0 or 3.1, or not of an OData service, and for an invalid name: names become code.
    """
    root = members(parse(data, file))
    components = Components(root)
    foreign.refuse(components, file)
    schemas = SchemaReader(components, file)
    declared = [*schemas.types()]
    structured = {item.name: item for item in declared if isinstance(item, StructuredType)}
    paths = PathReader(components, schemas, structured, file).read()
    grouped: defaultdict[str, list[TypeDeclaration | TypeDefinition | Operation]] = defaultdict(
        list
    )
    for item in (*(paths.types.get(one.name, one) for one in declared), *paths.operations):
        grouped[split_name(item.name)[0]].append(item)
    container = EntityContainer("", paths.sources, place=Place(file))
    schemas_ = tuple(
        Schema(
            namespace=namespace,
            types=tuple(i for i in found if not isinstance(i, (TypeDefinition, Operation))),
            definitions=tuple(i for i in found if isinstance(i, TypeDefinition)),
            operations=tuple(i for i in found if isinstance(i, Operation)),
            container=container if number == 0 else None,
        )
        for number, (namespace, found) in enumerate(sorted(grouped.items()))
    )
    digest = hashlib.sha256(data).hexdigest()
    return Document(file, digest, schemas_, partial=True, unread=paths.unread)
