"""The reports that CI shows at lines of files: annotations of a workflow at GitHub, and SARIF."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from graph_codegen.diff.change.changes import End
from graph_codegen.diff.report import sarif
from graph_codegen.diff.report.github import MOST, render_github
from graph_codegen.diff.report.report import Report
from graph_codegen.diff.report.sarif import render_sarif
from graph_codegen.diff.usage import Concern, Usage
from graph_codegen.diff.verdict.findings import Comparison, Finding, Level, Source
from graph_codegen.diff.verdict.rules import RULES, Effect
from graph_codegen.diff.verdict.surface import UNCHANGED, MethodChanges
from graph_codegen.emit.names import assign_names
from graph_codegen.errors import Place
from graph_codegen.model.model import Model
from graph_codegen.text import log_line


def exactly(**properties: Any) -> dict[str, Any]:
    """The schema of an object that has all of these properties, and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def some(items: dict[str, Any], **more: int) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


TEXT = exactly(text={"type": "string", "minLength": 1})
LEVEL = {"enum": ["none", "note", "warning", "error"]}
LOCATION = exactly(
    physicalLocation=exactly(
        artifactLocation=exactly(uri={"type": "string", "pattern": r"^(?!/|\.\./)[\w/.~%-]+$"}),
        region=exactly(startLine={"type": "integer", "minimum": 1}),
    )
)
SCHEMA = exactly(
    **{"$schema": {"pattern": "/sarif-schema-2.1.0.json$"}},
    version={"const": "2.1.0"},
    runs=some(
        exactly(
            tool=exactly(
                driver=exactly(
                    name={"const": "graph-codegen"},
                    semanticVersion={"pattern": r"^\d+\.\d+\.\d+"},
                    rules=some(
                        exactly(
                            id={"enum": list(RULES)},
                            shortDescription=TEXT,
                            fullDescription=TEXT,
                            help=TEXT,
                        )
                    ),
                )
            ),
            invocations=some(
                exactly(
                    executionSuccessful={"const": True},
                    toolExecutionNotifications=some(exactly(level=LEVEL, message=TEXT)),
                )
            ),
            results=some(
                exactly(
                    ruleId={"enum": list(RULES)},
                    ruleIndex={"type": "integer", "minimum": 0},
                    level=LEVEL,
                    message=TEXT,
                    locations=some(LOCATION, minItems=1, maxItems=1),
                    relatedLocations=some(LOCATION, maxItems=99),
                    partialFingerprints=exactly(
                        primaryLocationLineHash={"pattern": "^[0-9a-f]{16}:[0-9]+$"}
                    ),
                )
            ),
        ),
        minItems=1,
        maxItems=1,
    ),
)
"""What SARIF 2.1.0 has of what the report has, with the limits of GitHub."""

ROOT = Path("/work tree/project")
DOCUMENT = "metadata/new file.xml"

OLD, NEW = Source("old.xml", "0" * 64), Source("new.xml", "1" * 64)


def found(
    rule: str,
    element: str,
    *,
    line: int = 7,
    old: bool = True,
    new: bool = True,
    methods: MethodChanges = UNCHANGED,
) -> Finding:
    ends = (
        End(element, Place(source.file, line), element, "x") if there else None
        for source, there in ((OLD, old), (NEW, new))
    )
    effect = RULES[rule].effect or Effect.BOTH
    before, after = ends
    return Finding(
        rule=RULES[rule], kind="Property", old=before, new=after, effect=effect, methods=methods
    )


REMOVED = found("property-removed", "a.call/subject", new=False)
RETYPED = found("property-type-changed", "a.call/size", methods=MethodChanges(altered=("b.c",)))
OLDER = found("deprecated", "a.tone", old=False)
ADDED = found("type-added", "a.room", old=False)
OPENED = found("type-opened", "a.call")
ONE_OF_EACH = (OPENED, ADDED, OLDER, REMOVED, RETYPED)


def report(findings: Sequence[Finding] = ONE_OF_EACH, **others: Any) -> Report:
    names = (assign_names(Model(types={})),) * 2
    return Report(Comparison(OLD, NEW, ("all",), tuple(findings), names), **others)


USES = (Place("app/calls.py", 3), Place("app/b c.py", 5), Place("/elsewhere/x.py", 1))
USED = {
    REMOVED: Concern(Usage.USED, USES),
    ADDED: Concern(Usage.PERHAPS, (Place("./app/é.py", 2),)),
}


# -- annotations


@dataclass(frozen=True)
class Annotation:
    kind: str
    properties: Mapping[str, str]
    message: str


