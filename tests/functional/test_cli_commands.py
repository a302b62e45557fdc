"""What each command answers, where the answer goes, and how to call the command."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Mapping
from multiprocessing import active_children
from pathlib import Path

import pytest
from openapi_spec_validator import validate

from graph_codegen import __version__
from graph_codegen.cli import main
from tests.support.csdl import (
    ROOT,
    SERVICE,
    content,
    document,
    graph_codegen,
    graph_codegen_process,
)

FILE = "graph-2026-01-31.csdl.xml"

NEWER = "graph-2026-02-28.csdl.xml"

COMMANDS: Mapping[str, tuple[str, ...]] = {
    "generate": ("--metadata", NEWER, *ROOT),
    "check": ("--metadata", NEWER, *ROOT),
    "vendor": ("app", "--metadata", NEWER, *ROOT),
    "diff": (FILE, NEWER, *ROOT, "--code", "--fail-on", "breaking"),
    "init": (NEWER, *ROOT),
    "update": ("missing.xml",),
    "slice": (NEWER, *ROOT),
    "clouds": (f"GLOBAL={NEWER}", f"CHINA={FILE}", *ROOT),
    "corrections": (FILE, NEWER),
    "inspect": ("call", "--metadata", NEWER),
    "roots": (NEWER, "call"),
    "deprecations": (NEWER, "--root", "all"),
    "history": (".", *ROOT),
    "openapi": ("--metadata", NEWER, *ROOT),
    "api": ("--metadata", NEWER, *ROOT, "--output", "api.md"),
}
"""A call of every command, for a folder that has two documents and the package of the older one."""


GENERATING = (
    "--config", "--metadata", "--root", "--strict", "--reference", "--package", "--service-root",
    "--exclude",
    "--documented-only", "--descriptions",
)  # fmt: skip
"""The options of the commands that generate a package."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / FILE).write_bytes(document(SERVICE))
    return tmp_path


def answer(folder: Path, *arguments: str | Path) -> str:
    result = graph_codegen(*arguments, cwd=folder)
    assert result.returncode == 0, result.stderr
    return result.stdout


# -- calling


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for `COMMANDS`."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / FILE).write_bytes(document(SERVICE))
    (folder / NEWER).write_bytes(document(SERVICE.replace("mute", "silence")))
    answer(folder, "generate", "--metadata", FILE, *ROOT)
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_a_process_does_the_same_as_a_call_in_this_one(
    command: str, generated: Path, tmp_path: Path
) -> None:
    """The other tests call the command in their own process; nothing that they see depends on that."""
    here, there = (shutil.copytree(generated, tmp_path / name) for name in ("here", "there"))
    called = graph_codegen(command, *COMMANDS[command], cwd=here)
    ran = graph_codegen_process(command, *COMMANDS[command], cwd=there)
    assert (ran.returncode, ran.stdout) == (called.returncode, called.stdout)
    assert ran.stderr == called.stderr
    assert content(there) == content(here)


def test_every_command_has_its_process() -> None:
    assert COMMANDS.keys() == main.commands.keys()


def test_the_script_is_the_module() -> None:
    script = Path(sys.executable).with_name("graph-codegen")
    result = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert result.stdout == f"graph-codegen, version {__version__}\n"
    assert graph_codegen_process("--version").stdout == result.stdout


