"""The segments of a path: names, keys and calls of functions.

Source: OData URL conventions (Part 2), sections 4.3 and 4.5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from graph_codegen.limits import PARAMETERS

_PLACE = re.compile(r"('?)\{[^{}]+\}\1")
"""Where a path has a value, which may be text in quotes."""

_KEYED = re.compile(r"(?P<name>[^().]+)(?P<key>\(.+\))")
"""A name with something in parentheses: a key, or the arguments of a function that has no namespace."""

ARGUMENT = re.compile(r"(?P<name>[^=,]+)='?(?:\{(?P<value>[^{}]+)\}|@(?P<alias>[^,']+))'?")
"""A part of a key, or an argument of a function: the value itself, or its alias."""


@dataclass(frozen=True, slots=True)
class KeySegment:
    """A key on a path: `names` are those that its parts have there, if they have any.

    `alone` says that it is a segment of its own, `/{id}`, and not in parentheses.
    """

    names: tuple[str, ...] = ()
    alone: bool = False


def parse_key(segment: str) -> KeySegment | None:
    """Return the key that a segment is, None if it is none."""
    inside = segment[1:-1] if in_parentheses(segment) else segment
    alone = inside == segment
    if _PLACE.fullmatch(inside):
        return KeySegment(alone=alone)
    if "=" not in inside or "(" in inside or inside.count(",") > PARAMETERS:
        return None
    parts = [ARGUMENT.fullmatch(part) for part in split(inside, ",")]
    names = tuple(part["name"] for part in parts if part and part["value"])
    if len(names) < max(1, len(parts)) or (alone and len(names) == 1):
        return None
    return KeySegment(names, alone)


def in_parentheses(segment: str) -> bool:
    """Whether a segment is what is in parentheses after the one in front of it."""
    return segment.startswith("(") and segment.endswith(")")


def segments_of(path: str) -> list[str]:
    """Return the segments of a path; what is in parentheses after a mere name is one of its own."""
    found: list[str] = []
    for segment in split(path):
        keyed = _KEYED.fullmatch(segment)
        found += (keyed["name"], keyed["key"]) if keyed else (segment,)
    return found


def join(path: str, segment: str) -> str:
    """Return a path with one more segment."""
    return path + segment if in_parentheses(segment) else f"{path}/{segment}"


def split(path: str, at: str = "/") -> list[str]:
    """Split a path, by default into its segments, but not inside of parentheses, quotes or braces."""
    found: list[str] = []
    start, depth, quoted = 0, 0, False
    for index, character in enumerate(path):
        quoted = quoted != (character == "'")
        depth += (character in "({") - (character in ")}")
        if character == at and not quoted and depth <= 0:
            found.append(path[start:index])
            start = index + 1
    found.append(path[start:])
    return [segment for segment in found if segment]
