"""An emulator in real time, for handlers that need the outside world."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from graph_emulator import Emulator, Stuck
from tests.emulator.bots import bot_of, call_to


@pytest.fixture
def svc() -> Generator[Emulator]:
    with Emulator(realtime=True) as svc:
        yield svc


@pytest.fixture
def server() -> Generator[str]:
    """An address of a server that answers, bit by bit, with the word to say."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            for letter in b"hello":
                time.sleep(0.02)
                self.wfile.write(bytes([letter]))

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize("kind", ["async", "def"])
def test_a_handler_asks_another_server(svc: Emulator, server: str, kind: str) -> None:
    bot, said = bot_of(svc), list[str]()

    async def say(call: Any) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            said.append((await client.get(server)).text)
        await asyncio.sleep(0.05)
        played = await call.play_prompt("https://bot.contoso.com/hello.wav")
        await played.completed(timeout=30)
        await call.hang_up()

    def say_in_a_thread(call: Any) -> None:
        with httpx.Client(trust_env=False, timeout=5) as client:
            said.append(client.get(server).text)
        call.hang_up()

    bot.media_active(say if kind == "async" else say_in_a_thread)
    svc.connect(bot)
    svc.prompt("https://bot.contoso.com/hello.wav", seconds=0.1)
    began, time_began = time.monotonic(), svc.clock.now()
    call = svc.client().calls.create(call_to(svc.user("Ann").answers(after=0.1)))
    svc.run()
    assert said == ["hello"]
    assert svc.calls[str(call.id)].ended_by == "bot"
    passed = (svc.clock.now() - time_began).total_seconds()
    assert passed == pytest.approx(time.monotonic() - began, abs=0.1)


def test_a_handler_that_waits_for_ever_is_named(svc: Emulator) -> None:
    bot = bot_of(svc)

    @bot.media_active
    async def listen(call: Any) -> None:
        await call.tones(max_digits=1, timeout=None)

    svc.connect(bot)
    call = svc.client().calls.create(call_to(svc.user("Ann").answers(after=0)))
    with pytest.raises(Stuck, match=f"listen, which waits for keys of call {call.id}"):
        svc.run()


def test_a_run_ends_at_its_limit(svc: Emulator) -> None:
    svc.client().calls.create(call_to(svc.user("Ann").answers(after=50)))
    with pytest.raises(Stuck, match=r"after 0\.1 seconds there still are: something is pending"):
        svc.run(limit=0.1)


def test_time_passes_by_itself(svc: Emulator) -> None:
    call = svc.client().calls.create(call_to(svc.user("Ann").answers(after=0.1)))
    began = time.monotonic()
    svc.advance(seconds=0.2)
    assert time.monotonic() - began > 0.19
    svc.run()
    assert svc.calls[str(call.id)].state == "established"
    svc.throttle("create", limit=1, seconds=1)
    began = time.monotonic()
    for _ in range(2):
        svc.client().calls.create(call_to(svc.user("Ann")))
    assert svc.wait_for(asyncio.sleep(0, "result")) == "result"
    assert time.monotonic() - began > 0.9