def test_a_command_in_this_process_leaves_it_as_it_was(folder: Path) -> None:
    before = Path.cwd(), gc.get_threshold(), warnings.filters[:], dict(os.environ), sys.stdout
    answer(folder, "generate", "--metadata", FILE, *ROOT)
    after = Path.cwd(), gc.get_threshold(), warnings.filters[:], dict(os.environ), sys.stdout
    assert after == before
    assert active_children() == []


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_command(flag: str) -> None:
    result = graph_codegen(flag)
    assert (result.returncode, result.stderr) == (0, "")
    assert all(f"\n  {command} " in result.stdout for command in COMMANDS)


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("generate", [*GENERATING, "--output"]),
        ("check", [*GENERATING, "--output"]),
        ("vendor", ["DEST", *GENERATING, "--check"]),
        (
            "diff",
            [
                "OLD",
                "NEW",
                "--root",
                "--strict",
                "--format",
                "--fail-on",
                "--ignore",
                "--on",
                "--code",
            ],
        ),
        ("init", ["FILE|URL", "--root", "--package", "--service-root"]),
        ("update", ["FILE|URL", "--config", "--strict", "--date", "--report"]),
        ("clouds", ["CLOUD=DOCUMENT", "--root", "--strict", "--output"]),
        ("api", ["--metadata", "--root", "--strict", "--documented-only", "--check", "--output"]),
        ("slice", ["DOCUMENT", "--root", "--strict", "--date", "--output"]),
        ("inspect", ["TYPE", "--metadata", "--strict", "--no-corrections", "--format"]),
        ("history", ["PATH…|OLD..NEW", "--git", "--root", "--exclude", "--strict", "--format"]),
        ("deprecations", ["[DOCUMENT]", "--root", "--within", "--on", "--fail-on", "--format"]),
        ("roots", ["DOCUMENT", "[TEXT]", "--config", "--format"]),
        ("corrections", ["RAW", "CLEANED", "--output"]),
        (
            "openapi",
            ["--metadata", "--root", "--strict", "--service-root", "--documented-only", "--output"],
        ),
    ],
)
def test_every_command_has_help(command: str, options: list[str]) -> None:
    result = graph_codegen(command, "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert all(option in result.stdout for option in options)


@pytest.mark.parametrize("arguments", [["nothing"], ["generate", "--nothing"], ["slice"]])
def test_a_call_that_is_not_understood_is_refused(arguments: list[str]) -> None:
    result = graph_codegen(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("Usage: ")


# -- generate


def test_generate_writes_a_package_and_says_so(folder: Path) -> None:
    first = graph_codegen("generate", "--metadata", FILE, *ROOT, "--package", "my", cwd=folder)
    assert (first.returncode, first.stdout) == (0, "")
    *progress, said = first.stderr.splitlines()
    files = content(folder / "generated")
    assert progress == [f"reading {FILE} …", "generating …"]
    assert said == (
        f"{len(files)} files in generated: {len(files)} written, 0 deleted, 0 as they were"
    )
    manifest = json.loads(files["manifest.json"])
    assert manifest["roots"] == ["communications"]
    assert manifest["metadata"]["document"] == FILE
    assert set(manifest["files"]) == files.keys() - {"manifest.json"}
    assert "my/models/graph.py" in files

    second = graph_codegen("generate", "--metadata", FILE, *ROOT, "--package", "my", cwd=folder)
    assert second.stderr.splitlines()[-1].endswith(
        f": 0 written, 0 deleted, {len(files)} as they were"
    )
    assert content(folder / "generated") == files


# -- slice


def test_slice_says_what_it_kept_and_cut(folder: Path) -> None:
    assert answer(folder, "slice", FILE, *ROOT).splitlines() == [
        "kept 1 of 1 Action",
        "kept 4 of 5 EntityType",
        "kept 1 of 1 EnumType",
        "cut 1 navigation properties that lead outside",
        "  microsoft.graph.call/owner → microsoft.graph.user",
    ]


def test_slice_writes_the_subset_and_where_it_is_from(folder: Path) -> None:
    answer(folder, "slice", FILE, *ROOT)
    provenance = json.loads((folder / "metadata" / "provenance.json").read_text(encoding="utf-8"))
    assert provenance["document"] == FILE
    assert provenance["date"] == "2026-01-31"
    assert len(provenance["sha256"]) == 64
    assert provenance["roots"] == ["communications"]
    assert provenance["kept"]["EntityType"] == 4
    assert provenance["document_holds"]["EntityType"] == 5
    assert provenance["cut"] == ["microsoft.graph.call/owner → microsoft.graph.user"]
    text = (folder / "metadata" / "communications.csdl.xml").read_text(encoding="utf-8")
    assert 'Name="groupCall" BaseType="microsoft.graph.call"' in text
    assert "user" not in text


def test_a_slice_is_the_same_bytes_every_time(folder: Path) -> None:
    answer(folder, "slice", FILE, *ROOT, "--output", "a")
    answer(folder, "slice", FILE, *ROOT, "--output", "b")
    assert content(folder / "a") == content(folder / "b")


def test_the_date_of_a_slice_can_be_given(folder: Path) -> None:
    (folder / FILE).rename(folder / "undated.xml")
    answer(folder, "slice", "undated.xml", *ROOT, "--date", "2020-02-02")
    provenance = json.loads((folder / "metadata" / "provenance.json").read_text(encoding="utf-8"))
    assert provenance["date"] == "2020-02-02"


# -- inspect


def test_inspect_shows_a_type_with_all_that_belongs_to_it(folder: Path) -> None:
    lines = answer(folder, "inspect", "call", "--metadata", FILE).splitlines()
    assert lines[0] == "microsoft.graph.call  EntityType"
    assert "Python: Call" in lines
    assert "base types: entity" in lines
    assert "key: id" in lines
    table = [line.split() for line in lines]
    assert ["state", "callState", "state", "call"] in table
    assert ["owner", "refers", "to", "user", "owner", "call"] in table
    assert ["id", "Edm.String,", "not", "null", "id", "entity"] in table
    derived = lines.index("derived types:")
    assert lines[derived + 1] == "  groupCall"
    operations = lines.index("operations:")
    assert lines[operations + 1] == "  action mute(clientContext: Edm.String) → Edm.Boolean"


def test_inspect_shows_what_a_type_inherits(folder: Path) -> None:
    lines = answer(folder, "inspect", "microsoft.graph.groupCall", "--metadata", FILE).splitlines()
    assert "base types: call → entity" in lines
    assert ["state", "callState", "state", "call"] in [line.split() for line in lines]
    assert "derived types: none" in lines
    assert any(line.startswith("  action mute(") for line in lines)


def test_inspect_shows_traits_and_enumerations(folder: Path) -> None:
    assert "open EntityType" in answer(folder, "inspect", "USER", "--metadata", FILE)
    assert "abstract EntityType" in answer(folder, "inspect", "entity", "--metadata", FILE)
    lines = answer(folder, "inspect", "callState", "--metadata", FILE).splitlines()
    assert lines[0] == "microsoft.graph.callState  EnumType"
    assert ["established", "3", "ESTABLISHED"] in [line.split() for line in lines]


# -- openapi


def test_openapi_is_the_whole_answer(folder: Path) -> None:
    text = answer(folder, "openapi", "--metadata", FILE, *ROOT)
    api = json.loads(text)
    validate(api)
    assert api["openapi"].startswith("3.1.")
    assert "/communications/calls/{call-id}/mute" in api["paths"]
    assert answer(folder, "openapi", "--metadata", FILE, *ROOT, "--output", "o/api.json") == ""
    assert content(folder / "o") == {"api.json": text.encode()}


def test_the_default_metadata_is_used_without_any_option(tmp_path: Path) -> None:
    assert "Python: Call" in answer(tmp_path, "inspect", "call").splitlines()
    assert list(tmp_path.iterdir()) == []
