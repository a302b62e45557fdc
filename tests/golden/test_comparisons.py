"""The comparisons of Graph's published documents, beside the findings that were reviewed.

`pytest --refresh-goldens` rewrites the expected findings. Both documents of a pair are read from the
folder `shared` beside the checkout; without it, the tests are skipped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from graph_codegen.csdl import reader
from graph_codegen.diff.change.changes import End
from graph_codegen.diff.change.context import Side
from graph_codegen.diff.report.json_report import render_json
from graph_codegen.diff.report.report import Report
from graph_codegen.diff.verdict.comparison import compare
from graph_codegen.diff.verdict.findings import Comparison
from graph_codegen.facts import settings
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import ALL, take
from graph_codegen.service.slices import existing
from tests.conftest import REFRESH
from tests.support.published import CHINA, GOVERNMENT, NEWEST, OLDER, OLDEST, published
from tests.support.shipped import ROOTS as SHIPPED

EXPECTED = Path(__file__).parent / "comparisons"

PAIRS = ((OLDEST, OLDER), (OLDER, NEWEST), (NEWEST, GOVERNMENT), (NEWEST, CHINA))

pairs = pytest.mark.parametrize(("old", "new"), PAIRS)


def side(name: str, roots: Sequence[str]) -> Side:
    document = reader.read_file(published(name))
    model = resolve(document)
    return Side(document, model, take(model, roots if ALL in roots else existing(model, roots)))


@cache
def comparison(old: str, new: str, roots: tuple[str, ...]) -> Comparison:
    client = "" if ALL in roots else settings.load().home
    return compare(side(old, roots), side(new, roots), client)


def lines(report: Report) -> Iterator[str]:
    """The JSON report, less what depends on where the documents are: a line for each finding."""
    content = json.loads(render_json(report))
    findings = content.pop("findings")
    for document in (content["old"], content["new"]):
        del document["document"]
    yield json.dumps(content)
    for finding in findings:
        for end in filter(None, (finding["old"], finding["new"])):
            del end["file"]
        yield json.dumps(finding, ensure_ascii=False)


@pairs
def test_the_report_is_the_one_reviewed(old: str, new: str, request: pytest.FixtureRequest) -> None:
    roots = SHIPPED
    found = "\n".join(lines(Report(comparison(old, new, roots)))) + "\n"
    path = EXPECTED / f"{old}-{new}.jsonl"
    if request.config.getoption(REFRESH):
        path.write_text(found, encoding="utf-8")

    assert found.splitlines() == path.read_text(encoding="utf-8").splitlines()


def names(end: End) -> set[str]:
    """What the line of an element contains: its name; or that of what the annotation is missing from."""
    element, _, annotation = re.sub(r"\(.*\)", "", end.element).partition("@")
    parts = element, annotation.partition("#")[0]
    return {re.split(r"[./$]", part)[-1] for part in parts if part}


@pairs
def test_both_ends_of_every_finding_are_where_the_documents_have_them(old: str, new: str) -> None:
    texts = [published(name).read_text(encoding="utf-8").splitlines() for name in (old, new)]
    astray = [
        (end.element, text)
        for finding in comparison(old, new, (ALL,)).findings
        for end, document in zip((finding.old, finding.new), texts, strict=True)
        if end
        for text in [document[end.place.line - 1]]
        if not any(name in text for name in names(end))
    ]
    assert astray == []
