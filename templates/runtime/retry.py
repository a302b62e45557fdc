"""When to send a request again, and after how long.

Pure functions: the caller passes in the time and the random number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from .forms import LONGEST, check, count, either, pause, seconds
from .operation import Operation

BACKOFF_BASE = 0.5
"""Most seconds before the first retry; doubled for each further one, up to ``max_wait``."""

_TRANSIENT = frozenset({429, 502, 503, 504})
_SECONDS = re.compile("[0-9]+")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a request is sent again, and how long a call may take.

    ``max_retries``: the most attempts after the first. ``max_wait``: the longest wait between two
    attempts, in seconds; an error whose Retry-After is longer is raised at once, and growing pauses
    stop growing there. ``deadline``: the seconds that a call may take in all, from the call of the
    method until its result or until a stream is open; None for no limit. A wait that would outlast it
    is not begun: the last error is raised at once.

    Raises ValueError for a number out of range, and TypeError for what is no number.
    """

    max_retries: int = 3
    max_wait: float = 60.0
    deadline: float | None = None

    def __post_init__(self) -> None:
        check("max_retries", self.max_retries, count("3"))
        check("max_wait", self.max_wait, pause("60.0"))
        check("deadline", self.deadline, either(seconds("15.0"), None))


DEFAULT_RETRY = RetryPolicy()
"""The policy of a client that is given no other."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended, as far as a retry is concerned.

    ``transient``: another attempt may succeed. ``ambiguous``: the service may have processed this
    one. ``retry_after``: the seconds that the service asked the client to wait.
    """

    transient: bool
    ambiguous: bool
    retry_after: float | None = None


def after_response(status: int, retry_after: float | None, *, complete: bool) -> Outcome:
    """Return the outcome of an attempt that got a response, complete or cut short.

    A 429 was refused unprocessed (RFC 6585, 4; Graph documentation, "Throttling guidance",
    https://learn.microsoft.com/graph/throttling). So was a 503 with a readable Retry-After: by
    RFC 9110, 15.6.4 and 10.2.3 the service could not handle the request, and says when it will. A
    503 without one may come from a gateway after the service has acted, as 502 and 504 do. A
    response cut short leaves the result unknown.
    """
    throttled = status == 429 or (status == 503 and retry_after is not None)
    transient = status in _TRANSIENT or not complete
    return Outcome(transient, transient and not throttled, retry_after)


def after_failure(*, ambiguous: bool) -> Outcome:
    """Return the outcome of an attempt without response; ``ambiguous`` if it may have been sent."""
    return Outcome(transient=True, ambiguous=ambiguous)


def delay_before(
    repetition: int, operation: Operation, outcome: Outcome, policy: RetryPolicy, random: float
) -> float | None:
    """Return the seconds to wait before the ``repetition``-th retry (1, 2, …); None to give up.

    An operation that is not idempotent, such as creating a call, is never retried after an ambiguous
    outcome: it could ring a person twice. ``random`` is a number from 0 up to 1 that spreads clients
    which failed together.
    """
    if not outcome.transient or repetition > policy.max_retries:
        return None
    if outcome.ambiguous and not operation.repeatable:
        return None
    # A Retry-After of 0, or a past date, invites a retry; it does not ask all clients to come back at
    # the same instant.
    if outcome.retry_after:
        return outcome.retry_after if outcome.retry_after <= policy.max_wait else None
    # No exponent may overflow, however many retries a policy allows.
    most = min(BACKOFF_BASE * 2.0 ** min(repetition - 1, 31), policy.max_wait, LONGEST)
    return most * (1 + random) / 2


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for (RFC 9110, 10.2.3).

    ``value`` holds whole seconds or an HTTP-date, ``now`` is an aware datetime. Returns 0 for a
    past date, at most 2**31, and None for a missing or malformed header (negative, NaN, …).
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), LONGEST)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    # An HTTP-date is in UTC, even in the obsolete form that does not say so (RFC 9110, 5.6.7).
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return min(max(0.0, (date - now).total_seconds()), LONGEST)
