"""The JSON files of a metadata folder: what is known about a service besides its metadata."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from graph_codegen.errors import error
from graph_codegen.text import printable

_Form = TypeVar("_Form")


def read(path: Path, what: str, form: type[_Form], default: _Form) -> _Form:
    """Return the content of a file as a dataclass or dict type, or the default if there is no file.

    The content must have exactly the types of `form`. Raises CodegenError for a file that cannot be
    read or understood, with a message that begins with `what` ("the clouds are") and names the place.
    """
    if not path.exists():
        return default
    # Most commands take less time to answer than pydantic takes to load.
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(form).validate_json(path.read_bytes(), strict=True)
    except ValidationError as problem:
        first = problem.errors()[0]
        message = str(first.get("ctx", {}).get("error", first["msg"]))
        reason = ": ".join(filter(None, ["/".join(map(str, first["loc"])), message]))
    except OSError as problem:
        reason = str(problem.strerror)
    raise error(f"{what} not understood: {printable(reason)}", str(path))
