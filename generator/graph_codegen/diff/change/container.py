"""The entity container (CSDL 13), and the terms that a document declares (CSDL 14.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graph_codegen.csdl.ast import (
    Binding,
    EntityContainer,
    EntitySource,
    OperationImport,
    Term,
)
from graph_codegen.diff.change import renames
from graph_codegen.diff.change.annotations import compare_annotations
from graph_codegen.diff.change.changes import Change, End, Pair
from graph_codegen.diff.change.context import Context
from graph_codegen.model.model import Model


def compare_container(context: Context) -> Iterator[Change]:
    """Yield every change of entity sets, singletons and their bindings."""
    old, new = context.old.model.container, context.new.model.container
    if old and new:
        pair = Pair("EntityContainer", _container_end(old), _container_end(new))
        if old.name != new.name:
            yield pair.change("entity-container-renamed", old.name, new.name)
        yield from compare_annotations(context, pair, old, new)
    before, after = _sources(context.old.model), _sources(context.new.model)
    renamed, removed, added = renames.match_renamed(
        [source for name, source in before.items() if name not in after],
        [source for name, source in after.items() if name not in before],
        old_shape=lambda one: (one.kind, context.renamed.get(one.type, one.type)),
        new_shape=lambda other: (other.kind, other.type),
        name=lambda source: source.name,
    )
    for one, other in renamed:
        yield _pair(context, one, other).change("entity-source-renamed", one.name, other.name)
    for one, other in [*((s, after[n]) for n, s in before.items() if n in after), *renamed]:
        yield from _source(context, one, other)
    for one in removed:
        yield Change("entity-source-removed", one.kind, _end(context.old.model, one), None)
    for other in added:
        yield Change("entity-source-added", other.kind, None, _end(context.new.model, other))
    yield from _compare_imports(context)


def _compare_imports(context: Context) -> Iterator[Change]:
    before = {item.name: item for item in context.old.model.imports}
    after = {item.name: item for item in context.new.model.imports}
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old and new:
            pair = Pair(new.kind, _end(context.old.model, old), _end(context.new.model, new))
            if (old.kind, old.operation) != (new.kind, new.operation):
                yield pair.change("import-changed", old.operation, new.operation)
            yield from compare_annotations(context, pair, old, new)
        elif old:
            yield Change("import-removed", old.kind, _end(context.old.model, old), None)
        elif new:
            yield Change("import-added", new.kind, None, _end(context.new.model, new))


def _container_end(declared: EntityContainer) -> End:
    return End(declared.name, declared.place, declared.name)


def _sources(model: Model) -> Mapping[str, EntitySource]:
    return {source.name: source for source in model.sources}


def _end(model: Model, item: EntitySource | OperationImport) -> End:
    owner = model.container.name if model.container else ""
    value = item.type if isinstance(item, EntitySource) else item.operation
    return End(f"{owner}/{item.name}", item.place, item.name, value)


def _pair(context: Context, old: EntitySource, new: EntitySource) -> Pair:
    return Pair(new.kind, _end(context.old.model, old), _end(context.new.model, new))


def _source(context: Context, old: EntitySource, new: EntitySource) -> Iterator[Change]:
    if old == new:
        return
    pair = _pair(context, old, new)
    if old.kind != new.kind:
        yield pair.change("entity-source-kind-changed", old.kind, new.kind)
    if context.renamed.get(old.type, old.type) != new.type:
        yield pair.change("entity-source-type-changed", old.type, new.type)
    before = {binding.path: binding for binding in old.bindings}
    after = {binding.path: binding for binding in new.bindings}
    for path in sorted({*before, *after}):
        if before.get(path) != after.get(path):
            yield _binding(pair, before.get(path), after.get(path))
    yield from compare_annotations(context, pair, old, new)


def _binding(owner: Pair, old: Binding | None, new: Binding | None) -> Change:
    how = "added" if old is None else "removed" if new is None else "changed"
    return Change(
        f"navigation-binding-{how}",
        "NavigationPropertyBinding",
        owner.old.of(f"/{old.path}", old.place, old.target) if old else None,
        owner.new.of(f"/{new.path}", new.place, new.target) if new else None,
    )


def compare_terms(context: Context) -> Iterator[Change]:
    """Yield every change of the terms that the documents declare; only the subset `all` has any."""
    before = {term.name: term for term in context.old.model.terms}
    after = {term.name: term for term in context.new.model.terms}
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old and new:
            yield from _term(context, old, new)
        elif old:
            yield Change("term-removed", "Term", _term_end(old), None)
        elif new:
            yield Change("term-added", "Term", None, _term_end(new))


def _term_end(term: Term) -> End:
    return End(term.name, term.place, term.name, str(term.type))


def _term(context: Context, old: Term, new: Term) -> Iterator[Change]:
    pair = Pair("Term", _term_end(old), _term_end(new))
    if _describe_term(old) != _describe_term(new):
        yield pair.change("term-changed", _describe_term(old), _describe_term(new))
    yield from compare_annotations(context, pair, old, new)


def _describe_term(term: Term) -> str:
    null = "" if term.nullable is not False else ", not null"
    return f"{term.type}{null}" + (f" on {term.applies_to}" if term.applies_to else "")
