"""Compares two documents: finds the changes, and gives each its verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from graph_codegen.csdl.ast import ENTITY, Annotation, EnumType, TypeRef
from graph_codegen.csdl.vocabulary import EXPLICIT_OPERATION_BINDINGS, TERMS, is_descriptive
from graph_codegen.diff.change import renames
from graph_codegen.diff.change.changes import Change
from graph_codegen.diff.change.container import compare_container, compare_terms
from graph_codegen.diff.change.context import Context, Side
from graph_codegen.diff.change.operations import compare_operations
from graph_codegen.diff.change.types import compare_types
from graph_codegen.diff.verdict import respelled
from graph_codegen.diff.verdict.findings import Comparison, Finding, Source
from graph_codegen.diff.verdict.names import python_name
from graph_codegen.diff.verdict.rules import RULES, Effect, Rule
from graph_codegen.diff.verdict.surface import UNCHANGED, MethodChanges, Surface
from graph_codegen.emit.names import NO_NAMES, Names, assign_names
from graph_codegen.model.model import Model
from graph_codegen.service.requests import STREAM


def compare(
    old: Side, new: Side, client: str = "", given: Mapping[str, str] = NO_NAMES
) -> Comparison:
    """Return every difference between the subsets of two documents, with its verdicts.

    `client` names the root that is the client itself, `given` are the names that someone gave to elements.
    Aliases, order, formatting, comments and out-of-line
    annotations make no difference. Descriptions are compared if both documents have any.
    """
    context = Context(
        old,
        new,
        renames.find_renamed_types(old.model, new.model),
        _is_described(old.whole) and _is_described(new.whole),
    )
    changes = chain(
        compare_types(context),
        compare_operations(context),
        compare_container(context),
        compare_terms(context),
    )
    surface = Surface(old.model, new.model, context.renamed, client, given)
    names = assign_names(old.model, given), assign_names(new.model, given)
    findings = [_finding(change, surface, names) for change in changes]
    before, after = (
        respelled.Side(side.model, own, methods)
        for side, own, methods in zip((old, new), names, surface.methods, strict=True)
    )
    methods = (finding.methods for finding in findings)
    explained = {method for own in methods for method in (*own.removed, *own.altered)}
    findings += respelled.find_respelled(before, after, explained)
    return Comparison(
        Source(old.document.file, old.document.sha256),
        Source(new.document.file, new.document.sha256),
        tuple(sorted({*old.subset.roots, *new.subset.roots})),
        tuple(sorted(findings, key=_order)),
        names,
    )


def _is_described(model: Model) -> bool:
    return any(is_descriptive(a.term) for a in _annotations(model))


def _annotations(model: Model) -> Iterator[Annotation]:
    for declared in model.types.values():
        yield from declared.annotations
        members = declared.members if isinstance(declared, EnumType) else declared.members()
        for member in members:
            yield from member.annotations
    for operation in model.operations:
        yield from operation.annotations
        for parameter in operation.parameters:
            yield from parameter.annotations


def _order(finding: Finding) -> tuple[str, str, str]:
    return finding.declaration, finding.element, finding.rule.id


_OF_OPERATIONS = frozenset({"Action", "Function", "Parameter", "ReturnType"})


def _finding(change: Change, surface: Surface, names: tuple[Names, Names]) -> Finding:
    """Return a change with its verdicts.

    A rule's own effect holds where the element exists in Python. It does not for an operation without
    a method, for a property that no model has, and for a new name that Python spells like the old one.
    """
    rule = RULES[change.rule]
    before, after = (
        python_name(change.kind, end.element, own) if end else ""
        for end, own in zip((change.old, change.new), names, strict=True)
    )
    methods = _explained_methods(change, rule, surface)
    uncalled = change.kind in _OF_OPERATIONS and not any(
        map(surface.calls_operation, _subjects(change, surface))
    )
    removes = methods.removed or methods.breaks_calls
    if removes or (rule.names_client and surface.renames_client):
        effect = Effect.BOTH
    elif rule.effect is None or _has_only_methods(change):
        effect = methods.effect
    elif uncalled or (rule.renames and before and before == after):
        effect = Effect.INVISIBLE
    else:
        effect = rule.effect
    return Finding(
        rule=rule,
        kind=change.kind,
        old=change.old,
        new=change.new,
        effect=effect,
        python=before or after,
        methods=methods,
    )


def _explained_methods(change: Change, rule: Rule, surface: Surface) -> MethodChanges:
    """Return the changes of methods that a change of the metadata can be the reason for."""
    if rule.reach == "none":
        return UNCHANGED
    subjects = _subjects(change, surface)
    if change.kind == "Property" and not any(map(surface.leads_to_methods, subjects)):
        return UNCHANGED  # which spares most comparisons the methods of both clients
    if not change.term:
        return surface.changes(subjects, below=rule.reach == "below")
    term = TERMS.get(change.term)
    if term is None or not term.affects_methods:
        return UNCHANGED
    found = surface.changes(subjects, below=term.affects_items, operations=term.affects_operations)
    if term.affects_operations and found.removed:
        return found  # overloads are named after each other: one more of them can rename a method
    if rule.only_adds:
        return found.without_losses()
    return found.without_gains() if rule.only_removes else found


def _subjects(change: Change, surface: Surface) -> set[str]:
    """Return the keys of a changed element in `surface`, on both sides.

    An annotation that binds operations explicitly concerns each place where they could be called.
    """
    subjects = {end.subject for end in change.ends}
    if change.term == EXPLICIT_OPERATION_BINDINGS:
        names = (name for end in change.ends for name in end.value.split(", "))
        subjects |= surface.subjects_of(names)
    return subjects


def _has_only_methods(change: Change) -> bool:
    """Whether a property was added or removed that no model has: a stream, or one that leads anywhere."""
    values = {end.value for end in change.ends}
    return (change.kind, *values) in (
        ("Property", str(STREAM)),
        ("NavigationProperty", ENTITY),
        ("NavigationProperty", str(TypeRef(ENTITY, collection=True))),
    )
