"""What an update writes into a configuration, and what it leaves alone."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from graph_codegen.errors import CodegenError
from graph_codegen.update.slices import edited, note

NEW = {"version": "2.0", "sha256": "ab"}

OWN = """# mine
document = "graph.xml" # of today
version = '1.0'  # stays

roots = [
  "users",
]
[names]
version = "a name"
"""

PROJECT = """[project]
version = "3.0"

[tool.graph-codegen]
version = "1.0"
sha256 = "cd"
roots = ["users"]

[tool.other]
sha256 = "no"
"""


def test_only_the_values_change() -> None:
    assert edited(OWN, NEW, whole=True) == OWN.replace("'1.0'", '"2.0"').replace(
        "# of today\n", '# of today\nsha256 = "ab"\n'
    )
    assert edited(PROJECT, NEW, whole=False) == PROJECT.replace('"1.0"', '"2.0"').replace(
        '"cd"', '"ab"'
    )
    assert edited("", NEW, whole=True) == 'sha256 = "ab"\nversion = "2.0"\n'


def test_a_value_with_quotation_marks_changes_again() -> None:
    once = edited(OWN, {"etag": 'W/"1"'}, whole=True)
    assert once
    twice = edited(once, {"etag": '"\\2"'}, whole=True)
    assert twice
    assert tomllib.loads(twice) == {**tomllib.loads(OWN), "etag": '"\\2"'}


@pytest.mark.parametrize(
    "text",
    [
        "[tool]\ngraph-codegen.version = '1.0'\n",
        "[tool]\ngraph-codegen = { version = '1.0' }\n",
        '[tool.graph-codegen]\nversion = """1.0"""\n',
    ],
)
def test_another_spelling_is_left_to_the_user(text: str, tmp_path: Path) -> None:
    assert tomllib.loads(text)["tool"]["graph-codegen"]["version"] == "1.0"
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(CodegenError, match='cannot be edited: write version = "2'):
        note({"version": "2.0"}, tmp_path / "pyproject.toml")
    assert (tmp_path / "pyproject.toml").read_text() == text
