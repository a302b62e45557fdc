"""What all tests share: the flag that rewrites goldens."""

from __future__ import annotations

import os

import pytest

REFRESH = "--refresh-goldens"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        REFRESH, action="store_true", help="Rewrite the expected outputs of the generator."
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption(REFRESH) and os.environ.get("CI"):
        raise pytest.UsageError(f"{REFRESH} is refused where CI is set: goldens are for review")
