"""Types: added, removed and changed."""

from __future__ import annotations

from collections.abc import Iterator

from graph_codegen.csdl.ast import EnumType, StructuredType, TypeDeclaration
from graph_codegen.diff.change.annotations import compare_annotations
from graph_codegen.diff.change.changes import Change, End, Pair
from graph_codegen.diff.change.context import Context
from graph_codegen.diff.change.enums import compare_enum_types
from graph_codegen.diff.change.structures import compare_structured_types


def compare_types(context: Context) -> Iterator[Change]:
    """Yield every change of types, in the order of their names."""
    old, new = context.old.model.types, context.new.model.types
    old_names = {name: before for before, name in context.renamed.items()}
    for name in sorted({*old, *new} - context.renamed.keys()):
        before, after = old.get(old_names.get(name, name)), new.get(name)
        if before and after:
            yield from _type(context, before, after)
        elif before:
            yield _removed(context, before)
        elif after:
            yield _added(context, after)


def _end(declared: TypeDeclaration) -> End:
    return End(declared.name, declared.place, declared.name)


def _removed(context: Context, declared: TypeDeclaration) -> Change:
    remains = context.new.whole.types.get(declared.name)
    if remains:
        return Change("type-left", declared.kind, _end(declared), _end(remains))
    return Change("type-removed", declared.kind, _end(declared), None)


def _added(context: Context, declared: TypeDeclaration) -> Change:
    existed = context.old.whole.types.get(declared.name)
    if existed:
        return Change("type-entered", declared.kind, _end(existed), _end(declared))
    return Change("type-added", declared.kind, None, _end(declared))


def _type(context: Context, old: TypeDeclaration, new: TypeDeclaration) -> Iterator[Change]:
    if old == new:
        return
    pair = Pair(new.kind, _end(old), _end(new))
    if old.name != new.name:
        yield pair.change("type-renamed", old.name, new.name)
    if isinstance(old, EnumType) and isinstance(new, EnumType):
        yield from compare_enum_types(context, pair, old, new)
    elif isinstance(old, StructuredType) and isinstance(new, StructuredType):
        yield from compare_structured_types(context, pair, old, new)
    else:
        yield pair.change("type-kind-changed", old.kind, new.kind)
    yield from compare_annotations(context, pair, old, new)
