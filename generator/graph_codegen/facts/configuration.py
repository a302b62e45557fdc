"""Where the configuration of a slice is: `graph-codegen.toml`, or a table of `pyproject.toml`.

The one in the working folder holds, else the nearest one upwards, as far as the folder with `.git`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from graph_codegen.errors import error
from graph_codegen.reading import read_bytes
from graph_codegen.text import printable

FILE = "graph-codegen.toml"

PROJECT = "pyproject.toml"
"""The file in which the configuration may be a table, `[tool.graph-codegen]`."""

TABLE = "graph-codegen"

LARGEST = 2**20
"""Most bytes of a configuration."""


def find(start: Path, home: Path | None) -> Path | None:
    """Return the configuration that holds in a folder, None if there is none.

    It is neither above the folder `home` nor in a folder of another user: whoever writes a configuration
    chooses what is generated. Raises CodegenError for a folder with two, and for one of another user in
    the folder `start` itself.
    """
    for folder in (start, *start.parents):
        own = _is_own(folder)
        found = in_folder(folder) if own or folder == start else None
        if found and not (own and _is_own(found)):
            if folder == start:
                message = "belongs to another user: if you trust it, name it with --config"
                raise error(message, str(found))
            return None
        if found or not own or folder == home or (folder / ".git").exists():
            return found
    return None


def in_folder(folder: Path) -> Path | None:
    """Return the configuration in a folder, None if there is none. Raises CodegenError for two."""
    file, project = (path if _is_file(path) else None for path in (folder / FILE, folder / PROJECT))
    if project and (TABLE.encode() not in _read(project) or _table(project) is None):
        project = None
    if file and project:
        raise error(f"there is a configuration in {PROJECT}, too: keep one of the two", str(file))
    return file or project


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _is_own(path: Path) -> bool:
    try:
        return os.name == "nt" or path.stat().st_uid == os.geteuid()
    except OSError:
        return False


def load(path: Path) -> Mapping[str, Any]:
    """Return the content of a configuration. Raises CodegenError if it cannot be read or is not TOML."""
    found = _table(path)
    if found is None:
        raise error(f"has no table [tool.{TABLE}]", str(path))
    return found


def _table(path: Path) -> Mapping[str, Any] | None:
    """Return what a file says to us, None for a `pyproject.toml` that says nothing."""
    try:
        content = tomllib.loads(_read(path).decode())
        found = content["tool"][TABLE] if path.name == PROJECT else content
    except (KeyError, TypeError):
        return None
    except (ValueError, RecursionError) as problem:
        reason = printable(str(problem))
        raise error(f"the configuration is not understood: {reason}", str(path)) from None
    if not isinstance(found, dict):
        raise error(f"tool.{TABLE} is not a table", str(path))
    return cast("Mapping[str, Any]", found)


def _read(path: Path) -> bytes:
    try:
        data = read_bytes(path, LARGEST + 1)
    except OSError as problem:
        raise error(f"cannot read the configuration: {problem.strerror}", str(path)) from None
    if len(data) > LARGEST:
        raise error(f"the configuration has more than {LARGEST} bytes", str(path))
    return data
