"""The events of a call that wait for their handlers, and who may run these: pure values.

A process runs the handlers of a call only while it holds the call's lease. Each lease has a number
that grows, and every step names the number it was taken under: a process that was stopped for longer
than its lease, and is refused, cannot remove or start what another process has taken over meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .json_values import dump_json


class LeaseLostError(Exception):
    """Another process has taken over the call."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event in the queue: its number, its kind, and the number of the notification it came from.

    `started` says that some process has begun to handle it, which may have died since.
    """

    number: int
    kind: str
    source: int
    late: bool = False
    started: bool = False


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run the handlers of a call: its number, who has it, and until when (seconds)."""

    number: int
    owner: str
    until: float


@dataclass(frozen=True, slots=True)
class Work:
    """The queue of a call in the order of its events, and the lease; `last` counts both."""

    entries: tuple[Entry, ...] = ()
    lease: Lease | None = None
    last: int = 0

    def with_events(self, kinds: Sequence[tuple[str, bool]]) -> Work:
        """Add events of one notification, each a kind and whether it is late."""
        source = self.last + 1
        added = tuple(
            Entry(source + at, kind, source, late) for at, (kind, late) in enumerate(kinds, start=1)
        )
        return replace(self, entries=self.entries + added, last=source + len(added))

    def free(self, now: float) -> bool:
        """Whether nobody holds the lease."""
        return self.lease is None or self.lease.until <= now

    def leased(self, owner: str, until: float) -> Work:
        """Give the lease to somebody; the caller has checked that it is free."""
        number = self.last + 1
        return replace(self, lease=Lease(number, owner, until), last=number)

    def renewed(self, lease: int, until: float) -> Work:
        """Make a lease last longer; raises LeaseLostError."""
        return replace(self, lease=replace(self.held(lease), until=until))

    def released(self, lease: int) -> Work:
        """Give a lease back; raises LeaseLostError."""
        self.held(lease)
        return replace(self, lease=None)

    def started(self, lease: int, number: int) -> Work:
        """Note that an event is being handled; raises LeaseLostError."""
        self.held(lease)
        entries = tuple(
            replace(entry, started=True) if entry.number == number else entry
            for entry in self.entries
        )
        return replace(self, entries=entries)

    def done(self, lease: int, number: int) -> Work:
        """Remove an event that was handled; raises LeaseLostError."""
        self.held(lease)
        return replace(self, entries=tuple(e for e in self.entries if e.number != number))

    def held(self, number: int) -> Lease:
        """Return the lease, if it still is the one of that number; raises LeaseLostError."""
        if self.lease is None or self.lease.number != number:
            raise LeaseLostError("another process has taken over the call")
        return self.lease

    def obsolete(self, before: Work) -> list[str]:
        """Return the names of the parts that `before` needed and this does not."""
        numbers = {entry.number for entry in self.entries}
        sources = {entry.source for entry in self.entries}
        gone = [entry for entry in before.entries if entry.number not in numbers]
        return [event_part(entry.number) for entry in gone] + sorted(
            {source_part(entry.source) for entry in gone if entry.source not in sources}
        )

    def dump(self) -> str:
        """Return it as JSON; entries are lists, as a roster may make a thousand of them."""
        fields = {
            "entries": [(e.number, e.kind, e.source, e.late, e.started) for e in self.entries],
            "lease": self.lease,
            "last": self.last,
        }
        return dump_json(fields)

    @classmethod
    def load(cls, text: str) -> Work:
        """Read what `dump` wrote."""
        fields: dict[str, Any] = json.loads(text)
        return cls(
            entries=tuple(Entry(*entry) for entry in fields["entries"]),
            lease=Lease(**fields["lease"]) if fields["lease"] else None,
            last=fields["last"],
        )


def event_part(number: int) -> str:
    """Return the name of the part that holds what an event says."""
    return f"event/{number}"


def source_part(number: int) -> str:
    """Return the name of the part that holds a notification."""
    return f"source/{number}"
