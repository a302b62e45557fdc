"""Reads files, and only what is one: a FIFO would be waited for, and a device may never end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_bytes(path: Path, most: int = -1) -> bytes:
    """Return the bytes of a file, or the first `most` of them.

    Raises OSError for a file that cannot be read, and for what is no regular file: a folder, a FIFO, a socket
    or a device.
    """
    # Opening a FIFO waits for a writer unless it is told not to.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        with os.fdopen(os.dup(handle), "rb") as file:
            return file.read(most)
    finally:
        os.close(handle)
