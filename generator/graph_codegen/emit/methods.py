"""A request → a method of the client: its name, its signature, and how its result is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graph_codegen.csdl.ast import ROOT_NAMESPACE, Operation, Parameter, TypeRef, split_name
from graph_codegen.emit import reference
from graph_codegen.emit.names import Names, avoid, edm_annotation, parameter_name, snake_case
from graph_codegen.facts.clouds import Clouds
from graph_codegen.facts.descriptions import Descriptions
from graph_codegen.facts.permissions import Rules
from graph_codegen.service.capabilities import allows
from graph_codegen.service.requests import STREAM, Request
from graph_codegen.text import docstring_source

OPTIONAL_PARAMETER = "Org.OData.Core.V1.OptionalParameter"

STRUCTURED = ("select", "expand")
COLLECTION = (*STRUCTURED, "filter", "orderby", "top", "skip", "search", "count")

OPTIONS: Mapping[str, tuple[str, tuple[str, str]]] = {
    "select": ("Sequence[str]", ("SelectSupport", "Supported")),
    "expand": ("Sequence[str]", ("ExpandRestrictions", "Expandable")),
    "filter": ("str", ("FilterRestrictions", "Filterable")),
    "orderby": ("Sequence[str]", ("SortRestrictions", "Sortable")),
    "top": ("int", ("TopSupported", "Supported")),
    "skip": ("int", ("SkipSupported", "Supported")),
    "search": ("str", ("SearchRestrictions", "Searchable")),
    "count": ("bool", ("CountRestrictions", "Countable")),
}
"""The system query options (OData URL conventions 5.1): type, and the capability that allows each."""


OPTION_SET_NAMES: Mapping[tuple[str, ...], str] = {
    (): "Options",
    STRUCTURED: "EntityOptions",
    COLLECTION: "CollectionOptions",
    ("filter", "search"): "CountOptions",
}
"""Names for the sets of options where nothing is ruled out; any other is named after its members."""


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a method: its name on the wire and in Python, where it travels, its type."""

    wire_name: str
    name: str
    location: str
    type: str
    required: bool = True

    @property
    def bare_type(self) -> str:
        """The type as the table of operations has it."""
        return self.type.replace("models.", "")

    @property
    def constant(self) -> str:
        """The constant of the table of operations that holds it, where methods share it."""
        return f"_{self.name.upper()}"


