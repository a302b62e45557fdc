"""Nothing is generated again where nothing has changed, and everything that the result depends on counts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from shutil import copytree
from subprocess import CompletedProcess

import pytest

from graph_codegen import api, assets
from graph_codegen.api import Progress
from graph_codegen.cli import unchanged
from graph_codegen.errors import error
from graph_codegen.install.replace import PREFIX
from tests.support.csdl import SERVICE, content, document, graph_codegen, schema

CONFIGURATION = """
document = "graph.xml"
roots = ["communications"]
package = "mine"
facts = "facts"
templates = "templates"
clouds = { CHINA = "china.xml" }
"""

FILES = {
    "graph-codegen.toml": CONFIGURATION.encode(),
    "graph.xml": document(SERVICE),
    "china.xml": document(SERVICE),
    "other.xml": document(schema('<ComplexType Name="far"/>', "far.away", "")),
    "facts/descriptions.json": b'{"types": {}, "operations": {}}',
    "templates/package/README.md.jinja2": b"{{ package }} is ours",
}
"""A project that has a file of each kind."""

OPTIONS = ("--reference", "other.xml")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose package was generated, and whose cache is beside it."""
    return make(tmp_path_factory.mktemp("made"))


def make(place: Path) -> Path:
    project = place / "project"
    for path, data in FILES.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_bytes(data)
    first = generate(project)
    assert first.returncode == 0, first.stderr
    assert was_made(first)
    return project


