"""Entity and complex types with their properties (CSDL 6 to 9)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass

from graph_codegen.csdl.ast import ENTITY, NavigationProperty, Property, StructuredType, TypeRef
from graph_codegen.diff.change import renames
from graph_codegen.diff.change.annotations import compare_annotations
from graph_codegen.diff.change.changes import Change, End, Pair
from graph_codegen.diff.change.context import Context, Side
from graph_codegen.diff.change.values import compare_facets, compare_type_refs, nullable
from graph_codegen.model.model import Model
from graph_codegen.service.capabilities import is_computed
from graph_codegen.service.requests import STREAM

Item = Property | NavigationProperty


def compare_structured_types(
    context: Context, pair: Pair, old: StructuredType, new: StructuredType
) -> Iterator[Change]:
    """Yield what changed in an entity or complex type, except its annotations."""
    if old.kind != new.kind:
        yield pair.change("structure-kind-changed", old.kind, new.kind)
    yield from _base(context, pair, old, new)
    if old.abstract != new.abstract:
        yield pair.change("type-made-abstract" if new.abstract else "type-made-concrete")
    if old.open != new.open and _is_open(context.old, old) != _is_open(context.new, new):
        yield pair.change("type-opened" if new.open else "type-closed")
    yield from _key(context, pair, old, new)
    if old.has_stream != new.has_stream and _has_stream(context.old, old) != _has_stream(
        context.new, new
    ):
        stream = Pair(
            pair.kind,
            End(pair.old.element, pair.old.place, f"{old.name}/$value"),
            End(pair.new.element, pair.new.place, f"{new.name}/$value"),
        )
        yield stream.change("stream-added" if new.has_stream else "stream-removed")
    yield from _properties(context, old, new)


def _key(
    context: Context, pair: Pair, old: StructuredType, new: StructuredType
) -> Iterator[Change]:
    before, after = context.old.model.key(old.name), context.new.model.key(new.name)
    if old.key != new.key and before != after:
        rule = "changed" if before and after else "added" if after else "removed"
        yield pair.change(f"key-{rule}", ", ".join(before), ", ".join(after))


def _has_stream(side: Side, declared: StructuredType) -> bool:
    """Whether entities of a type have a stream, which a base type may declare (CSDL 6.5)."""
    return any(owner.has_stream for owner in side.model.lineage(declared.name))


def _is_open(side: Side, declared: StructuredType) -> bool:
    """Whether a type or one of its base types is open: to repeat what a base type says changes nothing."""
    return side.model.is_open(declared.name)


def _base(
    context: Context, pair: Pair, old: StructuredType, new: StructuredType
) -> Iterator[Change]:
    if context.renamed.get(old.base, old.base) == new.base:
        return
    before = {context.renamed.get(t.name, t.name) for t in context.old.model.lineage(old.base)}
    after = {declared.name for declared in context.new.model.lineage(new.base)}
    rule = "base-type-extended" if before <= after else "base-type-changed"
    yield pair.change(rule, old.base, new.base)


# -- properties


@dataclass(frozen=True, slots=True)
class _Declared:
    """A property with the type that declares it."""

    owner: str
    item: Item

    @property
    def kind(self) -> str:
        return type(self.item).__name__

    @property
    def end(self) -> End:
        element = f"{self.owner}/{self.item.name}"
        return End(element, self.item.place, element, str(self.item.type))


def _properties(context: Context, old: StructuredType, new: StructuredType) -> Iterator[Change]:
    before, after = _own(old), _own(new)
    inherited_before = _inherited(context.old.model, old)
    inherited_after = _inherited(context.new.model, new)
    known_after, known_before = {*after, *inherited_after}, {*before, *inherited_before}
    only_before = [p for name, p in before.items() if name not in known_after]
    only_after = [p for name, p in after.items() if name not in known_before]
    renamed, removed, added = _renamed(context, only_before, only_after)
    for one, other in renamed:
        yield _pair(one, other).change("property-renamed", one.item.name, other.item.name)
        yield from _property(context, one, other)
    for name, one in before.items():
        if name in after:
            yield from _property(context, one, after[name])
        elif name in inherited_after:
            yield _pair(one, inherited_after[name]).change("property-moved-to-base")
            yield from _property(context, one, inherited_after[name])
    for name, other in after.items():
        if name in inherited_before and name not in before:
            yield _pair(inherited_before[name], other).change("property-moved-from-base")
            yield from _property(context, inherited_before[name], other)
    for one in removed:
        yield _removed(context, one, new.name)
    for other in added:
        yield _added(context, other, old.name)


def _own(declared: StructuredType) -> Mapping[str, _Declared]:
    return {item.name: _Declared(declared.name, item) for item in declared.members()}


def _inherited(model: Model, declared: StructuredType) -> Mapping[str, _Declared]:
    found: dict[str, _Declared] = {}
    for owner in model.lineage(declared.base):
        found |= _own(owner)
    return found


def _pair(old: _Declared, new: _Declared) -> Pair:
    return Pair(new.kind, old.end, new.end)


def _removed(context: Context, one: _Declared, owner: str) -> Change:
    """Return the change of a removed property, which may still be declared outside of the subset."""
    remains = _declared(context.new.whole, owner, one.item.name)
    rule = "property-left" if remains else "property-removed"
    return Change(rule, one.kind, one.end, remains.end if remains else None)


def _added(context: Context, other: _Declared, owner: str) -> Change:
    existed = _declared(context.old.whole, owner, other.item.name)
    added = "required-property-added" if _is_required(other.item) else "property-added"
    rule = "property-entered" if existed else added
    return Change(rule, other.kind, existed.end if existed else None, other.end)


def _is_required(item: Item) -> bool:
    """Whether a new value needs the property: it is not nullable, not computed, and has no default.

    A collection is never required, since it may be empty.
    """
    default = isinstance(item, Property) and "DefaultValue" in dict(item.facets)
    return not (
        nullable(item.nullable) or item.type.collection or is_computed(item.annotations) or default
    )


def _declared(model: Model, owner: str, name: str) -> _Declared | None:
    item = model.own(owner, name)
    return _Declared(owner, item) if item else None


def _renamed(
    context: Context, only_before: list[_Declared], only_after: list[_Declared]
) -> tuple[list[tuple[_Declared, _Declared]], list[_Declared], list[_Declared]]:
    return renames.match_renamed(
        only_before,
        only_after,
        old_shape=lambda one: _shape(one.item, context.ref(one.item.type)),
        new_shape=lambda other: _shape(other.item, other.item.type),
        name=lambda declared: declared.item.name,
    )


def _shape(item: Item, ref: TypeRef) -> Hashable:
    if ref == STREAM:  # it has methods instead of an attribute: they are removed and added
        return None
    contained = isinstance(item, NavigationProperty) and item.contains_target
    return type(item), ref, nullable(item.nullable), contained


def _is_cut(side: Side, declared: _Declared) -> bool:
    """Whether the target of a property is outside of the subset, where it leads to any entity."""
    if declared.item.type.name != ENTITY:
        return False
    whole = _declared(side.whole, declared.owner, declared.item.name)
    return whole is not None and whole.item.type != declared.item.type


def _property(context: Context, one: _Declared, other: _Declared) -> Iterator[Change]:
    old, new = one.item, other.item
    if old == new:
        return
    if old.type != new.type and _is_cut(context.new, other):
        yield _removed(context, one, other.owner)
        return
    if old.type != new.type and _is_cut(context.old, one):
        yield _added(context, other, one.owner)
        return
    pair = _pair(one, other)
    if one.kind != other.kind:
        yield pair.change("property-kind-changed", one.kind, other.kind)
    yield from compare_type_refs("property", pair, context, old.type, new.type)
    if nullable(old.nullable) != nullable(new.nullable):
        null = nullable(new.nullable)
        yield pair.change("property-made-nullable" if null else "property-made-required")
    if isinstance(old, NavigationProperty) and isinstance(new, NavigationProperty):
        yield from _navigation(pair, old, new)
    elif isinstance(old, Property) and isinstance(new, Property):
        yield from compare_facets(pair, old.facets, new.facets)
    yield from compare_annotations(context, pair, old, new)


def _navigation(pair: Pair, old: NavigationProperty, new: NavigationProperty) -> Iterator[Change]:
    if old.contains_target != new.contains_target:
        yield pair.change("containment-gained" if new.contains_target else "containment-lost")
    if old.partner != new.partner:
        yield pair.change("partner-changed", old.partner, new.partner)
