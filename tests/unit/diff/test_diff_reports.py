"""The reports on a comparison, the next version, and ignore files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from markdown_it import MarkdownIt
from markdown_it.token import Token

from graph_codegen.diff.change.changes import End
from graph_codegen.diff.report import json_report as json_module
from graph_codegen.diff.report.changelog import prepend_entry, render_entry
from graph_codegen.diff.report.json_report import FORMAT, render_json
from graph_codegen.diff.report.markdown import LIMIT, LONGEST, render_markdown
from graph_codegen.diff.report.report import EFFECTS, FEW, HEADINGS, POLICIES, Report
from graph_codegen.diff.report.terminal import render_terminal
from graph_codegen.diff.usage import Concern, Usage
from graph_codegen.diff.verdict.findings import Comparison, Finding, Level, Source, Step
from graph_codegen.diff.verdict.ignore import Entry, find_ignored, load_ignore_file
from graph_codegen.diff.verdict.levels import with_levels
from graph_codegen.diff.verdict.rules import RULES, Effect, Policy
from graph_codegen.diff.verdict.surface import UNCHANGED, MethodChanges
from graph_codegen.diff.verdict.version import next_version
from graph_codegen.emit.names import assign_names
from graph_codegen.errors import CodegenError, Place
from graph_codegen.model.deprecations import Deprecation
from graph_codegen.model.model import Model

SCHEMA: dict[str, Any] = json.loads(
    Path(json_module.__file__).with_name("report.schema.json").read_text(encoding="utf-8")
)

GITHUB_LIMIT = 65_536
"""Characters that the body of a pull request may have on GitHub."""

HOSTILE = (
    "a|b",
    "one`two``three",
    "```",
    "<script>alert(1)</script>",
    "</details>",
    "<!-- hidden",
    "@someone",
    "#123",
    "me@example.com",
    "first\nsecond\n\n# third",
    "| --- |\n| --- |",
    "]]>",
    "[text](https://example.com)",
    "![image](x)",
    "&lt;&#124;",
    "back\\slash\\|",
    "*a* _b_ ~~c~~ $d$",
)
"""Texts with a special meaning in a table, in Markdown, in HTML or on GitHub."""

OLD, NEW = Source("old.xml", "0" * 64), Source("new.xml", "1" * 64)


def found(
    rule: str,
    element: str,
    old: str | None = "",
    new: str | None = "",
    *,
    effect: Effect | None = None,
    python: str = "",
    methods: MethodChanges = UNCHANGED,
) -> Finding:
    """A finding on an element; a value of None means that the side lacks the element."""
    before, after = (
        None if value is None else End(element, Place(source.file, line), element, value)
        for source, line, value in ((OLD, 3, old), (NEW, 7, new))
    )
    about = RULES[rule]
    effect = effect or about.effect or Effect.BOTH
    return Finding(
        rule=about,
        kind="Property",
        old=before,
        new=after,
        effect=effect,
        python=python,
        methods=methods,
    )


REMOVED = found("property-removed", "microsoft.graph.call/subject", "", None, python="Call.subject")
RETYPED = found(
    "property-type-changed",
    "microsoft.graph.call/size",
    "Edm.String",
    "Edm.Int32",
    python="Call.size",
)
ADDED = found("type-added", "microsoft.graph.room", None, "", python="Room")
OPENED = found("type-opened", "microsoft.graph.call", "false", "true", python="Call")

OLD_TONE = replace(
    found("deprecated", "microsoft.graph.tone", None),
    new=End(
        "microsoft.graph.tone",
        Place(NEW.file, 7),
        deprecation=Deprecation("2025-03-01", "2026-01-02", "", "Use dtmf."),
    ),
)

ONE_OF_EACH = (OPENED, ADDED, REMOVED)
"""Findings of all levels, the most serious last."""


def comparison(findings: Sequence[Finding] = (*ONE_OF_EACH, RETYPED)) -> Comparison:
    return Comparison(
        OLD, NEW, ("communications",), tuple(findings), (assign_names(Model(types={})),) * 2
    )


def crowd(count: int, rules: Sequence[str], width: int = 0) -> tuple[Finding, ...]:
    """Many findings, with each rule in turn."""
    return tuple(
        found(rules[index % len(rules)], f"microsoft.graph.t{index}/{'p' * width}")
        for index in range(count)
    )


# -- levels


def test_a_level_is_that_of_the_configuration_and_every_report_says_so() -> None:
    chosen = with_levels(ONE_OF_EACH, {"type-added": "breaking", "property-removed": "breaking"})
    assert [one.level for one in chosen] == [Level.INVISIBLE, Level.BREAKING, Level.BREAKING]
    assert comparison(chosen[:2]).step is Step.MAJOR
    report = Report(comparison(chosen))
    told = "Level: breaking by the configuration, additive without it."
    assert "\n".join(line.plain for line in render_terminal(report)).count("by the conf") == 1
    assert f"Python: additive. {told}" in "\n".join(line.plain for line in render_terminal(report))
    assert render_markdown(report).count(told) == 1
    levels = [(f["level"], f["usual_level"]) for f in json.loads(render_json(report))["findings"]]
    assert levels == [
        ("invisible", "invisible"),
        ("breaking", "additive"),
        ("breaking", "breaking"),
    ]


@pytest.mark.parametrize(
    ("rule", "level", "message"),
    [
        ("type-aded", "breaking", "type-aded is not a rule: did you mean type-added?"),
        ("\x1b[31m", "breaking", "\\u001b[31m is not a rule: docs/rules.md lists them"),
        ("type-added", "grave", "type-added is grave, which is none of breaking, deprecated, add"),
    ],
)
def test_a_level_or_rule_that_there_is_not_is_refused(rule: str, level: str, message: str) -> None:
    with pytest.raises(CodegenError) as caught:
        with_levels((), {rule: level})
    assert str(caught.value).startswith(f"[diff.levels]: {message}")


# -- version


@pytest.mark.parametrize(
    ("version", "major", "minor", "patch"),
    [
        ("1.4.2", "2.0.0", "1.5.0", "1.4.3"),
        ("1.0.0", "2.0.0", "1.1.0", "1.0.1"),
        ("0.1.0", "0.2.0", "0.1.1", "0.1.1"),
        ("0.9.9", "0.10.0", "0.9.10", "0.9.10"),
        ("9.9.9", "10.0.0", "9.10.0", "9.9.10"),
        ("1", "2.0.0", "1.1.0", "1.0.1"),
        ("1.2", "2.0.0", "1.3.0", "1.2.1"),
        ("0", "0.1.0", "0.0.1", "0.0.1"),
        ("0.3", "0.4.0", "0.3.1", "0.3.1"),
        ("2.0.0rc1", "3.0.0", "2.1.0", "2.0.1"),
        ("0.2.0b12", "0.3.0", "0.2.1", "0.2.1"),
        ("1.4.2.8", "2.0.0", "1.5.0", "1.4.3"),
    ],
)
def test_the_next_version(version: str, major: str, minor: str, patch: str) -> None:
    found = [next_version(version, step) for step in (Step.MAJOR, Step.MINOR, Step.PATCH)]
    assert found == [major, minor, patch]
    assert next_version(version, Step.NONE) == version


@pytest.mark.parametrize(
    ("findings", "step"),
    [
        ((), Step.NONE),
        ((OPENED,), Step.PATCH),
        ((OPENED, ADDED), Step.MINOR),
        ((ADDED, REMOVED, OPENED), Step.MAJOR),
    ],
)
def test_the_most_serious_finding_determines_the_step(
    findings: Sequence[Finding], step: Step
) -> None:
    assert comparison(findings).step is step


def test_what_is_deprecated_is_graver_than_what_is_new_and_breaks_nothing() -> None:
    going = found("deprecated", "a/b")
    assert going.level is Level.DEPRECATED
    assert comparison([going]).step is Step.MINOR
    report = Report(comparison([ADDED, going]))
    assert report.headline.startswith("0 breaking, 1 deprecated, 1 additive, 0 invisible;")


def test_a_level_is_what_a_program_notices_whatever_the_policy_says() -> None:
    by_policy = found("property-made-required", "a/b")
    by_python = found("type-left", "a", "", None)
    assert [by_policy.level, by_python.level] == [Level.INVISIBLE, Level.BREAKING]
    assert [by_policy.policy, by_python.policy] == [Policy.BREAKING, Policy.COMPATIBLE]


# -- the changelog of the generated package


def test_a_changelog_entry_lists_every_finding_the_most_serious_first() -> None:
    text = render_entry(Report(comparison()), "2.0.0", "of 2026-08-04")
    assert text.splitlines() == [
        "## 2.0.0",
        "",
        "From the metadata of 2026-08-04.",
        "",
        "### Breaking",
        "",
        "- `microsoft.graph.call/size`: type changed: `Edm.String` → `Edm.Int32` (`Call.size`)",
        "- `microsoft.graph.call/subject`: property removed (`Call.subject`)",
        "",
        "### Additive",
        "",
        "- `microsoft.graph.room`: type added (`Room`)",
        "",
        "### Invisible",
        "",
        "- `microsoft.graph.call`: type opened: `false` → `true` (`Call`)",
    ]
    assert text.endswith(")\n")


def test_a_changelog_entry_names_methods_and_has_no_empty_heading() -> None:
    methods = MethodChanges(removed=("calls.drop",), added=("calls.keep",), altered=("calls.mute",))
    text = render_entry(Report(comparison([replace(ADDED, methods=methods)])), "1.1.0", "x.xml")
    (line,) = (line for line in text.splitlines() if line.startswith("- "))
    shown = (
        "Room; removes client.calls.drop(); adds client.calls.keep(); alters client.calls.mute()"
    )
    assert line.replace("`", "") == f"- microsoft.graph.room: type added ({shown})"
    assert "Breaking" not in text
    assert "Invisible" not in text


def test_a_changelog_entry_tells_of_a_deprecation_what_does_not_depend_on_the_day() -> None:
    report = Report(comparison([OLD_TONE]), on=date(2026, 1, 1))
    told = "Deprecated since 2025-03-01; removal date 2026-01-02. Use dtmf."
    last = render_entry(report, "1.1.0", "x.xml").splitlines()[-1]
    assert last == f"- `microsoft.graph.tone`: deprecated. `{told}`"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_changelog_entry_is_one_line_for_each_finding(hostile: str) -> None:
    finding = found("member-value-changed", hostile, hostile, "x", python=hostile)
    tokens = parsed(render_entry(Report(comparison([finding, ADDED])), "1.1.0", "x.xml"))
    shown = [text(token) for token in tokens if token.type == "inline"]
    told = meant(f"{hostile}: numeric value changed: {hostile} → x ({hostile})")
    assert shown == [
        "1.1.0",
        "From the metadata x.xml.",
        "Additive",
        "microsoft.graph.room: type added (Room)",
        "Invisible",
        told,
    ]


OLDER = "## 0.1.0\n\nFrom *somewhere*  \n\n### Additive\n\n- a | b\n\n\n## 0.0.1\n\nThe first.\n"


def test_an_empty_changelog_gets_its_heading() -> None:
    assert prepend_entry("", "## 0.1.0\n\nNew.\n", "my_package") == (
        "# Changelog of my_package\n\n## 0.1.0\n\nNew.\n"
    )


@pytest.mark.parametrize(
    "head", ["# Changelog of p\n\n", "# Mine\n\nWith a word\nof introduction.\n\n"]
)
def test_a_new_entry_comes_before_all_others_which_stay_verbatim(head: str) -> None:
    new = "## 0.2.0\n\nNew.\n"
    assert prepend_entry(head + OLDER, new, "p") == f"{head}{new}\n{OLDER}"


@pytest.mark.parametrize("changelog", ["# Changelog of p", "# Changelog of p\n\n\n"])
def test_the_first_entry_comes_below_the_heading(changelog: str) -> None:
    new = "## 0.1.0\n\nNew.\n"
    assert prepend_entry(changelog, new, "p") == f"# Changelog of p\n\n{new}"


def test_a_new_entry_comes_first_where_there_is_no_heading() -> None:
    assert prepend_entry(OLDER, "## 0.2.0\n\nNew.\n", "p") == f"## 0.2.0\n\nNew.\n\n{OLDER}"


# -- Markdown, read by a reader of GitHub's kind


def parsed(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)


def text(token: Token) -> str:
    """The text of a token; anything other than text, code and breaks shows in it."""
    kinds = {"text": "", "code_inline": "", "text_special": ""}
    return "".join(
        child.content if child.type in kinds else f"«{child.type}»"
        for child in token.children or ()
    )


def meant(hostile: str) -> str:
    """A text as a report should show it: on one line, with a backslash in front of a bar spelled out."""
    return " ".join(hostile.split()).replace("\\|", "\\u005c|")


def tables(tokens: Sequence[Token]) -> dict[str, list[list[str]]]:
    """The rows of the body of each table, by the heading above it."""
    result: dict[str, list[list[str]]] = {}
    heading = ""
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = text(tokens[index + 1])
        elif token.type == "tbody_open":
            result[heading] = []
        elif token.type == "tr_open" and heading in result:
            result[heading].append([])
        elif token.type == "td_open":
            result[heading][-1].append(text(tokens[index + 1]))
    return result


def html_of(tokens: Sequence[Token]) -> list[str]:
    return [token.content.strip() for token in tokens if token.type == "html_block"]


def more(report: str) -> list[int]:
    """How many are counted instead of shown, for each section that is cut."""
    return [int(number) for number in re.findall(r"^… and ([0-9]+) more", report, re.MULTILINE)]


FOLD = ["<details><summary>Show</summary>", "</details>"]


def test_markdown_has_every_finding_below_the_heading_of_its_level() -> None:
    tokens = parsed(render_markdown(Report(comparison())))
    removed = "Graph: breaking. Python: breaks at type-check and at run time."
    assert tables(tokens) == {
        "Breaking (2)": [
            [
                "property-type-changed",
                "microsoft.graph.call/size",
                "type changed: Edm.String → Edm.Int32",
                removed,
                "Call.size",
                "old old.xml:3, new new.xml:7",
            ],
            [
                "property-removed",
                "microsoft.graph.call/subject",
                "property removed",
                removed,
                "Call.subject",
                "old old.xml:3",
            ],
        ],
        "Additive (1)": [
            ["type-added", "microsoft.graph.room", "type added", "Room", "new new.xml:7"]
        ],
        "Invisible (1)": [
            [
                "type-opened",
                "microsoft.graph.call",
                "type opened: false → true",
                "Call",
                "old old.xml:3, new new.xml:7",
            ]
        ],
    }
    assert html_of(tokens) == FOLD * 2
    assert (
        "**2 breaking, 1 additive, 1 invisible; suggested version step: major.**"
        in render_markdown(Report(comparison()))
    )


def test_markdown_leaves_out_levels_without_findings_and_folds_nothing_that_breaks() -> None:
    tokens = parsed(render_markdown(Report(comparison([REMOVED]))))
    assert list(tables(tokens)) == ["Breaking (1)"]
    assert html_of(tokens) == []
    nothing = render_markdown(Report(comparison([])))
    assert "**Nothing changed.**" in nothing
    assert tables(parsed(nothing)) == {}


def test_markdown_shows_ignored_findings_apart_with_the_reason() -> None:
    report = render_markdown(Report(comparison(), {REMOVED: "we *never* set it"}))
    tokens = parsed(report)
    assert [row[0] for row in tables(tokens)["Breaking (1)"]] == ["property-type-changed"]
    assert "Ignored (1)" in [text(token) for token in tokens if token.type == "inline"]
    told = "property-removed microsoft.graph.call/subject: we *never* set it"
    assert told in [text(token) for token in tokens if token.type == "inline"]
    assert "1 breaking, 1 additive, 1 invisible, 1 ignored; suggested version step: major" in report


@pytest.mark.parametrize("rule", ["property-type-changed", "type-added", "type-opened"])
@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_name_stays_text_in_markdown(hostile: str, rule: str) -> None:
    finding = replace(found(rule, hostile, hostile, "x", python=hostile), kind=hostile)
    aside = replace(finding, effect=Effect.RUN_TIME)
    compared = comparison([finding, REMOVED, ADDED, OPENED, found("deprecated", "a/b"), aside])
    named = replace(compared, roots=(hostile,), old=replace(OLD, file=hostile))
    tokens = parsed(render_markdown(Report(named, {aside: hostile}, ("+a", "-b"))))
    found_rows = tables(tokens)
    heading = f"{HEADINGS[finding.level]} (2)"
    assert sorted(found_rows) == sorted(
        f"{HEADINGS[level]} ({2 if level is finding.level else 1})" for level in Level
    )
    (row,) = (row for row in found_rows[heading] if row[1] == meant(hostile))
    assert row[2] == meant(f"{finding.rule.title}: {hostile} → x")
    assert row[-2] == meant(hostile)
    inline = [text(token) for token in tokens if token.type == "inline"]
    assert inline[0] == meant(f"Graph metadata: {hostile} → new.xml")
    assert f"Roots: {meant(hostile)}. The rules are explained in docs/rules.md." in inline
    assert f"{rule} {meant(hostile)}: {meant(hostile)}" in inline
    assert html_of(tokens) == FOLD * 3
    assert [token.content for token in tokens if token.type == "fence"] == ["+a\n-b\n"]
    assert all("«" not in told or told.startswith("«strong_open»") for told in inline)


def test_a_markdown_row_has_the_columns_of_its_table() -> None:
    """A reader fills up short rows and cuts long ones, so the lines themselves are counted."""
    hostile = tuple(
        replace(found(rule, name, name, "x", python=name), kind=name)
        for name in HOSTILE
        for rule in ("property-type-changed", "type-added", "type-opened")
    )
    lines = render_markdown(Report(comparison(hostile))).splitlines()
    rows = [len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in lines if line.startswith("|")]
    count = len(HOSTILE) + 2
    assert rows == [7] * count + [6] * count * 2


def test_markdown_shows_the_code_in_a_fence_that_holds() -> None:
    code = ("--- a/x.py", "+++ b/x.py", "+```", " ````", "-~~~", "+</details>", "+@someone")
    tokens = parsed(render_markdown(Report(comparison([]), code=code)))
    (fence,) = (token for token in tokens if token.type == "fence")
    assert (fence.info, fence.content.splitlines()) == ("diff", list(code))
    assert tokens[-1] is fence


def test_markdown_says_that_the_code_is_the_same_only_on_request() -> None:
    assert "The generated package does not change." in render_markdown(
        Report(comparison([]), code=())
    )
    assert "## Code" not in render_markdown(Report(comparison([])))


LEVELS = ("property-type-changed", "type-added", "type-opened")


@pytest.mark.parametrize("code", [None, tuple(f"+line {index}" for index in range(9000))])
@pytest.mark.parametrize("rules", [LEVELS, *((rule,) for rule in LEVELS)])
@pytest.mark.parametrize("count", [400, 6000])
def test_markdown_counts_what_does_not_fit(
    count: int, rules: tuple[str, ...], code: tuple[str, ...] | None
) -> None:
    findings = crowd(count, rules, width=20)
    aside = dict.fromkeys(findings[::10], "seen by somebody")
    report = Report(comparison(findings), aside, code)
    written = render_markdown(report)
    assert len(written) < GITHUB_LIMIT
    assert len(written) > 0.9 * LIMIT or not more(written)
    tokens = parsed(written)
    shown = sum(map(len, tables(tokens).values()))
    listed = sum(token.type == "list_item_open" for token in tokens)
    fences = "".join(token.content for token in tokens if token.type == "fence")
    lines = sum(line.startswith("+") for line in fences.splitlines())
    assert shown + listed + lines + sum(more(written)) == count + len(code or ())
    # A section for which there is no room at all has nothing to unfold.
    assert html_of(tokens) == FOLD * written.count("<details>")


def test_markdown_shows_serious_findings_first_if_not_all_fit() -> None:
    report = Report(comparison(crowd(300, LEVELS)), code=("+line",) * 50)
    breaking, _, additive, invisible = (len(report.at(level)) for level in Level)
    found = tables(parsed(render_markdown(report, limit=25_000)))
    assert len(found[f"Breaking ({breaking})"]) == breaking
    assert 0 < len(found[f"Additive ({additive})"]) < additive
    assert len(found.get(f"Invisible ({invisible})", ())) < invisible


def test_a_limit_changes_nothing_if_all_findings_fit() -> None:
    report = Report(comparison(), {REMOVED: "seen"}, ("+a",))
    assert render_markdown(report, limit=5000) == render_markdown(report, limit=500_000)


def test_one_endless_value_leaves_room_for_others() -> None:
    endless = found("property-type-changed", "a/b", "x" * 100_000, "y")
    written = render_markdown(Report(comparison([endless, REMOVED]), code=("+" + "z" * 100_000,)))
    assert len(written) < 3000
    (rows,) = tables(parsed(written)).values()
    assert [row[1] for row in rows] == ["a/b", REMOVED.element]
    assert rows[0][2] == f"type changed: {'x' * LONGEST}… → y"
    assert more(written) == [1]


def test_markdown_names_the_command_that_shows_what_is_left_out() -> None:
    report = Report(comparison(crowd(300, LEVELS)), code=("+line",) * 500)
    command = "graph-codegen diff 'old `1`.xml' new.xml --root all"
    written = render_markdown(report, command, limit=9_000)
    told = [text(token) for token in parsed(written) if token.type == "inline"]
    ends = [line.partition(": ")[2] for line in told if line.startswith("… and ")]
    assert ends == [f"{command} shows all."] * len(more(written))
    assert len(ends) > 2


# -- JSON


def is_valid(content: object) -> bool:
    return bool(Draft202012Validator(SCHEMA).is_valid(content))


def read(report: Report) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(render_json(report))
    Draft202012Validator(SCHEMA).validate(content)
    return content


METHODS = MethodChanges(removed=("a.b",), added=("c.d", "e.f"), altered=("g.h",))
FULL = Report(
    comparison([replace(REMOVED, methods=METHODS), RETYPED, ADDED, OPENED, OLD_TONE]),
    {RETYPED: "seen"},
    ("--- a/x.py", "+++ b/x.py"),
    on=date(2026, 1, 1),
)
"""A report in which every part has content."""


def test_the_schema_is_valid() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_json_has_everything() -> None:
    content = read(FULL)
    findings = content.pop("findings")
    assert content == {
        "format": FORMAT,
        "old": {"document": "old.xml", "sha256": "0" * 64},
        "new": {"document": "new.xml", "sha256": "1" * 64},
        "roots": ["communications"],
        "on": "2026-01-01",
        "step": "major",
        "counts": {
            "breaking": 1,
            "deprecated": 1,
            "additive": 1,
            "invisible": 1,
            "ignored": 1,
            "unused": 0,
        },
        "code": ["--- a/x.py", "+++ b/x.py"],
    }
    assert findings[0] == {
        "rule": "property-removed",
        "level": "breaking",
        "usual_level": "breaking",
        "policy": "breaking",
        "effect": "type-check and run-time",
        "kind": "Property",
        "element": "microsoft.graph.call/subject",
        "summary": "property removed",
        "python": "Call.subject",
        "methods": {"removed": ["a.b"], "added": ["c.d", "e.f"], "altered": ["g.h"]},
        "deprecation": None,
        "old": {
            "element": "microsoft.graph.call/subject",
            "file": "old.xml",
            "line": 3,
            "value": None,
        },
        "new": None,
        "ignored": None,
        "usage": None,
        "uses": [],
    }
    told = [(each["element"], each["level"], each["ignored"]) for each in findings]
    assert told[1:] == [
        ("microsoft.graph.call/size", "breaking", "seen"),
        ("microsoft.graph.room", "additive", None),
        ("microsoft.graph.call", "invisible", None),
        ("microsoft.graph.tone", "deprecated", None),
    ]
    assert findings[-1]["deprecation"] == {
        "date": "2025-03-01",
        "removal_date": "2026-01-02",
        "version": "",
        "description": "Use dtmf.",
        "days_left": 1,
    }
    assert [findings[1][side]["value"] for side in ("old", "new")] == ["Edm.String", "Edm.Int32"]


USED = Concern(Usage.USED, tuple(Place("app/calls.py", line) for line in range(3, 9)))
PERHAPS = Concern(Usage.PERHAPS, (Place("app/@x#1|`.py", 2),))
CONCERNED = Report(comparison(), {OPENED: "seen"}, concerns={REMOVED: USED, ADDED: PERHAPS})
"""A report to an application that uses one element, perhaps a second, and not the others."""


def test_only_what_the_application_uses_counts() -> None:
    assert CONCERNED.headline == (
        "1 breaking, 1 additive, 0 invisible, 1 ignored, 1 unused; suggested version step: major"
    )
    content = read(CONCERNED)
    assert content["counts"]["breaking"] == content["counts"]["unused"] == 1
    told = {
        f["element"].rpartition(".")[2]: (f["usage"], len(f["uses"])) for f in content["findings"]
    }
    assert told == {
        "call/subject": ("used", 6),
        "room": ("perhaps", 1),
        "call": ("unused", 0),
        "call/size": ("unused", 0),
    }
    assert content["findings"][2]["uses"][0] == {"file": "app/calls.py", "line": 3}


def test_reports_show_where_the_application_uses_an_element() -> None:
    shown = f"{', '.join(f'app/calls.py:{line}' for line in range(3, 8))} and 1 more"
    terminal = "\n".join(line.plain for line in render_terminal(CONCERNED))
    assert f"used {shown}" in terminal
    assert "perhaps app/@x#1|`.py:2" in terminal
    assert "call/size" not in terminal
    markdown = render_markdown(CONCERNED)
    assert "| Places | Used |" in markdown
    assert "call/size" not in markdown
    assert all(token.type != "link_open" for token in parsed(markdown))


def test_json_distinguishes_no_request_for_code_from_no_difference() -> None:
    assert read(Report(comparison([])))["code"] is None
    assert read(Report(comparison([]), code=()))["code"] == []


@pytest.mark.parametrize("effect", list(Effect))
def test_the_schema_knows_every_effect(effect: Effect) -> None:
    assert (
        read(Report(comparison([replace(ADDED, effect=effect)])))["findings"][0]["effect"] == effect
    )


def test_the_schema_knows_every_rule_and_step() -> None:
    everything = comparison([found(rule, f"a/{rule}") for rule in RULES])
    told = read(Report(everything))["findings"]
    assert [each["rule"] for each in told] == list(RULES)
    steps = [read(Report(comparison(f)))["step"] for f in ((), (OPENED,), (ADDED,), (REMOVED,))]
    assert sorted(steps) == sorted(SCHEMA["properties"]["step"]["enum"])


@pytest.mark.parametrize("hostile", [*HOSTILE, '"quoted"', "tab\tand\u2028line", "\u202egnihton"])
def test_a_hostile_name_survives_json(hostile: str) -> None:
    finding = found("type-opened", hostile, hostile, "x", python=hostile)
    content = read(Report(comparison([finding]), {finding: hostile}, (hostile,)))
    (told,) = content["findings"]
    values = told["element"], told["python"], told["ignored"], told["old"]["value"]
    assert set(values) == {hostile}
    assert content["code"] == [hostile]


def objects(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths to all objects in a JSON value."""
    if isinstance(value, dict):
        yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from objects(item, (*path, key))


