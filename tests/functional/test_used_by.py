"""`diff` and `update` with the application that uses the package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from graph_codegen.errors import error
from graph_codegen.update import slices
from tests.support.csdl import ROOT, SERVICE, content, document, graph_codegen

MUTES = "from app._vendor.graph_comms import CommunicationsClient as C\nC('t').calls.mute('1')\n"
READS = "from app._vendor.graph_comms import CommunicationsClient as C\nC('t').calls.get('1')\n"
PASSES = "def mute(calls):\n    calls.mute('1')\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two documents, of which the newer one lacks an action, and an empty application."""
    (tmp_path / "old.xml").write_bytes(document(SERVICE))
    (tmp_path / "new.xml").write_bytes(document(SERVICE.replace("mute", "silence")))
    (tmp_path / "app").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("text", "code", "usage", "line"),
    [(MUTES, 1, "used", 2), (PASSES, 1, "perhaps", 2), (READS, 0, "unused", 0)],
    ids=["used", "perhaps", "unused"],
)
def test_what_an_application_uses_decides(
    folder: Path, text: str, code: int, usage: str, line: int
) -> None:
    (folder / "app" / "main.py").write_text(text)
    given = ("diff", "old.xml", "new.xml", *ROOT, "--used-by", "app", "--fail-on", "breaking")

    done = graph_codegen(*given, "--format", "json", cwd=folder)

    assert done.returncode == code
    report = json.loads(done.stdout)
    (finding,) = (f for f in report["findings"] if f["rule"] == "operation-removed")
    assert (finding["usage"], report["counts"]["breaking"]) == (usage, code)
    places = [{"file": "app/main.py", "line": line}] if line else []
    assert finding["uses"] == places
    for form in ("terminal", "markdown", "html"):
        shown = graph_codegen(*given, "--format", form, cwd=folder)
        assert shown.returncode == code
        assert ("app/main.py" in shown.stdout) == bool(line)


def test_the_package_may_be_named(folder: Path) -> None:
    (folder / "app" / "main.py").write_text(MUTES.replace("graph_comms", "other"))
    given = ("diff", "old.xml", "new.xml", *ROOT, "--used-by", "app", "--format", "json")
    done = graph_codegen(*given, "--package", "other", cwd=folder)
    assert json.loads(done.stdout)["counts"]["breaking"] == 1
    assert '"usage": "used"' in done.stdout


@pytest.mark.parametrize("what", ["nowhere", "empty", "fifo"])
def test_an_application_that_cannot_be_read_is_refused_first(folder: Path, what: str) -> None:
    if what == "empty":
        (folder / what).mkdir()
    elif what == "fifo":
        os.mkfifo(folder / what)
    done = graph_codegen("diff", "gone.xml", "gone.xml", "--used-by", what, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert what in done.stderr
    assert "gone.xml" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_hostile_file_is_told_and_perhaps_uses_what_it_names(folder: Path) -> None:
    (folder / "app" / "main.py").write_text("x = 1\n")
    (folder / "app" / "\x1b[31m.py").write_text("print 'mute'")
    given = ("diff", "old.xml", "new.xml", *ROOT, "--used-by", "app")
    done = graph_codegen(*given, cwd=folder)
    assert "perhaps app/" in done.stdout
    assert "whatever it names is perhaps used" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_an_update_shows_what_the_application_uses(folder: Path) -> None:
    (folder / "app" / "main.py").write_text(READS)
    (folder / "graph-codegen.toml").write_text('document = "old.xml"\nroots = ["communications"]\n')
    done = graph_codegen("update", "new.xml", "--used-by", "app", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "0 breaking, 0 additive, 0 invisible, 2 unused" in done.stdout
    assert (folder / "old.xml").read_bytes() == (folder / "new.xml").read_bytes()


def test_an_update_shows_what_it_is_about_to_change_before_it_does(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise error("cannot be written", "old.xml")

    monkeypatch.setattr(slices, "keep", refuse)
    (folder / "app" / "main.py").write_text(MUTES)
    (folder / "graph-codegen.toml").write_text('document = "old.xml"\nroots = ["communications"]\n')
    done = graph_codegen("update", "new.xml", "--used-by", "app", cwd=folder)
    assert done.returncode == 2
    assert "used app/main.py:2" in done.stdout


# -- before a package is written


def vendor(folder: Path, *given: str) -> subprocess.CompletedProcess[str]:
    return graph_codegen("vendor", "app/_vendor", *ROOT, *given, cwd=folder)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An application with a package that was made from the older document."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "old.xml").write_bytes(document(SERVICE))
    (folder / "new.xml").write_bytes(document(SERVICE.replace("mute", "silence")))
    (folder / "app").mkdir()
    (folder / "app" / "main.py").write_text(MUTES)
    done = vendor(folder, "--metadata", "old.xml", "--used-by", "app")
    assert done.returncode == 0, done.stderr
    assert "no package yet" in done.stderr
    return folder


@pytest.fixture
def application(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "copy")


def test_a_dry_run_shows_what_would_change_and_changes_nothing(application: Path) -> None:
    before = content(application)
    done = vendor(application, "--metadata", "new.xml", "--used-by", "app", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "1 breaking" in done.stdout
    assert "used app/main.py:2" in done.stdout
    assert "files would be written, 0 deleted" in done.stderr
    assert content(application) == before


def test_vendor_shows_what_changes_before_it_does(application: Path) -> None:
    done = vendor(application, "--metadata", "new.xml", "--used-by", "app")
    assert done.returncode == 0, done.stderr
    assert "used app/main.py:2" in done.stdout
    assert "def silence" in (application / "app/_vendor/graph_comms/client.py").read_text()


def test_what_is_refused_changes_nothing(application: Path) -> None:
    before = content(application)
    done = vendor(application, "--metadata", "new.xml", "--used-by", "nowhere")
    assert done.returncode == 2
    assert content(application) == before


def test_the_older_document_is_found_in_git(application: Path) -> None:
    for given in (["init", "-q"], ["add", "old.xml"], ["commit", "-qm", "a"]):
        author = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        subprocess.run(["git", *author, *given], cwd=application, check=True)
    (application / "new.xml").rename(application / "old.xml")
    done = vendor(application, "--metadata", "old.xml", "--used-by", "app", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "used app/main.py:2" in done.stdout


def test_without_the_older_document_nothing_is_said_of_an_application(application: Path) -> None:
    (application / "old.xml").unlink()
    before = content(application)
    done = vendor(application, "--metadata", "new.xml", "--used-by", "app")
    assert done.returncode == 2
    assert "was made from old.xml" in done.stderr
    dry = vendor(application, "--metadata", "new.xml", "--dry-run")
    assert dry.returncode == 0
    assert "would be written" in dry.stderr
    assert content(application) == before


def test_types_need_an_application(folder: Path) -> None:
    done = graph_codegen("diff", "old.xml", "new.xml", *ROOT, "--using", "mypy", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "needs an application" in done.stderr


def test_mypy_decides_what_the_syntax_leaves_open(made: Path) -> None:
    lets = "from app._vendor.graph_comms import CommunicationsClient as C\nmake = lambda: C('t')\n"
    (made / "app" / "main.py").write_text(f"{lets}make().calls.mute('1')\n")
    given = ("diff", "old.xml", "new.xml", *ROOT, "--used-by", "app")
    assert "perhaps app/main.py:3" in graph_codegen(*given, cwd=made).stdout
    done = graph_codegen(*given, "--using", "mypy", cwd=made)
    assert "used app/main.py:3" in done.stdout, done.stderr
