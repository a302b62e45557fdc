"""The requests of a service → the source of its client: operations, resources, sync and async.

Every decision is made here; the templates only write it down. A resource is what a path names
without its keys: `/communications/calls/{call-id}` is the resource `calls` of the client.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from graph_codegen import literals
from graph_codegen.edm import Model, TypeRef, split_name
from graph_codegen.naming import ROOT_NAMESPACE, Names, attribute_name, class_name, parameter_name
from graph_codegen.permissions import Rules
from graph_codegen.requests import Request, requests
from graph_codegen.settings import Settings
from graph_codegen.templates import render

KINDS = frozenset({"create", "get", "delete"})


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a method: its name on the wire and in Python, where it travels, its type."""

    wire_name: str
    name: str
    location: str
    type: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a resource, and the row of the table of operations that it sends."""

    name: str
    constant: str
    http: str
    path: str
    python: str
    keys: tuple[Argument, ...]
    body: Argument | None
    returns: str | None
    docstring: str
    permissions: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class Resource:
    """A class of the client: its attribute path, its class name, and its methods."""

    path: tuple[str, ...]
    name: str
    docstring: str
    methods: tuple[Method, ...]

    @property
    def attribute(self) -> str:
        """The attribute of the owner that holds it."""
        return self.path[-1]


def client(model: Model, names: Names, rules: Rules, settings: Settings) -> dict[str, str]:
    """Return the source of the client's modules by path in the package, unformatted.

    `rules` are the documented permissions, `settings` name the clouds and the version.
    """
    root = _root(model)
    resources = _resources(model, names, rules)
    shared = {
        "root": root,
        "prefix": class_prefix(model),
        "resources": resources,
        "settings": settings,
    }
    return {
        "operations.py": render("client/operations.py.jinja2", **shared),
        "client.py": render("client/client.py.jinja2", **shared, asynchronous=False),
        "async_client.py": render("client/client.py.jinja2", **shared, asynchronous=True),
    }


def class_prefix(model: Model) -> str:
    """Return what the client classes are called after: `Communications`."""
    return class_name(_root(model))


def _root(model: Model) -> str:
    sources = model.container.sources if model.container else ()
    return sources[0].name if len(sources) == 1 else "graph"


def _resources(model: Model, names: Names, rules: Rules) -> tuple[Resource, ...]:
    by_path: dict[tuple[str, ...], list[Request]] = {}
    for request in requests(model):
        if request.segments == ("communications", "calls") and request.kind in KINDS:
            by_path.setdefault(request.segments[1:], []).append(request)
    return tuple(_resource(path, found, names, rules) for path, found in by_path.items())


def _resource(
    path: Sequence[str], found: Iterable[Request], names: Names, rules: Rules
) -> Resource:
    attributes = tuple(attribute_name(segment) for segment in path)
    methods = tuple(_method(request, attributes, names, rules) for request in found)
    return Resource(
        attributes,
        "".join(class_name(segment) for segment in path),
        literals.docstring(f"`/{'/'.join(path)}`"),
        methods,
    )


def _method(request: Request, resource: tuple[str, ...], names: Names, rules: Rules) -> Method:
    http = f"{request.method} {request.path}"
    python = ".".join((*resource, request.kind))
    keys = tuple(
        Argument(key.name, parameter_name(key.name), "path", "str") for key in request.keys
    )
    body = None
    if request.body:
        simple = split_name(request.body.name)[1]
        body = Argument(simple, parameter_name(simple), "body", _annotation(request.body, names))
    returns = _annotation(request.returns, names) if request.returns else None
    return Method(
        request.kind,
        python.upper().replace(".", "_"),
        request.method,
        request.path,
        python,
        keys,
        body,
        returns,
        literals.docstring(http, indent=8),
        rules.get(http, ()),
    )


def _annotation(ref: TypeRef, names: Names) -> str:
    """Return the annotation of a value of a type, as seen from a module of the package."""
    namespace, _ = split_name(ref.name)
    module = "" if namespace == ROOT_NAMESPACE else f"{names.modules[namespace]}."
    return f"models.{module}{names.classes[ref.name]}"
