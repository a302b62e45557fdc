"""Compares two documents: finds the changes, and gives each its verdicts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain

from graph_codegen.csdl.ast import ENTITY, Annotation, EnumType, TypeRef
from graph_codegen.csdl.vocabulary import (
    ALTERNATE_KEYS,
    EXPLICIT_OPERATION_BINDINGS,
    TERMS,
    Term,
    is_descriptive,
)
from graph_codegen.diff.change import renames
from graph_codegen.diff.change.changes import Change
from graph_codegen.diff.change.container import compare_container, compare_terms
from graph_codegen.diff.change.context import Context, Side
from graph_codegen.diff.change.operations import compare_operations
from graph_codegen.diff.change.types import compare_types
from graph_codegen.diff.verdict import respelled
from graph_codegen.diff.verdict.directions import Directions
from graph_codegen.diff.verdict.findings import Comparison, Finding, Source
from graph_codegen.diff.verdict.levels import NO_LEVELS, with_levels
from graph_codegen.diff.verdict.names import python_name
from graph_codegen.diff.verdict.parts import rename_in
from graph_codegen.diff.verdict.rules import RULES, Effect, Part
from graph_codegen.diff.verdict.surface import UNCHANGED, MethodChanges, Surface
from graph_codegen.emit.names import NO_NAMES, Names, assign_names
from graph_codegen.model.model import Model
from graph_codegen.model.subset import find_type
from graph_codegen.service.requests import STREAM, Request


def compare(
    old: Side,
    new: Side,
    client: str = "",
    given: Mapping[str, str] = NO_NAMES,
    levels: Mapping[str, str] = NO_LEVELS,
) -> Comparison:
    """Return every difference between the subsets of two documents, with its verdicts.

    `client` names the root that is the client itself, `given` are the names that someone gave to elements,
    `levels` the levels that someone gave to rules. Aliases, order, formatting, comments and out-of-line
    annotations make no difference. Descriptions are compared if both documents have any. Raises CodegenError
    for levels and rules that there are not.
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
    findings = [*_Judge(context, surface, names).findings(changes)]
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
        with_levels(sorted(findings, key=_order), levels),
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

_PARTS: Mapping[str, Part] = {
    "Property": "shapes",
    **dict.fromkeys(("Parameter", "ReturnType"), "parameters"),
    **dict.fromkeys(("Action", "Function", "ActionImport", "FunctionImport"), "operations"),
}
"""The parts of a document in which elements of a kind are, unless the rule says otherwise."""


