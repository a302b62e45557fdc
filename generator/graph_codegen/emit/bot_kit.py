"""The bot kit: real Python below `templates/bot`, for packages that have everything it imports."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from graph_codegen.emit.templates import text_of, tree
from graph_codegen.errors import error

GENERATED = ("client", "models")
"""The modules of a package that depend on its metadata."""


def kit_fits(provided: Mapping[str, Collection[str]]) -> bool:
    """Whether a package has what the kit imports, given the names that its modules provide."""
    kit = tuple((path, file) for path, file in tree("bot").items() if path.endswith(".py"))
    return all(names <= {*provided[module]} for module, names in _imported(kit).items())


@lru_cache(maxsize=8)
def _imported(kit: tuple[tuple[str, Path], ...]) -> Mapping[str, frozenset[str]]:
    """Return the names that the kit imports from each module that depends on metadata."""
    found: dict[str, set[str]] = {module: set() for module in GENERATED}
    for path, file in kit:
        for module, names in _imports(file, path.count("/") + 1):
            if module in found:
                found[module].update(names)
    return {module: frozenset(names) for module, names in found.items()}


def _imports(file: Path, level: int) -> Iterator[tuple[str | None, Iterable[str]]]:
    """Yield the imports of a module that lead so many packages up: the module and the names.

    Raises CodegenError for a file that is not Python.
    """
    try:
        parsed = ast.parse(text_of(file))
    except (SyntaxError, ValueError) as problem:
        raise error(f"is not valid Python: {problem}", str(file)) from None
    for node in ast.walk(parsed):
        if isinstance(node, ast.ImportFrom) and node.level == level:
            yield node.module, [alias.name for alias in node.names]
