"""What a value must be: forms that name themselves in messages, and take a value or refuse it.

A message says what is wanted, and of a wrong value only its type: any value may be a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from .spelling import a

NOT_SEQUENCES: tuple[type, ...] = (str, bytes, bytearray, memoryview)

LONGEST = 2.0**31
"""Most seconds (68 years) that anything may take, and that any Retry-After counts for (RFC 9111, 1.2.2):
`sleep` and sockets accept it."""


class WrongError(Exception):
    """A value that is not of the declared type; `path` leads to it inside the argument."""

    def __init__(self, predicate: str, kind: type[TypeError | ValueError] = TypeError) -> None:
        super().__init__(predicate)
        self.predicate = predicate
        self.path = ""
        self._kind = kind

    def located(self, parameter: str) -> TypeError | ValueError:
        """Return the error that the caller gets, for a parameter or `method: parameter`."""
        return self._kind(f"{parameter}{self.path} {self.predicate}")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Form:
    """A declared type as messages name it, and `take`, which returns the value to send for a value.

    `take` raises WrongError for a value that does not fit.
    """

    noun: str
    example: str
    take: Callable[[Any], Any]


def check(parameter: str, value: object, form: Form) -> Any:
    """Return the value to use for an argument; raises TypeError or ValueError, which names it."""
    try:
        return form.take(value)
    except WrongError as wrong:
        error = wrong.located(parameter)
    raise error


def refused(noun: str, example: str, value: object) -> WrongError:
    """Say that a value is of the wrong type."""
    if isinstance(value, type):
        got = f"the class {value.__name__}"
    else:
        got = "None" if value is None else type(value).__name__
    return WrongError(f"must be {a(noun)}, such as {example}, not {got}")


def invalid(noun: str, example: str, problem: str) -> WrongError:
    """Say that a value is of the right type and wrong all the same."""
    return WrongError(f"must be {a(noun)}, such as {example}: {problem}", ValueError)


# -- single values


def instance(noun: str, example: str, kind: type, *, but: tuple[type, ...] = ()) -> Form:
    """Return the form of the instances of a class, except those of others."""

    def take(value: object) -> object:
        if isinstance(value, kind) and not isinstance(value, but):
            return value
        raise refused(noun, example, value)

    return Form(noun, example, take)


def _text() -> Form:
    noun, example = "str", "'…'"

    def take(value: object) -> object:
        if not isinstance(value, str):
            raise refused(noun, example, value)
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                pass
            else:
                return value
            raise invalid(noun, example, "UTF-8 cannot encode a lone surrogate")
        return value

    return Form(noun, example, take)


TEXT = _text()
FLAG = instance("bool", "True", bool)


_INT: tuple[type, ...] = (int,)
_REAL: tuple[type, ...] = (int, float)


def _number(
    kind: tuple[type, ...], noun: str, example: str, problem: str, holds: Callable[[Any], bool]
) -> Form:
    """Return the form of the numbers for which a condition holds, which `noun` names."""

    def take(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, kind):
            raise refused(noun, example, value)
        if not holds(value):
            raise invalid(noun, example, problem)
        return value

    return Form(noun, example, take)


def count(example: str) -> Form:
    """Return the form of whole numbers from 0."""
    return _number(
        _INT, "int that is not negative", example, "this one is", lambda value: value >= 0
    )


def positive_count(example: str) -> Form:
    """Return the form of whole numbers from 1."""
    return _number(_INT, "positive int", example, "this one is not", lambda value: value > 0)


def seconds(example: str) -> Form:
    """Return the form of a time that something may take."""
    noun = "number of seconds above 0 and up to 2**31"
    return _number(_REAL, noun, example, "this one is not", lambda value: 0 < value <= LONGEST)


def pause(example: str) -> Form:
    """Return the form of a time that may be nothing, or without end."""
    noun = "number of seconds that is not negative"
    return _number(_REAL, noun, example, "this one is", lambda value: value >= 0)


# -- values made of others


def sequence(item: Form) -> Form:
    """Return the form of sequences, text and bytes excepted."""
    noun, example = f"sequence of {item.noun}", f"[{item.example}]"
    take_item = item.take

    def take(value: object) -> object:
        if isinstance(value, NOT_SEQUENCES) or not isinstance(value, Sequence):
            raise refused(noun, example, value)
        taken: list[object] = []
        try:
            for one in cast("Sequence[object]", value):
                taken.append(take_item(one))
        except WrongError as wrong:
            wrong.path = f"[{len(taken)}]{wrong.path}"
            raise
        return taken

    return Form(noun, example, take)


def mapping(item: Form) -> Form:
    """Return the form of mappings by text."""
    noun, example = f"mapping of str to {item.noun}", f"{{'…': {item.example}}}"
    take_item = item.take

    def take(value: object) -> object:
        if not isinstance(value, Mapping):
            raise refused(noun, example, value)
        taken: dict[str, object] = {}
        for name, one in cast("Mapping[object, object]", value).items():
            if not isinstance(name, str):
                raise WrongError(f"must be {a(noun)}: a name is {a(type(name).__name__)}")
            try:
                taken[name] = take_item(one)
            except WrongError as wrong:
                wrong.path = f"[{name[:40]!r}]{wrong.path}"
                raise
        return taken

    return Form(noun, example, take)


def either(form: Form, *singles: object) -> Form:
    """Return the form of what a form takes, or one of single values such as None."""

    def take(value: object) -> object:
        return value if any(value is single for single in singles) else form.take(value)

    return Form(form.noun, form.example, take)
