"""Files and arguments that are not what they seem: nobody loses a file or the control of a terminal."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click
import pytest

from graph_codegen.cli import main
from graph_codegen.errors import CodegenError
from graph_codegen.install.manifest import MANIFEST, parse_manifest
from tests.hostile.test_texts import HIDDEN
from tests.support.csdl import ROOT, SERVICE, document, graph_codegen

TEXT = "mine, and nobody else's\n"
NASTY = "\x1b[31m\x9bcall\u202e\nerror: all is well"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a document in it."""
    (tmp_path / "a.xml").write_bytes(document(SERVICE))
    return tmp_path


WRITERS: Sequence[tuple[Sequence[str], str]] = (
    (("slice", "a.xml", *ROOT, "--output", "out"), "out/communications.csdl.xml"),
    (("slice", "a.xml", *ROOT, "--output", "out"), "out/provenance.json"),
    (("clouds", "GLOBAL=a.xml", *ROOT, "--output", "out"), "out/clouds.json"),
    (("openapi", "--metadata", "a.xml", *ROOT, "--output", "out/api.json"), "out/api.json"),
    (("api", "--metadata", "a.xml", *ROOT, "--output", "out/api.md"), "out/api.md"),
    (("generate", "--metadata", "a.xml", *ROOT, "--output", "out"), "out/README.md"),
    (("generate", "--metadata", "a.xml", *ROOT, "--output", "out"), "out/manifest.json"),
)


@pytest.mark.parametrize(("arguments", "place"), WRITERS)
def test_only_files_of_the_generator_are_overwritten(
    arguments: Sequence[str], place: str, folder: Path
) -> None:
    target = folder / place
    target.parent.mkdir()
    target.write_text(TEXT, encoding="utf-8")
    result = graph_codegen(*arguments, cwd=folder)
    assert result.returncode == 2, result.stderr
    assert target.read_text(encoding="utf-8") == TEXT
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    target.unlink()
    for _ in range(2):  # its own are
        result = graph_codegen(*arguments, cwd=folder)
        assert result.returncode == 0, result.stderr
    assert target.read_text(encoding="utf-8") != TEXT


@pytest.mark.parametrize(("arguments", "place"), WRITERS)
def test_a_folder_or_a_fifo_in_the_place_of_an_output_is_refused(
    arguments: Sequence[str], place: str, folder: Path
) -> None:
    target = folder / place
    (target / "inside").mkdir(parents=True)
    result = graph_codegen(*arguments, cwd=folder)
    assert result.returncode == 2
    assert (target / "inside").is_dir()
    (target / "inside").rmdir()
    target.rmdir()
    os.mkfifo(target)
    result = graph_codegen(*arguments, cwd=folder)
    assert result.returncode == 2
    assert "it is not a regular file" in result.stderr
    assert target.is_fifo()


FOLDERS: Sequence[Sequence[str]] = (
    ("generate", "--metadata", "a.xml", *ROOT, "--output"),
    ("check", "--metadata", "a.xml", *ROOT, "--output"),
    ("vendor", "--metadata", "a.xml", *ROOT),
    ("vendor", "--metadata", "a.xml", *ROOT, "--check"),
    ("slice", "a.xml", *ROOT, "--output"),
    ("clouds", "GLOBAL=a.xml", *ROOT, "--output"),
    ("corrections", "a.xml", "a.xml", "--output"),
)


@pytest.mark.parametrize("arguments", FOLDERS)
@pytest.mark.parametrize("place", ["fifo", "device", "notes.txt", "fifo/inside", "device/inside"])
def test_what_is_no_folder_is_refused_in_the_place_of_one(
    arguments: Sequence[str], place: str, folder: Path
) -> None:
    os.mkfifo(folder / "fifo")
    (folder / "device").symlink_to("/dev/null")
    (folder / "notes.txt").write_text(TEXT, encoding="utf-8")
    before = _state(folder)
    result = graph_codegen(*arguments, place, cwd=folder)
    assert result.returncode == 2, result.stderr
    assert "Errno" not in result.stderr
    assert _state(folder) == before


def _state(folder: Path) -> Mapping[Path, tuple[int, int, int]]:
    """Return the mode, size and last change of what is in a folder; reading may change other times."""
    found = ((path, path.lstat()) for path in folder.iterdir())
    return {path: (stat.st_mode, stat.st_size, stat.st_mtime_ns) for path, stat in found}


INPUTS: Sequence[Sequence[str]] = (
    ("slice", "{}", *ROOT, "--output", "out"),
    ("generate", "--metadata", "{}", *ROOT, "--output", "out"),
    ("diff", "a.xml", "{}", *ROOT),
    ("diff", "a.xml", "a.xml", *ROOT, "--ignore", "{}"),
    ("clouds", "GLOBAL={}"),
    ("corrections", "{}", "a.xml", "--output", "out"),
    ("generate", "--config", "{}"),
)


@pytest.mark.parametrize("arguments", INPUTS)
@pytest.mark.parametrize("place", ["fifo.toml", "/dev/zero"])
def test_a_fifo_or_a_device_is_not_read(arguments: Sequence[str], place: str, folder: Path) -> None:
    os.mkfifo(folder / "fifo.toml")
    result = graph_codegen(*(each.format(place) for each in arguments), cwd=folder)
    assert result.returncode == 2
    assert "it is not a regular file" in result.stderr


