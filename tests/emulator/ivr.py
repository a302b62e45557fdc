"""The example bot with a menu, in a process of its own, against emulators in processes of theirs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).parents[2]
APP = "2891555a-92ff-42e6-80fa-6e1300c6b5c6"
BEN = "112f7296-5fa4-42ca-bae8-6a692b15d4b8"


def script() -> str:
    """Return the script that the guide shows."""
    page = (PROJECT / "docs/emulator.md").read_text("utf-8")
    return (
        page.partition("### Scripts of the server")[2]
        .partition("```python\n")[2]
        .partition("```")[0]
    )


def free_port() -> int:
    """Return the number of a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def bot_and_emulator(
    folder: Path, *options: str, person: str = BEN
) -> Generator[subprocess.Popen[str]]:
    """Yield the process of an emulator with options, whose callback is a bot that runs."""
    folder.mkdir(exist_ok=True)
    emulator, bot = free_port(), free_port()
    environment = os.environ | {
        "EMULATOR": f"http://127.0.0.1:{emulator}",
        "CLIENT_ID": APP,
        "CALLBACK_URI": "https://bot.contoso.com/api/calls",
        "PROMPTS": "https://bot.contoso.com",
        "PERSON_ID": person,
        "STORE": str(folder / "calls.db"),
        "MESSAGES": str(folder),
    }
    serving = [sys.executable, "-m", "uvicorn", "--app-dir", "examples/ivr-bot", "ivr_bot:app"]
    emulating = [sys.executable, "-m", "graph_emulator", "--port", str(emulator)]
    with (
        running([*serving, "--port", str(bot), "--log-level", "warning"], environment),
        running(
            [*emulating, "--callback", f"http://127.0.0.1:{bot}/api/calls", *options], environment
        ) as process,
    ):
        yield process


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Generator[subprocess.Popen[str]]:
    """Yield a process, which is ended after that."""
    with subprocess.Popen(
        command,
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()
