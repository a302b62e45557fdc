"""The paths of an OpenAPI document → what CSDL declares of them.

That is entity sets and singletons, containment, keys, streams, operations, and restrictions: the requests
that the document lacks. A property is read at every path on which
it occurs, and offers what any of them does.

Source: OData to OpenAPI Mapping 1.0, section 4.5; OData URL conventions (Part 2), section 4.
"""

from __future__ import annotations

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
)
from graph_codegen.csdl.identifiers import RESERVED, is_dotted_name, is_simple_name
from graph_codegen.csdl.vocabulary import Kind
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
from graph_codegen.openapi.values import items, members, text
from graph_codegen.text import shorten

BINDING = "bindingParameter"
"""What the binding parameter of an operation is called: no path has its name."""

_DEEPEST = 100
_METHODS = frozenset({"get", "put", "post", "patch", "delete"})
_OCTETS = "application/octet-stream"
_VALUE = "$value"

_KEY = re.compile(r"\{[^{}]+\}")
_KEY_NAME = re.compile(r"key: (?P<name>\S+) of ")
"""How the description of a path parameter names the property that is the key: `key: id of call`."""

_CALL = re.compile(r"(?P<name>[^()]+)\((?P<arguments>.*)\)")
_ARGUMENT = re.compile(r"(?P<name>[^=,]+)='?(?:\{(?P<value>[^{}]+)\}|@(?P<alias>[^,']+))'?")

Step = tuple[str, str]
"""A property, by the type that declares it and its name; an entity set or singleton has no type."""


@dataclass(slots=True)
class _Node:
    """A path: the requests at its end, and the paths that go on from it, by their next segment."""

    item: dict[str, object] = field(default_factory=dict[str, object])
    below: dict[str, _Node] = field(default_factory=dict[str, "_Node"])


@dataclass(frozen=True, slots=True)
class _Resource:
    """A resource that a path leads to; `step` is the property or source that leads to it, if it has one."""

    node: _Node
    type: TypeRef
    step: Step | None
    by_key: bool = False


