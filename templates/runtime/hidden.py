"""What no repr shows: the values that let whoever reads them act for somebody else."""

from __future__ import annotations

import re
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
        "validationToken",
        "validationTokens",
        "blob",
        "passcode",
        "joinInformation",
        "incomingContext",
        "phone",
    )
)
"""The wire names of secrets, casefolded.

`token` is that of tokenMeetingInfo, `blob` that of appHostedMediaConfig; joinInformation is a text that
has the passcode in it, and `phone` the identity of somebody by their number.
"""

_QUERY = re.compile(r"(://[^\s?#]*\?)\S+")
"""The query of an address, which may hold a signature, a passcode or what somebody searched for."""


def shown(wire_name: str, value: object) -> Any:
    """Return a value as a repr shows it, with an ellipsis in place of each secret in it.

    Of an address, the query is hidden.
    """
    if value is None:
        return None
    if wire_name.casefold() in SECRETS:
        return "…"
    if isinstance(value, Mapping):
        members = cast("Mapping[str, object]", value)
        return {name: shown(str(name), member) for name, member in members.items()}
    if isinstance(value, list):
        return [shown("", item) for item in cast("list[object]", value)]
    if type(value) is str:
        return _QUERY.sub(r"\1…", value)
    return value


class HidingDict(dict[str, Any]):
    """A dictionary by wire names, whose repr is as `shown` says."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(shown("", self))
