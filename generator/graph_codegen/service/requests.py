"""The requests that a service takes: a walk from its entity container along contained navigation.

Source: OData 4.01 Part 1 (sections 11.2 to 11.5), URL conventions (Part 2, section 4), and the
Capabilities vocabulary, whose restrictions take requests away.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from operator import add, is_not, sub
from typing import Literal

from graph_codegen.csdl.ast import (
    ENTITY,
    GEOGRAPHIC,
    ROOT_NAMESPACE,
    Annotation,
    EntitySource,
    NavigationProperty,
    Operation,
    OperationImport,
    Parameter,
    ReturnType,
    StructuredType,
    TypeRef,
    split_name,
)
from graph_codegen.csdl.vocabulary import Kind, Option
from graph_codegen.errors import CodegenError, error
from graph_codegen.limits import ARGUMENTS, CALLS, CHARACTERS, REQUESTS, SEGMENTS
from graph_codegen.model.deprecations import Deprecation, find_deprecation
from graph_codegen.model.model import Model
from graph_codegen.service.capabilities import (
    all_explicit_bindings,
    allows_items,
    allows_option,
    allows_request,
    alternate_keys,
    explicit_bindings,
    requires_explicit_binding,
    takes_keys_as_segments,
    updates_by_put,
)
from graph_codegen.service.reach import find_reach
from graph_codegen.service.resources import Key, Resource, Result, top

_ALIAS = re.compile(r"=@(\w+)")
"""The alias of an argument in a path; no name of a resource has `=`."""

_JSON = frozenset({"Edm.Untyped", "Edm.ComplexType", ENTITY, *GEOGRAPHIC})
"""The Edm types of which some values, or all, are written as JSON alone."""

Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]

METHODS: dict[Kind, Method] = {
    "list": "GET", "get": "GET", "create": "POST", "update": "PATCH", "delete": "DELETE",
    "count": "GET", "content": "GET", "put_content": "PUT", "delete_content": "DELETE",
    "list_refs": "GET", "add_ref": "POST", "remove_ref": "DELETE", "get_ref": "GET", "set_ref": "PUT",
    "action": "POST", "function": "GET",
}  # fmt: skip

ENTITY_OPTIONS: tuple[Option, ...] = ("select", "expand")
COLLECTION_OPTIONS: tuple[Option, ...] = (
    *ENTITY_OPTIONS, "filter", "orderby", "top", "skip", "search", "count",
)  # fmt: skip
COUNT_OPTIONS: tuple[Option, ...] = ("filter", "search")

STREAM = TypeRef("Edm.Stream")
COUNT = TypeRef("Edm.Int32")
TEXT = TypeRef("Edm.String")

UNBOUND = TypeRef("Edm.Untyped")
"""The target of operations that are not bound to anything."""

REFERENCE = TypeRef("Edm.EntityReference")
"""What `$ref` takes and returns, which no document declares: the address of an entity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request that the service takes.

    `path` starts at the service root and has keys in braces; `segments` are the names of the resources
    on it, without keys. `target` is the type of the resource at its end, `annotations` are that
    resource's. `body` is the type that is sent (None: nothing, or the parameters of `operation`),
    `returns` the type that comes back (None: nothing). `steps` are the properties on the path, each
    with its declaring type: `microsoft.graph.call/participants`. `result` is that of the composable function
    which the path goes through: `target` is the result, or what that leads to.
    `alternate` are the names of the properties that are the key in place of the entity's own.
    `deprecation` is that of its operation, of a resource on its path, or of the type at its end.
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
    result: Result | None = None
    alternate: tuple[str, ...] = ()
    deprecation: Deprecation | None = None

    @property
    def through(self) -> Operation | None:
        """The composable function that the path goes through."""
        return self.result.function if self.result else None

    @property
    def owner_segments(self) -> tuple[str, ...]:
        """The segments up to the resource that the function is bound to which the path goes through."""
        return self.result.segments if self.result else self.segments

    @property
    def method(self) -> Method:
        """The HTTP method: that of the kind, except for updates that the metadata wants by PUT."""
        if self.kind == "update" and updates_by_put(self.annotations):
            return "PUT"
        return METHODS[self.kind]

    @property
    def http(self) -> str:
        """The request line, method and path: the files in `metadata/` identify requests by it."""
        return f"{self.method} {self.path}"

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters of the operation besides the binding parameter."""
        return self.operation.own if self.operation else ()

    @property
    def through_parameters(self) -> Mapping[str, Parameter]:
        """The parameters of the function that it goes through, by their placeholders in the path."""
        result = self.result
        return _placeholders(result.function, result.keys, self.operation) if result else {}

    @property
    def own_parameters(self) -> Mapping[str, Parameter]:
        """The parameters of its operation, by their placeholders in the path or names in the body."""
        if self.operation and self.kind == "function":
            return _placeholders(self.operation, self.keys)
        return {parameter.name: parameter for parameter in self.parameters}

    @property
    def aliases(self) -> tuple[str, ...]:
        """The placeholders of its functions' arguments that travel in the query, without their `@`."""
        return tuple(_ALIAS.findall(self.path))

    @property
    def options(self) -> tuple[Option, ...]:
        """The query options: those that fit the result, less the ones that annotations rule out."""
        match self.kind:
            case "count":
                options = COUNT_OPTIONS
            case "list":
                options = COLLECTION_OPTIONS
            case "get":
                options = ENTITY_OPTIONS
            case "function" if self.returns and not self.returns.primitive:
                # The annotations are the resource's: they say nothing about the function's result.
                return COLLECTION_OPTIONS if self.returns.collection else ENTITY_OPTIONS
            case _:
                options = ()
        return tuple(option for option in options if allows_option(self.annotations, option))


