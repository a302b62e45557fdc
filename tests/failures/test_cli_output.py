"""Output that cannot or must not be written is refused, and stays as it is."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.csdl import (
    ROOT,
    SERVICE,
    content,
    document,
    graph_codegen,
    graph_codegen_process,
)

MODELS = "graph_comms/models/graph.py"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    (folder / "input.csdl.xml").write_bytes(document(SERVICE))
    result = graph_codegen("generate", "--metadata", "input.csdl.xml", *ROOT, cwd=folder)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture
def folder(package: Path, tmp_path: Path) -> Path:
    """A folder with metadata, what was generated from it, and newer metadata."""
    shutil.copytree(package, tmp_path, dirs_exist_ok=True)
    newer = SERVICE.replace('"callState"', '"stateOfCall"').replace("callState", "stateOfCall")
    (tmp_path / "newer.csdl.xml").write_bytes(document(newer))
    return tmp_path


def errors(result: object) -> list[str]:
    stderr = str(getattr(result, "stderr", ""))
    assert "Traceback" not in stderr
    lines = (line for line in stderr.splitlines() if line.startswith("error: "))
    return [line.removeprefix("error: ") for line in lines]


def refusal(folder: Path, *arguments: str, before: Callable[[], object] | None = None) -> list[str]:
    whole = content(folder)
    if before:
        result = graph_codegen_process(*arguments, cwd=folder, before=before)
    else:
        result = graph_codegen(*arguments, cwd=folder)
    assert (result.returncode, result.stdout) == (2, ""), result.stderr
    assert content(folder) == whole
    assert not list(folder.rglob(".graph-codegen-*"))
    return errors(result)


def newer(*more: str) -> tuple[str, ...]:
    return ("generate", "--metadata", "newer.csdl.xml", *ROOT, *more)


def test_a_file_edited_by_hand_is_not_overwritten(folder: Path) -> None:
    edited = folder / "generated" / MODELS
    edited.write_text(edited.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    assert refusal(folder, *newer()) == [
        f"generated/{MODELS}: was edited by hand: restore or delete it"
    ]


def test_a_file_that_was_deleted_is_written_again(folder: Path) -> None:
    before = content(folder / "generated")
    (folder / "generated" / MODELS).unlink()
    assert graph_codegen(*newer(), cwd=folder).returncode == 0
    assert content(folder / "generated")[MODELS] != before[MODELS]


def test_a_file_of_somebody_else_is_not_overwritten(folder: Path) -> None:
    (folder / "generated" / "manifest.json").unlink()
    found = refusal(folder, *newer())
    assert f"generated/{MODELS}: is in the way and not ours" in found
    assert all(line.endswith(": is in the way and not ours") for line in found)


def test_a_file_that_is_generated_no_more_is_deleted(folder: Path) -> None:
    arguments = newer("--package", "other_name")
    (folder / "generated" / "graph_comms" / "mine.py").write_text("# mine\n", encoding="utf-8")
    assert graph_codegen(*arguments, cwd=folder).returncode == 0
    left = [path for path in content(folder / "generated") if path.startswith("graph_comms/")]
    assert left == ["graph_comms/mine.py"]


def test_an_output_below_a_file_is_refused(folder: Path) -> None:
    (error,) = refusal(folder, *newer("--output", "newer.csdl.xml/below"))
    assert error.startswith("newer.csdl.xml/below")
    assert "Not a directory" in error


def test_an_output_that_is_a_file_is_refused(folder: Path) -> None:
    before = content(folder)
    result = graph_codegen(*newer("--output", "newer.csdl.xml"), cwd=folder)
    assert (result.returncode, result.stdout) == (2, "")
    assert "is a file" in result.stderr
    assert content(folder) == before


PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2


def permitted() -> None:
    """Make file modes hold for root too, in the program that is executed next (Linux)."""
    if os.geteuid() == 0:
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            assert ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0


@pytest.mark.parametrize("path", ["graph_comms/private", "graph_comms/models/private"])
def test_a_folder_of_somebody_else_that_is_closed_is_refused(folder: Path, path: str) -> None:
    """Replacing the folder would lose what is in it."""
    private = folder / "generated" / path
    private.mkdir()
    (private / "notes").write_text("mine")
    private.chmod(0)
    errors = refusal(folder, *newer(), before=permitted)
    private.chmod(0o755)
    assert errors == [f"generated/{path}: cannot write: Permission denied"]
    assert (private / "notes").read_text() == "mine"


@pytest.mark.parametrize(
    "unwritable", ["generated", "generated/graph_comms", "generated/graph_comms/models"]
)
def test_an_unwritable_folder_is_refused(folder: Path, unwritable: str) -> None:
    (folder / unwritable).chmod(0o555)
    (error,) = refusal(folder, *newer(), before=permitted)
    assert "Permission denied" in error


def no_room() -> None:
    """Leave no room for a file, as a full disk does."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))


