"""JSON whose types nobody has checked: what is of another type than expected counts as empty."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from pydantic_core import to_json

Json = Any


def object_of(value: object) -> Mapping[str, Json]:
    """Return an object; an empty one for anything else."""
    return cast("Mapping[str, Json]", value) if isinstance(value, dict) else {}


def list_of(value: object) -> list[Json]:
    """Return a list; an empty one for anything else."""
    return [*cast("Iterable[Json]", value)] if isinstance(value, list) else []


def number_of(value: object) -> int | None:
    """Return a whole number of 64 bits, which may have been sent as text; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if value.bit_length() < 64 else None


def text_of(value: object) -> str:
    """Return a text; an empty one for anything else."""
    return value if isinstance(value, str) else ""


def dump_json(value: Json) -> str:
    """Return JSON, or dataclasses of it, as the text that a store has of it."""
    return to_json(value).decode()
