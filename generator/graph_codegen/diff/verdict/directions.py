"""Which way values of a type travel, and whether each value of one type is one of another.

A program that reads a value is content with less than it took, one that sends a value may always send what
it sent: so a change of a type breaks nobody where what is received becomes narrower, or what is sent wider.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from graph_codegen.csdl.ast import (
    ENTITY,
    EnumType,
    StructuredType,
    TypeRef,
    parse_type_ref,
)
from graph_codegen.diff.change.changes import Change
from graph_codegen.diff.change.values import FLOATS, INTEGERS
from graph_codegen.diff.verdict.rules import Effect
from graph_codegen.diff.verdict.surface import Surface
from graph_codegen.emit.names import edm_annotation
from graph_codegen.model.model import Model
from graph_codegen.service.capabilities import is_computed
from graph_codegen.service.requests import STREAM, Request

_ANY_STRUCTURE = frozenset({"Edm.ComplexType", ENTITY})


class Directions:
    """The directions in which the old client has values of types travel.

    `renamed` maps old names of types to new ones. `surface` has the requests of the old client, `received`
    are the types that come in another way, such as notifications.
    """

    def __init__(
        self,
        models: tuple[Model, Model],
        renamed: Mapping[str, str],
        surface: Surface,
        received: Iterable[str],
    ) -> None:
        self._models = models
        self._renamed = renamed
        self._surface = surface
        self._received = received

    def effect(self, change: Change) -> Effect:
        """Return what a change of a type does to programs: of a property, resource, parameter or result."""
        old, new = (parse_type_ref(end.value) for end in change.ends)
        read, written = self._travels(change)
        if not read and not written:
            return Effect.INVISIBLE
        safe = (not read or self._holds(old, new)) and (not written or self._holds(new, old))
        return Effect.ADDITIVE if safe else Effect.BOTH

    def _travels(self, change: Change) -> tuple[bool, bool]:
        """Return whether a program reads what changed, and whether it sends it."""
        if change.kind in ("Parameter", "ReturnType"):
            return change.kind == "ReturnType", change.kind == "Parameter"
        assert change.old  # a type changes where there was one
        subject = change.old.subject
        got, put = subject in self._got, subject in self._put
        owner, slash, name = subject.partition("/")
        if not slash:  # an entity set or a singleton is no part of a value
            return got, put
        item = self._models[0].first(owner, name)
        computed = item is not None and is_computed(item.annotations)
        return got or owner in self._read, put or (owner in self._written and not computed)

    @cached_property
    def _got(self) -> frozenset[str]:
        """The last element on the paths of the requests that return what is there."""
        return frozenset(_last(r) for r in self._own if _is_of(r.returns, r.target))

    @cached_property
    def _put(self) -> frozenset[str]:
        """The last element on the paths of the requests that send what is there."""
        return frozenset(_last(r) for r in self._own if _is_of(r.body, r.target))

    @property
    def _own(self) -> Iterator[Request]:
        return (request for request in self._surface.requests if not request.operation)

    @cached_property
    def _read(self) -> frozenset[str]:
        returned = (r.returns for r in self._surface.requests)
        return self._reached((*(ref.name for ref in returned if ref), *self._received), sent=False)

    @cached_property
    def _written(self) -> frozenset[str]:
        return self._reached(
            (ref.name for r in self._surface.requests for ref in _sent(r)), sent=True
        )

    def _reached(self, names: Iterable[str], *, sent: bool) -> frozenset[str]:
        """Return the types of which values of other types consist."""
        model, found, pending = self._models[0], set[str](), [*names]
        while pending:
            name = pending.pop()
            if name in found or not model.structure(name):
                continue
            found.add(name)
            pending.extend(model.descendants(name))
            for owner in model.lineage(name):
                found.add(owner.name)
                members = (i for i in owner.members() if not (sent and is_computed(i.annotations)))
                pending.extend(item.type.name for item in members)
        return frozenset(found)

    def _holds(self, wide: TypeRef, narrow: TypeRef) -> bool:
        """Whether a program that takes values of one type takes all of the other one."""
        if STREAM in (wide, narrow):
            return False
        if edm_annotation(wide.name) == "Untyped" and not wide.collection:
            return True
        if wide.collection != narrow.collection:
            return False
        if edm_annotation(wide.name) == "Untyped" or self._name(wide) == self._name(narrow):
            return True
        if wide.name in FLOATS:
            return narrow.name in {*FLOATS, *INTEGERS}
        if wide.primitive:
            return self._is_edm(wide.name, narrow.name)
        return self._name(wide) in self._bases(narrow.name)

    def _is_edm(self, wide: str, name: str) -> bool:
        """Whether values of a declared type are of one of Edm: any structure, or text, as of enumerations."""
        old, new = self._models
        declared = old.types.get(name) or new.types.get(name)
        if isinstance(declared, EnumType):
            return edm_annotation(wide) == "str" and declared.is_flags is False
        return isinstance(declared, StructuredType) and wide in _ANY_STRUCTURE

    def _name(self, ref: TypeRef) -> str:
        return self._renamed.get(ref.name, ref.name)

    def _bases(self, name: str) -> Iterator[str]:
        """Yield the base types of a type by their new names: those of the old document, if that has it."""
        old, new = self._models
        model = old if old.structure(name) else new
        return (self._renamed.get(one.name, one.name) for one in model.lineage(name))


def _last(request: Request) -> str:
    return request.steps[-1] if request.steps else request.segments[0]


def _is_of(ref: TypeRef | None, target: TypeRef) -> bool:
    """Whether a request sends or returns a resource itself, or an item of it."""
    return ref is not None and ref.name == target.name


def _sent(request: Request) -> Iterator[TypeRef]:
    if request.body:
        yield request.body
    outer = request.through.own if request.through else ()
    yield from (parameter.type for parameter in (*outer, *request.parameters))
