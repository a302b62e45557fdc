"""What a command says: answers on standard output, everything else on standard error."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from threading import Timer

import click
from rich.console import Console
from rich.text import Text

from graph_codegen.api import Progress
from graph_codegen.errors import Diagnostic
from graph_codegen.text import log_line, printable, shorten, without_commands

DIFFERENT = 1
"""Exit code of a check that found a difference."""

REFUSED = 2
"""Exit code for input or output that was refused."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it: 128 and the number of the signal."""

PATIENCE = 1.0
"""Seconds that work may take before a terminal shows it."""

log = Console(stderr=True, soft_wrap=True, markup=False, emoji=False, highlight=False)
"""The console of standard error, which shows texts as they are, without markup."""


ROOM = 40_000
"""Characters of the errors of a command, and of its warnings with its notes, before they are only counted."""

LONGEST = 1_000
"""Characters of a line on standard error."""


def tell(line: str) -> None:
    """Write a line to standard error: names and values in it cannot control a terminal, or a CI."""
    log.print(without_commands(shorten(line, LONGEST)))
    told = _TOLD.get()
    if told is not None:
        told.append(line)


_TOLD: ContextVar[list[str] | None] = ContextVar("_TOLD", default=None)


@contextmanager
def recording() -> Generator[list[str]]:
    """Give a list that grows by each line that is told, as long as the context lasts."""
    told = list[str]()
    token = _TOLD.set(told)
    try:
        yield told
    finally:
        _TOLD.reset(token)


def tell_all(kind: str, diagnostics: Iterable[Diagnostic]) -> None:
    """Write diagnostics to standard error, as many as there is room for, and how many more there are."""
    teller = _Teller(kind)
    for diagnostic in diagnostics:
        teller.add(diagnostic)
    teller.end()


class _Teller:
    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._room = ROOM
        self._more = 0

    def add(self, diagnostic: Diagnostic, kind: str = "") -> None:
        text = f"{kind or self._kind}: {diagnostic}"
        self._room -= min(len(text), LONGEST)
        if self._room < 0:
            self._more += 1
        else:
            for line in (text, *diagnostic.output):
                tell(line)

    @property
    def more(self) -> int:
        """How many diagnostics there was no room for."""
        return self._more

    def end(self) -> None:
        if self._more:
            tell(f"{self._kind}: and {self._more:,} more")


def answer(text: str) -> None:
    """Write a whole document to standard output; a terminal gets it without what would control it."""
    if sys.stdout.isatty():
        text = "\n".join(map(printable, text.split("\n")))
    click.echo(text, nl=False)


def say(line: str) -> None:
    """Write a line to standard output: names and values in it cannot control a terminal, or a CI."""
    click.echo(log_line(line))


def show(lines: Iterable[Text]) -> None:
    """Write lines to standard output as `say` does, with their styles if it is a terminal."""
    console = Console(soft_wrap=True, emoji=False, highlight=False)
    for line in lines:
        plain = log_line(line.plain)
        if sys.stdout.isatty():
            console.print(line if plain == line.plain else Text(plain, line.style))
        else:
            click.echo(plain)


@contextmanager
def stage(console: Console, what: str) -> Generator[None]:
    """Show a stage of the work: a moving line on a terminal once it takes long, else a plain line."""
    what = log_line(what)
    if not console.is_terminal:
        console.print(Text(f"{what} …"))
        yield
        return
    status = console.status(Text(what))
    timer = Timer(PATIENCE, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        status.stop()


def render_counts(counts: Mapping[str, int]) -> str:
    """Return things with their numbers as a list: `the value of a member (3), facets of a property (2)`."""
    return ", ".join(f"{what} ({number:,})" for what, number in counts.items())


class LoggedProgress(Progress):
    """Shows stages and warnings on standard error."""

    def stage(self, what: str) -> AbstractContextManager[None]:
        """Show a stage as long as it lasts."""
        return stage(log, what)

    def warn(self, warning: Diagnostic) -> None:
        """Print a warning."""
        _teller().add(warning)

    def note(self, note: Diagnostic) -> None:
        """Print a note."""
        _teller().add(note, "note")


def told_all() -> bool:
    """Whether the running command has told all its warnings: there may be too many."""
    return not _teller().more


def _teller() -> _Teller:
    """Return what tells the warnings of the running command."""
    context = click.get_current_context().find_root()
    if _TELLER not in context.meta:
        context.meta[_TELLER] = teller = _Teller("warning")
        context.call_on_close(teller.end)
    found: _Teller = context.meta[_TELLER]
    return found


_TELLER = f"{__name__}.teller"

PROGRESS = LoggedProgress()
