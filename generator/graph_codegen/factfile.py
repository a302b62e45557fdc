"""The JSON files of a metadata folder: what is known about a service besides its metadata."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from graph_codegen.diagnostics import error

_T = TypeVar("_T")


def read(path: Path, what: str, understand: Callable[[Any], _T], otherwise: _T) -> _T:
    """Return what `understand` makes of the content of a file; `otherwise` where there is no file.

    Raises CodegenError, which begins with `what` ("the clouds are"), for a file that cannot be read
    or understood.
    """
    if not path.exists():
        return otherwise
    try:
        return understand(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise error(f"{what} not understood: {problem}", str(path)) from None
