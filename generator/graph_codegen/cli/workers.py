"""The processes in which a command formats what it generates."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor

import click


def start_workers() -> Executor:
    """Return a pool of processes, one for each processor, which start when there is work.

    They end when this process does, even if it is killed.
    """
    # Most commands start no processes.
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from graph_codegen.emit.worker import prepare

    return ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=prepare)


def current_workers() -> Executor:
    """Return the executor of the running command.

    It is a pool of processes, unless the command was called with another executor's constructor as
    the `obj` of its context: `main(arguments, obj=ThreadPoolExecutor)`.
    """
    start: Callable[[], Executor] | None = click.get_current_context().obj
    return (start or start_workers)()
