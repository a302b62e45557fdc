"""`graph-codegen vendor`: the package inside an application, brought up to date, and checked."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from graph_codegen import __version__
from tests.support.csdl import ROOT, SERVICE, content, document, graph_codegen, schema

FILE = "new.csdl.xml"

OLD_FILE = "old.csdl.xml"

OLD_SERVICE = SERVICE.replace(
    '<Property Name="state" Type="graph.callState"/>',
    '<Property Name="state" Type="graph.callState"/>\n<Property Name="cost" Type="old.cost"/>',
)
OLD_SCHEMA = schema(
    '<ComplexType Name="cost"><Property Name="euros" Type="Edm.Int32"/></ComplexType>', "old", ""
)
"""What newer metadata has no more: with it goes a module of its own."""

DEST = "app/_vendor"

PACKAGE = "app/_vendor/graph_comms"

MODELS = f"{PACKAGE}/models/graph.py"

STALE = f"{PACKAGE}/models/old.py"

CALL = '+class Call(Entity, odata_type="#microsoft.graph.call"):'

OURS = {
    "app/__init__.py": b"",
    "app/_vendor/__init__.py": b"",
    "app/_vendor/manifest.json": b"of somebody else",
    "app/_vendor/other/graph.py": b"other = 1\n",
}
"""The application's other files, some of them beside the vendored package."""


def put(folder: Path, files: dict[str, bytes]) -> None:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def vendor(folder: Path, *more: str, metadata: str = FILE) -> subprocess.CompletedProcess[str]:
    return graph_codegen("vendor", DEST, "--metadata", metadata, *ROOT, *more, cwd=folder)


