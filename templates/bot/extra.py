"""What the bot kit needs beyond what the package does: imported, or named where it is missing."""

from __future__ import annotations

from importlib import import_module

from .._runtime.lazy import PACKAGE

for name in ("anyio", "cryptography", "jwt"):
    try:
        import_module(name)
    except ModuleNotFoundError:
        package = PACKAGE.replace("_", "-")
        raise ImportError(
            f"the bot kit needs {name}: pip install '{package}[bot]',"
            " or anyio and 'PyJWT[crypto]' for a copy in an application"
        ) from None
