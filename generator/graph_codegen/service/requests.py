"""The requests that a service takes: a walk from its entity container along contained navigation.

Source: OData 4.01 Part 1 (sections 11.2 to 11.5), URL conventions (Part 2, section 4), and the
Capabilities vocabulary, whose restrictions take requests away.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from graph_codegen.csdl.ast import (
    ROOT_NAMESPACE,
    Annotation,
    Constant,
    EntitySource,
    NavigationProperty,
    Operation,
    Parameter,
    TypeRef,
    split_name,
)
from graph_codegen.errors import CodegenError, error
from graph_codegen.model.model import Model
from graph_codegen.service.capabilities import (
    CAPABILITIES,
    REQUIRES_EXPLICIT_BINDING,
    allows,
    explicit_bindings,
    explicitly_bound,
    is_computed,
    readable_by_key,
    restrictions,
)
from graph_codegen.service.resources import Key, Resource, top

Kind = Literal[
    "list",
    "get",
    "create",
    "update",
    "delete",
    "count",
    "content",
    "put_content",
    "action",
    "function",
]

Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]

METHODS: dict[Kind, Method] = {
    "list": "GET", "get": "GET", "create": "POST", "update": "PATCH", "delete": "DELETE",
    "count": "GET", "content": "GET", "put_content": "PUT", "action": "POST", "function": "GET",
}  # fmt: skip

_PUT = Constant("EnumMember", f"{CAPABILITIES}HttpMethod/PUT")

MOST_REQUESTS = 200_000
"""Requests of a model before walking it ends; all of Graph has some 15,000, the US Gov cloud no end."""

MOST_SEGMENTS = 100
"""Segments of a path before walking it ends; the longest of Graph has eleven."""

STREAM = TypeRef("Edm.Stream")
COUNT = TypeRef("Edm.Int32")


@dataclass(frozen=True, slots=True)
class Request:
    """One request that the service takes.

    `path` is from the service root with keys in braces, `segments` the names of the resources on
    it without keys, `target` the resource that it leads to, with its `annotations`. `body` is what
    is sent (None: nothing, or the parameters of `operation`), `returns` what comes back (None:
    nothing). `steps` are the properties on the way, each behind the type that declares it.
    """

    kind: Kind
    path: str
    segments: tuple[str, ...]
    keys: tuple[Key, ...]
    target: TypeRef
    body: TypeRef | None = None
    returns: TypeRef | None = None
    operation: Operation | None = None
    annotations: tuple[Annotation, ...] = ()
    steps: tuple[str, ...] = ()

    @property
    def method(self) -> Method:
        """The HTTP method: that of the kind, but for updates which the metadata wants by PUT."""
        if self.kind == "update":
            found = restrictions(self.annotations, "UpdateRestrictions")
            if found and found.get("UpdateMethod") == _PUT:
                return "PUT"
        return METHODS[self.kind]

    @property
    def http(self) -> str:
        """The request line: method and path, by which the files in `metadata/` know a request."""
        return f"{self.method} {self.path}"

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What the operation takes besides what it is bound to."""
        return self.operation.own if self.operation else ()


def list_requests(model: Model) -> tuple[Request, ...]:
    """Return every request of a model, in the order of the walk: each resource before what it holds.

    Raises CodegenError where there is no end to them: containment can multiply paths at each step.
    """
    walk = _Walk(model)
    found: list[Request] = []
    met: Counter[EntitySource] = Counter()
    for source in sorted(model.sources, key=lambda s: s.name):
        for at in walk.all(top(source)):
            found.extend(walk.own(at))
            met[source] += 1
            if max(len(found), met.total()) > MOST_REQUESTS:
                raise _endless(met)
    return tuple(found)


def _endless(met: Counter[EntitySource]) -> CodegenError:
    ((source, _),) = met.most_common(1)
    return error(
        f"more than {MOST_REQUESTS:,} requests, most of them below the root {source.name}:"
        f" choose narrower roots, such as {source.name}/… or a type",
        source.place,
    )


def _too_long(at: Resource, last: NavigationProperty) -> CodegenError:
    return error(
        f"more than {MOST_SEGMENTS} segments in a path below the root {at.segments[0]}:"
        " choose narrower roots",
        last.place,
    )


def list_offers(model: Model) -> Iterator[Request]:
    """Yield the requests of every resource once, at the shortest path that leads to it.

    All paths of a large service can be too many to walk: what a resource offers is the same on each.
    """
    walk = _Walk(model)
    pending = deque(map(top, model.sources))
    met: set[str] = set()
    while pending:
        at = pending.popleft()
        step = at.steps[-1] if at.steps else at.path
        if step not in met:
            met.add(step)
            yield from walk.own(at)
            pending.extend(walk.below(at))


