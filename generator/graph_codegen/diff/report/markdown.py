"""Renders the report as GitHub Markdown, fit for the body of a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate, takewhile

from graph_codegen.diff.report.report import (
    HEADINGS,
    Report,
    describe_change,
    describe_deprecation,
    describe_level,
    describe_places,
    describe_python,
    describe_usage,
    describe_verdicts,
    render_title,
)
from graph_codegen.diff.verdict.findings import Finding, Level, count_per_rule
from graph_codegen.text import code_source, log_line

LIMIT = 60_000
"""Maximum characters of a report: GitHub allows 65,536 in the body of a pull request."""

ROW = 400
"""Minimum characters left for a table: with fewer, it would have no row."""

LONGEST = 300
"""Characters of a name or value that a row shows."""


def render_markdown(report: Report, command: str = "", limit: int = LIMIT) -> str:
    """Return a report as Markdown of at most about `limit` characters.

    Findings that do not fit are counted instead, the least serious first. `command` is the command line that
    shows all of them, if there is one. What the documents hold is in it as code alone.
    """
    lines = [
        f"# Graph metadata: {render_title(report, code)}",
        "",
        f"**{_sentence(report.headline)}**",
        "",
    ]
    roots = ", ".join(map(code, report.comparison.roots))
    lines += [f"Roots: {roots}. The rules are explained in docs/rules.md.", ""]
    left = limit - sum(map(len, lines))
    hint = f"{code_source(command)} shows all" if command else "the other formats show all"
    for level in Level:
        section = list(_section(level, report, left, hint))
        lines += section
        left -= sum(len(line) + 1 for line in section)
    if report.ignored:
        section = list(_ignored(report, left, hint))
        lines += section
        left -= sum(len(line) + 1 for line in section)
    if report.code is not None:
        lines += _code(report.code, left, hint)
    return "\n".join(lines).rstrip() + "\n"


def code(text: str) -> str:
    """Return the source of a name or value, of which the end may be left out."""
    return code_source(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _section(level: Level, report: Report, room: int, hint: str) -> Iterator[str]:
    findings = report.at(level)
    if not findings:
        return
    yield f"## {HEADINGS[level]} ({len(findings)})"
    yield ""
    counts = (f"{count} `{rule}`" for rule, count in count_per_rule(findings).items())
    yield f"{', '.join(counts)}."
    yield ""
    if room < ROW:
        yield from _fitting([""] * len(findings), 0, hint)
        yield ""
        return
    folded = level is not Level.BREAKING
    if folded:
        yield "<details><summary>Show</summary>"
        yield ""
    columns = ["Rule", "Element", "Change", "Python", "Places"]
    columns[3:3] = ["Verdicts"] if level is Level.BREAKING else []
    columns += ["Used"] if report.concerns is not None else []
    yield f"| {' | '.join(columns)} |"
    yield "|" + " --- |" * len(columns)
    yield from _fitting([_row(finding, report) for finding in findings], room, hint)
    yield ""
    if folded:
        yield "</details>"
        yield ""


def _row(finding: Finding, report: Report) -> str:
    level, deprecation = describe_level(finding), describe_deprecation(finding, report.on)
    aside = " ".join(filter(None, [level and f"{level}.", code_source(deprecation)]))
    change = ". ".join(filter(None, [describe_change(finding, code), aside]))
    cells = [f"`{finding.rule.id}`", code(finding.element), change]
    if finding.level is Level.BREAKING:
        cells.append(describe_verdicts(finding))
    cells += [describe_python(finding, code), describe_places(finding, code)]
    if report.concerns is not None:
        cells.append(describe_usage(report, finding, code))
    escaped = (cell.replace("|", "\\|") for cell in cells)  # a bar ends a cell, even inside code
    return f"| {' | '.join(escaped)} |"


def _fitting(rows: list[str], room: int, hint: str) -> Iterator[str]:
    """Yield the rows that fit, then how many do not."""
    fit = _fit(rows, room)
    yield from rows[:fit]
    yield from _more(len(rows) - fit, hint)


def _fit(rows: list[str], room: int) -> int:
    sizes = accumulate(len(row) + 1 for row in rows)
    return sum(1 for _ in takewhile(lambda size: size <= room, sizes))


def _more(number: int, hint: str) -> list[str]:
    return ["", f"… and {number} more: {hint}."] if number else []


def _ignored(report: Report, room: int, hint: str) -> Iterator[str]:
    yield f"## Ignored ({len(report.ignored)})"
    yield ""
    rows = [
        f"- `{finding.rule.id}` {code(finding.element)}: {code(reason)}"
        for finding, reason in report.ignored.items()
    ]
    yield from _fitting(rows, room, hint)
    yield ""


def _code(lines: tuple[str, ...], room: int, hint: str) -> list[str]:
    if not lines:
        return ["## Code", "", "The generated package does not change."]
    rows = list(map(log_line, lines))
    shown = rows[: _fit(rows, room)]
    # The fence must be longer than any fence in the text.
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return ["## Code", "", f"{fence}diff", *shown, fence, *_more(len(rows) - len(shown), hint)]
