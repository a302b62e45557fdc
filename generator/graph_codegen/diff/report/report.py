"""The content of a report in any format: the comparison, the ignored findings, the diff of the code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from graph_codegen.diff.usage import UNUSED, Concern, Usage
from graph_codegen.diff.verdict.findings import Comparison, Finding, Level
from graph_codegen.diff.verdict.rules import Effect, Policy

HEADINGS: Mapping[Level, str] = {
    Level.BREAKING: "Breaking",
    Level.DEPRECATED: "Deprecated",
    Level.ADDITIVE: "Additive",
    Level.INVISIBLE: "Invisible",
}

POLICIES: Mapping[Policy, str] = {
    Policy.BREAKING: "Graph: breaking",
    Policy.COMPATIBLE: "Graph: compatible",
}

EFFECTS: Mapping[Effect, str] = {
    Effect.BOTH: "Python: breaks at type-check and at run time",
    Effect.TYPE_CHECK: "Python: breaks at type-check",
    Effect.RUN_TIME: "Python: breaks at run time",
    Effect.DEPRECATED: "Python: deprecated",
    Effect.ADDITIVE: "Python: additive",
    Effect.INVISIBLE: "Python: invisible",
}
"""The verdicts in words, as all reports and `docs/rules.md` have them."""

FEW = 5
"""How many methods a finding names, the shortest ones, and how many uses; further ones are counted."""

Spelling = Callable[[str], str]
"""How a form of the report spells names and values."""


@dataclass(frozen=True)
class Report:
    """A comparison, the reasons for ignoring findings, and the diff of the generated code.

    `code` holds the lines of the unified diff between the generated packages, None if it was not
    requested. `concerns` says of each finding what it is to an application, None if none was read. `on` is
    the day from which the days until removal dates are counted, None to count none.
    """

    comparison: Comparison
    ignored: Mapping[Finding, str] = field(default_factory=dict[Finding, str])
    code: tuple[str, ...] | None = None
    concerns: Mapping[Finding, Concern] | None = None
    on: date | None = None

    def at(self, level: Level) -> tuple[Finding, ...]:
        """Return the findings of a level that count, by what they do to a program."""
        return self._levels[level]

    @cached_property
    def _levels(self) -> Mapping[Level, tuple[Finding, ...]]:
        found = sorted(self.counted, key=in_programs)
        return {level: tuple(f for f in found if f.level is level) for level in Level}

    @cached_property
    def counted(self) -> tuple[Finding, ...]:
        """The findings that are not ignored, and that concern the application if there is one."""
        found = self.comparison.findings
        return tuple(f for f in found if f not in self.ignored and not self.is_unused(f))

    @cached_property
    def unused(self) -> tuple[Finding, ...]:
        """The findings that are not ignored, and about nothing that the application uses."""
        found = self.comparison.findings
        return tuple(f for f in found if f not in self.ignored and self.is_unused(f))

    def is_unused(self, finding: Finding) -> bool:
        """Whether there is an application that does not use what a finding is about."""
        concern = self.concern(finding)
        return concern is not None and concern.usage is Usage.UNUSED

    def concern(self, finding: Finding) -> Concern | None:
        """Return what a finding is to the application, None if there is none."""
        return None if self.concerns is None else self.concerns.get(finding, UNUSED)

    @property
    def headline(self) -> str:
        """The whole report in one line."""
        if not self.comparison.findings:
            return "nothing changed"
        shown = (level for level in Level if self.at(level) or level is not Level.DEPRECATED)
        counts = [f"{len(self.at(level))} {level}" for level in shown]
        counts += [f"{len(self.ignored)} ignored"] if self.ignored else []
        counts += [f"{len(self.unused)} unused"] if self.unused else []
        return f"{', '.join(counts)}; suggested version step: {self.comparison.step}"


def in_programs(finding: Finding) -> tuple[bool, str, str, str, str]:
    """Return the key by which findings are in order: the method of the client, else the name in Python."""
    methods = finding.methods
    names = shortest((*methods.removed, *methods.altered, *methods.added))[:1]
    return not names, "".join(names), finding.python, finding.element, finding.rule.id


def shortest(methods: Iterable[str]) -> list[str]:
    """Return methods by the length of the way to them, the shortest first."""
    return sorted(methods, key=lambda name: (name.count("."), len(name), name))


def describe_change(finding: Finding, spell: Spelling = str) -> str:
    """Return the change in words."""
    values = " → ".join(map(spell, filter(None, finding.values)))
    return f"{finding.rule.title}: {values}" if values else finding.rule.title


def describe_verdicts(finding: Finding) -> str:
    """Return both verdicts of a finding in sentences."""
    return f"{POLICIES[finding.policy]}. {EFFECTS[finding.effect]}."


def describe_level(finding: Finding) -> str:
    """Return what the configuration did to the level of a finding, nothing if nothing."""
    if finding.chosen in (None, finding.usual_level):
        return ""
    return f"Level: {finding.level} by the configuration, {finding.usual_level} without it"


def describe_deprecation(finding: Finding, on: date | None = None) -> str:
    """Return since when an element is deprecated, until when, and what to use instead; nothing if it is not.

    From a day on, that includes the days left.
    """
    if finding.deprecation is None:
        return ""
    return finding.deprecation.text_on(on) if on else finding.deprecation.text


def describe_places(finding: Finding, spell: Spelling = str) -> str:
    """Return the places of a finding in both documents."""
    ends = (("old", finding.old), ("new", finding.new))
    return ", ".join(f"{side} {spell(str(end.place))}" for side, end in ends if end)


def describe_python(finding: Finding, spell: Spelling = str) -> str:
    """Return what a finding does to a program: the element's name there, and the methods that change."""
    methods = finding.methods
    changes = (
        ("removes", methods.removed),
        ("adds", methods.added),
        ("alters", methods.altered),
    )
    named = [spell(finding.python)] if finding.python else []
    return "; ".join(
        [*named, *(f"{what} {_some_methods(names, spell)}" for what, names in changes if names)]
    )


def describe_usage(report: Report, finding: Finding, spell: Spelling = str) -> str:
    """Return where the application uses what a finding is about: `used app/calls.py:7`; empty without one."""
    concern = report.concern(finding)
    if concern is None or not concern.uses:
        return ""
    return f"{concern.usage} {_some([spell(str(place)) for place in concern.uses])}"


def _some_methods(names: tuple[str, ...], spell: Spelling) -> str:
    return _some([spell(f"client.{name}()") for name in shortest(names)])


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:FEW])
    return shown if len(names) <= FEW else f"{shown} and {len(names) - FEW:,} more"


def render_title(report: Report, spell: Spelling = str) -> str:
    """Return the names of the compared documents."""
    comparison = report.comparison
    return f"{spell(comparison.old.file)} → {spell(comparison.new.file)}"
