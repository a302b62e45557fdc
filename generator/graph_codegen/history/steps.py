"""A comparison of two successive versions → a step of the history, which keeps no model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graph_codegen.csdl.ast import Operation, TypeDeclaration
from graph_codegen.diff.change.changes import owner_of
from graph_codegen.diff.change.context import Side
from graph_codegen.diff.change.operations import pair_operations
from graph_codegen.diff.report.facts import list_facts
from graph_codegen.diff.verdict.findings import Comparison, Finding, Source
from graph_codegen.diff.verdict.parts import rename_in, rename_types
from graph_codegen.model.model import Model

ENTERED = frozenset({"type-entered", "property-entered", "operation-entered"})
LEFT = frozenset({"type-left", "property-left", "operation-left"})
"""The rules for elements that both documents have, and the slices of only one of them."""

MOVED_UP = "property-moved-to-base"
"""The rule for a property that a type inherits where it declared it before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What changed from one version to the next.

    `came` and `went` are the declarations that only one of them has, with the elements in them.
    """

    old: Source
    new: Source
    roots: tuple[str, ...]
    findings: tuple[Finding, ...]
    came: Mapping[str, tuple[str, ...]]
    went: Mapping[str, tuple[str, ...]]
    names: NewNames


@dataclass(frozen=True, slots=True)
class NewNames:
    """What elements of the older version are called in the newer one, by their names there.

    An element has the name of its declaration in its own, and an operation the names of types.
    """

    types: Mapping[str, str]
    declarations: Mapping[str, str]
    elements: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.types or self.declarations or self.elements)

    def find(self, name: str) -> str:
        """Return the new name of an element."""
        if not self:
            return name
        name = rename_in(name, self.types)
        owner = owner_of(name)
        name = self.declarations.get(owner, owner) + name.removeprefix(owner)
        member = "/".join(name.split("/")[:2])
        return self.elements.get(member, member) + name.removeprefix(member)


def without_term(element: str) -> str:
    """Return the element that an annotation is on, or the element itself."""
    return element.partition("@")[0]


def take_step(comparison: Comparison, old: Side, new: Side) -> Step:
    """Return what a comparison of two sides found."""
    found = comparison.findings
    went = (f.old.element for f in found if f.old and f.rule.one_sided and not _has_come(f))
    came = (f.new.element for f in found if f.new and f.rule.one_sided and _has_come(f))
    return Step(
        old=comparison.old,
        new=comparison.new,
        roots=comparison.roots,
        findings=found,
        came=_elements(came, new.model),
        went=_elements(went, old.model),
        names=_new_names(found, old.model, new.model),
    )


def _has_come(finding: Finding) -> bool:
    return finding.old is None or finding.rule.id in ENTERED


def _elements(declarations: Iterable[str], model: Model) -> Mapping[str, tuple[str, ...]]:
    """Return the elements in declarations, by the names of these."""
    operations = {operation.signature: operation for operation in model.operations}
    known: Mapping[str, TypeDeclaration | Operation] = {**operations, **model.types}
    return {
        name: tuple(
            f"{name}{key}" for key, _, _ in list_facts(known.get(name)) if key.startswith("/")
        )
        for name in declarations
    }


def _new_names(findings: tuple[Finding, ...], old: Model, new: Model) -> NewNames:
    pairs = [
        (f, without_term(f.old.element), without_term(f.new.element))
        for f in findings
        if f.old and f.new and f.rule.id not in ENTERED | LEFT and not f.rule.moves
    ]
    renamed = {one: other for f, one, other in pairs if f.rule.renames and "/" not in one}
    types = {one: other for one, other in renamed.items() if one in old.types}
    before = rename_types(old, types)
    declarations = {
        one.signature: other.signature
        for one, other in pair_operations(before, new)
        if one.signature != other.signature
    }
    declarations |= {rename_in(one, types): other for one, other in renamed.items()}
    outer = NewNames(types, declarations, {})
    inner = ((outer.find(one), other) for _, one, other in pairs)
    return NewNames(
        types,
        declarations,
        {
            one: other
            for one, other in inner
            if one != other and "/" in one and owner_of(one) == owner_of(other)
        },
    )
