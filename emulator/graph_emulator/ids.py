"""Identifiers and chance from a seed, so that every run of a script is the same."""

from __future__ import annotations

import random
from collections import Counter
from functools import cached_property
from hashlib import sha256
from uuid import UUID


class Seeded:
    """Makes GUIDs and decides by chance, the same for the same seed.

    GUIDs are counted by what they are for, so that a request more does not change the ids of calls.
    """

    def __init__(self, seed: object) -> None:
        self._seed = seed
        self._made: Counter[str] = Counter()

    def guid(self, purpose: str) -> str:
        """Return a new GUID for a purpose, of version 4, in lower case with hyphens."""
        self._made[purpose] += 1
        digest = sha256(f"{self._seed}/{purpose}/{self._made[purpose]}".encode()).digest()
        return str(UUID(bytes=digest[:16], version=4))

    def below(self, name: str) -> Seeded:
        """Return what makes GUIDs and decides for a part of the service, which others do not change."""
        return Seeded(f"{self._seed}/{name}")

    @cached_property
    def random(self) -> random.Random:
        """What decides by chance."""
        return random.Random(str(self._seed))  # noqa: S311 - the same for a seed, no secrets


def same_id(text: str) -> str:
    """Return an id in the one spelling by which ids are compared: Graph writes GUIDs in several."""
    if len(text) < 32:
        return text
    compact = text.replace("-", "").strip("{}").lower()
    if len(compact) == 32 and set(compact) <= set("0123456789abcdef"):
        return str(UUID(compact))
    return text
