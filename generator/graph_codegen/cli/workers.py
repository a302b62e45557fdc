"""The processes in which a command formats what it generates."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import Executor

import click

MOST_WORKERS = 8
"""Forked processes all start with the first work, of which there is seldom enough for more."""


def start_workers() -> Executor:
    """Return a pool of processes, one for each processor up to `MOST_WORKERS`.

    They start when there is work, and end when this process does, even if it is killed.
    """
    # Most commands start no processes.
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from graph_codegen.emit.worker import prepare

    # A fork has what this process has imported, which a new process takes 0.4 s to import again. This
    # process has no other threads, of which a fork would have the locks; on macOS, system libraries may.
    context = get_context("fork" if sys.platform == "linux" else "spawn")
    workers = min(MOST_WORKERS, os.cpu_count() or 1)
    return ProcessPoolExecutor(workers, context, initializer=prepare)


def current_workers() -> Executor:
    """Return the executor of the running command.

    It is a pool of processes, unless the command was called with another executor's constructor as
    the `obj` of its context: `main(arguments, obj=ThreadPoolExecutor)`.
    """
    start: Callable[[], Executor] | None = click.get_current_context().obj
    return (start or start_workers)()
