"""Renders findings as an entry of the generated package's own changelog."""

from __future__ import annotations

from graph_codegen.diff.report.markdown import code
from graph_codegen.diff.report.report import (
    HEADINGS,
    Report,
    describe_change,
    describe_deprecation,
    describe_python,
)
from graph_codegen.diff.verdict.findings import Level
from graph_codegen.text import code_source


def render_entry(report: Report, version: str, metadata: str) -> str:
    """Return the entry for a version; `metadata` is the name or date of what it was generated from."""
    lines = [f"## {version}", "", f"From the metadata {metadata}."]
    for level in Level:
        found = report.at(level)
        if found:
            lines += ["", f"### {HEADINGS[level]}", ""]
        for finding in found:
            python = describe_python(finding, code)
            name = f" ({python})" if python else ""
            # Without the days left: nothing that is generated depends on the day.
            deprecation = code_source(describe_deprecation(finding))
            told = ". ".join(filter(None, [describe_change(finding, code), deprecation]))
            lines.append(f"- {code(finding.element)}: {told}{name}")
    return "\n".join(lines) + "\n"


def prepend_entry(changelog: str, new: str, package: str) -> str:
    """Return a changelog with a new first entry; an empty changelog gets its heading."""
    if not changelog:
        return f"# Changelog of {package}\n\n{new}"
    head, mark, rest = f"\n{changelog}".partition("\n## ")
    return f"{head}\n{new}{mark}{rest}".lstrip("\n") if mark else f"{changelog.rstrip()}\n\n{new}"
