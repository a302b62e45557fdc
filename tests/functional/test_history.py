"""What `graph-codegen history` answers of folders, files and git repositories, and what it refuses."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from graph_codegen.history import git as asked
from graph_codegen.history import report, series
from tests.support.csdl import ROOT, SERVICE, document, graph_codegen
from tests.support.repositories import ISOLATED, commit, git, repository

SUBJECT = SERVICE.replace(
    '<NavigationProperty Name="owner"',
    '<Property Name="subject" Type="Edm.String"/>\n  <NavigationProperty Name="owner"',
)
NUMBER = SUBJECT.replace('"subject" Type="Edm.String"', '"subject" Type="Edm.Int32"')
FIRST, SECOND, THIRD = map(document, (SERVICE, SUBJECT, NUMBER))
EVENTS = ["came: property-added", "changed: property-type-changed", "went: property-removed"]
SCHEMA = json.loads(
    Path(report.__file__).with_name("history.schema.json").read_text(encoding="utf-8")
)

Result = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module", autouse=True)
def _isolated() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ISOLATED.items():
            patch.setenv(name, value)
        yield


def history(folder: Path, *arguments: str | Path) -> Result:
    result = graph_codegen("history", *arguments, *ROOT, cwd=folder)
    assert "Traceback" not in result.stderr
    return result


def told(folder: Path, *arguments: str | Path) -> Any:
    """Return the history as data, which the schema allows."""
    result = history(folder, *arguments, "--format", "json")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(found)
    return found


def events(found: Any) -> list[str]:
    """Return the events of the only element."""
    (element,) = found["elements"]
    assert element["element"] == "microsoft.graph.call/subject"
    return [
        f"{event['what']}: {', '.join(finding['rule'] for finding in event['findings'])}"
        for event in element["events"]
    ]


def documents(found: Any) -> list[str]:
    return [version["document"] for version in found["versions"]]


def warnings(result: Result) -> list[str]:
    return [line for line in result.stderr.splitlines() if line.startswith("warning: ")]


def refused(result: Result) -> str:
    """Return the one line that says why there is no history."""
    assert (result.returncode, result.stdout) == (2, ""), result.stderr
    (line,) = (line for line in result.stderr.splitlines() if not line.endswith(" …"))
    assert line.startswith("error: ")
    return line.removeprefix("error: ")


def put(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


# -- folders and files

DATED = {
    "b-2026-01-31.xml": FIRST,
    "a-2026-02-28.csdl.xml": SECOND,
    "c-2026-03-31.xml.gz": gzip.compress(THIRD),
    "2026-04-30.xml": FIRST,
}
ORDER = [*DATED]


def test_the_documents_of_a_folder_are_read_in_the_order_of_their_dates(tmp_path: Path) -> None:
    found = told(put(tmp_path, DATED), ".")
    assert documents(found) == ORDER
    assert [v["date"] for v in found["versions"]] == [
        "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30",
    ]  # fmt: skip
    assert events(found) == EVENTS
    assert [(step["old"], step["new"]) for step in found["steps"]] == [(0, 1), (1, 2), (2, 3)]
    assert [step["counts"]["breaking"] for step in found["steps"]] == [0, 1, 1]


def test_documents_can_be_named(tmp_path: Path) -> None:
    found = told(put(tmp_path, DATED), *reversed(ORDER[:3]))
    assert documents(found) == ORDER[:3]


def test_the_date_can_be_that_of_the_folder_or_of_provenance(tmp_path: Path) -> None:
    """`slice` writes folders of a document and its provenance."""
    for day, data in (("2026-02-28", SECOND), ("2026-03-31", THIRD)):
        source = put(tmp_path / "from", {f"{day}.xml": data}) / f"{day}.xml"
        graph_codegen("slice", source, *ROOT, "--output", tmp_path / "all" / f"of {day[5:7]}")
    folder = put(tmp_path / "all", {"2026-01-31/graph.xml": FIRST, "2026-01-31/clouds.json": b"{}"})
    found = told(folder, ".")
    slices = [f"of {month}/communications.csdl.xml" for month in ("02", "03")]
    assert documents(found) == ["2026-01-31/graph.xml", *slices]
    assert events(found) == EVENTS[:2]


def test_documents_without_a_date_are_left_out_with_a_warning(tmp_path: Path) -> None:
    others = {"china.xml": FIRST, "2026-99-99.xml": FIRST, ".2026-01-01.xml": b"", "README.md": b""}
    put(tmp_path, {**DATED, **others, "clouds.json": b"{}", "provenance.json": b"{}"})
    (tmp_path / "2025-01-01.xml").mkdir()
    os.mkfifo(tmp_path / "2025-01-02.xml")
    result = history(tmp_path, ".")
    assert result.returncode == 0
    assert warnings(result) == [
        f"warning: {name}: is left out: it has no date in its name, nor one of its own in provenance.json"
        for name in ("2026-99-99.xml", "china.xml")
    ]
    assert "2026-99-99.xml: is left out" in history(tmp_path, ".", "--strict").stderr
    assert history(tmp_path, ".", "--strict").returncode == 2


def test_a_document_that_is_the_same_as_before_is_no_version(tmp_path: Path) -> None:
    same = {"2026-02-01.xml": FIRST, "2026-02-02.xml.gz": gzip.compress(FIRST)}
    found = told(put(tmp_path, {**DATED, **same}), ".")
    assert documents(found) == ORDER
    result = history(tmp_path, "b-2026-01-31.xml", *same)
    assert result.stdout.splitlines()[2] == "1 version: nothing changed"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("b-2026-01-31.xml",), "b-2026-01-31.xml: is one document alone: name a folder, several documents, "
                                "or versions in git: --git OLD..NEW"),
        (("../nothing",), "../nothing: there is no such folder"),
        (("nothing",), "nothing: there is no such folder"),
        (("empty",), "empty: has no document with a date in its name, such as 2026-01-31, "
                     "or in provenance.json"),
        (("single",), "single: has one document with a date in its name, such as 2026-01-31, "
                      "or in provenance.json"),
        (("twice",), "2026-01-31.xml and other-2026-01-31.xml: are both of 2026-01-31: which one is older is "
                     "not known"),
        (("twice", "b-2026-01-31.xml"), "twice: is a folder: name one folder alone, or documents"),
        (("b-2026-01-31.xml", "china.xml"), "china.xml: has no date in its name, such as 2026-01-31"),
        (("b-2026-01-31.xml", "2020-01-01.xml"),
         "2020-01-01.xml: cannot read the metadata: No such file or directory"),
        (("b-2026-01-31.xml", "china.xml", "--git", "a..b"),
         "china.xml: only one file at a time is followed through git"),
    ],
)  # fmt: skip
def test_a_series_that_is_none_is_refused(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    twice = {"twice/2026-01-31.xml": FIRST, "twice/other-2026-01-31.xml": SECOND}
    put(tmp_path, {**DATED, **twice, "single/2026-01-31.xml": FIRST, "china.xml": FIRST})
    (tmp_path / "empty").mkdir()
    assert refused(history(tmp_path, *arguments)) == message


def test_a_history_of_nothing_is_no_call(tmp_path: Path) -> None:
    for arguments in ((), ("--git", "v1..v2")):
        result = history(tmp_path, *arguments)
        assert (result.returncode, result.stdout) == (2, "")
        message = "name a folder, several documents, or revisions: OLD..NEW"
        assert result.stderr.splitlines()[-1] == f"Error: {message}"


def test_there_is_a_limit_to_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "VERSIONS", 3)
    assert refused(history(put(tmp_path, DATED), ".")) == "2026-04-30.xml: more than 3 versions"


def test_a_document_that_is_none_is_refused(tmp_path: Path) -> None:
    put(tmp_path, {**DATED, "a-2026-02-28.csdl.xml": b"<odd/>"})
    assert refused(history(tmp_path, ".")).startswith(
        "a-2026-02-28.csdl.xml:1: not a CSDL document"
    )


# -- git

FILE = "metadata/graph.xml"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with some versions of a document. No test writes to it.

    On main: FIRST (v1), another file, SECOND, FIRST on a branch that is merged (THIRD comes by the merge),
    deleted, FIRST again (v2).
    """
    folder = repository(tmp_path_factory.mktemp("project"))
    commit(folder, {"README.md": b"before"}, "2025-12-31")
    git(folder, "tag", "v0")
    commit(folder, {FILE: FIRST}, "2026-01-31")
    git(folder, "tag", "v1")
    commit(folder, {"README.md": b"after"}, "2026-02-01")
    commit(folder, {FILE: SECOND}, "2026-02-28")
    git(folder, "tag", "side-begins")
    git(folder, "checkout", "--quiet", "-b", "side")
    commit(folder, {FILE: FIRST}, "2026-03-01")
    commit(folder, {FILE: THIRD}, "2026-03-02")
    git(folder, "checkout", "--quiet", "main")
    commit(folder, {"README.md": b"later"}, "2026-03-03")
    git(folder, "merge", "--quiet", "--no-ff", "--message", "Merge", "side", day="2026-03-31")
    git(folder, "tag", "merged")
    commit(folder, {FILE: None}, "2026-04-01")
    git(folder, "tag", "deleted")
    commit(folder, {FILE: FIRST}, "2026-04-30")
    git(folder, "tag", "v2")
    git(folder, "mv", FILE, "graph.xml")
    commit(folder, {"graph.xml": SECOND}, "2026-05-31")
    (folder / "metadata").mkdir(exist_ok=True)
    return folder


