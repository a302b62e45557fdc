"""Turns a request into a method of the client: its name, signature, result and docstring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic.alias_generators import to_camel

from graph_codegen.csdl.ast import ROOT_NAMESPACE, Parameter, TypeRef, split_name
from graph_codegen.csdl.vocabulary import Option
from graph_codegen.emit import reference
from graph_codegen.emit.names import Names, edm_annotation, parameter_name
from graph_codegen.facts.clouds import Clouds
from graph_codegen.facts.descriptions import Descriptions
from graph_codegen.facts.permissions import Rules
from graph_codegen.service.capabilities import is_optional
from graph_codegen.service.requests import (
    COLLECTION_OPTIONS,
    COUNT_OPTIONS,
    ENTITY_OPTIONS,
    STREAM,
    Request,
)
from graph_codegen.text import docstring_source

OPTION_TYPES: Mapping[Option, str] = {
    "select": "Sequence[str]", "expand": "Sequence[str]", "filter": "str", "orderby": "Sequence[str]",
    "top": "int", "skip": "int", "search": "str", "count": "bool",
}  # fmt: skip
"""The annotations of the system query options (OData URL conventions 5.1)."""


OPTION_SET_NAMES: Mapping[tuple[str, ...], str] = {
    (): "Options",
    ENTITY_OPTIONS: "EntityOptions",
    COLLECTION_OPTIONS: "CollectionOptions",
    COUNT_OPTIONS: "CountOptions",
}
"""Names of the complete sets of options; any other set is named after its members."""


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a method: its wire name, Python name, location and type."""

    wire_name: str
    name: str
    location: str
    type: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class OptionSet:
    """A set of query options, which many methods share."""

    options: tuple[Argument, ...]
    of_action: bool = False

    @property
    def name(self) -> str:
        """The name of the TypedDict for the keywords."""
        if self.of_action:
            return "ActionOptions"
        names = tuple(option.name for option in self.options)
        return OPTION_SET_NAMES.get(names) or "".join(map(str.capitalize, names)) + "Options"


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A method of a resource, and the operation that it sends.

    `entity` is the argument that is the whole body, `parameters` are those of an action or function,
    `options` those of the query. `returns` is the annotation of the result, None if there is none.
    `reference` is the address of the page about the type concerned.
    """

    name: str
    verb: str
    path: str
    python: str
    kind: str
    keys: tuple[Argument, ...]
    entity: Argument | None
    parameters: tuple[Argument, ...]
    options: tuple[Argument, ...]
    returns: str | None
    docstring: str
    reference: str
    permissions: tuple[Mapping[str, object], ...]
    clouds: str

    @property
    def http(self) -> str:
        """The request line: method and path."""
        return f"{self.verb} {self.path}"

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """All arguments, in the order of the signature."""
        return (*self.keys, *self.own_arguments, *self.options)

    @property
    def is_page(self) -> bool:
        """Whether it returns a collection, a page at a time."""
        return self.returns is not None and self.returns.startswith("Page[")

    @property
    def stream_name(self) -> str:
        """The name of the method that yields the same stream in pieces; empty if there is none."""
        return f"stream_{self.name.replace('get_', '', 1)}" if self.returns == "bytes" else ""

    @property
    def wire_names(self) -> Mapping[str, str]:
        """The wire names that cannot be derived from the names of the arguments."""
        own = ((argument.name, argument.wire_name) for argument in self.own_arguments)
        return {name: wire_name for name, wire_name in own if to_camel(name) != wire_name}

    @property
    def own_arguments(self) -> tuple[Argument, ...]:
        """The arguments other than keys and query options."""
        entity = (self.entity,) if self.entity else ()
        return (*entity, *self.parameters)

    @property
    def option_set(self) -> OptionSet:
        """The set of its query options."""
        return OptionSet(self.options, self.kind == "action")

    @property
    def bare_returns(self) -> str | None:
        """The result as `Operation.returns` spells it."""
        return self.returns and self.returns.replace("models.", "")


@dataclass(frozen=True, slots=True)
class MethodWriter:
    """Builds methods from requests and the facts about them."""

    names: Names
    rules: Rules
    clouds: Clouds
    descriptions: Descriptions

    def method(self, request: Request, resource: tuple[str, ...], name: str) -> Method:
        """Return the method that sends a request; `resource` is the attribute path of its resource."""
        return Method(
            name=name,
            verb=request.method,
            path=request.path,
            python=".".join((*resource, name)),
            kind=request.kind,
            keys=tuple(
                Argument(k.name, parameter_name(k.name), "path", "str") for k in request.keys
            ),
            entity=self._entity(request),
            parameters=tuple(self._parameter(request, p) for p in request.parameters),
            options=tuple(_option(name) for name in request.options),
            returns=self._returns(request),
            docstring=docstring_source(self._summary(request), indent=8, code=request.http),
            reference=self._reference(request),
            permissions=self.rules.get(request.http, ()),
            clouds=self.clouds.constant(request),
        )

    def annotation(self, ref: TypeRef) -> str:
        """Return the annotation for a type, as a module of the package spells it."""
        if ref.collection:
            return f"Sequence[{self.annotation(TypeRef(ref.name))}]"
        if ref.primitive:
            return edm_annotation(ref.name)
        namespace, _ = split_name(ref.name)
        module = "" if namespace == ROOT_NAMESPACE else f"{self.names.modules[namespace]}."
        return f"models.{module}{self.names.classes[ref.name]}"

    def _entity(self, request: Request) -> Argument | None:
        if request.body == STREAM:
            return Argument("content", "content", "body", "bytes")
        if request.body is None:
            return None
        simple = split_name(request.body.name)[1]
        return Argument(simple, parameter_name(simple), "body", self.annotation(request.body))

    def _parameter(self, request: Request, parameter: Parameter) -> Argument:
        """Return an argument of an operation."""
        required = not (request.operation and is_optional(request.operation, parameter))
        form = self.annotation(parameter.type)
        return Argument(
            parameter.name,
            _beside_keys(parameter_name(parameter.name), request),
            "body" if request.kind == "action" else "path",
            form if parameter.nullable is False else f"{form} | None",
            required,
        )

    def _summary(self, request: Request) -> str:
        """Return the first paragraph of a docstring: what the request does."""
        described = self.descriptions.of_request(request)
        if described:
            return described
        if request.operation:
            return f"Call the {request.operation.kind.lower()} `{request.operation.name}`."
        if request.target == STREAM:
            return "Read the stream." if request.kind == "content" else "Write the stream."
        return f"{_DOING[request.kind]} `{self.names.classes[request.target.name]}`."

    def _reference(self, request: Request) -> str:
        """Return the page about the type of a request; for a stream, about the type of its last key."""
        if request.target != STREAM:
            return reference.page("EntityType", request.target.name)
        owners = [key.type for key in request.keys]
        return reference.page("EntityType", owners[-1]) if owners else reference.OVERVIEW

    def _returns(self, request: Request) -> str | None:
        """Return the annotation of the result, None if there is none."""
        if request.returns is None:
            return None
        if request.kind == "count":
            return "int"
        if request.returns == STREAM:
            return "bytes"
        form = self.annotation(TypeRef(request.returns.name))
        if request.returns.collection:
            return f"Page[{form}]"
        return f"{form} | None" if request.kind == "update" else form


_DOING = {
    "list": "List entities of the type",
    "count": "Count entities of the type",
    "get": "Get an entity of the type",
    "create": "Create an entity of the type",
    "update": "Update, by what was set in it, an entity of the type",
    "delete": "Delete an entity of the type",
}


def _beside_keys(name: str, request: Request) -> str:
    """Return the name of a parameter, changed if a key on the path has it."""
    keys = {parameter_name(key.name) for key in request.keys}
    return f"{name}_parameter" if name in keys else name


def _option(name: Option) -> Argument:
    return Argument(f"${name}", name, "query", OPTION_TYPES[name], required=False)
