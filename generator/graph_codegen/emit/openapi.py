"""Builds the OpenAPI 3.1 document of a model: the schemas of its types and the paths of its requests.

The extension `x-graph` of a schema holds what JSON Schema cannot express: the CSDL name, the kind,
openness, the key. `x-edm` of a property is its Edm type. Base types become `allOf`; there is no
discriminator, since Graph also sends derived types that are newer than the document.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from graph_codegen.csdl.ast import (
    GEOGRAPHIC,
    PATHS,
    EnumType,
    NavigationProperty,
    Parameter,
    Property,
    StructuredType,
    TypeRef,
    split_name,
)
from graph_codegen.emit.names import Names, is_attribute
from graph_codegen.facts.descriptions import Descriptions
from graph_codegen.facts.settings import GRAPH
from graph_codegen.facts.statuses import Status, Statuses
from graph_codegen.model.model import Model
from graph_codegen.service.requests import STREAM, Request, list_requests

JSON = dict[str, Any]

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

_ERROR = {"$ref": "#/components/responses/error"}
_ERROR_CONTENT: JSON = {
    "application/json": {
        "schema": {"type": "object", "properties": {"error": {"type": "object"}}},
    }
}
_NO_STATUSES: Statuses = {}


def build_openapi(
    model: Model,
    names: Names,
    descriptions: Descriptions,
    endpoint: str = GRAPH,
    *,
    statuses: Statuses = _NO_STATUSES,
) -> JSON:
    """Return the OpenAPI 3.1 document of a model, ready for `json.dumps`, in a stable order.

    `endpoint` is the service root; its last segment is the version of the API. `statuses` are those
    with which requests are answered, where they are known.
    """
    writer = _Writer(model, names, descriptions, statuses)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Microsoft Graph", "version": endpoint.rpartition("/")[2]},
        "servers": [{"url": endpoint}],
        "paths": writer.paths(),
        "components": {
            "schemas": {
                names.schemas[name]: writer.schema(name)
                for name in sorted(model.types, key=lambda name: names.schemas[name])
            },
            "responses": {
                "error": {
                    "description": "An error; branch on its code, never on its message.",
                    "content": _ERROR_CONTENT,
                }
            },
        },
    }


class _Writer:
    def __init__(
        self, model: Model, names: Names, descriptions: Descriptions, statuses: Statuses
    ) -> None:
        self._model = model
        self._names = names
        self._descriptions = descriptions
        self._statuses = statuses

    # -- schemas

    def schema(self, name: str) -> JSON:
        declared = self._model.types[name]
        about = _described(self._descriptions.of_type(declared))
        if isinstance(declared, EnumType):
            return self._enum_type(declared) | about
        return self._structured_type(declared) | about

    def _enum_type(self, declared: EnumType) -> JSON:
        members = self._names.members[declared.name]
        return {
            "type": "string",
            **({"enum": list(members)} if members and not declared.is_flags else {}),
            "x-enum-varnames": [members[m.name] for m in declared.members],
            "x-graph": {
                "kind": declared.kind,
                "name": declared.name,
                "flags": declared.is_flags,
                "members": {m.name: m.value for m in declared.members},
            },
            "x-enum-descriptions": [
                self._descriptions.of_member(declared.name, m) for m in declared.members
            ],
        }

    def _structured_type(self, declared: StructuredType) -> JSON:
        own: JSON = {"type": "object"}
        if not declared.base:
            own["properties"] = {"@odata.type": {"type": "string"}}
        properties = {
            item.name: self._property(item)
            | _described(self._descriptions.of_member(declared.name, item))
            for item in declared.members()
            if is_attribute(item)
        }
        if properties:
            own.setdefault("properties", {}).update(properties)
        extension = {
            "x-graph": {
                "kind": declared.kind,
                "name": declared.name,
                "abstract": declared.abstract,
                "open": self._model.is_open(declared.name),
                **({"key": list(declared.key)} if declared.key else {}),
            }
        }
        if declared.base:
            return {"allOf": [self._ref(declared.base), own], **extension}
        return own | extension

    def _property(self, item: Property | NavigationProperty | Parameter) -> JSON:
        """Return the schema of a member; null is allowed unless it is excluded."""
        return self._value(item.type, null=item.nullable is not False)

    def _value(self, ref: TypeRef, *, null: bool = False) -> JSON:
        if ref.collection:
            schema: JSON = {"type": "array", "items": self._value(TypeRef(ref.name))}
        elif ref.primitive:
            schema = EDM_SCHEMAS.get(ref.name, {}) | {"x-edm": ref.name}
        else:
            schema = self._ref(ref.name)
        return _nullable(schema) if null else schema

    def _ref(self, name: str) -> JSON:
        return {"$ref": f"#/components/schemas/{self._names.schemas[name]}"}

    # -- paths

    def paths(self) -> JSON:
        paths: JSON = {}
        found = list_requests(self._model)
        shared = Counter(map(operation_id, found))
        for request in found:
            name = operation_id(request)
            unique = name if shared[name] == 1 else f"{name}.{_difference(request)}"
            operation = {"operationId": unique, **self._operation(request)}
            paths.setdefault(request.path, {})[request.method.lower()] = operation
        return dict(sorted(paths.items()))

    def _operation(self, request: Request) -> JSON:
        operation: JSON = {"tags": [request.segments[0]]}
        operation |= _described(self._descriptions.of_request(request))
        parameters = [
            {"name": key.name, "in": "path", "required": True, "schema": {"type": "string"}}
            for key in request.keys
        ]
        arguments = dict(request.through_parameters)
        if request.kind == "function":
            arguments |= request.own_parameters
        parameters += [
            {"name": name, "in": "path", "required": True, "schema": self._property(p)}
            for name, p in arguments.items()
            if name not in request.aliases
        ]
        parameters += [
            {
                "name": f"@{name}",
                "in": "query",
                "required": True,
                "content": _json(self._property(arguments[name])),
            }
            for name in request.aliases
        ]
        if parameters:
            operation["parameters"] = parameters
        body = self._body(request)
        if body:
            operation["requestBody"] = {"required": True, "content": body}
        known = self._statuses.get(f"{request.method} {request.path}")
        operation["responses"] = self._responses(request, known) | {"default": _ERROR}
        return operation

    def _body(self, request: Request) -> JSON | None:
        if request.body == STREAM:
            return {"application/octet-stream": {"schema": EDM_SCHEMAS["Edm.Stream"]}}
        if request.body:
            return _json(self._value(request.body))
        if request.kind == "action" and request.parameters:
            properties = {p.name: self._property(p) for p in request.parameters}
            return _json({"type": "object", "properties": properties})
        return None

    def _responses(self, request: Request, known: Status | None) -> JSON:
        usual = 201 if request.kind == "create" else 204 if request.returns is None else 200
        statuses = known.statuses if known else (usual,)
        errors: JSON = {
            error: {"description": text, "content": _ERROR_CONTENT}
            for error, text in (known.errors.items() if known else ())
        }
        if request.kind in ("action", "function"):
            errors["501"] = _ERROR  # https://learn.microsoft.com/graph/errors
        content = self._content(request)
        done = (
            {"description": "Success.", "content": content} if content else {"description": "Done."}
        )
        return {**{str(status): done for status in statuses}, **errors}

    def _content(self, request: Request) -> JSON | None:
        if request.returns is None:
            return None
        if request.kind == "count":
            return {"text/plain": {"schema": self._value(request.returns)}}
        if request.returns == STREAM:
            return {"application/octet-stream": {"schema": EDM_SCHEMAS["Edm.Stream"]}}
        if request.returns.collection:
            value = self._value(request.returns)
            next_link = {"@odata.nextLink": {"type": "string"}}
            return _json({"type": "object", "properties": {"value": value} | next_link})
        return _json(self._value(request.returns))


def operation_id(request: Request) -> str:
    """Return the operationId of a request, such as `communications.calls.create`."""
    calls = [split_name(o.name)[1] for o in (request.through, request.operation) if o]
    return ".".join((*request.segments, *(calls or [request.kind])))


def _difference(request: Request) -> str:
    """Distinguish overloads that share an operationId by their binding and parameters."""
    function = request.through
    binding = function.binding.type if function and function.binding else request.target
    bound = "collection" if binding.collection else "item"
    parameters = (*request.through_parameters, *(p.name for p in request.parameters))
    return ".".join([bound, *parameters])


def _described(text: str) -> JSON:
    return {"description": text} if text else {}


def _nullable(schema: JSON) -> JSON:
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    if "type" not in schema:
        return schema  # any value, including null
    types: str | list[str] = schema["type"]
    return schema | {"type": [*([types] if isinstance(types, str) else types), "null"]}


def takes_null(schema: JSON) -> bool:
    """Whether the schema of a property allows null."""
    return "null" in schema["type"] if "type" in schema else "$ref" not in schema


def _json(schema: JSON) -> JSON:
    return {"application/json": {"schema": schema}}
