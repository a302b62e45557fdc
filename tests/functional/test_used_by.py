"""`diff` and `update` with the application that uses the package."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.csdl import ROOT, SERVICE, document, graph_codegen

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
