"""Renders the report as SARIF 2.1.0, which code scanning reads.

Sources: https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html;
what GitHub takes of it is at https://docs.github.com/code-security/reference/code-scanning/sarif-files/sarif-support.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from graph_codegen.diff.report.report import (
    EFFECTS,
    POLICIES,
    Report,
    describe_change,
    describe_deprecation,
    describe_python,
    describe_usage,
    describe_verdicts,
)
from graph_codegen.diff.report.where import find_places
from graph_codegen.diff.verdict.findings import Finding, Level
from graph_codegen.diff.verdict.rules import RULES, Rule
from graph_codegen.errors import Place
from graph_codegen.text import json_source, shorten

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

MOST = 25_000
"""How many results GitHub takes; of those it shows the gravest 5,000."""

RELATED = 99
"""How many places of a result are named beside the first: GitHub shows 100."""

LONGEST = 1_000
"""Characters of a name or value that a message shows."""

LEVELS: Mapping[Level, str] = {
    Level.BREAKING: "error",
    Level.DEPRECATED: "warning",
    Level.ADDITIVE: "note",
    Level.INVISIBLE: "note",
}

# A link in a message, and a placeholder.
_MARKUP = re.compile(r"(?<=\])\(|\{(?=\d)")


def render_sarif(report: Report, document: str, root: Path, version: str) -> str:
    """Return a report as SARIF: a result for each finding that counts, the gravest first.

    Results are at what the application uses, else in the new document, whose path is `document`; paths are
    relative to `root`. `version` is that of graph-codegen. A result has the same fingerprint whatever else
    changes, and wherever its lines go.
    """
    findings = [finding for level in Level for finding in report.at(level)]
    shown, more = findings[:MOST], len(findings[MOST:])
    found = {finding.rule.id for finding in shown}
    rules = [rule for rule in RULES.values() if rule.id in found]
    index = {rule.id: number for number, rule in enumerate(rules)}
    prints = _fingerprints(shown)
    note = f"{more:,} more findings are left out, the least grave ones."
    content = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "graph-codegen",
                        "semanticVersion": version,
                        "rules": [_rule(rule) for rule in rules],
                    }
                },
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": (
                            [{"level": "warning", "message": {"text": note}}] if more else []
                        ),
                    }
                ],
                "results": [
                    {
                        "ruleId": finding.rule.id,
                        "ruleIndex": index[finding.rule.id],
                        "level": LEVELS[finding.level],
                        "message": {"text": " ".join(_message(finding, report))},
                        **_locations(find_places(report, finding, document, root), document),
                        "partialFingerprints": {"primaryLocationLineHash": next(prints)},
                    }
                    for finding in shown
                ],
            }
        ],
    }
    return json_source(content)


def _rule(rule: Rule) -> dict[str, Any]:
    effect = EFFECTS[rule.effect] if rule.effect else "Python: depends on the client's methods"
    told = f"{POLICIES[rule.policy]}. {effect}. docs/rules.md explains it, with an example."
    return {
        "id": rule.id,
        "shortDescription": {"text": f"{rule.title[:1].upper()}{rule.title[1:]}"},
        "fullDescription": {"text": f"{rule.title[:1].upper()}{rule.title[1:]}. {told}"},
        "help": {"text": told},
    }


def _message(finding: Finding, report: Report) -> Iterator[str]:
    """Yield the sentences of a message."""
    yield f"{_text(finding.element)}: {describe_change(finding, _text)}."
    yield describe_verdicts(finding)
    if deprecation := describe_deprecation(finding, report.on):
        yield _text(deprecation)
    for told in (describe_python(finding, _text), describe_usage(report, finding, _text)):
        if told:
            yield f"{told[:1].upper()}{told[1:]}."


def _text(text: str) -> str:
    """Return a text that is only text in a message."""
    return _MARKUP.sub(lambda found: f"\\u{ord(found[0]):04x}", shorten(text, LONGEST))


def _locations(places: tuple[Place, ...], document: str) -> dict[str, Any]:
    first, *others = places or (Place(Path(document).name),)
    return {
        "locations": [_location(first)],
        "relatedLocations": [_location(place) for place in others[:RELATED]],
    }


def _location(place: Place) -> dict[str, Any]:
    uri = quote(os.fsencode(place.file))
    region = {"startLine": max(place.line, 1)}
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}


def _fingerprints(findings: list[Finding]) -> Iterator[str]:
    """Yield what is the same for a finding in each run, and other than those of all others in one."""
    seen: Counter[str] = Counter()
    for finding in findings:
        ends = (end.element if end else "" for end in (finding.old, finding.new))
        identity = "\0".join((finding.rule.id, finding.kind, *ends))
        digest = hashlib.sha256(identity.encode(errors="surrogatepass")).hexdigest()[:16]
        seen[digest] += 1
        yield f"{digest}:{seen[digest]}"
