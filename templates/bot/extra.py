"""What the bot kit needs beyond what the package does: imported, or named where it is missing."""

from __future__ import annotations

from importlib import import_module

for name in ("anyio", "cryptography", "jwt"):
    try:
        import_module(name)
    except ModuleNotFoundError:
        package = __name__.split(".")[-3].replace("_", "-")
        message = f"the bot kit needs {name}: pip install '{package}[bot]'"
        raise ImportError(message) from None
