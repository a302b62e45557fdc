"""What the emulator does, and how well it is known that the service does the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Grade = Literal["D", "D-ACS", "S", "W", "M", "?"]
"""D: documented; D-ACS: by Azure Communication Services, on the same platform; S: in source of
Microsoft's; W: seen on the wire; M: measured; ?: not known, so that no bot may rely on it."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One thing that the emulator does: how well it is known, where that is said, what tests it."""

    id: str
    grade: Grade
    source: str
    test: str
