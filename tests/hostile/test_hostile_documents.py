"""Whole documents, drawn at random: a clear error, or code in which the document is only data.

`make test-thorough` tries thousands of them.
"""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_codegen.errors import CodegenError
from tests.hostile import values
from tests.hostile.allowed import findings
from tests.hostile.documents import BREAKING, HOSTILE, VALID
from tests.hostile.generated import FILE, generate, imported
from tests.support.examples import examples


def freeze() -> None:
    """Exempt the loaded modules from garbage collection, which datamodel-code-generator often runs."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def worker() -> Iterator[ProcessPoolExecutor]:
    """A process to import packages in, replaced in time: pydantic never frees a class."""
    with ProcessPoolExecutor(
        1, mp_context=get_context("spawn"), initializer=freeze, max_tasks_per_child=1000
    ) as pool:
        yield pool


def refused(problem: CodegenError, *, lines: bool = False) -> None:
    """Assert that an error is clear; `lines` says that it must name a line."""
    assert problem.diagnostics
    for diagnostic in problem.diagnostics:
        assert str(diagnostic).isprintable()
        assert diagnostic.place.file == FILE
        assert diagnostic.place.line > 0 or not lines
        assert len(str(diagnostic)) < 2000
        assert "not valid Python" not in diagnostic.message
        assert "renamed classes" not in diagnostic.message


def outcome(data: bytes) -> str:
    """Generate a package from a document and use it; return `refused` or `generated`."""
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


@pytest.mark.hypothesis
@pytest.mark.parametrize(
    ("documents", "share"),
    [(VALID, 0.8), (HOSTILE, 0.9)],
    ids=["valid", "hostile"],
)
def test_a_document_is_refused_or_only_data(
    documents: st.SearchStrategy[bytes], share: float, worker: ProcessPoolExecutor
) -> None:
    outcomes: Counter[str] = Counter()

    @examples(50, 1_500)
    @given(documents)
    def one(data: bytes) -> None:
        outcomes[worker.submit(outcome, data).result()] += 1

    one()
    assert outcomes["generated"] > share * outcomes.total(), outcomes


@examples(50, 1_000)
@given(BREAKING)
def test_a_name_that_is_not_valid_goes_nowhere(case: tuple[bytes, str, str]) -> None:
    data, attribute, text = case
    try:
        made = generate(data)
    except CodegenError as problem:
        refused(problem, lines=True)
    else:
        text = text.strip(" \t\r\n")  # which does not count
        optional = attribute in ("Alias", "Partner", "EntitySetPath", "Qualifier", "UnderlyingType")
        assert (optional and not text) or re.fullmatch(r"[\w./$@#, ()-]+", text), (attribute, text)
        assert findings(made.files, made.package) == []
