"""File names that are not text or span several lines, and a closed standard output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from graph_codegen.update.fetch import fetch_document
from tests.support.csdl import ROOT, SERVICE, document

DATA = document(SERVICE)

NAMES = {b"caf\xe9.xml": "caf\\udce9.xml", b"a\nerror: b.xml": "a\\u000aerror: b.xml"}
"""How messages show file names that are given as bytes."""

COMMAND = (sys.executable, "-m", "graph_codegen")


def run(folder: Path, *arguments: str | bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=folder, capture_output=True, check=False, timeout=60
    )


@pytest.mark.parametrize(("name", "shown"), NAMES.items(), ids=NAMES.values())
def test_a_document_of_any_name_is_read(tmp_path: Path, name: bytes, shown: str) -> None:
    path = os.fsencode(tmp_path) + b"/" + name
    (tmp_path / os.fsdecode(name)).write_bytes(DATA)
    sliced = run(tmp_path, "slice", path, *ROOT, "--output", "out")
    assert sliced.returncode == 0, sliced.stderr
    assert json.loads((tmp_path / "out/provenance.json").read_text("utf-8"))["document"] == shown
    compared = run(tmp_path, "diff", "--format", "json", path, path, *ROOT)
    assert compared.returncode == 0, compared.stderr
    lines = compared.stderr.decode().splitlines()
    assert lines == [f"reading {shown} …"] * 2
    assert shown in json.dumps(json.loads(compared.stdout), ensure_ascii=False).replace(
        "\\\\", "\\"
    )


@pytest.mark.parametrize(("name", "shown"), NAMES.items(), ids=NAMES.values())
@pytest.mark.parametrize("data", [b"<a", None], ids=["broken", "absent"])
def test_an_error_shows_any_name_on_one_line(
    tmp_path: Path, name: bytes, shown: str, data: bytes | None
) -> None:
    if data:
        (tmp_path / os.fsdecode(name)).write_bytes(data)
    result = run(tmp_path, "slice", name)
    assert result.returncode == 2
    reading, problem = result.stderr.decode().splitlines()
    assert reading == f"reading {shown} …"
    assert problem.startswith(f"error: {shown}:")


def test_a_fetched_document_is_called_the_same(tmp_path: Path) -> None:
    for name, shown in NAMES.items():
        path = tmp_path / os.fsdecode(name)
        path.write_bytes(DATA)
        assert fetch_document(str(path), date(2026, 8, 4)).name == shown


def test_a_folder_of_any_name_is_written_to(tmp_path: Path) -> None:
    result = run(tmp_path, "generate", "--output", b"caf\xe9")
    assert result.returncode == 0, result.stderr
    assert b"files in caf\\udce9: " in result.stdout + result.stderr
    assert (tmp_path / os.fsdecode(b"caf\xe9") / "graph_comms").is_dir()


@pytest.mark.parametrize("command", ["openapi", "check", "diff in.xml in.xml"])
def test_standard_output_that_is_closed_is_one_error(tmp_path: Path, command: str) -> None:
    (tmp_path / "in.xml").write_bytes(DATA)
    result = subprocess.run(
        ["sh", "-c", f'"$0" -m graph_codegen {command} >&-', sys.executable],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    assert result.returncode == 2
    assert result.stderr == b"error: standard output: cannot write: it is closed\n"
