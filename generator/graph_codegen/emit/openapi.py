"""Builds the OpenAPI document of a model: the schemas of its types and the paths of its requests.

The extension `x-graph` of the document, of schemas and of properties holds what CSDL declares, so that the
document can be read back; see `x_graph`.
"""

from __future__ import annotations

from graph_codegen.csdl.ast import split_name
from graph_codegen.emit.names import Names
from graph_codegen.emit.paths import ERROR_CONTENT, QUERY_PARAMETERS, PathWriter
from graph_codegen.emit.schemas import SchemaWriter
from graph_codegen.emit.security import Security
from graph_codegen.emit.x_graph import EXTENSION, JSON, Extensions
from graph_codegen.facts.clouds import version_of
from graph_codegen.facts.descriptions import Descriptions
from graph_codegen.facts.documented import NOTHING, Documented
from graph_codegen.facts.media_types import MediaTypes
from graph_codegen.facts.settings import GRAPH
from graph_codegen.facts.statuses import Statuses
from graph_codegen.model.model import Model

_NO_STATUSES: Statuses = {}
_NO_MEDIA_TYPES: MediaTypes = {}

_TEXT: JSON = {"type": "string"}
_TEXT_OR_NULL: JSON = {"type": ["string", "null"]}

_ERROR_DETAIL: JSON = {
    "code": _TEXT,
    "message": _TEXT,
    "target": _TEXT_OR_NULL,
}

_ERROR_SCHEMAS: JSON = {
    "odata.error": {
        "type": "object",
        "required": ["error"],
        "properties": {"error": {"$ref": "#/components/schemas/odata.error.main"}},
    },
    "odata.error.main": {
        "type": "object",
        "required": ["code", "message"],
        "properties": {
            **_ERROR_DETAIL,
            "details": {
                "type": "array",
                "items": {"$ref": "#/components/schemas/odata.error.detail"},
            },
            "innerError": {
                "type": "object",
                "properties": {
                    "code": _TEXT,
                    "date": _TEXT,
                    "request-id": _TEXT,
                    "client-request-id": _TEXT,
                },
            },
        },
    },
    "odata.error.detail": {
        "type": "object",
        "required": ["code", "message"],
        "properties": _ERROR_DETAIL,
    },
}
"""The body of errors (OData JSON 4.01, section 21.1; https://learn.microsoft.com/graph/errors).

Names of types have no dots here, so these collide with none."""


def build_openapi(
    model: Model,
    names: Names,
    descriptions: Descriptions,
    service_root: str = GRAPH,
    *,
    statuses: Statuses = _NO_STATUSES,
    documented: Documented = NOTHING,
    media_types: MediaTypes = _NO_MEDIA_TYPES,
) -> JSON:
    """Return the OpenAPI 3.1 document of a model, ready for `json.dumps`, in a stable order.

    `service_root` is the service root; its last segment is the version of the API. `statuses` are those
    with which requests are answered, `documented` has their permissions, `media_types` are those of
    streams: each where it is known.
    """
    security = Security(service_root)
    schemas = SchemaWriter(model, names, descriptions)
    writer = PathWriter(
        model=model,
        schemas=schemas,
        security=security,
        descriptions=descriptions,
        statuses=statuses,
        documented=documented,
        media_types=media_types,
    )
    paths = writer.paths()
    operations = [operation for item in paths.values() for operation in item.values()]
    tags = {name for operation in operations for name in operation["tags"]}
    needs = [need for operation in operations for need in operation.get("security", ())]
    return {
        "openapi": "3.1.0",
        "info": {"title": _title(model, security), "version": version_of(service_root)},
        "servers": [{"url": service_root}],
        "security": security.default(),
        "tags": [{"name": name} for name in sorted(tags)],
        "paths": paths,
        "components": {
            "schemas": schemas.schemas() | _ERROR_SCHEMAS,
            "parameters": dict(QUERY_PARAMETERS),
            "responses": {
                "error": {
                    "description": "An error; branch on its code, never on its message.",
                    "content": ERROR_CONTENT,
                }
            },
            "securitySchemes": security.schemes(needs),
        },
        EXTENSION: Extensions(described=descriptions.own).of_model(model),
    }


def _title(model: Model, security: Security) -> str:
    """Return the name of the service: of one that is not Graph, the namespace of its container."""
    if security.is_graph or model.container is None:
        return "Microsoft Graph"
    return split_name(model.container.name)[0]


def build_schemas(model: Model, names: Names, descriptions: Descriptions) -> JSON:
    """Return a document of the types alone, in the form of `build_openapi`: models are made from it."""
    schemas = SchemaWriter(model, names, descriptions).schemas()
    return {"components": {"schemas": schemas}}
