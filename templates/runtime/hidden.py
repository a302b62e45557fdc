"""What no repr shows: the values that let whoever reads them act for somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

SECRETS = frozenset(
    name.casefold()
    for name in (
        "recordingAccessToken",
        "token",
        "replacementLink",
        "replacesContext",
        "clientState",
        "passcode",
    )
)
"""The wire names of secrets, casefolded; `token` is that of tokenMeetingInfo."""


def shown(wire_name: str, value: object) -> Any:
    """Return a value as a repr shows it, with an ellipsis in place of each secret in it."""
    if value is None:
        return None
    if wire_name.casefold() in SECRETS:
        return "…"
    if isinstance(value, Mapping):
        members = cast("Mapping[str, object]", value)
        return {name: shown(str(name), member) for name, member in members.items()}
    if isinstance(value, list):
        return [shown("", item) for item in cast("list[object]", value)]
    return value