def at(value: Any, path: tuple[str | int, ...]) -> dict[str, Any]:
    for key in path:
        value = value[key]
    assert isinstance(value, dict)
    return value


def test_the_schema_allows_nothing_else_and_requires_everything() -> None:
    content = read(FULL)
    paths = list(objects(content))
    assert len(paths) > 15
    for path in paths:
        with_more = deepcopy(content)
        at(with_more, path)["surplus"] = 1
        assert not is_valid(with_more), path
        for key in at(content, path):
            with_less = deepcopy(content)
            del at(with_less, path)[key]
            assert not is_valid(with_less), (path, key)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format",), "graph-codegen/diff/1"),
        (("step",), "huge"),
        (("counts", "breaking"), -1),
        (("counts", "ignored"), "1"),
        (("old", "sha256"), "0" * 63),
        (("findings", 0, "level"), "grave"),
        (("findings", 0, "policy"), "additive"),
        (("findings", 0, "effect"), "breaking"),
        (("findings", 0, "old", "line"), "3"),
        (("findings", 0, "methods", "added"), "a.b"),
        (("code",), "text"),
    ],
)
def test_the_schema_rejects_other_values(path: tuple[str | int, ...], value: object) -> None:
    content = read(FULL)
    at(content, path[:-1])[str(path[-1])] = value
    assert not is_valid(content)