@pytest.fixture
def project(made: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """That project, which is afterwards as it was; in the test, to generate is only to read the document."""
    before = content(made)

    def read_only(*_: object, progress: Progress, **given: object) -> None:
        with progress.stage("reading graph.xml"):
            raise error("generated again", "graph.xml")

    monkeypatch.setattr(api, "generate", read_only)
    yield made
    for path, data in before.items():
        (made / path).write_bytes(data)
    for path in content(made).keys() - before.keys():
        (made / path).unlink()
    for left in (made / "generated").glob(f"{PREFIX}*"):
        left.rmdir()


def run(project: Path, *words: str) -> CompletedProcess[str]:
    return graph_codegen(*words, *OPTIONS, cwd=project, cache=project.parent / "cache")


def generate(project: Path, *words: str) -> CompletedProcess[str]:
    return run(project, "generate", *words)


def was_made(done: CompletedProcess[str]) -> bool:
    """Whether a command read the document, and not only the digests."""
    return "reading graph.xml" in done.stderr


def lines(done: CompletedProcess[str]) -> set[str]:
    """Return what a command told besides its stages."""
    return {line for line in done.stderr.splitlines() if not line.endswith(" …")}


@pytest.mark.parametrize("command", [("generate", "--verbose"), ("api", "--output", "api.md")])
def test_the_second_run_does_nothing_and_says_the_same(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    project = make(tmp_path)
    wrong = '<Annotations Target="graph.none"><Annotation Term="graph.x"/></Annotations>'
    (project / "graph.xml").write_bytes(document(SERVICE + wrong))
    run(project, *command)
    first = graph_codegen(*command, *OPTIONS, cwd=project)
    before = content(project)
    second = run(project, *command)
    assert was_made(first)
    assert not was_made(second)
    assert second.returncode == 0
    assert "warning: " in second.stderr
    assert lines(second) == lines(first)
    assert content(project) == before


def test_nothing_has_changed(project: Path) -> None:
    assert not was_made(generate(project))


def edit(path: str, data: bytes = b"") -> Callable[[Path], object]:
    """Return what changes a file, or adds it."""
    return lambda project: (project / path).write_bytes(data or FILES[path] + b"\n")


CHANGES: dict[str, Callable[[Path], object]] = {
    "the document": edit("graph.xml", document(SERVICE.replace("mute", "deafen"))),
    "white space in the document": edit("graph.xml"),
    "a document that is referred to": edit("other.xml"),
    "the document of a cloud": edit("china.xml"),
    "the configuration": edit("graph-codegen.toml"),
    "facts": edit("facts/descriptions.json"),
    "facts that were not there": edit("facts/permissions.json", b"{}"),
    "a template": edit("templates/package/README.md.jinja2"),
    "a template that was not there": edit("templates/LICENSE", b"x"),
    "an output that is gone": lambda project: (project / "generated/mine/client.py").unlink(),
    "a manifest that is gone": lambda project: (project / "generated/manifest.json").unlink(),
    "an output that is edited": edit("generated/README.md", b"mine is ours, and"),
    "an edited end of an output": edit("generated/mine/py.typed", b"\n"),
    "what a killed run left": lambda project: (project / "generated" / f"{PREFIX}1").mkdir(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_each_change_counts(project: Path, change: Callable[[Path], object]) -> None:
    change(project)
    assert was_made(generate(project))


@pytest.mark.parametrize(
    "words", [("--package", "other"), ("--descriptions",), ("--verbose",), ("--strict",)]
)
def test_each_option_counts(project: Path, words: tuple[str, ...]) -> None:
    assert was_made(generate(project, *words))


def test_an_edited_file_is_refused_as_ever(tmp_path: Path) -> None:
    project = make(tmp_path)
    (project / "generated/README.md").write_text("mine")
    done = generate(project)
    assert done.returncode == 2
    assert "was edited by hand" in done.stderr


@pytest.mark.parametrize("command", ["check", "vendor . --check", "vendor ."])
def test_a_check_and_what_is_vendored_never_depend_on_it(project: Path, command: str) -> None:
    assert was_made(run(project, *command.split()))


def test_a_document_that_changes_meanwhile_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make(tmp_path)
    (project / "graph.xml").write_bytes(FILES["graph.xml"] + b" ")
    made = api.generate

    def slow(*args: object, **given: object) -> api.Package:
        built = made(*args, **given)  # type: ignore[arg-type]
        (project / "graph.xml").write_bytes(FILES["graph.xml"] + b"\n")
        return built

    monkeypatch.setattr(api, "generate", slow)
    assert was_made(generate(project))
    monkeypatch.undo()
    assert was_made(generate(project))
    assert not was_made(generate(project))


# -- what is not the user's


class Other(Distribution):
    """A library of which something else is installed."""

    def __init__(self, name: str, file: str, text: str | None) -> None:
        self._found = distribution(name)
        self._file, self._text = file, text

    def read_text(self, filename: str) -> str | None:
        return self._text if filename == self._file else self._found.read_text(filename)

    def locate_file(self, path: object) -> Path:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("name", "file", "text"),
    [
        ("black", "RECORD", "black/__init__.py,sha256=x,1"),
        ("pathspec", "RECORD", "pathspec/__init__.py,sha256=x,1"),  # black's
        ("ruff", "RECORD", None),
        ("jinja2", "direct_url.json", '{"dir_info": {"editable": true}, "url": "file:///x"}'),
        ("graph-codegen", "METADATA", None),
    ],
)
def test_a_library_counts(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str, file: str, text: str | None
) -> None:
    def found(wanted: str) -> Distribution:
        same = wanted.lower() == name
        return Other(name, file, text) if same else distribution(wanted)

    monkeypatch.setattr(unchanged, "distribution", found)
    assert was_made(generate(project))


@pytest.mark.parametrize(("name", "value"), [("version", "4.0"), ("path", [*sys.path, "/new"])])
def test_python_counts(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    monkeypatch.setattr(sys, name, value)
    assert was_made(generate(project))


@pytest.mark.parametrize("part", ["templates", "metadata"])
def test_the_program_counts(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    copy = tmp_path / part
    copytree(assets.folder(part), copy)
    monkeypatch.setattr(
        "graph_codegen.cli.unchanged.folder",
        lambda name: copy if name == part else assets.folder(name),
    )
    assert was_made(generate(project))


def test_what_is_unknown_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    project = make(tmp_path)
    assert was_made(generate(project))
    assert not (tmp_path / "cache").exists()


PROGRAM = """
import json, os, sys
del os.environ["PYTHONPATH"]
opened = set()
def note(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        opened.add(arguments[0])
sys.addaudithook(note)
from tests.support.csdl import Inline
from graph_codegen.cli import main, unchanged
read = []
def contents(contents, digest=unchanged._digest):
    contents = list(contents)
    read.extend(name for name, _ in contents)
    return digest(contents)
class Blind(unchanged.Run):
    def __init__(self, *given):
        unchanged._digest = contents
        super().__init__(*given)
        opened.clear()
import graph_codegen.cli.generate
graph_codegen.cli.generate.Run = Blind
try:
    main(["generate", "--reference", "other.xml", "--output", "elsewhere"], obj=Inline)
finally:
    print(json.dumps([sorted(opened), read]))
"""


def test_every_file_that_is_read_is_in_the_digest(project: Path) -> None:
    """But for Python's own and the libraries', which their records and Python's version stand for."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", PROGRAM],
        cwd=project,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "XDG_CACHE_HOME": os.devnull,
        },
        capture_output=True,
        text=True,
    )
    opened, read = json.loads(done.stdout.splitlines()[-1])
    known = {(project / name).resolve() for name in read}
    theirs = [Path(sys.prefix), Path(sys.base_prefix), Path("/usr"), Path("/dev"), Path("/proc")]
    ours = {
        path
        for name in opened
        if not any((path := (project / name).resolve()).is_relative_to(top) for top in theirs)
        and not {"elsewhere", "__pycache__"} & {*path.parts}
        and path.is_file()
    }
    assert len(ours) > 100
    assert {*map(project.joinpath, FILES)} <= ours
    assert ours <= known


# -- the memory


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"files": 1, "told": []}', b"\xff"])
def test_a_memory_that_is_not_understood_is_none(project: Path, data: bytes) -> None:
    (place,) = memories(project)
    kept = place.read_bytes()
    place.write_bytes(data)
    assert was_made(generate(project))
    place.write_bytes(kept)
    assert not was_made(generate(project))


def test_only_the_last_runs_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make(tmp_path)
    monkeypatch.setattr(unchanged, "KEPT", 1)
    generate(project, "--output", "other")
    assert len([*memories(project)]) == 1
    assert not was_made(generate(project, "--output", "other"))
    assert was_made(generate(project))


def memories(project: Path) -> Iterator[Path]:
    yield from (project.parent / "cache" / "graph-codegen").iterdir()
