"""Journals: what is in them and what is not, and that two runs of one script write the same."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from graph_emulator import Emulator, JournalError
from graph_emulator.__main__ import main
from tests.emulator.bots import CALLBACK, bot_of, call_to, joining
from tests.emulator.ivr import bot_and_emulator, script
from tests.emulator.plain import plain

MEETING = "https://teams.microsoft.com/meet/1234567?p=psw123"


def greeted(svc: Emulator) -> None:
    """Let a bot greet who rings it, and whom a client lets it call."""
    bot = bot_of(svc)

    @bot.incoming
    async def ring(call: Any) -> None:
        await call.answer()

    @bot.media_active
    async def greet(call: Any) -> None:
        played = await call.play_prompt("https://bot.contoso.com/hello.wav")
        await played.completed(timeout=30)
        await call.hang_up()

    svc.connect(bot)
    svc.rings(bot, from_=svc.user("Ann").presses("1", after=1))
    svc.run()
    svc.client(roles=["Calls.Initiate.All"]).calls.create(call_to(svc.user("Ben").answers()))
    svc.run()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    written: list[bytes] = []
    for number, seed in enumerate((3, 3, 4)):
        path = tmp_path / f"{number}.jsonl"
        with Emulator(seed=seed, journal=path) as svc:
            svc.deliver(duplicate=2, disorder=True, late=1, lose=0.1)
            greeted(svc)
        written.append(path.read_bytes())
    assert written[0] == written[1]
    assert written[0] != written[2]


def test_a_journal_tells_who_did_what_and_when(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Emulator(seed=3, journal=path) as svc:
        greeted(svc)
        assert lines(path)[-1]["kind"] == "notification"  # what has happened is there already
        operations = svc.log.operations
    header, *rest = lines(path)
    assert (header["journal"], header["seed"], header["forms"]) == (1, 3, "wire")
    told = [(line["of"], line["method"]) for line in rest if line["kind"] == "told"]
    ann, ben = {"user": "Ann"}, {"user": "Ben"}
    assert told == [
        (None, "user"),
        (ann, "presses"),
        (None, "rings"),
        (None, "user"),
        (ben, "answers"),
    ]
    asked = [(line["name"], line["by"]) for line in rest if line["kind"] == "request"]
    assert [name for name, _ in asked] == operations
    assert [by for _, by in asked] == [*["bot"] * 3, "client", *["bot"] * 2]
    assert {line["status"] for line in rest if line["kind"] == "notification"} == {202}
    times = [line["time"] for line in rest]
    assert times == sorted(times)
    assert times[-1] > 8


def test_what_a_bot_asks_while_it_is_told_comes_after_that(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        """Ask for something before the notification is answered."""
        if scope["type"] == "http":
            await client.presences.get("x")
            await send({"type": "http.response.start", "status": 202, "headers": []})
            await send({"type": "http.response.body"})

    with Emulator(callback=app, journal=path) as svc:
        client = svc.async_client()
        svc.rings(CALLBACK, from_=svc.user("Ann").gives_up(after=1))
        svc.advance(seconds=0.5)
    kinds = [line["kind"] for line in lines(path)[1:]]
    assert kinds == ["told", "told", "told", "notification", "request"]


def test_no_secret_is_in_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Emulator(journal=path) as svc:
        bot = bot_of(svc)
        svc.connect(bot)
        svc.meeting(MEETING).joins(svc.phone("+12065550100"), after=1)
        svc.meeting("7654321", passcode="psw123")
        svc.rings(bot, from_=svc.phone("+12065550100").gives_up(after=1))
        svc.client().calls.create(joining("1234567", svc.tenant_id, "psw123"))
        svc.run()
        link = quote(MEETING, safe="")
        for query in (f"$filter=joinWebUrl eq '{link}'", f"$filter=joinWebUrl eq '{MEETING}'"):
            plain(svc).get(f"/communications/onlineMeetings?{query}")
        plain(svc).get(f"/communications/onlineMeetings(joinWebUrl='{link}')")
    written = path.read_text("utf-8")
    for secret in ("2065550100", "psw123", "Bearer", "observedParticipantId", "ZW11bGF0ZWQ"):
        assert secret not in written
    assert '"of":{"phone":"phone 1"},"method":"gives_up"' in written


@pytest.mark.parametrize("there", [False, True])
def test_only_its_owner_may_read_a_journal(tmp_path: Path, *, there: bool) -> None:
    path = tmp_path / "journal.jsonl"
    if there:
        path.write_text("of yesterday", "utf-8")
        path.chmod(0o644)
    with Emulator(journal=path):
        assert path.stat().st_mode & 0o777 == 0o600
    assert len(lines(path)) == 1


def test_a_journal_that_cannot_be_written_is_one_clear_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept.jsonl"
    kept.write_text("kept", "utf-8")
    (tmp_path / "link").symlink_to(kept)
    os.mkfifo(tmp_path / "pipe")
    for name, why in {
        "link": "it is a symbolic link",
        "pipe": "No such device or address",
        "": "Is a directory",
        "nowhere/journal.jsonl": "No such file or directory",
    }.items():
        assert main(["--port", "0", "--journal", str(tmp_path / name)]) == 1
        error = capsys.readouterr().err
        assert error == f"graph_emulator: {tmp_path / name} cannot be written: {why}\n"
    assert kept.read_text("utf-8") == "kept"


@contextmanager
def room(most: int) -> Generator[None]:
    """Let files have no more than so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def rung(path: Path) -> None:
    """Let a bot be rung whose emulator has no room for its journal."""
    with Emulator(journal=path) as svc, room(1000):
        svc.rings(CALLBACK, from_=svc.user("Ann"))
        svc.run()


def test_a_journal_that_cannot_be_written_any_more_is_an_error_at_the_end(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be written: File too large"):
        rung(tmp_path / "journal.jsonl")


def test_a_server_ends_when_its_journal_cannot_be_written_any_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script, journal = tmp_path / "script.py", tmp_path / "journal.jsonl"
    forever = "while True: svc.user('Ann')\n"
    script.write_text(f"def play(svc):\n    {forever}", "utf-8")
    with room(5000):
        code = main(["--port", "0", "--script", str(script), "--journal", str(journal)])
    assert code == 1
    error = capsys.readouterr().err
    assert error == f"graph_emulator: {journal} cannot be written: File too large\n"


def test_two_runs_of_a_bot_in_another_process_write_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(script(), "utf-8")
    journals = [tmp_path / f"{number}.jsonl" for number in range(2)]
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                bot_and_emulator(
                    tmp_path / journal.stem,
                    *("--script", str(path), "--journal", str(journal), "--seed", "5"),
                )
            )
            for journal in journals
        ]
        for process in processes:
            _, errors = process.communicate(timeout=60)
            assert (process.returncode, errors) == (0, "")
    first, second = (journal.read_bytes() for journal in journals)
    assert first == second
    asked = [line["name"] for line in lines(journals[0]) if line.get("kind") == "request"]
    assert asked == [
        "answer",
        "playPrompt",
        "subscribeToTone",
        "cancelMediaProcessing",
        "playPrompt",
        "transfer",
    ]
