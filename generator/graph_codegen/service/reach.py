"""Which types have paths of their own, so that no cast is needed for what they declare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graph_codegen.csdl.ast import Annotation, TypeRef
from graph_codegen.model.model import Model
from graph_codegen.service.capabilities import allows_items


@dataclass(frozen=True, slots=True)
class Reach:
    """The types that paths lead to, without the result of a function.

    `entities` are the types of single entities at the ends of paths without a cast, and `collections` those
    of the items of collections there, both with their base types. `members` are the types whose members
    have paths, those behind a cast as well.
    """

    entities: frozenset[str]
    collections: frozenset[str]
    members: frozenset[str]

    @property
    def sets(self) -> tuple[frozenset[str], ...]:
        """All of them."""
        return self.entities, self.collections, self.members

    def has(self, ref: TypeRef) -> bool:
        """Whether a path leads to what is of a type or a collection of it, without a cast."""
        return ref.name in (self.collections if ref.collection else self.entities)


def find_reach(model: Model) -> Reach:
    """Return the types that the paths of a model lead to, from those resources on that it describes."""
    entities: set[str] = set()
    collections: set[str] = set()
    members: set[str] = set()
    entered: set[str] = set()
    pending = list(_starts(model))
    while pending:
        ref, annotations = pending.pop()
        if ref.collection:
            collections.add(ref.name)
            if not (model.key(ref.name) and allows_items(annotations)):
                continue
        if ref.name in entered:
            continue
        entered.add(ref.name)
        names = {owner.name for owner in model.lineage(ref.name)}
        entities |= names
        for name in (names | {*model.descendants(ref.name)}) - members:
            members.add(name)
            declared = model.structure(name)
            contained = (n for n in declared.navigation if n.contains_target) if declared else ()
            pending.extend((item.type, item.annotations) for item in contained)
    inherited = (owner.name for name in collections for owner in model.lineage(name))
    return Reach(frozenset(entities), frozenset(inherited), frozenset(members))


def _starts(model: Model) -> Iterator[tuple[TypeRef, tuple[Annotation, ...]]]:
    """Yield the types and annotations of the resources where what a model describes begins."""
    for source in model.sources:
        top = TypeRef(source.type, source.kind == "EntitySet"), source.annotations
        if model.describes((source.name,)):
            yield top
            continue
        for path in model.paths:
            if path[0] == source.name:
                yield _at_end(model, *top, path[1:])


def _at_end(
    model: Model, ref: TypeRef, annotations: tuple[Annotation, ...], segments: tuple[str, ...]
) -> tuple[TypeRef, tuple[Annotation, ...]]:
    """Return the type and the annotations of the resource at the end of a path."""
    for segment in segments:
        found = model.first(ref.name, segment)
        ref = found.type if found else TypeRef(segment, ref.collection)  # a cast
        annotations = found.annotations if found else annotations
    return ref, annotations
