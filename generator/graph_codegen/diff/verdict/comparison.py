"""Two sides → every finding between them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from graph_codegen.csdl.ast import Annotation, EnumType
from graph_codegen.diff.change import renames
from graph_codegen.diff.change.changes import Change
from graph_codegen.diff.change.container import compare_container, compare_terms
from graph_codegen.diff.change.context import Context, Side
from graph_codegen.diff.change.operations import compare_operations
from graph_codegen.diff.change.types import compare_types
from graph_codegen.diff.verdict.findings import Comparison, Finding, Source
from graph_codegen.diff.verdict.names import python_name
from graph_codegen.diff.verdict.rules import RULES, Effect
from graph_codegen.diff.verdict.surface import UNTOUCHED, Surface, Touched
from graph_codegen.emit.methods import OPTIONAL_PARAMETER
from graph_codegen.model.model import Model
from graph_codegen.model.writer import DESCRIPTIVE_TERMS
from graph_codegen.service.capabilities import (
    CAPABILITIES,
    COMPUTED,
    EXPLICIT_OPERATION_BINDINGS,
    REQUIRES_EXPLICIT_BINDING,
)
from graph_codegen.service.requests import STREAM


def compare(old: Side, new: Side) -> Comparison:
    """Return every difference between the subsets of two documents, with its verdicts.

    What is equal after resolving is no difference: aliases, order, formatting, comments, and where
    annotations stand. Descriptions are compared where both documents have any.
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
    surface = Surface(old.model, new.model, context.renamed)
    findings = (_finding(change, surface) for change in changes)
    return Comparison(
        Source(old.document.file, old.document.sha256),
        Source(new.document.file, new.document.sha256),
        tuple(sorted({*old.subset.roots, *new.subset.roots})),
        tuple(sorted(findings, key=_order)),
    )


def _is_described(model: Model) -> bool:
    return any(a.term in DESCRIPTIVE_TERMS for a in _annotations(model))


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

_RENAMING = frozenset(
    {
        "base-type-extended",
        "optional-parameter-added",
        "parameter-order-changed",
        "parameter-removed",
        "parameter-renamed",
        "required-parameter-added",
    }
)
"""Rules by which a method can get another name, since overloads are named after their parameters."""

_LEADING = ("containment-", "entity-source-", "property-")
"""How the rules begin whose elements lead to resources."""

_INDEXABLE = f"{CAPABILITIES}IndexableByKey"
"""The annotation that does: without it nothing below the items of a collection can be reached."""

_TELLING = frozenset(
    {COMPUTED, EXPLICIT_OPERATION_BINDINGS, OPTIONAL_PARAMETER, REQUIRES_EXPLICIT_BINDING}
)
"""Terms besides capabilities by which the client has methods or not."""


def _finding(change: Change, surface: Surface) -> Finding:
    """Return a change with its verdicts.

    A rule's own effect holds where Python has the element at all: an operation without a method, a
    stream (which no model has), and a new name that Python spells like the old one do not.
    """
    rule = RULES[change.rule]
    before, after = (
        python_name(change.kind, end.element) if end else "" for end in (change.old, change.new)
    )
    methods = _touched(change, surface)
    of_operation = change.kind in _OF_OPERATIONS
    uncalled = of_operation and not any(map(surface.calls, _subjects(change, surface)))
    if rule.id.startswith("entity-source-") and surface.renames_client:
        effect = Effect.BOTH
    elif rule.effect is None or _is_stream(change):
        effect = methods.effect
    elif uncalled or (rule.id.endswith("-renamed") and before and before == after):
        effect = Effect.INVISIBLE
    elif rule.id in _RENAMING and methods.removed:
        effect = Effect.BOTH
    else:
        effect = rule.effect
    return Finding(rule, change.kind, change.old, change.new, effect, before or after, methods)


def _touched(change: Change, surface: Surface) -> Touched:
    """Return the methods that a change can be the reason for."""
    rule, term = change.rule, _element(change).rpartition("@")[2]
    if rule.startswith("annotation-") and term not in _TELLING:
        return UNTOUCHED
    if rule.startswith("capability-"):
        # What may be done with a resource says nothing of its actions, but whether it has items does.
        found = surface.touched(
            _subjects(change, surface), below=term == _INDEXABLE, operations=term == _INDEXABLE
        )
        return found.added_only() if rule == "capability-granted" else found.removed_only()
    reaches = RULES[rule].effect is None or _is_stream(change) or rule in _RENAMING
    if reaches or change.kind in {*_OF_OPERATIONS, "NavigationProperty"}:
        return surface.touched(_subjects(change, surface), below=rule.startswith(_LEADING))
    return UNTOUCHED


def _element(change: Change) -> str:
    end = change.new or change.old
    return end.element if end else ""


def _subjects(change: Change, surface: Surface) -> set[str]:
    """Return what requests know the element by, on either side.

    An annotation that binds operations to one place takes them away from all others.
    """
    ends = [end for end in (change.old, change.new) if end]
    subjects = {end.subject for end in ends}
    if _element(change).endswith(f"@{EXPLICIT_OPERATION_BINDINGS}"):
        subjects |= surface.subjects_of(name for end in ends for name in end.value.split(", "))
    return subjects


def _is_stream(change: Change) -> bool:
    """Whether it is a stream that has come or gone."""
    values = {end.value for end in (change.old, change.new) if end}
    return change.kind == "Property" and values == {str(STREAM)}
