"""Builds the paths of an OpenAPI document: the requests of a model.

A function that can be called without some of its arguments has two paths, one with all of them and one with
only those that are required; `x-graph` says of both that they are the same request. Arguments stand in paths
as OData literals (URL conventions 4.01, section 5.1.1.14.1): what surrounds a value, such as the quotes of
text, is part of the path, and the schema of the parameter describes what is left. Arguments that are objects
or collections are JSON, in a query parameter of their own (section 5.1.1.14.2).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from graph_codegen.csdl.ast import (
    ENTITY,
    Operation,
    Parameter,
    TypeRef,
    split_name,
)
from graph_codegen.emit.schemas import EDM_SCHEMAS, SCHEMAS, SchemaWriter, about, describe
from graph_codegen.emit.security import Security
from graph_codegen.emit.x_graph import EXTENSION, JSON
from graph_codegen.facts.descriptions import Descriptions
from graph_codegen.facts.documented import Documented
from graph_codegen.facts.media_types import MediaTypes
from graph_codegen.facts.statuses import Status, Statuses
from graph_codegen.model.model import Model
from graph_codegen.service.capabilities import is_optional
from graph_codegen.service.requests import REFERENCE, STREAM, Request, list_requests
from graph_codegen.service.resources import Key

_CALL = re.compile(r"\(([^()]+)\)")
"""The arguments of a function, or a key in parentheses, in the path of a request."""

_LITERALS: Mapping[str, str] = {
    "Edm.Binary": "binary'{}'",
    "Edm.Duration": "duration'{}'",
    "Edm.String": "'{}'",
}
"""What surrounds a value in a path; those of other Edm types stand there as they are."""

_TEXTS: Mapping[str, JSON] = {
    "Edm.Boolean": {"type": "string", "enum": ["true", "false"]},
    "Edm.DateTimeOffset": {
        "type": "string",
        "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,12})?)?(Z|[+-]\d\d:\d\d)$",
    },
    "Edm.Decimal": {"type": "number", "format": "decimal"},
    "Edm.Double": {"type": "number", "format": "double"},
    "Edm.Int64": {"type": "integer", "format": "int64"},
    "Edm.Single": {"type": "number", "format": "float"},
}
"""The schemas of values in paths, where they are other than in JSON.

Clients made from the document spell Booleans and times there as their language does, unless they are text."""

_JSON_TEXT: JSON = {"type": "string", "contentMediaType": "application/json"}

QUERY_PARAMETERS: Mapping[str, JSON] = {
    name: {"name": f"${name}", "in": "query", "description": text, "schema": schema}
    for name, text, schema in (
        ("select", "The properties to return, joined by commas.", {"type": "string"}),
        ("expand", "The related entities to include, joined by commas.", {"type": "string"}),
        ("filter", "A condition that the items meet.", {"type": "string"}),
        ("orderby", "The properties to sort by, joined by commas.", {"type": "string"}),
        ("top", "The number of items to return.", {"type": "integer", "minimum": 0}),
        ("skip", "The number of items to leave out.", {"type": "integer", "minimum": 0}),
        ("search", "What to search for.", {"type": "string"}),
        ("count", "Whether to count all items.", {"type": "boolean"}),
    )
}
"""The parameters of the system query options (OData URL conventions 4.01, section 5.1).

