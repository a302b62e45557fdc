"""Virtual time stands still for what is really going on: threads, and connections to other servers."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest

from graph_comms.bot.sqlite import SQLiteStore
from graph_emulator import Emulator, driver, loop
from tests.emulator.bots import bot_of, call_to


@pytest.fixture
def server() -> Generator[str]:
    """An address of a server that answers after a while."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            time.sleep(0.05)
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            time.sleep(0.05)
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def called(svc: Emulator, handler: Callable[[Any], Any], **options: Any) -> None:
    """Run a call whose handler gets it once the audio is active, while Ann presses keys."""
    bot = bot_of(svc, **options)
    bot.media_active(handler)
    svc.connect(bot)
    ann = svc.user("Ann").answers().presses("1234", after=0.5, every=1)
    svc.client().calls.create(call_to(ann))
    svc.run()
    assert [log.status for log in svc.log.notifications if log.status != 202] == []


async def of_anyio() -> None:
    await anyio.to_thread.run_sync(time.sleep, 0.05)


async def of_asyncio() -> None:
    await asyncio.to_thread(time.sleep, 0.05)


async def of_the_default_executor() -> None:
    await asyncio.get_running_loop().run_in_executor(None, time.sleep, 0.05)


async def of_an_own_executor() -> None:
    with ThreadPoolExecutor() as executor:
        await asyncio.get_running_loop().run_in_executor(executor, time.sleep, 0.05)


async def of_another_process() -> None:
    with ProcessPoolExecutor(1) as executor:
        await asyncio.get_running_loop().run_in_executor(executor, time.sleep, 0.05)


@pytest.mark.parametrize(
    "work",
    [of_anyio, of_asyncio, of_the_default_executor, of_an_own_executor, of_another_process],
)
def test_a_thread_holds_the_time(graph_emulator: Emulator, work: Callable[[], Any]) -> None:
    svc, seen = graph_emulator, list[float]()

    async def handle(call: Any) -> None:
        began = svc.clock.now()
        await work()
        seen.append((svc.clock.now() - began).total_seconds())

    called(svc, handle)
    assert seen == [0.0]


def test_a_thread_that_is_not_known_may_take_a_moment(graph_emulator: Emulator) -> None:
    svc, seen = graph_emulator, list[float]()

    async def handle(call: Any) -> None:
        await asyncio.sleep(30)  # until nothing else is to come
        began = svc.clock.now()
        await anyio.to_thread.run_sync(time.sleep, 0.05, limiter=anyio.CapacityLimiter(1))
        seen.append((svc.clock.now() - began).total_seconds())

    called(svc, handle)
    assert seen == [0.0]


def test_the_thread_of_a_handler_holds_the_time(graph_emulator: Emulator) -> None:
    svc, seen = graph_emulator, list[float]()

    def handle(call: Any) -> None:
        began = svc.clock.now()
        time.sleep(0.05)
        seen.append((svc.clock.now() - began).total_seconds())

    called(svc, handle)
    assert seen == [0.0]


def test_a_store_with_a_thread_of_its_own_holds_the_time(tmp_path: Path) -> None:
    def run(number: int) -> list[tuple[float, object]]:
        with Emulator() as svc:
            store = SQLiteStore(tmp_path / f"{number}.db", clock=svc.clock)

            async def handle(call: Any) -> None:
                await call.tones(max_digits=4, timeout=60)
                await call.hang_up()

            called(svc, handle, store=store)
            return [(log.time, log.name) for log in svc.log.requests]

    assert run(1) == run(2)


def test_a_request_to_another_server_holds_the_time(graph_emulator: Emulator, server: str) -> None:
    svc, seen = graph_emulator, list[object]()

    async def handle(call: Any) -> None:
        began = svc.clock.now()
        async with httpx.AsyncClient(trust_env=False) as client:
            for _ in range(2):
                seen.append((await client.get(server)).text)
                seen.append((svc.clock.now() - began).total_seconds())
                await asyncio.sleep(100)  # an idle connection holds nothing

    began = time.monotonic()
    called(svc, handle)
    assert seen == ["ok", 0.0, "ok", 100.0]
    assert time.monotonic() - began < loop.SILENT


def test_a_server_that_does_not_answer_holds_the_time_for_a_while(
    graph_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "SILENT", 0.2)
    svc, seen = graph_emulator, list[float]()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"

        async def handle(call: Any) -> None:
            began = svc.clock.now()
            async with httpx.AsyncClient(trust_env=False, timeout=7) as client:
                with pytest.raises(httpx.ReadTimeout):
                    await client.get(address)
            seen.append((svc.clock.now() - began).total_seconds())

        called(svc, handle)
    assert seen == [7.0]


def test_a_server_on_the_loop_holds_nothing(graph_emulator: Emulator) -> None:
    svc, seen = graph_emulator, list[bytes]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readline())
        writer.write(b"hello\n")
        await reader.read()
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"hi\n")
        seen.append(await reader.readline())
        await asyncio.sleep(1000)
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()

    began = time.monotonic()
    svc.wait_for(serve())
    assert seen == [b"hi\n", b"hello\n"]
    assert time.monotonic() - began < loop.SILENT


def test_a_thread_that_does_not_end_is_told_of(
    graph_emulator: Emulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(driver, "LONG", 0.01)
    monkeypatch.setattr(driver, "LOOK", 0.01)

    def compute(call: Any) -> None:
        time.sleep(0.1)

    called(graph_emulator, compute)
    assert [record.message for record in caplog.records if "graph_emulator" in record.name] == [
        "time stands still: a thread has been busy for 0.01 seconds; "
        "running are test_a_thread_that_does_not_end_is_told_of.<locals>.compute"
    ]
