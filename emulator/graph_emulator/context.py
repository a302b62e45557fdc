"""In whose name code runs: a bot's and the service's goes on by itself, a test's is waited for."""

from __future__ import annotations

from contextvars import Context, ContextVar

INSIDE: ContextVar[bool] = ContextVar("INSIDE", default=False)
"""Whether what runs is a bot's, an application's or the service's, and not the test's own."""


def inside(context: Context) -> Context:
    """Let what runs in a context be inside, and return the context."""
    context.run(INSIDE.set, True)
    return context