Lists are text here: of arrays, some clients repeat the parameter, which OData does not allow."""

ERROR_CONTENT: JSON = {"application/json": {"schema": {"$ref": f"{SCHEMAS}odata.error"}}}
"""The content of responses to requests that fail."""

_ERROR = {"$ref": "#/components/responses/error"}
_OK = str(HTTPStatus.OK.value)
_NO_CONTENT = str(HTTPStatus.NO_CONTENT.value)

_STATUSES: Mapping[str, tuple[str, ...]] = {
    "list": (_OK,), "get": (_OK,), "count": (_OK,), "content": (_OK,), "function": (_OK,),
    "list_refs": (_OK,), "get_ref": (_OK,), "update": (_OK, _NO_CONTENT), "delete": (_NO_CONTENT,),
    "delete_content": (_NO_CONTENT,), "add_ref": (_NO_CONTENT,), "set_ref": (_NO_CONTENT,),
    "remove_ref": (_NO_CONTENT,),
}  # fmt: skip
"""The statuses of success by kind of request (OData Protocol 4.01, section 11)."""

_SUCCESS = ("2XX",)


_FORMS = ("{{{}}}", "@{}")
"""How the path of a request has an argument: in its place, or as an alias."""


_OBJECTS = frozenset({REFERENCE.name, ENTITY, "Edm.ComplexType"})
"""The Edm types that are not primitive."""

_Arguments = Mapping[str, tuple[Operation, Parameter]]
"""The parameters of functions by the placeholders of a path, each with the function that declares it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PathWriter:
    """Writes the paths of a model, with the facts about its requests."""

    model: Model
    schemas: SchemaWriter
    security: Security
    descriptions: Descriptions
    statuses: Statuses
    documented: Documented
    media_types: MediaTypes

    def paths(self) -> JSON:
        """Return the path items by path, sorted."""
        paths: JSON = {}
        shorter: JSON = {}
        found = list_requests(self.model)
        for request, name in zip(found, _identifiers(found), strict=True):
            method = request.method.lower()
            arguments = _arguments(request)
            operation = self._operation(request, name, arguments)
            paths.setdefault(self._path(request, arguments), {})[method] = operation
            required = {k: a for k, a in arguments.items() if not is_optional(*a)}
            if len(required) < len(arguments):
                operation = self._operation(request, f"{name}.requiredOnly", required)
                shorter.setdefault(self._path(request, required), {})[method] = operation
        # Where an overload has just the parameters that are required, the path is that one's.
        return dict(sorted((shorter | paths).items()))

    def _path(self, request: Request, given: _Arguments) -> str:
        """Return the path of a request with some of its arguments, as literals or aliases."""
        left_out = {form.format(k) for k in _arguments(request).keys() - given for form in _FORMS}
        literals = {f"{{{key}}}": self._literal(key, p.type) for key, (_, p) in given.items()}
        literals |= {f"{{{k.name}}}": self._literal(k.name, k.value) for k in request.keys}

        def call(match: re.Match[str]) -> str:
            parts = (part.rpartition("=") for part in match[1].split(","))
            kept = (f"{n}{sign}{literals.get(v, v)}" for n, sign, v in parts if v not in left_out)
            return f"({','.join(kept)})"

        return _CALL.sub(call, request.path)

    def _literal(self, key: str, ref: TypeRef) -> str:
        quoted = "{}" if ref.primitive else "'{}'"
        return _LITERALS.get(ref.name, quoted).format(f"{{{key}}}")

    def _operation(self, request: Request, identifier: str, given: _Arguments) -> JSON:
        operation: JSON = {"operationId": identifier, "tags": [tag(request)]}
        operation |= describe(self.descriptions.of_request(request), request.deprecation)
        parameters = [self._key(key) for key in request.keys]
        parameters += [self._argument(request, key, p) for key, (_, p) in given.items()]
        parameters += [{"$ref": f"#/components/parameters/{name}"} for name in request.options]
        if parameters:
            operation["parameters"] = parameters
        body = self._body(request)
        if body:
            operation["requestBody"] = {"required": True, "content": body}
        known = self.statuses.get(request.http)
        operation["responses"] = self._responses(request, known) | {"default": _ERROR}
        operation |= self.security.of_operation(self.documented.of(request))
        operation[EXTENSION] = {"request": request.http, "kind": request.kind}
        return operation

    def _key(self, key: Key) -> JSON:
        simple = split_name(key.type)[1]
        return {
            "name": key.name,
            "in": "path",
            "required": True,
            "description": f"key: {key.property} of {simple}",
            "schema": self._text(key.value),
            "x-ms-docs-key-type": simple,
        }

    def _argument(self, request: Request, key: str, parameter: Parameter) -> JSON:
        text = self.descriptions.of_parameter(request, key, parameter)
        described = about(text, parameter.annotations)
        if key in request.aliases:
            schema = _JSON_TEXT | {"contentSchema": self.schemas.item(parameter)}
            return (
                {"name": f"@{key}", "in": "query", "required": True}
                | described
                | {"schema": schema}
            )
        schema = self._text(parameter.type)
        return {"name": key, "in": "path", "required": True} | described | {"schema": schema}

    def _text(self, ref: TypeRef) -> JSON:
        """Return the schema of a value in a path."""
        if not ref.primitive:
            return self.schemas.value(ref)
        return _TEXTS.get(ref.name) or EDM_SCHEMAS.get(ref.name, {"type": "string"})

    def _body(self, request: Request) -> JSON | None:
        if request.body == STREAM:
            return {"application/octet-stream": {"schema": EDM_SCHEMAS["Edm.Stream"]}}
        if request.body:
            return _json(self.schemas.value(request.body))
        if request.kind == "action" and request.operation and request.parameters:
            own = request.parameters
            properties = {
                p.name: self.schemas.item(p)
                | about(self.descriptions.of_parameter(request, p.name, p), p.annotations)
                for p in own
            }
            required = [p.name for p in own if not is_optional(request.operation, p)]
            body: JSON = {"type": "object", "properties": properties}
            return _json(body | ({"required": required} if required else {}))
        return None

    def _responses(self, request: Request, known: Status | None) -> JSON:
        usual = _STATUSES.get(request.kind, _SUCCESS)
        statuses = tuple(map(str, known.statuses)) if known else usual
        content = self._content(request)
        full = {"description": "Success.", "content": content}
        empty = {"description": "Done."}
        success = {s: full if content and s != _NO_CONTENT else empty for s in statuses}
        errors: JSON = {
            status: {"description": text, "content": ERROR_CONTENT}
            for status, text in (known.errors.items() if known else ())
        }
        if request.options or request.kind in ("action", "function"):
            # What the service does not implement: https://learn.microsoft.com/graph/errors
            errors["501"] = _ERROR
        return success | errors

    def _content(self, request: Request) -> JSON | None:
        if request.returns is None:
            return None
        value = self.schemas.value(request.returns)
        if request.kind == "count":
            return {"text/plain": {"schema": value}}
        if request.returns == STREAM:
            known = self.media_types.get(request.steps[-1]) if request.kind == "content" else None
            names = known or ("application/octet-stream",)
            return {name: {"schema": EDM_SCHEMAS["Edm.Stream"]} for name in names}
        if request.returns.collection:
            link = {"@odata.nextLink": {"type": "string"}}
            count = {"@odata.count": {"type": "integer"}} if "count" in request.options else {}
            return _json({"type": "object", "properties": {"value": value} | link | count})
        returned = request.returns.name
        if returned not in _OBJECTS and self.model.structure(returned) is None:
            # OData JSON 4.01, section 11: a value that is not an object stands in one.
            return _json({"type": "object", "properties": {"value": value}})
        return _json(value)


