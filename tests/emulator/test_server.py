"""The emulator as a server: over real sockets, in real time."""

from __future__ import annotations

import asyncio
import io
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

import graph_emulator
from graph_comms import AsyncCommunicationsClient, PermissionDeniedError
from graph_comms.bot import Bot
from graph_emulator import Server, ServerError
from graph_emulator.__main__ import main
from graph_emulator.http import hosts_of
from tests.emulator.bots import CALLBACK, call_to

PROJECT = Path(__file__).parents[2]
APP = "9d3f1b52-2c3d-4b5e-8a6f-7c8d9e0f1a2b"

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def server() -> AsyncGenerator[Server]:
    server = Server(port=0)
    async with server.running():
        yield server


@asynccontextmanager
async def client_of(server: Server, **options: Any) -> AsyncGenerator[AsyncCommunicationsClient]:
    async with (
        graph_emulator.Credential(server.url, APP, **options) as credential,
        AsyncCommunicationsClient(credential, endpoint=f"{server.url}/v1.0") as client,
    ):
        yield client


async def test_a_bot_in_a_server_of_its_own_is_rung() -> None:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    server = Server(port=0, callback=f"http://127.0.0.1:{port}/api/calls")
    server.app_id = APP
    async with server.running(), client_of(server) as client:
        trust = graph_emulator.trust(server.url)
        bot = Bot(client, app_id=APP, callback_uri=CALLBACK, trust=trust)

        @bot.incoming
        async def ring(call: Any) -> None:
            await call.answer()

        @bot.media_active
        async def end(call: Any) -> None:
            await call.hang_up()

        app = FastAPI(lifespan=bot.lifespan)
        app.router.add_route("/api/calls", bot.asgi())
        serving = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        running = asyncio.create_task(serving.serve(sockets=[listening]))
        async with asyncio.timeout(20):
            while not serving.started:
                await asyncio.sleep(0.02)
            call = server.rings(from_=server.user("Ann"))
            while not call.ended:
                await asyncio.sleep(0.02)
        serving.should_exit = True
        await running
    assert call.ended_by == "bot"
    assert server.log.operations == ["answer", "delete"]


async def test_tokens_have_the_roles_that_are_asked_for(server: Server) -> None:
    ann = server.user("Ann")
    async with client_of(server) as client, client_of(server, roles=["Calls.Other"]) as other:
        assert (await client.calls.create(call_to(ann))).id
        with pytest.raises(PermissionDeniedError):
            await other.calls.create(call_to(ann))


async def test_what_is_notified_without_a_bot_is_logged(server: Server) -> None:
    ann = server.user("Ann")
    async with client_of(server) as client:
        await client.calls.create(call_to(ann))
        async with asyncio.timeout(5):
            while not server.log.undelivered:
                await asyncio.sleep(0.02)


async def test_a_bot_that_is_away_stops_nothing() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        server = Server(port=0, callback=f"http://127.0.0.1:{nobody.getsockname()[1]}/")
    async with server.running():
        server.rings(from_=server.user("Ann"))
        async with asyncio.timeout(5):
            while not server.log.undelivered:
                await asyncio.sleep(0.02)


async def test_other_hosts_and_foreign_pages_are_refused(server: Server) -> None:
    address = f"{server.url}/_emulator/openid"
    async with httpx.AsyncClient() as http:
        assert (await http.get(address)).json()["jwks_uri"] == f"{server.url}/_emulator/keys"
        assert (await http.get(address, headers={"host": "evil.example"})).status_code == 421
        foreign = await http.get(address, headers={"origin": "https://evil.example"})
        assert foreign.status_code == 403
        own = await http.get(address, headers={"origin": server.url})
        assert own.status_code == 200


async def test_requests_are_limited(server: Server) -> None:
    async with httpx.AsyncClient() as http:
        body = b"x" * (4 * 1024 * 1024 + 1)
        large = await http.post(f"{server.url}/v1.0/communications/calls", content=body)
        assert large.status_code == 413
        form = await http.post(f"{server.url}/common/oauth2/v2.0/token", content=body)
        assert form.status_code == 413
        missing = await http.post(f"{server.url}/common/oauth2/v2.0/token", data={})
        assert missing.json()["error_description"] == "client_id is required."


async def test_ringing_needs_a_bot(server: Server) -> None:
    with pytest.raises(ServerError, match="--callback"):
        server.rings(from_=server.user("Ann"))


