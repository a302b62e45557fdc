"""The number of the form in which state is stored, by which processes of two versions share a store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .json_values import dump_json


class NewerFormatError(Exception):
    """A newer version of the kit has stored this, which leaves it to processes of that version."""


def dump(members: Mapping[str, Any], number: int) -> str:
    """Return members of JSON as a text with the number of their form."""
    return dump_json({"format": number, **members})


def load(text: str, number: int) -> dict[str, Any]:
    """Return the members in a text; raises NewerFormatError where its number is greater than that."""
    members: dict[str, Any] = json.loads(text)
    if members.pop("format") > number:
        raise NewerFormatError("it was stored by a newer version of the bot kit")
    return members
