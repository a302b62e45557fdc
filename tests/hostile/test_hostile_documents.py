"""Whole documents, drawn at random: a clear error, or code in which the document is only data.

`HYPOTHESIS_PROFILE=thorough` tries 20,000 of them.
"""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph_codegen.errors import CodegenError
from tests.hostile import values
from tests.hostile.allowed import findings
from tests.hostile.documents import BREAKING, HOSTILE, VALID
from tests.hostile.generated import FILE, generate, imported

DOCUMENTS = max(500, settings.default.max_examples if settings.default else 0)

TRIED = settings(deadline=None, suppress_health_check=list(HealthCheck))


def freeze() -> None:
    """Keep what is loaded out of the garbage collector: datamodel-code-generator starts it often."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def worker() -> Iterator[ProcessPoolExecutor]:
    """A process to use packages in, with a successor in time: classes of pydantic are never freed."""
    with ProcessPoolExecutor(
        1, mp_context=get_context("spawn"), initializer=freeze, max_tasks_per_child=1000
    ) as pool:
        yield pool


def refused(problem: CodegenError, *, lines: bool = False) -> None:
    """Assert that an error is clear; `lines` says that it must tell them."""
    assert problem.diagnostics
    for diagnostic in problem.diagnostics:
        assert str(diagnostic).isprintable()
        assert diagnostic.place.file == FILE
        assert diagnostic.place.line > 0 or not lines
        assert len(str(diagnostic)) < 2000
        assert "not valid Python" not in diagnostic.message
        assert "renamed classes" not in diagnostic.message


def outcome(data: bytes) -> str:
    """Generate from a document and use what was generated; return what became of it."""
    try:
        made = generate(data)
    except CodegenError as problem:
        refused(problem)
        return "refused"
    assert all(str(diagnostic).isprintable() for diagnostic in made.model.diagnostics)
    assert findings(made.files, made.package) == []
    with imported(made) as module:
        values.check(made, module)
    return "generated"


@pytest.mark.parametrize(
    ("documents", "share"),
    [(VALID, 0.8), (HOSTILE, 0.4)],
    ids=["valid", "hostile"],
)
def test_a_document_is_refused_or_only_data(
    documents: st.SearchStrategy[bytes], share: float, worker: ProcessPoolExecutor
) -> None:
    outcomes: Counter[str] = Counter()

    @settings(TRIED, max_examples=DOCUMENTS // 2)
    @given(documents)
    def one(data: bytes) -> None:
        outcomes[worker.submit(outcome, data).result()] += 1

    one()
    assert outcomes["generated"] > share * outcomes.total(), outcomes


@settings(TRIED, max_examples=max(100, DOCUMENTS // 10))
@given(BREAKING)
def test_a_name_that_is_none_goes_nowhere(case: tuple[bytes, str, str]) -> None:
    data, attribute, text = case
    try:
        made = generate(data)
    except CodegenError as problem:
        refused(problem, lines=True)
    else:
        optional = attribute in ("Alias", "Partner", "EntitySetPath", "Qualifier", "UnderlyingType")
        assert (optional and not text) or re.fullmatch(r"[\w./$@#, ()-]+", text), (attribute, text)
        assert findings(made.files, made.package) == []
