"""OpenAPI of an OData service → declarations, as `csdl.reader` gives them for CSDL.

What OpenAPI does not say stays unknown: a type is open or not, a member has a value, and the declaration
says neither. Source: OData to OpenAPI Mapping 1.0, and what Microsoft's OpenAPI.NET.OData makes of it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable

from graph_codegen.csdl.ast import (
    Document,
    EntityContainer,
    EnumType,
    Operation,
    Schema,
    StructuredType,
    Term,
    TypeDeclaration,
    TypeDefinition,
    split_name,
)
from graph_codegen.csdl.identifiers import RESERVED
from graph_codegen.errors import Place, error
from graph_codegen.openapi import foreign
from graph_codegen.openapi.components import Components
from graph_codegen.openapi.extension import EXTENSION, read_extensions
from graph_codegen.openapi.paths import PathReader
from graph_codegen.openapi.schemas import SchemaReader
from graph_codegen.openapi.values import members, parse

_Declaration = TypeDeclaration | TypeDefinition | Operation | Term


def read(data: bytes, file: str) -> Document:
    """Read an OpenAPI document of an OData service.

    `file` is what messages call the document. Raises CodegenError for one that is not JSON or YAML, not
    OpenAPI 3.0 or 3.1, or not of an OData service, and for an invalid name: names become code.
    """
    root = members(parse(data, file))
    components = Components(root)
    foreign.refuse(components, file)
    digest = hashlib.sha256(data).hexdigest()
    if EXTENSION in root:
        found = read_extensions(components, file)
        schemas = _grouped((*found.types, *found.operations, *found.terms), found.container, file)
        return Document(file, digest, schemas, partial=found.partial, supplemented=True)
    schema_reader = SchemaReader(components, file)
    declared = [*schema_reader.types()]
    structured = {item.name: item for item in declared if isinstance(item, StructuredType)}
    paths = PathReader(components, schema_reader, structured, file).read()
    types = (paths.types.get(item.name, item) for item in declared)
    container = EntityContainer("", paths.sources, paths.annotations, place=Place(file))
    schemas = _grouped((*types, *paths.operations), container, file)
    return Document(file, digest, schemas, partial=True, unread=paths.unread)


def _grouped(
    declared: Iterable[_Declaration], container: EntityContainer | None, file: str
) -> tuple[Schema, ...]:
    """Return the schemas of declarations, one for each namespace; any of them has the container."""
    by_namespace: defaultdict[str, list[_Declaration]] = defaultdict(list)
    for item in declared:
        by_namespace[split_name(item.name)[0]].append(item)
    for namespace in by_namespace:
        if not namespace or namespace.partition(".")[0] in RESERVED:
            message = f"a schema cannot call itself {namespace or 'nothing'} (CSDL 5.1)"
            raise error(message, file)
    schemas = [
        Schema(
            namespace=namespace,
            types=tuple(i for i in found if isinstance(i, (EnumType, StructuredType))),
            definitions=tuple(i for i in found if isinstance(i, TypeDefinition)),
            operations=tuple(i for i in found if isinstance(i, Operation)),
            terms=tuple(i for i in found if isinstance(i, Term)),
        )
        for namespace, found in sorted(by_namespace.items())
    ]
    if container:
        schemas.append(Schema(namespace="", container=container))
    return tuple(schemas)
