"""When to send a request again, and after how long.

No clock, no chance and no I/O in here: whoever calls passes in the time and the random number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from .operation import Operation

MAX_RETRIES = 3
MAX_RETRY_AFTER = 60.0
"""Seconds. A longer Retry-After is for the caller to decide on, so the error is raised at once."""
LONGEST = 2.0**31
"""Seconds, 68 years: a longer Retry-After counts as this (RFC 9111, 1.2.2), which can be slept."""
BACKOFF_BASE = 0.5
"""Seconds before the first repetition at most; doubled for each one after it."""

_TRANSIENT = frozenset({429, 502, 503, 504})
_SECONDS = re.compile("[0-9]+")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt came to, as far as another one is concerned.

    ``transient``: another attempt may fare better. ``ambiguous``: the service may have processed
    this one. ``retry_after``: the seconds which the service asked to wait.
    """

    transient: bool
    ambiguous: bool
    retry_after: float | None = None


def after_response(status: int, retry_after: float | None, *, complete: bool) -> Outcome:
    """The outcome of an attempt which got a response, whole or (``complete=False``) cut short.

    A 429 was refused unprocessed (RFC 6585, 4; Graph documentation, "Throttling guidance",
    https://learn.microsoft.com/graph/throttling). So was a 503 with a readable Retry-After: by
    RFC 9110, 15.6.4 and 10.2.3 it says that the service could not handle the request, and when it
    will. A 503 without one may come from anything on the way after the service has acted, as 502
    and 504 do. A response cut short leaves the result unknown to us.
    """
    throttled = status == 429 or (status == 503 and retry_after is not None)
    transient = status in _TRANSIENT or not complete
    return Outcome(transient, transient and not throttled, retry_after)


def after_failure(*, ambiguous: bool) -> Outcome:
    """The outcome of an attempt which got no response; ``ambiguous`` if it may have been sent."""
    return Outcome(transient=True, ambiguous=ambiguous)


def delay_before(
    repetition: int, operation: Operation, outcome: Outcome, random: float
) -> float | None:
    """Seconds to wait before the ``repetition``-th (1, 2, …) repetition, or None: give up.

    An operation which is not idempotent, such as creating a call, is never repeated after an
    ambiguous outcome: it would ring a person twice. ``random`` is a number from 0 up to 1 which
    spreads the clients that failed together.
    """
    if not outcome.transient or repetition > MAX_RETRIES:
        return None
    if outcome.ambiguous and not operation.repeatable:
        return None
    # A Retry-After of 0, or a date gone by, says that repeating is welcome; it does not say that
    # all clients should come back in the same instant.
    if outcome.retry_after:
        return outcome.retry_after if outcome.retry_after <= MAX_RETRY_AFTER else None
    return BACKOFF_BASE * 2.0 ** (repetition - 1) * (1 + random) / 2


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds to wait that a Retry-After header asks for (RFC 9110, 10.2.3).

    ``value`` holds whole seconds or an HTTP-date, ``now`` is an aware datetime. Returns 0 for a
    date gone by, 2**31 for anything longer, and None for no header and for anything else (negative,
    NaN, …).
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), LONGEST)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    # An HTTP-date is in UTC, also in the obsolete form which does not say so (RFC 9110, 5.6.7).
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return min(max(0.0, (date - now).total_seconds()), LONGEST)