def unescape(text: str, **more: str) -> str:
    for code, character in {**more, "%0D": "\r", "%0A": "\n", "%25": "%"}.items():
        text = text.replace(code, character)
    return text


def read_annotations(text: str) -> Iterator[Annotation]:
    """What GitHub's runner reads: a command is a line that begins with two colons."""
    for line in re.split("[\r\n]", text):
        if line.lstrip().startswith("::"):
            head, _, data = line.lstrip()[2:].partition("::")
            kind, _, told = head.partition(" ")
            pairs = (pair.split("=", 1) for pair in told.split(","))
            colons = {"%3A": ":", "%2C": ","}
            properties = {key: unescape(value, **colons) for key, value in pairs}
            yield Annotation(kind, properties, unescape(data))
        else:
            assert not re.search(r"##\w*\[", line)


def annotated(one: Report, command: str = "") -> list[Annotation]:
    return list(read_annotations(render_github(one, DOCUMENT, ROOT, command)))


def test_annotations_are_at_the_lines_of_the_new_document_the_gravest_first() -> None:
    written = render_github(report(), DOCUMENT, ROOT)
    assert written.splitlines()[0] == report().headline
    told = [(a.kind, dict(a.properties)) for a in read_annotations(written)]
    at = {"file": DOCUMENT, "line": "7"}
    assert told == [
        ("error", {**at, "title": "Breaking: type changed"}),
        ("error", {"file": DOCUMENT, "title": "Breaking: property removed"}),
        ("warning", {**at, "title": "Deprecated: deprecated"}),
        ("notice", {**at, "title": "Additive: type added"}),
        ("notice", {**at, "title": "Invisible: type opened"}),
    ]
    assert annotated(report())[0].message.splitlines() == [
        "a.call/size: type changed (property-type-changed)",
        "Graph: breaking. Python: breaks at type-check and at run time.",
        "alters client.b.c()",
    ]


def test_annotations_are_at_the_lines_of_the_application_if_there_is_one() -> None:
    first, second = annotated(report(concerns=USED))
    assert (first.properties["file"], first.properties["line"]) == ("app/calls.py", "3")
    assert first.message.endswith("used app/calls.py:3, app/b c.py:5, /elsewhere/x.py:1")
    assert second.properties["file"] == "app/é.py"


@pytest.mark.parametrize("path", ["../new.xml", "/tmp/new.xml", "metadata/../../new.xml"])
def test_a_file_outside_of_the_repository_is_not_named(path: str) -> None:
    (told,) = read_annotations(render_github(report([ADDED]), path, ROOT))
    assert "file" not in told.properties


def test_github_gets_as_many_annotations_as_it_shows_and_how_many_more_there_are() -> None:
    many = [
        found(rule, f"a.t{number}", old=rule != "type-added")
        for rule in ("property-type-changed", "type-added", "type-opened")
        for number in range(MOST + 4)
    ]
    told = annotated(report(many), "graph-codegen diff a.xml b.xml")
    assert Counter(a.kind for a in told) == {"error": MOST, "notice": MOST}
    last = {a.kind: a.message for a in told}
    assert last["error"] == "and 5 more: graph-codegen diff a.xml b.xml shows all"
    assert (
        last["notice"]
        == f"and {2 * (MOST + 4) - MOST + 1} more: graph-codegen diff a.xml b.xml shows all"
    )
    assert not any("Invisible" in a.properties["title"] for a in told)
    exactly = annotated(report(many[:MOST]))
    assert [a.message.partition(":")[0] for a in exactly] == [f"a.t{n}" for n in range(MOST)]


def test_findings_that_do_not_count_are_no_annotations() -> None:
    told = annotated(report(ignored={REMOVED: "seen"}, concerns={REMOVED: USED[REMOVED]}))
    assert told == []


HOSTILE = st.lists(
    st.sampled_from(
        [
            "::",
            "%",
            "%0A",
            "%3A",
            ",",
            ":",
            "\n",
            "\r",
            "##[error]",
            "::error::",
            "=",
            "](a)",
            "{0}",
            "x",
        ]
    )
    | st.text(max_size=5),
    max_size=6,
).map("".join)


@given(HOSTILE)
def test_no_text_makes_or_changes_an_annotation(text: str) -> None:
    end = End(text, Place(NEW.file, 7), text, text)
    finding = replace(RETYPED, new=end, python=text, methods=MethodChanges(removed=(text,)))
    place = Place(f"app/{text.replace(chr(0), '').replace('/', '')}x.py", 3)
    one = report([finding], concerns={finding: Concern(Usage.USED, (place,))})
    (told,) = annotated(one)
    assert set(told.properties) == {"file", "line", "title"}
    assert told.properties["file"] == log_line(place.file)
    assert told.message.startswith(log_line(f"{log_line(text)}: type changed"))
    assert len(told.message.split("\n")) == 4


