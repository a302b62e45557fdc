"""Where a configuration is looked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from graph_codegen.errors import CodegenError
from graph_codegen.facts import configuration
from graph_codegen.facts.configuration import FILE, LARGEST, PROJECT

OURS = '[tool.graph-codegen]\npackage = "mine"\n'
OTHERS = '[project]\ndependencies = ["graph-codegen"]\n'


def put(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def below(tmp_path: Path) -> Path:
    """A folder two levels down in a repository."""
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    folder = tmp_path / "repository" / "one" / "two"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("up", [0, 1, 2])
@pytest.mark.parametrize(("name", "text"), [(FILE, ""), (PROJECT, OURS)])
def test_the_nearest_one_upwards_holds(below: Path, up: int, name: str, text: str) -> None:
    folder = (below, *below.parents)[up]
    found = put(folder / name, text)
    put(below.parents[1] / "other" / FILE)
    assert configuration.find(below, None) == found
    if up:
        put(folder.parent / FILE)
        assert configuration.find(below, None) == found


def test_none_holds_beyond_the_repository_or_the_home_folder(below: Path) -> None:
    put(below.parents[2] / FILE)
    assert configuration.find(below, None) is None
    (below.parents[1] / ".git").rmdir()
    assert configuration.find(below, None) == below.parents[2] / FILE
    assert configuration.find(below, below.parents[1]) is None
    assert configuration.find(below, below.parents[2]) == below.parents[2] / FILE
    put(below.parents[1] / ".git", "gitdir: elsewhere")  # as in a worktree
    assert configuration.find(below, None) is None


def test_a_project_that_only_names_the_generator_has_no_configuration(below: Path) -> None:
    put(below / PROJECT, OTHERS)
    assert configuration.find(below, None) is None
    assert configuration.find(below, None) is None
    with pytest.raises(CodegenError, match=r"has no table \[tool.graph-codegen\]"):
        configuration.load(below / PROJECT)


def test_two_in_one_folder_are_an_error(below: Path) -> None:
    put(below / PROJECT, OURS)
    put(below / FILE)
    with pytest.raises(CodegenError, match=r"in pyproject\.toml, too: keep one of the two"):
        configuration.find(below, None)
    put(below / PROJECT, OTHERS)
    assert configuration.find(below, None) == below / FILE


def test_a_project_without_a_word_about_us_is_not_read_further(below: Path) -> None:
    put(below / PROJECT, "this is not TOML")
    assert configuration.find(below, None) is None
    put(below / PROJECT, "this is not TOML: graph-codegen")
    with pytest.raises(CodegenError, match="the configuration is not understood"):
        configuration.find(below, None)


@contextmanager
def owned_by_another(other: Path) -> Iterator[None]:
    """Make a path look as if it belonged to somebody else."""
    stat = Path.stat

    def seen(path: Path, **options: bool) -> os.stat_result:
        found = stat(path, **options)
        return os.stat_result((*found[:4], found.st_uid + (path == other), *found[5:]))

    with patch.object(Path, "stat", seen):
        yield


@pytest.mark.skipif(os.name == "nt", reason="files have no owner that is a number")
def test_a_folder_of_another_user_is_not_gone_into(below: Path) -> None:
    found = put(below.parent / FILE)
    for other in (below.parent, found):
        with owned_by_another(other):
            assert configuration.find(below, None) is None
    for other in (below, below / FILE):
        with owned_by_another(other):
            put(below / FILE)
            with pytest.raises(CodegenError, match="another user: if you trust it, name it with"):
                configuration.find(below, None)
        (below / FILE).unlink()
        with owned_by_another(below):
            assert configuration.find(below, None) is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"#" * (LARGEST + 1), f"has more than {LARGEST} bytes"),
        (b"\xff", "the configuration is not understood"),
        (b"a = " + b"[" * 9999, "the configuration is not understood"),
    ],
)
def test_what_cannot_be_a_configuration_is_refused(
    tmp_path: Path, data: bytes, message: str
) -> None:
    (tmp_path / FILE).write_bytes(data)
    with pytest.raises(CodegenError, match=message):
        configuration.load(tmp_path / FILE)


@pytest.mark.parametrize("value", ["5", '"x"', "[1]", "[{ package = 'mine' }]"])
def test_what_is_no_table_in_a_project_is_refused(below: Path, value: str) -> None:
    put(below / PROJECT, f"[tool]\ngraph-codegen = {value}\n")
    for read in (
        lambda: configuration.find(below, None),
        lambda: configuration.load(below / PROJECT),
    ):
        with pytest.raises(CodegenError, match=r"tool\.graph-codegen is not a table"):
            read()


def test_a_configuration_that_is_not_there_or_not_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CodegenError, match="cannot read the configuration: No such file"):
        configuration.load(tmp_path / FILE)
    os.mkfifo(tmp_path / FILE)
    for path in (tmp_path, tmp_path / FILE):
        with pytest.raises(
            CodegenError, match=r"configuration: (Is a directory|it is not a regular file)"
        ):
            configuration.load(path)
