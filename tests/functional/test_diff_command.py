"""What `graph-codegen diff` answers, where the answer goes, and its exit codes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest

from graph_codegen.facts import settings
from graph_codegen.text import code_source
from tests.support import published
from tests.support.csdl import ROOT, SERVICE, content, document, graph_codegen, line_of, schema
from tests.support.shipped import ROOTS as SHIPPED

PROJECT = Path(__file__).parents[2]

SAME = SERVICE
ADDITIVE = SERVICE.replace(
    '<NavigationProperty Name="owner"',
    '<Property Name="subject" Type="Edm.String"/>\n  <NavigationProperty Name="owner"',
)
INVISIBLE = SERVICE.replace('Name="call" BaseType', 'Name="call" OpenType="true" BaseType')
BREAKING = SERVICE.replace('  <Property Name="state" Type="graph.callState"/>\n', "").replace(
    '<Member Name="established" Value="3"/>', '<Member Name="established" Value="4"/>'
)
MIXED = ADDITIVE.replace('  <Parameter Name="clientContext" Type="Edm.String"/>\n', "").replace(
    'Name="call" BaseType', 'Name="call" OpenType="true" BaseType'
)

ROOMS = schema(
    '<ComplexType Name="room"><Property Name="name" Type="Edm.String"/></ComplexType>',
    "microsoft.graph.rooms",
    "",
)
"""A second namespace, which adds files to the package."""

MORE = SERVICE.replace(
    '<Property Name="state"',
    '<Property Name="room" Type="microsoft.graph.rooms.room"/>\n<Property Name="state"',
)

NEWER = {
    "same": SAME,
    "additive": ADDITIVE,
    "invisible": INVISIBLE,
    "breaking": BREAKING,
    "mixed": MIXED,
}
"""Newer documents by the gravest level of their changes."""

FORMS = ("terminal", "markdown", "json", "html", "github", "sarif")

REMOVED_PARAMETER = "microsoft.graph.mute(microsoft.graph.call, Edm.String)/clientContext"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the older document and each of the newer ones. No test writes to it."""
    folder = tmp_path_factory.mktemp("documents")
    (folder / "old.xml").write_bytes(document(SERVICE))
    for name, body in NEWER.items():
        (folder / f"{name}.xml").write_bytes(document(body))
    (folder / "more.xml").write_bytes(document(MORE, ROOMS))
    return folder


Result = subprocess.CompletedProcess[str]


def diff(folder: Path, new: str, *arguments: str | Path, old: str = "old.xml") -> Result:
    result = graph_codegen("diff", old, new, *ROOT, *arguments, cwd=folder)
    assert "Traceback" not in result.stderr
    return result


def refused(result: Result) -> str:
    """Return the one line that says why nothing was compared."""
    assert (result.returncode, result.stdout) == (2, ""), result.stderr
    assert "Traceback" not in result.stderr
    lines = [line for line in result.stderr.splitlines() if not line.endswith(" …")]
    (line,) = lines
    assert line.startswith("error: ")
    return line.removeprefix("error: ")


def warnings(result: Result) -> list[str]:
    lines = result.stderr.splitlines()
    return [line.removeprefix("warning: ") for line in lines if line.startswith("warning: ")]


# -- exit codes


@pytest.mark.parametrize(
    ("new", "fails_on"),
    [
        ("same", []),
        ("invisible", ["any"]),
        ("additive", ["additive", "any"]),
        ("breaking", ["breaking", "deprecated", "additive", "any", "policy"]),
        ("mixed", ["breaking", "deprecated", "additive", "any", "policy"]),
    ],
)
def test_findings_of_a_level_or_a_graver_one_fail(
    folder: Path, new: str, fails_on: list[str]
) -> None:
    levels = ("breaking", "deprecated", "additive", "any", "policy")
    codes = {level: diff(folder, f"{new}.xml", "--fail-on", level).returncode for level in levels}
    assert codes == {level: int(level in fails_on) for level in levels}


@pytest.mark.parametrize("new", NEWER)
def test_nothing_fails_where_nobody_said_so(folder: Path, new: str) -> None:
    result = diff(folder, f"{new}.xml")
    assert result.returncode == 0
    verdict = result.stdout.splitlines()[2]
    steps = {"invisible": "patch", "additive": "minor", "breaking": "major", "mixed": "major"}
    told = f"suggested version step: {steps[new]}" if new in steps else "nothing changed"
    assert verdict.endswith(told)


