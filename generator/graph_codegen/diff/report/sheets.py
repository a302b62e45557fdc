"""Both sides of each declaration with findings, side by side in a sheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from graph_codegen.csdl.ast import Operation
from graph_codegen.diff.change.changes import End, operation_subject, owner_of
from graph_codegen.diff.report.facts import Declared, list_facts
from graph_codegen.diff.verdict.findings import Comparison, Finding, Level
from graph_codegen.diff.verdict.names import python_name
from graph_codegen.model.model import Model


@dataclass(frozen=True, slots=True)
class Row:
    """An attribute or member of a declaration on both sides, empty on a side without it."""

    name: str
    old: str
    new: str
    findings: tuple[Finding, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the sides differ, in their texts or in a difference that only findings show."""
        return bool(self.findings) or self.old != self.new


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A declaration with findings: `old` and `new` are its names, empty on a side without it.

    `python` is its class, empty if it has none; `level` is that of its most serious finding.
    """

    old: str
    new: str
    kind: str
    python: str
    level: Level
    findings: tuple[Finding, ...]
    rows: tuple[Row, ...]

    @property
    def declaration(self) -> str:
        """The name to show: the new one, or else the old one."""
        return self.new or self.old

    def part(self, element: str) -> str:
        """Return an element relative to the declaration, `/subject`; other elements keep their names."""
        return _part(element, (self.old, self.new))


def build_sheets(comparison: Comparison, old: Model, new: Model) -> tuple[Sheet, ...]:
    """Return a sheet for each declaration with findings, in the order of the findings.

    `old` and `new` are the models that were compared.
    """
    sides = _sides(comparison, old, new)
    merged: dict[_Names, list[Finding]] = {}
    for name, group in groupby(comparison.findings, attrgetter("declaration")):
        findings = list(group)
        merged.setdefault(_names(sides, name, findings), []).extend(findings)
    return tuple(_sheet(comparison, sides, names, tuple(found)) for names, found in merged.items())


# -- matching the declarations of both sides

_Names = tuple[str, str]
"""The old and the new name of a declaration, empty on a side without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sides:
    """The declarations of both sides by name, and where elements went according to the findings.

    `renamed` maps either name of a renamed element to both; `alone` holds the declarations on one side
    only; `moved` maps a property that moved to another type to that type, by the type that it was in.
    `strays` are the operations whose signature the other side lacks, by name and binding.
    """

    before: Mapping[str, Declared]
    after: Mapping[str, Declared]
    renamed: Mapping[str, _Names]
    alone: frozenset[str]
    moved: Mapping[str, Mapping[str, str]]
    strays: Mapping[str, tuple[Operation, ...]]


def _sides(comparison: Comparison, old: Model, new: Model) -> _Sides:
    found = comparison.findings
    pairs = [(f.rule, (f.old.element, f.new.element)) for f in found if f.old and f.new]
    moved: dict[str, dict[str, str]] = {}
    for rule, (here, there) in pairs:
        if rule.moves:
            moved.setdefault(owner_of(here), {})[here] = owner_of(there)
    before, after = _declared(old), _declared(new)
    alone = frozenset(f.element for f in found if f.rule.one_sided)
    strays: dict[str, tuple[Operation, ...]] = {}
    for name in (before.keys() ^ after.keys()) - alone:
        declared = before.get(name) or after.get(name)
        if isinstance(declared, Operation):
            subject = operation_subject(declared)
            strays[subject] = (*strays.get(subject, ()), declared)
    renamed = {name: names for rule, names in pairs if rule.renames for name in names}
    return _Sides(
        before=before, after=after, renamed=renamed, alone=alone, moved=moved, strays=strays
    )


def _declared(model: Model) -> Mapping[str, Declared]:
    containers = {model.container.name: model.container} if model.container else {}
    operations = {operation.signature: operation for operation in model.operations}
    return {**containers, **operations, **model.types}


def _part(element: str, names: _Names) -> str:
    owner = owner_of(element)
    return element.removeprefix(owner) if owner in names else element


