"""How many requests may be under way at the same time."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext

MAX_AT_ONCE = 50
"""Attempts of an asynchronous client under way at the same time; more wait for as long as it takes.

httpx's connection pool would make them wait too, but with a time-out, and with work that grows with
the square of their number. Streams are not counted: many open ones must not stop everything else.
"""


def async_slots() -> AbstractAsyncContextManager[None]:
    """Return what an attempt of an asynchronous client holds while it is under way."""
    from asyncio import Semaphore  # see Clock

    return Semaphore(MAX_AT_ONCE)


def slots() -> AbstractContextManager[None]:
    """The same for a synchronous client: each attempt holds up a thread already, so none waits."""
    return nullcontext()
