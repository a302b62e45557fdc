"""The examples of the page about the emulator are tests that pass."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import pytest

from graph_emulator.behaviours import all_behaviours
from tests.client.test_doc_pages import PROJECT, examples_of

PAGE = "docs/emulator.md"


def examples_by_name() -> dict[str, Callable[..., None]]:
    names: dict[str, Any] = {}
    for code, _ in examples_of(PAGE):
        exec(compile(code, PAGE, "exec", dont_inherit=True), names)
    return {name: test for name, test in names.items() if name.startswith("test_")}


TESTS = examples_by_name()


@pytest.mark.parametrize("name", TESTS)
def test_an_example_passes(name: str, request: pytest.FixtureRequest) -> None:
    wanted = signature(TESTS[name]).parameters
    TESTS[name](**{fixture: request.getfixturevalue(fixture) for fixture in wanted})


def test_the_page_has_tests() -> None:
    assert "test_greets_and_hangs_up" in TESTS
    assert len(TESTS) == 11


def test_the_page_of_behaviours_is_complete() -> None:
    """`make generate` writes it."""
    page = (PROJECT / "docs/behaviours.md").read_text(encoding="utf-8")
    assert [row.id for row in all_behaviours() if f"| `{row.id}` |" not in page] == []
