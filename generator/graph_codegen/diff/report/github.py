"""Renders the report as annotations of a workflow at GitHub, by commands in its log.

Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from graph_codegen.diff.report.report import (
    HEADINGS,
    Report,
    describe_change,
    describe_deprecation,
    describe_python,
    describe_usage,
    describe_verdicts,
)
from graph_codegen.diff.report.where import find_places
from graph_codegen.diff.verdict.findings import Finding, Level
from graph_codegen.text import log_line, shorten

MOST = 10
"""How many errors, warnings and notices of a step GitHub shows, of each."""

LONGEST = 1_000
"""Characters of a name or value that an annotation shows."""

_COMMANDS: Mapping[str, tuple[Level, ...]] = {
    "error": (Level.BREAKING,),
    "warning": (Level.DEPRECATED,),
    "notice": (Level.ADDITIVE, Level.INVISIBLE),
}


def render_github(report: Report, document: str, root: Path, command: str = "") -> str:
    """Return the headline and the annotations of a report, as many as GitHub shows, the gravest first.

    They are at what the application uses, else in the new document, whose path is `document`, of the
    repository at `root`. The last of a kind counts those that are not shown, and names the `command` that
    shows all.
    """
    lines = [log_line(report.headline)]
    for kind, levels in _COMMANDS.items():
        findings = [finding for level in levels for finding in report.at(level)]
        fit = len(findings) if len(findings) <= MOST else MOST - 1
        lines += (_annotation(kind, finding, report, document, root) for finding in findings[:fit])
        if more := len(findings) - fit:
            hint = f": {command} shows all" if command else ""
            lines.append(f"::{kind} title=Graph metadata::{_data(f'and {more:,} more{hint}')}")
    return "\n".join(lines) + "\n"


def _annotation(kind: str, finding: Finding, report: Report, document: str, root: Path) -> str:
    place = next(iter(find_places(report, finding, document, root)), None)
    properties = {
        "file": place.file if place else "",
        "line": str(place.line) if place and place.line else "",
        "title": f"{HEADINGS[finding.level]}: {finding.rule.title}",
    }
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return f"::{kind} {told}::{'%0A'.join(map(_data, _message(finding, report)))}"


def _message(finding: Finding, report: Report) -> Iterator[str]:
    """Yield the lines of an annotation."""
    yield f"{_short(finding.element)}: {describe_change(finding, _short)} ({finding.rule.id})"
    yield describe_verdicts(finding)
    for text in (
        describe_python(finding, _short),
        describe_deprecation(finding, report.on),
        describe_usage(report, finding, _short),
    ):
        if text:
            yield text


def _short(text: str) -> str:
    return shorten(text, LONGEST)


def _data(text: str) -> str:
    """Escape a line of a message."""
    return log_line(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