@pytest.mark.parametrize(
    "arguments",
    [
        newer(),
        ("slice", "newer.csdl.xml", *ROOT, "--output", "generated"),
        ("openapi", "--metadata", "newer.csdl.xml", *ROOT, "--output", "generated/openapi.json"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_full_disk_is_refused(folder: Path, arguments: tuple[str, ...]) -> None:
    (error,) = refusal(folder, *arguments, before=no_room)
    assert "File too large" in error


# -- check


def test_check_passes_what_is_as_generated(folder: Path) -> None:
    result = graph_codegen("check", "--metadata", "input.csdl.xml", *ROOT, cwd=folder)
    assert (result.returncode, result.stdout) == (0, "")
    assert "generated is what would be generated" in result.stderr


def test_check_shows_what_is_stale(folder: Path) -> None:
    before = content(folder)
    result = graph_codegen("check", "--metadata", "newer.csdl.xml", *ROOT, cwd=folder)
    assert result.returncode == 1
    assert f"--- a/{MODELS}" in result.stdout
    assert "-class CallState(GraphEnum):" in result.stdout
    assert "+class StateOfCall(GraphEnum):" in result.stdout
    # The manifest is fine: what it lists is there, as it was generated.
    assert result.stderr.splitlines()[2:] == [
        "generated is stale: run graph-codegen generate",
    ]
    assert content(folder) == before


@pytest.mark.parametrize("change", ["edited", "folder missing"])
def test_check_notices_what_was_changed(folder: Path, change: str) -> None:
    path = folder / "generated" / MODELS
    match change:
        case "edited":
            path.write_text("# mine\n", encoding="utf-8")
        case _:
            shutil.rmtree(folder / "generated")
    result = graph_codegen("check", "--metadata", "input.csdl.xml", *ROOT, cwd=folder)
    assert result.returncode == 1
    assert f"+++ b/{MODELS}" in result.stdout


def unlike(folder: Path) -> list[str]:
    """Return the lines of `check` between its progress and its verdict."""
    result = graph_codegen("check", "--metadata", "input.csdl.xml", *ROOT, cwd=folder)
    assert result.returncode == 1
    assert result.stdout
    *said, verdict = result.stderr.splitlines()[2:]
    assert verdict.startswith("generated is stale: ")
    return said


def test_check_names_every_file_that_is_not_as_its_manifest_lists_it(folder: Path) -> None:
    edited, missing = folder / "generated" / MODELS, folder / "generated" / "pyproject.toml"
    edited.write_text(edited.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    missing.unlink()
    assert unlike(folder) == [
        f"generated/{MODELS}: was edited by hand: restore or delete it",
        "generated/pyproject.toml: is missing",
    ]


def test_check_names_a_manifest_that_lists_something_else(folder: Path) -> None:
    path = folder / "generated" / "manifest.json"
    listed = json.loads(path.read_text(encoding="utf-8"))
    listed["files"][MODELS] = "0" * 64
    path.write_text(json.dumps(listed), encoding="utf-8")
    assert unlike(folder) == [f"generated/{MODELS}: was edited by hand: restore or delete it"]


def test_check_names_a_missing_manifest(folder: Path) -> None:
    (folder / "generated" / "manifest.json").unlink()
    assert unlike(folder) == [
        "generated/manifest.json: is missing: nothing tells which files are ours"
    ]


def test_check_refuses_a_manifest_that_is_not_understood(folder: Path) -> None:
    (folder / "generated" / "manifest.json").write_text("{}", encoding="utf-8")
    assert refusal(folder, "check", "--metadata", "input.csdl.xml", *ROOT) == [
        "generated/manifest.json: the manifest is not understood"
    ]


@pytest.mark.parametrize("change", ["missing", "line ends"])
def test_check_shows_a_difference_that_no_line_shows(folder: Path, change: str) -> None:
    [typed] = (folder / "generated").rglob("py.typed")
    [options] = (folder / "generated").rglob("_runtime/options.py")
    if change == "missing":
        typed.unlink()
    else:
        options.write_bytes(options.read_bytes().replace(b"\n", b"\r\n"))
    result = graph_codegen("check", "--metadata", "input.csdl.xml", *ROOT, cwd=folder)
    assert result.returncode == 1
    assert ("py.typed" if change == "missing" else "options.py") in result.stdout
