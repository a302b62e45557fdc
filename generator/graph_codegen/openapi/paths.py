"""The paths of an OpenAPI document → what CSDL declares of them.

That is entity sets and singletons, containment, keys, streams, operations, and restrictions: the requests
that the document lacks. A property is read at every path on which it occurs, and offers what any of them
does. Every request that is not read is noted, with its kind.

Source: OData to OpenAPI Mapping 1.0, section 4.5; OData URL conventions (Part 2), section 4.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from graph_codegen.csdl.ast import (
    Annotation,
    EntitySource,
    NavigationProperty,
    Operation,
    Parameter,
    Property,
    ReturnType,
    StructuredType,
    TypeRef,
    Unread,
)
from graph_codegen.csdl.identifiers import RESERVED, is_dotted_name, is_simple_name
from graph_codegen.csdl.vocabulary import FALSE, KEY_AS_SEGMENT_SUPPORTED, Kind
from graph_codegen.errors import Place, error
from graph_codegen.limits import PARAMETERS, SEGMENTS
from graph_codegen.openapi.components import Components
from graph_codegen.openapi.restrictions import (
    COLLECTION,
    REFERENCED,
    REFERENCED_ONE,
    SINGLE,
    SINGLETON,
    STREAM,
    Form,
    Offer,
    options_of,
    restrict,
)
from graph_codegen.openapi.schemas import SchemaReader, Value
from graph_codegen.openapi.segments import (
    ARGUMENT,
    KeySegment,
    in_parentheses,
    join,
    parse_key,
    segments_of,
    split,
)
from graph_codegen.openapi.values import items, members, text
from graph_codegen.text import shorten

BINDING = "bindingParameter"
"""What the binding parameter of an operation is called: no path has its name."""

_DEEPEST = 100
_METHODS = ("get", "put", "post", "patch", "delete")
_OCTETS = "application/octet-stream"
_VALUE = "$value"

_KEY_NAME = re.compile(r"key: (?P<name>\S+) of ")
"""How the description of a path parameter names the property that is the key: `key: id of call`."""

_LONGEST_DESCRIPTION = 300

_ALTERNATE_KEY = "Alternate key of "
"""How the description of a path parameter begins that is another key than the usual one."""

_CALL = re.compile(r"(?P<name>[^()]+)\((?P<arguments>.*)\)")

_PARAMETERS = "parameters"
_OPERATION_TYPE = "x-ms-docs-operation-type"
_KEY_TYPE = "x-ms-docs-key-type"

COMPLEX = "of complex properties"
DERIVED = "of derived types"
ELSEWHERE = "of entities contained elsewhere"
KEYS = "by keys that are not the usual one"
OTHERS = "others"
OUTSIDE = "outside of entity sets and singletons"
PRIMITIVE = "of primitive properties"
REFERENCES = "of references to contained entities"
"""The kinds of requests that no declaration stands for."""

Step = tuple[str, str]
"""A property, by the type that declares it and its name; an entity set or singleton has no type."""


_Call = tuple[str, str, TypeRef, tuple[str, ...]]
"""An operation as it is called: its kind and name, what it is bound to, and its parameters' names."""


def _call_of(operation: Operation) -> _Call:
    names = tuple(parameter.name for parameter in operation.own)
    return operation.kind, operation.name, operation.parameters[0].type, names


@dataclass(slots=True)
class _Node:
    """A path: the requests at its end, and the paths that go on from it, by their next segment."""

    item: dict[str, object] = field(default_factory=dict[str, object])
    below: dict[str, _Node] = field(default_factory=dict[str, "_Node"])

    def only(self, *methods: str) -> _Node:
        """Return it with some of the requests at its end, and no paths that go on."""
        return _Node({name: one for name, one in self.item.items() if name in methods})

    def without(self, *names: str) -> _Node:
        """Return it without some requests, or without the paths that go on by some segments."""
        left_out = frozenset(names)
        return _Node(
            {name: one for name, one in self.item.items() if name not in left_out},
            {name: one for name, one in self.below.items() if name not in left_out},
        )


@dataclass(frozen=True, slots=True)
class _Resource:
    """A resource that a path leads to; `step` is the property or source that leads to it, if it has one.

    `by_key` says that its path ends with a key, `cast` that it ends with the name of its type.
    """

    node: _Node
    type: TypeRef
    step: Step | None
    by_key: bool = False
    cast: bool = False