@pytest.mark.parametrize("form", FORMS)
def test_a_report_that_fails_is_written_all_the_same(folder: Path, form: str) -> None:
    fine = diff(folder, "mixed.xml", "--format", form)
    failing = diff(folder, "mixed.xml", "--format", form, "--fail-on", "breaking")
    assert (fine.returncode, failing.returncode) == (0, 1)
    assert failing.stdout == fine.stdout
    assert REMOVED_PARAMETER.rpartition("/")[2] in fine.stdout


def test_levels_of_the_configuration_fail(folder: Path, tmp_path: Path) -> None:
    config = tmp_path / "graph-codegen.toml"
    config.write_text('[diff.levels]\nparameter-removed = "invisible"\n', encoding="utf-8")
    result = diff(folder, "mixed.xml", "--fail-on", "breaking", "--config", config)
    assert result.returncode == 0
    assert "Level: invisible by the configuration, breaking without it." in result.stdout
    page = diff(folder, "mixed.xml", "--format", "html", "--config", config).stdout
    assert "Level: invisible by the configuration, breaking without it" in page
    config.write_text('[diff.levels]\nparameter-removed = "none"\n', encoding="utf-8")
    result = diff(folder, "mixed.xml", "--config", config)
    assert (result.returncode, result.stdout) == (2, "")
    assert "[diff.levels]: parameter-removed is none, which is none of breaking" in result.stderr


def test_other_levels_are_refused(folder: Path) -> None:
    result = diff(folder, "mixed.xml", "--fail-on", "invisible")
    assert (result.returncode, result.stdout) == (2, "")
    assert "'breaking', 'deprecated', 'additive', 'any', 'policy'" in result.stderr


# -- answers and everything else


@pytest.mark.parametrize("form", FORMS)
def test_the_answer_is_all_there_is_on_standard_output(folder: Path, form: str) -> None:
    result = diff(folder, "mixed.xml", "--format", form, "--code")
    assert result.stderr.splitlines() == [
        "reading old.xml …",
        "reading mixed.xml …",
        "generating from old.xml …",
        "generating from mixed.xml …",
    ]
    begins = {
        "terminal": "old.xml → mixed.xml\n",
        "markdown": "# Graph metadata: ",
        "json": '{\n  "format": ',
        "html": "<!DOCTYPE html>",
        "github": "1 breaking, ",
        "sarif": '{\n  "$schema": ',
    }
    assert result.stdout.startswith(begins[form])
    assert "…\n" not in result.stdout
    assert "\x1b" not in result.stdout


def test_json_parses_even_with_warnings(folder: Path, tmp_path: Path) -> None:
    odd = SERVICE.replace("<Member", '<Surprise/><Member Name="more" Value="5"/><Member')
    (tmp_path / "odd.xml").write_bytes(document(odd))
    result = diff(folder, str(tmp_path / "odd.xml"), "--format", "json")
    assert warnings(result)
    told = json.loads(result.stdout)
    assert [finding["rule"] for finding in told["findings"]] == ["member-added"]


def test_a_report_is_the_same_every_time(folder: Path) -> None:
    for form in FORMS:
        first, second = (diff(folder, "mixed.xml", "--format", form).stdout for _ in range(2))
        assert first == second


def test_places_lead_to_the_lines_of_both_documents(folder: Path) -> None:
    told = json.loads(diff(folder, "mixed.xml", "--format", "json").stdout)
    places = {f["rule"]: (f["old"] and f["old"]["line"], f["new"]) for f in told["findings"]}
    old, new = document(SERVICE), document(MIXED)
    assert places["parameter-removed"] == (line_of(old, '"clientContext"'), None)
    line, end = places["type-opened"]
    assert line == line_of(old, 'Name="call" BaseType')
    assert end["line"] == line_of(new, 'Name="call" OpenType')
    (added,) = (f for f in told["findings"] if f["rule"] == "property-added")
    assert (added["old"], added["new"]["line"]) == (None, line_of(new, '"subject"'))


# -- the ignore file


def ignoring(path: Path, *entries: tuple[str, str, date]) -> Path:
    path.write_text(
        "".join(
            f'[[ignore]]\nrule = "{rule}"\nelement = "{element}"\nreason = "seen"\n'
            f"expires = {expires}\n\n"
            for rule, element, expires in entries
        ),
        encoding="utf-8",
    )
    return path


NEXT_YEAR = date.today() + timedelta(365)
LONG_AGO = date(2020, 1, 31)


