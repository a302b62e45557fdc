"""What a store must do to hold the state of calls, so that several processes can share it.

A store knows nothing of calls. It holds records of named texts, each record with a version, and
replaces them only if nobody else has since. Leases, queues and deadlines are built on that alone. The
texts have secrets of calls in them, so that no repr shows them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it was read.

    `version` is 1 for a new record, and one more with each change. `parts` are the texts that were
    asked for, by name, as far as the record has them.
    """

    version: int
    parts: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mark:
    """The trace of a delivery, by which a second one is recognised until the time `expires`."""

    key: str
    expires: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What replaces parts of a record, and how the record is found afterwards.

    Times are seconds since 1970. `parts` has the new text by name, or None to remove the part; others
    stay. `due` is when somebody has to look at the record next, None for never. `pending` is the
    number of events in it that wait for their handlers, `live` whether `live()` lists it. The store
    may forget the record after `expires`. With a `mark` the change is made only if there is no such
    mark yet, and the mark is made with it, both or neither.
    """

    parts: Mapping[str, str | None] = field(repr=False)
    expires: float
    due: float | None = None
    pending: int = 0
    live: bool = True
    mark: Mark | None = None


class Outcome(Enum):
    """What became of a change."""

    WRITTEN = "written"
    CONFLICT = "conflict"
    """The record has another version by now: read it again."""
    DUPLICATE = "duplicate"
    """The mark exists: nothing was changed."""


class StoreError(Exception):
    """A store cannot be reached, or did not do what it was asked to; what caused it is `__cause__`."""


def kind_of(key: str) -> str:
    """Return the kind of a record's key: what comes before the first slash."""
    return key.partition("/")[0]


class Store(Protocol):
    """Records by key, with compare-and-swap and a way to wait for changes.

    A key is `kind/id`, such as `call/4a1c…`. Every method raises StoreError where the store fails.
    The same store value may be used by several event loops, one after the other.
    """

    @property
    def shared(self) -> bool:
        """Whether other processes see what this one writes."""
        ...

    async def open(self) -> None:
        """Get ready for use in this event loop; again without effect."""
        ...

    async def close(self) -> None:
        """Release what `open` took. What a memory held is gone only with the store itself."""
        ...

    async def read(self, key: str, names: Collection[str]) -> Record | None:
        """Return parts of a record; None if there is none of that key."""
        ...

    async def swap(self, key: str, version: int, change: Change) -> Outcome:
        """Change the record if it still has that version; 0 means that there must be none.

        A mark is looked for first, so that a duplicate is one whatever the version.
        """
        ...

    async def remove(self, key: str, version: int) -> bool:
        """Remove the record if it still has that version; return whether it did."""
        ...

    async def due(self, kind: str, now: float, limit: int) -> Sequence[str]:
        """Return the keys of a kind that are due, the longest due first, `limit` at most."""
        ...

    async def next_due(self, kind: str) -> float | None:
        """Return the earliest time at which a record of a kind is due; None if there is none."""
        ...

    async def pending(self, kind: str) -> int:
        """Return how many events wait, over all records of a kind."""
        ...

    def live(self, kind: str) -> AsyncIterator[str]:
        """Yield the keys of the live records of a kind, in no order; each at least once if it stays."""
        ...

    async def changes(self, cursor: str | None) -> tuple[str, frozenset[str] | None]:
        """Wait up to a second for changes after a cursor; return the next cursor and the keys changed.

        None as the cursor begins now and returns at once. Changes of this process may be among them. The
        keys are None if more has changed than the store remembers: it may have been any.
        """
        ...
