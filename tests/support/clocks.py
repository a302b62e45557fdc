"""A clock that does not wait, and records how long it was asked to."""

from __future__ import annotations

from graph_comms._runtime.clock import Clock


def patient(waits: list[float]) -> Clock:
    """Return a clock that adds each wait to a list instead of waiting."""

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    return Clock(sleep=waits.append, async_sleep=wait)