# -- terminal


def shown(report: Report) -> list[str]:
    return [line.plain for line in render_terminal(report)]


def test_the_terminal_shows_the_most_serious_first_with_verdicts_and_places() -> None:
    assert shown(Report(comparison(), code=("+++ b/x.py", "+a"))) == [
        "old.xml → new.xml",
        "roots: communications",
        "2 breaking, 1 additive, 1 invisible; suggested version step: major",
        "",
        "Breaking (2)",
        "  property-type-changed  microsoft.graph.call/size: type changed: Edm.String → Edm.Int32",
        "    Graph: breaking. Python: breaks at type-check and at run time.",
        "    Call.size  old old.xml:3, new new.xml:7",
        "  property-removed       microsoft.graph.call/subject: property removed",
        "    Graph: breaking. Python: breaks at type-check and at run time.",
        "    Call.subject  old old.xml:3",
        "",
        "Additive (1)",
        "  type-added  microsoft.graph.room: type added",
        "    Room  new new.xml:7",
        "",
        "Invisible (1)",
        "  type-opened  microsoft.graph.call: type opened: false → true",
        "    Call  old old.xml:3, new new.xml:7",
        "+++ b/x.py",
        "+a",
    ]


@pytest.mark.parametrize("effect", [effect for effect in Effect if effect.breaks])
def test_the_terminal_shows_both_verdicts_of_breaking_findings(effect: Effect) -> None:
    lines = shown(Report(comparison([found("type-left", "a", "", None, effect=effect)])))
    assert f"    {POLICIES[RULES['type-left'].policy]}. {EFFECTS[effect]}." in lines
    assert "Graph: compatible" in "\n".join(lines)


