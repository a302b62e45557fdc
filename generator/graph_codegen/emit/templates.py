"""Renders the Jinja templates; an undefined variable is an error.

A folder of a user may be laid over ours: a file in it takes the place of ours of the same path.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from graph_codegen.assets import folder
from graph_codegen.errors import Diagnostic, Place, error, refuse

TEMPLATES = folder("templates")

_OVER: ContextVar[Path | None] = ContextVar("_OVER", default=None)


@contextmanager
def laid_over(over: Path | None) -> Generator[None]:
    """Lay a folder over the folder of templates, as long as the context lasts; None for no folder.

    Raises CodegenError for a symbolic link in it, which would lead out of it.
    """
    links = (path for path in over.rglob("*") if path.is_symlink()) if over else ()
    refuse(Diagnostic("is a symbolic link", Place(str(link))) for link in links)
    token = _OVER.set(over)
    try:
        yield
    finally:
        _OVER.reset(token)


def _folders() -> tuple[Path, ...]:
    over = _OVER.get()
    return (TEMPLATES, over) if over else (TEMPLATES,)


def _is_page(template: str | None) -> bool:
    """Whether a template writes HTML, in which values are escaped unless they are marked as safe."""
    return template is not None and template.endswith(".html.jinja2")


@lru_cache(maxsize=8)
def _environment(folders: tuple[Path, ...]) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folders[::-1]), undefined=StrictUndefined, autoescape=_is_page
    )
    environment.filters["repr"] = repr
    environment.filters["toml"] = partial(json.dumps, ensure_ascii=False)
    return environment


def render(template: str, **values: object) -> str:
    """Return the text of a template, named by its path in the folder of templates.

    Values are escaped in templates called `*.html.jinja2` only. Raises CodegenError for a template of a
    user that cannot be rendered.
    """
    try:
        return _environment(_folders()).get_template(template).render(values)
    except Exception as problem:  # templates are programs, which fail in any way
        if _OVER.get() is None:
            raise
        raise error(f"the template cannot be rendered: {problem}", template) from None


def verbatim(name: str) -> str:
    """Return a file of the folder of templates unchanged."""
    return text_of(tree(name.partition("/")[0])[name])


def text_of(file: Path) -> str:
    """Return the text of a file below a folder of templates. Raises CodegenError if it is not UTF-8."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        raise error(f"the template cannot be read: {problem}", str(file)) from None


def tree(part: str) -> Mapping[str, Path]:
    """Return the files below a folder of templates, by their paths in the folder of templates."""
    return {
        path.relative_to(top).as_posix(): path
        for top in _folders()
        for path in sorted((top / part).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


@contextmanager
def gathered(part: str) -> Generator[Path]:
    """Give a folder of templates as it is with what is laid over it.

    Raises CodegenError if what renders the templates of a user fails.
    """
    over = _OVER.get()
    if over is None or not (over / part).is_dir():
        yield TEMPLATES / part
        return
    with TemporaryDirectory(prefix="graph-codegen-") as place:
        for top in _folders():
            shutil.copytree(top / part, place, dirs_exist_ok=True)
        try:
            yield Path(place)
        except Exception as problem:  # as in `render`
            raise error(f"the templates cannot be rendered: {problem}", str(over / part)) from None
