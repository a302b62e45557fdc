"""Generates a typed Python package from Microsoft Graph's CSDL metadata.

`generate`, `compare` and `subset` are the generator as a library: see docs/library.md. What they need is
loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graph_codegen.api import Package, Report, SubsetDocument, compare, generate, subset
    from graph_codegen.errors import CodegenError, Diagnostic, Place

__version__ = "0.2.0"

__all__ = [
    "CodegenError",
    "Diagnostic",
    "Package",
    "Place",
    "Report",
    "SubsetDocument",
    "__version__",
    "compare",
    "generate",
    "subset",
]

_OF_ERRORS = frozenset({"CodegenError", "Diagnostic", "Place"})


if not TYPE_CHECKING:  # type checkers would take it for a promise that every name exists

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = import_module(f"{__name__}.{'errors' if name in _OF_ERRORS else 'api'}")
        value = globals()[name] = getattr(module, name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