def test_the_terminal_shows_ignored_findings_last_with_the_reason() -> None:
    lines = shown(Report(comparison([REMOVED, ADDED]), {REMOVED: "we never set it"}))
    assert (
        lines[2] == "0 breaking, 1 additive, 0 invisible, 1 ignored; suggested version step: major"
    )
    assert lines[-4:] == [
        "",
        "Ignored (1)",
        "  microsoft.graph.call/subject",
        "    property-removed: property removed; we never set it",
    ]
    assert "Breaking" not in "\n".join(lines)


def test_the_terminal_takes_nothing_for_markup() -> None:
    (line,) = (
        line
        for line in shown(Report(comparison([found("type-added", "[red]:smile:")])))
        if "[" in line
    )
    assert line == "  type-added  [red]:smile:: type added"


def test_the_shortest_methods_are_named_and_the_others_counted() -> None:
    ways = ("users.calls.m", "calls.longer", *(f"calls.m{index}" for index in range(FEW)))
    lines = shown(Report(comparison([replace(ADDED, methods=MethodChanges(added=ways))])))
    told = ", ".join(f"client.calls.m{index}()" for index in range(FEW))
    assert f"    Room; adds {told} and 2 more  new new.xml:7" in lines


def test_findings_of_a_level_are_in_the_order_of_what_programs_call() -> None:
    methods = [MethodChanges(removed=removed) for removed in (("b.x", "a.y.z"), ("a.z",), ())]
    findings = [
        found("property-removed", f"a/{index}", methods=own, python=name)
        for index, (own, name) in enumerate(zip(methods, ("A", "B", "Z"), strict=True))
    ]
    late = [found("type-added", "a", methods=MethodChanges(added=("a.a",))), *findings]
    written = Report(comparison([*late, found("property-removed", "a/3", python="C")]))
    order = ["a/1", "a/0", "a/3", "a/2"]
    assert [finding.element for finding in written.at(Level.BREAKING)] == order
    rows, _ = tables(parsed(render_markdown(written))).values()
    assert [row[1] for row in rows] == order