def test_ignored_findings_do_not_fail_and_are_shown(folder: Path, tmp_path: Path) -> None:
    entry = ("parameter-removed", REMOVED_PARAMETER, NEXT_YEAR)
    ignore = ignoring(tmp_path / "ignore.toml", entry)
    result = diff(folder, "mixed.xml", "--fail-on", "breaking", "--ignore", ignore)
    assert (result.returncode, warnings(result)) == (0, [])
    assert "0 breaking, 1 additive, 1 invisible, 1 ignored" in result.stdout
    assert result.stdout.splitlines()[-2:] == [
        f"  {REMOVED_PARAMETER}",
        "    parameter-removed: parameter removed: Edm.String; seen",
    ]
    assert diff(folder, "mixed.xml", "--fail-on", "any", "--ignore", ignore).returncode == 1


def test_expired_entries_count_no_more_and_are_told_of(folder: Path, tmp_path: Path) -> None:
    entry = ("parameter-removed", REMOVED_PARAMETER, LONG_AGO)
    ignore = ignoring(tmp_path / "ignore.toml", entry)
    result = diff(folder, "mixed.xml", "--fail-on", "breaking", "--ignore", ignore)
    assert result.returncode == 1
    assert "1 breaking, 1 additive, 1 invisible; " in result.stdout
    (warning,) = warnings(result)
    assert warning.startswith(f"{ignore}:1: {REMOVED_PARAMETER}")
    assert warning.endswith("the entry expired on 2020-01-31: its findings count again")


DEPRECATED = """
<ComplexType Name="tone">
  <Annotation Term="Org.OData.Core.V1.Revisions"><Collection><Record>
    <PropertyValue Property="Date" Date="2025-03-01"/>
    <PropertyValue Property="RemovalDate" Date="2026-01-02"/>
    <PropertyValue Property="Kind" EnumMember="Org.OData.Core.V1.RevisionKind/Deprecated"/>
    <PropertyValue Property="Description" String="Use dtmf."/>
  </Record></Collection></Annotation>
</ComplexType>
"""


@pytest.mark.parametrize(
    ("day", "left"), [("2025-12-31", "2 days left"), ("2026-01-02", "the removal date has come")]
)
def test_what_is_newly_deprecated_says_until_when_and_what_to_use_instead(
    tmp_path: Path, day: str, left: str
) -> None:
    (tmp_path / "old.xml").write_bytes(document('<ComplexType Name="tone"/>'))
    (tmp_path / "new.xml").write_bytes(document(DEPRECATED))
    words = ("new.xml", "--root", "all", "--on", day)
    told = f"Deprecated since 2025-03-01; removal date 2026-01-02. Use dtmf. ({left})"
    for form in ("terminal", "html"):
        assert (
            told in graph_codegen("diff", "old.xml", *words, "--format", form, cwd=tmp_path).stdout
        )
    page = graph_codegen("diff", "old.xml", *words, "--format", "markdown", cwd=tmp_path).stdout
    assert code_source(told) in page
    shown = graph_codegen("diff", "old.xml", *words, "--format", "json", cwd=tmp_path).stdout
    report = json.loads(shown)
    (finding,) = report["findings"]
    assert (report["on"], finding["level"]) == (day, "deprecated")
    assert finding["deprecation"] == {
        "date": "2025-03-01",
        "removal_date": "2026-01-02",
        "version": "",
        "description": "Use dtmf.",
        "days_left": 2 if day < "2026" else 0,
    }


def test_entries_expire_after_the_day_that_is_given(folder: Path, tmp_path: Path) -> None:
    entry = ("parameter-removed", REMOVED_PARAMETER, LONG_AGO)
    ignore = ignoring(tmp_path / "ignore.toml", entry)
    words = ("mixed.xml", "--fail-on", "breaking", "--ignore", ignore)
    assert diff(folder, *words, "--on", "2020-01-31").returncode == 0
    assert diff(folder, *words, "--on", "2020-02-01").returncode == 1


def test_entries_that_match_nothing_are_told_of(folder: Path, tmp_path: Path) -> None:
    entries = [(rule, "*", NEXT_YEAR) for rule in ("type-opened", "type-closed", "property-added")]
    ignore = ignoring(tmp_path / "ignore.toml", *entries)
    result = diff(folder, "mixed.xml", "--format", "json", "--ignore", ignore)
    (warning,) = warnings(result)
    assert warning.startswith(f"{ignore}:7: ")
    assert warning.endswith("the entry matches no finding")
    told = json.loads(result.stdout)
    assert told["counts"] == {
        "breaking": 1,
        "deprecated": 0,
        "additive": 0,
        "invisible": 0,
        "ignored": 2,
        "unused": 0,
    }
    assert [finding["ignored"] for finding in told["findings"]].count("seen") == 2


