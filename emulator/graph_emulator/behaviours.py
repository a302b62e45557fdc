"""What the emulator does, and how well it is known that the service does the same."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import walk_packages
from typing import Literal

Grade = Literal["D", "D-ACS", "S", "W", "M", "?"]
"""D: documented; D-ACS: by Azure Communication Services, on the same platform; S: in source of
Microsoft's; W: seen on the wire; M: measured; ?: not known, so that no bot may rely on it."""

GRADES: dict[Grade, str] = {
    "D": "documented",
    "D-ACS": "documented for Azure Communication Services, on the same platform",
    "S": "in source of Microsoft's",
    "W": "seen on the wire",
    "M": "measured",
    "?": "not known: rely on it in no bot",
}


_APART = ("__main__", "plugin")
"""The modules that are not imported: a command, and what needs pytest."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One thing that the emulator does: how well it is known, where that is said, what tests it."""

    id: str
    grade: Grade
    source: str
    test: str


def all_behaviours() -> tuple[Behaviour, ...]:
    """Return the behaviours that the modules of the emulator list as BEHAVIOURS, by their ids."""
    package = import_module(__name__.rpartition(".")[0])
    found: list[Behaviour] = []
    for module in walk_packages(package.__path__, f"{package.__name__}."):
        if module.name.rpartition(".")[2] not in _APART:
            found += getattr(import_module(module.name), "BEHAVIOURS", ())
    return tuple(sorted(found, key=lambda behaviour: behaviour.id))


def as_text(behaviours: Iterable[Behaviour]) -> str:
    """Return a table for a terminal: what `--explain` prints."""
    rows = [("behaviour", "grade", "source", "test")]
    rows += [(one.id, one.grade, one.source or "-", one.test) for one in behaviours]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join((*map(str.ljust, row[:3], widths), row[3])).rstrip() for row in rows]
    legend = [f"{grade.ljust(6)} {meaning}" for grade, meaning in GRADES.items()]
    return "\n".join([*lines, "", *legend]) + "\n"


def as_markdown(behaviours: Iterable[Behaviour]) -> str:
    """Return a page of documentation with the table, as Markdown."""
    lines = ["# What the emulator does", "", "How well it is known that Graph does the same:", ""]
    lines += [f"- {grade}: {meaning}" for grade, meaning in GRADES.items()]
    lines += ["", "| behaviour | grade | source |", "| --- | --- | --- |"]
    for one in behaviours:
        source = re.sub(r"https://[^\s:]+", r"<\g<0>>", one.source.replace("|", "\\|"))
        lines.append(f"| `{one.id}` | {one.grade} | {source} |".replace("  ", " "))
    return "\n".join(lines) + "\n"
