"""The content of a report in any format: the comparison, the ignored findings, the diff of the code."""

from __future__ import annotations

from collections.abc import Mapping
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

FEW = 3
"""How many methods a finding names, and how many uses; further ones are counted."""


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
        """Return the findings of a level that count."""
        return self._levels[level]

    @cached_property
    def _levels(self) -> Mapping[Level, tuple[Finding, ...]]:
        return {level: tuple(f for f in self.counted if f.level is level) for level in Level}

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


def describe_places(finding: Finding) -> str:
    """Return the places of a finding in both documents."""
    return ", ".join(
        f"{side} {end.place}" for side, end in (("old", finding.old), ("new", finding.new)) if end
    )


def describe_python(finding: Finding) -> str:
    """Return the Python name of the element, and the methods of the client that changed."""
    methods = finding.methods
    changes = [
        f"{sign}{_some(names)}"
        for sign, names in (("- ", methods.removed), ("+ ", methods.added), ("± ", methods.altered))
        if names
    ]
    return "; ".join([*([finding.python] if finding.python else []), *changes])


def describe_usage(report: Report, finding: Finding) -> str:
    """Return where the application uses what a finding is about: `used app/calls.py:7`; empty without one."""
    concern = report.concern(finding)
    if concern is None or not concern.uses:
        return ""
    places = ", ".join(map(str, concern.uses[:FEW]))
    more = len(concern.uses) - FEW
    return f"{concern.usage} {places}" + (f" and {more} more" if more > 0 else "")


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(f"client.{name}()" for name in names[:FEW])
    return shown if len(names) <= FEW else f"{shown} and {len(names) - FEW} more"


def render_title(report: Report) -> str:
    """Return the names of the compared documents."""
    comparison = report.comparison
    return f"{comparison.old.file} → {comparison.new.file}"
