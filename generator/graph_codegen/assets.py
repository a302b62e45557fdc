"""Where the templates and the default metadata are: inside a wheel, or at the top of the checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
CHECKOUT = _PACKAGE.parent.parent


def folder(name: str) -> Path:
    """Return the folder `templates` or `metadata` that belongs to this code."""
    packaged = _PACKAGE / f"_{name}"
    return packaged if packaged.is_dir() else CHECKOUT / name


def checkout() -> Path | None:
    """Return the project's folder if this code runs from a checkout, None if it is installed."""
    return None if (_PACKAGE / "_metadata").is_dir() else CHECKOUT
