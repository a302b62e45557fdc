"""The levels that a configuration gives to rules: `[diff.levels]`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from types import MappingProxyType

from graph_codegen.diff.verdict.findings import Finding, Level
from graph_codegen.diff.verdict.rules import RULES
from graph_codegen.errors import error
from graph_codegen.text import shorten

NO_LEVELS: Mapping[str, str] = MappingProxyType({})

_TABLE = "[diff.levels]"


def with_levels(findings: Iterable[Finding], given: Mapping[str, str]) -> tuple[Finding, ...]:
    """Return findings with the levels that someone gave to their rules, in words, by the ids of the rules.

    Raises CodegenError for what is not the id of a rule, and for what is not a level.
    """
    levels = {rule: _level(rule, level) for rule, level in given.items()}
    return tuple(
        replace(finding, chosen=levels[finding.rule.id]) if finding.rule.id in levels else finding
        for finding in findings
    )


def _level(rule: str, level: str) -> Level:
    if rule not in RULES:
        near = get_close_matches(rule, RULES, 1)
        hint = f"did you mean {near[0]}?" if near else "docs/rules.md lists them"
        raise error(f"{shorten(rule)} is not a rule: {hint}", _TABLE)
    if level not in {*Level}:
        raise error(f"{rule} is {shorten(level)}, which is none of {', '.join(Level)}", _TABLE)
    return Level(level)
