"""A store in a file, which the processes of one machine share."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary, WeakSet

import anyio
from anyio.to_thread import run_sync

from .clock import Clock, SystemClock
from .store import Change, Outcome, Record, StoreError, kind_of
from .waiting import in_thread

T = TypeVar("T")

SCHEMA = 1
"""The number of the form of the file; it grows when older versions cannot use it."""

_TABLES = """
CREATE TABLE records (
    key TEXT PRIMARY KEY, kind TEXT NOT NULL, version INTEGER NOT NULL, due REAL,
    pending INTEGER NOT NULL, live INTEGER NOT NULL, expires REAL NOT NULL, changed INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX due ON records (kind, due) WHERE due IS NOT NULL;
CREATE INDEX pending ON records (kind, pending) WHERE pending > 0;
CREATE INDEX live ON records (kind, key) WHERE live;
CREATE INDEX changed ON records (changed);
CREATE INDEX expires ON records (expires);
CREATE TABLE parts (
    key TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (key, name)
) WITHOUT ROWID;
CREATE TABLE marks (key TEXT PRIMARY KEY, expires REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX mark_expires ON marks (expires);
CREATE TABLE counter (changes INTEGER NOT NULL);
INSERT INTO counter VALUES (0);
"""

_BUSY = 5.0
"""How long to wait for another process that is writing, in seconds."""

_BELL = 0.05
"""How often to look whether another process has written, in seconds."""

_BURIED = 60.0
"""For how long other processes find out that a record was removed, in seconds."""

_PURGED_AT_ONCE = 100

_PAGE = 500


class SQLiteStore:
    """Records in a file of SQLite, for processes on one machine.

    The file and those that SQLite keeps beside it can be read by their owner only. What was written
    survives the end of a process; when the machine itself loses power, the last moments before may be
    gone. Do not put the file on a network drive. `clock` says what has expired.
    """

    def __init__(self, path: str | os.PathLike[str], *, clock: Clock | None = None) -> None:
        self._file = _File(Path(path))
        self._clock = clock or SystemClock()
        # One thread of each event loop, so that threads which wait for the store leave it one.
        self._limiters: WeakKeyDictionary[asyncio.AbstractEventLoop, anyio.CapacityLimiter] = (
            WeakKeyDictionary()
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._file.path)!r})"

    @property
    def shared(self) -> bool:
        """True: other processes see what this one writes."""
        return True

    async def open(self) -> None:
        """Open the file, and create it if there is none."""
        await self._run(lambda connection: None)

    async def close(self) -> None:
        """Close the file."""
        with in_thread():
            await run_sync(self._file.close, limiter=self._limiter())

    async def read(self, key: str, names: Collection[str]) -> Record | None:
        """Return parts of a record; None if there is none of that key."""
        now = self._now()

        def read(connection: sqlite3.Connection) -> Record | None:
            with _transaction(connection, "DEFERRED"):
                version = _version(connection, key, now)
                if not version:
                    return None
                wanted = ", ".join("?" * len(names))
                query = f"SELECT name, text FROM parts WHERE key = ? AND name IN ({wanted})"  # noqa: S608
                return Record(version, dict(connection.execute(query, (key, *names))))

        return await self._run(read)

    async def swap(self, key: str, version: int, change: Change) -> Outcome:
        """Change the record if it still has that version; 0 means that there must be none."""
        now = self._now()

        def swap(connection: sqlite3.Connection) -> Outcome:
            with _transaction(connection, "IMMEDIATE"):
                _purge(connection, now)
                if change.mark is not None:
                    query = "SELECT 1 FROM marks WHERE key = ? AND expires > ?"
                    if connection.execute(query, (change.mark.key, now)).fetchone():
                        return Outcome.DUPLICATE
                if _version(connection, key, now) != version:
                    return Outcome.CONFLICT
                _write(connection, key, version, change)
                return Outcome.WRITTEN

        return await self._run(swap)

    async def remove(self, key: str, version: int) -> bool:
        """Remove the record if it still has that version; return whether it did."""
        now = self._now()

        def remove(connection: sqlite3.Connection) -> bool:
            with _transaction(connection, "IMMEDIATE"):
                if not version or _version(connection, key, now) != version:
                    return False
                _bury(connection, key, now)
                return True

        return await self._run(remove)

    async def due(self, kind: str, now: float, limit: int) -> Sequence[str]:
        """Return the keys of a kind that are due, the longest due first, `limit` at most."""
        query = """SELECT key FROM records WHERE kind = ? AND due IS NOT NULL AND due <= ?
            AND expires > ? ORDER BY due LIMIT ?"""
        return [key for (key,) in await self._all(query, kind, now, self._now(), limit)]

    async def next_due(self, kind: str) -> float | None:
        """Return the earliest time at which a record of a kind is due; None if there is none."""
        query = "SELECT min(due) FROM records WHERE kind = ? AND due IS NOT NULL AND expires > ?"
        ((due,),) = await self._all(query, kind, self._now())
        return due if isinstance(due, float) else None

    async def pending(self, kind: str) -> int:
        """Return how many events wait, over all records of a kind."""
        query = """SELECT coalesce(sum(pending), 0) FROM records
            WHERE kind = ? AND pending > 0 AND expires > ?"""
        ((pending,),) = await self._all(query, kind, self._now())
        return int(pending)

    async def live(self, kind: str) -> AsyncIterator[str]:
        """Yield the keys of the live records of a kind, in no order; each at least once if it stays."""
        query = """SELECT key FROM records WHERE kind = ? AND live AND key > ? AND expires > ?
            ORDER BY key LIMIT ?"""
        last = ""
        while keys := [key for (key,) in await self._all(query, kind, last, self._now(), _PAGE)]:
            for key in keys:
                yield key
            last = keys[-1]

    async def changes(self, cursor: str | None) -> tuple[str, frozenset[str]]:
        """Wait up to a second for changes after a cursor; return the next cursor and the keys changed."""
        if cursor is None:
            ((last,),) = await self._all("SELECT changes FROM counter")
            return str(last), frozenset()
        with anyio.move_on_after(1):
            # The number changes with what others write. What this one writes is found with it.
            ((before,),) = await self._all("PRAGMA data_version")
            while not await self._changed_since(cursor):
                ((now,),) = await self._all("PRAGMA data_version")
                while now == before:
                    await anyio.sleep(_BELL)
                    ((now,),) = await self._all("PRAGMA data_version")
                before = now
        changed = await self._changed_since(cursor)
        last = max((number for _, number in changed), default=int(cursor))
        return str(last), frozenset(key for key, _ in changed)

    async def _changed_since(self, cursor: str) -> list[tuple[str, int]]:
        query = "SELECT key, changed FROM records WHERE changed > ? ORDER BY changed LIMIT ?"
        return [(key, number) for key, number in await self._all(query, int(cursor), _PAGE)]

    # -- the connection

    async def _all(self, query: str, *arguments: object) -> list[tuple[Any, ...]]:
        def fetch(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
            return connection.execute(query, arguments).fetchall()

        return await self._run(fetch)

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something with the connection, in a thread."""
        try:
            with in_thread():
                return await run_sync(self._file.use, work, limiter=self._limiter())
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{self._file.path} cannot be used: {error}") from error

    def _limiter(self) -> anyio.CapacityLimiter:
        loop = asyncio.get_running_loop()
        if loop not in self._limiters:
            self._limiters[loop] = anyio.CapacityLimiter(1)
        return self._limiters[loop]

    def _now(self) -> float:
        return self._clock.now().timestamp()


class _File:
    """The file, with the one connection of this process, which is opened when it is used.

    SQLite forbids to take a connection into a forked process. It is closed before a fork, when nothing
    uses it, and each process opens its own again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        _files.add(self)

    def use(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what a function returns that gets the connection, in whose thread no other one is."""
        with self._lock:
            if self._connection is None:
                self._connection = self._open()
            return work(self._connection)

    def close(self) -> None:
        """Close the connection, if it is open."""
        with self._lock:
            self._disconnect()

    def before_fork(self) -> None:
        """Close the connection, and keep other threads from opening it."""
        self._lock.acquire()
        self._disconnect()

    def after_fork(self) -> None:
        """Let the connection be opened, in either process."""
        self._lock.release()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _open(self) -> sqlite3.Connection:
        # SQLite gives the files that it keeps beside this one the same mode.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(
            self.path, timeout=_BUSY, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Create the tables of a new file; raises StoreError for one of a newer version."""
        with _transaction(connection, "IMMEDIATE"):
            ((schema,),) = connection.execute("PRAGMA user_version").fetchall()
            if schema > SCHEMA:
                raise StoreError(f"{self.path} was written by a newer version of the bot kit")
            if schema == 0:
                for statement in _TABLES.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {SCHEMA}")


_files: WeakSet[_File] = WeakSet()
_forking: list[_File] = []
"""The files whose connections wait for a fork to be over."""


def _before_fork() -> None:
    for file in tuple(_files):
        file.before_fork()
        _forking.append(file)


def _after_fork() -> None:
    while _forking:
        _forking.pop().after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork
    )


class _transaction:  # noqa: N801 - used like a function
    """A transaction: committed at the end of the block, rolled back by an exception."""

    def __init__(self, connection: sqlite3.Connection, kind: str) -> None:
        self._connection = connection
        self._kind = kind

    def __enter__(self) -> None:
        self._connection.execute(f"BEGIN {self._kind}")

    def __exit__(self, cls: object, *exception: object) -> None:
        try:
            if cls is None:
                self._connection.execute("COMMIT")
        finally:
            # After some errors SQLite has rolled back by itself; after a failed commit it has not.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection, key: str, now: float) -> int:
    """Return the version of a record; 0 if there is none."""
    query = "SELECT version FROM records WHERE key = ? AND expires > ?"
    with closing(connection.execute(query, (key, now))) as found:
        row = found.fetchone()
    return int(row[0]) if row else 0


def _write(connection: sqlite3.Connection, key: str, version: int, change: Change) -> None:
    if not version:
        _forget(connection, key)  # what has expired under the same key
    connection.execute("UPDATE counter SET changes = changes + 1")
    connection.execute(
        """INSERT OR REPLACE INTO records
        VALUES (?, ?, ?, ?, ?, ?, ?, (SELECT changes FROM counter))""",
        (
            key,
            kind_of(key),
            version + 1,
            change.due,
            change.pending,
            change.live,
            change.expires,
        ),
    )
    gone = [(key, name) for name, text in change.parts.items() if text is None]
    connection.executemany("DELETE FROM parts WHERE key = ? AND name = ?", gone)
    new = [(key, name, text) for name, text in change.parts.items() if text is not None]
    connection.executemany("INSERT OR REPLACE INTO parts VALUES (?, ?, ?)", new)
    if change.mark is not None:
        mark = (change.mark.key, change.mark.expires)
        connection.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", mark)


def _bury(connection: sqlite3.Connection, key: str, now: float) -> None:
    """Leave only that a record was changed, for who waits for that."""
    _forget(connection, key)
    connection.execute("UPDATE counter SET changes = changes + 1")
    connection.execute(
        """INSERT INTO records VALUES (?, ?, 0, NULL, 0, 0, ?, (SELECT changes FROM counter))""",
        (key, kind_of(key), now + _BURIED),
    )


def _forget(connection: sqlite3.Connection, key: str) -> None:
    connection.execute("DELETE FROM records WHERE key = ?", (key,))
    connection.execute("DELETE FROM parts WHERE key = ?", (key,))


def _purge(connection: sqlite3.Connection, now: float) -> None:
    """Remove some of what has expired."""
    query = "SELECT key FROM records WHERE expires <= ? LIMIT ?"
    for (key,) in connection.execute(query, (now, _PURGED_AT_ONCE)).fetchall():
        _forget(connection, key)
    query = "SELECT key FROM marks WHERE expires <= ? LIMIT ?"
    marks = connection.execute(query, (now, _PURGED_AT_ONCE)).fetchall()
    connection.executemany("DELETE FROM marks WHERE key = ?", marks)