# -- the ignore file: what is in it

GOOD: Mapping[str, str] = {
    "rule": '"property-removed"',
    "element": '"microsoft.graph.call/subject"',
    "reason": '"we never set a subject"',
    "expires": "2027-06-30",
}


def entries(*changes: Mapping[str, str | None]) -> str:
    """An ignore file, with a comment on its first line; a field that is None is left out."""
    blocks = (
        "[[ignore]]\n" + "".join(f"{k} = {v}\n" for k, v in {**GOOD, **change}.items() if v)
        for change in changes
    )
    return "# What we have seen.\n\n" + "\n".join(blocks)


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "ignore.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_an_ignore_file_is_read_with_the_line_of_each_entry(tmp_path: Path) -> None:
    path = written(tmp_path, entries({}, {"rule": '"type-removed"', "element": '"a.*"'}))
    reason = "we never set a subject"
    assert load_ignore_file(path) == (
        Entry(
            "property-removed",
            "microsoft.graph.call/subject",
            reason,
            date(2027, 6, 30),
            Place(str(path), 3),
        ),
        Entry("type-removed", "a.*", reason, date(2027, 6, 30), Place(str(path), 9)),
    )


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "ignore = []\n"])
def test_an_ignore_file_may_be_empty(tmp_path: Path, text: str) -> None:
    assert load_ignore_file(written(tmp_path, text)) == ()


