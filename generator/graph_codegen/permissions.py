"""`metadata/permissions.json`: the documented permissions of operations, as facts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graph_codegen import factfile

FILE = "permissions.json"

Rules = Mapping[str, tuple[Mapping[str, Any], ...]]
"""The rules by method and path (`POST /communications/calls`), as arguments of `PermissionRule`."""


def load(folder: Path) -> Rules:
    """Read the rules from a metadata folder; a folder without the file knows none.

    Raises CodegenError when the file is not understood.
    """
    return factfile.read(folder / FILE, "the permissions are", _rules, {})


def _rules(content: dict[str, Any]) -> Rules:
    return {
        request: tuple(map(_rule, facts["application"]))
        for request, facts in content["operations"].items()
    }


FIELDS = ("shape", "description", "source", "when", "at_least", "odata_type", "any_of", "all_of")
"""What a rule may say; the runtime's `PermissionRule` has the same fields, in this order."""


def _rule(fact: Mapping[str, Any]) -> Mapping[str, Any]:
    unknown = fact.keys() - set(FIELDS)
    if unknown:
        raise ValueError(f"a rule says {', '.join(sorted(unknown))}")
    lists = {name: tuple(fact[name]) for name in ("any_of", "all_of") if name in fact}
    return {name: lists.get(name, fact[name]) for name in FIELDS if name in fact}