def test_a_file_is_followed_through_git(project: Path) -> None:
    result = history(project, FILE, "--git", "v1..v2")
    (warning,) = warnings(result)
    short = git(project, "rev-parse", "--short=12", "deleted")
    assert warning == f"warning: {FILE}: was deleted in {short}"
    found = told(project, FILE, "--git", "v1..v2")
    assert [v["date"] for v in found["versions"]] == [
        "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30",
    ]  # fmt: skip
    commits = [v["revision"] for v in found["versions"]]
    assert commits == [
        git(project, "rev-parse", f"{tag}^0") for tag in ("v1", "side-begins", "merged", "v2")
    ]
    assert documents(found) == [f"git:{one[:12]}:{FILE}" for one in commits]
    assert events(found) == EVENTS
    line = f"  2026-02-28 {commits[1][:12]}  came     additive, property-added: property added: Edm.String"
    assert line in result.stdout.splitlines()


def test_what_a_history_names_can_be_compared(project: Path) -> None:
    first, second, *_ = documents(told(project, FILE, "--git", "v1..v2"))
    result = graph_codegen("diff", first, second, *ROOT, cwd=project)
    assert "microsoft.graph.call/subject: property added" in result.stdout


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ("metadata", "graph.xml"),
        ("metadata", "../metadata/graph.xml"),
        (".", "./metadata/graph.xml"),
    ],
)
def test_the_path_is_that_of_the_working_folder(project: Path, place: str, path: str) -> None:
    assert events(told(project / place, path, "--git", "v1..v2")) == EVENTS