EXPIRES = "expires is a date such as 2027-06-30, without quotes"
FIELDS = "an entry has rule, element, reason, expires, and nothing else"
ELEMENT = "the element is the name of one, as findings show it"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rule": '"property-removd"'}, "there is no rule property-removd"),
        ({"rule": '"*"'}, "there is no rule *"),
        ({"rule": '["property-removed"]'}, "there is no rule ['property-removed']"),
        ({"rule": "{ id = 1 }"}, "there is no rule {'id': 1}"),
        ({"element": '""'}, ELEMENT),
        ({"element": "1"}, ELEMENT),
        ({"element": '["a"]'}, ELEMENT),
        ({"reason": '""'}, "the reason is empty"),
        ({"reason": '"  "'}, "the reason is empty"),
        ({"reason": "true"}, "the reason is empty"),
        ({"expires": '"2027-06-30"'}, EXPIRES),
        ({"expires": "2027-06-30T00:00:00"}, EXPIRES),
        ({"expires": "20270630"}, EXPIRES),
        *(({field: None}, FIELDS) for field in GOOD),
        ({"resaon": '"a typo"'}, FIELDS),
    ],
)
def test_an_invalid_entry_is_rejected_with_its_line(
    tmp_path: Path, change: Mapping[str, str | None], message: str
) -> None:
    path = written(tmp_path, entries({}, change))
    with pytest.raises(CodegenError) as caught:
        load_ignore_file(path)
    assert str(caught.value) == f"{path}:9: {message}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[ignored]]\nrule = 1\n", "holds [[ignore]] entries and nothing else"),
        ("[ignore]\nrule = 1\n", "holds [[ignore]] entries and nothing else"),
        ('version = 1\n[[ignore]]\nrule = "a"\n', "holds [[ignore]] entries and nothing else"),
        ("ignore = [1]\n", FIELDS),
        ("[[ignore]]\nrule = property-removed\n", "is not understood: Invalid value (at line 2"),
        ("[[ignore]]\nexpires = 2027-02-30\n", "is not understood: "),
        (b"\xff\xfe", "is not understood: "),
    ],
)
def test_a_file_that_is_not_an_ignore_file_is_rejected(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(CodegenError) as caught:
        load_ignore_file(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


def test_an_unreadable_ignore_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(CodegenError, match="cannot read the ignore file: No such file"):
        load_ignore_file(tmp_path / "missing.toml")
    with pytest.raises(CodegenError, match="cannot read the ignore file: Is a directory"):
        load_ignore_file(tmp_path)


# -- the ignore file: what it sets aside

TODAY = date(2026, 8, 4)


def setting(
    rule: str = "property-removed",
    element: str = "microsoft.graph.call/subject",
    reason: str = "seen",
    expires: date = TODAY,
    line: int = 1,
) -> Entry:
    return Entry(rule, element, reason, expires, Place("ignore.toml", line))


@pytest.mark.parametrize(
    "element",
    ["microsoft.graph.call/subject", "*", "*/subject", "microsoft.graph.*", "*.call/subjec?"],
)
def test_an_entry_ignores_the_findings_that_it_matches(element: str) -> None:
    reasons, diagnostics = find_ignored([setting(element=element)], comparison().findings, TODAY)
    assert (reasons, diagnostics) == ({REMOVED: "seen"}, ())


@pytest.mark.parametrize(
    "entry",
    [
        setting(element="microsoft.graph.call"),
        setting(element="call/subject"),
        setting(element="microsoft.graph.call/subjec"),
        setting(element="microsoft.graph.Call/subject"),
        setting(element="microsoft.graph.call/subject?"),
        setting(element="?icrosoft"),
        setting(rule="type-removed"),
    ],
)
def test_an_entry_that_matches_nothing_causes_a_warning(entry: Entry) -> None:
    reasons, (diagnostic,) = find_ignored([entry], comparison().findings, TODAY)
    assert reasons == {}
    assert diagnostic.place == Place("ignore.toml", 1)
    assert diagnostic.message == "the entry matches no finding"
    assert entry.element in str(diagnostic)


@pytest.mark.parametrize("element", ["a/before", "a/after"])
def test_an_entry_matches_the_element_on_either_side(element: str) -> None:
    renamed = replace(
        found("property-renamed", "a/after"), old=End("a/before", Place(OLD.file, 3), "a/before")
    )
    entry = setting("property-renamed", element)
    assert find_ignored([entry], [renamed], TODAY) == ({renamed: "seen"}, ())


def test_an_entry_holds_until_the_end_of_its_day() -> None:
    entry = setting(expires=TODAY)
    assert find_ignored([entry], [REMOVED], TODAY - timedelta(1)) == ({REMOVED: "seen"}, ())
    assert find_ignored([entry], [REMOVED], TODAY) == ({REMOVED: "seen"}, ())
    reasons, (diagnostic,) = find_ignored([entry], [REMOVED], TODAY + timedelta(1))
    assert reasons == {}
    assert diagnostic.message == "the entry expired on 2026-08-04: its findings count again"
    assert diagnostic.place == Place("ignore.toml", 1)


def test_the_first_reason_counts_and_the_second_entry_is_not_unused() -> None:
    both = [setting(reason="first"), setting(element="*", reason="second")]
    assert find_ignored(both, [REMOVED], TODAY) == ({REMOVED: "first"}, ())


def test_an_expired_entry_leaves_a_finding_to_a_valid_one() -> None:
    expired = setting(reason="old", expires=TODAY - timedelta(1))
    reasons, diagnostics = find_ignored([expired, setting(reason="new")], [REMOVED], TODAY)
    assert reasons == {REMOVED: "new"}
    assert [one.message for one in diagnostics] == [
        "the entry expired on 2026-08-03: its findings count again"
    ]


def test_the_version_step_counts_ignored_findings() -> None:
    report = Report(comparison([REMOVED]), {REMOVED: "seen"})
    assert report.headline == (
        "0 breaking, 0 additive, 0 invisible, 1 ignored; suggested version step: major"
    )
