"""What all tests share: the flag that rewrites goldens, and how many examples are tried."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# No test depends on time: an example may take long on a machine that has other things to do. Nor on
# chance: what is tried on every change is the same each time, and a thorough run looks for more.
settings.register_profile("ordinary", deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=20_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ordinary"))

REFRESH = "--refresh-goldens"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        REFRESH, action="store_true", help="Rewrite the expected outputs of the generator."
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption(REFRESH) and os.environ.get("CI"):
        raise pytest.UsageError(f"{REFRESH} is refused where CI is set: goldens are for review")
