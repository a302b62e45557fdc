"""Each fault of the table, with both clients, which work as before afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from graph_comms.models import Call
from tests.client.cases import AMBIGUOUS, BROKE_OFF, CASES, FAILURES, RESETS, Case
from tests.client.faces import TOKEN, Client, each_flavour, outcome
from tests.support.server import End, GraphServer, Step, Until, answer, response

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
OVERHEAD = 2.0
"""Seconds that a call may take in addition to the time-outs of its attempts."""


@pytest.fixture
def elsewhere() -> Iterator[GraphServer]:
    with GraphServer(well=True) as server:
        yield server


def timed(case: Case, work: Callable[[], Any], attempts: int) -> str:
    """Return the outcome of a call; where the server is silent, assert that the time-outs hold."""
    started = time.monotonic()
    found = outcome(work)
    if case.step.end is End.SILENCE:
        assert time.monotonic() - started < attempts * case.timeout + OVERHEAD
    return found


def check_as_good_as_before(client: Client, server: GraphServer, case: Case) -> None:
    """Assert that the next calls need one attempt each: a create first, since a get would be repeated."""
    waits, creates = len(client.waits), server.methods("POST")
    if case.reusable:
        assert outcome(client.create) == "calls"
        assert server.methods("POST") == creates + 1
        assert outcome(lambda: client.get("after")) == "after"
        assert len(client.waits) == waits
    else:
        assert outcome(lambda: client.get("after")) == "after"


@each_flavour
@each_case
def test_a_create(server: GraphServer, elsewhere: GraphServer, flavour: str, case: Case) -> None:
    server.play(case.step)
    others = {"evil.example": elsewhere}
    with Client(flavour, server, others=others, timeout=case.timeout) as client:
        assert timed(case, client.create, 1).startswith(case.create)
        assert client.waits == []
        assert server.methods("POST") == case.read
        check_as_good_as_before(client, server, case)
    assert (elsewhere.requests, elsewhere.received) == ([], [])


@each_flavour
@each_case
def test_a_get(server: GraphServer, elsewhere: GraphServer, flavour: str, case: Case) -> None:
    server.play(case.step)
    others = {"evil.example": elsewhere}
    with Client(flavour, server, others=others, timeout=case.timeout) as client:
        assert timed(case, client.get, 1 + case.repeated).startswith(case.get)
        assert len(client.waits) == case.repeated
        check_as_good_as_before(client, server, case)
    assert TOKEN.encode() not in elsewhere.everything


@each_flavour
@pytest.mark.parametrize("case", [*RESETS, *FAILURES], ids=lambda case: case.name)
def test_an_action_and_an_update_are_not_repeated_either(
    server: GraphServer, flavour: str, case: Case
) -> None:
    server.play(case.step, case.step)
    with Client(flavour, server, timeout=case.timeout) as client:
        for work, method in ((client.invite, "POST"), (client.update, "PATCH")):
            assert timed(case, work, 1).startswith(case.create)
            assert server.methods(method) == case.read
        assert client.waits == []
        assert len(server.requests) == 2 * case.read


def test_the_table_names_every_fault_once() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) > 100


@each_flavour
@pytest.mark.parametrize("end", [End.RESET, End.CLOSE])
def test_a_connection_that_is_dropped_as_soon_as_it_is_made(
    server: GraphServer, flavour: str, end: End
) -> None:
    """It is a matter of luck whether the request has begun by then; it is not processed."""
    server.play(Step(end=end, read=Until.CONNECTED))
    with Client(flavour, server) as client:
        repeated = outcome(client.create) == "calls"
        assert server.methods("POST") == repeated == len(client.waits)


# -- faults in the middle of a large body, on either side


@each_flavour
@pytest.mark.parametrize("end", [End.RESET, End.CLOSE])
def test_a_large_create_that_breaks_off_on_its_way(
    server: GraphServer, flavour: str, end: End
) -> None:
    server.play(Step(end=end, read=Until.HEADERS))
    with Client(flavour, server) as client:
        large = Call(subject="x" * 2**23)
        assert outcome(lambda: client.create(large)) == AMBIGUOUS
    assert server.methods("POST") == 1


@each_flavour
def test_a_large_create_that_nobody_reads(server: GraphServer, flavour: str) -> None:
    server.play(Step(end=End.SILENCE, read=Until.HEADERS))
    with Client(flavour, server, timeout=0.5) as client:
        large = Call(subject="x" * 2**24)
        assert outcome(lambda: client.create(large)) == AMBIGUOUS
    assert server.methods("POST") == 1


@each_flavour
def test_a_large_create_that_is_refused_before_it_has_arrived(
    server: GraphServer, flavour: str
) -> None:
    server.play(Step((response(413),), End.CLOSE, Until.HEADERS))
    with Client(flavour, server) as client:
        large = Call(subject="x" * 2**20)
        # The refusal may be lost with the connection; either way there is one create.
        assert outcome(lambda: client.create(large)) in ("GraphHTTPError 413", AMBIGUOUS)
    assert server.methods("POST") == 1


@each_flavour
def test_a_body_of_30_MB(server: GraphServer, flavour: str) -> None:
    content = b'{"id": "1", "x": "' + b"x" * 30_000_000 + b'"}'
    server.play(answer(200, content))
    with Client(flavour, server) as client:
        assert len(client.get().undeclared["x"]) == 30_000_000


# -- each attempt fails in another way


@each_flavour
def test_one_fault_after_another(server: GraphServer, flavour: str) -> None:
    server.play(
        Step(end=End.RESET, read=Until.NOTHING),
        answer(502),
        Step((response(200, b'{"id"')[:-1],), End.CLOSE),
    )
    with Client(flavour, server) as client:
        assert outcome(client.get) == "found"
        first, second, third = client.waits
        assert 0 < first < second < third


@each_flavour
@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Step(end=End.CLOSE), AMBIGUOUS),
        (Step(end=End.RESET, read=Until.NOTHING), AMBIGUOUS),
        (answer(503), "ServiceError 503"),
        (answer(429), "ThrottledError 429"),
        (Step((response(200, b'{"id": "1"}')[:-1],), End.CLOSE), BROKE_OFF),
    ],
)
def test_a_fault_without_end(server: GraphServer, flavour: str, step: Step, expected: str) -> None:
    server.play(*[step] * 9)
    with Client(flavour, server) as client:
        assert outcome(client.get) == expected
        assert len(client.waits) == 3
