"""Too many requests: who sends more than a rule allows is told when to come again (429)."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from .behaviours import Behaviour
from .faults import Fault


@dataclass(slots=True)
class Throttle:
    """At most `limit` requests in so many seconds; `times` are those of the last ones."""

    limit: int
    seconds: float
    times: deque[float] = field(default_factory=deque[float])

    def __post_init__(self) -> None:
        """Raise ValueError for a rule that allows nothing."""
        if self.limit < 1 or self.seconds <= 0:
            raise ValueError("a throttle takes a limit of 1 or more, and seconds above 0")

    def take(self, now: float) -> None:
        """Count a request; raises Fault if it is one too many."""
        while self.times and self.times[0] <= now - self.seconds:
            self.times.popleft()
        if len(self.times) >= self.limit:
            wait = math.ceil(self.times[0] + self.seconds - now)
            raise Fault(429, "TooManyRequests", "Too many requests.", retry_after=max(wait, 1))
        self.times.append(now)


BEHAVIOURS = (
    Behaviour(
        "throttling",
        "D",
        "https://learn.microsoft.com/graph/throttling: 429 with Retry-After",
        "tests/emulator/test_throttling.py::test_a_client_comes_again_when_it_is_told",
    ),
    Behaviour(
        "delivery.again",
        "?",
        "",
        "tests/emulator/test_throttling.py::test_what_was_not_taken_is_delivered_again",
    ),
)
