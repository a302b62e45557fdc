"""The ignore file: findings that somebody has reviewed, with a reason and an expiry date.

[[ignore]]
rule = "property-removed"
element = "microsoft.graph.call/subject"   # * matches any text, ? any character
reason = "we never set a subject"
expires = 2027-06-30
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, cast

from graph_codegen.diff.verdict.findings import Finding
from graph_codegen.diff.verdict.rules import RULES
from graph_codegen.errors import Diagnostic, Place, error
from graph_codegen.reading import read_bytes
from graph_codegen.text import shorten

LARGEST = 100_000
"""Bytes of an ignore file: some thousand entries. Each is compared with every finding."""

_FIELDS = ("rule", "element", "reason", "expires")
_HEADER = re.compile(r"^[ \t]*\[\[\s*ignore\s*\]\]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: ignores findings of a rule on matching elements, up to and including a day."""

    rule: str
    element: str
    reason: str
    expires: date
    place: Place

    def matches(self, finding: Finding) -> bool:
        """Whether a finding is of the rule, and the element matches on either side."""
        ends = (end.element for end in (finding.old, finding.new) if end)
        return finding.rule.id == self.rule and any(fnmatchcase(e, self.element) for e in ends)


def load_ignore_file(path: Path) -> tuple[Entry, ...]:
    """Read an ignore file. Raises CodegenError, with the line, for anything invalid in it."""
    try:
        text = read_bytes(path, LARGEST + 1).decode("utf-8-sig").replace("\r\n", "\n")
        if len(text) > LARGEST:
            raise error(f"the ignore file has more than {LARGEST:,} characters", str(path))
        data = tomllib.loads(text)
    except OSError as problem:
        raise error(f"cannot read the ignore file: {problem.strerror}", str(path)) from None
    except (ValueError, RecursionError) as problem:
        raise error(f"the ignore file is not understood: {problem}", str(path)) from None
    if data.keys() - {"ignore"} or not isinstance(data.get("ignore", []), list):
        raise error("the ignore file holds [[ignore]] entries and nothing else", str(path))
    entries: list[Any] = data.get("ignore", [])
    lines = [text[: header.start()].count("\n") + 1 for header in _HEADER.finditer(text)]
    # Inline entries have no header: for them only the file is known.
    lines += [0] * len(entries)
    return tuple(
        _entry(entry, Place(str(path), line)) for entry, line in zip(entries, lines, strict=False)
    )


def _entry(entry: Any, place: Place) -> Entry:
    if not isinstance(entry, dict) or entry.keys() != set(_FIELDS):
        raise error(f"an entry has {', '.join(_FIELDS)}, and nothing else", place)
    fields = cast("dict[str, Any]", entry)
    rule, element, reason, expires = (fields[name] for name in _FIELDS)
    if not isinstance(rule, str) or rule not in RULES:
        raise error(f"there is no rule {shorten(str(rule))}", place)
    if not isinstance(element, str) or not element:
        raise error("the element is the name of one, as findings show it", place)
    if not isinstance(reason, str) or not reason.strip():
        raise error("the reason is empty", place)
    if type(expires) is not date:
        raise error("expires is a date such as 2027-06-30, without quotes", place)
    return Entry(rule, element, reason, expires, place)


def find_ignored(
    entries: Sequence[Entry], findings: Iterable[Finding], today: date
) -> tuple[dict[Finding, str], tuple[Diagnostic, ...]]:
    """Return the ignored findings with their reasons, and diagnostics about outdated entries.

    An entry that has expired, or that matches nothing, ignores nothing and gets a diagnostic.
    """
    reasons: dict[Finding, str] = {}
    diagnostics: list[Diagnostic] = []
    found = tuple(findings)
    for entry in entries:
        matching = [finding for finding in found if entry.matches(finding)]
        about = entry.element, entry.rule
        if not matching:
            diagnostics.append(Diagnostic("the entry matches no finding", entry.place, *about))
        elif entry.expires < today:
            message = f"the entry expired on {entry.expires}: its findings count again"
            diagnostics.append(Diagnostic(message, entry.place, *about))
        else:
            reasons |= {finding: entry.reason for finding in matching if finding not in reasons}
    return reasons, tuple(diagnostics)
