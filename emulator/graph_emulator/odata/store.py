"""Entities by their paths, with what has been done to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from graph_comms.bot.json_values import Json, object_of

Change = Literal["created", "updated", "deleted"]

Path = tuple[str, ...]
"""The segments of an address, with keys in the one spelling by which they are compared."""


@dataclass(eq=False, slots=True, kw_only=True)
class Record:
    """An entity without those that it leads to: they are records of their own.

    `owner` is the user below whom it can be found, too; `number` that of the change that made it,
    `version` that of its last one, `streams` its media by property, each with its media type.
    """

    path: Path
    value: dict[str, Json]
    owner: str | None
    number: int
    version: int
    streams: dict[str, tuple[str, bytes]] = field(default_factory=dict[str, tuple[str, bytes]])

    @property
    def etag(self) -> str:
        """The entity tag, a weak one (RFC 9110, section 8.8.3)."""
        return f'W/"{self.version}"'

    def belongs_to(self, owner: str | None) -> bool:
        """Whether it can be found below a user; None is everybody.

        What is below an entity of a collection that users share is found wherever that is.
        """
        return owner is None or owner == self.owner or len(self.path) > 3


class Store:
    """Records by path. Every change has a number, by which later ones are found."""

    def __init__(self) -> None:
        self._below: dict[Path, dict[str, Record]] = {}
        self._inside: dict[Path, set[Path]] = {}
        self._removed: dict[Path, dict[str, int]] = {}
        self._links: dict[Path, Path] = {}
        self.version = 0
        self.on_change: list[Callable[[Change, Record], None]] = []
        """Called after each change of a record; after its removal with what it was."""

    def clear(self) -> None:
        """Forget all records."""
        self._below.clear()
        self._inside.clear()
        self._removed.clear()
        self._links.clear()

    def get(self, path: Path) -> Record | None:
        """Return the record at a path."""
        found = self._below.get(path[:-1], {}).get(path[-1])
        target = self._links.get(path) if found is None else None
        return found if target is None else self._below.get(target[:-1], {}).get(target[-1])

    def link(self, path: Path, target: Path | None) -> None:
        """Let a path lead to a record of another path, or to nothing any more."""
        if target is None:
            self._links.pop(path, None)
        else:
            self._links[path] = target
            self._note(path)

    def below(self, path: Path) -> Iterator[tuple[str, Record]]:
        """Yield the records of a collection with their keys, the oldest first."""
        yield from list(self._below.get(path, {}).items())

    def add(self, path: Path, value: dict[str, Json], owner: str | None = None) -> Record:
        """Keep a new entity."""
        number = self._next()
        record = Record(path=path, value=value, owner=owner, number=number, version=number)
        self._below.setdefault(path[:-1], {})[path[-1]] = record
        self._note(path)
        self._removed.get(path[:-1], {}).pop(path[-1], None)
        self._tell("created", record)
        return record

    def merge(self, record: Record, changes: dict[str, Json]) -> None:
        """Change the properties that are given, and those inside them (OData Protocol 4.01, 11.4.3)."""
        record.value = _merged(record.value, changes)
        self.touch(record)

    def touch(self, record: Record) -> None:
        """Note that a record was changed."""
        record.version = self._next()
        self._tell("updated", record)

    def remove(self, path: Path) -> None:
        """Forget a record and all that is below it."""
        record = self._below[path[:-1]].pop(path[-1])
        self._removed.setdefault(path[:-1], {})[path[-1]] = self._next()
        self._inside.get(path[:-1], set()).discard(path)
        self._forget_below(path)
        self._tell("deleted", record)

    def removed(self, path: Path, since: int) -> list[tuple[int, str]]:
        """Return what was removed from a collection after a change: the number of that, and the key."""
        return [(at, key) for key, at in self._removed.get(path, {}).items() if at > since]

    def _note(self, path: Path) -> None:
        """Note what a path is inside of, so that what is below it can be found."""
        while len(path) > 1:
            inside = self._inside.setdefault(path[:-1], set())
            if path in inside:
                break
            inside.add(path)
            path = path[:-1]

    def _forget_below(self, path: Path) -> None:
        self._below.pop(path, None)
        self._removed.pop(path, None)
        self._links.pop(path, None)
        for inner in self._inside.pop(path, ()):
            self._forget_below(inner)

    def _tell(self, change: Change, record: Record) -> None:
        for on_change in self.on_change:
            on_change(change, record)

    def _next(self) -> int:
        self.version += 1
        return self.version


def _merged(old: Mapping[str, Json], new: Mapping[str, Json]) -> dict[str, Json]:
    merged = {**old, **new}
    for name, value in new.items():
        before, after = object_of(old.get(name)), object_of(value)
        kind = before.get("@odata.type")
        if before and after and after.get("@odata.type", kind) == kind:
            merged[name] = _merged(before, after)
    return merged
