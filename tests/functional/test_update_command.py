"""What `graph-codegen update` does to a checkout: all of it, or nothing.

The checkout is a copy of this one. Its metadata is older by a few declarations, and its goldens are the
documented examples only. The newer metadata is this project's own. One update runs as users run it, in a
process and with all its steps; the other tests call the command here, with steps that take less time.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import pytest

from graph_codegen import assets
from graph_codegen.install.compare import find_unlisted
from graph_codegen.limits import BYTES
from graph_codegen.update import project as steps
from tests.support import csdl
from tests.support.csdl import content, graph_codegen
from tests.support.shipped import ROOTS as SHIPPED

PROJECT = Path(__file__).parents[2]
SUBSET = "metadata/communications.csdl.xml"
PROVENANCE = "metadata/provenance.json"
SETTINGS = "metadata/graph-codegen.toml"
CHANGELOG = "generated/CHANGELOG.md"
API = "docs/api.md"

VERSION = str(tomllib.loads((PROJECT / SETTINGS).read_text(encoding="utf-8"))["version"])
NEWER = (PROJECT / SUBSET).read_bytes()
DATED = "graph-v1.0-2031-02-03.csdl.xml"

TESTS = (
    "conftest.py",
    "support/examples.py",
    "support/server.py",
    "golden/builders.py",
    "golden/create_call",
    "golden/documented.py",
    "golden/test_create_call.py",
)
"""The goldens that run in the copy, and what they need."""

UNWANTED = shutil.ignore_patterns(".*", "tests", "__pycache__", "build", "dist")

SUBJECT = '        <Property Name="subject" Type="Edm.String"/>\n        <Property Name="targets"'
MUTE = (
    '      <Action Name="mute" IsBound="true">\n'
    '        <Parameter Name="bindingParameter" Type="microsoft.graph.participant"/>\n'
    '        <Parameter Name="clientContext" Type="Edm.String" Unicode="false"/>\n'
    '        <ReturnType Type="microsoft.graph.muteParticipantOperation"/>\n'
    "      </Action>\n"
)
CHAIN = '        <Property Name="callChainId" Type="Edm.String"/>\n'


def older(text: str) -> str:
    """Return the older subset, which lacks a property and an operation and has another property."""
    for new, old in (
        (SUBJECT, '        <Property Name="targets"'),
        (MUTE, ""),
        (CHAIN, f'{CHAIN}        <Property Name="chainLength" Type="Edm.Int32"/>\n'),
    ):
        assert text.count(new) == 1, new
        text = text.replace(new, old)
    return text


BREAKING = "microsoft.graph.call/chainLength"
ADDITIVE = ("microsoft.graph.call/subject", "microsoft.graph.mute(microsoft.graph.participant")


# -- a checkout to update


def environment(project: Path, temporary: Path) -> dict[str, str]:
    """Return an environment in which a process runs the code of a project, and leaves no file elsewhere."""
    paths = os.pathsep.join(str(project / name) for name in ("generator", "generated"))
    return {
        **os.environ,
        "PYTHONPATH": paths,
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(temporary),
        "NO_PROXY": "127.0.0.1",
    }


Result = subprocess.CompletedProcess[str]

Steps = Mapping[str, tuple[str, ...]]

NOTHING: Steps = dict.fromkeys(steps.STEPS, ("platform",))
"""Steps that run a module of Python which touches no file."""

GOLDENS: Steps = {"running the goldens": steps.STEPS["running the goldens"]}


TESTED: Steps = {"generating": steps.STEPS["generating"], **GOLDENS}


@contextmanager
def empty_afterwards(folder: Path) -> Iterator[Path]:
    """Give a folder for temporary files, in which none may be left."""
    folder.mkdir(exist_ok=True)
    yield folder
    assert list(folder.iterdir()) == []


def run(project: Path, *arguments: str | Path, cwd: Path | None = None) -> Result:
    """Run the command as the code of a project, in a process of its own, from anywhere."""
    with empty_afterwards(project.parent / "tmp") as temporary:
        return subprocess.run(
            [sys.executable, "-m", "graph_codegen", *map(str, arguments)],
            cwd=cwd or project,
            env=environment(project, temporary),
            capture_output=True,
            text=True,
            check=False,
        )


def update(project: Path, *arguments: str | Path, through: Steps = NOTHING) -> Result:
    """Update a project as if this code were its own, by other steps than the usual ones."""
    with (
        empty_afterwards(project.parent / "tmp") as temporary,
        patch.object(assets, "CHECKOUT", project),
        patch.object(steps, "STEPS", through),
        patch.object(tempfile, "tempdir", str(temporary)),
        patch.dict(os.environ, environment(project, temporary)),
    ):
        return graph_codegen("update", *arguments, cwd=project)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with older metadata, and what was generated from it. Nobody writes to it."""
    project = tmp_path_factory.mktemp("older") / "project"
    shutil.copytree(PROJECT, project, ignore=UNWANTED)
    for name in TESTS:
        target = project / "tests" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (PROJECT / "tests" / name).is_dir():
            shutil.copytree(PROJECT / "tests" / name, target)
        else:
            shutil.copy(PROJECT / "tests" / name, target)
    (project / SUBSET).write_text(older(NEWER.decode()), encoding="utf-8")
    with patch.object(assets, "CHECKOUT", project):
        for command in (("generate",), ("api", "--output", API)):
            result = graph_codegen(*command, cwd=project)
            assert result.returncode == 0, result.stderr
    return project


