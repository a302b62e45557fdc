"""Tells apart what would have one name in Python.

Of the things in one place that would have the same name, one keeps it; each of the others has a digest of its
own name on the wire added, the same in every document. A name that collides with none never changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

Join = Callable[[str, str], str]
"""Adds a digest to a name."""

NONE: frozenset[str] = frozenset()


def snake_with(name: str, digest: str) -> str:
    """Add a digest to a name in snake_case."""
    return f"{name.rstrip('_')}_{digest}"


def pascal_with(name: str, digest: str) -> str:
    """Add a digest to the name of a class."""
    return f"{name}{digest.upper()}"


def constant_with(name: str, digest: str) -> str:
    """Add a digest to the name of a constant."""
    return f"{name.rstrip('_')}_{digest.upper()}"


def rank(wire: str) -> tuple[int, str, str]:
    """Return the order in which names on the wire keep their spelling: short ones, then small letters."""
    return len(wire), wire.swapcase(), wire


def settle(
    claims: Mapping[str, Sequence[str]],
    join: Join,
    *,
    taken: Collection[str] = NONE,
    fixed: Collection[str] = NONE,
) -> Mapping[str, tuple[str, ...]]:
    """Return the names of things that are in one place, all different.

    `claims` are the names in Python that each would have, by its name on the wire. Names that are `taken`
    belong to something else; of the others, the things in `fixed` keep theirs before any other.
    """
    every = [name for names in claims.values() for name in names]
    if len({*every}.difference(taken)) == len(every):  # as nearly always
        return {wire: tuple(names) for wire, names in claims.items()}
    claimants: dict[str, list[str]] = {}
    for wire, names in claims.items():
        for name in names:
            claimants.setdefault(name, []).append(wire)
    giving_way: set[str] = set()
    for name, wires in claimants.items():
        keeps = None if name in taken else first(wires, fixed)
        giving_way.update(wire for wire in wires if wire != keeps)
    found = {wire: tuple(names) for wire, names in claims.items() if wire not in giving_way}
    used = {*claimants, *taken}
    for wire in sorted(giving_way, key=rank):
        for digest in digests(wire):
            found[wire] = tuple(join(name, digest) for name in claims[wire])
            if used.isdisjoint(found[wire]):
                break
        used.update(found[wire])
    return {wire: found[wire] for wire in claims}


def first(wires: Iterable[str], fixed: Collection[str] = NONE) -> str:
    """Return which of several things keeps the name that all of them would have."""
    return min(wires, key=lambda wire: (wire not in fixed, rank(wire)))


def digests(wire: str) -> Iterator[str]:
    """Yield what can be added to the name of a thing: four digits unless that is the name of another."""
    digest = hashlib.sha256(wire.encode()).hexdigest()
    yield from (digest[:length] for length in range(4, len(digest)))
    while True:
        yield digest
        digest += "0"
