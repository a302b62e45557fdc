"""What is due in a store, but for what a newer version of the kit has stored there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from ..formats import NewerFormatError
from ..store import Store
from ..telemetry import get_logger

T = TypeVar("T")

FORMAT = 1
"""The number of the form in which notifications, their tokens and subscriptions are stored; it grows
when older versions cannot read it."""

_logger = get_logger(__name__)


class Due:
    """Finds the records of a kind that are due, and leaves those of a newer version to that."""

    def __init__(self, store: Store, kind: str) -> None:
        self._store = store
        self._kind = kind
        self._newer: set[str] = set()

    async def attend(
        self, now: float, limit: int, attend: Callable[[str], Awaitable[T | None]]
    ) -> list[T]:
        """Attend to records by their keys, the longest due first, `limit` at most; return what that gives.

        Raises StoreError and what `attend` raises, but for NewerFormatError.
        """
        while True:
            keys = await self._store.due(self._kind, now, limit + len(self._newer))
            self._newer.intersection_update(keys)
            known, found = len(self._newer), list[T]()
            for key in [key for key in keys if key not in self._newer][:limit]:
                try:
                    result = await attend(key)
                except NewerFormatError:
                    self._newer.add(key)
                    message = "a %s that a newer version has stored is left alone"
                    _logger.warning(message, self._kind)
                else:
                    found += [] if result is None else [result]
            if found or len(self._newer) == known:
                return found
