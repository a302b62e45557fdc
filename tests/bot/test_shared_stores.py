"""What stores must do that processes share."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Awaitable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import anyio
import pytest
from anyio import from_thread, to_thread
from redis.asyncio import Redis

from graph_comms.bot.redis import RedisStore
from graph_comms.bot.sqlite import SCHEMA, SQLiteStore
from graph_comms.bot.store import Change, Mark, Outcome, Store, StoreError
from tests.support.stores import SHARED_KINDS, Place, RedisServer, place_of

T = TypeVar("T")

pytestmark = pytest.mark.anyio

COUNT = """
import asyncio, sys
from graph_comms.bot.store import Change, Outcome
from tests.support.stores import Place

async def main():
    store = Place({kind!r}, {address!r}).store()
    await store.open()
    for _ in range({times}):
        while True:
            record = await store.read("call/1", ["state"])
            number = int(record.parts["state"]) + 1
            change = Change(parts={{"state": str(number)}}, expires=4e9)
            if await store.swap("call/1", record.version, change) is Outcome.WRITTEN:
                break
    await store.close()

asyncio.run(main())
"""


@pytest.fixture(params=SHARED_KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with place_of(request.param, tmp_path) as place:
        yield place


def counting(place: Place, times: int) -> subprocess.Popen[bytes]:
    program = COUNT.format(kind=place.kind, address=place.address, times=times)
    return subprocess.Popen([sys.executable, "-c", program])


async def begun(store: Store) -> None:
    await store.open()
    change = Change(parts={"state": "0"}, expires=4e9)
    assert await store.swap("call/1", 0, change) is Outcome.WRITTEN


async def test_no_process_loses_what_another_has_written(place: Place) -> None:
    store = place.store()
    await begun(store)
    processes = [counting(place, 40) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    record = await store.read("call/1", ["state"])
    assert record is not None
    assert (record.version, record.parts["state"]) == (121, "120")
    await store.close()


async def test_a_change_of_another_process_wakes(place: Place) -> None:
    store = place.store()
    await begun(store)
    cursor, _ = await store.changes(None)
    process = counting(place, 1)
    keys: frozenset[str] | None = frozenset()
    while not keys:
        asked = time.monotonic()
        cursor, keys = await store.changes(cursor)
        assert time.monotonic() - asked < 5
    assert keys == frozenset({"call/1"})
    assert process.wait(60) == 0
    await store.close()


def run(store: Store, use: Awaitable[T]) -> T:
    """Use a store in an event loop of its own."""

    async def used() -> T:
        try:
            return await use
        finally:
            await store.close()

    return asyncio.run(used())


def test_one_store_serves_one_loop_after_the_other(place: Place) -> None:
    store = place.store()
    run(store, begun(store))
    assert run(store, store.read("call/1", ["state"])) is not None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")
def test_a_forked_process_has_a_connection_of_its_own(place: Place) -> None:
    store = place.store()

    async def use() -> None:
        await begun(store)
        child = os.fork()  # while the connection is open
        if not child:
            with ThreadPoolExecutor(1) as thread:  # where no event loop runs
                swap = store.swap("call/1", 1, Change(parts={"state": "1"}, expires=4e9))
                written = thread.submit(run, store, swap).result()
            os._exit(0 if written is Outcome.WRITTEN else 1)
        assert os.waitpid(child, 0)[1] == 0
        record = await store.read("call/1", ["state"])
        assert record is not None
        assert record.parts["state"] == "1"

    run(store, use())


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files cannot be listed here")
async def test_no_connection_to_a_file_is_taken_into_a_forked_process(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "calls.sqlite")
    await begun(store)
    child = os.fork()
    if not child:
        opened = [each.resolve() for each in Path("/proc/self/fd").iterdir()]
        os._exit(sum(tmp_path in path.parents for path in opened))
    assert os.waitpid(child, 0)[1] == 0
    assert await store.read("call/1", ()) is not None
    await store.close()


async def test_nobody_else_can_read_the_files(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = SQLiteStore(tmp_path / "calls.sqlite")
        await begun(store)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        assert modes == dict.fromkeys(
            ("calls.sqlite", "calls.sqlite-wal", "calls.sqlite-shm"), 0o600
        )
        await store.close()
    finally:
        os.umask(before)


async def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "calls.sqlite"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.close()
    with pytest.raises(StoreError, match="newer version"):
        await SQLiteStore(path).open()


async def test_what_is_no_store_is_an_error_of_the_store(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("text" * 1000)
    with pytest.raises(StoreError, match="cannot be used"):
        await SQLiteStore(path).open()
    with pytest.raises(StoreError, match="cannot be used"):
        await SQLiteStore(tmp_path / "missing" / "calls.sqlite").open()


async def test_a_commit_that_fails_leaves_no_transaction(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "calls.sqlite")
    await begun(store)
    other = sqlite3.connect(tmp_path / "calls.sqlite", isolation_level=None)
    ((pages,),) = other.execute("PRAGMA page_count").fetchall()
    large = Change(parts={"state": "x" * 5_000_000}, expires=4e9)

    def limit(connection: sqlite3.Connection) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    await store._run(limit)  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(StoreError, match="full"):
        await store.swap("call/1", 1, large)
    assert await store.swap("call/1", 1, Change(parts={}, expires=4e9)) is Outcome.WRITTEN
    other.close()
    await store.close()


async def test_a_file_is_used_although_all_threads_wait_for_it(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "calls.sqlite")
    await begun(store)
    everyone = int(to_thread.current_default_thread_limiter().total_tokens)
    read: list[bool] = []

    def wait() -> None:
        read.append(from_thread.run(store.read, "call/1", ()) is not None)

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            for _ in range(everyone):
                group.start_soon(to_thread.run_sync, wait)
    assert read == [True] * everyone
    await store.close()


async def test_many_tasks_may_use_a_store_at_once(place: Place) -> None:
    store = place.store()
    await begun(store)
    records = await asyncio.gather(*(store.read("call/1", ()) for _ in range(300)))
    assert None not in records
    await store.close()


async def test_redis_may_go_away_and_come_back() -> None:
    with RedisServer() as server:
        store = RedisStore(server.url)
        await begun(store)
        server.stop()
        for use in (store.read("call/1", ()), store.pending("call"), store.changes("0-0")):
            with pytest.raises(StoreError, match="Redis cannot be used"):
                await use
        server.start()
        assert await store.read("call/1", ()) is None
        await begun(store)
        await store.close()


async def test_redis_may_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph_comms.bot.redis._TIMEOUT", 0.3)
    with RedisServer() as server:
        store = RedisStore(server.url)
        await begun(store)
        server.process.send_signal(signal.SIGSTOP)
        with pytest.raises(StoreError, match="TimeoutError"):
            await store.read("call/1", ())
        server.process.send_signal(signal.SIGCONT)
        assert await store.read("call/1", ()) is not None
        await store.close()


async def test_redis_says_that_it_has_forgotten_changes() -> None:
    with RedisServer() as server:
        store = RedisStore(server.url, prefix="bot:")
        await begun(store)
        cursor, _ = await store.changes(None)
        redis: Any = Redis.from_url(server.url)
        for _ in range(600):
            await redis.xadd("bot:changes", {"key": "call/1"})
        assert (await store.changes(cursor))[1] == frozenset({"call/1"})
        await redis.xtrim("bot:changes", maxlen=550, approximate=False)
        after, keys = await store.changes(cursor)
        assert keys is None
        assert await store.changes(after) == (after, frozenset())
        await redis.aclose()
        await store.close()


async def test_what_redis_holds_has_the_prefix_and_expires() -> None:
    with RedisServer() as server:
        store = RedisStore(server.url, prefix="bot:")
        mark = Mark("delivery", time.time() + 600)
        change = Change(
            parts={"state": "0"}, expires=time.time() + 600, due=1.0, pending=1, mark=mark
        )
        await store.swap("call/1", 0, change)
        redis: Any = Redis.from_url(server.url)
        names = [name async for name in redis.scan_iter()]
        assert len(names) == 7
        for name in names:
            assert name.startswith(b"bot:")
            assert await redis.ttl(name) > 0
        await redis.aclose()
        await store.close()


def test_the_password_is_in_no_repr() -> None:
    assert "geheim" not in repr(RedisStore("redis://:geheim@localhost:1/0"))


async def test_the_password_is_in_no_error() -> None:
    store = RedisStore("redis://:geheim@localhost:1/0")
    with pytest.raises(StoreError) as caught:
        await store.open()
    assert "geheim" not in f"{caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize("url", ["redis://:geheim/8=@localhost:1/0", "http://:geheim@localhost"])
def test_the_password_is_in_no_message_about_the_address(url: str) -> None:
    with pytest.raises(ValueError, match="percent-encoded") as caught:
        RedisStore(url)
    assert "geheim" not in str(caught.value)
    assert caught.value.__suppress_context__
