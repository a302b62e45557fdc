"""Generated files are written all or not at all, and no file is touched that is not the generator's."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from graph_codegen.errors import CodegenError
from graph_codegen.install import compare, replace
from graph_codegen.install.manifest import MANIFEST, digest, render_manifest
from tests.support.csdl import content


def package(**files: str) -> dict[str, str]:
    """Return files with their manifest; `a__b` is the file `a/b`."""
    named = {name.replace("__", "/"): text for name, text in files.items()}
    return named | {MANIFEST: render_manifest(named, {"generator": "test"})}


def encoded(files: Mapping[str, str]) -> dict[str, bytes]:
    return {path: text.encode() for path, text in files.items()}


OLD = package(one="1\n", deep__two="2\n", deep__er__three="3\n")
NEW = package(one="1\n", deep__two="two\n", fresh__four="4\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    replace.write(OLD, tmp_path / "out")
    return tmp_path / "out"


def refusal(files: Mapping[str, str], folder: Path) -> list[str]:
    """Return the reasons why writing is refused; the folder is unchanged, with nothing left in it."""
    before = content(folder)
    with pytest.raises(CodegenError) as caught:
        replace.write(files, folder)
    assert content(folder) == before
    assert not list(folder.glob(".graph-codegen-*"))
    return [str(diagnostic) for diagnostic in caught.value.diagnostics]


def test_files_are_written_and_stale_ones_deleted_with_their_folders(folder: Path) -> None:
    assert content(folder) == encoded(OLD)
    assert replace.write(NEW, folder) == (3, 1)
    assert content(folder) == encoded(NEW)
    assert not (folder / "deep" / "er").exists()


def test_files_that_are_up_to_date_are_not_touched(folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert replace.write(OLD, folder) == (0, 0)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_texts_are_written_byte_for_byte(tmp_path: Path) -> None:
    text = "é\r\n\u2028 no newline at the end"
    replace.write(package(a=text), tmp_path)
    assert (tmp_path / "a").read_bytes() == text.encode()


def test_other_files_stay(folder: Path) -> None:
    (folder / "deep" / "er" / "notes").write_text("mine")
    replace.write(NEW, folder)
    assert content(folder) == encoded(NEW) | {"deep/er/notes": b"mine"}


@pytest.mark.parametrize("path", ["deep/two", "deep/er/three", "one"])
def test_a_file_edited_by_hand_is_refused(folder: Path, path: str) -> None:
    (folder / path).write_text("edited")
    assert refusal(package(one="new one"), folder) == [
        f"{folder / path}: was edited by hand: restore or delete it"
    ]


def test_every_edited_file_is_named(folder: Path) -> None:
    for path in ("one", "deep/two"):
        (folder / path).write_text("edited")
    assert len(refusal(NEW, folder)) == 2


def test_an_edited_file_may_be_deleted_or_equal_the_new_one(folder: Path) -> None:
    (folder / "one").unlink()
    (folder / "deep" / "two").write_text("two\n")
    replace.write(NEW, folder)
    assert content(folder) == encoded(NEW)


def test_a_file_that_is_not_ours_is_refused(folder: Path) -> None:
    (folder / "fresh").mkdir()
    (folder / "fresh" / "four").write_text("mine")
    assert refusal(NEW, folder) == [f"{folder / 'fresh/four'}: is in the way and not ours"]


def test_files_of_a_folder_without_a_manifest_are_not_ours(folder: Path) -> None:
    (folder / MANIFEST).unlink()
    assert [line.rpartition(": ")[2] for line in refusal(NEW, folder)] == [
        "is in the way and not ours"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"files": []}',
        '{"files": null}',
        '{"files": {"../outside": "0"}}',
        '{"files": {"a/../../outside": "0"}}',
        '{"files": {"/outside": "0"}}',
        '{"files": {"//outside": "0"}}',
        r'{"files": {"..\\outside": "0"}}',
        '{"files": {"C:outside": "0"}}',
        r'{"files": {"nul\u0000": "0"}}',
        r'{"files": {"surrogate\ud800": "0"}}',
        r'{"files": {"line\nerror: line": "0"}}',
        r'{"files": {"\u001b[31m": "0"}}',
        r'{"files": {"\u202e": "0"}}',
        pytest.param("[" * 200_000, id="nested"),
    ],
)
def test_a_manifest_that_is_not_understood_is_refused(folder: Path, text: str) -> None:
    (folder / MANIFEST).write_text(text)
    assert refusal(NEW, folder) == [f"{folder / MANIFEST}: the manifest is not understood"]


def test_a_folder_in_the_place_of_a_file_is_refused(folder: Path) -> None:
    (folder / "fresh" / "four").mkdir(parents=True)
    (problem,) = refusal(NEW, folder)
    assert problem.startswith(f"{folder / 'fresh/four'}: cannot read: ")


def test_a_file_in_the_place_of_a_folder_is_refused(folder: Path) -> None:
    (folder / "fresh").write_text("mine")
    (problem,) = refusal(NEW, folder)
    assert problem.startswith(f"{folder / 'fresh/four'}: cannot read: ")


def test_an_output_that_cannot_be_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(CodegenError, match="cannot"):
        replace.write(NEW, tmp_path / "file")
    with pytest.raises(CodegenError, match="cannot"):
        replace.write(NEW, tmp_path / "file" / "below")
    assert content(tmp_path) == {"file": b"mine"}


STEPS = {
    "write": (Path, "write_text"),
    "link": (os, "link"),
    "make": (Path, "mkdir"),
    "exchange": (replace, "exchange"),
    "rename": (Path, "rename"),
}
"""The steps of a change: a module or class, and a name in it."""


class Failing:
    """Replaces a step by one that fails once, after some successes."""

    def __init__(self, real: Callable[..., object], successes: int, problem: BaseException) -> None:
        self.real, self.left, self.problem = real, successes, problem
        self.failed = False

    def __call__(self, *args: object, **kwargs: object) -> object:
        self.left -= 1
        if self.left == -1:
            self.failed = True
            raise self.problem
        return self.real(*args, **kwargs)


def fail(
    monkeypatch: pytest.MonkeyPatch, step: str, successes: int, problem: BaseException
) -> Failing:
    owner, name = STEPS[step]
    failing = Failing(getattr(owner, name), successes, problem)
    monkeypatch.setattr(owner, name, lambda *args, **kwargs: failing(*args, **kwargs))
    return failing


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("successes", range(5))
@pytest.mark.parametrize("whole", [False, True])
def test_a_failure_in_the_middle_leaves_the_old_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str, successes: int, whole: bool
) -> None:
    failing = fail(monkeypatch, step, successes, OSError(28, "No space left on device", "x"))
    before = content(folder)
    refused = ""
    try:
        replace.write(NEW, folder, whole=whole)
    except CodegenError as problem:
        refused = str(problem)
    assert ("No space left on device" in refused) is failing.failed
    assert content(folder) == (before if failing.failed else encoded(NEW))
    assert not list(folder.parent.rglob(".graph-codegen-*"))


@pytest.mark.parametrize("successes", range(3))
def test_an_interruption_leaves_the_old_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch, successes: int
) -> None:
    """The folder `deep`, a file and the manifest are swapped, one after the other."""
    fail(monkeypatch, "exchange", successes, KeyboardInterrupt())
    before = content(folder)
    with pytest.raises(KeyboardInterrupt):
        replace.write(NEW | package(one="new", deep__two="two\n", fresh__four="4\n"), folder)
    assert content(folder) == before


def test_a_system_that_cannot_exchange_takes_two_steps(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replace, "_exchanged", lambda one, other: False)
    replace.write(NEW, folder)
    assert content(folder) == encoded(NEW)
    assert not list(folder.glob(".graph-codegen-*"))


def test_links_folders_and_caches_stay(folder: Path) -> None:
    (folder / "deep" / "mine").symlink_to("nowhere")
    (folder / "deep" / "folder").symlink_to(folder.parent)
    (folder / "deep" / "__pycache__").mkdir()
    (folder / "deep" / "__pycache__" / "two.pyc").write_text("old")
    replace.write(NEW, folder)
    assert (folder / "deep" / "mine").readlink() == Path("nowhere")
    assert (folder / "deep" / "folder").readlink() == folder.parent
    assert (folder / "deep" / "__pycache__" / "two.pyc").read_text() == "old"


def test_an_empty_folder_stays(folder: Path) -> None:
    (folder / "deep" / "er" / "mine").mkdir(parents=True)
    replace.write(NEW, folder)
    assert list((folder / "deep" / "er").iterdir()) == [folder / "deep" / "er" / "mine"]


@pytest.mark.parametrize("whole", [False, True])
def test_folders_keep_their_modes_and_groups(folder: Path, whole: bool) -> None:
    """Where several people work, the files that each writes belong to the group of the folder."""
    deep, empty = folder / "deep", folder / "deep" / "empty"
    empty.mkdir()
    if os.geteuid() == 0:
        os.chown(deep, -1, 12345)
    deep.chmod(0o2775)
    empty.chmod(0o700)
    group = deep.stat().st_gid
    replace.write(NEW, folder, whole=whole)
    assert (deep.stat().st_mode & 0o7777, deep.stat().st_gid) == (0o2775, group)
    assert (deep / "two").stat().st_gid == group
    assert empty.stat().st_mode & 0o7777 == 0o700


def test_the_staging_folders_of_killed_runs_are_removed(folder: Path) -> None:
    (folder / ".graph-codegen-left" / "new").mkdir(parents=True)
    replace.write(NEW, folder)
    assert content(folder) == encoded(NEW)


def test_a_run_that_was_killed_can_be_repeated(folder: Path) -> None:
    for path, text in NEW.items():
        if path != MANIFEST:  # which comes last
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(text)
    replace.write(NEW, folder)
    assert content(folder) == encoded(NEW)


# -- the manifest and the difference


def test_the_manifest_has_the_digest_of_each_file() -> None:
    files = {"b": "2", "a": "1"}
    told = json.loads(render_manifest(files, {"generator": "test", "roots": ["x"]}))
    assert (told["generator"], told["roots"]) == ("test", ["x"])
    assert list(told["files"].items()) == [("a", digest("1")), ("b", digest("2"))]
    assert digest("1") == "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"


def test_the_difference_is_a_unified_diff(folder: Path) -> None:
    (folder / "other").write_text("not ours, not compared")
    text = "\n".join(compare.diff_folder(NEW, folder))
    assert "--- a/deep/two\n+++ b/deep/two\n@@ -1 +1 @@\n-2\n+two" in text
    assert "--- a/deep/er/three\n+++ /dev/null\n@@ -1 +0,0 @@\n-3" in text
    assert "--- /dev/null\n+++ b/fresh/four\n@@ -0,0 +1 @@\n+4" in text
    assert "--- a/manifest.json" in text
    assert "one" not in {line.partition("/")[2] for line in text.splitlines() if "---" in line}
    assert "not compared" not in text


def test_equal_files_have_no_difference(folder: Path) -> None:
    assert list(compare.diff_folder(OLD, folder)) == []


def test_everything_is_different_from_a_folder_that_is_not_there(tmp_path: Path) -> None:
    text = "\n".join(compare.diff_folder(OLD, tmp_path / "none"))
    assert text.count("--- /dev/null") == len(OLD)