def run(folder: Path, program: str) -> str:
    environment = {key: os.environ[key] for key in os.environ if not key.startswith("PYTHON")}
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def times(folder: Path) -> dict[Path, int]:
    return {path: path.lstat().st_mtime_ns for path in folder.rglob("*")}


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An application with files of its own and a package vendored from old metadata."""
    folder = tmp_path_factory.mktemp("application")
    put(folder, OURS)
    (folder / FILE).write_bytes(document(SERVICE))
    (folder / OLD_FILE).write_bytes(document(OLD_SERVICE, OLD_SCHEMA))
    result = vendor(folder, metadata=OLD_FILE)
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    assert (folder / STALE).is_file()
    return folder


@pytest.fixture
def folder(application: Path, tmp_path: Path) -> Path:
    shutil.copytree(application, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture(scope="module")
def generated(application: Path) -> dict[str, bytes]:
    """The files that `generate` writes from the new metadata."""
    arguments = ("--metadata", FILE, *ROOT, "--output", "out")
    result = graph_codegen("generate", *arguments, cwd=application)
    assert result.returncode == 0, result.stderr
    files = content(application / "out")
    shutil.rmtree(application / "out")
    return files


def expected(generated: dict[str, bytes], package: str = "graph_comms") -> dict[str, bytes]:
    """Return the files of the package as they should be vendored, without the manifest."""
    return {
        f"{DEST}/{path}": data for path, data in generated.items() if path.startswith(f"{package}/")
    }


def vendored(folder: Path) -> dict[str, bytes]:
    """Return all files below the application except the manifest of the package."""
    files = {f"app/{path}": data for path, data in content(folder / "app").items()}
    return {path: data for path, data in files.items() if path != f"{PACKAGE}/manifest.json"}


# -- writing


def test_the_package_is_written_into_a_folder_that_is_not_there(
    application: Path, tmp_path: Path, generated: dict[str, bytes]
) -> None:
    shutil.copy(application / FILE, tmp_path)
    result = vendor(tmp_path)
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    assert vendored(tmp_path) == expected(generated)
    count = len(expected(generated)) + 1
    assert result.stderr.splitlines()[-1] == (
        f"{count} files in {PACKAGE}: {count} written, 0 deleted, 0 as they were"
    )
    assert {path.name for path in tmp_path.iterdir()} == {"app", FILE}


def test_the_manifest_lies_inside_and_tells_where_the_package_is_from(
    folder: Path, generated: dict[str, bytes]
) -> None:
    assert vendor(folder).returncode == 0
    manifest = json.loads((folder / PACKAGE / "manifest.json").read_text(encoding="utf-8"))
    assert manifest == {
        "generator": f"graph-codegen {__version__}",
        "metadata": {
            "document": FILE,
            "sha256": hashlib.sha256((folder / FILE).read_bytes()).hexdigest(),
        },
        "roots": ["communications"],
        "service_root": "https://graph.microsoft.com/v1.0",
        "documented_only": False,
        "descriptions": False,
        "given": ["roots"],
        "files": {
            path.removeprefix(f"{PACKAGE}/"): hashlib.sha256(data).hexdigest()
            for path, data in expected(generated).items()
        },
    }


def test_an_update_writes_deletes_and_touches_nothing_else(
    folder: Path, generated: dict[str, bytes]
) -> None:
    mine = {
        f"{PACKAGE}/mine.py": b"mine = 1\n",
        f"{PACKAGE}/models/__pycache__/graph.cpython-311.pyc": b"compiled",
    }
    put(folder, mine)
    before = times(folder)
    result = vendor(folder)
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    assert ", 1 deleted, " in result.stderr
    assert vendored(folder) == OURS | mine | expected(generated)
    after = times(folder)
    untouched = [folder / path for path in (*OURS, *mine, f"{PACKAGE}/py.typed")]
    assert [after[path] for path in untouched] == [before[path] for path in untouched]
    assert after[folder / MODELS] > before[folder / MODELS]


def test_what_is_up_to_date_is_not_touched(folder: Path) -> None:
    before = times(folder / "app")
    result = vendor(folder, metadata=OLD_FILE)
    assert (result.returncode, result.stdout) == (0, "")
    assert ": 0 written, 0 deleted, " in result.stderr
    assert times(folder / "app") == before


def test_a_package_of_another_name_lies_beside(folder: Path) -> None:
    before = content(folder / PACKAGE)
    assert vendor(folder, "--package", "my_graph").returncode == 0
    assert content(folder / PACKAGE) == before
    manifest = json.loads((folder / DEST / "my_graph" / "manifest.json").read_text("utf-8"))
    files = content(folder / DEST / "my_graph").keys()
    assert manifest["files"].keys() == files - {"manifest.json"}
    told = run(folder, "from app._vendor.my_graph import models; print(models.Call.__module__)")
    assert told == "app._vendor.my_graph.models.graph\n"


def test_a_copy_without_its_manifest_is_taken_over(folder: Path) -> None:
    before = content(folder)
    (folder / PACKAGE / "manifest.json").unlink()
    result = vendor(folder, metadata=OLD_FILE)
    assert (result.returncode, result.stdout) == (0, "")
    assert ": 1 written, 0 deleted, " in result.stderr
    assert content(folder) == before


def test_a_link_to_the_folder_is_followed(folder: Path, generated: dict[str, bytes]) -> None:
    (folder / DEST).rename(folder / "elsewhere")
    (folder / DEST).symlink_to(folder / "elsewhere")
    assert vendor(folder).returncode == 0
    assert (folder / DEST).is_symlink()
    assert (folder / "elsewhere/graph_comms/models/graph.py").read_bytes() == generated[
        "graph_comms/models/graph.py"
    ]
    assert vendor(folder, "--check").returncode == 0


# -- using


def test_the_default_package_works_from_an_application_that_compiled_it(tmp_path: Path) -> None:
    put(tmp_path, OURS)
    first = graph_codegen("vendor", DEST, cwd=tmp_path)
    assert (first.returncode, first.stdout) == (0, ""), first.stderr
    program = """
import sys
from app._vendor.graph_comms import AsyncCommunicationsClient, CommunicationsClient, GraphError
from app._vendor.graph_comms.models import Call, CallState, CommsNotifications
import app._vendor.graph_comms as vendored
resource = '{"@odata.type": "#microsoft.graph.call", "state": "Established"}'
[found] = CommsNotifications.from_json('{"value": [{"resourceData": %s}]}' % resource).value
assert isinstance(found.resource_data, Call)
assert found.resource_data.state == CallState.ESTABLISHED
with CommunicationsClient("token") as client:
    print(type(client.calls).__module__)
