"""The table of what the emulator does: every row has a test, and every module that answers has rows."""

from __future__ import annotations

import ast
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest

import graph_emulator
from graph_emulator.behaviours import Behaviour, Grade, all_behaviours, as_markdown, as_text

ROOT = Path(__file__).parents[2]
ROWS = all_behaviours()
SOURCES = sorted(Path(graph_emulator.__path__[0]).rglob("*.py"))


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_a_behaviour_has_a_test_that_exists(row: Behaviour) -> None:
    file, _, case = row.test.partition("::")
    name, _, example = case.removesuffix("]").partition("[")
    assert name.startswith("test_")
    assert name in functions_of(ROOT / file), f"{row.id} names {row.test}, which does not exist"
    assert example in (ROOT / file).read_text(encoding="utf-8")


def test_no_behaviour_is_listed_twice() -> None:
    assert [name for name, times in Counter(row.id for row in ROWS).items() if times > 1] == []


def test_what_is_known_says_from_where() -> None:
    assert {row.grade for row in ROWS} <= set(get_args(Grade))
    assert [row.id for row in ROWS if row.grade != "?" and not row.source] == []


@pytest.mark.parametrize("path", SOURCES, ids=[path.stem for path in SOURCES])
def test_a_module_that_answers_requests_lists_what_it_does(path: Path) -> None:
    if "routes" not in functions_of(path):
        return
    below = path.relative_to(Path(graph_emulator.__path__[0])).with_suffix("")
    module = import_module(".".join(("graph_emulator", *below.parts)).removesuffix(".__init__"))
    listed: tuple[Behaviour, ...] = getattr(module, "BEHAVIOURS", ())
    assert listed, f"{module.__name__} answers requests, but lists no BEHAVIOURS"
    assert set(listed) <= set(ROWS)


def test_the_table_as_text_explains_its_grades() -> None:
    text = as_text(ROWS)
    lines = text.splitlines()
    assert lines[0].split() == ["behaviour", "grade", "source", "test"]
    assert len({line.index(row.test) for line, row in zip(lines[1:], ROWS, strict=False)}) == 1
    assert [line.split()[0] for line in lines[-6:]] == list(get_args(Grade))


def test_the_table_as_markdown_has_a_row_for_each() -> None:
    rows = as_markdown(
        [Behaviour("a", "D", "https://x.test/b: c", "t"), Behaviour("d", "?", "", "t")]
    )
    assert rows.startswith("# ")
    assert rows.splitlines()[-2:] == ["| `a` | D | <https://x.test/b>: c |", "| `d` | ? | |"]
