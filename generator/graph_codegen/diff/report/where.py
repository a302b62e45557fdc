"""Where a finding is, in the files of a repository: what the application uses, else the new document."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from graph_codegen.diff.report.report import Report
from graph_codegen.diff.verdict.findings import Finding
from graph_codegen.errors import Place


def find_places(report: Report, finding: Finding, document: str, root: Path) -> tuple[Place, ...]:
    """Return the places of a finding, that to show first: files that are below `root`, relative to it.

    `document` is the path of the new document; what only the old one has is at no line of it.
    """
    concern = report.concern(finding)
    return tuple(
        _below(root, [*(concern.uses if concern else ()), _declared(report, finding, document)])
    )


def _declared(report: Report, finding: Finding, document: str) -> Place:
    place = finding.new.place if finding.new else None
    is_there = place is not None and place.file == report.comparison.new.file
    return Place(document, place.line if place and is_there else 0)


def _below(root: Path, places: list[Place]) -> Iterator[Place]:
    for place in places:
        path = Path(os.path.normpath(root / place.file))
        if path.is_relative_to(root):
            yield Place(path.relative_to(root).as_posix(), place.line)