print(vendored.__file__)
print([name for name in sys.modules if name.partition(".")[0] == "graph_comms"])
"""
    resource, file, others = run(tmp_path, program).splitlines()
    assert resource.startswith("app._vendor.graph_comms.")
    assert file == str(tmp_path / PACKAGE / "__init__.py")
    assert others == "[]", "the vendored package imports one that is installed"
    assert list((tmp_path / PACKAGE).rglob("*.pyc"))
    again = graph_codegen("vendor", DEST, "--check", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (0, ""), again.stderr


# -- checking


def test_check_passes_what_would_be_written(folder: Path) -> None:
    put(folder, {f"{PACKAGE}/mine.py": b"mine = 1\n"})
    before, then = content(folder), times(folder)
    result = vendor(folder, "--check", metadata=OLD_FILE)
    assert (result.returncode, result.stdout) == (0, "")
    assert f"{PACKAGE} is what would be generated" in result.stderr
    assert (content(folder), times(folder)) == (before, then)


def difference(folder: Path, *more: str, metadata: str) -> list[str]:
    """Return the lines of the difference that a check shows; it changes nothing."""
    before, then = content(folder), times(folder)
    result = vendor(folder, "--check", *more, metadata=metadata)
    assert result.returncode == 1, result.stderr
    assert "error: " not in result.stderr
    assert f" is stale: run graph-codegen vendor {DEST}" in result.stderr
    assert (content(folder), times(folder)) == (before, then)
    return result.stdout.splitlines()


def test_check_shows_what_an_update_would_change(folder: Path) -> None:
    lines = difference(folder, metadata=FILE)
    headers = [line for line in lines if line.startswith(("--- ", "+++ "))]
    assert headers[-2:] == ["--- a/models/old.py", "+++ /dev/null"]
    assert {"--- a/manifest.json", "--- a/models/graph.py"} < set(headers)
    assert '-class Cost(GraphModel, odata_type="#old.cost"):' in lines


def test_check_names_what_is_not_as_the_manifest_inside_lists_it(folder: Path) -> None:
    models = folder / MODELS
    models.write_bytes(models.read_bytes() + b"# mine\n")
    (folder / STALE).unlink()
    # With newer metadata or not, files that are merely out of date show in the difference only.
    for metadata in (OLD_FILE, FILE):
        result = vendor(folder, "--check", metadata=metadata)
        assert result.returncode == 1
        assert result.stderr.splitlines()[2:-1] == [
            f"{MODELS}: was edited by hand: restore or delete it",
            f"{STALE}: is missing",
        ]


@pytest.mark.parametrize(
    ("hiding", "of"),
    [
        ("models/graph/__init__.py", "models/graph.py"),
        ("client/__init__.pyc", "client.py"),
        (f"client{EXTENSION_SUFFIXES[0]}", "client.py"),
        ("client.abi3.so", "client.py"),
        ("client.cp311-win_amd64.pyd", "client.py"),
        ("__init__.so", "__init__.py"),
    ],
)
def test_check_names_what_is_imported_in_place_of_a_module(
    folder: Path, hiding: str, of: str
) -> None:
    put(folder, {f"{PACKAGE}/{hiding}": b"mine = 1\n"})
    result = vendor(folder, "--check", metadata=OLD_FILE)
    assert (result.returncode, result.stdout) == (1, "")
    first = hiding.partition("/__init__")[0]
    assert result.stderr.splitlines()[2:] == [
        f"{PACKAGE}/{first}: is imported in place of {Path(of).name}: delete it"
    ]


def test_check_says_nothing_of_what_hides_no_module(folder: Path) -> None:
    others = ["client.pyc", "client/notes.py", "client.txt", "mine/__init__.py", "libclient.so"]
    put(folder, {f"{PACKAGE}/{path}": b"mine = 1\n" for path in others})
    result = vendor(folder, "--check", metadata=OLD_FILE)
    assert (result.returncode, result.stdout) == (0, "")
    assert not [line for line in result.stderr.splitlines() if "in place of" in line]
    assert run(folder, f"from {PACKAGE.replace('/', '.')} import client, models") == ""


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ("edited", ["--- a/models/graph.py", "+++ b/models/graph.py", "-# mine"]),
        ("deleted", ["--- /dev/null", "+++ b/models/graph.py", CALL]),
        ("line ends", ["--- a/models/graph.py", "\\ CRLF line ends in a/models/graph.py"]),
        ("no manifest", ["--- /dev/null", "+++ b/manifest.json"]),
        ("nothing there", ["--- /dev/null", "+++ b/manifest.json", CALL]),
    ],
)
def test_check_shows_what_was_changed(folder: Path, change: str, shown: list[str]) -> None:
    models = folder / MODELS
    match change:
        case "edited":
            models.write_bytes(models.read_bytes() + b"# mine\n")
        case "deleted":
            models.unlink()
        case "line ends":
            models.write_bytes(models.read_bytes().replace(b"\n", b"\r\n"))
        case "no manifest":
            (folder / PACKAGE / "manifest.json").unlink()
        case _:
            shutil.rmtree(folder / "app")
    lines = difference(folder, metadata=OLD_FILE)
    assert [line for line in shown if line not in lines] == []
