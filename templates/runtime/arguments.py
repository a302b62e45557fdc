"""Checks the arguments of a call against their declared types, before anything is sent.

The types are the annotations of the declaration. A message names the method, the parameter and what is
wanted, and of a wrong value only its type: any value may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import isfinite
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin
from uuid import UUID

from .content import CONTENT, FileUpload, Upload
from .edm import Scalar
from .edm_values import read_duration, read_guid
from .enums import GraphEnum, GraphFlags, flags_of, member_of
from .model import GraphModel, concrete
from .recording import Recorded
from .request import NOT_SEGMENTS
from .spelling import a, meant
from .wire import UNSET, Unset, to_wire

_SINGLE = {NoneType: None, Unset: UNSET}
_NOT_SEQUENCES: tuple[type, ...] = (str, bytes, bytearray, memoryview)
_NOT_PIECES: tuple[type, ...] = (*_NOT_SEQUENCES, Mapping, GraphModel)
_GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


class WrongError(Exception):
    """A value that is not of the declared type; `path` leads to it inside the argument."""

    def __init__(self, predicate: str, kind: type[TypeError | ValueError] = TypeError) -> None:
        super().__init__(predicate)
        self.predicate = predicate
        self.path = ""
        self._kind = kind

    def located(self, method: str, parameter: str) -> TypeError | ValueError:
        """Return the error that the caller gets."""
        return self._kind(f"{method}: {parameter}{self.path} {self.predicate}")


@dataclass(frozen=True, slots=True)
class Form:
    """A declared type as messages name it, and `take`, which returns the value to send for a value.

    `take` raises WrongError for a value that does not fit.
    """

    noun: str
    example: str
    take: Callable[[Any], Any]


class Checks:
    """The checks of the arguments of one method.

    `types` are the declared types by parameter, `keys` the wire names of those that are keys.
    """

    def __init__(self, method: str, types: Mapping[str, Any], keys: Mapping[str, str]) -> None:
        self._method = method
        self._take = {name: form_of(declared).take for name, declared in types.items()}
        self._take |= {name: _key(wire_name) for name, wire_name in keys.items()}

    def refuse_unknown(self, keywords: Iterable[str]) -> None:
        """Raise TypeError, with the nearest name, for a keyword that the method does not take."""
        for name in keywords:
            if name not in self._take:
                hint = meant(name, self._take) or f"; it takes {', '.join(self._take)}"
                raise TypeError(f"{self._method} takes no {name}{hint}")

    def take(self, name: str, value: object) -> Any:
        """Return the value to send for an argument.

        Raises TypeError for a value of another type than the declared one, and ValueError for one of
        that type that Graph cannot take: a naive datetime, a number out of range, an undeclared member.
        """
        try:
            return self._take[name](value)
        except WrongError as wrong:
            error = wrong.located(self._method, name)
        raise error


def form_of(declared: Any) -> Form:
    """Return the form of an annotation."""
    origin, inner = get_origin(declared), get_args(declared)
    if declared == CONTENT:
        return _content()
    if origin in (Union, UnionType):
        return _union(inner)
    if origin is Annotated:
        scalars = [one for one in inner if isinstance(one, Scalar)]
        return _scalar(scalars[0]) if scalars else form_of(inner[0])
    if origin is Sequence:
        return _sequence(form_of(inner[0]))
    if origin is Literal:
        return _choice(inner)
    if origin is Mapping:
        return _mapping(form_of(inner[1]))
    if declared in _PLAIN:
        return _PLAIN[declared]
    if issubclass(declared, GraphModel):
        return _model(declared)
    if issubclass(declared, GraphEnum):
        return _named(declared, [member.name for member in declared], member_of)
    if issubclass(declared, GraphFlags):
        return _named(declared, [name for name in vars(declared) if name.isupper()], flags_of)
    return _instance(declared.__name__, f"{declared.__name__}(…)", declared)


def _refused(noun: str, example: str, value: object) -> WrongError:
    """Say that a value is of the wrong type."""
    if isinstance(value, type):
        got = f"the class {value.__name__}"
    else:
        got = repr(value) if value is None or value is UNSET else type(value).__name__
    return WrongError(f"must be {a(noun)}, such as {example}, not {got}")


def _invalid(noun: str, example: str, problem: str) -> WrongError:
    """Say that a value is of the right type and wrong all the same."""
    return WrongError(f"must be {a(noun)}, such as {example}: {problem}", ValueError)


# -- plain types


def _instance(noun: str, example: str, kind: type, *, but: tuple[type, ...] = ()) -> Form:
    def take(value: object) -> object:
        if isinstance(value, kind) and not isinstance(value, but):
            return value
        raise _refused(noun, example, value)

    return Form(noun, example, take)


def _str() -> Form:
    noun, example = "str", "'…'"

    def take(value: object) -> object:
        if not isinstance(value, str):
            raise _refused(noun, example, value)
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                pass
            else:
                return value
            raise _invalid(noun, example, "UTF-8 cannot encode a lone surrogate")
        return value

    return Form(noun, example, take)


def _choice(texts: tuple[str, ...]) -> Form:
    noun, example = "str", " or ".join(map(repr, texts))

    def take(value: object) -> object:
        if not isinstance(value, str):
            raise _refused(noun, example, value)
        if value not in texts:
            hint = meant(value, texts) or "; there is no other"
            raise _invalid(noun, example, f"this one is unknown{hint}")
        return value

    return Form(noun, example, take)


def _number_of_items() -> Form:
    noun, example = "int that is not negative", "100"

    def take(value: object) -> object:
        if not isinstance(value, int) or isinstance(value, bool):
            raise _refused(noun, example, value)
        if value < 0:
            raise _invalid(noun, example, "this one is")
        return value

    return Form(noun, example, take)


def _seconds() -> Form:
    noun, example = "positive number of seconds", "30.0"

    def take(value: object) -> object:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise _refused(noun, example, value)
        if not (isfinite(value) and value > 0):
            raise _invalid(noun, example, "this one is not")
        return value

    return Form(noun, example, take)


def _json() -> Form:
    """Anything that Graph has a type for."""
    noun, example = "value that JSON can represent", "None, True, 1, '…', […], {…} or a model"

    def take(value: object) -> object:
        try:
            return to_wire(value)
        except (TypeError, ValueError, RecursionError) as error:
            problem = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise WrongError(f"must be {a(noun)}: {problem}")

    return Form(noun, example, take)


def _content() -> Form:
    """Bytes, a binary file, or an iterable of bytes; `opened` refuses what the other flavour takes."""
    noun, example = "binary file, bytes or iterable of bytes", "open('…', 'rb')"
    pieces = _sequence(_PLAIN[bytes])

    def take(value: object) -> object:
        source: Any = value  # not narrowed by the tests below
        if isinstance(value, bytes):
            return value
        if isinstance(value, AsyncIterable) and not _is_text(source):
            return Upload(source)
        if callable(getattr(source, "read", None)):
            return file(source)
        if isinstance(value, _NOT_PIECES) or not isinstance(value, Iterable):
            raise _refused(noun, example, source)
        if isinstance(value, Sequence):
            return Upload(pieces.take(source), repeatable=True)
        return Upload(source)

    def file(value: Any) -> Upload:
        if _is_text(value):
            raise WrongError(f"must be {a(noun)}, such as {example}: this file is open as text")
        if getattr(value, "closed", False):
            raise _invalid(noun, example, "this file is closed")
        readable = getattr(value, "readable", None)
        if callable(readable) and not readable():
            raise _invalid(noun, example, "this file is not open for reading")
        return FileUpload(value)

    return Form(noun, example, take)


def _is_text(file: object) -> bool:
    """Whether a file is open as text, even if a wrapper hides its class, as those of tempfile do."""
    return hasattr(file, "read") and hasattr(file, "encoding")


_PLAIN: Mapping[Any, Form] = {
    str: _str(),
    bool: _instance("bool", "True", bool),
    bytes: _instance("bytes object", "b'…'", bytes),
    int: _number_of_items(),
    Recorded: _instance("RecordOperation", "that of the notification about it", Recorded),
    float: _seconds(),
    object: _json(),
    Any: _json(),
}


def _key(wire_name: str) -> Callable[[Any], Any]:
    text = _PLAIN[str].take

    def take(value: object) -> object:
        if text(value) in NOT_SEGMENTS:
            raise WrongError(
                f"must not be {value!r}: {wire_name} is a segment of the path", ValueError
            )
        return value

    return take


# -- types of Graph


def _model(cls: type[GraphModel]) -> Form:
    noun, example = cls.__name__, f"{concrete(cls).__name__}(…)"

    def take(value: object) -> object:
        if isinstance(value, cls):
            return value
        wrong = _refused(noun, example, value)
        if isinstance(value, Mapping):
            wrong.predicate += f"; {noun}.from_dict(…) reads a decoded JSON object"
        raise wrong

    return Form(noun, example, take)


def _named(cls: type[Any], members: list[str], find: Callable[[type[Any], object], Any]) -> Form:
    """An enumeration, as a member or the text of a declared one."""
    noun = cls.__name__
    example = f"{noun}.{members[0]}" if members else f"{noun}('…')"

    def take(value: object) -> object:
        if isinstance(value, cls):
            return value
        if type(value) is not str:  # nor a member of another enumeration, which is a str too
            raise _refused(noun, example, value)
        try:
            return find(cls, value)
        except ValueError as unknown:
            problem = str(unknown)
        raise _invalid(noun, example, problem)

    return Form(noun, example, take)


_TEXT: Mapping[type, tuple[str, str, Callable[[str], object]]] = {
    timedelta: ("timedelta or ISO 8601 text", " or 'PT1H30M'", read_duration),
    UUID: ("UUID or its text", "", lambda text: read_guid(text) if _GUID.fullmatch(text) else None),
}
"""The types whose values may also be given as text, which is sent unchanged."""


def _scalar(scalar: Scalar) -> Form:
    noun, example, read = scalar.noun, scalar.literal, None
    least, most = scalar.bounds or (None, None)
    if least is not None:
        noun += f" from {least} to {most}"
    if scalar.python[0] in _TEXT:
        noun, more, read = _TEXT[scalar.python[0]]
        example += more

    def take(value: Any) -> object:
        if not scalar.is_value(value):
            return other(value)
        if least is not None and most is not None and not least <= value <= most:
            raise _invalid(noun, example, "this one is not")
        return value

    def other(value: object) -> object:
        if read is not None and isinstance(value, str):
            try:
                found = read(value)
            except (ValueError, OverflowError):
                found = None
            if found is None:
                raise _invalid(noun, example, "this text is not")
            return found
        if isinstance(value, scalar.python) and not isinstance(value, scalar.not_python):
            raise _invalid(noun, example, "this one has none")
        raise _refused(noun, example, value)

    return Form(noun, example, take)


# -- types made of others


def _sequence(item: Form) -> Form:
    noun, example = f"sequence of {item.noun}", f"[{item.example}]"
    take_item = item.take

    def take(value: object) -> object:
        if isinstance(value, _NOT_SEQUENCES) or not isinstance(value, Sequence):
            raise _refused(noun, example, value)
        taken: list[object] = []
        try:
            for one in cast("Sequence[object]", value):
                taken.append(take_item(one))
        except WrongError as wrong:
            wrong.path = f"[{len(taken)}]{wrong.path}"
            raise
        return taken

    return Form(noun, example, take)


def _mapping(item: Form) -> Form:
    noun, example = f"mapping of str to {item.noun}", f"{{'…': {item.example}}}"
    take_item = item.take

    def take(value: object) -> object:
        if not isinstance(value, Mapping):
            raise _refused(noun, example, value)
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


def _union(declared: Sequence[Any]) -> Form:
    """One type or null or `UNSET`."""
    [other] = [form_of(one) for one in declared if one not in _SINGLE]
    singles = tuple(_SINGLE[one] for one in declared if one in _SINGLE)

    def take(value: object) -> object:
        return value if any(value is single for single in singles) else other.take(value)

    return Form(other.noun, other.example, take)
