"""Progress: a status on a terminal for work longer than a second, plain lines anywhere else."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from graph_codegen.cli.console import PATIENCE
from tests.support.csdl import ROOT, SERVICE, document

FILE = "input.csdl.xml"

DEADLINE = 30.0
"""Seconds after which a test gives up."""


GO = "go"

PROGRAM = f"""
import sys, time
from pathlib import Path
from graph_codegen.cli import main
from graph_codegen.csdl import xml

load = xml.load

def wait(path):
    while not Path("{GO}").exists():
        time.sleep(0.01)
    return load(path)

xml.load = wait
main(sys.argv[1:])
"""
"""The command, whose reading takes until there is a file `go`."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a document."""
    (tmp_path / FILE).write_bytes(document(SERVICE))
    return tmp_path


@contextmanager
def command(folder: Path, stderr: int) -> Iterator[subprocess.Popen[bytes]]:
    arguments = [sys.executable, "-c", PROGRAM, "slice", FILE, *ROOT]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(
        arguments, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=stderr
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(terminal: int, wanted: bytes) -> bytes:
    """Read what a terminal shows until it shows the wanted text, or to the end."""
    shown = b""
    end = time.monotonic() + DEADLINE
    while wanted not in shown and time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                shown += os.read(terminal, 4096)
            except OSError:  # the other end is closed
                break
    return shown


def plain(shown: bytes) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())


def test_a_terminal_shows_what_takes_longer_while_it_does(folder: Path) -> None:
    terminal, stderr = pty.openpty()
    with command(folder, stderr) as process:
        os.close(stderr)
        started = time.monotonic()
        shown = read_until(terminal, f"reading {FILE}".encode())
        waited = time.monotonic() - started
        assert f"reading {FILE}" in plain(shown)
        assert waited >= PATIENCE
        (folder / GO).touch()
        rest = read_until(terminal, b"never shown")
        answer, _ = process.communicate(timeout=DEADLINE)
    os.close(terminal)
    assert process.returncode == 0
    assert answer.startswith(b"kept 1 of 1 Action")
    assert b"\x1b[?25h" in rest  # the cursor is back
    assert "…" not in plain(shown + rest)


def test_a_terminal_shows_nothing_of_what_is_quick(folder: Path) -> None:
    (folder / GO).touch()
    terminal, stderr = pty.openpty()
    with command(folder, stderr) as process:
        os.close(stderr)
        shown = read_until(terminal, b"never shown")
        process.communicate(timeout=DEADLINE)
    os.close(terminal)
    assert (process.returncode, plain(shown)) == (0, "")


def test_without_a_terminal_there_are_plain_lines_at_once(folder: Path) -> None:
    with command(folder, subprocess.PIPE) as process:
        assert process.stderr
        line = process.stderr.readline()
        assert line == f"reading {FILE} …\n".encode()
        (folder / GO).touch()
        answer, rest = process.communicate(timeout=DEADLINE)
    assert (process.returncode, rest) == (0, b"")
    assert b"\x1b" not in answer
