"""A system without flock and renameat2, where what is open stays where it is: the same, in more steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graph_codegen.errors import CodegenError
from graph_codegen.install import replace
from tests.support.csdl import FILE, ROOT, SERVICE, content, document, graph_codegen
from tests.support.windows import behave_as_windows
from tests.unit.install.test_manifest import NEW, OLD, encoded, package, refusal


@pytest.fixture(autouse=True)
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    behave_as_windows(monkeypatch)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    replace.write(OLD, tmp_path / "out")
    return tmp_path / "out"


each_way = pytest.mark.parametrize("whole", [False, True])


# -- the commands

GENERATE = ("generate", "--metadata", FILE, *ROOT, "--output", "out")
CHECK = ("check", "--metadata", FILE, *ROOT, "--output", "out")
VENDOR = ("vendor", "app", "--metadata", FILE, *ROOT)
MORE = SERVICE.replace(
    '<Member Name="established" Value="3"/>',
    '<Member Name="established" Value="3"/><Member Name="new" Value="4"/>',
)


@pytest.mark.parametrize(("write", "check"), [(GENERATE, CHECK), (VENDOR, (*VENDOR, "--check"))])
def test_a_command_works_twice_in_the_same_folder(
    tmp_path: Path, write: tuple[str, ...], check: tuple[str, ...]
) -> None:
    for service, changes in ((SERVICE, True), (SERVICE, False), (MORE, True)):
        (tmp_path / FILE).write_bytes(document(service))
        assert graph_codegen(*check, cwd=tmp_path).returncode == changes
        written = graph_codegen(*write, cwd=tmp_path)
        assert written.returncode == 0, written.stderr
        assert (": 0 written, 0 deleted," in written.stderr) is not changes
        checked = graph_codegen(*check, cwd=tmp_path)
        assert (checked.returncode, checked.stdout) == (0, ""), checked.stderr
        files = content(tmp_path)
        assert not [path for path in files if ".graph-codegen-" in path]
        assert not [path for path, data in files.items() if b"\r" in data]


# -- steps


@each_way
def test_a_folder_is_replaced_with_what_else_is_in_it(folder: Path, whole: bool) -> None:
    (folder / "deep" / "er" / "notes").write_text("mine")
    replace.write(NEW, folder, whole=whole)
    assert content(folder) == encoded(NEW) | {"deep/er/notes": b"mine"}
    assert not list(folder.parent.rglob(".graph-codegen-*"))


@each_way
@pytest.mark.parametrize("path", ["one", "deep/two"])
def test_a_file_that_somebody_has_open_stays_with_all_others(
    folder: Path, whole: bool, path: str
) -> None:
    changed = package(one="new", deep__two="two\n", fresh__four="4\n")
    with (
        (folder / path).open(),
        pytest.raises(CodegenError, match="cannot write: Permission denied"),
    ):
        replace.write(changed, folder, whole=whole)
    assert content(folder) == encoded(OLD)
    assert not list(folder.parent.rglob(".graph-codegen-*"))
    replace.write(changed, folder, whole=whole)
    assert content(folder) == encoded(changed)


class Busy:
    """Replaces `Path.rename` by one that fails a number of times, from one call of it on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, first: int, times: int) -> None:
        self._real, self._failing, self.calls = Path.rename, range(first, first + times), 0
        monkeypatch.setattr(Path, "rename", lambda one, other: self(one, other))

    def __call__(self, one: Path, other: Path) -> Any:
        self.calls += 1
        if self.calls - 1 in self._failing:
            raise PermissionError(13, "Permission denied", str(one), None, str(other))
        return self._real(one, other)


TRIES = 3
"""How often a step is tried: once after each pause, and at the end."""


@each_way
@pytest.mark.parametrize("first", range(8))
def test_a_file_that_is_open_for_a_moment_is_waited_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch, whole: bool, first: int
) -> None:
    Busy(monkeypatch, first, TRIES - 1)
    replace.write(NEW, folder, whole=whole)
    assert content(folder) == encoded(NEW)


@each_way
@pytest.mark.parametrize("first", range(8))
def test_a_step_that_fails_is_undone_with_those_before_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, whole: bool, first: int
) -> None:
    busy = Busy(monkeypatch, first, TRIES)
    refused = ""
    try:
        replace.write(NEW, folder, whole=whole)
    except CodegenError as problem:
        refused = str(problem)
    assert ("Permission denied" in refused) is (busy.calls >= first + TRIES)
    assert content(folder) == encoded(OLD if refused else NEW)
    assert not list(folder.parent.rglob(".graph-codegen-*"))


def test_what_cannot_be_put_back_is_kept_and_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "deep" / "notes").write_text("mine")
    Busy(monkeypatch, 1, 1_000)  # the old folder goes aside, and nothing moves any more
    with pytest.raises(CodegenError, match="what was there is in") as caught:
        replace.write(NEW, folder, whole=True)
    kept = Path(str(caught.value).rpartition("what was there is in ")[2])
    assert content(kept) == encoded(OLD) | {"deep/notes": b"mine"}


def test_a_file_in_the_place_of_a_folder_is_refused(folder: Path) -> None:
    (folder / "fresh").write_text("mine")
    (problem,) = refusal(NEW, folder)
    assert (
        problem == f"{folder / 'fresh/four'}: cannot read: there is a file in the place of a folder"
    )
