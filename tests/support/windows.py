"""Makes this process behave as on Windows, as far as putting files into folders goes.

Windows has neither flock nor renameat2, renames nothing onto what exists, and neither renames nor deletes
what somebody has open. Paths stay those of this system.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graph_codegen.install import replace


def behave_as_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace what differs, as long as a test lasts."""
    monkeypatch.setattr(replace, "_WINDOWS", True)
    monkeypatch.setattr(replace, "_PAUSES", (0.0, 0.0))
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setattr(ctypes, "CDLL", _library)
    monkeypatch.setattr(os, "rename", _rename)
    monkeypatch.setattr(Path, "rename", _rename)
    monkeypatch.setattr(os, "unlink", _unlink)
    monkeypatch.setattr(os, "open", _open)
    monkeypatch.delattr(os, "chown")
    monkeypatch.setattr(shutil, "_use_fd_functions", False)


_real_rename, _real_unlink, _real_open = os.rename, os.unlink, os.open


def _library(name: str | None, **_: Any) -> Any:
    raise TypeError(f"argument of type '{type(name).__name__}' is not iterable")


def _rename(source: Any, target: Any) -> None:
    if os.path.lexists(target) and not Path(source).samefile(target):
        raise FileExistsError(errno.EEXIST, "File exists", str(source), None, str(target))
    _refuse_open(Path(source))
    _real_rename(source, target)


def _unlink(path: Any, **options: Any) -> None:
    _refuse_open(Path(path))
    _real_unlink(path, **options)


def _open(path: Any, *arguments: Any, **options: Any) -> int:
    if isinstance(path, str | os.PathLike) and Path(path).is_dir():
        raise PermissionError(errno.EACCES, "Permission denied", str(path))
    try:
        return _real_open(path, *arguments, **options)
    except NotADirectoryError:
        raise FileNotFoundError(errno.ENOENT, "No such file", str(path)) from None


def _refuse_open(path: Path) -> None:
    real = Path(os.path.realpath(path))
    if any(opened == real or real in opened.parents for opened in _opened()):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))


def _opened() -> Iterator[Path]:
    """Yield what this process has open; nothing where the system does not say."""
    for handle in Path("/proc/self/fd").glob("*"):
        try:
            yield handle.readlink()
        except OSError:  # the handle of the listing itself
            continue