def test_the_repository_is_the_one_around_the_file(project: Path, tmp_path: Path) -> None:
    assert events(told(tmp_path, project / FILE, "--git", "v1..v2")) == EVENTS
    git(project, "clone", "--quiet", "--bare", str(project), str(tmp_path / "bare.git"))
    assert events(told(tmp_path / "bare.git", FILE, "--git", "v1..v2")) == EVENTS


def test_a_file_begins_where_it_got_its_name(project: Path) -> None:
    result = history(project, FILE, "--git", "v0..side-begins")
    short = git(project, "rev-parse", "--short=12", "v0")
    assert warnings(result) == [f"warning: {FILE}: is not yet in {short}"]
    assert result.stdout.splitlines()[2] == "2 versions; elements: 1 came, 0 changed, 0 went"
    moved = history(project, "graph.xml", "--git", "v2..HEAD")
    assert moved.stdout.splitlines()[2] == "1 version: nothing changed"


def test_a_missing_revision_is_the_head(project: Path) -> None:
    both = [told(project, "graph.xml", "--git", given) for given in ("v2..HEAD", "v2..")]
    assert both[0] == both[1]


def test_the_document_of_the_configuration_is_followed(project: Path, tmp_path: Path) -> None:
    git(project, "clone", "--quiet", "--branch", "v2", str(project), str(tmp_path / "clone"))
    put(tmp_path / "clone", {"graph-codegen.toml": f'document = "{FILE}"\n'.encode()})
    clone = tmp_path / "clone"
    assert events(told(clone, "v1..v2")) == EVENTS
    warning = f"warning: {clone / FILE}: was deleted in"
    assert warnings(history(clone, "v1..v2"))[0].startswith(warning)
    assert "git knows no revision origin/no" in history(clone, "v1..origin/no").stderr
    put(clone / "v1..v2", DATED)
    assert documents(told(clone, "v1..v2")) == ORDER


ANCESTOR = "is not among what led to"


@pytest.mark.parametrize(
    ("path", "revisions", "message"),
    [
        (FILE, "v1", "v1: is not understood: the versions are OLD..NEW"),
        (FILE, "v1...v2", "v1...v2: is not understood: the versions are OLD..NEW"),
        (FILE, "v1..v9", f"{FILE} v1..v9: git knows no revision v9"),
        (FILE, "--all..v2", f"{FILE} --all..v2: git knows no revision --all"),
        (FILE, "-n1..--output=x", f"{FILE} -n1..--output=x: git knows no revision -n1"),
        (FILE, "v2..v1", f"{FILE} v2..v1: v2 {ANCESTOR} v1"),
        (FILE, "side..side-begins", f"{FILE} side..side-begins: side {ANCESTOR} side-begins"),
        (FILE, "v1^{tree}..v2", f"{FILE} v1^{{tree}}..v2: git knows no revision v1^{{tree}}"),
        (FILE, "v1\nHEAD..v2", "a name with a line end is none of git's"),
        ("nothing/no.xml", "v1..v2", "nothing/no.xml v1..v2: there is no version of it"),
        (":(exclude)x", "v1..v2", ":(exclude)x v1..v2: there is no version of it"),
        ("metadata", "v1..side-begins", "is no file in git: it is a tree"),
        ("/x.xml", "v1..v2", "/x.xml v1..v2: git refuses: not a git repository"),
    ],
)
def test_what_git_does_not_have_is_refused(
    project: Path, path: str, revisions: str, message: str
) -> None:
    result = history(project, path, "--git", revisions)
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert (result.returncode, result.stdout, len(errors)) == (2, "", 1)
    assert message in errors[0]