@dataclass(frozen=True, slots=True)
class OptionSet:
    """The query options of a method, which it has in common with others."""

    options: tuple[Argument, ...]
    of_action: bool = False

    @property
    def name(self) -> str:
        """The name of the class that types the keywords."""
        if self.of_action:
            return "ActionOptions"
        names = tuple(option.name for option in self.options)
        return OPTION_SET_NAMES.get(names) or "".join(map(str.capitalize, names)) + "Options"

    @property
    def constant(self) -> str:
        """The constant of the table of operations that holds the options."""
        return f"_{snake_case(self.name).upper()}"


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a resource, and the row of the table of operations that it sends.

    `sender` is the method of the session that it calls, `read` how that reads the result, `returns`
    the annotation. `entity` is a body that is one value, `parameters` are what an action or function
    takes, `options` those of the query. `reference` is the page of the type that it is about.
    """

    name: str
    constant: str
    verb: str
    path: str
    python: str
    kind: str
    keys: tuple[Argument, ...]
    entity: Argument | None
    parameters: tuple[Argument, ...]
    options: tuple[Argument, ...]
    sender: str
    read: str
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
    def own_arguments(self) -> tuple[Argument, ...]:
        """The arguments that stand for nothing which many methods share: no keys, no options."""
        entity = (self.entity,) if self.entity else ()
        return (*entity, *self.parameters)

    @property
    def option_set(self) -> OptionSet:
        """The set of its query options."""
        return OptionSet(self.options, self.kind == "action")

    @property
    def required(self) -> tuple[Argument, ...]:
        """The parameters that must be given."""
        return tuple(a for a in self.parameters if a.required)

    @property
    def optional(self) -> tuple[Argument, ...]:
        """The parameters that may be left out."""
        return tuple(a for a in self.parameters if not a.required)

    @property
    def bare_returns(self) -> str | None:
        """The result as the table of operations has it."""
        return self.returns and self.returns.replace("models.", "")


@dataclass(frozen=True, slots=True)
class MethodWriter:
    """Turns requests into methods, by what is known about them."""

    names: Names
    rules: Rules
    clouds: Clouds
    descriptions: Descriptions

    def method(self, request: Request, resource: tuple[str, ...], name: str) -> Method:
        """Return the method of a resource, given by its attribute path, that sends a request."""
        sender, read, returns = self._result(request)
        python = ".".join((*resource, name))
        return Method(
            name,
            python.upper().replace(".", "_"),
            request.method,
            request.path,
            python,
            request.kind,
            tuple(Argument(k.name, parameter_name(k.name), "path", "str") for k in request.keys),
            self._entity(request),
            tuple(self._parameter(request, p) for p in request.parameters),
            tuple(query_options(request)),
            sender,
            read,
            returns,
            docstring_source(f"{self._summary(request)}\n\n{request.http}", indent=8),
            self._reference(request),
            self.rules.get(request.http, ()),
            self.clouds.constant(request),
        )

    def annotation(self, ref: TypeRef) -> str:
        """Return the annotation of a value of a type, as a module of the package writes it."""
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
        required = not (request.operation and may_be_left_out(request.operation, parameter))
        form = self.annotation(parameter.type)
        return Argument(
            parameter.name,
            avoid(parameter_name(parameter.name), _key_names(request)),
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
        """Return the page of the type that a request is about; for a stream, of the last key's."""
        if request.target != STREAM:
            return reference.page("EntityType", request.target.name)
        owners = [key.type for key in request.keys]
        return reference.page("EntityType", owners[-1]) if owners else reference.OVERVIEW

    def _result(self, request: Request) -> tuple[str, str, str | None]:
        """Return the session's method, how it reads the result, and the annotation."""
        returns = request.returns
        if returns is None:
            return "send", "", None
        if request.kind == "count":
            return "send_count", "", "int"
        if returns == STREAM:
            return "send_content", "", "bytes"
        form = self.annotation(TypeRef(returns.name))
        if returns.collection:
            return "send_page", f"item={form}", f"Page[{form}]"
        if request.kind == "update":
            return "send_optional", f"returns={form}", f"{form} | None"
        if form.startswith("models.") and returns.name in self.names.attributes:
            return "send", f"returns={form}", form
        return "send_value", f"form={form}", form


_DOING = {
    "list": "List entities of the type",
    "count": "Count entities of the type",
    "get": "Get an entity of the type",
    "create": "Create an entity of the type",
    "update": "Update, by what was set in it, an entity of the type",
    "delete": "Delete an entity of the type",
}


def may_be_left_out(operation: Operation, parameter: Parameter) -> bool:
    """Whether a parameter need not be given (Core.V1 OptionalParameter).

    One of an action that may be null need not either: Graph takes what is left out as null.
    """
    optional = any(a.term == OPTIONAL_PARAMETER for a in parameter.annotations)
    return optional or (operation.kind == "Action" and parameter.nullable is not False)


def _key_names(request: Request) -> frozenset[str]:
    return frozenset(parameter_name(key.name) for key in request.keys)


def query_options(request: Request) -> list[Argument]:
    """Return the query options that a request takes: those of its result that are not ruled out."""
    names: tuple[str, ...] = ()
    if request.kind == "count":
        names = ("filter", "search")
    elif request.kind == "list":
        names = COLLECTION
    elif request.kind == "get":
        names = STRUCTURED
    elif request.kind == "function" and request.returns and not request.returns.primitive:
        names = COLLECTION if request.returns.collection else STRUCTURED
    ruled = request.kind != "function"  # capabilities are those of the resource, not of a function
    return [
        Argument(f"${name}", name, "query", OPTIONS[name][0], required=False)
        for name in names
        if not ruled or allows(request.annotations, *OPTIONS[name][1])
    ]
