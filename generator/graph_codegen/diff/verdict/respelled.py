"""Names in Python that change although the element keeps its own: it collides with another, or no longer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from graph_codegen.csdl.ast import (
    EnumType,
    Member,
    NavigationProperty,
    Property,
    TypeDeclaration,
)
from graph_codegen.diff.change.changes import End, operation_subject
from graph_codegen.diff.verdict.findings import Finding
from graph_codegen.diff.verdict.names import python_name
from graph_codegen.diff.verdict.rules import RULES, Effect
from graph_codegen.diff.verdict.surface import UNCHANGED, MethodChanges, resource_of
from graph_codegen.emit.method_names import wire_of
from graph_codegen.emit.methods import Method
from graph_codegen.emit.names import Names, is_attribute
from graph_codegen.errors import Place
from graph_codegen.model.model import Model
from graph_codegen.service.requests import STREAM

_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Named:
    """An element that has a name in Python, the value of `end`, and the methods whose paths hold it.

    `method` is the one that is named after an operation: its parameters have names, too.
    """

    kind: str
    end: End
    methods: tuple[str, ...] = ()
    method: Method | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: a model, its names, and the methods of its client."""

    model: Model
    names: Names
    methods: Collection[Method]


def find_respelled(old: Side, new: Side, explained: Collection[str]) -> Iterator[Finding]:
    """Yield a finding for each element that both sides have, and whose name in Python changed.

    `explained` are the methods that other findings remove or alter.
    """
    after = dict(_named(new, old.names))
    for key, one in dict(_named(old, new.names)).items():
        other = after.get(key)
        if other is None:
            continue
        yield from _parameters(one, other)
        if one.end.value == other.end.value:
            continue
        if not one.methods:
            yield _finding(one, other, UNCHANGED)
        elif not set(one.methods) <= {*explained}:
            both = MethodChanges(removed=one.methods, added=other.methods, effect=Effect.BOTH)
            yield _finding(one, other, both)


def _parameters(old: _Named, new: _Named) -> Iterator[Finding]:
    """Yield a finding for each parameter that both methods have, and whose name in Python changed."""
    if old.method is None or new.method is None:
        return
    after = _argument_names(new.method)
    for name, (place, own) in _argument_names(old.method).items():
        now_at, now = after.get(name, (place, own))
        if own != now:
            one, other = old.end.of(f"/{name}", place, own), new.end.of(f"/{name}", now_at, now)
            yield _finding(_Named("Parameter", one), _Named("Parameter", other), UNCHANGED)


def _argument_names(method: Method) -> dict[str, tuple[Place, str]]:
    """Return where the parameters of an operation are declared, and what they are called in Python."""
    names = {argument.wire_name: argument.name for argument in method.parameters}
    return {p.name: (p.place, names[wire]) for wire, p in method.request.own_parameters.items()}


def _finding(old: _Named, new: _Named, methods: MethodChanges) -> Finding:
    return Finding(
        rule=RULES["python-name-changed"],
        kind=new.kind,
        old=old.end,
        new=new.end,
        effect=Effect.BOTH,
        python=old.end.value,
        methods=methods,
    )


def _named(side: Side, others: Names) -> Iterator[tuple[_Key, _Named]]:
    """Yield what has a name in Python, without the types and members that are called so on the other side."""
    for name, declared in side.model.types.items():
        named = python_name(declared.kind, name, side.names)
        if named != python_name(declared.kind, name, others):
            end = End(name, declared.place, name, named)
            yield (declared.kind, name), _Named(declared.kind, end)
        yield from _members(declared, side.names, others)
    for method in side.methods:
        yield from _method(side.model, method)
    yield from _resources(side)


def _members(
    declared: TypeDeclaration, names: Names, others: Names
) -> Iterator[tuple[_Key, _Named]]:
    items: Iterable[Member | Property | NavigationProperty]
    if isinstance(declared, EnumType):
        known, items = (names.members, others.members), declared.members
    else:
        known = names.attributes, others.attributes
        items = [item for item in declared.members() if is_attribute(item)]
    own, theirs = (each.get(declared.name, {}) for each in known)
    for item in items:
        if theirs.get(item.name) == own[item.name]:
            continue
        element = f"{declared.name}/{item.name}"
        end = End(element, item.place, element, own[item.name])
        yield ("member", element), _Named(type(item).__name__, end)


def _method(model: Model, method: Method) -> Iterator[tuple[_Key, _Named]]:
    """Yield what a method is named after, unless that is the kind of its request."""
    request = method.request
    operation = request.operation
    key = (resource_of(request), wire_of(request))
    if operation:
        subject = operation_subject(operation)
        end = End(operation.signature, operation.place, subject, method.name)
        yield key, _Named(operation.kind, end, (method.python,), method)
    elif request.target == STREAM:
        element = request.steps[-1]
        end = End(element, _place(model, element), element, method.name)
        yield key, _Named("Property", end, (method.python,))


def _resources(side: Side) -> Iterator[tuple[_Key, _Named]]:
    """Yield the properties, entity sets and singletons that resources of the client are named after."""
    below: dict[str, list[Method]] = {}
    for method in side.methods:
        if method.owner and not method.request.through:
            below.setdefault(resource_of(method.request), []).append(method)
    for element, methods in below.items():
        kind = "NavigationProperty" if "/" in element else "EntitySet"
        end = End(element, _place(side.model, element), element, methods[0].owner[-1])
        paths = sorted(method.python for method in methods)
        yield ("resource", element), _Named(kind, end, tuple(paths))


def _place(model: Model, element: str) -> Place:
    """Return where a property, an entity set or a singleton is declared."""
    owner, _, name = element.rpartition("/")
    source = model.container.source(name) if model.container and not owner else None
    found = source or model.first(owner, name)
    return found.place if found else model.place
