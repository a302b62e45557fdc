"""Groups requests into the resources of the client, and names their methods.

A resource is a path without its keys: `/communications/calls/{call-id}` belongs to the resource
`calls` of the client.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from graph_codegen.csdl.ast import split_name
from graph_codegen.emit.distinct import snake_with
from graph_codegen.emit.methods import Method, build_method, stream_name
from graph_codegen.emit.names import (
    CLIENT_ATTRIBUTES,
    NO_NAMES,
    avoid,
    class_name,
    segment_name,
    settle_given,
    snake_case,
)
from graph_codegen.model.model import Model
from graph_codegen.service.requests import STREAM, Request

Path = tuple[str, ...]
"""The segments of the path of a resource, relative to the client.

A root that is called like a resource of the root that is the client begins with a slash.
The result of a composable function is a resource, too: its last segment is the name of the method that
calls the function, and `()`, which no name of CSDL has.
"""

CALL = "()"

RESULT_ATTRIBUTES = frozenset({"with_response"})
"""What the result of a composable function has besides the methods that are bound to it."""

PLAIN_NAMES = frozenset({"list", "count", "get", "create", "update", "delete"})
"""Kinds of requests that name their methods."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A resource of the client: its attribute path, and the methods that it has.

    `children` are the segments of the resources below it, each with the element that it names.
    """

    attributes: tuple[str, ...]
    methods: Sequence[Method]
    children: Mapping[str, str] = field(default_factory=dict[str, str])


NO_OFFERS: Mapping[Path, Offer] = MappingProxyType({})


def client_methods(
    model: Model,
    requests: Iterable[Request],
    client: str = "",
    given: Mapping[str, str] = NO_NAMES,
    known: Mapping[Path, Offer] = NO_OFFERS,
) -> Mapping[Path, Offer]:
    """Return the methods that send requests, by the paths of their resources.

    The client itself comes first, and every resource on the way to another is there. `client` names the
    root whose resources are those of the client itself; a lone singleton is that root without being named.
    `given` are the names that someone gave to elements: see `Names`. What is `known`, the resources of
    another client with the same given names, is not made again: methods that are the same are the same
    objects. Raises CodegenError for two names that collide.
    """
    found = tuple(requests)
    root = _root(model, client)
    inside = {r.segments[1] for r in found if r.segments[0] == root and len(r.segments) > 1}
    tree = _Tree(given, known)
    for request in found:
        path, elements = request.segments, _elements(model, request)
        if path[0] == root:
            path, elements = path[1:], elements[1:]
        elif path[0] in inside:
            path = (f"/{path[0]}", *path[1:])
        if request.target == STREAM:
            path = path[:-1]
        if not request.result:
            tree.add(path[:-1] if _is_imported(request) else path, elements, request)
            continue
        at = len(elements) - (len(request.segments) - len(request.owner_segments))
        owner = path[: at - 1] if _is_imported(request) else path[:at]
        tree.add_behind(owner, elements, _Behind(path[at:], elements[at:], request))
    return tree.offers()


def _elements(model: Model, request: Request) -> Sequence[str]:
    """Return the elements that the segments of a path name."""
    container = model.container.name if model.container else ""
    return (f"{container}/{request.segments[0]}", *request.steps)


@dataclass(frozen=True, slots=True)
class _Behind:
    """A request behind a function: the segments after that, and the elements that they name."""

    rest: Path
    elements: Sequence[str]
    request: Request


class _Tree:
    """The resources with their requests, of which each is named among its siblings."""

    def __init__(
        self,
        given: Mapping[str, str],
        known: Mapping[Path, Offer],
        root: Path = (),
        attributes: tuple[str, ...] = (),
    ) -> None:
        self._given = given
        self._known = known
        self._root = root
        self._attributes = attributes
        self._requests: dict[Path, list[Request]] = {root: []}
        self._composed: dict[tuple[Path, int], list[_Behind]] = {}
        self._children: dict[Path, dict[str, str]] = {}
        self._last: tuple[Path, Sequence[str]] = (), ()

    def add(self, path: Path, elements: Sequence[str], request: Request) -> None:
        """Add a request of a resource; its segments below the root of the tree name elements."""
        self._add_path(path, elements)
        self._requests.setdefault(path, []).append(request)

    def add_behind(self, path: Path, elements: Sequence[str], behind: _Behind) -> None:
        """Add a request that goes through a function of a resource."""
        self._add_path(path, elements)
        key = (path, id(behind.request.through))
        self._composed.setdefault(key, []).append(behind)

    def _add_path(self, path: Path, elements: Sequence[str]) -> None:
        if self._last == (path, elements):
            return  # the requests of a resource follow one another
        self._last = path, elements
        inside = range(len(self._root) + 1, len(path) + 1)
        for depth, element in zip(inside, elements, strict=False):
            self._requests.setdefault(path[:depth], [])
            self._children.setdefault(path[: depth - 1], {})[path[depth - 1]] = element

    def offers(self) -> Mapping[Path, Offer]:
        """Return all resources, each before those below it."""
        found: dict[Path, Offer] = {}
        attributes: dict[Path, tuple[str, ...]] = {self._root: self._attributes}
        for path, requests in self._requests.items():
            known = self._known_offer(path, attributes[path], requests)
            if known:
                offer = known
                below = {one: self._known[*path, one].attributes for one in known.children}
            else:
                offer, names = self._named(path, attributes[path], requests)
                below = {one: (*attributes[path], name) for one, name in names.items()}
            attributes |= {(*path, one): at for one, at in below.items()}
            found[path] = offer
            for method in offer.methods:
                through = self._composed.get((path, id(method.request.operation)), ())
                behind = [one for one in through if _is_result(one.request, method.request)]
                if behind:
                    result = (*path, method.name + CALL)
                    tree = _Tree(self._given, self._known, result, (*attributes[path], method.name))
                    for one in behind:
                        tree.add((*result, *one.rest), one.elements, one.request)
                    found |= tree.offers()
        return found

    def _known_offer(
        self, path: Path, at: tuple[str, ...], requests: Sequence[Request]
    ) -> Offer | None:
        """Return a resource as it is known, if it is called the same, with the same below it."""
        known = self._known.get(path)
        if (
            known
            and known.attributes == at
            and known.children == self._children.get(path, {})
            and len(known.methods) == len(requests)
            and all(map(_is_same, (method.request for method in known.methods), requests))
        ):
            return known
        return None

    def _named(
        self, path: Path, at: tuple[str, ...], requests: Sequence[Request]
    ) -> tuple[Offer, Mapping[str, str]]:
        """Return a resource, and the attributes of those below it by their segments."""
        children = self._children.get(path, {})
        claims: dict[str, Sequence[str]] = {}
        elements: dict[str, str] = {}
        taken: set[str] = set()
        for segment, element in children.items():
            name = avoid(segment_name(self._given.get(element, segment)), PLAIN_NAMES)
            claims[segment] = [avoid(name, CLIENT_ATTRIBUTES) if not path else name]
            elements[segment] = element
        called = [*_called(path, requests, self._given)]
        for wire, element, names in called:
            if element:
                claims[wire], elements[wire] = names, element
            else:
                taken.update(names)
        settled = settle_given(claims, snake_with, self._given, elements, taken)
        known = self._known.get(path)
        before = {m.name: m for m in known.methods} if known and known.attributes == at else {}
        methods: list[Method] = []
        for request, (wire, _, names) in zip(requests, called, strict=True):
            name = settled.get(wire, names)[0]
            method = before.get(name)
            if not method or not _is_same(method.request, request):
                method = build_method(at, name, request, self._given)
            methods.append(method)
        return Offer(at, methods, children), {one: settled[one][0] for one in children}


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


def is_result(path: Path) -> bool:
    """Whether a resource is the result of a composable function."""
    return bool(path) and path[-1].endswith(CALL)


def _is_result(request: Request, call: Request) -> bool:
    """Whether a request goes through the result of a function that another request calls."""
    same = request.through is call.operation and request.owner_segments == call.segments
    return call.kind == "function" and same


def _is_same(one: Request, other: Request) -> bool:
    """Whether two requests are equal, with the same operation: what is behind a function goes by that."""
    return one is other or (one.operation is other.operation and one == other)


def _is_imported(request: Request) -> bool:
    """Whether an import is what a request calls, or goes through: such a method is the client's own."""
    operation = request.through or request.operation
    return operation is not None and not operation.is_bound


