"""What a change does to the methods of the generated client.

Whether an operation, a contained property or a capability matters to a program depends on whether
the client has a method for it. So both clients' methods are compared, and each that differs is laid
to the elements that its request goes through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from graph_codegen.csdl.ast import TypeRef
from graph_codegen.diff.change.changes import operation_subject
from graph_codegen.diff.verdict.rules import Effect
from graph_codegen.emit.method_names import attributes, class_prefix, name_methods
from graph_codegen.emit.methods import may_be_left_out, query_options
from graph_codegen.emit.names import parameter_name
from graph_codegen.model.model import Model
from graph_codegen.service.requests import STREAM, Request, list_offers


@dataclass(frozen=True, slots=True)
class Signature:
    """What a method is called on, a collection or one item; and its keywords, with those it needs."""

    on_collection: bool
    required: frozenset[str]
    accepted: frozenset[str]


@dataclass(frozen=True, slots=True)
class Touched:
    """Methods, by their attribute path in the client, that a change takes away, adds or alters."""

    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()
    effect: Effect = Effect.INVISIBLE

    def added_only(self) -> Touched:
        """Return what becomes of this for a cause that can take nothing away."""
        gains = self.added or (self.altered and self.effect is Effect.ADDITIVE)
        return Touched((), self.added, self.altered, Effect.ADDITIVE if gains else Effect.INVISIBLE)

    def removed_only(self) -> Touched:
        """Return what becomes of this for a cause that can add nothing."""
        loses = self.effect is Effect.BOTH
        return Touched(self.removed, (), self.altered, Effect.BOTH if loses else Effect.INVISIBLE)


UNTOUCHED = Touched()


@dataclass(frozen=True, slots=True)
class _Method:
    """A method: where it is in the client by the shortest way, its resource, what it sends and takes.

    The resource is the last property on the path, or the entity set or singleton.
    """

    python: str
    resource: str
    request: Request
    signature: Signature


_Methods = Mapping[str, _Method]
"""Methods by resource and name, so that one is the same wherever its resource lies."""


class Surface:
    """The methods that two clients do not have in common, by what their requests go through.

    `renamed` are the new names of types by their old ones.
    """

    def __init__(self, old: Model, new: Model, renamed: Mapping[str, str]) -> None:
        self._models = old, new
        self._renamed = renamed

    # -- what both have

    @cached_property
    def _old(self) -> _Methods:
        return {self._now(key): method for key, method in _methods(self._models[0]).items()}

    @cached_property
    def _new(self) -> _Methods:
        return _methods(self._models[1])

    def _now(self, name: str) -> str:
        """Return a resource, or what begins with one, by the new name of its type."""
        owner, slash, rest = name.partition("/")
        return self._renamed.get(owner, owner) + slash + rest

    @cached_property
    def renames_client(self) -> bool:
        """Whether the class of a client that has methods, and the way to all of them, is another."""
        old, new = self._models
        return bool(self._old) and class_prefix(old) != class_prefix(new)

    @cached_property
    def _called(self) -> frozenset[str]:
        return frozenset(
            operation_subject(method.request.operation)
            for method in (*self._old.values(), *self._new.values())
            if method.request.operation
        )

    def calls(self, subject: str) -> bool:
        """Whether either client has a method for an operation, given by its subject."""
        return subject in self._called

    # -- where they differ

    @cached_property
    def _gone(self) -> Mapping[str, _Method]:
        return _without(self._old, self._new)

    @cached_property
    def _come(self) -> Mapping[str, _Method]:
        return _without(self._new, self._old)

    @cached_property
    def _altered(self) -> Mapping[str, tuple[_Method, _Method]]:
        return {
            key: (method, self._new[key])
            for key, method in self._old.items()
            if key in self._new and method.signature != self._new[key].signature
        }

    @cached_property
    def _here(self) -> Mapping[str, set[str]]:
        """The keys of methods that differ, by what they hang on themselves."""
        old, new = self._models
        found: dict[str, set[str]] = {}
        for model, methods in ((old, self._gone), (new, self._come)):
            _index(found, ((key, _subjects(model, m.request)) for key, m in methods.items()))
        for index, model in enumerate((old, new)):
            both = ((key, _subjects(model, p[index].request)) for key, p in self._altered.items())
            _index(found, both)
        return found

    @cached_property
    def _below(self) -> Mapping[str, set[str]]:
        """The keys of methods whose whole resource has come or gone, by what leads to it."""
        found: dict[str, set[str]] = {}
        for methods, others in ((self._gone, self._new), (self._come, self._old)):
            there = {self._now(method.resource) for method in others.values()}
            lost = ((k, m) for k, m in methods.items() if self._now(m.resource) not in there)
            _index(found, ((key, _way(method.request)) for key, method in lost))
        return found

    def touched(self, subjects: Iterable[str], *, below: bool, operations: bool = True) -> Touched:
        """Return the methods that differ among those which hang on subjects.

        `below` says that the subjects lead to resources, whose methods come and go with them;
        `operations` is false where those of actions and functions are no concern of theirs.
        """
        keys: set[str] = set()
        for subject in subjects:
            keys |= self._here.get(subject, set())
            if below:
                keys |= self._below.get(subject, set())
        if not operations:
            keys = {key for key in keys if not self._calls_operation(key)}
        removed = sorted(self._gone[key].python for key in keys & self._gone.keys())
        added = sorted(self._come[key].python for key in keys & self._come.keys())
        altered = {key: self._altered[key] for key in keys & self._altered.keys()}
        effects = {_effect(old.signature, new.signature) for old, new in altered.values()}
        return Touched(
            tuple(removed),
            tuple(added),
            tuple(sorted(new.python for _, new in altered.values())),
            _worst(bool(removed), bool(added), effects),
        )

    def _calls_operation(self, key: str) -> bool:
        method = self._old.get(key) or self._new[key]
        return method.request.operation is not None

    def subjects_of(self, operations: Iterable[str]) -> set[str]:
        """Return the subjects of operations, given by their full names."""
        names = frozenset(operations)
        return {subject for subject in self._called if subject.partition("(")[0] in names}


def _without(methods: _Methods, others: _Methods) -> Mapping[str, _Method]:
    """Return the methods that the others lack, by resource and by their way in the client."""
    ways = {(method.python, method.signature) for method in others.values()}
    return {
        key: method
        for key, method in methods.items()
        if key not in others and (method.python, method.signature) not in ways
    }


def _index(found: dict[str, set[str]], keyed: Iterable[tuple[str, Iterable[str]]]) -> None:
    for key, subjects in keyed:
        for subject in subjects:
            found.setdefault(subject, set()).add(key)


def _worst(removed: bool, added: bool, altered: set[Effect]) -> Effect:
    if removed or Effect.BOTH in altered:
        return Effect.BOTH
    if added or Effect.ADDITIVE in altered:
        return Effect.ADDITIVE
    return Effect.INVISIBLE


def _effect(old: Signature, new: Signature) -> Effect:
    moved = old.on_collection != new.on_collection
    taken = old.accepted - new.accepted or new.required - old.required
    return Effect.BOTH if moved or taken else Effect.ADDITIVE


def _methods(model: Model) -> _Methods:
    methods: dict[str, _Method] = {}
    for path, named in name_methods(model, list_offers(model)).items():
        way = attributes(path)
        for name, request in named:
            resource = _resource(request)
            found = _Method(".".join((*way, name)), resource, request, _signature(request))
            methods[f"{resource}/{name}"] = found
    return methods


def _resource(request: Request) -> str:
    """Return the last property on the way to the resource that has the method; a stream has none."""
    steps = request.steps[:-1] if request.target == STREAM else request.steps
    return steps[-1] if steps else request.segments[0]


def _signature(request: Request) -> Signature:
    operation = request.operation
    own = {parameter_name(p.name): p for p in request.parameters}
    required = {
        name for name, p in own.items() if not (operation and may_be_left_out(operation, p))
    }
    options = {option.name for option in query_options(request)}
    return Signature(request.target.collection, frozenset(required), frozenset({*own, *options}))


def _way(request: Request) -> Iterable[str]:
    """Return what leads to a request: the entity set or singleton, and every property on the path."""
    return {request.segments[0], *request.steps}


def _subjects(model: Model, request: Request) -> Iterable[str]:
    """Return what a request hangs on: the resource, its type and that of its items' key, the operation.

    Overloads that are bound to base types share the names of methods with it.
    """
    at = request.steps[-1] if request.steps else request.segments[0]
    types = [request.target.name, *(key.type for key in request.keys[-1:])]
    lineage = [declared.name for name in types for declared in model.lineage(name)]
    if not request.operation:
        return {at, *lineage}
    name, collection = request.operation.name, request.target.collection
    bound = (f"{name}({TypeRef(owner, collection)})" for owner in lineage)
    return {at, *lineage, operation_subject(request.operation), *bound}