def _placeholders(
    function: Operation, keys: Iterable[Key], operation: Operation | None = None
) -> Mapping[str, Parameter]:
    """Return the parameters of a function by the names that a path has for their values.

    Those are their own names, with the name of the function in front where a key has that name, or a
    parameter of the operation that is bound to its result.
    """
    taken = {key.name for key in keys}
    taken |= {parameter.name for parameter in operation.own} if operation else set[str]()
    own = {parameter.name for parameter in function.own}
    found: dict[str, Parameter] = {}
    for parameter in function.own:
        name, others = parameter.name, taken
        while name in others:
            name, others = f"{split_name(function.name)[1]}_{name}", taken | own
        found[name] = parameter
    return found


def list_requests(model: Model) -> tuple[Request, ...]:
    """Return every request of a model, in the order of the walk: each resource before those below it.

    Raises CodegenError if there are too many, since containment can multiply paths at each step.
    """
    walk = _Walk(model)
    found: list[Request] = []
    tally = _Tally()
    met: Counter[_Root] = Counter()
    for source in sorted(model.sources, key=lambda s: s.name):
        for at in walk.all(top(source)):
            met[source] += 1
            for request in walk.own(at):
                found.append(request)
                tally.add(request, met)
            if walk.resources > REQUESTS:
                raise _endless(met)
    for item in model.imports:
        for request in walk.imported(item):
            met[item] += 1
            found.append(request)
            tally.add(request, met)
    return tuple(r for r in found if model.lines is None or r.http in model.lines)


_Root = EntitySource | OperationImport


_Size = tuple[int, int, int]
"""Requests, their keys and parameters, and the characters of those."""


class _Tally:
    """Counts requests, and what they are spelled with."""

    def __init__(self) -> None:
        self.size: _Size = (0, 0, 0)

    def add(self, request: Request, met: Counter[_Root]) -> None:
        """Count a request. Raises CodegenError if it is one too many; `met` counts resources by root."""
        characters = len(request.path) + sum(len(key.name) for key in request.keys)
        arguments = len(request.keys)
        if request.operation or request.result:
            named = (*request.parameters, *request.through_parameters.values())
            characters += sum(len(each.name) + len(each.type.name) for each in named)
            arguments += len(named)
        self.add_all((1, arguments, characters), met)

    def add_all(self, size: _Size, met: Counter[_Root]) -> None:
        """Count requests of a size, as `add` does."""
        requests, arguments, characters = map(add, self.size, size)
        self.size = requests, arguments, characters
        if requests > REQUESTS:
            raise _endless(met)
        if arguments > ARGUMENTS:
            raise _endless(met, f"requests with more than {ARGUMENTS:,} keys and parameters")
        if characters > CHARACTERS:
            raise _endless(met, f"requests of more than {CHARACTERS:,} characters")