def test_a_bad_ignore_file_is_refused_before_anything_is_read(folder: Path, tmp_path: Path) -> None:
    ignore = ignoring(tmp_path / "ignore.toml", ("no-such-rule", "*", NEXT_YEAR))
    result = diff(folder, "mixed.xml", "--ignore", ignore)
    assert result.stderr == f"error: {ignore}:1: there is no rule no-such-rule\n"
    assert refused(result)
    missing = tmp_path / "missing.toml"
    assert refused(diff(folder, "mixed.xml", "--ignore", missing)) == (
        f"{missing}: cannot read the ignore file: No such file or directory"
    )


# -- roots


NOTIFIED = SERVICE.replace(
    '<EntityContainer Name="GraphService">',
    '<ComplexType Name="commsNotifications"><Property Name="count" Type="Edm.Int32"/></ComplexType>'
    '\n<EntityContainer Name="GraphService">',
)


@pytest.fixture
def notified(tmp_path: Path) -> Path:
    """Two documents, of which the second has one more root."""
    (tmp_path / "old.xml").write_bytes(document(SERVICE))
    (tmp_path / "new.xml").write_bytes(document(NOTIFIED))
    return tmp_path


def test_a_root_of_one_document_only_has_come_or_gone(notified: Path) -> None:
    roots = ("--root", "communications", "--root", "commsNotifications", "--format", "json")
    for old, new, rule in (("old", "new", "type-added"), ("new", "old", "type-removed")):
        result = graph_codegen("diff", f"{old}.xml", f"{new}.xml", *roots, cwd=notified)
        assert result.returncode == 0, result.stderr
        assert warnings(result) == ["old.xml: has no commsNotifications"]
        told = json.loads(result.stdout)
        found = [(finding["rule"], finding["element"]) for finding in told["findings"]]
        assert found == [(rule, "microsoft.graph.commsNotifications")]
        assert told["roots"] == ["commsNotifications", "communications"]


def test_what_no_root_leads_to_is_not_compared(notified: Path) -> None:
    unrelated = NOTIFIED.replace("commsNotifications", "unrelated")
    (notified / "new.xml").write_bytes(document(unrelated))
    result = graph_codegen("diff", "old.xml", "new.xml", *ROOT, cwd=notified)
    assert result.stdout.splitlines()[1:] == ["roots: communications", "nothing changed"]
    assert warnings(result) == []


def test_what_notifications_bring_with_a_root_is_compared_with_it(notified: Path) -> None:
    result = graph_codegen("diff", "old.xml", "new.xml", *ROOT, cwd=notified)
    assert "roots: commsNotifications, communications" in result.stdout.splitlines()
    assert "microsoft.graph.commsNotifications: type added" in result.stdout
    assert warnings(result) == []


def test_all_is_everything(notified: Path) -> None:
    result = graph_codegen(
        "diff", "old.xml", "new.xml", "--root", "all", "--fail-on", "any", cwd=notified
    )
    assert result.returncode == 1
    assert "microsoft.graph.commsNotifications: type added" in result.stdout
    assert "microsoft.graph.user" not in result.stdout


def test_a_root_of_neither_document_is_refused(notified: Path) -> None:
    result = graph_codegen("diff", "old.xml", "new.xml", *ROOT, "--root", "nothing", cwd=notified)
    assert refused(result) == "old.xml and new.xml: neither document has the root nothing"


def test_the_default_roots_are_those_of_the_settings(tmp_path: Path) -> None:
    """The project's subset has all of them; a document that lacks some causes warnings."""
    whole = PROJECT / "metadata" / "communications.csdl.xml"
    (tmp_path / "old.xml").write_bytes(document(SERVICE))
    result = graph_codegen("diff", "old.xml", whole, "--format", "json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    roots = told["roots"]
    others = [root for root in settings.load().roots if root != "communications"]
    assert roots == sorted(SHIPPED)
    assert len(others) > 0
    lacking = [f"old.xml: has no {root}" for root in others]
    assert warnings(result) == lacking
    added = {f["element"] for f in told["findings"] if f["rule"] == "type-added"}
    types = {*SHIPPED} - {*settings.load().roots}
    assert {
        f"microsoft.graph.{name}" for name in types | {"subscription", "onlineMeeting"}
    } <= added


# -- the code


@pytest.fixture(scope="module")
def generated(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], dict[str, bytes]]:
    """Return a function that generates from a document, and remembers the files."""

    @cache
    def generate(name: str) -> dict[str, bytes]:
        target = tmp_path_factory.mktemp(name)
        result = graph_codegen(
            *("generate", "--metadata", f"{name}.xml", *ROOT, "--output", target), cwd=folder
        )
        assert result.returncode == 0, result.stderr
        for name in ("manifest.json", "sbom.cdx.json"):  # they describe the package
            (target / name).unlink()
        return content(target)

    return generate


