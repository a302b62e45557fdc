"""Renders the client of a service: a declaration for each request, in a class for each resource.

Every decision is made here, in `methods` and in `method_names`; the templates only write it down.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graph_codegen.csdl.ast import split_name
from graph_codegen.emit.declarations import Declaration, DeclarationWriter
from graph_codegen.emit.distinct import pascal_with, settle
from graph_codegen.emit.method_names import Offer, Path, class_prefix, client_methods, is_result
from graph_codegen.emit.names import class_name
from graph_codegen.emit.templates import render
from graph_codegen.facts.settings import Settings
from graph_codegen.model.deprecations import find_deprecation
from graph_codegen.model.model import Model
from graph_codegen.service.requests import list_requests
from graph_codegen.text import docstring_source

IMPORTED = frozenset(
    {
        "ActionOptions", "Async", "AsyncClientBase", "BinaryIO", "Child", "Cloud", "CollectionOptions",
        "CountOptions", "DELETE", "EntityOptions", "F", "GET", "ClientBase", "GraphModel", "Iterable",
        "Iterator", "LazyModule", "Literal", "Options", "PATCH", "POST", "PUT", "Page", "PermissionRule",
        "Permissions", "RecordingMethods", "Resource", "Sequence", "Sync", "TYPE_CHECKING", "UNSET",
        "Unpack", "Unset", "Untyped", "response_of",
    }
)  # fmt: skip
"""Names that the client module imports; no class of a resource may be called like one."""

RECORDED = "microsoft.graph.recordOperation"
"""The type that brings methods to fetch recordings, which no metadata declares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceClass:
    """A class of the client for a resource of the service: its attribute path and its members.

    `below` are the attributes of the child resources, and `results` the methods that lead on to what is
    bound to their results, with the class of each. `call` is the method that an instance of such a class
    is itself; it is among the declarations of the parent.
    """

    path: tuple[str, ...]
    name: str
    docstring: str
    declarations: tuple[Declaration, ...]
    below: tuple[tuple[str, str], ...]
    results: Mapping[str, str]
    call: Declaration | None


def render_client(model: Model, writer: DeclarationWriter, settings: Settings) -> dict[str, str]:
    """Return the source of the client's modules by path in the package, unformatted.

    `writer` builds the methods, `settings` holds the version and the root that is the client.
    """
    top, *resources = every_resource(model, writer, settings)
    prefix = client_prefix(model, settings)
    declarations = [d for resource in (top, *resources) for d in resource.declarations]
    clouds = {name for d in declarations for name in (d.clouds, d.clouds_unknown)}
    option_sets = {declaration.method.option_set for declaration in declarations}
    shared = {
        "root": prefix.lower(),
        "prefix": prefix,
        "top": top,
        "resources": resources,
        "declarations": declarations,
        "annotation": writer.argument_annotation,
        "parameter": writer.parameter,
        "option_sets": sorted(option_sets, key=lambda item: item.name),
        "option_annotations": {
            writer.argument_annotation(o) for s in option_sets for o in s.declared
        },
        "settings": settings,
        "availability": {name: of for name, of in writer.clouds.sets.items() if name in clouds},
        "uses": _uses([top, *resources], writer),
        "uses_deprecated": any(find_deprecation(t.annotations) for t in model.types.values()),
    }
    return {
        "options.py": render("client/options.py.jinja2", **shared),
        "operations.py": render("client/operations.py.jinja2", **shared),
        "client.py": render("client/client.py.jinja2", **shared),
    }


def client_prefix(model: Model, settings: Settings) -> str:
    """Return what the names of the client classes begin with."""
    return settings.class_name or class_prefix(model, settings.home)


def _uses(resources: Sequence[ResourceClass], writer: DeclarationWriter) -> frozenset[str]:
    """Return the importable names that the client module uses."""
    declarations = [d for resource in resources for d in resource.declarations]
    methods = [declaration.method for declaration in declarations]
    arguments = (a for method in methods for a in (*method.keys, *method.own_arguments))
    types = {writer.argument_annotation(argument) for argument in arguments}
    text = " ".join([*types, *(declaration.returns or "" for declaration in declarations)])
    uses = {
        "BinaryIO",
        "edm",
        "models",
        "GraphModel",
        "Iterable",
        "Page",
        "Sequence",
        "Untyped",
    } & {*re.findall(r"\w+", text)}
    uses |= {method.request.method for method in methods}
    if any(not argument.required for method in methods for argument in method.parameters):
        uses.add("Unset")
    if any(declaration.permissions for declaration in declarations):
        uses.add("Permissions")
    if any("rules" in declaration.permissions for declaration in declarations):
        uses.add("PermissionRule")
    if any(method.stream_name for method in methods):
        uses.add("Iterator")
    if RECORDED in writer.names.classes:
        uses.add("RecordingMethods")
    if any(argument.choices for method in methods for argument in method.arguments):
        uses.add("Literal")
    if any(resource.below or resource.results for resource in resources):
        uses.add("Child")
    if any(resource.call for resource in resources):
        uses.add("response_of")
    return frozenset(uses)


def every_resource(
    model: Model, writer: DeclarationWriter, settings: Settings
) -> list[ResourceClass]:
    """Return the classes of all resources, the client itself first: see `client_methods`."""
    by_path = client_methods(model, list_requests(model), settings.home, writer.names.given)
    below: dict[Path, list[Path]] = {}
    for path in by_path:
        if path:
            below.setdefault(path[:-1], []).append(path)
    names = name_resources(by_path, client_prefix(model, settings))
    resources: dict[Path, ResourceClass] = {}
    for path, offer in by_path.items():
        children = [
            (other, by_path[other].attributes[-1], names[other]) for other in below.get(path, ())
        ]
        call = _call(path, offer.attributes, resources)
        about = docstring_source(f"`/{'/'.join(path).removeprefix('/')}`")
        resources[path] = ResourceClass(
            path=offer.attributes,
            name=names[path],
            docstring=call.docstring if call else about,
            declarations=tuple(map(writer.declaration, offer.methods)),
            below=tuple((name, cls) for other, name, cls in children if not is_result(other)),
            results={name: cls for other, name, cls in children if is_result(other)},
            call=call,
        )
    return [*resources.values()]


def name_resources(by_path: Mapping[Path, Offer], prefix: str) -> Mapping[Path, str]:
    """Return the names of the classes of resources; that of the asynchronous one begins with Async.

    `prefix` is that of the client's own classes, which no other may be called like.
    """
    taken = IMPORTED | {f"{prefix}Client", f"Async{prefix}Client"}
    taken |= {method.option_set.name for offer in by_path.values() for method in offer.methods}
    claims = {path: _class(path, taken) for path in by_path}
    settled = settle(
        {"/".join(path): [name, f"Async{name}"] for path, name in claims.items()},
        pascal_with,
        taken=taken,
    )
    return {path: settled["/".join(path)][0] for path in by_path}


def _call(
    path: Path, attributes: tuple[str, ...], before: Mapping[Path, ResourceClass]
) -> Declaration | None:
    """Return the method whose result a resource is; `before` has its parent."""
    if not is_result(path):
        return None
    return next(d for d in before[path[:-1]].declarations if d.method.name == attributes[-1])


def _class(path: Path, taken: frozenset[str]) -> str:
    name = "".join(map(_class_part, path))
    return f"{name}Resource" if name in taken else name


def _class_part(segment: str) -> str:
    namespace, simple = split_name(segment)
    return f"As{class_name(simple)}" if namespace else class_name(segment)