def test_there_is_a_limit_to_commits(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "VERSIONS", 2)
    message = f"{FILE} v1..v2: more than 2 versions"
    assert refused(history(project, FILE, "--git", "v1..v2")) == message


def test_git_is_asked_a_few_times_only(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As often as there are versions, and a few times more."""
    ask = Mock(wraps=asked.ask)
    monkeypatch.setattr(asked, "ask", ask)
    assert events(told(project, FILE, "--git", "v1..v2")) == EVENTS
    assert ask.call_count == 4 + 7


# -- reports


@pytest.mark.parametrize("form", ["terminal", "markdown"])
def test_nothing_of_a_document_controls_a_report(tmp_path: Path, form: str) -> None:
    text = "# *a* &lt;b&gt; [c](https://x) @d \x85 \u202e #12 `e`"
    kind = '<PropertyValue Property="Kind" EnumMember="Org.OData.Core.V1.RevisionKind/Deprecated"/>'
    said = f'<PropertyValue Property="Description" String="{text}"/>'
    note = (
        '<Annotation Term="Org.OData.Core.V1.Revisions"><Collection><Record>'
        f"{kind}{said}</Record></Collection></Annotation></Property>"
    )
    hostile = SUBJECT.replace(
        '"subject" Type="Edm.String"/>', f'"subject" Type="Edm.String">{note}'
    )
    files = {"2026-01-01 <b>*x*.xml": SECOND, "2026-01-02 @x.xml": document(hostile)}
    result = history(put(tmp_path, files), ".", "--format", form)
    assert result.returncode == 0, result.stderr
    assert "deprecated @Org" in result.stdout.replace("`", "")
    assert "\u202e" not in result.stdout
    if form == "markdown":
        outside = re.sub(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", "", result.stdout).replace("**", "")
        assert not re.search(r"[`<\[@#*]", outside.replace("# Graph", "").replace("## ", ""))


def test_invisible_changes_are_counted(tmp_path: Path) -> None:
    at = SERVICE.replace('Name="call" BaseType', 'Name="call" OpenType="true" BaseType')
    files = {"2026-01-01.xml": FIRST, "2026-01-02.xml": document(at), "2026-01-03.xml": SECOND}
    put(tmp_path, files)
    lines = history(tmp_path, "2026-01-01.xml", "2026-01-02.xml").stdout.splitlines()
    assert lines[2:] == [
        "2 versions; elements: 0 came, 1 changed, 0 went",
        "  2026-01-01  2026-01-01.xml",
        "  2026-01-02  2026-01-02.xml: 1 invisible",
        "",
        "And 1 element with invisible changes alone, which the format json lists.",
    ]
    found = told(tmp_path, "2026-01-01.xml", "2026-01-02.xml")
    assert [f["rule"] for e in found["elements"][0]["events"] for f in e["findings"]] == [
        "type-opened"
    ]


def test_the_markdown_is_a_list_by_declaration(tmp_path: Path) -> None:
    lines = history(put(tmp_path, DATED), ".", "--format", "markdown").stdout.splitlines()
    assert lines[2] == "**4 versions; elements: 1 came, 1 changed, 1 went.**"
    assert lines[lines.index("## `microsoft.graph.call`") :] == [
        "## `microsoft.graph.call`",
        "",
        "- `microsoft.graph.call/subject`",
        "  - 2026-02-28 came: additive, property-added: property added: `Edm.String` (`Call.subject`)",
        "  - 2026-03-31 changed: breaking, property-type-changed: type changed: `Edm.String` → `Edm.Int32`"
        " (`Call.subject`)",
        "  - 2026-04-30 went: breaking, property-removed: property removed: `Edm.Int32` (`Call.subject`)",
    ]


def test_levels_of_the_configuration_count(tmp_path: Path) -> None:
    put(tmp_path, DATED)
    config = tmp_path / "levels.toml"
    config.write_text('[diff.levels]\nproperty-added = "breaking"\n', encoding="utf-8")
    assert "came     breaking, property-added" in history(tmp_path, ".", "--config", config).stdout