@dataclass(frozen=True, slots=True)
class Declared:
    """What the paths of a document declare: sources and operations, and the types with what they say.

    `unread` are paths that were not understood, or whose requests nothing here declares.
    """

    types: dict[str, StructuredType]
    sources: tuple[EntitySource, ...]
    operations: tuple[Operation, ...]
    unread: tuple[str, ...]


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
        self._offers: dict[Step, Offer] = {}
        self._met: set[str] = set()
        """The types of resources."""
        self._contained: set[Step] = set()
        self._streams: set[Step] = set()
        self._media: dict[str, None] = {}
        """The types of entities that are streams themselves."""
        self._keys: dict[str, tuple[str, ...]] = {}
        """The keys, by the types that declare them."""
        self._operations: dict[tuple[object, ...], Operation] = {}
        self._unread: list[str] = []
        self._referring: list[tuple[str, _Node, Step]] = []
        """The paths of references, which only properties have that contain nothing."""
        self._reading: list[tuple[str, _Node, _Resource]] = []
        """The paths on which items of a collection can be read, and no more than that."""

    def read(self) -> Declared:
        """Return what the paths declare."""
        pending: list[tuple[str, _Resource]] = []
        sources: dict[str, TypeRef] = {}
        for name, node in self._tree().below.items():
            ref = self._source(name, node)
            if ref is None:
                self._skip(f"/{name}", node)
            else:
                sources[name] = ref
                pending.append((f"/{name}", _Resource(node, ref, ("", name))))
        while pending:
            path, at = pending.pop()
            pending.extend(self._resource(path, at))
        self._settle()
        return Declared(
            types=self._typed(),
            sources=tuple(self._entity_source(name, ref) for name, ref in sources.items()),
            operations=tuple(self._narrowed()),
            unread=tuple(self._unread),
        )

    def _settle(self) -> None:
        """Decide what is contained of which items can only be read, and note what is not read then.

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
                self._skip(path, _Node(node.item))
        for path, node, step in self._referring:
            if step in self._contained:
                self._skip(path, node)

    # -- the walk

    def _tree(self) -> _Node:
        root = _Node()
        for path, item in members(self._components.root.get("paths")).items():
            node = root
            segments = _split(path)
            if len(segments) > SEGMENTS:
                message = f"a path of more than {SEGMENTS} segments: {shorten(path)}"
                raise error(message, self._place)
            for segment in segments:
                node = node.below.setdefault(segment, _Node())
            node.item = self._components.resolve(item)
        return root

    def _source(self, name: str, node: _Node) -> TypeRef | None:
        """Return the type of an entity set or singleton, None for any other path at the root."""
        if not is_simple_name(name):
            return None
        for method in ("get", "patch", "put", "post"):
            request = members(node.item.get(method))
            value = self._result(request) or self._body(request)
            if value and value.type.name in self._types:
                return TypeRef(value.type.name, value.type.collection or method == "post")
        item = next((below for key, below in node.below.items() if _KEY.fullmatch(key)), None)
        ref = self._source(name, item) if item else None
        return TypeRef(ref.name, collection=True) if ref else None

    def _resource(self, path: str, at: _Resource) -> Iterator[tuple[str, _Resource]]:
        """Read the requests of a resource, and yield the resources below it."""
        if at.step:
            self._met.add(at.type.name)
            self._requests(self._offers.setdefault(at.step, Offer()), at)
        for segment, node in at.node.below.items():
            below = f"{path}/{segment}"
            member = self._find_member(at.type.name, segment)
            if _KEY.fullmatch(segment) and at.type.collection:
                yield from self._item(below, node, at)
            elif segment == "$count":
                self._numbered(below, node, at)
            elif segment == "$ref" and at.step:
                self._references(below, node, at)
            elif segment == _VALUE and not at.type.collection:
                self._stream(node, (at.type.name, _VALUE))
            elif member and not at.type.collection:
                yield from self._member(below, node, at, *member)
            elif self._is_cast(segment, node, at):
                yield from self._cast(below, node, TypeRef(segment, at.type.collection))
            elif call := self._call(segment, node, at.type):
                self._contain(at.step)
                yield from self._result_of(below, node, call)
            else:
                self._skip(below, node)

    def _item(self, path: str, node: _Node, at: _Resource) -> Iterator[tuple[str, _Resource]]:
        key = self._key_name(node) or self._named_key(path, at.type.name)
        owner = key and self._owner(at.type.name, key)
        if not key or not owner:
            self._skip(path, node)
            return
        self._keys.setdefault(owner, (key,))
        if at.step:
            self._offers[at.step].by_key = True
            methods = {*node.item} & _METHODS
            if methods == {"get"}:
                self._reading.append((path, node, at))
            elif methods:
                self._contain(at.step)
        yield path, _Resource(node, TypeRef(at.type.name), at.step, by_key=True)

    def _numbered(self, path: str, node: _Node, at: _Resource) -> None:
        """Read the request for the number of entities in a collection."""
        if at.step and at.type.collection:
            self._offers[at.step].kinds.update({"count"} if "get" in node.item else ())
            node = _Node(below=node.below)
        self._skip(path, node)

    def _is_cast(self, segment: str, node: _Node, at: _Resource) -> bool:
        """Whether a segment names a type that is derived from that of the resource in front of it."""
        return at.type.name in self._lineage(segment)[1:] and "post" not in node.item

    def _cast(self, path: str, node: _Node, ref: TypeRef) -> Iterator[tuple[str, _Resource]]:
        """Yield a resource as one of a derived type: only what that type adds has a path there."""
        self._skip(path, _Node(node.item))
        numbered = node.below.get("$count", _Node())
        self._skip(f"{path}/$count", numbered)
        below = {name: one for name, one in node.below.items() if name != "$count"}
        if below:
            self._met.add(ref.name)
            yield path, _Resource(_Node(below=below), ref, None)

    def _member(
        self,
        path: str,
        node: _Node,
        at: _Resource,
        owner: str,
        item: Property | NavigationProperty,
    ) -> Iterator[tuple[str, _Resource]]:
        step = owner, item.name
        if isinstance(item, NavigationProperty) or item.type.name in self._types:
            self._contain(at.step)
            if any(method in _METHODS - {"get"} for method in node.item):
                self._contain(step)
            yield path, _Resource(node, item.type, step)
        elif self._is_octets(node):
            self._stream(node, step)
        else:
            self._skip(path, node)

    def _contain(self, step: Step | None) -> None:
        """Note that a property contains what it leads to: more than to read it is possible on its path."""
        if step:
            self._contained.add(step)

    def _requests(self, offer: Offer, at: _Resource) -> None:
        """Add the requests of a resource to what the property offers that leads to it."""
        for method, request in at.node.item.items():
            kind = _kind(method, at.type.collection)
            if kind is None:
                continue
            offer.kinds.add(kind)
            if kind in ("list", "get"):
                offer.options |= options_of(self._parameter_names(at.node, members(request)))
            offer.by_put = offer.by_put or (method == "put" and "patch" not in at.node.item)

    def _references(self, path: str, node: _Node, at: _Resource) -> None:
        """Read the requests for references, which only entities that are contained elsewhere have."""
        assert at.step
        kinds = _OF_REFERENCES[at.type.collection]
        self._offers[at.step].kinds.update(kinds[m] for m in kinds.keys() & node.item.keys())
        self._referring.append((path, node, at.step))

    def _stream(self, node: _Node, step: Step) -> None:
        if step[1] == _VALUE:
            self._media[step[0]] = None
        else:
            self._streams.add(step)
        kinds = self._offers.setdefault(step, Offer()).kinds
        kinds.update(kind for method, kind in _STREAMED.items() if method in node.item)

    def _skip(self, path: str, node: _Node) -> None:
        """Note that the requests at a path, and further along it, are not read."""
        pending = [(path, node)]
        while pending:
            path, node = pending.pop()
            self._unread.extend(f"{m.upper()} {path}" for m in node.item if m in _METHODS)
            pending.extend((f"{path}/{segment}", below) for segment, below in node.below.items())

    # -- operations

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
            if request.get("x-ms-docs-operation-type") not in ("action", "function"):
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
        same = (operation.kind, name, binding, tuple(p.name for p in own))
        known = self._operations.setdefault(same, operation)
        if operation.is_composable and not known.is_composable:
            self._operations[same] = replace(known, is_composable=True)
        return operation

    def _result_of(
        self, path: str, node: _Node, call: Operation
    ) -> Iterator[tuple[str, _Resource]]:
        """Yield what a function returns, where paths go on from it, to read what is bound to that."""
        if call.kind == "Function" and call.returns and call.returns.type.name in self._types:
            yield path, _Resource(_Node(below=node.below), call.returns.type, None)
        else:
            for segment, below in node.below.items():
                self._skip(f"{path}/{segment}", below)

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
        for spelled in filter(None, _split(arguments, ",")):
            argument = _ARGUMENT.fullmatch(spelled)
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
        return tuple(self._parameter(name, value) for name, value in found)

    def _parameter(self, name: str, value: Value) -> Parameter:
        return Parameter(name=name, type=value.type, nullable=value.nullable, place=self._place)

    def _parameter_value(self, parameter: dict[str, object]) -> Value:
        """Return the value of a parameter of a function, which may be written as JSON."""
        written = self._content(parameter)
        return self._schemas.value(written.get("schema") or parameter.get("schema"))

    def _narrowed(self) -> Iterator[Operation]:
        """Yield the operations without those that a base type of their binding type has as well."""
        for (kind, name, binding, parameters), operation in self._operations.items():
            assert isinstance(binding, TypeRef)
            bases = self._lineage(binding.name)[1:]
            same = ((kind, name, TypeRef(base, binding.collection), parameters) for base in bases)
            if not any(one in self._operations for one in same):
                yield operation

    # -- requests and responses

    def _parameters(self, node: _Node, request: dict[str, object]) -> Iterator[dict[str, object]]:
        for given in (node.item, request):
            yield from map(self._components.resolve, items(given.get("parameters")))

    def _parameter_names(self, node: _Node, request: dict[str, object]) -> Iterator[str]:
        return (text(parameter.get("name")) for parameter in self._parameters(node, request))

    def _key_name(self, node: _Node) -> str:
        """Return the property that is the key of the items at a path, empty if nothing says so."""
        last = ""
        for parameter in self._all_parameters(node):
            described = _KEY_NAME.match(text(parameter.get("description")))
            if parameter.get("in") == "path" and described:
                last = described["name"]
        return last

    def _named_key(self, path: str, type_name: str) -> str:
        """Return the property that the key at the end of a path is called after, empty if there is none.

        OpenAPI.NET.OData calls it `code` or `country-code`, and `code1` where the name is taken on the path.
        """
        name = path.rpartition("{")[2].rstrip("})")
        names = (name, name.rpartition("-")[2])
        every = (*names, *(name.rstrip("0123456789") for name in names))
        return next((name for name in every if self._owner(type_name, name)), "")

    def _all_parameters(self, node: _Node) -> Iterator[dict[str, object]]:
        """Yield the parameters of a path and its requests, or those of a path further along it."""
        while not node.item and node.below:
            node = next(iter(node.below.values()))
        yield from self._parameters(node, {})
        for method in _METHODS & node.item.keys():
            yield from self._parameters(_Node(), members(node.item[method]))

    def _result(self, request: dict[str, object]) -> Value | None:
        """Return the value that a request answers with, None for nothing."""
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
    def _entities(self) -> set[str]:
        """The entity types: those that resources and navigation lead to, and all that inherit alike."""
        found = {*self._met, *self._keys}
        for declared in self._types.values():
            found.update(item.type.name for item in declared.navigation)
        roots = {lineage[-1] for name in found if (lineage := self._lineage(name))}
        return {name for name in self._types if self._lineage(name)[-1] in roots}

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

    def _entity_source(self, name: str, ref: TypeRef) -> EntitySource:
        form = COLLECTION if ref.collection else SINGLETON
        return EntitySource(
            kind="EntitySet" if ref.collection else "Singleton",
            name=name,
            type=ref.name,
            annotations=restrict(self._offers[("", name)], form),
            place=self._place,
        )


_OF_REFERENCES: dict[bool, dict[str, Kind]] = {
    True: {"get": "list_refs", "post": "add_ref", "delete": "remove_ref"},
    False: {"get": "get_ref", "put": "set_ref", "delete": "remove_ref"},
}
"""The kinds of requests for references, of a collection (True) and of a single entity."""

_STREAMED: dict[str, Kind] = {"get": "content", "put": "put_content"}


def _kind(method: str, collection: bool) -> Kind | None:
    """Return the kind of a request to a collection, or to a single entity."""
    kinds: dict[str, Kind] = {"get": "list", "post": "create"}
    if not collection:
        kinds = {"get": "get", "patch": "update", "put": "update", "delete": "delete"}
    return kinds.get(method)


def _split(path: str, at: str = "/") -> list[str]:
    """Split a path into its segments, but not inside of parentheses, quotes or braces."""
    found, depth, quoted = [""], 0, False
    for character in path:
        quoted = quoted != (character == "'")
        depth += (character in "({") - (character in ")}")
        if character == at and not quoted and depth <= 0:
            found.append("")
        else:
            found[-1] += character
    return [segment for segment in found if segment]
