"""Identifiers and chance from a seed, so that every run of a script is the same."""

from __future__ import annotations

import random
from uuid import UUID


class Seeded:
    """Makes GUIDs and decides by chance, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - the same ids for a seed, no secrets

    def guid(self) -> str:
        """Return a new GUID, of version 4, in lower case with hyphens."""
        return str(UUID(int=self.random.getrandbits(128), version=4))


def same_id(text: str) -> str:
    """Return an id in the one spelling by which ids are compared: Graph writes GUIDs in several."""
    compact = text.replace("-", "").strip("{}").lower()
    if len(compact) == 32 and set(compact) <= set("0123456789abcdef"):
        return str(UUID(compact))
    return text