def _endless(met: Counter[_Root], what: str = "") -> CodegenError:
    what = what or f"more than {REQUESTS:,} requests"
    ((source, _),) = met.most_common(1)
    return error(
        f"{what}, most of them below the root {source.name}:"
        f" choose narrower roots, such as {source.name}/… or a type",
        source.place,
    )


def _too_long(at: Resource, last: NavigationProperty) -> CodegenError:
    return error(
        f"more than {SEGMENTS} segments in a path below the root {at.segments[0]}:"
        " choose narrower roots",
        last.place,
    )


def _uncallable(last: Operation) -> CodegenError:
    return error(
        f"more than {CALLS:,} operations to look at, at all resources together:"
        " choose narrower roots",
        last.place,
        type=last.name,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stop:
    """A resource that a walk came to, with its requests, and the resources below it if it went on there.

    `asked` are the types that were looked up for it, `size` is what the tally counted.
    """

    at: Resource
    requests: tuple[Request, ...]
    below: tuple[Resource, ...] | None
    asked: frozenset[str]
    size: _Size


@dataclass(frozen=True, kw_only=True)
class Offers:
    """The requests of every resource once, at the shortest path that leads to it, in the order of the walk.

    It keeps the walk as well, for one through a model that is mostly the same.
    """

    imported: tuple[Request, ...] = ()
    stops: Mapping[_Step, _Stop] = field(default_factory=dict["_Step", "_Stop"])
    walk: _Walk | None = None

    def __iter__(self) -> Iterator[Request]:
        yield from self.imported
        for stop in self.stops.values():
            yield from stop.requests


_Step = tuple[str, bool]
"""What a resource is at the end of: a property or a source, and whether the model describes it there."""

NOTHING_KNOWN = Offers()


def list_offers(model: Model, known: Offers = NOTHING_KNOWN) -> Offers:
    """Return the requests of every resource once, at the shortest path that leads to it.

    A large service can have too many paths to walk, and a resource takes the same requests on each. What is
    `known` of another model is kept where both have the same declarations, the same objects.
    Raises CodegenError if there are too many all the same.
    """
    walk = _Walk(model)
    tally, roots = _Tally(), Counter[_Root]((*model.sources, *model.imports))
    imported: list[Request] = []
    for item in model.imports:
        for request in walk.imported(item):
            tally.add(request, roots)
            imported.append(request)
    pending = deque(map(top, model.sources))
    kept = _kept(known, walk)
    stops: dict[_Step, _Stop] = {}
    walked: set[str] = set()
    while pending:
        at = pending.popleft()
        step = at.steps[-1] if at.steps else at.path, model.describes(at.segments)
        if step in stops:
            continue
        goes_on = bool(model.paths) or at.type.name not in walked
        stop = kept.get(step)
        if stop and stop.at == at and (stop.below is not None or not goes_on):
            tally.add_all(stop.size, roots)
        else:
            stop = _stop(walk, at, tally, roots, goes_on=goes_on)
        stops[step] = stop
        if goes_on and stop.below:
            pending.extend(stop.below)
            walked.add(at.type.name)
    return Offers(imported=tuple(imported), stops=stops, walk=walk)


def _stop(
    walk: _Walk, at: Resource, tally: _Tally, roots: Counter[_Root], *, goes_on: bool
) -> _Stop:
    """Return what a walk finds at a resource."""
    walk.asked, before = set(), tally.size
    requests: list[Request] = []
    for request in walk.own(at):
        tally.add(request, roots)
        requests.append(request)
    below = tuple(walk.below(at)) if goes_on else None
    requested, arguments, characters = map(sub, tally.size, before)
    return _Stop(
        at=at,
        requests=tuple(requests),
        below=below,
        asked=frozenset(walk.asked),
        size=(requested, arguments, characters),
    )


def _kept(known: Offers, walk: _Walk) -> Mapping[_Step, _Stop]:
    """Return what is known that another walk would find again at a resource."""
    if known.walk is None or known.walk.rules != walk.rules:
        return {}
    changed = _changed(known.walk, walk)
    return {step: stop for step, stop in known.stops.items() if stop.asked.isdisjoint(changed)}


def _changed(old: _Walk, new: _Walk) -> Set[str]:
    """Return the types of which two models, or walks through them, have something else.

    With a type change those that it derives from, and those that derive from it.
    """
    before, after = old.model, new.model
    found = {
        name
        for name in before.types.keys() | after.types.keys()
        if before.types.get(name) is not after.types.get(name)
    }
    listed_once = old.explicit ^ new.explicit
    for ref in before.bound.keys() | after.bound.keys():
        here, there = before.bound.get(ref, ()), after.bound.get(ref, ())
        listed = any(operation.name in listed_once for operation in here)
        if listed or len(here) != len(there) or any(map(is_not, here, there)):
            found.add(ref.name)
    for own, others in zip(old.reach.sets, new.reach.sets, strict=True):
        found |= own ^ others
    for name in [*found]:
        for model in (before, after):
            found.update(declared.name for declared in model.lineage(name))
            found.update(model.descendants(name))
    return found


class _Walk:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.explicit = frozenset(all_explicit_bindings(model))
        self._as_segment = takes_keys_as_segments(model)
        self.reach = find_reach(model)
        self._chosen = {path[:end] for path in model.paths for end in range(1, len(path) + 1)}
        self._listed: dict[str, frozenset[str]] = {}
        self._calls = 0
        self.resources = 0
        """How many resources have been met, the pending ones as well."""
        self.asked: set[str] = set()
        """The types that were looked up; what a walk does depends on them, their base and derived types."""

    @property
    def rules(self) -> tuple[object, ...]:
        """What the walk goes by besides types and what is bound to them."""
        return self.model.paths, self._as_segment

    def all(self, at: Resource) -> Iterator[Resource]:
        """Yield a resource, then those below it, each before its own children."""
        pending = [at]
        while pending:
            at = pending.pop()
            yield at
            pending.extend(reversed(list(self.below(at))))

    def imported(self, item: OperationImport) -> Iterator[Request]:
        """Yield the calls of operations that are not bound, through their import.

        Source: CSDL 13.5 and 13.6; OData URL conventions 4.01, section 4.5.
        """
        at = Resource(
            path="",
            segments=(item.name,),
            keys=(),
            type=UNBOUND,
            annotations=item.annotations,
            steps=(),
        )
        for operation in self.model.imported(item):
            kind: Kind = "action" if operation.kind == "Action" else "function"
            if allows_request(operation.annotations, kind):
                yield self._call(operation, at)
                if operation.is_composable and operation.returns:
                    yield from self._composed(operation, operation.returns, at)

    def own(self, at: Resource) -> Iterator[Request]:
        """Yield the requests of a resource and of the items in it; none on the way to a chosen path."""
        self.asked.add(at.type.name)
        if not self.model.describes(at.segments):
            yield from self._derived_collections(at)
            return
        if at.cast:
            yield from self._streams(at)
            yield from self._operations(at)
        elif not at.contained:
            yield from self._elsewhere(at)
        elif at.type.collection:
            yield from self._collection(at)
            item = self._item(at)
            if item:
                yield from self._single(item)
        else:
            yield from self._single(at)

    def below(self, at: Resource) -> Iterator[Resource]:
        """Yield the resources that the entities of a resource lead to."""
        self.asked.add(at.type.name)
        entity = self._item(at) if at.type.collection else at
        if entity is None or not at.contained:
            return
        for owner in self._owners(at):
            for item in owner.navigation:
                below = entity.below(
                    owner.name,
                    item.name,
                    item.type,
                    item.annotations,
                    removable=item.contains_target or item.nullable is not False,
                    contained=item.contains_target,
                )
                if below.steps[-1] in at.steps:
                    continue  # replies to replies are the same resource as replies
                if not self.model.leads_on(below.segments):
                    continue
                if len(below.segments) > SEGMENTS:
                    raise _too_long(below, item)
                self.resources += 1
                yield below
        for name in self._only_derived(entity):
            cast = entity.as_type(name)
            if cast.steps[-1] not in at.steps and self.model.leads_on(cast.segments):
                yield cast

    def _owners(self, at: Resource) -> tuple[StructuredType, ...]:
        """Return the types whose members a resource has: after a cast, that type alone."""
        lineage = self.model.lineage(at.type.name)
        return lineage[-1:] if at.cast else lineage

    def _only_derived(self, at: Resource) -> Iterator[str]:
        """Yield the derived types of what is at a resource to which no path leads without a cast.

        Their members are addressed after a cast. Those of all others have shorter paths, and a cast
        everywhere would multiply them, but for operations that are bound here alone, and chosen paths.
        """
        if at.cast:
            return
        listed = {*explicit_bindings(at.annotations)}
        for name in self.model.descendants(at.type.name):
            ref = TypeRef(name, at.type.collection)
            bound = self.model.bound.get(ref, ()) if listed else ()
            if (
                (*at.segments, name) in self._chosen
                or not self.reach.has(ref)
                or any(o.name in listed and requires_explicit_binding(o) for o in bound)
            ):
                yield name

    def _collection(self, at: Resource) -> Iterator[Request]:
        item = TypeRef(at.type.name)
        if allows_request(at.annotations, "list"):
            yield self._request("list", at, returns=at.type)
        if allows_request(at.annotations, "create"):
            yield self._request("create", at, body=item, returns=item)
        if allows_request(at.annotations, "count"):
            yield self._request("count", at, suffix="/$count", returns=COUNT)
        yield from self._operations(at)
        yield from self._derived_collections(at)
        yield from self._alternates(at)

    def _derived_collections(self, at: Resource) -> Iterator[Request]:
        """Yield what is bound to the items of a derived type in a collection, which is no resource itself."""
        if at.contained and at.type.collection:
            for name in self._only_derived(at):
                cast = at.as_type(name)
                if self.model.describes(cast.segments):
                    yield from self._operations(cast)

    def _alternates(self, at: Resource) -> Iterator[Request]:
        """Yield the requests of an item by its other keys; what is below it has paths with its own key."""
        if not allows_items(at.annotations):
            return
        for owner in self.model.lineage(at.type.name):
            for key in alternate_keys(owner.annotations):
                parts = {name: self._key_type(owner.name, path) for name, path in key.items()}
                if parts:
                    item = at.item(parts, named=True)
                    yield from (replace(r, alternate=tuple(parts)) for r in self._entity(item))

    def _item(self, at: Resource) -> Resource | None:
        """Return the resource of a single item of a collection, None if items have no address.

        The key of any entity is taken for text.
        """
        paths = ("id",) if at.type.name == ENTITY else self.model.key(at.type.name)
        parts = {path: self._key_type(at.type.name, path) for path in paths}
        if not parts or not allows_items(at.annotations):
            return None
        return at.item(parts, as_segment=self._as_segment)

    def _key_type(self, name: str, path: str) -> TypeRef:
        """Return the type of a part of a key, a property or a path to one: text where none is declared."""
        ref = TypeRef(name)
        for segment in path.split("/"):
            self.asked.add(ref.name)
            found = self.model.first(ref.name, segment)
            ref = found.type if found else TEXT
        self.asked.add(ref.name)
        return TEXT if ref.collection or self.model.structure(ref.name) else ref

    def _single(self, at: Resource) -> Iterator[Request]:
        yield from self._entity(at)
        yield from self._streams(at)
        yield from self._operations(at)

    def _entity(self, at: Resource) -> Iterator[Request]:
        if allows_request(at.annotations, "get", by_key=at.by_key):
            yield self._request("get", at, returns=at.type)
        if allows_request(at.annotations, "update", by_key=at.by_key):
            yield self._request("update", at, body=at.type, returns=at.type)
        if at.removable and allows_request(at.annotations, "delete", by_key=at.by_key):
            yield self._request("delete", at)

    def _elsewhere(self, at: Resource) -> Iterator[Request]:
        """Yield the requests for entities that are contained elsewhere: here are references to them.

        Entities of which nothing is known are not read. Source: OData Protocol 4.01, section 11.4.6.
        """
        many = at.type.collection
        kind: Kind = "list" if many else "get"
        if at.type.name != ENTITY and allows_request(at.annotations, kind):
            yield self._request(kind, at, returns=at.type)
        if many and allows_request(at.annotations, "count"):
            yield self._request("count", at, suffix="/$count", returns=COUNT)
        yield from self._references(at)
        if not many:
            yield from self._streams(at)

    def _references(self, at: Resource) -> Iterator[Request]:
        many = at.type.collection
        item = self._item(at) if many else at
        read: Kind = "list_refs" if many else "get_ref"
        write: Kind = "add_ref" if many else "set_ref"
        if allows_request(at.annotations, read):
            yield self._request(
                read, at, suffix="/$ref", returns=replace(REFERENCE, collection=many)
            )
        if allows_request(at.annotations, write):
            yield self._request(write, at, suffix="/$ref", body=REFERENCE)
        if item and item.removable and allows_request(at.annotations, "remove_ref"):
            yield self._request("remove_ref", item, suffix="/$ref")

    def _streams(self, at: Resource) -> Iterator[Request]:
        for declared in self._owners(at):
            if declared.has_stream:
                yield from self._stream(at, declared.name, "$value")
            for item in declared.properties:
                if item.type == STREAM:
                    yield from self._stream(
                        at,
                        declared.name,
                        item.name,
                        item.annotations,
                        removable=item.nullable is not False,
                    )

    def _stream(
        self,
        at: Resource,
        owner: str,
        name: str,
        annotations: tuple[Annotation, ...] = (),
        *,
        removable: bool = True,
    ) -> Iterator[Request]:
        """Yield the requests of a stream (OData Protocol 4.01, sections 11.2.4, 11.4.7 and 11.4.8)."""
        stream = at.below(owner, name, STREAM, annotations, removable=removable)
        if allows_request(annotations, "content"):
            yield self._request("content", stream, returns=STREAM)
        if allows_request(annotations, "put_content"):
            yield self._request("put_content", stream, body=STREAM)
        if removable and allows_request(annotations, "delete_content"):
            yield self._request("delete_content", stream)

    def _operations(self, at: Resource) -> Iterator[Request]:
        for operation in self._bound(at):
            yield self._call(operation, at)
            if operation.is_composable and operation.returns and not at.result:
                yield from self._composed(operation, operation.returns, at)

    def _composed(self, function: Operation, result: ReturnType, at: Resource) -> Iterator[Request]:
        """Yield the requests for the result of a composable function: the calls of what is bound to it.

        Navigation of the result is followed, once to each property, where no other path leads to its type.
        Functions among all these are not composed any further: workbook ranges lead to ranges without end.
        Source: CSDL 12.5; OData Protocol 4.01, section 11.5.4.1.
        """
        segment = self._segment(function, _placeholders(function, at.keys), at)
        behind = replace(
            at,
            path=f"{at.path}/{segment}",
            type=result.type,
            annotations=result.annotations,
            cast=False,
            by_key=False,
            result=Result(function, at.path, at.segments, at.keys),
        )
        for operation in self._bound(behind):
            yield self._call(operation, behind)
        if result.type.collection or result.type.name in self.reach.members:
            return
        met = {*behind.steps}
        pending = deque(self.below(behind))
        while pending:
            led_to = pending.popleft()
            step = led_to.steps[-1]
            if step not in met and step.rpartition("/")[0] not in self.reach.members:
                met.add(step)
                yield from self.own(led_to)
                pending.extend(self.below(led_to))

    def _bound(self, at: Resource) -> Iterator[Operation]:
        """Yield the operations that may be called at a resource."""
        self.asked.add(at.type.name)
        met: set[tuple[str, tuple[str, ...]]] = set()
        for owner in reversed(self._owners(at)):
            for operation in self.model.bound.get(TypeRef(owner.name, at.type.collection), ()):
                # One that is bound to the derived type is called in place of the base type's.
                overload = operation.name, tuple(p.name for p in operation.own)
                self._calls += 1
                if self._calls > CALLS:
                    raise _uncallable(operation)
                if overload not in met and self._callable(operation, at):
                    met.add(overload)
                    yield operation

    def _callable(self, operation: Operation, at: Resource) -> bool:
        """Whether an operation may be called at a resource.

        One that requires it may be where the resource, its type or a base type lists it. Graph marks
        operations with RequiresExplicitBinding that no element lists. Taken literally they could be
        called nowhere, yet the service has them: for those the binding type alone decides.
        """
        kind: Kind = "action" if operation.kind == "Action" else "function"
        if not all(allows_request(a, kind) for a in (operation.annotations, at.annotations)):
            return False
        if not requires_explicit_binding(operation) or operation.name not in self.explicit:
            return True
        return operation.name in self._listed_by(at) or operation.name in explicit_bindings(
            at.annotations
        )

    def _listed_by(self, at: Resource) -> frozenset[str]:
        """Return the operations that the type of a resource, or a base type, lists."""
        name = at.type.name
        if name not in self._listed:
            owners = self.model.lineage(name)
            self._listed[name] = frozenset().union(
                *(explicit_bindings(o.annotations) for o in owners)
            )
        return self._listed[name]

    def _call(self, operation: Operation, at: Resource) -> Request:
        returns = operation.returns.type if operation.returns else None
        kind: Kind = "action" if operation.kind == "Action" else "function"
        segment = self._segment(operation, _placeholders(operation, at.keys), at)
        if at.result:
            at = replace(at, path=self._path_to(operation, at, at.result))
        return self._request(kind, at, f"/{segment}", returns=returns, operation=operation)

    def _path_to(self, operation: Operation, at: Resource, result: Result) -> str:
        """Return the path of a resource behind a function, whose arguments give way to an operation's."""
        function, keys = result.function, result.keys
        usual, own = (
            f"{result.path}/{self._segment(function, _placeholders(function, keys, other), at)}"
            for other in (None, operation)
        )
        return own + at.path.removeprefix(usual)

    def _segment(
        self, operation: Operation, placeholders: Mapping[str, Parameter], at: Resource
    ) -> str:
        """Return the path segment of an operation; the namespace is left out where Graph does.

        One that is not bound is called by the name of its import.

        What has no literal travels as a parameter alias, `f(ids=@ids)`, whose value is in the query.
        Source: OData URL conventions 4.01, section 5.1.1.14.7, and ABNF, functionParameter.
        """
        namespace, name = split_name(operation.name)
        segment = name if namespace == ROOT_NAMESPACE else operation.name
        if not operation.is_bound:
            segment = at.segments[0]
        if operation.kind == "Action":
            return segment
        named = (
            f"{p.name}={f'{{{key}}}' if self._has_literal(p.type) else f'@{key}'}"
            for key, p in placeholders.items()
        )
        return f"{segment}({','.join(named)})"

    def _has_literal(self, ref: TypeRef) -> bool:
        """Whether values of a type have literals: primitive ones, and those of enumerations."""
        self.asked.add(ref.name)
        return not (ref.collection or ref.name in _JSON or self.model.structure(ref.name))

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
            kind=kind,
            path=at.path + suffix,
            segments=at.segments,
            keys=at.keys,
            target=at.type,
            body=body,
            returns=returns,
            operation=operation,
            annotations=at.annotations,
            steps=at.steps,
            result=at.result,
            deprecation=self._deprecation(at, operation),
        )

    def _deprecation(self, at: Resource, operation: Operation | None) -> Deprecation | None:
        of_operation = find_deprecation(operation.annotations) if operation else None
        if of_operation or at.deprecation:
            return of_operation or at.deprecation
        target = self.model.structure(at.type.name)
        return find_deprecation(target.annotations) if target else None
