"""The package that holds this runtime: its name, and modules of it that load when they are first used.

What a client that has sent nothing does not need is loaded so: the models, and all that reads and writes
them.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

PACKAGE = __name__.split(".")[-3]
"""The name of the package that contains this runtime, wherever it was copied to."""


class LazyModule:
    """Stands for a module, which is imported when one of its attributes is first asked for."""

    def __init__(self, package: str, name: str) -> None:
        self._name = f"{package}.{name}"

    def __getattr__(self, name: str) -> Any:
        value = getattr(import_module(self._name), name)
        setattr(self, name, value)  # found before this method from now on
        return value
