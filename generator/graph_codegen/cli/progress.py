"""Says what is going on: a moving line on a terminal once it takes longer, else plain lines."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from threading import Timer

from rich.console import Console
from rich.text import Text

PATIENCE = 1.0
"""Seconds that work may take before a terminal shows it."""


@contextmanager
def stage(console: Console, what: str) -> Generator[None]:
    """Announce a stage of work on a console for as long as it lasts."""
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