@dataclass(frozen=True, slots=True)
class _Member:
    """A property on a path, of an entity that is `at` a resource; `owner` is the type that declares it."""

    path: str
    node: _Node
    at: _Resource
    owner: str
    item: Property | NavigationProperty


@dataclass(frozen=True, slots=True)
class _NamedKey:
    """A key on a path whose parts have names there, of an item of the collection that is `at` a resource."""

    path: str
    node: _Node
    at: _Resource
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Declared:
    """What the paths of a document declare: sources and operations, and the types with what they say.

    `annotations` are those of the entity container. `unread` are the requests that were not understood, or
    that nothing here declares.
    """

    types: dict[str, StructuredType]
    sources: tuple[EntitySource, ...]
    annotations: tuple[Annotation, ...]
    operations: tuple[Operation, ...]
    unread: tuple[Unread, ...]


class PathReader:
    """Reads the paths of a document whose types are known."""

    def __init__(
        self,
        components: Components,
        schemas: SchemaReader,
        types: dict[str, StructuredType],
        file: str,
    ) -> None:
        self._components = components
        self._schemas = schemas
        self._types = types
        self._place = Place(file)
        self._members = {
            name: {item.name: item for item in declared.members()}
            for name, declared in types.items()
        }
        self._lineages: dict[str, tuple[str, ...]] = {}
        self._sources: dict[str, TypeRef] = {}
        self._offers: dict[Step, Offer] = {}
        self._met: set[str] = set()
        """The types of resources."""
        self._contained: set[Step] = set()
        self._streams: set[Step] = set()
        self._media: dict[str, None] = {}
        """The types of entities that are streams themselves."""
        self._keys: dict[str, tuple[str, ...]] = {}
        """The keys, by the types that declare them."""
        self._alone: set[bool] = set()
        """Whether keys of one part are segments of their own: what was met of that."""
        navigation = (item for declared in types.values() for item in declared.navigation)
        self._families = {self._family(item.type.name) for item in navigation}
        """The entity types among those without a base type, as far as they are known."""
        self._structured: dict[str, list[_Member]] = {}
        """Properties that may be complex, or navigation that does not say so, by the families of types."""
        self._named_keys: list[_NamedKey] = []
        """Keys that may be the usual ones of their types, or others."""
        self._operations: dict[_Call, Operation] = {}
        self._results: dict[int, Value | None] = {}
        """What requests answer with, to which very many references may lead, by their identities."""
        self._unread: dict[str, str] = {}
        """The kinds of requests that are not read."""
        self._casts: list[tuple[str, _Node, TypeRef]] = []
        """The paths behind the names of derived types."""
        self._cast_calls: list[tuple[str, _Node, _Call]] = []
        """The paths of operations that are called there."""
        self._streamed: list[tuple[str, _Node, Step]] = []
        """The paths of streams of items, which only contained entities have."""
        self._referring: list[tuple[str, _Node, Step]] = []
        """The paths of references, which only properties have that contain nothing."""
        self._reading: list[tuple[str, _Node, _Resource]] = []
        """The paths on which items of a collection can be read, and no more than that."""

    def read(self) -> Declared:
        """Return what the paths declare."""
        pending: list[tuple[str, _Resource]] = []
        root = self._tree()
        self._skip("/", _Node(root.item), OUTSIDE)
        for name, node in root.below.items():
            ref = self._source(name, node)
            if ref is None:
                self._skip(f"/{name}", node, OUTSIDE)
            else:
                self._sources[name] = ref
                self._families.add(self._family(ref.name))
                pending.append((f"/{name}", _Resource(node, ref, ("", name))))
        while pending or (pending := [*self._entities_after_all()] or [*self._usual_keys()]):
            path, at = pending.pop()
            pending.extend(self._resource(path, at))
        self._settle()
        as_segment = self._alone != {False}
        return Declared(
            types=self._typed(),
            sources=tuple(map(self._entity_source, self._sources)),
            annotations=() if as_segment else (Annotation(KEY_AS_SEGMENT_SUPPORTED, FALSE),),
            operations=tuple(self._operations[call] for call in self._own_calls),
            unread=tuple(Unread(request, kind) for request, kind in self._unread.items()),
        )

    def _settle(self) -> None:
        """Decide what is contained of which items can only be read, and note what is not read at all.

        Such a property may as well lead to entities that are elsewhere. It contains them where nothing
        follows from that: they have no resources of their own, nor operations.
        """
        busy = {owner for owner, _ in self._contained}
        busy |= {operation.parameters[0].type.name for operation in self._operations.values()}
        self._contained |= {
            at.step
            for _, _, at in self._reading
            if at.step and "$ref" not in at.node.below
            if busy.isdisjoint(self._lineage(at.type.name))
        }
        for path, node, at in self._reading:
            if at.step not in self._contained:
                self._skip(path, _Node(node.item), ELSEWHERE)
        for path, node, step in self._streamed:
            if step not in self._contained:
                self._skip(path, node, ELSEWHERE)
        for path, node, step in self._referring:
            if step in self._contained:
                self._skip(path, node, REFERENCES)
        for member in itertools.chain.from_iterable(self._structured.values()):
            self._skip(member.path, member.node, COMPLEX)
        for path, node, ref in self._casts:
            if ref in self._addressed:
                self._skip(path, node, DERIVED)
        for path, node, call in self._cast_calls:
            if call not in self._own_calls:
                self._skip(path, node, DERIVED)

    # -- the walk

    def _tree(self) -> _Node:
        root = _Node()
        for path, item in members(self._components.root.get("paths")).items():
            node = root
            if len(split(path)) > SEGMENTS:
                message = f"a path of more than {SEGMENTS} segments: {shorten(path)}"
                raise error(message, self._place)
            for segment in segments_of(path):
                node = node.below.setdefault(segment, _Node())
            given = self._components.resolve(item)
            node.item = {key: given[key] for key in (*_METHODS, _PARAMETERS) if key in given}
        return root

    def _source(self, name: str, node: _Node) -> TypeRef | None:
        """Return the type of an entity set or singleton, None for any other path at the root."""
        if not is_simple_name(name) or self._is_import(node):
            return None
        for method in ("get", "patch", "put", "post"):
            request = members(node.item.get(method))
            value = self._result(request) or self._body(request)
            if value and value.type.name in self._types:
                return TypeRef(value.type.name, value.type.collection or method == "post")
        items = (item for key, item in node.below.items() if self._is_certain_key(key, item))
        item = next(items, None)
        ref = self._source(name, item) if item else None
        return TypeRef(ref.name, collection=True) if ref else None

    def _is_import(self, node: _Node) -> bool:
        """Whether the requests at a path call an operation that is not bound."""
        requests = (members(node.item.get(method)) for method in _METHODS)
        return any(text(one.get(_OPERATION_TYPE)).endswith("Import") for one in requests)

    def _is_certain_key(self, segment: str, node: _Node) -> bool:
        """Whether a segment at the root is a key, which a function without a key looks like."""
        key = parse_key(segment)
        if key is None or not key.names:
            return key is not None
        return any(_KEY_TYPE in parameter for parameter in self._all_parameters(node))

    def _resource(self, path: str, at: _Resource) -> Iterator[tuple[str, _Resource]]:
        """Read the requests of a resource, and yield the resources below it."""
        if at.step:
            self._meet(at.type.name)
            self._requests(path, self._offers.setdefault(at.step, Offer()), at)
        for segment, node in at.node.below.items():
            below = join(path, segment)
            key = parse_key(segment)
            member = self._find_member(at.type.name, segment)
            if at.cast and member and member[0] != at.type.name:
                self._skip(below, node, DERIVED)
            elif key and at.type.collection:
                yield from self._item(below, node, at, key)
            elif segment == "$count":
                self._numbered(below, node, at)
            elif segment == "$ref" and at.step:
                self._references(below, node, at)
            elif segment == _VALUE and not at.type.collection:
                self._stream(below, node, at, (at.type.name, _VALUE))
            elif member and not at.type.collection:
                yield from self._member(_Member(below, node, at, *member))
            elif self._is_cast(segment, node, at):
                yield from self._cast(below, node, TypeRef(segment, at.type.collection))
            else:
                yield from self._calls(path, segment, node, at)

    def _meet(self, name: str) -> None:
        self._met.add(name)
        self._families.add(self._family(name))

    def _item(
        self, path: str, node: _Node, at: _Resource, key: KeySegment
    ) -> Iterator[tuple[str, _Resource]]:
        """Yield the item of a collection that is at a key, unless it may be one besides the usual one."""
        if key.names:
            self._named_keys.append(_NamedKey(path, node, at, key.names))
            return
        name = self._key_name(node) or self._named_key(path, at.type.name)
        owner = self._owner(at.type.name, name)
        if not owner:
            self._skip(path, node, KEYS)
            return
        self._keys.setdefault(owner, (name,))
        self._alone.add(key.alone)
        yield self._found_item(path, node, at)

    def _found_item(self, path: str, node: _Node, at: _Resource) -> tuple[str, _Resource]:
        if at.step:
            self._offers[at.step].by_key = True
            methods = {*node.item} & {*_METHODS}
            if methods == {"get"}:
                self._reading.append((path, node, at))
            elif methods:
                self._contain(at.step)
        return path, _Resource(node, TypeRef(at.type.name), at.step, by_key=True)

    def _usual_keys(self) -> Iterator[tuple[str, _Resource]]:
        """Yield the items at keys with names, where these are the usual keys of their types.

        They are if no other key of the type is known: then it is asked for where everything else is read.
        """
        waiting, self._named_keys = self._named_keys, []
        given: dict[str, set[frozenset[str]]] = {}
        for key in waiting:
            if not self._is_alternate(key):
                given.setdefault(self._family(key.at.type.name), set()).add(frozenset(key.names))
        for key in waiting:
            name = key.at.type.name
            known = self._known_key(name)
            alike = known or given.get(self._family(name), set())
            owners = {self._owner(name, one) for one in key.names}
            if alike != {frozenset(key.names)} or "" in owners or self._is_alternate(key):
                self._skip(key.path, key.node, KEYS)
                continue
            if not known:
                owner = next(one for one in self._lineage(name) if one in owners)
                self._keys[owner] = key.names
                self._alone |= {False} if len(key.names) == 1 else set()
            yield self._found_item(key.path, key.node, key.at)

    def _is_alternate(self, key: _NamedKey) -> bool:
        """Whether the description of a key says that it is not the usual one."""
        told = (text(one.get("description")) for one in self._all_parameters(key.node))
        return any(one.startswith(_ALTERNATE_KEY) for one in told)

    def _known_key(self, name: str) -> set[frozenset[str]]:
        """Return the names of the parts of a type's key, empty if it is not known."""
        owners = (owner for owner in self._lineage(name) if owner in self._keys)
        return {frozenset(self._keys[owner]) for owner in owners}

    def _numbered(self, path: str, node: _Node, at: _Resource) -> None:
        """Read the request for the number of entities in a collection."""
        left = node
        if at.step and at.type.collection and "get" in node.item:
            self._offers[at.step].kinds.add("count")
            left = node.without("get")
        self._skip(path, left, OTHERS)

    def _is_cast(self, segment: str, node: _Node, at: _Resource) -> bool:
        """Whether a segment names a type that is derived from that of the resource in front of it."""
        return at.type.name in self._lineage(segment)[1:] and "post" not in node.item

    def _cast(self, path: str, node: _Node, ref: TypeRef) -> Iterator[tuple[str, _Resource]]:
        """Yield a resource as one of a derived type: only what that type adds has a path there."""
        self._skip(path, _Node(node.item), DERIVED)
        numbered = node.below.get("$count", _Node())
        self._skip(f"{path}/$count", numbered, DERIVED)
        below = {name: one for name, one in node.below.items() if name != "$count"}
        if below:
            self._meet(ref.name)
            self._casts.append((path, _Node(below=below), ref))
            yield path, _Resource(_Node(below=below), ref, None, cast=True)

    def _member(self, member: _Member) -> Iterator[tuple[str, _Resource]]:
        node, item = member.node, member.item
        if isinstance(item, NavigationProperty) or self._leads_to_entities(member):
            yield self._led_to(member)
        elif item.type.name in self._types:
            self._structured.setdefault(self._family(item.type.name), []).append(member)
        elif self._is_octets(node):
            self._stream(member.path, node, member.at, (member.owner, item.name))
        else:
            self._skip(member.path, node, PRIMITIVE)

    def _leads_to_entities(self, member: _Member) -> bool:
        """Whether the type of a property is known as an entity type, or its path is that of entities.

        Complex properties have neither keys nor references, and all else that entities have.
        """
        name, below = member.item.type.name, member.node.below
        if name not in self._types:
            return False
        return self._family(name) in self._families or "$ref" in below or any(map(parse_key, below))

    def _led_to(self, member: _Member) -> tuple[str, _Resource]:
        step = member.owner, member.item.name
        self._contain(member.at.step)
        if any(method in member.node.item for method in _METHODS if method != "get"):
            self._contain(step)
        return member.path, _Resource(member.node, member.item.type, step)

    def _entities_after_all(self) -> Iterator[tuple[str, _Resource]]:
        """Yield what properties lead to whose types have proved to be entity types."""
        for family in [*filter(self._families.__contains__, self._structured)]:
            yield from map(self._led_to, self._structured.pop(family))

    def _contain(self, step: Step | None) -> None:
        """Note that a property contains what it leads to: more than to read it is possible on its path."""
        if step:
            self._contained.add(step)

    def _requests(self, path: str, offer: Offer, at: _Resource) -> None:
        """Add the requests of a resource to what the property offers that leads to it."""
        for method, request in at.node.item.items():
            kind = _kind(method, at.type.collection)
            is_singleton = at.step == ("", path.removeprefix("/"))
            if (
                kind is None
                or (method == "put" and "patch" in at.node.item)
                or (kind == "delete" and is_singleton)
            ):
                self._skip(path, _Node({method: request}), OTHERS)
                continue
            offer.kinds.add(kind)
            if kind in ("list", "get"):
                offer.options |= options_of(self._parameter_names(at.node, members(request)))
            offer.by_put = offer.by_put or method == "put"

    def _references(self, path: str, node: _Node, at: _Resource) -> None:
        """Read the requests for references, which only entities that are contained elsewhere have.

        One of a collection can be deleted at the item as well, which is read where the document says both.
        """
        assert at.step
        kinds = _OF_REFERENCES[at.type.collection]
        self._offers[at.step].kinds.update(kinds[m] for m in kinds.keys() & node.item.keys())
        self._referring.append((path, node.only(*kinds), at.step))
        items = (one for key, one in at.node.below.items() if parse_key(key))
        twice = any("delete" in one.below.get("$ref", _Node()).item for one in items)
        self._skip(path, node.without(*kinds, *(["delete"] if twice else [])), OTHERS)

    def _stream(self, path: str, node: _Node, at: _Resource, step: Step) -> None:
        if step[1] == _VALUE:
            self._media[step[0]] = None
        else:
            self._streams.add(step)
        kinds = self._offers.setdefault(step, Offer()).kinds
        kinds.update(kind for method, kind in _STREAMED.items() if method in node.item)
        if at.by_key and at.step:
            self._streamed.append((path, node.only(*_OF_STREAMS), at.step))
        self._skip(path, node.without(*_OF_STREAMS), OTHERS)

    def _skip(self, path: str, node: _Node, kind: str) -> None:
        """Note that the requests at a path, and further along it, are not read."""
        pending = [(path, node)]
        while pending:
            path, node = pending.pop()
            for method in filter(_METHODS.__contains__, node.item):
                self._unread.setdefault(f"{method.upper()} {path}", kind)
            pending.extend((join(path, segment), one) for segment, one in node.below.items())

    # -- operations

    def _calls(
        self, path: str, segment: str, node: _Node, at: _Resource
    ) -> Iterator[tuple[str, _Resource]]:
        """Read the calls of an operation, and yield what it returns, where paths go on from it.

        The arguments of a function that has no namespace are in the segments below.
        """
        below = {name: one for name, one in node.below.items() if in_parentheses(name)}
        alone = node.without(*below)
        spelled = {segment: alone} if alone.item or alone.below else {}
        spelled |= {segment + arguments: one for arguments, one in below.items()}
        for name, called in spelled.items():
            call = self._call(name, called, at.type)
            if call is None:
                self._skip(join(path, name), called, OTHERS)
                continue
            self._contain(at.step)
            if at.cast:
                self._cast_calls.append((join(path, name), called, _call_of(call)))
            method = "post" if call.kind == "Action" else "get"
            self._skip(join(path, name), _Node(called.item).without(method), OTHERS)
            yield from self._result_of(join(path, name), called, call)

    def _call(self, segment: str, node: _Node, binding: TypeRef) -> Operation | None:
        """Return the operation that a segment calls, None if it calls none, and remember it."""
        called = _CALL.fullmatch(segment)
        name = called["name"] if called else segment
        if not is_dotted_name(name) or (name in self._types and not called):
            return None
        if name.partition(".")[0] in RESERVED:
            return None
        method = "get" if called or "get" in node.item else "post"
        request = members(node.item.get(method))
        if "." not in name:
            if request.get(_OPERATION_TYPE) not in ("action", "function"):
                return None
            name = f"{binding.name.rpartition('.')[0]}.{name}"
        bound = Parameter(name=BINDING, type=binding, nullable=False, place=self._place)
        own = (
            self._arguments(called["arguments"], node, request)
            if called
            else self._action_parameters(request) if method == "post" else ()
        )
        if own is None or (method not in node.item and not node.below):
            return None
        value = self._result(request)
        composed = any(segment != "$count" for segment in node.below)
        operation = Operation(
            kind="Action" if method == "post" else "Function",
            name=name,
            parameters=(bound, *own),
            returns=ReturnType(value.type, value.nullable, place=self._place) if value else None,
            is_bound=True,
            is_composable=composed and value is not None,
            place=self._place,
        )
        known = self._operations.setdefault(_call_of(operation), operation)
        if operation.is_composable and not known.is_composable:
            self._operations[_call_of(operation)] = replace(known, is_composable=True)
        return operation

    def _result_of(
        self, path: str, node: _Node, call: Operation
    ) -> Iterator[tuple[str, _Resource]]:
        """Yield what a function returns, where paths go on from it, to read what is bound to that."""
        if call.kind == "Function" and call.returns and call.returns.type.name in self._types:
            yield path, _Resource(_Node(below=node.below), call.returns.type, None)
        else:
            self._skip(path, _Node(below=node.below), OTHERS)

    def _arguments(
        self, arguments: str, node: _Node, request: dict[str, object]
    ) -> tuple[Parameter, ...] | None:
        """Return the parameters of a function as its path spells them, None if it spells anything else."""
        given = {
            text(parameter.get("name")): parameter
            for parameter in self._parameters(node, request)
            if parameter.get("in") in ("path", "query")
        }
        found: list[Parameter] = []
        if arguments.count("=") > PARAMETERS:
            raise error(f"a function has more than {PARAMETERS} parameters", self._place)
        for spelled in split(arguments, ","):
            argument = ARGUMENT.fullmatch(spelled)
            if argument is None or not is_simple_name(argument["name"]):
                return None
            alias = argument["alias"]
            named = argument["value"] or (f"@{alias}" if f"@{alias}" in given else alias)
            value = self._parameter_value(given.get(named, {}))
            found.append(self._parameter(argument["name"], value))
        return tuple(found)

    def _action_parameters(self, request: dict[str, object]) -> tuple[Parameter, ...]:
        content = self._content(request.get("requestBody"))
        found = self._schemas.parameter_types(content.get("schema"))
        return tuple(self._parameter(name, value) for name, value in found.items())

    def _parameter(self, name: str, value: Value) -> Parameter:
        return Parameter(name=name, type=value.type, nullable=value.nullable, place=self._place)

    def _parameter_value(self, parameter: dict[str, object]) -> Value:
        """Return the value of a parameter of a function, which may be written as JSON."""
        written = self._content(parameter)
        return self._schemas.value(written.get("schema") or parameter.get("schema"))

    @cached_property
    def _own_calls(self) -> dict[_Call, None]:
        """The calls without those that a base type of their binding type has as well."""
        found: dict[_Call, None] = {}
        for call in self._operations:
            kind, name, binding, parameters = call
            bases = self._lineage(binding.name)[1:]
            same = ((kind, name, TypeRef(base, binding.collection), parameters) for base in bases)
            if not any(one in self._operations for one in same):
                found[call] = None
        return found

    # -- requests and responses

    def _parameters(self, node: _Node, request: dict[str, object]) -> Iterator[dict[str, object]]:
        for given in (node.item, request):
            parameters = items(given.get(_PARAMETERS))
            if len(parameters) > PARAMETERS:
                raise error(f"a request has more than {PARAMETERS} parameters", self._place)
            yield from map(self._components.resolve, parameters)

    def _parameter_names(self, node: _Node, request: dict[str, object]) -> Iterator[str]:
        return (text(parameter.get("name")) for parameter in self._parameters(node, request))

    def _key_name(self, node: _Node) -> str:
        """Return the property that is the key of the items at a path, empty if nothing says so."""
        last = ""
        for parameter in self._all_parameters(node):
            described = _KEY_NAME.match(text(parameter.get("description"))[:_LONGEST_DESCRIPTION])
            if parameter.get("in") == "path" and described:
                last = described["name"]
        return last

    def _named_key(self, path: str, type_name: str) -> str:
        """Return the property that the key at the end of a path is called after, empty if there is none.

        OpenAPI.NET.OData calls it `code` or `country-code`, and `code1` where the name is taken on the path.
        """
        name = path.rpartition("{")[2].rstrip("})'")
        names = (name, name.rpartition("-")[2])
        every = (*names, *(name.rstrip("0123456789") for name in names))
        return next((name for name in every if self._owner(type_name, name)), "")

    def _all_parameters(self, node: _Node) -> Iterator[dict[str, object]]:
        """Yield the parameters of a path and its requests, or those of a path further along it."""
        while not node.item and node.below:
            node = next(iter(node.below.values()))
        yield from self._parameters(node, {})
        for method in filter(node.item.__contains__, _METHODS):
            yield from self._parameters(_Node(), members(node.item[method]))

    def _result(self, request: dict[str, object]) -> Value | None:
        """Return the value that a request answers with, None for nothing."""
        if id(request) not in self._results:
            self._results[id(request)] = self._find_result(request)
        return self._results[id(request)]

    def _find_result(self, request: dict[str, object]) -> Value | None:
        for status, response in members(request.get("responses")).items():
            content = self._components.resolve(response).get("content")
            if not status.startswith("2") or not content:
                continue
            if _OCTETS in members(content):
                return Value(TypeRef("Edm.Stream"), nullable=True)  # which no stream says
            schema = members(self._content({"content": content}).get("schema"))
            return self._unwrapped(schema)
        return None

    def _unwrapped(self, schema: dict[str, object]) -> Value:
        """Return the value in the body of a response: collections and primitive values stand in `value`."""
        if self._components.type_name(schema):
            return self._schemas.value(schema)
        if found := self._components.find_items(schema):
            return self._schemas.value(found)
        inner = members(self._components.resolve(schema).get("properties"))
        return self._schemas.value(inner.get("value") or schema)

    def _body(self, request: dict[str, object]) -> Value | None:
        schema = members(self._content(request.get("requestBody")).get("schema"))
        return self._schemas.value(schema) if schema else None

    def _content(self, holder: object) -> dict[str, object]:
        """Return what a body or response says of its content as JSON, or of its only content."""
        content = members(self._components.resolve(holder).get("content"))
        found = content.get("application/json") or next(iter(content.values()), None)
        return members(found)

    def _is_octets(self, node: _Node) -> bool:
        for method in _STREAMED.keys() & node.item.keys():
            request = members(node.item[method])
            bodies = [request.get("requestBody"), *members(request.get("responses")).values()]
            contents = (members(self._components.resolve(body).get("content")) for body in bodies)
            if any(_OCTETS in content for content in contents):
                return True
        return False

    # -- types

    def _lineage(self, name: str) -> tuple[str, ...]:
        """Return a type and its base types, itself first.

        A circle of base types, or too many of them, end it: `validate` refuses such a model.
        """
        known = self._lineages.get(name)
        if known is None:
            chain: dict[str, None] = {}
            at = name
            while at in self._types and at not in chain and len(chain) < _DEEPEST:
                chain[at] = None
                at = self._types[at].base
            known = self._lineages[name] = tuple(chain)
        return known

    def _family(self, name: str) -> str:
        """Return the type without a base type that a type is derived from, or is itself."""
        return next(reversed(self._lineage(name)), name)

    def _find_member(
        self, type_name: str, name: str
    ) -> tuple[str, Property | NavigationProperty] | None:
        for owner in self._lineage(type_name):
            item = self._members[owner].get(name)
            if item:
                return owner, item
        return None

    def _owner(self, type_name: str, name: str) -> str:
        """Return the type that declares a property which a type has, empty if there is none."""
        found = self._find_member(type_name, name)
        return found[0] if found else ""

    def _typed(self) -> dict[str, StructuredType]:
        """Return the types with what the paths say of them."""
        return {
            name: replace(
                declared,
                kind="EntityType" if name in self._entities else "ComplexType",
                key=self._keys.get(name, ()),
                has_stream=self._has_media(name),
                properties=tuple(self._properties(declared)),
                navigation=tuple(self._navigation(declared)),
            )
            for name, declared in self._types.items()
        }

    def _has_media(self, name: str) -> bool:
        """Whether a type declares that its entities are streams: none of its base types does."""
        own, *bases = self._lineage(name)
        return own in self._media and not any(base in self._media for base in bases)

    @cached_property
    def _addressed(self) -> set[TypeRef]:
        """The types that paths lead to without a cast, single and in collections, with their base types."""
        steps = self._contained | {("", name) for name in self._sources}
        found: set[TypeRef] = set()
        for step in steps:
            owner, name = step
            ref = self._members[owner][name].type if owner else self._sources[name]
            offer = self._offers.get(step)
            forms = [ref.collection, *([False] if offer and offer.by_key else [])]
            found |= {TypeRef(base, form) for base in self._lineage(ref.name) for form in forms}
        return found

    @cached_property
    def _entities(self) -> set[str]:
        """The entity types: those that resources and navigation lead to, and all that inherit alike."""
        found = {*self._met, *self._keys}
        for declared in self._types.values():
            found.update(item.type.name for item in declared.navigation)
        families = set(map(self._family, found))
        return {name for name in self._types if self._family(name) in families}

    def _properties(self, declared: StructuredType) -> Iterator[Property]:
        for item in declared.properties:
            step = declared.name, item.name
            if step in self._streams:
                stream = replace(item, type=TypeRef("Edm.Stream"))
                yield replace(stream, annotations=self._restricted(step, STREAM, item))
            elif not self._is_navigation(item):
                yield item

    def _navigation(self, declared: StructuredType) -> Iterator[NavigationProperty]:
        for item in filter(self._is_navigation, declared.members()):
            step = declared.name, item.name
            contained, many = step in self._contained, item.type.collection
            forms = (COLLECTION, SINGLE) if contained else (REFERENCED, REFERENCED_ONE)
            reached = declared.name in self._reached
            yield NavigationProperty(
                name=item.name,
                type=item.type,
                nullable=item.nullable,
                contains_target=contained,
                annotations=(
                    self._restricted(step, forms[not many], item) if reached else item.annotations
                ),
                place=item.place,
            )

    def _is_navigation(self, item: Property | NavigationProperty) -> bool:
        """Whether a property is navigation: its schema says so, or it is of an entity type.

        Microsoft's tool says it of no property whose schema is a mere reference.
        """
        return isinstance(item, NavigationProperty) or item.type.name in self._entities

    @cached_property
    def _reached(self) -> set[str]:
        """The types to whose entities paths lead, with their base types, and those derived from them."""
        derived = (n for n in self._types if not self._met.isdisjoint(self._lineage(n)))
        return {owner for name in derived for owner in self._lineage(name)}

    def _restricted(
        self, step: Step, form: Form, item: Property | NavigationProperty
    ) -> tuple[Annotation, ...]:
        return (*item.annotations, *restrict(self._offers.get(step, Offer()), form))

    def _entity_source(self, name: str) -> EntitySource:
        ref = self._sources[name]
        form = COLLECTION if ref.collection else SINGLETON
        return EntitySource(
            kind="EntitySet" if ref.collection else "Singleton",
            name=name,
            type=ref.name,
            annotations=restrict(self._offers[("", name)], form),
            place=self._place,
        )


_OF_REFERENCES: dict[bool, dict[str, Kind]] = {
    True: {"get": "list_refs", "post": "add_ref"},
    False: {"get": "get_ref", "put": "set_ref", "delete": "remove_ref"},
}
"""The kinds of requests for references, of a collection (True) and of a single entity."""

_STREAMED: dict[str, Kind] = {"get": "content", "put": "put_content"}
_OF_STREAMS = (*_STREAMED, "delete")
"""The methods of requests for streams; DELETE needs no mention."""


def _kind(method: str, collection: bool) -> Kind | None:
    """Return the kind of a request to a collection, or to a single entity."""
    kinds: dict[str, Kind] = {"get": "list", "post": "create"}
    if not collection:
        kinds = {"get": "get", "patch": "update", "put": "update", "delete": "delete"}
    return kinds.get(method)
