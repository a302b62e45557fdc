"""In whose name code runs: a bot's and the service's goes on by itself, a test's is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any

INSIDE: ContextVar[bool] = ContextVar("INSIDE", default=False)
"""Whether what runs is a bot's, an application's or the service's, and not the test's own."""


def inside(context: Context) -> Context:
    """Let what runs in a context be inside, and return the context."""
    context.run(INSIDE.set, True)
    return context


async def run_inside(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that is inside, as are the tasks that it starts."""
    await asyncio.create_task(coroutine, context=inside(copy_context()))
