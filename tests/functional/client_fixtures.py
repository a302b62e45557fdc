"""Fixtures for the tests of the runtime, loaded as a plugin by those which need them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.functional.client_harness import Graph
from tests.support.server import GraphServer


@pytest.fixture(params=["sync", "async"])
def graph(request: pytest.FixtureRequest) -> Iterator[Graph]:
    """A scripted server, and connections to it of either flavour."""
    with GraphServer() as server:
        graph = Graph(request.param, server)
        yield graph
        graph.close()
