"""The JSON files of a metadata folder: what is known about a service besides its metadata."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from graph_codegen.errors import error
from graph_codegen.text import printable

_Form = TypeVar("_Form")
_T = TypeVar("_T")


def read(
    path: Path, what: str, form: type[_Form], understand: Callable[[_Form], _T], otherwise: _T
) -> _T:
    """Return what `understand` makes of the content of a file; `otherwise` where there is no file.

    `form` is the type of the content: exactly it, strictly. Raises CodegenError, which begins with
    `what` ("the clouds are") and names the place, for a file that cannot be read or understood.
    """
    if not path.exists():
        return otherwise
    # pydantic takes longer to load than most commands take to answer.
    from pydantic import TypeAdapter, ValidationError

    try:
        return understand(TypeAdapter(form).validate_json(path.read_bytes(), strict=True))
    except ValidationError as problem:
        first = problem.errors()[0]
        reason = ": ".join(filter(None, ["/".join(map(str, first["loc"])), first["msg"]]))
    except OSError as problem:
        reason = str(problem.strerror)
    except (ValueError, KeyError) as problem:
        reason = str(problem)
    raise error(f"{what} not understood: {printable(reason)}", str(path))
