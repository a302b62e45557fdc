"""Whether a command that writes has nothing to do, since nothing has changed since it last wrote.

What a run wrote is remembered in the user's cache folder, with one digest of all that the result depends on
and of the bytes of every file that was written. It depends on the machine, so it is not beside what is
generated, and a check never asks for it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from graph_codegen.assets import folder
from graph_codegen.cli.options import Reading
from graph_codegen.errors import CodegenError
from graph_codegen.facts import settings
from graph_codegen.install import replace

KEPT = 200
"""Runs that are remembered, one for each place that is written to."""

_OURSELVES = "graph-codegen"

_REQUIRED = re.compile(r"^Requires-Dist: *([\w.-]+)", re.MULTILINE)

Contents = Iterable[tuple[str, bytes]]
"""What a digest covers: bytes, and what they are."""


class _UnknownError(Exception):
    """What a result depends on cannot be told."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What an earlier run wrote, as paths, and the lines that it told besides."""

    files: list[str]
    told: list[str]


class Run:
    """A command that writes files below a folder, to be compared with the last one that did.

    All that it depends on is read when it begins: what changes later is a change for the next run.
    """

    def __init__(
        self,
        command: str,
        target: Path,
        given: Mapping[str, object],
        metadata: Path | None,
        reading: Reading,
    ) -> None:
        self._target = target
        where = f"{command} {Path.cwd()} {target}"
        self._place = _folder() / f"{hashlib.sha256(os.fsencode(where)).hexdigest()}.json"
        options = repr((where, sorted(given.items()), metadata, sorted(reading.items())))
        self._inputs: str | None = None
        with suppress(
            _UnknownError, OSError, ValueError, CodegenError
        ):  # the command says what is wrong
            inputs = (*_environment(), *_libraries(), *_program(), *_inputs(metadata, reading))
            self._inputs = _digest([("options", os.fsencode(options)), *inputs])

    def recall(self) -> Remembered | None:
        """Return what the last run wrote, if this one would find and write the same."""
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            known = json.loads(self._place.read_bytes())
            found = Remembered([*map(str, known["files"])], [*map(str, known["told"])])
            if self._inputs and self._state(self._present(found.files)) == known["state"]:
                return found
        return None

    def remember(self, files: Mapping[str, str], told: list[str]) -> None:
        """Remember what this run wrote, text by path below its folder, and the lines that it told.

        Where the user's cache folder cannot be written, the next run begins anew.
        """
        if not self._inputs:
            return
        state = self._state((path, text.encode()) for path, text in files.items())
        known: dict[str, Any] = {"state": state, "files": [*files], "told": told}
        new = self._place.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            self._place.parent.mkdir(parents=True, exist_ok=True)
            new.write_text(json.dumps(known), encoding="utf-8")
            new.replace(self._place)
            kept = sorted(self._place.parent.iterdir(), key=lambda path: path.stat().st_mtime)
            for old in kept[:-KEPT]:
                old.unlink()

    def _state(self, files: Contents) -> str:
        return _digest([("inputs", (self._inputs or "").encode()), *files])

    def _present(self, files: Iterable[str]) -> Contents:
        """Return the files that are there. Raises OSError for one that is not, and after a killed run."""
        with replace.reading(self._target):
            if any(self._target.glob(f"{replace.PREFIX}*")):
                raise FileExistsError(self._target)
            return [(path, _read(self._target / path)) for path in files]


def _folder() -> Path:
    return user_cache_path(_OURSELVES, appauthor=False)


def _digest(contents: Contents) -> str:
    """Return one digest for all contents, and their order."""
    found = hashlib.sha256()
    for name, data in contents:
        # Digests are all of one length, so nothing can be taken for something else.
        found.update(hashlib.sha256(os.fsencode(name)).digest() + hashlib.sha256(data).digest())
    return found.hexdigest()


def _environment() -> Iterator[tuple[str, bytes]]:
    """Yield what Python is and where it looks for modules.

    Raises _UnknownError where it looks in folders of somebody's own, which come before what is installed.
    """
    if os.environ.get("PYTHONPATH"):
        raise _UnknownError
    yield "python", repr((sys.implementation.name, sys.version, sys.platform, sys.path)).encode()


def _libraries() -> Iterator[tuple[str, bytes]]:
    """Yield the record of each library that is installed for the generator, which has digests of its files.

    Raises _UnknownError for one without a record, or whose files are elsewhere since somebody works on it.
    """
    wanted, seen = [_OURSELVES], set[str]()
    for name in wanted:
        if name in seen:
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            if name == _OURSELVES:
                raise _UnknownError from None
            continue  # what only another system or an extra needs
        record, metadata = found.read_text("RECORD"), found.read_text("METADATA")
        origin = json.loads(found.read_text("direct_url.json") or "{}")
        editable = origin.get("dir_info", {}).get("editable", False)
        if record is None or metadata is None or (editable and name != _OURSELVES):
            raise _UnknownError
        yield name, record.encode()
        wanted += sorted(_REQUIRED.findall(metadata))


def _program() -> Iterator[tuple[str, bytes]]:
    """Yield the files of the generator: its code, templates and metadata."""
    for top in (Path(__file__).parents[1], folder("templates"), folder("metadata")):
        yield from _all_below(top)


def _inputs(metadata: Path | None, reading: Reading) -> Iterator[tuple[str, bytes]]:
    """Yield the files of the user that a command reads. Raises OSError for anything but files."""
    config = reading["config"]
    chosen = settings.load(config)
    documents = (metadata or chosen.document, *reading["references"], *chosen.clouds.values())
    for path in (*([config] if config else ()), *documents):
        yield str(path), _read(path)
    for path in sorted(chosen.facts.glob("*.json")) if chosen.facts else ():
        yield str(path), _read(path)
    if chosen.templates:
        yield from _all_below(chosen.templates)


def _all_below(top: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(top.rglob("*")):
        if "__pycache__" not in path.parts and not path.is_dir():
            yield str(path), _read(path)


def _read(path: Path) -> bytes:
    """Read a file. Raises OSError for anything else: reading a FIFO would wait for ever."""
    if not path.is_file():
        raise FileNotFoundError(path)
    return path.read_bytes()
