"""The steps of a history → when each element came, changed and went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from graph_codegen.diff.change.changes import owner_of
from graph_codegen.diff.verdict.findings import Finding, Level
from graph_codegen.history.steps import ENTERED, LEFT, MOVED_UP, NewNames, Step, without_term


class What(StrEnum):
    """What happened to an element: it CAME, CHANGED or WENT."""

    CAME = "came"
    CHANGED = "changed"
    WENT = "went"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to an element in a version, by its number from 0.

    `findings` are those of the comparison with the version before, none if the element came or went with its
    declaration.
    """

    version: int
    what: What
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """An element with findings: its newest name, the names that it had before, and its events in order.

    An element whose first event is another than that it came was in the first version.
    """

    name: str
    former: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()

    @property
    def declaration(self) -> str:
        """The type, operation or container that the element belongs to."""
        return owner_of(self.name)


@dataclass(frozen=True, slots=True)
class Version:
    """A version that was compared: its day, what reports call it, its SHA-256, and the commit that has it."""

    day: date
    document: str
    sha256: str
    revision: str = ""

    @property
    def label(self) -> str:
        """The day and the commit, as far as there is one."""
        return f"{self.day} {self.revision[:12]}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The versions in their order, and the elements by declaration and name that came, changed or went.

    `counts` says how many findings of each level each version has, compared with the one before.
    """

    versions: tuple[Version, ...]
    counts: tuple[Mapping[Level, int], ...]
    roots: tuple[str, ...]
    elements: tuple[Element, ...]

    def count(self, what: What) -> int:
        """Return how many elements something has happened to."""
        return sum(any(e.what is what for e in one.events) for one in self.elements)


def trace(versions: Iterable[Version], steps: Iterable[Step]) -> History:
    """Return what happened to each element: `steps` lead from each of the versions to the next."""
    known: dict[str, Element] = {}
    steps = [*steps]
    for number, step in enumerate(steps, 1):
        if step.names:
            known = _renamed(known, step)
        for what, declarations in ((What.WENT, step.went), (What.CAME, step.came)):
            for elements in declarations.values():
                for name in elements:
                    newest = step.names.find(name) if what is What.WENT else name
                    _add(known, newest, Event(number, what))
        for finding in step.findings:
            name, what = _judge(finding, step.names)
            _add(known, name, Event(number, what, (finding,)))
            before = without_term(finding.old.element) if finding.old else name
            if before != name == step.names.find(before):
                known[name] = _called(known[name], before)
    told = (one for one in known.values() if any(event.findings for event in one.events))
    return History(
        versions=tuple(versions),
        counts=tuple(_count(step) for step in steps),
        roots=tuple(sorted({root for step in steps for root in step.roots})),
        elements=tuple(sorted(told, key=lambda one: (one.declaration, one.name))),
    )


def _judge(finding: Finding, names: NewNames) -> tuple[str, What]:
    """Return the element that a finding is about, by its new name, and what happened to it."""
    old, new, rule = finding.old, finding.new, finding.rule
    # What left the slice goes by its name in there, and a property that moved by the type that inherits it.
    if old and (new is None or rule.id in LEFT or rule.id == MOVED_UP):
        name = names.find(without_term(old.element))
    else:
        name = without_term(finding.element)
    if finding.element != without_term(finding.element):
        return name, What.CHANGED
    if old is None or rule.id in ENTERED:
        return name, What.CAME
    return name, What.WENT if new is None or rule.id in LEFT else What.CHANGED


def _add(known: dict[str, Element], name: str, event: Event) -> None:
    """Add an event to an element; several findings of a version are one event."""
    element = known.get(name) or Element(name=name)
    events = element.events
    last = events[-1] if events else None
    if last and (last.version, last.what) == (event.version, event.what):
        event = replace(last, findings=(*last.findings, *event.findings))
        events = events[:-1]
    known[name] = replace(element, events=(*events, event))


def _called(element: Element, former: str) -> Element:
    """Return an element with one more of its former names."""
    names = dict.fromkeys((*element.former, former))
    return replace(element, former=tuple(name for name in names if name != element.name))


def _renamed(known: Mapping[str, Element], step: Step) -> dict[str, Element]:
    """Return elements by the names that they have after a step."""
    found: dict[str, Element] = {}
    for name, element in known.items():
        new = step.names.find(name)
        if new != name:
            element = _called(replace(element, name=new), name)
        if other := found.get(new):  # which had the name before, and is gone
            events = sorted((*other.events, *element.events), key=lambda event: event.version)
            former = dict.fromkeys((*other.former, *element.former))
            element = Element(name=new, former=tuple(former), events=tuple(events))
        found[new] = element
    return found


def _count(step: Step) -> Mapping[Level, int]:
    return {level: sum(f.level is level for f in step.findings) for level in Level}