@pytest.fixture(scope="module")
def code(folder: Path) -> Callable[[str, str], list[str]]:
    """Return a function that gives the lines by which the packages of two documents differ."""

    @cache
    def differ(old: str, new: str) -> list[str]:
        result = diff(folder, f"{new}.xml", "--code", "--format", "json", old=f"{old}.xml")
        lines: list[str] = json.loads(result.stdout)["code"]
        return lines

    return differ


def apply(patch: str, target: Path, *options: str) -> None:
    """Apply a patch with git, which wants every line of context."""
    (target.parent / "patch").write_text(patch, encoding="utf-8")
    subprocess.run(
        ["git", "apply", "-p1", *options, target.parent / "patch"], cwd=target, check=True
    )


@pytest.mark.parametrize(
    ("old", "new"), [("old", "mixed"), ("mixed", "breaking"), ("old", "more"), ("more", "old")]
)
def test_the_code_is_a_patch_of_the_package(
    generated: Callable[[str], dict[str, bytes]],
    code: Callable[[str, str], list[str]],
    tmp_path: Path,
    old: str,
    new: str,
) -> None:
    package = tmp_path / "package"
    for path, data in generated(old).items():
        (package / path).parent.mkdir(parents=True, exist_ok=True)
        (package / path).write_bytes(data)
    assert generated(old) != generated(new)
    patch = "\n".join(code(old, new)) + "\n"
    apply(patch, package, "--check")
    apply(patch, package)
    assert content(package) == generated(new)
    apply(patch, package, "--reverse")
    assert content(package) == generated(old)


@pytest.mark.parametrize("form", ["terminal", "markdown"])
def test_every_report_has_the_whole_patch(
    folder: Path, code: Callable[[str, str], list[str]], form: str
) -> None:
    lines = code("old", "mixed")
    assert len(lines) > 20
    shown = diff(folder, "mixed.xml", "--code", "--format", form).stdout
    assert "\n".join(["", *lines, ""]) in shown


def test_equal_documents_have_the_same_code(folder: Path) -> None:
    told = json.loads(diff(folder, "same.xml", "--code", "--format", "json").stdout)
    assert (told["findings"], told["code"]) == ([], [])
    assert diff(folder, "same.xml", "--code").stdout.splitlines()[2:] == ["nothing changed"]


def test_code_is_not_generated_unless_asked_for(folder: Path) -> None:
    result = diff(folder, "mixed.xml", "--format", "json")
    assert json.loads(result.stdout)["code"] is None
    assert "generating" not in result.stderr


# -- documents


def test_a_document_is_the_same_as_itself(folder: Path) -> None:
    result = diff(folder, "old.xml", "--fail-on", "any")
    assert result.returncode == 0
    assert result.stdout.splitlines() == [
        "old.xml → old.xml",
        "roots: communications",
        "nothing changed",
    ]


def test_documents_of_the_same_name_are_told_apart_by_their_side(
    folder: Path, tmp_path: Path
) -> None:
    for side, name in (("2025", "old"), ("2026", "mixed")):
        (tmp_path / side).mkdir()
        shutil.copy(folder / f"{name}.xml", tmp_path / side / "graph.xml")
    result = diff(tmp_path, "2026/graph.xml", old="2025/graph.xml")
    assert result.returncode == 0, result.stderr
    places = re.findall(r"(old|new) graph\.xml:([0-9]+)", result.stdout)
    lines = {
        side: {int(line) for found, line in places if found == side} for side in ("old", "new")
    }
    assert line_of(document(SERVICE), '"clientContext"') in lines["old"]
    assert line_of(document(MIXED), '"subject"') in lines["new"]
    told = json.loads(
        diff(tmp_path, "2026/graph.xml", "--format", "json", old="2025/graph.xml").stdout
    )
    assert told["old"]["sha256"] != told["new"]["sha256"]