USUAL: Mapping[str, Sequence[str]] = {
    "vendor": ["out"],
    "diff": ["a.xml", "a.xml"],
    "update": ["absent.xml"],
    "slice": ["a.xml"],
    "corrections": ["a.xml", "a.xml"],
    "inspect": ["call"],
    "roots": ["a.xml"],
    "api": ["--output", "api.md"],
}
"""The arguments that commands need."""


def list_said() -> Iterator[Sequence[str]]:
    """Yield each command with a nasty text for each of its options and arguments."""
    for name, command in main.commands.items():
        taken = {option for parameter in command.params for option in parameter.opts}
        usual = [*USUAL.get(name, ())]
        usual += ["--metadata", "a.xml"] if "--metadata" in taken else []
        usual += ROOT if "--root" in taken else []
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.is_flag:
                yield (name, *usual, parameter.opts[0], NASTY)
        for place, word in enumerate(usual):
            if not word.startswith("--"):
                yield (name, *usual[:place], NASTY, *usual[place + 1 :])
        yield (name, *usual, NASTY)


SAID = [
    (NASTY,),
    ("generate", f"--{NASTY}"),
    ("generate", "--metadata", "a.xml", "--root", f"communications/{NASTY}"),
    ("clouds", f"{NASTY}=a.xml"),
    ("clouds", f"GLOBAL={NASTY}"),
    ("slice", "a.xml", *ROOT, "--output", f"a.xml/{NASTY}"),
    *list_said(),
]


@pytest.mark.parametrize("arguments", SAID)
def test_arguments_do_not_reach_a_terminal_raw(arguments: Sequence[str], folder: Path) -> None:
    result = graph_codegen(*arguments, cwd=folder)
    said = result.stdout + result.stderr
    assert not HIDDEN.search(said), said
    assert "\nerror: all is well" not in said


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('rule = "\\u001b[31m\\u009b"\nelement = "x"\nreason = "x"', "there is no rule"),
        ('rule = "type-removed"\nelement = "\\u001b[31m"\nreason = "x"', "matches no finding"),
        ('rule = "type-added"\nelement = "*"\nreason = "\\u001b[31m\\u009b"', "type-added"),
    ],
)
def test_an_ignore_file_does_not_control_a_terminal(entry: str, said: str, folder: Path) -> None:
    (folder / "i.toml").write_text(f"[[ignore]]\n{entry}\nexpires = 2999-01-01\n", encoding="utf-8")
    (folder / "b.xml").write_bytes(document(SERVICE + '<ComplexType Name="new"/>'))
    result = graph_codegen(
        "diff", "a.xml", "b.xml", "--root", "all", "--ignore", "i.toml", cwd=folder
    )
    shown = result.stdout + result.stderr
    assert said in shown
    assert not HIDDEN.search(shown)


def test_an_ignore_file_is_short_and_shallow(folder: Path) -> None:
    for text, said in (("#" * 200_000, "more than 100,000"), ("a = " + "[" * 50_000, "understood")):
        (folder / "i.toml").write_text(text, encoding="utf-8")
        result = graph_codegen("diff", "a.xml", "a.xml", *ROOT, "--ignore", "i.toml", cwd=folder)
        assert result.returncode == 2
        assert said in result.stderr


PATHS = [
    "./client.py",
    "../client.py",
    "/client.py",
    "a//b.py",
    "a/../b.py",
    "a/./b.py",
    "a/",
    ".",
    "",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_manifest_with_paths_of_another_spelling_is_refused(path: str, folder: Path) -> None:
    with pytest.raises(CodegenError, match="the manifest is not understood"):
        parse_manifest(json.dumps({"files": {path: ""}}), folder)
    with pytest.raises(CodegenError, match="the manifest is not understood"):
        parse_manifest(json.dumps({"files": {}, "before": {path: ""}}), folder)


def test_nothing_is_deleted_by_a_manifest_that_is_refused(folder: Path) -> None:
    generate = ("generate", "--metadata", "a.xml", *ROOT, "--output", "out")
    assert graph_codegen(*generate, cwd=folder).returncode == 0
    manifest = folder / "out" / MANIFEST
    content = json.loads(manifest.read_text("utf-8"))
    client = next(path for path in content["files"] if path.endswith("/client.py"))
    content["files"][f"./{client}"] = content["files"].pop(client)
    manifest.write_text(json.dumps(content), encoding="utf-8")
    before = sorted(path for path in folder.rglob("*"))
    result = graph_codegen(*generate, cwd=folder)
    assert result.returncode == 2
    assert "the manifest is not understood" in result.stderr
    assert sorted(path for path in folder.rglob("*")) == before


def test_messages_about_many_things_are_short(folder: Path) -> None:
    unknown = "".join(f"<u{n}/>" for n in range(9_000))
    (folder / "b.xml").write_bytes(document(SERVICE + unknown))
    for strict, code in (((), 0), (("--strict",), 2)):
        result = graph_codegen("slice", "b.xml", *ROOT, *strict, "--output", "out", cwd=folder)
        assert result.returncode == code
        assert len(result.stderr) < 100_000
        assert result.stderr.rstrip().endswith("more")
