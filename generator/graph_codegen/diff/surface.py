"""What a change does to the methods of the generated client.

Whether an operation, a contained property or a capability matters to a program depends on whether
the client has a method for it. So both clients' methods are compared, and each that differs is laid
to the elements that its request goes through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from graph_codegen.calls import attributes, calls, parameters
from graph_codegen.diff.rules import Effect
from graph_codegen.edm import Model, Operation
from graph_codegen.methods import may_be_left_out, query_options
from graph_codegen.naming import parameter_name
from graph_codegen.requests import Request, offers


def operation_subject(operation: Operation) -> str:
    """Return what requests know an operation by: all overloads of one binding share methods' names."""
    binding = operation.binding
    return f"{operation.name}({binding.type if binding else ''})"


@dataclass(frozen=True, slots=True)
class Signature:
    """The keywords of a method: those that must be given, and all."""

    required: frozenset[str]
    accepted: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Method:
    """A method: its attribute path in the client, by the shortest way, what it sends and takes."""

    python: str
    request: Request
    signature: Signature


_Key = tuple[str, str]
"""A resource, by the last property on its path, and the name of a method."""

_BySubject = Mapping[str, list[_Key]]


@dataclass(frozen=True, slots=True)
class Touched:
    """Methods, by their attribute path in the client, that a change takes away, adds or alters."""

    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()
    effect: Effect = Effect.INVISIBLE


UNTOUCHED = Touched()


class Surface:
    """The methods that two clients do not have in common, by what their requests go through.

    A method is known by the resource that has it, wherever that lies: by the last property on the
    path and its name. `renamed` are the new names of types by their old ones.
    """

    def __init__(self, old: Model, new: Model, renamed: Mapping[str, str]) -> None:
        self._models = old, new
        self._renamed = renamed

    @cached_property
    def _old(self) -> Mapping[_Key, _Method]:
        return {
            (self._new_name(step), name): method
            for (step, name), method in _methods(self._models[0]).items()
        }

    @cached_property
    def _new(self) -> Mapping[_Key, _Method]:
        return _methods(self._models[1])

    def _new_name(self, step: str) -> str:
        owner, slash, name = step.rpartition("/")
        return self._renamed.get(owner, owner) + slash + name

    @cached_property
    def _different(self) -> tuple[_BySubject, _BySubject]:
        """The methods that differ, by subject: as the old side has them, and the new."""
        different = {
            key
            for key in {*self._old, *self._new}
            if key not in self._old
            or key not in self._new
            or self._old[key].signature != self._new[key].signature
        }
        old, new = self._models
        return _by_subject(old, self._old, different), _by_subject(new, self._new, different)

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

    def touched(self, old: str, new: str) -> Touched:
        """Return the methods that differ among those which go through a subject.

        A subject that one side does not have is empty there.
        """
        before, after = self._old, self._new
        keys = {*self._different[0].get(old, ()), *self._different[1].get(new, ())}
        removed = sorted(before[key].python for key in keys if key not in after)
        added = sorted(after[key].python for key in keys if key not in before)
        both = [key for key in keys if key in before and key in after]
        effects = {_effect(before[key].signature, after[key].signature) for key in both}
        return Touched(
            tuple(removed),
            tuple(added),
            tuple(sorted(after[key].python for key in both)),
            _worst(bool(removed), bool(added), effects),
        )


def _worst(removed: bool, added: bool, altered: set[Effect]) -> Effect:
    if removed or Effect.BOTH in altered:
        return Effect.BOTH
    if added or Effect.ADDITIVE in altered:
        return Effect.ADDITIVE
    return Effect.INVISIBLE


def _effect(old: Signature, new: Signature) -> Effect:
    if old.accepted - new.accepted or new.required - old.required:
        return Effect.BOTH
    return Effect.ADDITIVE


def _methods(model: Model) -> Mapping[_Key, _Method]:
    methods: dict[_Key, _Method] = {}
    for path, named in calls(model, offers(model)).items():
        resource = attributes(path)
        for name, request in named:
            at = request.steps[-1] if request.steps else request.segments[0]
            methods[at, name] = _Method(".".join((*resource, name)), request, _signature(request))
    return methods


def _signature(request: Request) -> Signature:
    operation = request.operation
    own = {parameter_name(p.name): p for p in parameters(request)}
    required = {
        name for name, p in own.items() if not (operation and may_be_left_out(operation, p))
    }
    options = {option.name for option in query_options(request)}
    return Signature(frozenset(required), frozenset({*own, *options}))


def _by_subject(model: Model, methods: Mapping[_Key, _Method], keys: Iterable[_Key]) -> _BySubject:
    found: dict[str, list[_Key]] = {}
    for key in keys:
        if key in methods:
            for subject in _subjects(model, methods[key].request):
                found.setdefault(subject, []).append(key)
    return found


def _subjects(model: Model, request: Request) -> Iterable[str]:
    """Return what a request hangs on: the resource, the type of its items' key, the operation."""
    at = request.steps[-1] if request.steps else request.segments[0]
    keyed = (declared.name for key in request.keys[-1:] for declared in model.lineage(key.type))
    operation = [operation_subject(request.operation)] if request.operation else []
    return {at, *keyed, *operation}