def _called(
    path: Path, requests: Sequence[Request], given: Mapping[str, str]
) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Yield what each method is called: what tells it apart on the wire, its element, and its names.

    Methods that are named by their kinds are about no element; one that reads a stream has two names.
    """
    counted = Counter(map(_call, requests))
    for request in requests:
        call = _call(request)
        element = _element(request)
        simple = split_name(element)[1] if request.operation else request.segments[-1]
        own = given.get(element, simple)
        name = _name(request, own, overloaded=counted[call] > 1)
        # An operation may be bound both to a collection and to its items.
        if request.operation and request.target.collection and (call[0], False) in counted:
            name += "_collection"
        if is_result(path):
            name = avoid(name, RESULT_ATTRIBUTES)
        elif not path:
            name = avoid(name, CLIENT_ATTRIBUTES)
        yield wire_of(request), element, [
            name,
            *([stream_name(name)] if request.kind == "content" else []),
        ]


def _element(request: Request) -> str:
    """Return the element that a method is named after, empty for one that is named by its kind."""
    if request.operation:
        return _call(request)[0]
    return request.steps[-1] if request.target == STREAM else ""


def wire_of(request: Request) -> str:
    """Return what tells the request of a method from those of its siblings."""
    if request.operation:
        parameters = ",".join(parameter.name for parameter in request.parameters)
        return f"{_call(request)[0]}({parameters}){'s' * request.target.collection}"
    return f"{request.method} {request.segments[-1]}"


def _call(request: Request) -> tuple[str, bool]:
    """Return what overloads share: the operation, and whether it is bound to a collection."""
    name = request.operation.name if request.operation else request.kind
    if _is_imported(request) and not request.through:
        name = request.segments[-1]
    return name, request.target.collection


def _name(request: Request, own: str, *, overloaded: bool) -> str:
    """Return the name of a method: its kind, or `own`, the name of the operation or stream.

    The names of overloads list their parameters, as in `supported_time_zones_with_standard`.
    """
    match request.kind:
        case "action" | "function" if request.operation:
            name = avoid(snake_case(own), PLAIN_NAMES)
            taken = [snake_case(parameter.name) for parameter in request.parameters]
            return f"{name}_with_{'_and_'.join(taken)}" if overloaded and taken else name
        case "content":
            return f"get_{snake_case(own)}"
        case "put_content":
            return f"put_{snake_case(own)}"
        case "delete_content":
            return f"delete_{snake_case(own)}"
        case _ if request.alternate:
            return f"{request.kind}_by_{'_and_'.join(map(snake_case, request.alternate))}"
        case _:
            return request.kind
