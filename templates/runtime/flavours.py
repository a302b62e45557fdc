"""What a client of one flavour says in a `with` statement of the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Never


class WrongStatementError(TypeError, AttributeError):
    """A client in a statement of the other flavour.

    It is also an AttributeError, so that `hasattr` and contextlib find that the client is no such context.
    """


class _Refusal:
    """Stands for the method that the statement of the other flavour looks for."""

    def __init__(self, wrong: str, right: str) -> None:
        self._wrong, self._right = wrong, right

    def __get__(self, client: object, cls: type[Any]) -> Never:
        raise WrongStatementError(f"{cls.__name__} needs `{self._right}`, not `{self._wrong}`")


class SyncOnly:
    """The base of synchronous clients."""

    if not TYPE_CHECKING:  # a type checker should refuse the statement
        __aenter__ = _Refusal("async with", "with")


class AsyncOnly:
    """The base of asynchronous clients."""

    if not TYPE_CHECKING:
        __enter__ = _Refusal("with", "async with")
