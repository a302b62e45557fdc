"""Renders the report as a single HTML page that needs no network and no other file."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from dataclasses import dataclass

from graph_codegen.diff.report.report import (
    EFFECTS,
    FEW,
    HEADINGS,
    POLICIES,
    Report,
    describe_deprecation,
    describe_level,
    in_programs,
    shortest,
)
from graph_codegen.diff.report.sheets import Row, Sheet, build_sheets
from graph_codegen.diff.usage import Usage
from graph_codegen.diff.verdict.findings import STEPS, Finding, Level, Step
from graph_codegen.diff.verdict.rules import RULES, Effect, Policy
from graph_codegen.emit.templates import render, verbatim
from graph_codegen.model.model import Model
from graph_codegen.text import without_commands

IGNORED = "ignored"
UNUSED = "unused"
"""The states of findings that do not count; the state of any other is its level."""

_STATES = (*Level, UNUSED, IGNORED)

MAX_INLINE = 120
"""Maximum characters of both values together that are shown on one line."""


def render_html(report: Report, old: Model, new: Model) -> str:
    """Return the page for a report; `old` and `new` are the models that were compared.

    The same input gives the same bytes. All metadata is escaped, and the page's Content-Security-Policy
    lets a browser run and load nothing but its own script and style.
    """
    style, script = verbatim("report/report.css"), verbatim("report/report.js")
    groups = (_group(sheet, report) for sheet in build_sheets(report.comparison, old, new))
    page = render(
        "report/report.html.jinja2",
        policy=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'",
        style=style,
        script=script,
        documents=(("old", report.comparison.old), ("new", report.comparison.new)),
        roots=report.comparison.roots,
        verdict=_verdict(report),
        cards=_cards(report),
        filters=_filters(report),
        groups=sorted(groups, key=lambda group: _severity(group.entries[0][2])),
        total=len(report.comparison.findings),
        code=None if report.code is None else tuple(map(_line, report.code)),
    )
    return without_commands(page, "&#{};")


def _hash(text: str) -> str:
    """Return the source expression for an inline element (https://www.w3.org/TR/CSP3/)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


# -- the verdict


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Whether the update matters: a headline, and sentences with details."""

    state: str
    word: str
    text: str
    step: Step
    details: tuple[str, ...]


def _verdict(report: Report) -> _Verdict:
    step, ignored = report.comparison.step, len(report.ignored)
    state = next((level for level in Level if report.at(level)), None)
    details = _policy(report.counted)
    if ignored:
        less = STEPS[state] if state else Step.NONE
        more = f", without which the step would be {less}" if less is not step else ""
        details += (f"{_count(ignored)} ignored{more}.",)
    if report.unused:
        details += (f"{_count(len(report.unused))} about nothing that the application uses.",)
    match state:
        case Level.BREAKING:
            count = len(report.at(state))
            word, text = "Breaking", f"{_count(count, 'break')} Python code that uses the element"
        case Level.DEPRECATED:
            word, text = "Deprecations", "something is to go, and nothing breaks yet"
        case Level.ADDITIVE:
            word, text = "Additive only", "there is more to use, and nothing breaks"
        case Level.INVISIBLE:
            word, text = "Invisible", "Python code cannot tell the documents apart"
        case None:
            aside = ignored or report.unused
            text = "every finding is set aside" if aside else "the documents say the same"
            word = (
                "Nothing used" if report.unused else "All ignored" if ignored else "Nothing changed"
            )
    return _Verdict(state or IGNORED, word, text, step, details)


def _policy(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    """Return a sentence about how many findings break Graph's policy."""
    count = sum(finding.policy is Policy.BREAKING for finding in findings)
    return (f"{_count(count, 'break')} Graph’s policy.",) if count else ()


def _count(count: int, verb: str = "") -> str:
    verb = f" {verb}{'s' if count == 1 else ''}" if verb else ""
    return f"{count:,} finding{'' if count == 1 else 's'}{verb}"


# -- findings


@dataclass(frozen=True, slots=True)
class _Methods:
    """Methods of the client with the same change: a few to show, and the others."""

    what: str
    names: tuple[str, ...]

    @property
    def few(self) -> tuple[str, ...]:
        return self.names[:FEW]

    @property
    def others(self) -> tuple[str, ...]:
        return self.names[FEW:]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A finding as the page shows it; `reason` says why it is ignored, empty if it counts.

    `level` says what the configuration did to its level, `deprecation` since when it is deprecated and until
    when; each is empty if nothing. `usage` and `uses` say whether and where the application uses the element;
    empty without one.
    """

    finding: Finding
    reason: str
    policy: str
    effect: str
    level: str
    deprecation: str
    old: str
    new: str
    methods: tuple[_Methods, ...]
    places: tuple[tuple[str, str], ...]
    state: str
    usage: str
    uses: tuple[str, ...]

    @property
    def long(self) -> bool:
        """Whether the values need lines of their own."""
        return len(self.old) + len(self.new) > MAX_INLINE


def _entry(finding: Finding, report: Report) -> _Entry:
    old, new = finding.values
    methods = finding.methods
    changes = (("gone", methods.removed), ("new", methods.added), ("altered", methods.altered))
    ends = (("old", finding.old), ("new", finding.new))
    concern = report.concern(finding)
    return _Entry(
        finding=finding,
        reason=report.ignored.get(finding, ""),
        policy=POLICIES[finding.policy],
        effect=EFFECTS[finding.effect],
        level=describe_level(finding),
        deprecation=describe_deprecation(finding, report.on),
        old=old,
        new=new,
        methods=tuple(_Methods(what, tuple(shortest(names))) for what, names in changes if names),
        places=tuple((side, str(end.place)) for side, end in ends if end),
        state=_state_of(finding, report),
        usage=concern.usage if concern else "",
        uses=tuple(map(str, concern.uses)) if concern else (),
    )


def _state_of(finding: Finding, report: Report) -> str:
    if finding in report.ignored:
        return IGNORED
    return UNUSED if report.is_unused(finding) else finding.level


# -- declarations


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a sheet; `state` is that of its most serious finding, empty if only texts differ."""

    row: Row
    state: str


@dataclass(frozen=True, slots=True)
class _Group:
    """A declaration: its findings, the most serious first, and its sheet."""

    sheet: Sheet
    state: str
    entries: tuple[tuple[str, str, _Entry], ...]
    rows: tuple[_Row, ...]
    sides: tuple[str, ...]

    @property
    def same(self) -> int:
        """The number of unchanged rows."""
        return sum(not row.row.changed for row in self.rows)


def _group(sheet: Sheet, report: Report) -> _Group:
    entries = sorted((_entry(f, report) for f in sheet.findings), key=_severity)
    sides = [
        side
        for side, texts in (
            ("Old", [r.old for r in sheet.rows]),
            ("New", [r.new for r in sheet.rows]),
        )
        if any(texts)
    ]
    return _Group(
        sheet,
        entries[0].state,
        tuple((*_named(sheet, entry.finding), entry) for entry in entries),
        tuple(_Row(row, _state(row, report)) for row in sheet.rows),
        tuple(sides) or ("New",),
    )


def _rank(state: str) -> int:
    return _STATES.index(state)


def _severity(entry: _Entry) -> tuple[int, tuple[bool, str, str, str, str]]:
    return _rank(entry.state), in_programs(entry.finding)


def _state(row: Row, report: Report) -> str:
    states = (_state_of(f, report) for f in row.findings)
    return min(states, key=_rank, default="")


def _named(sheet: Sheet, finding: Finding) -> tuple[str, str]:
    """Return the name of an element within its declaration, and its old name if that differs."""
    part = sheet.part(finding.element)
    old = sheet.part(finding.old.element) if finding.old and finding.new else part
    return part.removeprefix("/"), "" if old == part else old.removeprefix("/")


# -- filters


@dataclass(frozen=True, slots=True)
class _Choice:
    """A value to filter findings by, its label, and the number of findings with it."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class _Filter:
    name: str
    label: str
    choices: tuple[_Choice, ...]


def _cards(report: Report) -> tuple[_Choice, ...]:
    levels = [_Choice(level, HEADINGS[level], len(report.at(level))) for level in Level]
    aside = ((UNUSED, "Unused", len(report.unused)), (IGNORED, "Ignored", len(report.ignored)))
    return (*levels, *(_Choice(*choice) for choice in aside if choice[2]))


def _filters(report: Report) -> tuple[_Filter, ...]:
    findings = report.comparison.findings
    usages = Counter(concern.usage for f in findings if (concern := report.concern(f)))
    policies, effects = Counter(f.policy for f in findings), Counter(f.effect for f in findings)
    rules, kinds = Counter(f.rule.id for f in findings), Counter(f.kind for f in findings)
    found = (
        ("policy", "Graph’s policy", [(p, POLICIES[p], policies[p]) for p in Policy]),
        ("effect", "Effect on Python", [(e, EFFECTS[e], effects[e]) for e in Effect]),
        ("rule", "Rule", [(rule, rule, rules[rule]) for rule in RULES]),
        ("usage", "Use", [(usage, usage.capitalize(), usages[usage]) for usage in Usage]),
        ("kind", "Kind of element", [(kind, kind, kinds[kind]) for kind in sorted(kinds)]),
    )
    return tuple(
        _Filter(name, label, tuple(_Choice(*choice) for choice in choices if choice[2]))
        for name, label, choices in found
        if name != "usage" or usages
    )


# -- the code


_MARKS = {"+": "ins", "-": "del", "@": "at"}


def _line(text: str) -> tuple[str, str]:
    """Return a line of a unified diff with the class that colours it."""
    mark = "at" if text.startswith(("+++", "---")) else _MARKS.get(text[:1], "")
    return mark, text
