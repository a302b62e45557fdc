"""The bot with a menu, against the emulator: it is rung, the caller presses 1, and is passed on."""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import cast

from graph_emulator import Server
from graph_emulator.timeline import Timeline

PROMPTS = "https://bot.contoso.com"
HERE = Path(__file__).parent
PATIENCE = 10.0
"""How long the bot may take to stop, in seconds."""

INTERRUPTED = 130
"""The exit code after Ctrl+C, as shells have it."""


async def main(*, stays: bool) -> int:
    """Show a whole call, and return 0 if it went as it should."""
    port = free_port()
    server = Server(port=0, callback=f"http://127.0.0.1:{port}/api/calls")
    timeline = Timeline(sys.stdout)
    bold, plain = timeline.colours.bold, timeline.colours.plain
    caller = server.user("Ann").presses("1", after=2)
    person = server.user("Ben").answers(after=2)
    server.prompt(f"{PROMPTS}/connecting.wav", seconds=1.5)
    with tempfile.TemporaryDirectory() as folder:
        async with server.running(), bot(port, server, person.id, Path(folder)):
            if stays:
                print(f"open {server.page}", flush=True)
            print(f"{bold}Ann rings the bot; with 1 she is passed on to Ben{plain}")
            server.events.subscribe(timeline)
            call = server.rings(from_=caller)
            await asyncio.to_thread(server.run)
            if stays:
                print("the emulator stays, for you to ring the bot on its page: Ctrl+C ends it")
                await asyncio.Event().wait()
    operations = ", ".join(server.log.operations)
    print(f"{bold}the call was ended by the {call.ended_by}, after: {operations}{plain}")
    return 0 if call.ended_by == "bot" and "transfer" in server.log.operations else 1


@asynccontextmanager
async def bot(port: int, server: Server, person: str, folder: Path) -> AsyncIterator[None]:
    """Run the bot as it is run elsewhere, by uvicorn in a process of its own."""
    environment = os.environ | {
        "EMULATOR": server.url,
        "CLIENT_ID": server.app_id,
        "CALLBACK_URI": "https://bot.contoso.com/api/calls",
        "PROMPTS": PROMPTS,
        "PERSON_ID": person,
        "STORE": str(folder / "calls.db"),
        "MESSAGES": str(folder),
    }
    command = (
        "-m",
        "uvicorn",
        "--app-dir",
        str(HERE),
        "--port",
        str(port),
        "--log-level",
        "warning",
    )
    process = subprocess.Popen([sys.executable, *command, "ivr_bot:app"], env=environment)
    try:
        await until_open(port)
        yield
    finally:
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()


async def until_open(port: int) -> None:
    """Wait until a server listens; raises TimeoutError if none does within half a minute."""
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


def free_port() -> int:
    """Return the number of a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stay", action="store_true", help="leave the emulator and its page open")
    stays = parser.parse_args().stay
    # Any character can be written then, whatever a redirection takes by default.
    cast("TextIOWrapper", sys.stdout).reconfigure(encoding="utf-8")
    try:
        sys.exit(asyncio.run(main(stays=stays)))
    except KeyboardInterrupt:
        sys.exit(0 if stays else INTERRUPTED)
