"""Limits of time for tests, on machines that may be busy with something else."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic


def seconds(work: Callable[[], object]) -> float:
    """Return how long some work takes."""
    begun = monotonic()
    work()
    return monotonic() - begun


def once_within(limit: float, measure: Callable[[], float]) -> bool:
    """Whether a measurement is below a limit in seconds, at least once in three times."""
    return any(measure() < limit for _ in range(3))
