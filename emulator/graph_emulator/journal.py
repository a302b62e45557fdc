"""The file of a journal: a line of JSON for each thing that happens, which a replay reads."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable, Mapping
from importlib.metadata import version

from graph_comms.bot.json_values import Json

FORMAT = 1
"""Which form the lines have."""


class JournalError(Exception):
    """A journal that cannot be written or read; the message says where and why."""


class Journal:
    """Writes lines to a file that only its owner may read; what was there is gone.

    The first line has the form of the others, the emulator's version, and its `settings`.
    Each line is written at once, so that a crash loses no more than the last one.
    """

    def __init__(self, path: str | os.PathLike[str], settings: Mapping[str, Json]) -> None:
        """Begin the file. Raises JournalError, for a symbolic link too: it could lead anywhere."""
        self._path = os.fspath(path)
        self._file = _opened(self._path)
        self.problem: JournalError | None = None
        """Why nothing more was written; None as long as that works."""
        self.on_problem: Callable[[], object] = lambda: None
        """Called when there is one."""
        own = {"journal": FORMAT, "version": version("graph-comms-emulator")}
        self.write({**own, **settings})

    def write(self, line: Mapping[str, Json]) -> None:
        """Add a line, if all before could be written."""
        if self.problem is not None:
            return
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
        left = memoryview(text.encode("utf-8", "backslashreplace") + b"\n")
        try:
            while left:
                left = left[os.write(self._file, left) :]
        except OSError as error:
            self._fail(error)

    def close(self) -> None:
        """End the file. Raises JournalError if not everything could be written."""
        try:
            os.close(self._file)
        except OSError as error:  # some systems write no sooner
            self._fail(error)
        if self.problem is not None:
            raise self.problem

    def _fail(self, error: OSError) -> None:
        self.problem = JournalError(f"{self._path} cannot be written: {error.strerror}")
        self.on_problem()


def _opened(path: str) -> int:
    flags = os.O_WRONLY | os.O_CREAT
    for name in (
        "O_BINARY",
        "O_NOFOLLOW",
        "O_NONBLOCK",
    ):  # without the last, a pipe waits for a reader
        flags |= getattr(os, name, 0)  # not every system has all of them
    try:
        file = os.open(path, flags, 0o600)
    except OSError as error:
        why = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror
        raise JournalError(f"{path} cannot be written: {why}") from None
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise JournalError(f"{path} cannot be written: it is not a file")
        if hasattr(os, "fchmod"):
            os.fchmod(file, 0o600)
        os.ftruncate(file, 0)
    except OSError as error:
        os.close(file)
        raise JournalError(f"{path} cannot be written: {error.strerror}") from None
    except JournalError:
        os.close(file)
        raise
    return file
