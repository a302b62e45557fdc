"""Groups requests into the resources of the client, and names their methods.

A resource is a path without its keys: `/communications/calls/{call-id}` belongs to the resource
`calls` of the client.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from graph_codegen.csdl.ast import split_name
from graph_codegen.emit.methods import Method, build_method
from graph_codegen.emit.names import (
    CLIENT_ATTRIBUTES,
    avoid,
    class_name,
    segment_name,
    snake_case,
)
from graph_codegen.model.model import Model
from graph_codegen.service.requests import STREAM, Request

Path = tuple[str, ...]
"""The segments of the path of a resource, relative to the client.

The result of a composable function is a resource, too: its last segment is the name of the method that
calls the function, and `()`, which no name of CSDL has.
"""

CALL = "()"

RESULT_ATTRIBUTES = frozenset({"with_response"})
"""What the result of a composable function has besides the methods that are bound to it."""

PLAIN_NAMES = frozenset({"list", "count", "get", "create", "update", "delete"})
"""Kinds of requests that name their methods."""


def client_methods(
    model: Model, requests: Iterable[Request], client: str = ""
) -> Mapping[Path, Sequence[Method]]:
    """Return the methods that send requests, by the paths of their resources.

    The client itself comes first, and every resource on the way to another is there. `client` names the
    root whose resources are those of the client itself; a lone singleton is that root without being named.
    """
    root = _root(model, client)
    by_path: dict[Path, list[Request]] = {(): []}
    composed: dict[Path, list[Request]] = {}
    for request in requests:
        path = request.segments[request.segments[0] == root :]
        owner = path[:-1] if request.target == STREAM else path
        for depth in range(len(owner) + 1):
            by_path.setdefault(owner[:depth], [])
        (composed if request.through else by_path).setdefault(owner, []).append(request)
    found: dict[Path, Sequence[Method]] = {}
    for path, own in by_path.items():
        found[path] = _methods(path, own)
        for method in found[path]:
            behind = [r for r in composed.get(path, ()) if _is_result(r, method.request)]
            if behind:
                result = (*path, method.name + CALL)
                found[result] = _methods(result, behind)
    return found


def class_prefix(model: Model, client: str = "") -> str:
    """Return the prefix of the client classes: `Communications` if that root is the client, else `Graph`."""
    return class_name(_root(model, client) or "Graph")


def _root(model: Model, client: str) -> str:
    """Return the name of the root that is the client itself, else nothing."""
    if any(source.name == client for source in model.sources):
        return client
    if len(model.sources) != 1:
        return ""
    (only,) = model.sources
    return only.name if only.kind == "Singleton" else ""


def attributes(path: Path) -> tuple[str, ...]:
    """Return the attribute path of a resource, from the client."""
    if is_result(path):
        return (*attributes(path[:-1]), path[-1].removesuffix(CALL))
    names = [segment_name(segment) for segment in path]
    return (*(avoid(name, CLIENT_ATTRIBUTES) for name in names[:1]), *names[1:])


def is_result(path: Path) -> bool:
    """Whether a resource is the result of a composable function."""
    return bool(path) and path[-1].endswith(CALL)


def _is_result(request: Request, call: Request) -> bool:
    """Whether a request goes through the result of a function that another request calls."""
    return call.kind == "function" and request.through is call.operation


def _methods(path: Path, requests: Sequence[Request]) -> Sequence[Method]:
    counted = Counter(map(_call, requests))
    owner = attributes(path)
    methods: list[Method] = []
    for request in requests:
        call = _call(request)
        name = _name(request, overloaded=counted[call] > 1)
        # An operation may be bound both to a collection and to its items.
        if request.operation and request.target.collection and (call[0], False) in counted:
            name += "_collection"
        if is_result(path):
            name = avoid(name, RESULT_ATTRIBUTES)
        elif not path:
            name = avoid(name, CLIENT_ATTRIBUTES)
        methods.append(build_method(owner, name, request))
    return methods


def _call(request: Request) -> tuple[str, bool]:
    """Return what overloads share: the operation, and whether it is bound to a collection."""
    return request.operation.name if request.operation else request.kind, request.target.collection


def _name(request: Request, *, overloaded: bool) -> str:
    """Return the name of a method: its kind, or the name of the operation or stream.

    The names of overloads list their parameters, as in `supported_time_zones_with_standard`.
    """
    match request.kind:
        case "action" | "function" if request.operation:
            name = avoid(snake_case(split_name(request.operation.name)[1]), PLAIN_NAMES)
            taken = [snake_case(parameter.name) for parameter in request.parameters]
            return f"{name}_with_{'_and_'.join(taken)}" if overloaded and taken else name
        case "content":
            return f"get_{_stream_name(request)}"
        case "put_content":
            return f"put_{_stream_name(request)}"
        case "delete_content":
            return f"delete_{_stream_name(request)}"
        case _:
            return request.kind


def _stream_name(request: Request) -> str:
    return snake_case(request.segments[-1].replace("$value", "value"))