def test_a_port_that_is_taken_is_one_clear_error(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 1
    assert f"port {port} of 127.0.0.1 cannot be used" in capsys.readouterr().err


async def test_of_two_servers_at_one_port_the_second_is_refused() -> None:
    first = Server(port=0)
    with pytest.raises(ServerError, match=f"port {first.port} of 127.0.0.1 cannot be used"):
        Server(port=first.port)  # even before the first one serves
    async with first.running():
        pass


@pytest.mark.parametrize("options", [["--port", "65536"], ["--port", "-1"], ["--host", ""]])
def test_an_address_that_there_cannot_be_is_one_clear_error(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(options) == 1
    assert "is no address to listen at" in capsys.readouterr().err


async def test_links_lead_to_a_server_at_any_address() -> None:
    try:
        server = Server(host="::1", port=0)
    except ServerError:
        pytest.skip("there is no IPv6 here")
    assert server.url == f"http://[::1]:{server.port}"
    async with server.running(), client_of(server) as client:
        call = await client.calls.create(call_to(server.user("Ann")))
        answer = await client.request("GET", f"/communications/calls/{call.id}")
    assert answer["@odata.context"].startswith(f"{server.url}/v1.0/$metadata")


def test_the_usual_port_is_in_no_host_header() -> None:
    assert "127.0.0.1" in hosts_of("127.0.0.1", 80)
    assert "127.0.0.1" not in hosts_of("127.0.0.1", 8080)


# -- the standard output


def test_the_output_takes_any_character(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script, written = tmp_path / "script.py", io.BytesIO()
    script.write_text("import sys\ndef play(svc): sys.exit(3)", "utf-8")
    output = io.TextIOWrapper(written, encoding="ascii")
    monkeypatch.setattr(sys, "stdout", output)
    assert main(["--port", "0", "--script", str(script)]) == 3
    assert "callback_uri=…" in written.getvalue().decode()


FULL = Path("/dev/full")


def test_without_an_output_there_is_one_clear_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["--explain"]) == main(["--port", "0"]) == 1
    assert capsys.readouterr().err == 2 * "graph_emulator: the standard output is closed\n"


@pytest.mark.skipif(not FULL.exists(), reason="there is no full device here")
def test_an_output_that_cannot_be_written_is_one_clear_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (["--explain"], ["--port", "0"]):
        output = FULL.open("w")
        monkeypatch.setattr(sys, "stdout", output)
        assert main(command) == 1
        error = capsys.readouterr().err
        assert error == (
            "graph_emulator: the standard output cannot be written: No space left on device\n"
        )
        with suppress(OSError):
            output.close()


def test_a_reader_of_the_explanation_may_stop_early(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    output = os.fdopen(writing, "w")
    monkeypatch.setattr(sys, "stdout", output)
    assert main(["--explain"]) == 1
    assert capsys.readouterr().err == ""
    with suppress(OSError):
        output.close()


def test_a_callback_that_is_no_address_is_one_clear_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--port", "0", "--callback", "localhost:8000"]) == 1
    assert "--callback must be an address" in capsys.readouterr().err


def test_what_is_emulated_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--explain"]) == 0
    assert "calls.answer" in capsys.readouterr().out


async def test_who_waits_for_the_server_does_not_outlast_it() -> None:
    server = Server(port=0, callback="http://127.0.0.1:9/")
    async with server.running():
        server.rings(from_=server.user("Ann"))
        waiting = [
            asyncio.create_task(asyncio.to_thread(wait))
            for wait in (server.run, partial(server.advance, minutes=4))
        ]
        await asyncio.sleep(0.1)
    async with asyncio.timeout(10):
        for one in waiting:
            with pytest.raises(ServerError, match="not running"):
                await one


def test_the_demo_shows_a_call_from_ringing_to_its_end() -> None:
    script = PROJECT / "examples/ivr-bot/demo.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    first, *_, last = done.stdout.splitlines()
    assert first == "Ann rings the bot; with 1 she is passed on to Ben"
    assert last.startswith("the call was ended by the bot, after: answer, playPrompt")
    assert "\033" not in done.stdout
    shown = (PROJECT / "README.md").read_text("utf-8").partition("make demo\n```\n\n```text\n")[2]
    assert sorted(map(timeless, done.stdout.splitlines())) == sorted(
        map(timeless, shown.partition("\n```")[0].splitlines())
    )


def test_the_demo_can_be_interrupted_at_any_time() -> None:
    script = PROJECT / "examples/ivr-bot/demo.py"
    with subprocess.Popen(
        [sys.executable, "-u", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as demo:
        try:
            assert demo.stdout is not None
            assert demo.stdout.readline().startswith("Ann rings the bot")
            os.killpg(demo.pid, signal.SIGINT)  # as a terminal does, to the bot, too
            _, errors = demo.communicate(timeout=20)
        finally:
            demo.kill()
    assert (demo.returncode, errors) == (130, "")


def timeless(line: str) -> str:
    return re.sub(r"^ *[\d.]+ s", "", line)
