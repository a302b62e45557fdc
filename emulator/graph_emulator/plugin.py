"""The fixture `graph_emulator` of pytest, which is there wherever this package is installed."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from .emulator import Emulator


@pytest.fixture
def graph_emulator() -> Generator[Emulator]:
    """An emulator that runs as long as the test."""
    with Emulator() as svc:
        yield svc
