"""Findings: every change with its two verdicts, and the version step that they call for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from graph_codegen.diff.change.changes import End, owner_of
from graph_codegen.diff.verdict.rules import RULES, Effect, Policy, Rule
from graph_codegen.diff.verdict.surface import UNCHANGED, MethodChanges
from graph_codegen.emit.names import Names
from graph_codegen.model.deprecations import Deprecation


class Level(StrEnum):
    """What a change does to a program: it is BREAKING, DEPRECATED, ADDITIVE, or INVISIBLE."""

    BREAKING = "breaking"
    DEPRECATED = "deprecated"
    ADDITIVE = "additive"
    INVISIBLE = "invisible"


class Step(StrEnum):
    """The part of a version number to raise (https://semver.org)."""

    MAJOR = "major"
    MINOR = "minor"
    PATCH = "patch"
    NONE = "none"


STEPS: Mapping[Level, Step] = {
    Level.BREAKING: Step.MAJOR,
    Level.DEPRECATED: Step.MINOR,
    Level.ADDITIVE: Step.MINOR,
    Level.INVISIBLE: Step.PATCH,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One change with its verdicts.

    `kind` is the kind of CSDL element; `old` or `new` is None if that side lacks it. `python` is its
    name in a program, empty if it has none. `methods` are the client's methods that the change removes,
    adds or alters; `renames_client` says whether the client's classes have other names by it. `chosen` is
    the level that the configuration gives its rule, None for the usual.
    """

    rule: Rule
    kind: str
    old: End | None
    new: End | None
    effect: Effect
    python: str = ""
    methods: MethodChanges = UNCHANGED
    renames_client: bool = False
    chosen: Level | None = None

    @property
    def policy(self) -> Policy:
        """The verdict by Graph's own policy."""
        return self.rule.policy

    @property
    def level(self) -> Level:
        """The level that the configuration gives its rule, else the usual one."""
        return self.chosen or self.usual_level

    @property
    def usual_level(self) -> Level:
        """What the change does to a program, whatever Graph's policy says of it."""
        return Level.BREAKING if self.effect.breaks else Level(self.effect.value)

    @property
    def deprecation(self) -> Deprecation | None:
        """What the new document says of a deprecation, None if that is not what changed."""
        return self.new.deprecation if self.new else None

    @property
    def end(self) -> End:
        """The side to show: the new one if it has the element."""
        end = self.new or self.old
        assert end is not None  # a change has at least one side
        return end

    @property
    def element(self) -> str:
        """The element that changed, spelled as an annotation target."""
        return self.end.element

    @property
    def declaration(self) -> str:
        """The type, operation or container that the element belongs to."""
        return owner_of(self.element)

    @property
    def values(self) -> tuple[str, str]:
        """The values to show for both sides, empty for none."""
        old, new = (end.value if end else "" for end in (self.old, self.new))
        if self.deprecation and not self.old:  # which says it better
            return "", ""
        if not (self.old and self.new):
            return old, new
        # With equal values the element itself changed, and the value adds nothing.
        return ("", "") if old == new else (old or "none", new or "none")

    @property
    def summary(self) -> str:
        """The change in words: `type changed: Edm.String → Edm.Int32`."""
        values = " → ".join(filter(None, self.values))
        return f"{self.rule.title}: {values}" if values else self.rule.title


@dataclass(frozen=True, slots=True)
class Source:
    """One of the compared documents."""

    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """All findings between two documents, sorted by declaration, element and rule.

    `names` are the names in Python of both sides.
    """

    old: Source
    new: Source
    roots: tuple[str, ...]
    findings: tuple[Finding, ...]
    names: tuple[Names, Names]

    @property
    def step(self) -> Step:
        """The version step that the findings call for."""
        levels = {finding.level for finding in self.findings}
        return next((STEPS[level] for level in Level if level in levels), Step.NONE)

    def count(self, level: Level) -> int:
        """Return how many findings are of a level."""
        return sum(finding.level is level for finding in self.findings)


def count_per_rule(findings: Iterable[Finding]) -> dict[str, int]:
    """Return how many findings each rule has, in the order of the rules."""
    counted = Counter(finding.rule.id for finding in findings)
    return {rule: counted[rule] for rule in RULES if rule in counted}
