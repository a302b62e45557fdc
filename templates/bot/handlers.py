"""Which functions of the application handle which events."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

Handler = Callable[[Any], Any]
"""A function of one positional argument, `async def` or `def`."""

H = TypeVar("H", bound=Handler)

Filter = Callable[[Any], bool]

ANY = "any"
"""The kind whose handlers get the events of every kind."""


_GETS_CALL = frozenset({"incoming", "established", "media_active"})
"""The kinds whose handlers get the call itself; all others get an event."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A handler, whether it is awaited, whether it gets the call, and which events it gets."""

    function: Handler
    awaited: bool
    gets_call: bool
    accepts: Filter

    @property
    def name(self) -> str:
        """The name of the function, for messages."""
        return getattr(self.function, "__qualname__", repr(self.function))


class Handlers:
    """The handlers of a bot by the kind of event, each kind in the order of registration."""

    def __init__(self) -> None:
        self._by_kind: dict[str, list[Registration]] = {}

    def add(self, kind: str, function: H, accepts: Filter | None = None) -> H:
        """Register a function and return it; raises TypeError if it cannot take one argument."""
        _check(function)
        registration = Registration(
            function, _is_async(function), kind in _GETS_CALL, accepts or _all
        )
        self._by_kind.setdefault(kind, []).append(registration)
        return function

    def wants(self, kind: str) -> bool:
        """Whether anything handles events of a kind."""
        return kind in self._by_kind or (kind != "error" and ANY in self._by_kind)

    def own(self, kind: str) -> Sequence[Registration]:
        """Return the handlers of a kind, without those of every kind."""
        return self._by_kind.get(kind, ())

    def of(self, kind: str) -> Iterator[Registration]:
        """Yield the handlers of a kind, and then those of every kind."""
        yield from self.own(kind)
        if kind != "error":
            yield from self._by_kind.get(ANY, ())


def _all(event: object) -> bool:
    return True


def _is_async(function: Handler) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - an object whose call is to be awaited
    )


def _check(function: object) -> None:
    if not callable(function):
        raise TypeError(f"a handler is a function of one argument, not {function!r}")
    try:
        signature = inspect.signature(function)
    except ValueError:  # a builtin that does not say what it takes
        return
    try:
        signature.bind(object())
    except TypeError:
        name = getattr(function, "__qualname__", repr(function))
        message = f"{name}{signature} must take one positional argument: the call, or the event"
        raise TypeError(message) from None
