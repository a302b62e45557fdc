"""The old document with one part of what changed: by that a change is judged, as if it came alone.

What lies on the way to an element must not decide about a change of the element: an action gains a
parameter, even if the singleton goes under which it was called. So the changes are divided into parts, such
that those of one part do not hide those of another, and a client is made for each part that has any.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from graph_codegen.csdl.ast import (
    Annotation,
    EntityContainer,
    EntitySource,
    EnumType,
    Expression,
    NavigationProperty,
    Operation,
    Parameter,
    Property,
    Record,
    StructuredType,
    TypeDeclaration,
    TypeRef,
)
from graph_codegen.csdl.vocabulary import FALSE, TERMS, meaning_of, value_of
from graph_codegen.diff.change.operations import pair_operations
from graph_codegen.diff.verdict.rules import Part
from graph_codegen.model.model import Model
from graph_codegen.service.requests import STREAM

Item = Property | NavigationProperty
Annotations = tuple[Annotation, ...]

Declared = TypeVar("Declared", bound=StructuredType | Item | Operation | EntitySource)


def _changed(one: Declared, **changes: Any) -> Declared:
    """Return a declaration with changes, the same object if nothing changes: methods are kept by that."""
    if all(getattr(one, name) == value for name, value in changes.items()):
        return one
    return replace(one, **changes)


class Parts:
    """The old document with the changes of each part; the names of types are those of the old one."""

    def __init__(self, old: Model, new: Model) -> None:
        self._old = old
        self._new = new
        self._pairs = [*pair_operations(old, new)]
        self._changed = {
            name: (one, other)
            for name, one in old.types.items()
            if (other := new.types.get(name)) and one != other
        }

    def model(self, part: Part) -> Model:
        """Return the old model with the changes of a part."""
        old, new = self._old, self._new
        paths = part == "paths"
        return replace(
            old,
            types=self._types(part),
            operations=tuple(_operations(old, new, self._pairs, part)),
            container=_container(old.container, new.container, part),
            paths=new.paths if paths else old.paths,
            lines=new.lines if paths else old.lines,
        )

    def _types(self, part: Part) -> Mapping[str, TypeDeclaration]:
        old, new = self._old.types, self._new.types
        changed = {name: _type(*pair, part) for name, pair in self._changed.items()}
        if part == "paths":
            return {name: changed.get(name) or old.get(name) or one for name, one in new.items()}
        found = {**old, **changed}
        if part == "shapes":  # a base type may be new
            found |= {name: one for name, one in new.items() if name not in old}
        return found


# -- types


def _type(old: TypeDeclaration, new: TypeDeclaration, part: Part) -> TypeDeclaration:
    """Return a type that both documents have, changed by the part."""
    if not isinstance(old, StructuredType) or not isinstance(new, StructuredType):
        return new if part == "paths" else old
    members = [*_members(old, new, part)]
    shape = {"kind": new.kind, "base": new.base, "key": new.key, "has_stream": new.has_stream}
    return _changed(
        old,
        properties=tuple(item for item in members if isinstance(item, Property)),
        navigation=tuple(item for item in members if isinstance(item, NavigationProperty)),
        annotations=_annotations(old.annotations, new.annotations, part),
        **(shape if part == "shapes" else {}),
    )


def _members(old: StructuredType, new: StructuredType, part: Part) -> Iterator[Item]:
    before = {item.name: item for item in old.members()}
    after = {item.name: item for item in new.members()}
    for name, item in before.items():
        if name in after:
            yield _member(item, after[name], part)
        elif not _decides(part, item):
            yield item
    for name, item in after.items():
        if name not in before and (_decides(part, item) or _can_be_key(part, item)):
            yield item


def _decides(part: Part, item: Item) -> bool:
    """Whether the part says which properties there are of such a kind."""
    return part == ("paths" if isinstance(item, NavigationProperty) else "shapes")


def _can_be_key(part: Part, item: Item) -> bool:
    """Whether an annotation of the part may make a new property an alternate key."""
    return part == "annotations" and isinstance(item, Property) and item.type != STREAM


def _member(old: Item, new: Item, part: Part) -> Item:
    leads = isinstance(old, NavigationProperty) or isinstance(new, NavigationProperty)
    if part == ("paths" if leads else "shapes"):
        return _changed(old, type=new.type)
    if part == "links" and isinstance(new, NavigationProperty):
        kept = old if isinstance(old, NavigationProperty) else replace(new, type=old.type)
        return _changed(kept, contains_target=new.contains_target)
    if part == "links" and leads:
        return _changed(new, type=old.type)
    return _changed(old, annotations=_annotations(old.annotations, new.annotations, part))


# -- operations and the container


def _operations(
    old: Model, new: Model, pairs: Collection[tuple[Operation, Operation]], part: Part
) -> Iterator[Operation]:
    if part == "operations":
        before = {id(other): one for one, other in pairs}
        for operation in new.operations:
            known = before.get(id(operation), operation)
            yield _changed(known, kind=operation.kind, is_composable=operation.is_composable)
        return
    after = {id(one): other for one, other in pairs}
    for operation in old.operations:
        other = after.get(id(operation), operation)
        if part == "parameters":
            operation = _changed(operation, parameters=other.parameters, returns=other.returns)
        annotations = _annotations(operation.annotations, other.annotations, part)
        yield _changed(operation, annotations=annotations)
    if part == "paths":  # types that only the new document has come with what is bound to them
        bound = (o for o in new.operations if o.binding and not o.binding.type.primitive)
        yield from (o for o in bound if o.binding and o.binding.type.name not in old.types)


def _container(
    old: EntityContainer | None, new: EntityContainer | None, part: Part
) -> EntityContainer | None:
    some = old or new
    if some is None:
        return None
    before, after = ({s.name: s for s in c.sources} if c else {} for c in (old, new))
    if part == "paths":
        sources = [_source(before.get(name), source) for name, source in after.items()]
    else:
        sources = [_annotated(s, after.get(name, s), part) for name, s in before.items()]
    imports = new if part == "operations" else old
    return replace(some, sources=tuple(sources), imports=imports.imports if imports else ())


def _source(old: EntitySource | None, new: EntitySource) -> EntitySource:
    return _changed(new, annotations=old.annotations) if old else new


def _annotated(old: EntitySource, new: EntitySource, part: Part) -> EntitySource:
    return _changed(old, annotations=_annotations(old.annotations, new.annotations, part))


# -- annotations


def _annotations(old: Annotations, new: Annotations, part: Part) -> Annotations:
    if old == new or part not in ("annotations", "granted", "withdrawn"):
        return old
    if part == "annotations":
        return (*_others(new), *_capabilities(old))
    before, after = (frozenset(_forbidden(each)) for each in (old, new))
    forbidden = before & after if part == "granted" else before | after
    return (*_others(old), *_forbidding(forbidden))


def _capabilities(annotations: Annotations) -> Annotations:
    return tuple(a for a in annotations if meaning_of(a.term) == "capability")


def _others(annotations: Annotations) -> Annotations:
    return tuple(a for a in annotations if meaning_of(a.term) != "capability")


def _forbidden(annotations: Annotations) -> Iterator[tuple[str, str]]:
    """Yield the terms and flags by which the capabilities of an element forbid something."""
    for annotation in _capabilities(annotations):
        known = TERMS.get(annotation.term)
        for restriction in known.restrictions if known else ():
            if restriction.applies(value_of(annotation)):
                yield annotation.term, restriction.flag


def _forbidding(forbidden: Iterable[tuple[str, str]]) -> Annotations:
    return tuple(Annotation(term, _record(flag)) for term, flag in sorted(forbidden))


def _record(flag: str) -> Expression:
    """Return the record of a capability in which a flag is false."""
    value: Expression = FALSE
    for name in reversed(flag.split("/")):
        value = Record(((name, value),))
    return value


# -- renamed types

_NAME = re.compile(r"[\w.]+")


def rename_in(text: str, renamed: Mapping[str, str]) -> str:
    """Return a text, such as the subject of a change, with the names of types replaced."""
    return _NAME.sub(lambda match: renamed.get(match[0], match[0]), text) if renamed else text


def rename_types(model: Model, renamed: Mapping[str, str]) -> Model:
    """Return a model in which types are called otherwise."""
    if not renamed:
        return model

    def ref(given: TypeRef) -> TypeRef:
        return replace(given, name=renamed.get(given.name, given.name))

    def typed(item: Item) -> Item:
        return replace(item, type=ref(item.type))

    def structured(declared: StructuredType) -> StructuredType:
        members = [*map(typed, declared.members())]
        return replace(
            declared,
            name=renamed.get(declared.name, declared.name),
            base=renamed.get(declared.base, declared.base),
            properties=tuple(item for item in members if isinstance(item, Property)),
            navigation=tuple(item for item in members if isinstance(item, NavigationProperty)),
        )

    def declaration(declared: TypeDeclaration) -> TypeDeclaration:
        if isinstance(declared, EnumType):
            return replace(declared, name=renamed.get(declared.name, declared.name))
        return structured(declared)

    def parameter(one: Parameter) -> Parameter:
        return replace(one, type=ref(one.type))

    def operation(one: Operation) -> Operation:
        returns = one.returns and replace(one.returns, type=ref(one.returns.type))
        return replace(one, parameters=tuple(map(parameter, one.parameters)), returns=returns)

    def source(one: EntitySource) -> EntitySource:
        return replace(one, type=renamed.get(one.type, one.type))

    container = model.container
    if container:
        container = replace(container, sources=tuple(map(source, container.sources)))
    return replace(
        model,
        types={one.name: one for one in map(declaration, model.types.values())},
        operations=tuple(map(operation, model.operations)),
        container=container,
    )
