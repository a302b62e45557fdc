"""The effect of a change on the methods of the generated client.

Whether an operation, a contained property or a capability matters to a program depends on whether
the client has a method for it. So the methods of both clients are compared, and each changed method is
attributed to the CSDL elements on its request path.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from functools import cached_property

from graph_codegen.csdl.ast import NavigationProperty, Operation, TypeRef, split_name
from graph_codegen.diff.change.changes import operation_subject
from graph_codegen.diff.verdict.parts import Parts, rename_types
from graph_codegen.diff.verdict.rules import Effect, Part
from graph_codegen.emit.method_names import NO_OFFERS, Offer, Path, class_prefix, client_methods
from graph_codegen.emit.methods import Method
from graph_codegen.emit.names import NO_NAMES
from graph_codegen.model.model import Model
from graph_codegen.service.requests import STREAM, Offers, Request, list_offers


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodChanges:
    """Methods, by their attribute paths in the client, that are removed, added or altered.

    An altered method is as good as removed if it `loses_overload`: it now calls another one, which lacks
    something that the old one took. So it is if one of the client's options gave way to a parameter of its
    name: those are `displaced`.
    """

    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()
    effect: Effect = Effect.INVISIBLE
    loses_overload: bool = False
    displaced: frozenset[str] = frozenset()

    @property
    def losses(self) -> frozenset[str]:
        """The methods that are removed, or altered so that calls of them break."""
        return frozenset((*self.removed, *(self.altered if self.effect.breaks else ())))

    def adding(self, more: MethodChanges, losses: Set[str], gains: Set[str]) -> MethodChanges:
        """Return this with those of further changes that are among `losses` and `gains`."""
        lost = more.losses & losses
        return replace(
            self,
            removed=tuple(sorted({*self.removed, *(lost & {*more.removed})})),
            added=tuple(sorted({*self.added, *({*more.added} & gains)})),
            altered=tuple(sorted({*self.altered, *(lost & {*more.altered})})),
            effect=Effect.BOTH if lost else self.effect,
            loses_overload=self.loses_overload or bool(lost),
        )


UNCHANGED = MethodChanges()


_Methods = Mapping[str, Method]
"""Methods by resource and name: a resource has the same methods at each of its paths."""


class Surface:
    """The methods that differ between two clients, indexed by the elements that they depend on.

    `renamed` maps old names of types to new ones, `client` names the root that is the client; `given` are
    the names that someone gave to elements.
    """

    def __init__(
        self,
        old: Model,
        new: Model,
        renamed: Mapping[str, str],
        client: str = "",
        given: Mapping[str, str] = NO_NAMES,
    ) -> None:
        self._models = old, new
        self._renamed = renamed
        self._client = client
        self._given = given

    def with_part(self, part: Part) -> Surface:
        """Return what one part of the changes does to the old client: see `parts`."""
        old, _ = self._models
        found = Surface(old, self._parts.model(part), {}, self._client, self._given)
        # The same client, which takes time to make.
        found._old_requests, found._old_offers = self._old_requests, self._old_offers
        found._old_keyed = self._old_keyed
        return found

    @cached_property
    def _parts(self) -> Parts:
        old, new = self._models
        back = {name: before for before, name in self._renamed.items()}
        return Parts(old, rename_types(new, back))

    # -- the methods of both clients

    @cached_property
    def losses(self) -> frozenset[str]:
        """The methods that the new client lacks, or in which calls of the old one break."""
        altered = (old.python for old, new in self._altered.values() if _effect(old, new).breaks)
        return frozenset((*(method.python for method in self._removed.values()), *altered))

    @cached_property
    def gains(self) -> frozenset[str]:
        """The methods that only the new client has."""
        return frozenset(method.python for method in self._added.values())

    @property
    def methods(self) -> tuple[Collection[Method], Collection[Method]]:
        """The methods of both clients, those of each resource once."""
        return self._old.values(), self._new.values()

    @property
    def requests(self) -> Iterator[Request]:
        """The requests of the old client."""
        return (method.request for method in self._old.values())

    @cached_property
    def _old_requests(self) -> Offers:
        return list_offers(self._models[0])

    @cached_property
    def _old_offers(self) -> Mapping[Path, Offer]:
        return self._offers(self._models[0], self._old_requests)

    @cached_property
    def _old(self) -> _Methods:
        old = _joined(self._old_keyed)
        return (
            {self._renamed_key(key): method for key, method in old.items()}
            if self._renamed
            else old
        )

    @cached_property
    def _old_keyed(self) -> Mapping[Path, _Methods]:
        return {path: _keyed(offer) for path, offer in self._old_offers.items()}

    @cached_property
    def _new(self) -> _Methods:
        new = self._models[1]
        requests = list_offers(new, self._old_requests)
        offers = self._offers(new, requests, self._old_offers)
        return _joined(
            {
                path: (
                    self._old_keyed[path] if self._old_offers.get(path) is offer else _keyed(offer)
                )
                for path, offer in offers.items()
            }
        )

    def _offers(
        self, model: Model, requests: Offers, known: Mapping[Path, Offer] = NO_OFFERS
    ) -> Mapping[Path, Offer]:
        return client_methods(model, requests, self._client, self._given, known)

    def _renamed_key(self, key: str) -> str:
        """Return a key with the type at its beginning renamed."""
        owner, slash, rest = key.partition("/")
        return self._renamed.get(owner, owner) + slash + rest

    def _resource(self, method: Method) -> str:
        return self._renamed_key(resource_of(method.request))

    @cached_property
    def renames_client(self) -> bool:
        """Whether the client class was renamed, which moves every method."""
        old, new = (class_prefix(model, self._client) for model in self._models)
        return bool(self._old) and old != new

    @cached_property
    def _called(self) -> frozenset[str]:
        return frozenset(
            operation_subject(method.request.operation)
            for method in (*self._old.values(), *self._new.values())
            if method.request.operation
        )

    def calls_operation(self, subject: str) -> bool:
        """Whether either client has a method that calls the operation with that subject."""
        return subject in self._called

    def leads_to_methods(self, subject: str) -> bool:
        """Whether a property is a navigation property or a stream in either model: no other has methods."""
        owner, _, name = subject.partition("/")
        found = (model.own(owner, name) for model in self._models)
        return any(isinstance(i, NavigationProperty) or (i and i.type == STREAM) for i in found)

    # -- the methods that differ

    @cached_property
    def _removed(self) -> Mapping[str, Method]:
        return _without(self._old, self._new)

    @cached_property
    def _added(self) -> Mapping[str, Method]:
        return _without(self._new, self._old)

    @cached_property
    def _altered(self) -> Mapping[str, tuple[Method, Method]]:
        return {
            key: (method, self._new[key])
            for key, method in self._old.items()
            if self._new.get(key, method) is not method and _is_altered(method, self._new[key])
        }

    @cached_property
    def _direct(self) -> Mapping[str, set[str]]:
        """The keys of changed methods, by the elements that they depend on directly."""
        old, new = self._models
        found: dict[str, set[str]] = {}
        for model, other, methods in ((old, new, self._removed), (new, old, self._added)):
            _index(found, ((key, _subjects(model, m.request)) for key, m in methods.items()))
            detours = [(key, name) for key, m in methods.items() for name in _detours(m.request)]
            ways = _shorter_ways(other, {name for _, name in detours})
            _index(found, ((key, ways[name]) for key, name in detours))
        for index, model in enumerate((old, new)):
            both = ((key, _subjects(model, p[index].request)) for key, p in self._altered.items())
            _index(found, both)
        return found

    @cached_property
    def _indirect(self) -> Mapping[str, set[str]]:
        """The keys of methods that another path or another key takes along, by the elements on the path.

        Those are the methods of resources that were added or removed as a whole, and those with other keys.
        """
        found: dict[str, set[str]] = {}
        rekeyed = (
            (key, old) for key, (old, new) in self._altered.items() if _has_other_key(old, new)
        )
        _index(found, ((key, _path_elements(old.request)) for key, old in rekeyed))
        for methods, others in ((self._removed, self._new), (self._added, self._old)):
            if not methods:
                continue
            kept = {self._resource(method) for method in others.values()}
            lost = ((k, m) for k, m in methods.items() if self._resource(m) not in kept)
            _index(found, ((key, _path_elements(method.request)) for key, method in lost))
        return found

    def changes(
        self,
        subjects: Iterable[str],
        *,
        below: bool,
        concerned: Callable[[Request, Request], bool] | None = None,
    ) -> MethodChanges:
        """Return the changes of the methods that depend on subjects.

        `below` includes the methods that come, go or change with a path which leads through a subject.
        `concerned` says whether methods count with their requests in both clients, by default all do.
        """
        keys: set[str] = set()
        for subject in subjects:
            keys |= self._direct.get(subject, set())
            if below:
                keys |= self._indirect.get(subject, set())
        if concerned:
            keys = {key for key in keys if concerned(*self._requests(key))}
        removed = sorted(self._removed[key].python for key in keys & self._removed.keys())
        added = sorted(self._added[key].python for key in keys & self._added.keys())
        altered = {key: self._altered[key] for key in keys & self._altered.keys()}
        effects = {_effect(old, new) for old, new in altered.values()}
        return MethodChanges(
            removed=tuple(removed),
            added=tuple(added),
            altered=tuple(sorted(new.python for _, new in altered.values())),
            effect=_overall_effect(bool(removed), bool(added), effects),
            loses_overload=any(_loses_overload(old, new) for old, new in altered.values()),
            displaced=frozenset(name for pair in altered.values() for name in _displaced(*pair)),
        )

    def _requests(self, key: str) -> tuple[Request, Request]:
        """Return the requests of a method in both clients; of a client without it that of the other."""
        old, new = self._old.get(key) or self._new[key], self._new.get(key) or self._old[key]
        return old.request, new.request

    def subjects_of(self, operations: Iterable[str]) -> set[str]:
        """Return the subjects of all operations with these full names."""
        return {subject for name in operations for subject in self._called_by_name.get(name, ())}

    @cached_property
    def _called_by_name(self) -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = {}
        for subject in self._called:
            found.setdefault(subject.partition("(")[0], set()).add(subject)
        return found


def _without(methods: _Methods, others: _Methods) -> Mapping[str, Method]:
    """Return the methods that the others lack by key, and that are called otherwise there.

    A method is called the same at the same path, or at the same resource of a type by its name in Python.
    """
    left = {key: method for key, method in methods.items() if key not in others}
    names = {(method.owner[-1:], method.name) for method in left.values()}
    alike = (method for method in others.values() if (method.owner[-1:], method.name) in names)
    known = {call for method in alike for call in _calls(method)}
    return {key: method for key, method in left.items() if known.isdisjoint(_calls(method))}


def _calls(method: Method) -> Iterator[tuple[object, ...]]:
    keywords = _keywords(method)
    yield method.python, _key_parts(method.request), keywords
    owner, slash, _ = resource_of(method.request).partition("/")
    if slash and not method.request.result:
        yield owner, method.owner[-1], method.name, keywords


def _index(found: dict[str, set[str]], keyed: Iterable[tuple[str, Iterable[str]]]) -> None:
    for key, subjects in keyed:
        for subject in subjects:
            found.setdefault(subject, set()).add(key)


def _overall_effect(removed: bool, added: bool, altered: set[Effect]) -> Effect:
    if removed or Effect.BOTH in altered:
        return Effect.BOTH
    if added or Effect.ADDITIVE in altered:
        return Effect.ADDITIVE
    return Effect.INVISIBLE


_Keywords = tuple[bool, frozenset[tuple[str, str]], frozenset[str]]


def _keywords(method: Method) -> _Keywords:
    """Return how a method is called: on a collection or not, and with which keywords.

    Those are the keywords that it accepts and those that it requires. A keyword that it accepts comes
    with the option that it is, empty for a parameter.
    """
    options = _options(method)
    return (
        method.request.target.collection,
        frozenset(
            [
                *((argument.name, "") for argument in method.parameters),
                *((name, option) for option, name in options.items()),
            ]
        ),
        frozenset(argument.name for argument in method.parameters if argument.required),
    )


def _is_altered(old: Method, new: Method) -> bool:
    return _has_other_key(old, new) or _keywords(old) != _keywords(new)


def _has_other_key(old: Method, new: Method) -> bool:
    """Whether the key of a resource has more or fewer parts; at another path it is another key."""
    paths = old.request.segments, new.request.segments
    return paths[0] == paths[1] and _key_parts(old.request) != _key_parts(new.request)


def _key_parts(request: Request) -> int:
    """Return how many properties are the last key on a path: each of them is an argument."""
    parts: list[str] = []
    for key in reversed(request.keys):
        if key.type != request.keys[-1].type or key.property in parts:
            break
        parts.append(key.property)
    return len(parts)


def _options(method: Method) -> dict[str, str]:
    """Return the keywords of the options that a method takes."""
    return {option.plain_name: option.name for option in method.options}


def _effect(old: Method, new: Method) -> Effect:
    on_collection, accepted, required = _keywords(old)
    now_on_collection, now_accepted, now_required = _keywords(new)
    moved = on_collection != now_on_collection or _has_other_key(old, new)
    breaks = moved or accepted - now_accepted or now_required - required
    return Effect.BOTH if breaks else Effect.ADDITIVE


def _loses_overload(old: Method, new: Method) -> bool:
    before, after = (
        operation_subject(request.operation) if request.operation else ""
        for request in (old.request, new.request)
    )
    return before != after and _effect(old, new).breaks


def _displaced(old: Method, new: Method) -> Iterator[str]:
    """Yield the names of options that are called otherwise in the new client."""
    after = _options(new)
    return (name for option, name in _options(old).items() if after.get(option, name) != name)


def _keyed(offer: Offer) -> _Methods:
    """Return the methods of an offer by resource and name."""
    return {method_key(method): method for method in offer.methods}


def _joined(keyed: Mapping[Path, _Methods]) -> _Methods:
    """Return the methods of a client."""
    found: dict[str, Method] = {}
    for methods in keyed.values():
        found |= methods
    return found


def method_key(method: Method) -> str:
    """Return the resource and name of a method, which are the same at each path of the resource."""
    request, name = method.request, method.name
    if request.result:  # its name comes after that of the function that it is behind
        rest = len(request.segments) - len(request.owner_segments) - (request.target == STREAM)
        name = ".".join((*method.owner, name)[-2 - rest :])
    return f"{resource_of(request)}/{name}"


def resource_of(request: Request) -> str:
    """Return the last property on the path to the resource that has the method, which no stream has.

    That of a method behind a function is what the function is bound to.
    """
    steps = request.steps[:-1] if request.target == STREAM else request.steps
    if request.result:
        steps = request.steps[: len(request.owner_segments) - 1]
    return steps[-1] if steps else request.segments[0]


def _path_elements(request: Request) -> Iterable[str]:
    """Return the entity set or singleton, and every property, on the path of a request."""
    return {request.segments[0], *request.steps}


def _subjects(model: Model, request: Request) -> Iterable[str]:
    """Return the elements that a request depends on directly.

    They are its resource, the type of the resource and of the last key with their base types, the
    operation, and the composable function in front of it. Overloads count as well, since they affect the
    names of methods: those bound to base types, and for a collection those bound to its items.
    """
    at = request.steps[-1] if request.steps else request.segments[0]
    function = request.through
    binding = function.binding.type if function and function.binding else request.target
    keys = [key.type for key in request.keys[-1:]]
    types = [request.target.name, binding.name, *keys, *_casts(request)]
    found = {
        at,
        *_behind(request),
        *(declared.name for name in types for declared in model.lineage(name)),
    }
    for operation, target in ((function, binding), (request.operation, request.target)):
        if operation:
            found |= _overloads(model, operation, target, keys)
    return found


def _casts(request: Request) -> Iterator[str]:
    """Yield the derived types that the path of a request names."""
    return (segment for segment in request.segments if split_name(segment)[0])


def _behind(request: Request) -> tuple[str, ...]:
    """Return the properties on a path behind the function that it goes through."""
    return request.steps[len(request.owner_segments) - 1 :] if request.result else ()


def _detours(request: Request) -> Iterator[str]:
    """Yield the types whose members are on a path after a cast, or behind a function."""
    yield from _casts(request)
    yield from (step.rpartition("/")[0] for step in _behind(request))


def _shorter_ways(model: Model, names: Set[str]) -> Mapping[str, Set[str]]:
    """Return what leads to types without a detour: entity sets, singletons and properties."""
    if not names:
        return {}
    leading: dict[str, list[str]] = {}
    for source in model.sources:
        leading.setdefault(source.type, []).append(source.name)
    for declared in model.structured():
        for item in declared.navigation:
            leading.setdefault(item.type.name, []).append(f"{declared.name}/{item.name}")
    return {
        name: {way for each in (name, *model.descendants(name)) for way in leading.get(each, ())}
        for name in names
    }


def _overloads(
    model: Model, operation: Operation, target: TypeRef, keys: Iterable[str]
) -> set[str]:
    lineage = [declared.name for name in (target.name, *keys) for declared in model.lineage(name)]
    bindings = [TypeRef(owner, target.collection) for owner in lineage]
    bindings += [TypeRef(owner) for owner in lineage if target.collection]
    return {operation_subject(operation), *(f"{operation.name}({each})" for each in bindings)}
