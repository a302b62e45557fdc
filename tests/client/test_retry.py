"""Which requests are sent again, when, and which are not."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_comms._runtime import decode
from graph_comms._runtime.errors import NotFoundError
from graph_comms._runtime.retry import (
    BACKOFF_BASE,
    MAX_RETRIES,
    MAX_RETRY_AFTER,
    after_failure,
    after_response,
    delay_before,
    parse_retry_after,
)
from graph_comms._runtime.session import Session
from tests.client.things import (
    CREATE,
    CREATED,
    DELETE,
    DELETED,
    FOUND,
    GET,
    GONE,
    KEY,
    TOKEN,
    Graph,
    Thing,
)
from tests.support.server import CLOSED, RESET_UNREAD, GraphServer, Played, Reply, leading

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("status", [429, 503])
def test_throttling_is_waited_for_by_every_operation(graph: Graph, status: int) -> None:
    throttled = Reply(status, {"Retry-After": "7"})
    client = graph.play(throttled, CREATED, throttled, FOUND, throttled, DELETED)

    assert client.create().id == "1"
    assert client.get().id == "1"
    assert client.delete() is None
    assert client.waits == [7.0, 7.0, 7.0]
    assert graph.methods == ["POST", "POST", "GET", "GET", "DELETE", "DELETE"]


def test_a_repetition_is_the_same_request(graph: Graph) -> None:
    graph.play(Reply(429, {"Retry-After": "1"}), CREATED).create(subject="same")

    first, second = graph.server.requests
    assert first == second


def test_throttling_without_retry_after_backs_off(graph: Graph) -> None:
    client = graph.play(Reply(429), Reply(429), Reply(429), CREATED)
    client.create()

    first, second, third = client.waits
    assert 0 < first < BACKOFF_BASE <= second < 2 * BACKOFF_BASE <= third < 4 * BACKOFF_BASE


def test_chance_spreads_the_waits(graph: Graph) -> None:
    client = graph.play(Reply(502), Reply(502), Reply(502), FOUND)
    client.get()

    first, second, third = client.waits
    assert len({first, second / 2, third / 4}) == 3


@pytest.mark.parametrize("status", [400, 403, 404, 409, 500, 501])
def test_other_errors_are_final(graph: Graph, status: int) -> None:
    with pytest.raises(Exception, match=str(status)):
        graph.play(Reply(status, {"Retry-After": "1"})).get()
    assert graph.methods == ["GET"]


@pytest.mark.parametrize("step", [Reply(502), Reply(503), Reply(504), CLOSED, RESET_UNREAD])
def test_deleting_what_an_earlier_attempt_may_have_deleted(graph: Graph, step: Played) -> None:
    assert graph.play(step, GONE).delete() is None
    assert graph.methods[-1] == "DELETE"


@pytest.mark.parametrize("steps", [[GONE], [Reply(429, {"Retry-After": "1"}), GONE]])
def test_deleting_what_was_never_there(graph: Graph, steps: list[Reply]) -> None:
    with pytest.raises(NotFoundError):
        graph.play(*steps).delete()


def test_not_found_after_a_failure_is_still_an_error_for_a_get(graph: Graph) -> None:
    with pytest.raises(NotFoundError):
        graph.play(Reply(502), GONE).get()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        ("120", 120.0),
        (" 5 ", 5.0),
        ("-5", None),
        ("+5", None),
        ("1.5", None),
        ("1e3", None),
        ("NaN", None),
        ("inf", None),
        ("٣", None),
        ("soon", None),
        ("9" * 5000, 2.0**31),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 2.0**31),
        ("Fri, 02 Jan 2026 03:04:35 GMT", 30.0),
        ("Friday, 02-Jan-26 03:04:35 GMT", 30.0),
        ("Fri Jan  2 03:04:35 2026", 30.0),
        ("Fri, 02 Jan 2026 03:04:00 GMT", 0.0),
        ("Fri, 99 Jan 2026 03:04:00 GMT", None),
        ("Fri, 02 Jan 99999999999999999999 03:04:00 GMT", None),
    ],
)
def test_reading_retry_after(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


@given(st.text() | st.from_regex(r"\w{3}, \d+ Jan \d+ \d+:\d+:\d+ [-+]?\w*", fullmatch=True))
def test_reading_any_retry_after(value: str) -> None:
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or seconds >= 0


@given(st.integers(0, 10**6))
def test_dates_and_seconds_agree(seconds: int) -> None:
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert parse_retry_after(date, NOW) == parse_retry_after(str(seconds), NOW) == seconds


@pytest.mark.parametrize("seconds", [0.0, None])
def test_welcome_at_once_still_spreads_the_clients(seconds: float | None) -> None:
    outcome = after_response(429, seconds, complete=True)
    delays = {delay_before(1, GET, outcome, random) for random in (0.0, 0.5, 0.999)}
    assert len(delays) == 3
    assert all(delay and 0 < delay < BACKOFF_BASE for delay in delays)


def test_the_longest_wait_is_the_limit() -> None:
    for seconds, delay in ((MAX_RETRY_AFTER, MAX_RETRY_AFTER), (MAX_RETRY_AFTER + 1, None)):
        assert delay_before(1, GET, after_response(429, seconds, complete=True), 0.5) == delay


@given(st.integers(100, 599), st.none() | st.floats(0, 100), st.booleans(), st.integers(1, 5))
def test_what_is_safe_to_create_again(
    status: int, retry_after: float | None, complete: bool, repetition: int
) -> None:
    outcome = after_response(status, retry_after, complete=complete)
    if delay_before(repetition, CREATE, outcome, 0.5) is not None:
        assert status == 429 or (status == 503 and retry_after is not None)
        assert repetition <= MAX_RETRIES


@pytest.mark.parametrize("ambiguous", [True, False])
def test_what_was_not_sent_may_be_sent_by_any_operation(ambiguous: bool) -> None:
    outcome = after_failure(ambiguous=ambiguous)
    assert (delay_before(1, CREATE, outcome, 0.5) is None) == ambiguous
    assert delay_before(1, DELETE, outcome, 0.5) is not None


def test_many_threads_share_a_session() -> None:
    barrier = threading.Barrier(32)
    with GraphServer() as server, ThreadPoolExecutor(32) as pool:
        server.play(*[FOUND] * 320)
        session = Session(
            TOKEN, version="1", transport=leading("sync", {"graph.microsoft.com": server})
        )

        def work(_: int) -> list[str | None]:
            barrier.wait()
            things = (
                session.send(GET, decode.model(Thing), {"thing_id": KEY}, {}) for _ in range(10)
            )
            return [thing.id if thing else None for thing in things]

        assert list(pool.map(work, range(32))) == [["1"] * 10] * 32
        session.close()

    ids = {request.headers["client-request-id"] for request in server.requests}
    assert len(ids) == len(server.requests) == 320