class _Walk:
    def __init__(self, model: Model) -> None:
        self._model = model
        self._explicit = frozenset(explicitly_bound(model))

    def all(self, at: Resource) -> Iterator[Resource]:
        """Yield a resource, then those below it, each before what it holds."""
        pending = [at]
        while pending:
            at = pending.pop()
            yield at
            pending.extend(reversed(list(self.below(at))))

    def own(self, at: Resource) -> Iterator[Request]:
        """Yield the requests of a resource and of the items in it."""
        if not at.contained:
            yield from self._read(at)
        elif at.type.collection:
            yield from self._collection(at)
            item = self._item(at)
            if item:
                yield from self._single(item)
        else:
            yield from self._single(at)

    def below(self, at: Resource) -> Iterator[Resource]:
        """Yield the resources that the entities of a resource lead to."""
        entity = self._item(at) if at.type.collection else at
        if entity is None or not at.contained:
            return
        for owner in self._model.lineage(at.type.name):
            for item in owner.navigation:
                below = entity.below(
                    owner.name,
                    item.name,
                    item.type,
                    item.annotations,
                    contained=item.contains_target,
                )
                if below.steps[-1] in at.steps:
                    continue  # replies to replies are one and the same resource
                if len(below.segments) > MOST_SEGMENTS:
                    raise _too_long(below, item)
                yield below

    def _collection(self, at: Resource) -> Iterator[Request]:
        item = TypeRef(at.type.name)
        if allows(at.annotations, "ReadRestrictions", "Readable"):
            yield self._request("list", at, returns=at.type)
        if allows(at.annotations, "InsertRestrictions", "Insertable"):
            yield self._request("create", at, body=item, returns=item)
        if allows(at.annotations, "ReadRestrictions", "Readable") and allows(
            at.annotations, "CountRestrictions", "Countable"
        ):
            yield self._request("count", at, suffix="/$count", returns=COUNT)
        yield from self._operations(at)

    def _item(self, at: Resource) -> Resource | None:
        """Return the resource of a single item of a collection, None where there is none.

        A key of several properties has another spelling in paths; no entity of Graph has one.
        """
        one_key = len(self._model.key(at.type.name)) == 1
        if not one_key or not allows(at.annotations, "IndexableByKey", "Supported"):
            return None
        return at.item()

    def _single(self, at: Resource) -> Iterator[Request]:
        readable = allows(at.annotations, "ReadRestrictions", "Readable")
        if readable and (not at.by_key or readable_by_key(at.annotations)):
            yield self._request("get", at, returns=at.type)
        if allows(at.annotations, "UpdateRestrictions", "Updatable"):
            yield self._request("update", at, body=at.type, returns=at.type)
        if at.removable and allows(at.annotations, "DeleteRestrictions", "Deletable"):
            yield self._request("delete", at)
        yield from self._streams(at)
        yield from self._operations(at)

    def _read(self, at: Resource) -> Iterator[Request]:
        """Yield the request for entities that live elsewhere."""
        if allows(at.annotations, "ReadRestrictions", "Readable"):
            kind: Kind = "list" if at.type.collection else "get"
            yield self._request(kind, at, returns=at.type)

    def _streams(self, at: Resource) -> Iterator[Request]:
        for declared in self._model.lineage(at.type.name):
            if declared.has_stream:
                yield from self._stream(at, declared.name, "$value")
            for item in declared.properties:
                if item.type == STREAM:
                    yield from self._stream(at, declared.name, item.name, item.annotations)

    def _stream(
        self, at: Resource, owner: str, name: str, annotations: tuple[Annotation, ...] = ()
    ) -> Iterator[Request]:
        stream = at.below(owner, name, STREAM, annotations)
        if allows(stream.annotations, "ReadRestrictions", "Readable"):
            yield self._request("content", stream, returns=STREAM)
        if allows(stream.annotations, "UpdateRestrictions", "Updatable") and not is_computed(
            annotations
        ):
            yield self._request("put_content", stream, body=STREAM)

    def _operations(self, at: Resource) -> Iterator[Request]:
        met: set[tuple[str, tuple[str, ...]]] = set()
        for owner in reversed(self._model.lineage(at.type.name)):
            for operation in self._model.bound.get(TypeRef(owner.name, at.type.collection), ()):
                # One that is bound to the derived type is called in place of the base type's.
                overload = operation.name, tuple(p.name for p in operation.own)
                if overload not in met and self._callable(operation, at):
                    met.add(overload)
                    yield self._call(operation, at)

    def _callable(self, operation: Operation, at: Resource) -> bool:
        """Whether an operation may be called here (Core.V1 RequiresExplicitBinding).

        Graph marks operations that no element lists; read to the letter they could be called
        nowhere, yet the service has them: for those the binding type alone decides.
        """
        if not any(a.term == REQUIRES_EXPLICIT_BINDING for a in operation.annotations):
            return True
        return operation.name not in self._explicit or operation.name in explicit_bindings(
            at.annotations
        )

    def _call(self, operation: Operation, at: Resource) -> Request:
        namespace, name = split_name(operation.name)
        segment = name if namespace == ROOT_NAMESPACE else operation.name
        returns = operation.returns.type if operation.returns else None
        if operation.kind == "Action":
            return self._request("action", at, f"/{segment}", returns=returns, operation=operation)
        keys = {key.name for key in at.keys}
        for parameter in operation.own:
            if parameter.name in keys:
                message = f"{parameter.name} is the name of a key on the path {at.path} already"
                raise error(message, parameter.place, type=operation.name, property=parameter.name)
        arguments = ",".join(f"{p.name}={{{p.name}}}" for p in operation.own)
        return self._request(
            "function", at, f"/{segment}({arguments})", returns=returns, operation=operation
        )

    def _request(
        self,
        kind: Kind,
        at: Resource,
        suffix: str = "",
        *,
        body: TypeRef | None = None,
        returns: TypeRef | None = None,
        operation: Operation | None = None,
    ) -> Request:
        return Request(
            kind,
            at.path + suffix,
            at.segments,
            at.keys,
            at.type,
            body,
            returns,
            operation,
            at.annotations,
            at.steps,
        )
