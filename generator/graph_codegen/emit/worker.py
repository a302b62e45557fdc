"""What a worker process needs to end in time; it loads quickly, as the command imports it too."""

from __future__ import annotations

import gc
import os
import signal
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