def tag(request: Request) -> str:
    """Return the tag of a request: `communications.calls` of everything below it."""
    return ".".join(request.segments[:2])


def operation_id(request: Request) -> str:
    """Return the operationId of a request, such as `communications.calls.create`."""
    calls = [split_name(o.name)[1] for o in (request.through, request.operation) if o]
    kind = "_by_".join((request.kind, *request.alternate))
    return ".".join((*request.segments, *(calls or [kind])))


def _identifiers(requests: Iterable[Request]) -> Iterator[str]:
    """Yield an operationId for each request that no other one has."""
    requests = tuple(requests)
    shared = Counter(map(operation_id, requests))
    taken: set[str] = set()
    for request in requests:
        name = operation_id(request)
        if shared[name] > 1:
            name = f"{name}.{_difference(request)}"
        while name in taken:
            name += f".{request.kind}"
        taken.add(name)
        yield name


def _difference(request: Request) -> str:
    """Distinguish overloads that share an operationId by their binding and parameters."""
    function = request.through
    binding = function.binding.type if function and function.binding else request.target
    bound = "collection" if binding.collection else "item"
    parameters = (*request.through_parameters, *(p.name for p in request.parameters))
    return ".".join([bound, *parameters])


def _arguments(request: Request) -> _Arguments:
    """Return the arguments in the path of a request."""
    through = request.through
    outer = {k: (through, p) for k, p in request.through_parameters.items()} if through else {}
    operation = request.operation
    if operation is None or request.kind != "function":
        return outer
    return outer | {key: (operation, p) for key, p in request.own_parameters.items()}


def _json(schema: JSON) -> JSON:
    return {"application/json": {"schema": schema}}
