"""What a worker process needs to end in time; it loads quickly, as the command imports it too."""

from __future__ import annotations

import os
from multiprocessing import parent_process
from threading import Thread


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
