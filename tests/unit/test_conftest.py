"""What `tests/conftest.py` does for all tests."""

from __future__ import annotations

import runpy
import signal
from collections.abc import Generator
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"


@pytest.fixture
def ignored() -> Generator[None]:
    """Ignore SIGINT, as what a script starts in the background does."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ignored")
def test_tests_can_be_interrupted_however_pytest_was_started() -> None:
    runpy.run_path(str(CONFTEST))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