@pytest.mark.parametrize("position", ["old", "new"])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "odd.xml: cannot read the metadata: No such file or directory"),
        (b"", "odd.xml"),
        (b"not XML at all", "odd.xml"),
        (b"<html><body>Sign in</body></html>", "odd.xml"),
        (document(SERVICE)[:400], "odd.xml"),
        (b"\x00\x01\x02\xff", "odd.xml"),
    ],
    ids=["missing", "empty", "text", "html", "truncated", "binary"],
)
def test_what_is_no_document_is_refused(
    folder: Path, tmp_path: Path, position: str, data: bytes | None, message: str
) -> None:
    shutil.copy(folder / "old.xml", tmp_path)
    if data is not None:
        (tmp_path / "odd.xml").write_bytes(data)
    pair = ("odd.xml", "old.xml") if position == "old" else ("old.xml", "odd.xml")
    result = diff(tmp_path, pair[1], old=pair[0])
    assert refused(result).startswith(message)


def test_a_type_that_is_not_declared_is_refused_at_its_line(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "old.xml", tmp_path)
    dangling = document(SERVICE.replace("graph.callState", "graph.nothing"))
    (tmp_path / "odd.xml").write_bytes(dangling)
    result = diff(tmp_path, "odd.xml")
    assert (result.returncode, result.stdout) == (2, "")
    line = line_of(dangling, "graph.nothing")
    (error,) = (line for line in result.stderr.splitlines() if line.startswith("error: "))
    assert error == (
        f"error: odd.xml:{line}: microsoft.graph.call/state:"
        " the type microsoft.graph.nothing is not declared"
    )


def test_what_is_not_understood_is_refused_if_strict(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "old.xml", tmp_path)
    (tmp_path / "odd.xml").write_bytes(document(SERVICE.replace("<Member", "<Surprise/><Member")))
    assert diff(tmp_path, "odd.xml").returncode == 0
    assert refused(diff(tmp_path, "odd.xml", "--strict")).startswith("odd.xml:")


# -- make


ADDRESS = "https://graph.microsoft.com/v1.0/$metadata"


def made(*arguments: str) -> list[str]:
    """Return the commands that make would run after setting up."""
    result = subprocess.run(
        ["make", "--no-print-directory", "-n", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in result.stdout.splitlines() if "bin/graph-codegen " in line]


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["diff", "OLD=a $b.xml", "NEW=c.xml"], ["diff", "a $b.xml", "c.xml"]),
        (
            ["diff", "OLD=a.xml", "NEW=b.xml", "ARGS=--format html --code"],
            ["diff", "a.xml", "b.xml", "--format", "html", "--code"],
        ),
        (["update", f"METADATA={ADDRESS}"], ["update", ADDRESS]),
        (
            ["update", f"METADATA={ADDRESS}", "REPORT=/tmp/a $b.md"],
            ["update", ADDRESS, "--report", "/tmp/a $b.md"],
        ),
    ],
    ids=["diff", "diff with options", "update", "update with report"],
)
def test_make_passes_paths_and_addresses_as_they_are(
    arguments: Sequence[str], command: list[str]
) -> None:
    """The test asks the shell how it splits the line, since that is what the command gets."""
    (line,) = made(*arguments)
    script = line.replace(".venv/bin/graph-codegen", "printf '%s\\n'")
    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == command


@pytest.mark.parametrize(
    ("case", "root", "levels"),
    [
        (
            "40-verdicts-alone-and-together", "all",
            {"drive": "breaking", "deep": "additive", "Org.OData.Core.V1.Revisions": "deprecated"},
        ),
        ("41-direction-of-a-type-change", "things", {}),
    ],
)  # fmt: skip
def test_small_cases_have_the_verdicts_that_are_right(
    case: str, root: str, levels: dict[str, str]
) -> None:
    folder = published.FOLDER.parent / "cases" / case
    if not folder.is_dir():
        pytest.skip(f"{case} is not beside this checkout, in shared/cases")
    documents = (str(folder / name) for name in ("old.xml", "new.xml"))
    done = graph_codegen("diff", "--root", root, *documents, "--format", "json")
    assert done.returncode == 0, done.stderr
    found = {
        re.split("[/@]", finding["element"])[-1]: finding["level"]
        for finding in json.loads(done.stdout)["findings"]
    }
    assert found == levels if levels else found and "breaking" not in found.values()
