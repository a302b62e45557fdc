"""The servers of these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.server import FaultServer


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture
def storage() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server
