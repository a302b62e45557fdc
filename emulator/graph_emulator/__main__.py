"""The emulator on the command line: `python -m graph_emulator`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import cast

from .behaviours import all_behaviours, as_markdown, as_text
from .journal import JournalError
from .replay import Replay
from .script import Script, ScriptError
from .seed_file import SeedFileError
from .server import Server, ServerError, is_local
from .timeline import Timeline, printable


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        _take_any_character()
        if options.explain:
            written = as_markdown if options.explain == "markdown" else as_text
            _say(written(all_behaviours()).removesuffix("\n"))
            return 0
        return asyncio.run(_serve(options))
    except BrokenPipeError:  # whoever read the output has gone
        sys.stdout = None
        return 1
    except (OutputError, ServerError, SeedFileError, ScriptError, JournalError) as error:
        print(printable(f"graph_emulator: {error}"), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


class OutputError(Exception):
    """Nothing can be written to the standard output; the message says why."""


def _take_any_character() -> None:
    """Let the output be UTF-8, whatever a redirection takes by default. Raises OutputError for none."""
    output = cast("TextIOWrapper | None", sys.stdout)
    if output is None:
        raise OutputError("the standard output is closed")
    output.reconfigure(encoding="utf-8", errors="backslashreplace")


def _say(text: str) -> None:
    """Write to the standard output. Raises BrokenPipeError, and OutputError for all other reasons."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        sys.stdout = None  # else the end would try again
        raise OutputError(f"the standard output cannot be written: {error.strerror}") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m graph_emulator",
        description="Serves Microsoft Graph's cloud communications on this machine, in real time.",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address to listen at (%(default)s)"
    )
    parser.add_argument(
        "--port", type=int, default=7071, help="the port; 0: a free one (%(default)s)"
    )
    parser.add_argument(
        "--callback",
        metavar="URL",
        help="where the bot is: notifications of calls are sent there, whatever their callbackUri",
    )
    parser.add_argument(
        "--forms",
        choices=("wire", "docs"),
        default="wire",
        help="bodies as captures show them, or as the documentation does (%(default)s)",
    )
    parser.add_argument(
        "--seed-file",
        metavar="FILE",
        help="a TOML file that declares users, phones, meetings and applications",
    )
    parser.add_argument(
        "--allow-origin",
        metavar="ORIGIN",
        action="append",
        default=[],
        help="another origin that may be dialled, such as http://127.0.0.1:9000 (repeatable)",
    )
    parser.add_argument(
        "--redelivery",
        metavar="N",
        type=_count,
        default=0,
        help="how often a notification is posted again that nobody took (%(default)s)",
    )
    parser.add_argument(
        "--script",
        metavar="FILE",
        help="a Python file whose play(svc) lets people act, once the bot listens at the callback",
    )
    parser.add_argument(
        "--journal",
        metavar="FILE",
        help="write a line of JSON for everything; time then stands still while the bot is at work",
    )
    parser.add_argument(
        "--replay",
        metavar="FILE",
        help="do what people and clients did in a journal, with its seed; show where the bot now differs",
    )
    parser.add_argument("--seed", type=int, default=0, help="decides all ids (%(default)s)")
    parser.add_argument(
        "--explain",
        nargs="?",
        choices=("text", "markdown"),
        const="text",
        help="print what is emulated, and how well it is known",
    )
    return parser


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("must be 0 or more")
    return int(text)


async def _serve(options: argparse.Namespace) -> int:
    script = None if options.script is None else Script(options.script)
    replay = None if options.replay is None else _replay(options)
    settings = {"seed": options.seed, "forms": options.forms, "redelivery": options.redelivery}
    server = Server(
        host=options.host,
        port=options.port,
        callback=options.callback,
        seed_file=options.seed_file,
        journal=options.journal,
        allow_origins=options.allow_origin,
        repeatable=replay is not None,
        **(settings if replay is None else replay.settings),
    )
    if not is_local(options.host):
        print(
            f"warning: {options.host} can be reached from other machines, and anybody there can use"
            " this emulator",
            file=sys.stderr,
        )
    async with server.running():
        _say(_greeting(server))
        server.events.subscribe(Timeline(sys.stdout))
        tasks = (
            asyncio.create_task(_work(server, script, replay)),
            asyncio.create_task(server.until_journal_fails()),
        )
        done, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
        return done.pop().result()


def _replay(options: argparse.Namespace) -> Replay:
    """Read a journal that is to be played. Raises JournalError."""
    if options.script or options.seed_file:
        raise JournalError("--replay does what the journal has: leave out --script and --seed-file")
    if options.journal and Path(options.journal).resolve() == Path(options.replay).resolve():
        raise JournalError("--journal would overwrite the file that --replay plays: name another")
    return Replay(options.replay)


async def _work(server: Server, script: Script | None, replay: Replay | None) -> int:
    """Play a script or a journal, and serve on; return the code with which it ends the server."""
    if replay is not None:
        await server.bot_listens()
        difference = await replay.play(server)
        _say(difference or "everything happened as the journal has it")
        return 0 if difference is None else 1
    if script is not None:
        await server.bot_listens()
        code = await script.play(server)
        if code is not None:
            return code
    await asyncio.Event().wait()
    return 0


def _greeting(server: Server) -> str:
    """Return what to paste into an application."""
    told = server.callback or "nobody: see --callback"
    return f"""\
Graph is at {server.url}/v1.0; notifications go to {told}

    import graph_emulator

    credential = graph_emulator.Credential("{server.url}", app_id)
    client = AsyncCommunicationsClient(credential, endpoint="{server.url}/v1.0")
    bot = Bot(client, app_id=app_id, callback_uri=…, trust=graph_emulator.trust("{server.url}"))

What happens in calls is shown at {server.page}
where you can also be the people in them. Ctrl+C ends it."""


if __name__ == "__main__":
    sys.exit(main())
