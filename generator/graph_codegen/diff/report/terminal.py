"""Renders the report for a terminal: the verdict first, then what breaks, then the rest."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

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
from graph_codegen.diff.verdict.findings import Level, count_per_rule

_STYLES = {
    Level.BREAKING: "bold red",
    Level.DEPRECATED: "bold yellow",
    Level.ADDITIVE: "bold green",
    Level.INVISIBLE: "bold dim",
}


MANY = 20
"""Above this many findings, print the counts per rule and repeat the headline."""


def render_terminal(report: Report) -> Iterator[Text]:
    """Yield the lines of a report, whose styles only a terminal shows."""
    yield Text(render_title(report), "bold")
    yield Text(f"roots: {', '.join(report.comparison.roots)}", "dim")
    yield Text(report.headline, "bold")
    for level in Level:
        yield from _section(level, report)
    if len(report.comparison.findings) > MANY:
        yield Text()
        yield Text(report.headline, "bold")
    if report.ignored:
        yield Text()
        yield Text(f"Ignored ({len(report.ignored)})", "bold dim")
        for finding, reason in report.ignored.items():
            yield Text(f"  {finding.element}", "dim")
            yield Text(f"    {finding.rule.id}: {finding.summary}; {reason}", "dim")
    for line in report.code or ():
        yield Text(line, _diff_style(line))


def _section(level: Level, report: Report) -> Iterator[Text]:
    findings = report.at(level)
    if not findings:
        return
    yield Text()
    yield Text(f"{HEADINGS[level]} ({len(findings)})", _STYLES[level])
    if len(findings) > MANY:
        counts = (f"{count} {rule}" for rule, count in count_per_rule(findings).items())
        yield Text(f"  {', '.join(counts)}", "bold")
    width = max(len(finding.rule.id) for finding in findings)
    for finding in findings:
        line = Text("  ").append(f"{finding.rule.id:{width}}", "cyan")
        yield line.append(f"  {finding.element}: {finding.summary}")
        changed = describe_level(finding)
        if level is Level.BREAKING or changed:
            told = f" {changed}." if changed else ""
            yield Text(f"    {describe_verdicts(finding)}{told}")
        if deprecation := describe_deprecation(finding, report.on):
            yield Text(f"    {deprecation}")
        details = "  ".join(
            text for text in (describe_python(finding), describe_places(finding)) if text
        )
        yield Text(f"    {details}", "dim")
        if usage := describe_usage(report, finding):
            yield Text(f"    {usage}")


def _diff_style(line: str) -> str:
    if line.startswith(("+++", "---")):
        return "bold"
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
