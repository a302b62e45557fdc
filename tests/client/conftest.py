"""Servers for the tests of the client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.client.things import Graph
from tests.support.server import GraphServer


@pytest.fixture
def server() -> Iterator[GraphServer]:
    with GraphServer(well=True) as server:
        yield server


@pytest.fixture(params=["sync", "async"])
def graph(request: pytest.FixtureRequest) -> Iterator[Graph]:
    """A scripted server, and connections to it of either flavour."""
    with GraphServer() as server:
        graph = Graph(request.param, server)
        yield graph
        graph.close()


@pytest.fixture
def storage() -> Iterator[GraphServer]:
    with GraphServer(well=True) as server:
        yield server
