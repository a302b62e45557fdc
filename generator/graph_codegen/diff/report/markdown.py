"""Renders the report as GitHub Markdown, fit for the body of a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from graph_codegen.diff.report.report import (
    HEADINGS,
    Report,
    describe_deprecation,
    describe_level,
    describe_places,
    describe_python,
    describe_usage,
    describe_verdicts,
    render_title,
)
from graph_codegen.diff.verdict.findings import Finding, Level, count_per_rule
from graph_codegen.text import markdown_source

LIMIT = 60_000
"""Maximum characters of a report: GitHub allows 65,536 in the body of a pull request."""

ROW = 400
"""Minimum characters left for a table: with fewer, it would have no row."""

_ABOUT = {
    Level.BREAKING: ("| Rule | Element | Change | Verdicts | Python | Places |", 6),
    Level.DEPRECATED: ("| Rule | Element | Change | Python | Places |", 5),
    Level.ADDITIVE: ("| Rule | Element | Change | Python | Places |", 5),
    Level.INVISIBLE: ("| Rule | Element | Change | Places |", 4),
}


def render_markdown(report: Report, limit: int = LIMIT) -> str:
    """Return a report as Markdown of at most about `limit` characters.

    Findings that do not fit are counted instead, the least serious first.
    """
    lines = [
        f"# Graph metadata: {plain(render_title(report))}",
        "",
        f"**{_sentence(report.headline)}**",
        "",
    ]
    roots = ", ".join(map(plain, report.comparison.roots))
    lines += [f"Roots: {roots}. The rules are explained in docs/rules.md.", ""]
    left = limit - sum(map(len, lines))
    for level in Level:
        section = list(_section(level, report, left))
        lines += section
        left -= sum(len(line) + 1 for line in section)
    if report.ignored:
        section = list(_ignored(report, left))
        lines += section
        left -= sum(len(line) + 1 for line in section)
    if report.code is not None:
        lines += _code(report.code, left)
    return "\n".join(lines).rstrip() + "\n"


def plain(text: str) -> str:
    """Return a text with all Markdown, HTML and mentions escaped."""
    return markdown_source(text).replace("\\@", "@\u200b").replace("\\#", "#\u200b")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _section(level: Level, report: Report, room: int) -> Iterator[str]:
    findings = report.at(level)
    if not findings:
        return
    head, columns = _ABOUT[level]
    if report.concerns is not None:
        head, columns = f"{head} Used |", columns + 1
    yield f"## {HEADINGS[level]} ({len(findings)})"
    yield ""
    counts = (f"{count} `{rule}`" for rule, count in count_per_rule(findings).items())
    yield f"{', '.join(counts)}."
    yield ""
    if room < ROW:
        yield from _fitting([""] * len(findings), 0)
        yield ""
        return
    folded = level is not Level.BREAKING
    if folded:
        yield "<details><summary>Show</summary>"
        yield ""
    yield head
    yield "|" + " --- |" * columns
    yield from _fitting([_row(finding, report) for finding in findings], room)
    yield ""
    if folded:
        yield "</details>"
        yield ""


def _row(finding: Finding, report: Report) -> str:
    changed = describe_level(finding)
    told = (f"{changed}." if changed else "", describe_deprecation(finding, report.on))
    summary = ". ".join(filter(None, [finding.summary, " ".join(filter(None, told))]))
    cells = [f"`{finding.rule.id}`", plain(finding.element), plain(summary)]
    if finding.level is Level.BREAKING:
        cells.append(describe_verdicts(finding))
    if finding.level is not Level.INVISIBLE:
        cells.append(plain(describe_python(finding)))
    cells.append(plain(describe_places(finding)))
    if report.concerns is not None:
        cells.append(plain(describe_usage(report, finding)))
    return f"| {' | '.join(cells)} |"


def _fitting(rows: list[str], room: int) -> Iterator[str]:
    """Yield the rows that fit, then how many do not."""
    for index, row in enumerate(rows):
        room -= len(row) + 1
        if room < 0:
            yield ""
            yield f"… and {len(rows) - index} more: the other formats show all."
            return
        yield row


def _ignored(report: Report, room: int) -> Iterator[str]:
    yield f"## Ignored ({len(report.ignored)})"
    yield ""
    rows = [
        f"- `{finding.rule.id}` {plain(finding.element)}: {plain(reason)}"
        for finding, reason in report.ignored.items()
    ]
    yield from _fitting(rows, room)
    yield ""


def _code(code: tuple[str, ...], room: int) -> list[str]:
    if not code:
        return ["## Code", "", "The generated package does not change."]
    shown = list(_fitting(list(code), room))
    # The fence must be longer than any fence in the text.
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return ["## Code", "", f"{fence}diff", *shown, fence]
