"""Stores to test, each with a place of its own, and a clock that stands until it is set."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self
from uuid import uuid4

import pytest

from graph_comms.bot.clock import Clock
from graph_comms.bot.memory import MemoryStore
from graph_comms.bot.redis import RedisStore
from graph_comms.bot.sqlite import SQLiteStore
from graph_comms.bot.store import Store

SHARED_KINDS = ("sqlite", "redis")
KINDS = ("memory", *SHARED_KINDS)


class StandingClock:
    """A clock that shows `time`, seconds since 1970, until it is set to another."""

    def __init__(self, time: float) -> None:
        self.time = time

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError("nothing in a store waits for a time to come")


class SharedStore(MemoryStore):
    """One memory that passes for a store of several processes."""

    @property
    def shared(self) -> bool:
        return True


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
        if self.kind == "redis":
            url, _, prefix = self.address.partition(" ")
            return RedisStore(url, prefix=prefix, clock=clock)
        return MemoryStore(clock=clock)


@contextmanager
def place_of(kind: str, folder: Path) -> Iterator[Place]:
    """Make a place for stores of a kind."""
    if kind == "redis":
        with RedisServer() as server:
            yield Place(kind, f"{server.url} tests:")
    else:
        yield Place(kind, str(folder / "store.sqlite"))


class RedisServer:
    """A server of Redis on a socket of its own; skips the test where none is installed."""

    def __init__(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            reason = "redis-server is not installed"
            if os.environ.get("REDIS_REQUIRED"):
                pytest.fail(reason)
            pytest.skip(reason)
        self._program = program
        # The path of a socket must be short.
        self._folder = TemporaryDirectory(prefix="redis-")
        self._socket = Path(self._folder.name) / "socket"
        self.url = f"unix://{self._socket}"

    def start(self) -> None:
        """Start it, with nothing in it, and wait until it answers."""
        arguments = ("--port", "0", "--unixsocket", str(self._socket), "--save", "")
        self.process = subprocess.Popen(
            [self._program, *arguments], stdout=subprocess.DEVNULL, cwd=self._folder.name
        )
        deadline = time.monotonic() + 20
        while not self._answers():
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.01)

    def stop(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait()

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(str(self._socket))
            except OSError:
                return False
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()
        self._folder.cleanup()
