"""What `graph-codegen vendor` refuses, with a reason, and leaves as it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.failures.test_cli_output import no_room, permitted
from tests.support.csdl import (
    ROOT,
    SERVICE,
    content,
    document,
    graph_codegen,
    graph_codegen_process,
)

DEST = "app/_vendor"

PACKAGE = "app/_vendor/graph_comms"

MODELS = f"{PACKAGE}/models/graph.py"

MANIFEST = f"{PACKAGE}/manifest.json"

CLIENT = f"{PACKAGE}/client.py"

EDITED = "was edited by hand: restore or delete it"

IN_THE_WAY = "is in the way and not ours"

LINK = "is a symbolic link: nothing is written through it"


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("application")
    (folder / "input.csdl.xml").write_bytes(document(SERVICE))
    newer = SERVICE.replace('"callState"', '"stateOfCall"').replace("callState", "stateOfCall")
    (folder / "newer.csdl.xml").write_bytes(document(newer))
    result = graph_codegen("vendor", DEST, "--metadata", "input.csdl.xml", *ROOT, cwd=folder)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture
def folder(application: Path, tmp_path: Path) -> Path:
    """An application with a vendored package, its metadata, and newer metadata."""
    shutil.copytree(application, tmp_path, dirs_exist_ok=True)
    return tmp_path


def update(*more: str, dest: str = DEST) -> tuple[str, ...]:
    return ("vendor", dest, "--metadata", "newer.csdl.xml", *ROOT, *more)


def same(*more: str) -> tuple[str, ...]:
    return ("vendor", DEST, "--metadata", "input.csdl.xml", *ROOT, *more)


def state(folder: Path) -> dict[str, object]:
    """Return everything below a folder: the content of files, the targets of links, and the times."""
    return {
        path.relative_to(folder).as_posix(): (
            str(path.readlink())
            if path.is_symlink()
            else (path.is_dir() or path.read_bytes(), path.stat().st_mtime_ns)
        )
        for path in folder.rglob("*")
    }


def refusal(folder: Path, *arguments: str) -> tuple[list[str], list[str]]:
    """Return the lines of the difference that is shown, and the errors."""
    before = state(folder)
    result = graph_codegen(*arguments, cwd=folder)
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    assert state(folder) == before
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    return result.stdout.splitlines(), [line.removeprefix("error: ") for line in errors]


def append(path: Path, line: str) -> None:
    path.write_bytes(path.read_bytes() + line.encode() + b"\n")


# -- edited by hand


def test_every_edited_file_is_refused_and_shown(folder: Path) -> None:
    append(folder / MODELS, "# mine")
    append(folder / CLIENT, "# mine too")
    shown, errors = refusal(folder, *same())
    assert errors == [f"{CLIENT}: {EDITED}", f"{MODELS}: {EDITED}"]
    assert [line for line in shown if not line.startswith((" ", "@@"))] == [
        "--- a/client.py",
        "+++ b/client.py",
        "+# mine too",
        "--- a/models/graph.py",
        "+++ b/models/graph.py",
        "+# mine",
    ]


def test_the_difference_is_from_what_an_update_would_write(folder: Path) -> None:
    append(folder / MODELS, "# mine")
    shown, errors = refusal(folder, *update())
    assert errors == [f"{MODELS}: {EDITED}"]
    assert {"-class StateOfCall(GraphEnum):", "+class CallState(GraphEnum):", "+# mine"} < set(
        shown
    )
    headers = [line for line in shown if line.startswith(("--- ", "+++ "))]
    assert headers == ["--- a/models/graph.py", "+++ b/models/graph.py"]


def test_an_edited_file_that_would_be_deleted_is_refused(folder: Path) -> None:
    manifest = folder / MANIFEST
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace('"files": {', '"files": {"stale.py": "0",'), encoding="utf-8")
    (folder / PACKAGE / "stale.py").write_text("stale = 1\n")
    shown, errors = refusal(folder, *update())
    assert errors == [f"{PACKAGE}/stale.py: {EDITED}"]
    assert shown == ["--- /dev/null", "+++ b/stale.py", "@@ -0,0 +1 @@", "+stale = 1"]


def test_a_copy_with_other_line_ends_is_refused_and_said_to_have_them(folder: Path) -> None:
    files = [path for path in (folder / PACKAGE).rglob("*") if path.is_file()]
    for path in files:
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    shown, errors = refusal(folder, *same())
    # The manifest is read whatever its line ends; an empty file has none.
    assert len(errors) == len(files) - 2
    assert all(line.endswith(EDITED) for line in errors)
    assert "\\ CRLF line ends in b/models/graph.py" in shown
    assert len(shown) == 3 * len(errors)


def test_a_missing_last_line_end_is_shown(folder: Path) -> None:
    (folder / MODELS).write_bytes((folder / MODELS).read_bytes().rstrip(b"\n"))
    assert refusal(folder, *same()) == (
        [
            "--- a/models/graph.py",
            "+++ b/models/graph.py",
            "\\ No newline at end of b/models/graph.py",
        ],
        [f"{MODELS}: {EDITED}"],
    )


def test_a_file_that_is_no_text_is_refused(folder: Path) -> None:
    (folder / MODELS).write_bytes(b"\xff")
    shown, [error] = refusal(folder, *same())
    assert shown == []
    assert error.startswith(f"{MODELS}: cannot read: ")


def test_a_file_that_was_deleted_is_written_again(folder: Path) -> None:
    before = content(folder)
    (folder / MODELS).unlink()
    assert graph_codegen(*same(), cwd=folder).returncode == 0
    assert content(folder) == before


# -- in the way


def test_a_file_of_the_application_is_in_the_way(folder: Path) -> None:
    (folder / DEST / "mine").mkdir()
    (folder / DEST / "mine" / "client.py").write_text("mine = 1\n")
    shown, errors = refusal(folder, *update("--package", "mine"))
    assert errors == [f"{DEST}/mine/client.py: {IN_THE_WAY}"]
    assert "+mine = 1" in shown


# -- no place, or no package


def test_a_destination_that_is_a_file_is_refused(folder: Path) -> None:
    before = state(folder)
    result = graph_codegen(*update(dest="newer.csdl.xml"), cwd=folder)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Directory 'newer.csdl.xml' is a file." in result.stderr
    assert state(folder) == before


def test_a_destination_below_a_file_is_refused(folder: Path) -> None:
    shown, [error] = refusal(folder, *update(dest="newer.csdl.xml/below"))
    assert (shown, "there is a file in the place of a folder" in error) == ([], True)


def test_a_file_in_the_place_of_the_package_is_refused(folder: Path) -> None:
    (folder / "graph_comms").write_text("mine")
    assert refusal(folder, *update(dest=".")) == (
        [],
        ["graph_comms: is a file: the folder of the package belongs here"],
    )


@pytest.mark.parametrize("path", [PACKAGE, f"{PACKAGE}/models", MODELS, MANIFEST])
def test_a_symbolic_link_inside_is_refused(folder: Path, path: str) -> None:
    """Even where nothing would change: the next update would write through the link."""
    (folder / path).rename(folder / "elsewhere")
    (folder / path).symlink_to(folder / "elsewhere")
    assert refusal(folder, *same()) == ([], [f"{path}: {LINK}"])


@pytest.mark.parametrize("path", [PACKAGE, MODELS])
def test_a_symbolic_link_inside_that_leads_nowhere_is_refused(folder: Path, path: str) -> None:
    (folder / path).rename(folder / "elsewhere")
    (folder / path).symlink_to(folder / "nowhere")
    assert refusal(folder, *update()) == ([], [f"{path}: {LINK}"])


@pytest.mark.parametrize("leads", ["nowhere", "link"])
def test_a_destination_that_leads_nowhere_is_refused(folder: Path, leads: str) -> None:
    (folder / "link").symlink_to(leads)
    assert refusal(folder, *update(dest="link")) == (
        [],
        ["link: is a symbolic link that leads nowhere"],
    )


@pytest.mark.parametrize(
    ("closed", "message"),
    [
        ("app", "Permission denied"),
        (DEST, "is not readable"),
        (PACKAGE, "Permission denied"),
        (f"{PACKAGE}/models", "Permission denied"),
    ],
)
def test_a_closed_folder_is_refused(folder: Path, closed: str, message: str) -> None:
    (folder / closed).chmod(0)
    result = graph_codegen_process(*update(), cwd=folder, before=permitted)
    (folder / closed).chmod(0o755)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr
    assert message in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("change", ["manifest", "link inside", "link to the package", "input"])
def test_a_check_refuses_what_is_no_mere_difference(folder: Path, change: str) -> None:
    path = {"manifest": MANIFEST, "link inside": MODELS, "link to the package": PACKAGE}.get(change)
    if path == MANIFEST:
        (folder / path).write_text("{}")
    elif path:
        (folder / path).rename(folder / "elsewhere")
        (folder / path).symlink_to(folder / "elsewhere")
    else:
        path = "newer.csdl.xml"
        (folder / path).write_text("no XML")
    shown, [error] = refusal(folder, *update("--check"))
    assert (shown, error.startswith(path)) == ([], True)


@pytest.mark.parametrize("unwritable", [PACKAGE, f"{PACKAGE}/models"])
def test_an_unwritable_folder_is_refused(folder: Path, unwritable: str) -> None:
    (folder / unwritable).chmod(0o555)
    before = content(folder)
    result = graph_codegen_process(*update(), cwd=folder, before=permitted)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Permission denied" in result.stderr
    assert content(folder) == before


def test_a_full_disk_is_refused(folder: Path) -> None:
    before = content(folder)
    result = graph_codegen_process(*update(), cwd=folder, before=no_room)
    assert (result.returncode, result.stdout) == (2, "")
    assert "File too large" in result.stderr
    assert content(folder) == before
