"""The JSON files of folders with facts: what is known about a service besides its metadata.

There is one that comes with the generator, and there may be one of the user, which says more: what it says
about a type or a request comes before what ours says.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from graph_codegen.errors import error
from graph_codegen.reading import read_bytes
from graph_codegen.text import printable

_Form = TypeVar("_Form")


def read(folders: Iterable[Path], name: str, what: str, form: type[_Form]) -> list[_Form]:
    """Return the contents of the files of one name, as a dataclass or dict type, in the order of the folders.

    A folder need not have the file. The content must have exactly the types of `form`. Raises CodegenError
    for a file that cannot be read or understood, with a message that begins with `what` ("the clouds are")
    and names the place.
    """
    paths = [folder / name for folder in folders]
    return [_read(path, what, form) for path in paths if path.exists()]


def _read(path: Path, what: str, form: type[_Form]) -> _Form:
    # Most commands take less time to answer than pydantic takes to load.
    from pydantic import ValidationError

    kind: Any = form  # mypy takes no type for a key
    try:
        found: _Form = _adapter(kind).validate_json(read_bytes(path), strict=True)
        return found
    except ValidationError as problem:
        first = problem.errors()[0]
        message = str(first.get("ctx", {}).get("error", first["msg"]))
        reason = ": ".join(filter(None, ["/".join(map(str, first["loc"])), message]))
    except OSError as problem:
        reason = str(problem.strerror)
    raise error(f"{what} not understood: {printable(reason)}", str(path))


@cache
def _adapter(form: Any) -> Any:
    """Return what reads a form. To make it changes the warning filters of all threads for a moment."""
    from pydantic import TypeAdapter

    return TypeAdapter(form)
