"""A script of the server: a Python file whose `play(svc)` declares people and lets them act."""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import linecache
import os
import sys
import threading
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .server import Server

_NAME = "graph_emulator_script"


class ScriptError(Exception):
    """A script that cannot be played; the message says the file, the line and why."""


class Script:
    """The function `play` of a file, which gets the server and is called in a thread of its own."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Read the file, as Python does a module; raises ScriptError."""
        self._path = str(Path(path).resolve())
        self._shown = os.fspath(path)
        self._play = self._read()

    async def play(self, svc: Server) -> int | None:
        """Call the function, and return the code with which it called `sys.exit`; None if it did not.

        Raises ScriptError if it raises.
        """
        loop = asyncio.get_running_loop()
        played: asyncio.Future[BaseException | None] = loop.create_future()

        def report(problem: BaseException | None) -> None:
            if not played.done():
                played.set_result(problem)

        def run() -> None:
            problem: BaseException | None = None
            try:
                self._play(svc)
            except BaseException as error:
                problem = error
            # Nobody waits any more once the server has ended.
            if not loop.is_closed():
                loop.call_soon_threadsafe(report, problem)

        threading.Thread(target=run, daemon=True).start()
        problem = await played
        if problem is None:
            return None
        if isinstance(problem, SystemExit) and not isinstance(problem.code, str):
            return problem.code or 0
        raise self._failure(problem)

    def _read(self) -> Callable[[Server], object]:
        spec = importlib.util.spec_from_loader(_NAME, SourceFileLoader(_NAME, self._path))
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[_NAME] = module
        sys.path.insert(0, str(Path(self._path).parent))
        try:
            spec.loader.exec_module(module)
        except OSError as error:
            raise ScriptError(f"{self._shown} cannot be read: {error.strerror or error}") from None
        except SyntaxError as error:
            raise ScriptError(f"{self._shown}:{error.lineno}: {error.msg}") from None
        except BaseException as error:
            raise self._failure(error) from None
        play: Callable[[Server], object] | None = getattr(module, "play", None)
        if play is None or not callable(play) or inspect.iscoroutinefunction(play):
            raise ScriptError(f"{self._shown} has no function for the server: def play(svc): …")
        return play

    def _failure(self, error: BaseException) -> ScriptError:
        """Return what is wrong, with the line of the script where it went wrong."""
        line, traceback = None, error.__traceback__
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == self._path:
                line = traceback.tb_lineno
            traceback = traceback.tb_next
        where = self._shown if line is None else f"{self._shown}:{line}"
        what = str(error) or linecache.getline(self._path, line or 0).strip()
        return ScriptError(f"{where}: {type(error).__name__}: {what}")
