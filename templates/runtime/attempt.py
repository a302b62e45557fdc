"""What an application learns about each attempt to send a request."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass

from .lazy import PACKAGE

_logger = logging.getLogger(PACKAGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt to send a request, reported when it has ended.

    ``path`` is a template without ids and without a query, such as ``/communications/calls/{call-id}``;
    ``number`` counts the attempts of a call from 1, and each page is a call. ``status`` and ``request_id``
    are those of the response, None if there was none. ``duration`` is in seconds, and begins when the
    request may be sent: waiting for a token and for a turn is over.

    ``error`` is what the method raises if no further attempt follows: a `GraphError`, what the
    credential raised, or the cancellation of the task. It is None for a success.
    """

    method: str
    path: str
    number: int
    status: int | None
    request_id: str | None
    duration: float
    error: BaseException | None


class AttemptHook:
    """The `on_attempt` of a client; what it raises is logged the first time, and changes nothing."""

    def __init__(self, function: Callable[[Attempt], object]) -> None:
        """Raises TypeError for what is not an ordinary function."""
        call = getattr(function, "__call__", None)  # noqa: B004
        if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call):
            raise TypeError("on_attempt is an ordinary function in both clients, not an async one")
        if not callable(function):
            raise TypeError(
                f"on_attempt is a function of one Attempt, not {type(function).__name__}"
            )
        self._function = function
        self._failed = False

    def __call__(self, attempt: Attempt) -> None:
        """Report an attempt."""
        try:
            self._function(attempt)
        except Exception:
            if not self._failed:
                self._failed = True
                _logger.exception("on_attempt failed; if it fails again, that is not logged")
