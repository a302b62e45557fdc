"""Journals that are played anew with the bot as it is now."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

import graph_emulator
from graph_comms import AsyncCommunicationsClient, GraphHTTPError
from graph_comms.bot import Bot
from graph_emulator import JournalError, Server
from graph_emulator import replay as replaying
from graph_emulator.__main__ import main
from graph_emulator.replay import Replay
from tests.emulator.bots import CALLBACK, call_to

pytestmark = pytest.mark.anyio

MEETING = "https://teams.microsoft.com/meet/1234567?p=psw123"

Handler = Callable[[Any], Awaitable[None]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def plays(call: Any) -> None:
    """Do what the bot did when the journal was written."""
    await call.play_prompt("https://bot.contoso.com/hello.wav")
    await call.tones(max_digits=1, timeout=60)
    await call.hang_up()


async def plays_another(call: Any) -> None:
    await call.play_prompt("https://bot.contoso.com/goodbye.wav")


async def plays_nothing(call: Any) -> None:
    await call.hang_up()


async def waits(call: Any) -> None:
    pass


async def plays_less(call: Any) -> None:
    await call.play_prompt("https://bot.contoso.com/hello.wav")


async def plays_more(call: Any) -> None:
    await plays(call)
    with suppress(GraphHTTPError):
        await call.keep_alive()


@asynccontextmanager
async def emulated(handler: Handler, **options: Any) -> AsyncGenerator[Server]:
    """Yield a server whose callback is a bot with a handler for when there is audio."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    callback = f"http://127.0.0.1:{listening.getsockname()[1]}/api/calls"
    server = Server(port=0, callback=callback, **options)
    async with (
        server.running(),
        graph_emulator.Credential(server.url, server.app_id) as credential,
        AsyncCommunicationsClient(credential, endpoint=f"{server.url}/v1.0") as client,
    ):
        trust = graph_emulator.trust(server.url)
        bot = Bot(client, app_id=server.app_id, callback_uri=CALLBACK, trust=trust)

        @bot.incoming
        async def ring(call: Any) -> None:
            await call.answer()

        bot.media_active(handler)
        app = FastAPI(lifespan=bot.lifespan)
        app.router.add_route("/api/calls", bot.asgi())
        serving = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
        running = asyncio.create_task(serving.serve(sockets=[listening]))
        await server.bot_listens()
        try:
            yield server
        finally:
            serving.should_exit = True
            await running


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the journal of a call that is rung, and of one that a client begins."""
    path = tmp_path_factory.mktemp("journals") / "journal.jsonl"

    def scripted(server: Server) -> None:
        caller = server.phone("+12065550100")
        server.meeting(MEETING).joins(caller, after=1)
        server.sign(extra="claim")
        call = server.rings(from_=caller)
        while len(call.roster) < 2:
            server.advance(seconds=0.1)
        pressed = {"act": "presses", "call": call.id, "person": "phone 1", "keys": "1"}
        server.teller.through(lambda: server.acts.perform(pressed))
        server.run()
        ben = server.user("Ben").is_busy()
        server.client(roles=["Calls.Initiate.All"]).calls.create(call_to(ben))
        server.run()

    async def record() -> None:
        async with emulated(plays, journal=path, seed=4) as server:
            await asyncio.to_thread(scripted, server)

    asyncio.run(record())
    return path


async def replayed(path: Path, handler: Handler, **options: Any) -> str | None:
    replay = Replay(path)
    async with emulated(handler, repeatable=True, **replay.settings, **options) as server:
        return await replay.play(server)


async def test_a_bot_that_did_not_change_does_the_same(journal: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.jsonl"
    assert await replayed(journal, plays, journal=again) is None
    first, second = (
        [line for line in path.read_text("utf-8").splitlines() if '"kind":"told"' not in line]
        for path in (journal, again)
    )
    assert first == second


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (
            plays_another,
            'bot → playPrompt 200\n  body.prompts[0].mediaInfo.uri: expected "https://bot.contoso.com'
            '/hello.wav", got "https://bot.contoso.com/goodbye.wav"\n  answer.',
        ),
        (plays_nothing, "expected bot → playPrompt 200\n  got bot → delete 204"),
        (
            plays_less,
            "expected bot → subscribeToTone 200\n  got ← deleted playPromptOperation completed",
        ),
        (waits, "expected bot → playPrompt 200\n  got nothing for 1 seconds"),
        (plays_more, "nothing more was expected\n  got bot → keepAlive"),
    ],
)
async def test_what_a_bot_does_otherwise_is_shown(
    journal: Path, monkeypatch: pytest.MonkeyPatch, handler: Handler, said: str
) -> None:
    if handler is waits:
        monkeypatch.setattr(replaying, "PATIENCE", 1.0)
    difference = await replayed(journal, handler)
    assert difference is not None
    assert said in difference
    assert difference.startswith(f"{journal}:")


def changed(journal: Path, **members: Any) -> str:
    """Return the text of a journal with members of its first line changed."""
    header, _, rest = journal.read_text("utf-8").partition("\n")
    return json.dumps({**json.loads(header), **members}) + "\n" + rest


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", ":1: this is not a journal"),
        ("{}\n", ":1: this is not a journal"),
        ("[" * 100_000 + "\n", ":1: this is not a line of JSON"),
        ("\0\n", ":1: this is not a line of JSON"),
        ('{"journal": 2}\n', ":1: the journal has form 2, and only 1 is known"),
        ('{"journal": 1}\n', ":1: version: Field required"),
        ("HEADER", ":1: the last line is cut off: delete it to play the others"),
        ("HEADER\nno\n", ":2: this is not a line of JSON"),
        ("HEADER\n[]\n", ":2: "),
        ('HEADER\n{"kind":"rumour"}\n', ":2: Input tag 'rumour' found"),
        ('HEADER\n{"kind":"act"}\n', ":2: act.act: Field required"),
    ],
)
def test_a_broken_journal_is_one_clear_error(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    path = tmp_path / "broken.jsonl"
    header = journal.read_text("utf-8").partition("\n")[0]
    path.write_text(line.replace("HEADER", header), "utf-8")
    assert main(["--port", "0", "--replay", str(path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"graph_emulator: {path}{said}")
    assert len(error.splitlines()) == 1


def test_a_line_may_not_be_huge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(replaying, "LONGEST", 1000)
    path = tmp_path / "huge.jsonl"
    path.write_text('"' + "x" * 2000, "utf-8")
    assert main(["--port", "0", "--replay", str(path)]) == 1
    assert ":1: the line has more than 1000 bytes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            {"of": None, "method": "_end_journal", "arguments": {}},
            "there is no method _end_journal",
        ),
        ({"of": None, "method": "run", "arguments": {}}, "there is no method run"),
        ({"of": {"user": "Eve"}, "method": "answers", "arguments": {}}, "user Eve is not declared"),
        ({"of": {}, "method": "answers", "arguments": {}}, "not enough values"),
        ({"of": None, "method": "user", "arguments": {"nome": "Ann"}}, "unexpected keyword"),
        ({"of": None, "method": "meeting", "arguments": {"join_url": "x"}}, "not a link"),
    ],
)
async def test_what_a_journal_cannot_have_told_is_one_clear_error(
    journal: Path, tmp_path: Path, told: dict[str, Any], said: str
) -> None:
    path = tmp_path / "journal.jsonl"
    header = journal.read_text("utf-8").partition("\n")[0]
    path.write_text(f"{header}\n{json.dumps({'kind': 'told', **told})}\n", "utf-8")
    with pytest.raises(JournalError) as raised:
        await replayed(path, plays)
    assert str(raised.value).startswith(f"{path}:2: cannot be played: ")
    assert said in str(raised.value)


async def test_what_somebody_cannot_do_any_more_is_a_difference(
    journal: Path, tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    header = journal.read_text("utf-8").partition("\n")[0]
    act = {"act": "hangs_up", "call": "x", "person": "Ann"}
    path.write_text(f"{header}\n{json.dumps({'kind': 'act', 'act': act})}\n", "utf-8")
    assert await replayed(path, plays) == f"{path}:2: Ann hangs up: call is the id of a call"


def test_options_that_contradict_a_replay_are_refused(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for options, said in [
        (["--journal", str(journal)], "would overwrite"),
        (["--seed-file", "x.toml"], "leave out --script and --seed-file"),
    ]:
        assert main(["--port", "0", "--replay", str(journal), *options]) == 1
        assert said in capsys.readouterr().err
    assert journal.stat().st_size > 1000


def test_the_exit_code_says_whether_there_is_a_difference(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "journal.jsonl"
    header = journal.read_text("utf-8").partition("\n")[0]
    user = {"kind": "told", "of": None, "method": "user", "arguments": {"name": "Ann"}}
    rotate = {"kind": "told", "of": {"keys": "service"}, "method": "rotate", "arguments": {}}
    path.write_text(f"{header}\n{json.dumps(user)}\n{json.dumps(rotate)}\n", "utf-8")
    assert main(["--port", "0", "--replay", str(path)]) == 0
    assert capsys.readouterr().out.endswith("\neverything happened as the journal has it\n")
    act = {"kind": "act", "act": {"act": "hangs_up", "call": "x", "person": "Ann"}}
    path.write_text(f"{header}\n{json.dumps(act)}\n", "utf-8")
    assert main(["--port", "0", "--replay", str(path)]) == 1
    assert f"\n{path}:2: Ann hangs up: call is the id of a call\n" in capsys.readouterr().out
    assert main(["--port", "0", "--replay", str(journal)]) == 1
    assert "start with --callback" in capsys.readouterr().err
