"""The bot kit: real Python below `templates/bot`, for packages that have everything it imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from graph_codegen.emit.templates import TEMPLATES, text_of, tree
from graph_codegen.errors import error

GENERATED = ("client", "models")
"""The modules of a package that depend on its metadata."""

_IMPORT = re.compile(
    rf"^[ \t]*(from[ \t]+(\.+)({'|'.join(GENERATED)})[ \t]+import[ \t]+(?:\([^)]*\)|[^\n(]+))",
    re.MULTILINE,
)
"""An import from one of them: to parse the whole kit for these few takes a tenth of a second."""


def kit_fits(provided: Mapping[str, Collection[str]]) -> bool:
    """Whether a package has what the kit imports, given the names that its modules provide.

    Raises CodegenError for a file of a user in the kit that is not Python.
    """
    kit = tuple((path, file) for path, file in tree("bot").items() if path.endswith(".py"))
    return all(names <= {*provided[module]} for module, names in _imported(kit).items())


@lru_cache(maxsize=8)
def _imported(kit: tuple[tuple[str, Path], ...]) -> Mapping[str, frozenset[str]]:
    """Return the names that the kit imports from each module that depends on metadata."""
    found: dict[str, set[str]] = {module: set() for module in GENERATED}
    for path, file in kit:
        text = text_of(file)
        if not file.is_relative_to(TEMPLATES):
            _parse(text, file)
        for statement, dots, module in _IMPORT.findall(text):
            if len(dots) == path.count("/") + 1:
                found[module].update(_names(_parse(statement, file)))
    return {module: frozenset(names) for module, names in found.items()}


def _names(imports: ast.Module) -> Iterator[str]:
    for statement in imports.body:
        if isinstance(statement, ast.ImportFrom):
            yield from (alias.name for alias in statement.names)


def _parse(text: str, file: Path) -> ast.Module:
    """Parse Python. Raises CodegenError for what is not."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError) as problem:
        raise error(f"is not valid Python: {problem}", str(file)) from None
