"""Renders a history for a terminal, as Markdown, and as JSON by `history.schema.json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any

from rich.text import Text

from graph_codegen.diff.report.json_report import end_json, methods_json
from graph_codegen.diff.report.report import (
    Spelling,
    describe_change,
    describe_deprecation,
    describe_python,
)
from graph_codegen.diff.verdict.findings import Finding, Level, count_per_rule
from graph_codegen.history.events import Element, Event, History, What
from graph_codegen.text import code_source, json_source

FORMAT = "graph-codegen/history/1"
"""The name of the format; its number rises when the meaning of an existing part changes."""

_STYLES = {What.CAME: "green", What.CHANGED: "cyan", What.WENT: "red"}


def render_terminal(history: History) -> Iterator[Text]:
    """Yield the lines of a history, whose styles only a terminal shows."""
    yield Text(_title(history), "bold")
    yield Text(f"roots: {', '.join(history.roots)}", "dim")
    yield Text(_headline(history), "bold")
    for version, what in _steps(history):
        yield Text(f"  {version}{what and ': '}{what}")
    shown, rest = _visible(history)
    for element in shown:
        yield Text()
        yield Text(f"{element.name}{_before(element.former)}", "bold")
        for event in element.events:
            label = history.versions[event.version].label
            for text, python in _told(element, event):
                line = Text(f"  {label}  ").append(f"{event.what:7}", _STYLES[event.what])
                yield line.append(f"  {text}")
                if python:
                    yield Text(f"    {python}", "dim")
    if rest:
        yield Text()
        yield Text(rest)


def render_markdown(history: History) -> str:
    """Return a history as Markdown, whole."""
    title = code_source(_title(history))
    lines = [f"# Graph metadata: {title}", "", f"**{_headline(history)}.**", ""]
    lines += [f"Roots: {', '.join(map(code_source, history.roots))}.", ""]
    lines += ["| Version | Findings |", "| --- | --- |"]
    for version, what in _steps(history):
        named = code_source(version).replace("|", "\\|")  # a bar ends a cell, even inside code
        lines.append(f"| {named} | {what} |")
    shown, rest = _visible(history)
    for declaration, elements in groupby(shown, attrgetter("declaration")):
        lines += ["", f"## {code_source(declaration)}", ""]
        for element in elements:
            lines.append(f"- {code_source(element.name)}{_before(element.former, code_source)}")
            for event in element.events:
                label = history.versions[event.version].label
                for text, python in _told(element, event, code_source):
                    named = f" ({python})" if python else ""
                    lines.append(f"  - {label} {event.what}: {text}{named}")
    lines += ["", rest] if rest else []
    return "\n".join(lines) + "\n"


def render_json(history: History) -> str:
    """Return a history as JSON text."""
    content = {
        "format": FORMAT,
        "roots": list(history.roots),
        "versions": [
            {
                "date": version.day.isoformat(),
                "revision": version.revision or None,
                "document": version.document,
                "sha256": version.sha256,
            }
            for version in history.versions
        ],
        "steps": [
            {"old": old, "new": old + 1, "counts": {level.value: counts[level] for level in Level}}
            for old, counts in enumerate(history.counts)
        ],
        "elements": [_element(element) for element in history.elements],
    }
    return json_source(content)


# -- words


def _title(history: History) -> str:
    first, last = history.versions[0], history.versions[-1]
    return f"{first.document} → {last.document}"


def _headline(history: History) -> str:
    number = len(history.versions)
    versions = f"{number:,} version{'' if number == 1 else 's'}"
    if not history.elements:
        return f"{versions}: nothing changed"
    counts = ", ".join(f"{history.count(what):,} {what}" for what in What)
    return f"{versions}; elements: {counts}"


def _steps(history: History) -> Iterator[tuple[str, str]]:
    """Yield each version, and what changed in it; nothing for the first."""
    first, *others = (f"{version.day}  {version.document}" for version in history.versions)
    yield first, ""
    for name, counts in zip(others, history.counts, strict=True):
        shown = (f"{count:,} {level}" for level, count in counts.items() if count)
        yield name, ", ".join(shown) or "nothing changed"


def _before(former: tuple[str, ...], spell: Spelling = str) -> str:
    return f" (before: {', '.join(map(spell, former))})" if former else ""


def _visible(history: History) -> tuple[list[Element], str]:
    """Return the elements that a program can tell something of, and a sentence about the others."""
    shown = [one for one in history.elements if any(not _is_invisible(e) for e in one.events)]
    number = len(history.elements) - len(shown)
    elements = f"{number:,} element{'' if number == 1 else 's'}"
    hint = "with invisible changes alone, which the format json lists"
    return shown, f"And {elements} {hint}." if number else ""


def _is_invisible(event: Event) -> bool:
    return event.what is What.CHANGED and all(f.level is Level.INVISIBLE for f in event.findings)


def _told(element: Element, event: Event, spell: Spelling = str) -> Iterator[tuple[str, str]]:
    """Yield an event in words, and its names in Python, one pair for each finding.

    Invisible changes are counted alone: they are many, and their values long.
    """
    if not event.findings:
        yield f"with {spell(element.declaration)}", ""
    changed = event.what is What.CHANGED
    quiet = [f for f in event.findings if changed and f.level is Level.INVISIBLE]
    for finding in (f for f in event.findings if f not in quiet):
        term = "".join(finding.element.partition("@")[1:])
        rule = f"{finding.rule.id} {spell(term)}" if term else finding.rule.id
        told = describe_deprecation(finding)
        change = spell(told) if told else describe_change(finding, spell)
        yield f"{finding.level}, {rule}: {change}", describe_python(finding, spell)
    if quiet:
        counts = (f"{count} {rule}" for rule, count in count_per_rule(quiet).items())
        yield f"{Level.INVISIBLE}: {', '.join(counts)}", ""


# -- JSON


def _element(element: Element) -> Mapping[str, Any]:
    return {
        "element": element.name,
        "declaration": element.declaration,
        "former": list(element.former),
        "events": [
            {
                "version": event.version,
                "what": event.what,
                "findings": [_finding(finding) for finding in event.findings],
            }
            for event in element.events
        ],
    }


def _finding(finding: Finding) -> Mapping[str, Any]:
    return {
        "rule": finding.rule.id,
        "level": finding.level,
        "policy": finding.policy,
        "effect": finding.effect,
        "kind": finding.kind,
        "element": finding.element,
        "summary": finding.summary,
        "python": finding.python or None,
        "methods": methods_json(finding.methods),
        "old": end_json(finding.old),
        "new": end_json(finding.new),
    }
