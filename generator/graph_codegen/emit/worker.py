"""What a worker process does about its memory and its end; it loads quickly, as commands import it too."""

from __future__ import annotations

import gc
import os
import signal
import sys
from multiprocessing import parent_process
from threading import Thread

GC_THRESHOLDS = 200_000, 50, 100
"""Thresholds of the garbage collector: what is read or parsed lives until its end, and collecting as often
as usual takes a sixth of the time of a command, and a third of that of formatting."""


def prepare() -> None:
    """Make this process collect garbage seldom, and end when its parent ends or the user interrupts both."""
    gc.freeze()  # a collection would copy each page that a fork shares with its parent
    gc.set_threshold(*GC_THRESHOLDS)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # ends it at once, without a traceback
    end_with_parent()


def release_memory() -> None:
    """Return what this process no longer needs to the system, if it is a worker.

    glibc keeps what is freed: of all of Graph, datamodel-code-generator leaves 95 MB.
    """
    if parent_process() and sys.platform == "linux":
        import ctypes  # takes 10 ms

        gc.collect()
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have none
        if trim:
            trim(0)


def end_with_parent() -> None:
    """Make this process end when its parent ends, however that happens.

    A parent that is killed cannot end its children, which would wait for work for ever.
    """
    Thread(target=_await_parent, daemon=True).start()


def _await_parent() -> None:
    parent = parent_process()
    if parent:
        parent.join()
        os._exit(1)
