"""The bot kit as a part of an application: who imports it uses what it uses of the client and the models."""

from __future__ import annotations

import ast
from functools import lru_cache

from graph_codegen.emit.templates import text_of, tree
from graph_codegen.usage.files import File

KIT = "bot"
"""The module of a package that is the kit."""


@lru_cache(maxsize=2)
def read_kit(package: str) -> tuple[File, ...]:
    """Return the files of the kit as they are in a package, which they import by its name."""
    files: list[File] = []
    for path, file in tree(KIT).items():
        if path.endswith(".py"):
            text = text_of(file)
            parsed = ast.parse(text)
            _make_absolute(parsed, package, path.count("/") + 1)
            files.append(File(path, (package, *path.removesuffix(".py").split("/")), text, parsed))
    return tuple(files)


def _make_absolute(parsed: ast.Module, package: str, level: int) -> None:
    """Let imports that lead so many packages up name the package."""
    for node in ast.walk(parsed):
        if isinstance(node, ast.ImportFrom) and node.level == level:
            node.level, node.module = 0, ".".join(filter(None, [package, node.module]))