class _Judge:
    """Gives changes their verdicts: by what each does to the old document if it comes alone."""

    def __init__(self, context: Context, whole: Surface, names: tuple[Names, Names]) -> None:
        self._context = context
        self._whole = whole
        self._names = names
        self._old_names = {new: old for old, new in context.renamed.items()}
        self._surfaces: dict[Part, Surface] = {}
        old, new = context.old, context.new
        self._directions = Directions((old.model, new.model), context.renamed, whole, _roots(old))

    def findings(self, changes: Iterable[Change]) -> Iterator[Finding]:
        """Yield a finding for each change.

        What becomes of a method only by several changes together is named by each of them; and each of
        them breaks if the method is lost.
        """
        judged = [(change, self._methods(change)) for change in changes]
        losses = self._whole.losses - {name for _, m in judged for name in m.losses}
        gains = self._whole.gains - {name for _, m in judged for name in m.added}
        for change, methods in judged:
            if losses or gains:
                together = self._attributed(change, self._whole, _subjects(change, self._whole))
                methods = methods.adding(together, losses, gains)
            yield self._finding(change, methods)

    def _finding(self, change: Change, methods: MethodChanges) -> Finding:
        """Return a change with its verdicts.

        A rule's own effect holds where the element exists in Python. It does not for an operation without
        a method, for a property that no model has, and for a new name that Python spells like the old one.
        """
        rule = RULES[change.rule]
        before, after = (
            python_name(change.kind, end.element, own) if end else ""
            for end, own in zip((change.old, change.new), self._names, strict=True)
        )
        displaced = methods.displaced
        if change.kind == "Parameter":
            displaced &= {before, after}
        removes = methods.removed or methods.loses_overload or displaced
        renames_client = rule.names_client and self._surface(change).renames_client
        if removes or renames_client:
            effect = Effect.BOTH
        elif rule.effect is None or _has_only_methods(change):
            effect = methods.effect
        elif self._is_uncalled(change) or (rule.renames and before and before == after):
            effect = Effect.INVISIBLE
        elif rule.directed:
            effect = min(self._directions.effect(change), methods.effect, key=[*Effect].index)
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
            renames_client=renames_client,
        )

    def _is_uncalled(self, change: Change) -> bool:
        if change.kind not in _OF_OPERATIONS:
            return False
        surface = self._surface(change)
        return not any(map(surface.calls_operation, self._subjects(change, surface)))

    def _methods(self, change: Change) -> MethodChanges:
        """Return the changes of methods that a change of the metadata makes if it comes alone."""
        if not _can_affect_methods(change, self._whole):
            return UNCHANGED
        surface = self._surface(change)
        return self._attributed(change, surface, self._subjects(change, surface))

    def _attributed(
        self, change: Change, surface: Surface, subjects: Collection[str]
    ) -> MethodChanges:
        """Return the changes of methods in a surface that a change of the metadata can be the reason for."""
        if not _can_affect_methods(change, self._whole):
            return UNCHANGED
        rule, term = RULES[change.rule], TERMS.get(change.term)
        if term:
            return surface.changes(
                subjects, below=term.affects_items, concerned=partial(_concerns, change, term)
            )
        found = surface.changes(subjects, below=rule.reach == "below")
        if rule.reach == "calls":
            return MethodChanges(altered=found.altered, effect=found.effect)
        return found

    def _surface(self, change: Change) -> Surface:
        """Return what the changes of the same part do to the old client.

        An operation that is bound to a type which the old document lacks is not there alone.
        """
        if change.new and change.kind in ("Action", "Function") and not change.term:
            binding = change.new.subject.partition("(")[2].removeprefix("Collection(").rstrip(")")
            if self._old_names.get(binding, binding) not in {"", *self._context.old.model.types}:
                return self._whole
        part = _part(change)
        if part not in self._surfaces:
            self._surfaces[part] = self._whole.with_part(part)
        return self._surfaces[part]

    def _subjects(self, change: Change, surface: Surface) -> Collection[str]:
        """Return the subjects of a change by the names that a surface has for them."""
        found = _subjects(change, surface)
        return found if surface is self._whole else {rename_in(s, self._old_names) for s in found}


def _roots(side: Side) -> Iterator[str]:
    """Yield the types that are roots: of notifications, or of what somebody reads in another way."""
    found = (find_type(side.whole, root) for root in side.subset.roots)
    return (name for name in found if name)


def _part(change: Change) -> Part:
    """Return the part of a document that a change is in."""
    of_rule = RULES[change.rule].part
    if of_rule or change.term:
        return of_rule or "annotations"
    return _PARTS.get(change.kind, "paths")


def _can_affect_methods(change: Change, surface: Surface) -> bool:
    if RULES[change.rule].reach == "none":
        return False
    if change.term:
        term = TERMS.get(change.term)
        return term is not None and term.affects_methods
    if change.kind != "Property":
        return True
    # Most properties lead to no methods, which spares most comparisons the methods of both clients.
    return any(surface.leads_to_methods(end.subject) for end in change.ends)


def _concerns(change: Change, term: Term, old: Request, new: Request) -> bool:
    """Whether a change of a term's annotation has to do with a method, by its requests in both clients."""
    if not term.restrictions:
        return bool(old.alternate) if term.name == ALTERNATE_KEYS else old.operation is not None
    # A change of a capability is about one flag, which the texts of its values begin with.
    flag = change.ends[-1].value.partition("=")[0] if term.meaning == "capability" else ""
    options = {*old.options} ^ {*new.options}
    return any(
        old.kind in r.requests or r.option in options or r.scope == "items"
        for r in term.restrictions
        if r.flag == flag
    )


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