@pytest.fixture
def project(checkout: Path, tmp_path: Path) -> Path:
    """A checkout that a test may change."""
    return Path(shutil.copytree(checkout, tmp_path / "project"))


def only_golden(project: Path, code: str) -> None:
    shutil.rmtree(project / "tests" / "golden")
    (project / "tests" / "golden").mkdir()
    (project / "tests" / "golden" / "test_only.py").write_text(code, encoding="utf-8")


def document(project: Path, data: bytes = NEWER, name: str = DATED) -> Path:
    path = project.parent / name
    path.write_bytes(data)
    return path


def version(project: Path) -> str:
    settings = tomllib.loads((project / SETTINGS).read_text(encoding="utf-8"))
    return str(settings["version"])


def provenance(project: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((project / PROVENANCE).read_text(encoding="utf-8"))
    return found


@contextmanager
def untouched(project: Path) -> Iterator[None]:
    """Assert that every file of a project stays as it is, and that no other appears."""
    before = content(project)
    yield
    after = content(project)
    changed = {p for p in before.keys() | after.keys() if before.get(p) != after.get(p)}
    assert changed == set()


def errors(result: Result) -> list[str]:
    assert "Traceback" not in result.stderr
    assert result.returncode == 2, result.stderr
    lines = result.stderr.splitlines()
    return [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]


# -- an address


Answer = Callable[[BaseHTTPRequestHandler], None]


def whole(data: bytes, status: int = 200) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    return answer


def cut_short(request: BaseHTTPRequestHandler) -> None:
    """Announce more than is sent."""
    request.send_response(200)
    request.send_header("Content-Length", str(len(NEWER)))
    request.end_headers()
    request.wfile.write(NEWER[:1000])


def endless(request: BaseHTTPRequestHandler) -> None:
    """Send more than anybody should read, until the reader leaves."""
    request.send_response(200)
    request.end_headers()
    chunk = bytes(2**20)
    for _ in range(5 * BYTES // len(chunk)):
        request.wfile.write(chunk)


@contextmanager
def served(answer: Answer) -> Iterator[str]:
    """Give the address of a server that answers each request in one way."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                if self.path.startswith("/moved"):
                    self.send_response(302)
                    self.send_header("Location", "/v1.0/$metadata")
                    self.end_headers()
                else:
                    answer(self)
            except OSError:
                self.close_connection = True  # the reader has heard enough

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# -- a real round, from a file


class Round(NamedTuple):
    project: Path
    result: Result
    before: dict[str, bytes]


@pytest.fixture(scope="module")
def done(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Round:
    """An update with all its steps, run from outside of the checkout."""
    folder = tmp_path_factory.mktemp("round")
    project = Path(shutil.copytree(checkout, folder / "project"))
    document(project)
    result = run(project, "update", DATED, "--report", "report.md", cwd=folder)
    assert result.returncode == 0, result.stderr
    return Round(project, result, content(checkout))


def test_an_update_shows_the_report_and_then_what_it_does(done: Round) -> None:
    lines = done.result.stdout.splitlines()
    assert lines[0] == f"communications.csdl.xml → {DATED}"
    assert lines[2].startswith("1 breaking, ")
    assert lines[2].endswith("; suggested version step: major")
    assert all(element in done.result.stdout for element in (BREAKING, *ADDITIVE))
    *progress, count, clouds = done.result.stderr.splitlines()
    assert [line for line in progress if line != "reading communications.csdl.xml …"] == [
        f"reading {DATED} …",
        "generating …",
        "listing the methods …",
        "running the goldens …",
    ]
    assert re.fullmatch("[0-9]+ files changed; version [0-9.]+ → [0-9.]+", count)
    assert clouds == (
        "which clouds have the new methods is not known until graph-codegen clouds is run"
    )


def test_an_update_says_how_many_files_it_changed(done: Round) -> None:
    after = content(done.project)
    changed = [path for path in after if after[path] != done.before.get(path)]
    assert f"\n{len(changed)} files changed; version " in done.result.stderr
    assert after.keys() == done.before.keys()


def test_an_update_touches_metadata_package_and_api_only(done: Round) -> None:
    after = content(done.project)
    changed = {path for path in after if after[path] != done.before[path]}
    assert {SUBSET, PROVENANCE, SETTINGS, CHANGELOG, API, "generated/manifest.json"} <= changed
    inside = {path for path in changed if path.startswith("generated/")}
    assert changed - inside == {SUBSET, PROVENANCE, SETTINGS, API}


def test_an_update_takes_the_subset(done: Round) -> None:
    assert (done.project / SUBSET).read_bytes() == NEWER


def test_an_update_notes_where_the_metadata_is_from(done: Round) -> None:
    found = provenance(done.project)
    assert found["document"] == DATED
    assert found["date"] == "2031-02-03"
    assert found["sha256"] == hashlib.sha256(NEWER).hexdigest()
    assert found["roots"] == sorted(SHIPPED)
    assert found["kept"] == found["document_holds"]
    assert found["cut"] == []


def raised(version: str) -> str:
    """Return the version after a breaking change, before and after 1.0.0."""
    major, minor, _ = map(int, version.split("."))
    return f"{major + 1}.0.0" if major else f"0.{minor + 1}.0"


def test_an_update_steps_the_version_and_nothing_else_in_the_settings(done: Round) -> None:
    before = done.before[SETTINGS].decode()
    old, new = VERSION, raised(VERSION)
    assert version(done.project) == new
    assert (done.project / SETTINGS).read_text(encoding="utf-8") == before.replace(
        f'version = "{old}"', f'version = "{new}"'
    )
    made = tomllib.loads(
        (done.project / "generated" / "pyproject.toml").read_text(encoding="utf-8")
    )
    assert made["project"]["version"] == new


def test_an_update_generates_the_package(done: Round) -> None:
    """There and back again: the package is the one that this project has, but for the version."""
    old, new = (f'"{number}"'.encode() for number in (VERSION, version(done.project)))
    # One is written by hand, and the others have hashes, and versions in other words.
    besides = ("CHANGELOG.md", "manifest.json", "sbom.cdx.json")
    made, package = (
        {
            path: data.replace(new, old)
            for path, data in content(project / "generated").items()
            if path not in besides and "__pycache__" not in path
        }
        for project in (done.project, PROJECT)
    )
    assert made == package
    before = {f"generated/{path}": data for path, data in made.items()}
    assert not before.items() <= done.before.items()
    assert find_unlisted(done.project / "generated") == {}


def test_an_update_lists_the_methods(done: Round) -> None:
    assert (done.project / API).read_bytes() == (PROJECT / API).read_bytes()
    assert (done.project / API).read_bytes() != done.before[API]


def test_an_update_tells_the_findings_in_the_changelog(done: Round) -> None:
    old, new = done.before[CHANGELOG].decode(), (done.project / CHANGELOG).read_text(
        encoding="utf-8"
    )
    head, mark, older = old.partition("\n## ")
    assert new.startswith(
        f"{head}\n## {version(done.project)}\n\nFrom the metadata of 2031-02-03.\n"
    )
    assert new.endswith(f"{mark}{older}")
    entry = new.removeprefix(head).removesuffix(f"{mark}{older}")
    breaking, additive = entry.partition("\n### Additive\n")[::2]
    assert f"\n- `{BREAKING}`: property removed: `Edm.Int32` (`Call.chain_length`)" in breaking
    assert all(f"\n- `{element}" in additive for element in ADDITIVE)


def test_an_update_keeps_the_report_as_markdown(done: Round) -> None:
    report = (done.project.parent / "report.md").read_text(encoding="utf-8")
    assert report.startswith("# Graph metadata: `communications.csdl.xml` → ")
    assert "## Breaking (1)\n" in report
    assert all(element in report for element in (BREAKING, *ADDITIVE))


def test_an_update_names_what_the_supplement_need_not_say_any_more(project: Path) -> None:
    replaces = b'        <Property Name="replacesCallId" Type="Edm.String"/>\n'
    target = b'        <Parameter Name="transferTarget"'
    newer = NEWER
    for place, more in (
        (replaces, b'        <Property Name="region" Type="Edm.String"/>\n'),
        (target, b'        <Parameter Name="clientContext" Type="Edm.String"/>\n'),
    ):
        assert newer.count(place) == 1
        newer = newer.replace(place, more + place)
    result = update(project, document(project, newer))
    assert result.returncode == 0, result.stderr
    redundant = [line for line in result.stderr.splitlines() if "supplement" in line]
    assert len(redundant) == 2
    for line, (owner, name) in zip(
        redundant,
        (
            ("invitationParticipantInfo", "region"),
            ("transfer(microsoft.graph.call)", "clientContext"),
        ),
        strict=True,
    ):
        assert line.startswith("warning: ")
        assert f"microsoft.graph.{owner}" in line
        assert name in line
        assert line.endswith("is declared by the metadata now: remove it from the supplement")


@pytest.mark.parametrize(
    "respelled",
    [
        NEWER,
        NEWER.replace(b"<edmx:DataServices>", b"<!-- the same -->\n<edmx:DataServices>"),
        NEWER.replace(
            b'<EnumType Name="bodyType">',
            b'<ComplexType Name="outside"/>\n<EnumType Name="bodyType">',
        ),
    ],
    ids=["the same", "other comments", "other declarations outside"],
)
def test_an_update_to_nothing_new_changes_nothing_and_says_so(
    done: Round, respelled: bytes, tmp_path: Path
) -> None:
    (tmp_path / "later-2031-03-04.xml").write_bytes(respelled)
    with untouched(done.project):
        result = update(
            done.project, tmp_path / "later-2031-03-04.xml", "--report", tmp_path / "report.md"
        )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "nothing changed"
    said = "nothing of the subset changed: the project stays as it is"
    assert result.stderr.splitlines()[-1] == said
    assert "generating" not in result.stderr
    assert "**Nothing changed.**" in (tmp_path / "report.md").read_text(encoding="utf-8")


# -- from an address


def test_an_update_from_an_address(project: Path) -> None:
    """The address is recorded without its query, which may hold a secret."""
    first = date.today()
    with served(whole(NEWER)) as address:
        result = update(project, f"{address}/v1.0/$metadata?key=s3cret#part")
    assert result.returncode == 0, result.stderr
    found = provenance(project)
    assert found["document"] == f"{address}/v1.0/$metadata"
    assert found["sha256"] == hashlib.sha256(NEWER).hexdigest()
    assert str(found["date"]) in (first.isoformat(), date.today().isoformat())
    text = (project / CHANGELOG).read_text(encoding="utf-8")
    assert f"\n\nFrom the metadata of {found['date']}.\n" in text
    assert (project / SUBSET).read_bytes() == NEWER
    assert all(b"s3cret" not in data for data in content(project).values())
    assert "s3cret" not in result.stdout + result.stderr


def test_a_redirect_is_followed(done: Round) -> None:
    with served(whole(NEWER)) as address, untouched(done.project):
        result = update(done.project, f"{address}/moved")
    assert (result.returncode, result.stdout.splitlines()[-1]) == (0, "nothing changed")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (whole(b"gone", 404), "cannot fetch the metadata: the response is 404"),
        (whole(NEWER, 500), "cannot fetch the metadata: the response is 500"),
        (whole(NEWER, 203), "cannot fetch the metadata: the response is 203"),
        (whole(NEWER, 304), "cannot fetch the metadata: the response is 304"),
        (cut_short, "cannot fetch the metadata: peer closed connection"),
        (endless, f"the metadata has more than {BYTES} bytes"),
        (whole(NEWER[:5000]), ""),
        (whole(b""), ""),
        (whole(b"<html><body>Sign in</body></html>"), ""),
        (whole(b"\x00\xffgarbage"), ""),
    ],
    ids=["404", "500", "203", "304", "cut short", "huge", "truncated", "empty", "page", "garbage"],
)
def test_an_answer_that_is_no_metadata_is_refused(
    checkout: Path, answer: Answer, message: str
) -> None:
    with served(answer) as address, untouched(checkout):
        result = update(checkout, f"{address}/$metadata?key=s3cret")
    (error,) = errors(result)
    assert error.startswith(f"{address}/$metadata:")
    assert message in error
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) <= 3


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "http://127.0.0.1:9/$metadata",
            "cannot fetch the metadata: All connection attempts failed",
        ),
        ("https://a..b/", "cannot fetch the metadata: "),
        (f"https://{'a' * 64}/", "cannot fetch the metadata: "),
        ("https://xn--/", "cannot fetch the metadata: "),
        ("https://", "metadata is fetched by https"),
        ("https://[", "cannot fetch the metadata: "),
        ("http://example.org/", "metadata is fetched by https"),
        ("missing.xml", "cannot read the metadata: No such file or directory"),
        ("", "cannot read the metadata: Is a directory"),
        ("metadata", "cannot read the metadata: Is a directory"),
    ],
)
def test_a_source_that_cannot_be_read_is_refused(checkout: Path, source: str, message: str) -> None:
    with untouched(checkout):
        result = update(checkout, source)
    (error,) = errors(result)
    assert error.startswith(f"{source or '.'}: {message}")
    assert result.stdout == ""


# -- what fails later


def test_metadata_that_breaks_the_examples_is_refused(project: Path) -> None:
    """The package is generated as it should be, but the documented examples do not work with it."""
    line = b'        <Property Name="joinMeetingId" Type="Edm.String" Nullable="false"/>\n'
    assert line in NEWER
    document(project, NEWER.replace(line, b""))
    with untouched(project):
        result = update(project, f"../{DATED}", "--report", "../report.md", through=TESTED)
    (error,) = errors(result)
    assert error == "the update: pytest tests/golden --quiet failed:"
    assert "FAILED tests/golden/test_create_call.py::" in result.stderr
    assert "07-meeting-id-with-passcode" in result.stderr
    assert "files changed" not in result.stderr
    assert "property removed" in result.stdout
    assert (project.parent / "report.md").exists()


def test_a_generated_file_edited_by_hand_is_not_lost(project: Path) -> None:
    edited = project / "generated" / "graph_comms" / "models" / "graph.py"
    edited.write_text(edited.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    document(project)
    small = document(project, csdl.document(csdl.SERVICE), "small.xml")
    generate = (*steps.STEPS["generating"], "--metadata", str(small), *csdl.ROOT)
    with untouched(project):
        result = update(project, f"../{DATED}", through={"generating": generate, **GOLDENS})
    assert errors(result)[0].startswith("the update: graph_codegen generate ")
    assert "graph_comms/models/graph.py: was edited by hand: restore or delete it" in result.stderr
    assert "goldens" not in result.stderr


def test_a_changelog_edited_by_hand_is_kept(project: Path) -> None:
    """The changelog is not a generated file: what is written there stays."""
    mine = "# Changelog\n\nSome words.\n\n## 0.0.9\n\nMine,  as it *is*.\n"
    (project / CHANGELOG).write_text(mine, encoding="utf-8")
    document(project, name="undated.xml")
    result = update(project, "../undated.xml")
    assert result.returncode == 0, result.stderr
    text = (project / CHANGELOG).read_text(encoding="utf-8")
    assert text.startswith(
        f"# Changelog\n\nSome words.\n\n## {version(project)}\n\nFrom the metadata `undated.xml`.\n"
    )
    assert text.endswith("\n\n## 0.0.9\n\nMine,  as it *is*.\n")
    assert provenance(project)["date"] is None


def test_a_project_that_cannot_be_written_is_refused(project: Path) -> None:
    """A folder in the place of a file: what cannot be replaced at the end is put back as it was."""
    (project / CHANGELOG).unlink()
    (project / CHANGELOG).mkdir()
    (project / CHANGELOG / "in-the-way").write_text("mine", encoding="utf-8")
    document(project)
    with untouched(project):
        result = update(project, f"../{DATED}")
    (error,) = errors(result)
    assert CHANGELOG in error


def test_a_report_that_cannot_be_written_is_refused(project: Path) -> None:
    document(project)
    with untouched(project):
        result = update(project, f"../{DATED}", "--report", f"../{DATED}/below/report.md")
    (error,) = errors(result)
    where = f"../{DATED}/below/report.md"
    assert error == f"{where}: cannot read: there is a file in the place of a folder"


ONLY_GOLDENS = f"""
from graph_codegen.cli import main
from graph_codegen.update import project
project.STEPS = {dict(GOLDENS)!r}
main()
"""


def test_a_killed_update_leaves_all_as_it_was_and_can_be_repeated(project: Path) -> None:
    temporary, reached = project.parent / "killed", project.parent / "reached"
    temporary.mkdir()
    only_golden(
        project,
        "import time\nfrom pathlib import Path\n\n\ndef test_slow() -> None:\n"
        f"    Path({str(reached)!r}).touch()\n    time.sleep(120)\n",
    )
    path = document(project, name="undated.xml")
    with untouched(project):
        process = subprocess.Popen(
            [sys.executable, "-c", ONLY_GOLDENS, "update", path],
            cwd=project,
            env=environment(project, temporary),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + 300
            while not reached.exists():
                assert process.poll() is None
                assert time.monotonic() < deadline, "the goldens were never run"
                time.sleep(0.05)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    # What was written until then lies in a copy.
    (copy,) = temporary.glob("graph-codegen-*/project")
    assert (copy / SUBSET).read_bytes() == NEWER
    result = update(project, path, "--date", "2030-05-06")
    assert result.returncode == 0, result.stderr
    assert (provenance(project)["document"], provenance(project)["date"]) == (
        "undated.xml",
        "2030-05-06",
    )
    assert "\n\nFrom the metadata of 2030-05-06.\n" in (project / CHANGELOG).read_text(
        encoding="utf-8"
    )


# -- where there is no checkout


def test_an_installed_command_refuses_to_update(tmp_path: Path) -> None:
    """As in a wheel, templates and metadata lie inside the package, and there is no checkout."""
    package = tmp_path / "generator" / "graph_codegen"
    shutil.copytree(
        PROJECT / "generator" / "graph_codegen",
        package,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for name in ("metadata", "templates"):
        shutil.copytree(PROJECT / name, package / f"_{name}")
    (tmp_path / "newer.xml").write_bytes(NEWER)
    with untouched(package):
        result = run(tmp_path, "update", "newer.xml")
    assert errors(result) == [
        f"{tmp_path / 'graph-codegen.toml'}: there is nothing to update: graph-codegen init writes a"
        " configuration"
    ]
    assert result.stdout == ""
