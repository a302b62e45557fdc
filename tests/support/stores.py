"""Stores to test, each with a place of its own, and a clock that stands until it is set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from graph_comms.bot.clock import Clock
from graph_comms.bot.memory import MemoryStore
from graph_comms.bot.sqlite import SQLiteStore
from graph_comms.bot.store import Store

SHARED_KINDS = ("sqlite",)
KINDS = ("memory", *SHARED_KINDS)


class StandingClock:
    """A clock that shows `time`, seconds since 1970, until it is set to another."""

    def __init__(self, time: float) -> None:
        self.time = time

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError("nothing in a store waits for a time to come")


@dataclass(frozen=True)
class Place:
    """Where the records of a store are: values made of one place share them, unless in memory."""

    kind: str
    address: str

    def apart(self) -> Place:
        """Return another place of the same kind, where nothing is yet."""
        return Place(self.kind, f"{self.address}-{uuid4().hex}")

    def store(self, clock: Clock | None = None) -> Store:
        if self.kind == "sqlite":
            return SQLiteStore(self.address, clock=clock)
        return MemoryStore(clock=clock)


@contextmanager
def place_of(kind: str, folder: Path) -> Iterator[Place]:
    """Make a place for stores of a kind."""
    yield Place(kind, str(folder / "store.sqlite"))
