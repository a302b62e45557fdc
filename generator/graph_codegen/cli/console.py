"""What a command says: answers on standard output, everything else on standard error."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Mapping
from contextlib import AbstractContextManager, contextmanager
from threading import Timer

import click
from rich.console import Console
from rich.text import Text

from graph_codegen.api import Progress
from graph_codegen.errors import Diagnostic

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


def show(lines: Iterable[Text]) -> None:
    """Write lines to standard output, with their styles if it is a terminal."""
    if sys.stdout.isatty():
        console = Console(soft_wrap=True, emoji=False, highlight=False)
        for line in lines:
            console.print(line)
    else:
        for line in lines:
            click.echo(line.plain)


@contextmanager
def stage(console: Console, what: str) -> Generator[None]:
    """Show a stage of the work: a moving line on a terminal once it takes long, else a plain line."""
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
        log.print(f"warning: {warning}")

    def note(self, note: Diagnostic) -> None:
        """Print a note."""
        log.print(f"note: {note}")


PROGRESS = LoggedProgress()
