"""`metadata/permissions.json`: the documented permissions of operations, as facts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graph_codegen.diagnostics import error

FILE = "permissions.json"

Rules = Mapping[str, tuple[Mapping[str, Any], ...]]
"""The rules by method and path (`POST /communications/calls`), as arguments of `PermissionRule`."""


def load(folder: Path) -> Rules:
    """Read the rules from a metadata folder; a folder without the file knows none.

    Raises CodegenError when the file is not understood.
    """
    path = folder / FILE
    if not path.exists():
        return {}
    try:
        operations = json.loads(path.read_text(encoding="utf-8"))["operations"]
        return {
            request: tuple(map(_rule, facts["application"]))
            for request, facts in operations.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise error(f"the permissions are not understood: {problem}", str(path)) from None


FIELDS = ("shape", "description", "source", "when", "at_least", "odata_type", "any_of", "all_of")
"""What a rule may say; the runtime's `PermissionRule` has the same fields, in this order."""


def _rule(fact: Mapping[str, Any]) -> Mapping[str, Any]:
    unknown = fact.keys() - set(FIELDS)
    if unknown:
        raise ValueError(f"a rule says {', '.join(sorted(unknown))}")
    lists = {name: tuple(fact[name]) for name in ("any_of", "all_of") if name in fact}
    return {name: lists.get(name, fact[name]) for name in FIELDS if name in fact}
