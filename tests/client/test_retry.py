"""Which requests are sent again, when, and which are not."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_comms._runtime import decode
from graph_comms._runtime.errors import NotFoundError, ServiceError
from graph_comms._runtime.retry import (
    BACKOFF_BASE,
    DEFAULT_RETRY,
    RetryPolicy,
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
    delays = {delay_before(1, GET, outcome, DEFAULT_RETRY, random) for random in (0.0, 0.5, 0.999)}
    assert len(delays) == 3
    assert all(delay and 0 < delay < BACKOFF_BASE for delay in delays)


def test_the_longest_wait_is_the_limit() -> None:
    policy = RetryPolicy(max_wait=20.0)
    for seconds, delay in ((20.0, 20.0), (20.1, None)):
        outcome = after_response(429, seconds, complete=True)
        assert delay_before(1, GET, outcome, policy, 0.5) == delay


def test_growing_pauses_stop_growing_at_the_longest_wait() -> None:
    policy = RetryPolicy(max_retries=5000, max_wait=2.0)
    outcome = after_response(502, None, complete=True)
    for repetition in (4, 64, 5000):
        delay = delay_before(repetition, GET, outcome, policy, 0.999)
        assert delay is not None
        assert 1.9 < delay < 2.0


@pytest.mark.parametrize("retries", [0, 1, 5])
def test_a_policy_of_the_client_says_how_often(graph: Graph, retries: int) -> None:
    client = graph.play(*[Reply(502)] * 9, retry=RetryPolicy(max_retries=retries))
    with pytest.raises(ServiceError):
        client.get()
    assert len(graph.methods) == 1 + retries


@pytest.mark.parametrize(
    ("keyword", "value", "error", "message"),
    [
        ("max_retries", -1, ValueError, "must be an int that is not negative, such as 3: "),
        (
            "max_retries",
            1.5,
            TypeError,
            "must be an int that is not negative, such as 3, not float",
        ),
        (
            "max_retries",
            True,
            TypeError,
            "must be an int that is not negative, such as 3, not bool",
        ),
        (
            "max_wait",
            -0.5,
            ValueError,
            "must be a number of seconds that is not negative, such as ",
        ),
        ("max_wait", float("nan"), ValueError, "must be a number of seconds that is not negative"),
        (
            "max_wait",
            "60",
            TypeError,
            "must be a number of seconds that is not negative, such as 60.0",
        ),
        (
            "max_wait",
            None,
            TypeError,
            "must be a number of seconds that is not negative, such as 60.0",
        ),
        (
            "deadline",
            0,
            ValueError,
            "must be a number of seconds above 0 and up to 2**31, such as 15.0",
        ),
        ("deadline", -1.0, ValueError, "must be a number of seconds above 0"),
        ("deadline", float("nan"), ValueError, "must be a number of seconds above 0"),
        ("deadline", float("inf"), ValueError, "must be a number of seconds above 0"),
        ("deadline", 1e300, ValueError, "must be a number of seconds above 0"),
        ("deadline", "15", TypeError, "must be a number of seconds above 0"),
    ],
)
def test_what_is_no_policy(keyword: str, value: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{keyword} {re.escape(message)}"):
        RetryPolicy(**{keyword: value})


@given(st.integers(100, 599), st.none() | st.floats(0, 100), st.booleans(), st.integers(1, 5))
def test_what_is_safe_to_create_again(
    status: int, retry_after: float | None, complete: bool, repetition: int
) -> None:
    outcome = after_response(status, retry_after, complete=complete)
    if delay_before(repetition, CREATE, outcome, DEFAULT_RETRY, 0.5) is not None:
        assert status == 429 or (status == 503 and retry_after is not None)
        assert repetition <= DEFAULT_RETRY.max_retries


@pytest.mark.parametrize("ambiguous", [True, False])
def test_what_was_not_sent_may_be_sent_by_any_operation(ambiguous: bool) -> None:
    outcome = after_failure(ambiguous=ambiguous)
    assert (delay_before(1, CREATE, outcome, DEFAULT_RETRY, 0.5) is None) == ambiguous
    assert delay_before(1, DELETE, outcome, DEFAULT_RETRY, 0.5) is not None


def test_many_threads_share_a_session() -> None:
    barrier = threading.Barrier(32)
    with GraphServer() as server, ThreadPoolExecutor(32) as pool:
        server.play(*[FOUND] * 320)
        session = Session(
            TOKEN, version="1", transport=leading("sync", {"graph.microsoft.com": server})
        )

        def work(_: int) -> list[str | None]:
            barrier.wait()
            decoder = decode.model(Thing)
            responses = (session.send(GET, decoder, {"thing_id": KEY}, {}) for _ in range(10))
            return [one.value.id if one.value else None for one in responses]

        assert list(pool.map(work, range(32))) == [["1"] * 10] * 32
        session.close()

    ids = {request.headers["client-request-id"] for request in server.requests}
    assert len(ids) == len(server.requests) == 320