def _names(sides: _Sides, name: str, findings: Iterable[Finding]) -> _Names:
    """Return both names of a declaration that has findings."""
    old, new = sides.before.get(name), sides.after.get(name)
    if name in sides.renamed:
        return sides.renamed[name]
    if (old is None) == (new is None):
        return name, name  # on both sides; or a term, whose sheet has no facts
    operation = old or new
    if isinstance(operation, Operation) and name not in sides.alone:
        for finding in findings:
            if finding.old and finding.new:
                return owner_of(finding.old.element), owner_of(finding.new.element)
        # A parameter that was added or removed changes the signature, and does not name the other one.
        there = sides.after if old else sides.before
        strays = sides.strays.get(operation_subject(operation), ())
        other = _closest(operation, (o for o in strays if o.signature in there))
        return (name, other) if old else (other, name)
    return (name, "") if old else ("", name)


def _closest(operation: Operation, overloads: Iterable[Operation]) -> str:
    """Return the signature of the overload most similar to an operation, empty if there is none."""
    names = {parameter.name for parameter in operation.parameters}
    found = (
        (len(names ^ {parameter.name for parameter in other.parameters}), other.signature)
        for other in overloads
    )
    return min(found, default=(0, ""))[1]


# -- rows


def _sheet(
    comparison: Comparison, sides: _Sides, names: _Names, findings: tuple[Finding, ...]
) -> Sheet:
    old, new = names
    declared = sides.after.get(new) or sides.before.get(old)
    kind = next((text for _, _, text in list_facts(declared)), findings[0].kind)
    return Sheet(
        old=old,
        new=new,
        kind=kind,
        python=python_name(kind, new or old, comparison.names[1 if new else 0]),
        level=next(level for level in Level if any(f.level is level for f in findings)),
        findings=findings,
        rows=tuple(_rows(sides, names, findings)),
    )


def _rows(sides: _Sides, names: _Names, findings: tuple[Finding, ...]) -> Iterator[Row]:
    """Yield a row for each fact of either side, then one for each finding that is about no fact."""
    ends = ((f.old.element, f.new.element) for f in findings if f.old and f.new)
    renamed = {_part(old, names): _part(new, names) for old, new in ends}
    before = {
        renamed.get(key, key): (name, text)
        for key, name, text in list_facts(sides.before.get(names[0]))
    }
    after = {key: (name, text) for key, name, text in list_facts(sides.after.get(names[1]))}
    moved = {
        _part(element, names): f"in {owner}"
        for element, owner in sides.moved.get(names[0], {}).items()
    }
    findings_by_part: dict[str, list[Finding]] = {}
    for finding in findings:
        part = _part(finding.element, names) or finding.rule.fact
        findings_by_part.setdefault(part, []).append(finding)
    for key in _merge(tuple(before), tuple(after)):
        own = tuple(findings_by_part.pop(key, ()))
        members = own if key.startswith("/") else ()
        old_name, old = before.get(key, ("", _elsewhere((f.old for f in members), names)))
        destination = moved.get(key) or _elsewhere((f.new for f in members), names)
        new_name, new = after.get(key, ("", destination))
        yield Row(" → ".join(dict.fromkeys(filter(None, (old_name, new_name)))), old, new, own)
    for finding in (finding for rest in findings_by_part.values() for finding in rest):
        name = _part(finding.element, names).removeprefix("/") or finding.rule.title
        old, new = (end.value if end else "" for end in (finding.old, finding.new))
        yield Row(name, old, new, (finding,))


def _merge(old: tuple[str, ...], new: tuple[str, ...]) -> list[str]:
    """Return the new order; removed rows keep their old predecessor."""
    known = set(new)
    followers: dict[str, list[str]] = {}
    predecessor = ""  # which no fact is called
    for key in old:
        if key in known:
            predecessor = key
        else:
            followers.setdefault(predecessor, []).append(key)
    return [key for at in ("", *new) for key in ([at] if at else []) + followers.get(at, [])]


def _elsewhere(ends: Iterable[End | None], names: _Names) -> str:
    """Return where a member is that the declaration lacks, empty if it is nowhere."""
    owners = dict.fromkeys(owner_of(end.element) for end in ends if end)
    return ", ".join("outside of the subset" if name in names else f"in {name}" for name in owners)