# -- SARIF


def validated(one: Report, document: str = DOCUMENT) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(render_sarif(one, document, ROOT, "1.2.3"))
    Draft202012Validator(SCHEMA).validate(content)
    (run,) = content["runs"]
    return dict(run)


def at(location: Mapping[str, Any]) -> tuple[str, int]:
    physical = location["physicalLocation"]
    return unquote(physical["artifactLocation"]["uri"]), physical["region"]["startLine"]


def test_sarif_has_each_finding_with_its_rule_level_and_place() -> None:
    run = validated(report())
    rules = run["tool"]["driver"]["rules"]
    order = ["type-added", "type-opened", "property-removed", "property-type-changed", "deprecated"]
    assert sorted(rule["id"] for rule in rules) == sorted(order)
    told = [
        (rules[one["ruleIndex"]]["id"], one["ruleId"], one["level"], at(one["locations"][0]))
        for one in run["results"]
    ]
    assert told == [
        (rule, rule, level, (DOCUMENT, line))
        for rule, level, line in (
            ("property-type-changed", "error", 7),
            ("property-removed", "error", 1),
            ("deprecated", "warning", 7),
            ("type-added", "note", 7),
            ("type-opened", "note", 7),
        )
    ]
    assert run["results"][0]["message"]["text"] == (
        "a.call/size: type changed. Graph: breaking. Python: breaks at type-check and at run time."
        " Alters client.b.c()."
    )
    assert "new%20file.xml" in json.dumps(run["results"][0])


def test_sarif_knows_every_rule() -> None:
    run = validated(report([found(rule, f"a/{rule}") for rule in RULES]))
    for rule in run["tool"]["driver"]["rules"]:
        assert rule["help"]["text"].startswith("Graph: ")
        assert rule["fullDescription"]["text"].startswith(rule["shortDescription"]["text"])
    assert len(run["tool"]["driver"]["rules"]) == len(RULES)


def test_a_result_is_where_the_application_uses_it_and_names_all_places() -> None:
    first, second = validated(report(concerns=USED))["results"]
    assert at(first["locations"][0]) == ("app/calls.py", 3)
    assert [at(one) for one in first["relatedLocations"]] == [("app/b c.py", 5), (DOCUMENT, 1)]
    assert at(second["locations"][0]) == ("app/é.py", 2)


def test_a_document_outside_of_the_repository_is_named_without_its_folder() -> None:
    (one,) = validated(report([ADDED]), "/tmp/secret/new.xml")["results"]
    assert at(one["locations"][0]) == ("new.xml", 1)


def test_fingerprints_stay_when_lines_and_other_findings_change() -> None:
    def prints(one: Report) -> dict[str, str]:
        return {
            result["message"]["text"]: result["partialFingerprints"]["primaryLocationLineHash"]
            for result in validated(one)["results"]
        }

    before = prints(report())
    assert len(set(before.values())) == len(ONE_OF_EACH)
    moved = found("property-type-changed", "a.call/size", line=99, methods=RETYPED.methods)
    assert prints(report([moved, ADDED])).items() <= before.items()
    twins = prints(report([OPENED, replace(OPENED, python="Call")]))
    assert len(set(twins.values())) == 2


def test_sarif_has_as_many_results_as_github_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST", 3)
    run = validated(report())
    assert [one["level"] for one in run["results"]] == ["error", "error", "warning"]
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == "2 more findings are left out, the least grave ones."
    assert len(run["tool"]["driver"]["rules"]) == 3
    assert [sarif.LEVELS[level] for level in Level] == ["error", "warning", "note", "note"]


@given(HOSTILE)
def test_no_text_is_a_link_or_a_placeholder_in_sarif(text: str) -> None:
    end = End(text, Place(NEW.file, 7), text, text)
    finding = replace(RETYPED, new=end, python=text, methods=MethodChanges(removed=(text,)))
    written = render_sarif(report([finding]), DOCUMENT, ROOT, "1.2.3")
    assert not re.search(r"##\w*\[|^\s*::", written, re.MULTILINE)
    (run,) = json.loads(written)["runs"]
    message = run["results"][0]["message"]["text"]
    assert not re.search(r"\]\(|\{\d", message)
    assert "\n" not in message
