"""Values that do not fit their declared type, and validation errors, with paths that lead to them.

Pydantic sees an untyped value as a union of a string and the result of a function: its paths name
the branches of the union and cannot reach inside the value.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, cast

from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError, ValidationError

from .lazy import PACKAGE

Json = Any
Place = tuple[str | int, ...]

_logger = logging.getLogger(PACKAGE)

# -- misfits

MOST = 100
"""How many misfits are listed one by one; the others are counted."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """A received value that does not fit its declared type.

    `path` leads to it in the wire form, from the model or page that was asked; `expected` is the
    declared type as Python calls it. The value may be personal, so that repr does not show it.
    """

    path: Place
    value: Json = field(repr=False)
    expected: str


class Misfits(tuple[Misfit, ...]):
    """The first 100 misfits; `rest` counts the others."""

    rest: int

    def __new__(cls, listed: Iterable[Misfit] = (), *, rest: int = 0) -> Self:
        """Keep the first misfits, and the number of the others."""
        misfits = super().__new__(cls, listed)
        misfits.rest = rest
        return misfits

    def log(self, what: str) -> None:
        """Warn of misfits in something that was read: how many, and where the first one is."""
        if self:
            where = ".".join(map(str, self[0].path))[:200]
            _logger.warning("misfits in %s: %d, first at %r", what, len(self) + self.rest, where)


NO_MISFITS = Misfits()


# -- errors

TOO_DEEP = PydanticCustomError("nested_too_deeply", "Input should not be nested this deeply")
NOT_JSON = PydanticCustomError("no_json", "Input should be a number that JSON can represent")

REVIVED = "function-plain[revive()]"
"""The branch of the union that is not a string."""


class MisfitError(ValueError):
    """A fault in a part of an untyped value; `path` leads to it, innermost first."""

    def __init__(self, problem: PydanticCustomError | ValidationError) -> None:
        super().__init__("a part does not fit")
        self.problem = problem
        self.path: list[str | int] = []

    def located(self) -> ValidationError | PydanticCustomError:
        """Return the same fault as an error that pydantic understands."""
        place = tuple(reversed(self.path))
        if isinstance(self.problem, ValidationError):
            return _moved(self.problem, place) if place else self.problem
        if not place:
            return self.problem
        return _error("untyped", [InitErrorDetails(type=self.problem, loc=place, input=None)])


def cleaned(error: ValidationError) -> ValidationError:
    """Return the error with the branches of unions removed from its paths."""
    details = error.errors(include_url=False)
    if not any(REVIVED in detail["loc"] for detail in details):
        return error
    # Drop the error of the string branch and keep the others: an untyped value need not be a string.
    texts = {
        (*detail["loc"][:at], "str")
        for detail in details
        for at, part in enumerate(detail["loc"])
        if part == REVIVED
    }
    return _error(
        error.title,
        [
            _again(detail, tuple(part for part in detail["loc"] if part != REVIVED))
            for detail in details
            if detail["loc"] not in texts
        ],
    )


_MOST = 100
"""How many errors of a model pass on to the model around it: each level handles those of all below."""


def at_most(error: ValidationError) -> ValidationError:
    """Return the error, or, of more than 200, one with the first 100 and the number of the others."""
    count = error.error_count()
    if count <= 2 * _MOST:
        return error
    first = error.errors(include_url=False)[:_MOST]
    more = PydanticCustomError("many", "{count} more values do not fit", {"count": count - _MOST})
    details = [_again(detail, detail["loc"]) for detail in first]
    return _error(error.title, [*details, InitErrorDetails(type=more, input=None)])


def _moved(error: ValidationError, place: Place) -> ValidationError:
    details = error.errors(include_url=False)
    return _error(error.title, [_again(detail, place + detail["loc"]) for detail in details])


def _again(detail: ErrorDetails, place: Place) -> InitErrorDetails:
    # The only way to rebuild an error of any type, whatever its message is composed of.
    kind = PydanticCustomError(cast("Any", detail["type"]), "{message}", {"message": detail["msg"]})
    return InitErrorDetails(type=kind, loc=place, input=detail["input"])


def _error(title: str, details: Sequence[InitErrorDetails]) -> ValidationError:
    return ValidationError.from_exception_data(title, list(details), hide_input=True)
