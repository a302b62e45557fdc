"""Renders the report as JSON, in the stable format that `report.schema.json` describes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from graph_codegen.diff.change.changes import End
from graph_codegen.diff.report.report import Report
from graph_codegen.diff.verdict.findings import Finding, Level, Source
from graph_codegen.diff.verdict.surface import MethodChanges
from graph_codegen.model.deprecations import Deprecation
from graph_codegen.text import json_source

FORMAT = "graph-codegen/diff/2"
"""The name of the format; its number rises when the meaning of an existing part changes."""


def render_json(report: Report) -> str:
    """Return a report as JSON text."""
    comparison = report.comparison
    content = {
        "format": FORMAT,
        "old": _source(comparison.old),
        "new": _source(comparison.new),
        "roots": list(comparison.roots),
        "on": report.on.isoformat() if report.on else None,
        "step": comparison.step,
        "counts": {
            **{level.value: len(report.at(level)) for level in Level},
            "ignored": len(report.ignored),
            "unused": len(report.unused),
        },
        "findings": [_finding(f, report) for f in comparison.findings],
        "code": None if report.code is None else list(report.code),
    }
    return json_source(content)


def _source(source: Source) -> dict[str, Any]:
    return {"document": source.file, "sha256": source.sha256}


def _finding(finding: Finding, report: Report) -> dict[str, Any]:
    concern = report.concern(finding)
    return {
        "rule": finding.rule.id,
        "level": finding.level,
        "usual_level": finding.usual_level,
        "policy": finding.policy,
        "effect": finding.effect,
        "kind": finding.kind,
        "element": finding.element,
        "summary": finding.summary,
        "python": finding.python or None,
        "methods": methods_json(finding.methods),
        "deprecation": _deprecation(finding.deprecation, report.on),
        "old": end_json(finding.old),
        "new": end_json(finding.new),
        "ignored": report.ignored.get(finding),
        "usage": concern and concern.usage,
        "uses": [{"file": at.file, "line": at.line} for at in (concern.uses if concern else ())],
    }


def _deprecation(told: Deprecation | None, on: date | None) -> dict[str, Any] | None:
    if told is None:
        return None
    return {**asdict(told), "days_left": told.days_left(on) if on else None}


def methods_json(methods: MethodChanges) -> dict[str, Any]:
    """Return what happens to the methods of a client, by their names."""
    return {
        "removed": list(methods.removed),
        "added": list(methods.added),
        "altered": list(methods.altered),
    }


def end_json(end: End | None) -> dict[str, Any] | None:
    """Return an element in one of the documents; None if that has no such one."""
    if end is None:
        return None
    return {
        "element": end.element,
        "file": end.place.file,
        "line": end.place.line,
        "value": end.value or None,
    }
