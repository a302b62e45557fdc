"""Checks the arguments of a call against their declared types, before anything is sent.

The types are the annotations of the declaration. A message names the method, the parameter and what is
wanted. This is the one place for it: what builds a request takes the arguments as they are.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from .content import CONTENT, FileUpload, Upload
from .edm import Scalar
from .edm_values import read_duration, read_guid
from .enums import GraphEnum, GraphFlags, flags_of, member_of
from .forms import (
    FLAG,
    NOT_SEQUENCES,
    TEXT,
    Form,
    WrongError,
    count,
    either,
    instance,
    invalid,
    mapping,
    refused,
    seconds,
    sequence,
)
from .model import GraphModel, concrete
from .options import UNSET, QueryOptions, Unset
from .recording import Recorded
from .spelling import a, meant
from .wire import to_wire

_SINGLE = {NoneType: None, Unset: UNSET}
_NOT_PIECES: tuple[type, ...] = (*NOT_SEQUENCES, Mapping, GraphModel)
_GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

_NOT_SEGMENTS = frozenset({"", ".", ".."})
"""No keys: clients and gateways drop dot segments (RFC 3986, 5.2.4), escaped or not."""

_FIELD_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FIELD_VALUE = re.compile(r"([\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?)?")
"""Names and values of headers (RFC 9110, 5.1 and 5.5), as far as they are ASCII."""

_NOT_OURS: Mapping[str, str] = {
    "authorization": "the client sends the token",
    "content-length": "the body says it",
    "transfer-encoding": "the body says it",
}
"""Headers that no caller may give, and why."""


class Checks:
    """The checks of the arguments of one method.

    `types` are the declared types by parameter, `keys` the wire names of those that are keys, `options`
    the options of the client by keyword.
    """

    def __init__(
        self,
        method: str,
        types: Mapping[str, Any],
        keys: Mapping[str, str],
        options: Mapping[str, str],
    ) -> None:
        self._method = method
        self._take = {name: form_of(declared).take for name, declared in types.items()}
        texts = {name: wire_name for name, wire_name in keys.items() if types[name] is str}
        self._take |= {name: _key(wire_name) for name, wire_name in texts.items()}
        self._take |= {name: option_forms()[option].take for name, option in options.items()}

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
            error = wrong.located(f"{self._method}: {name}")
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
        return sequence(form_of(inner[0]))
    if origin is Literal:
        return _choice(inner)
    if origin is Mapping:
        return mapping(form_of(inner[1]))
    if declared in _PLAIN:
        return _PLAIN[declared]
    if issubclass(declared, GraphModel):
        return _model(declared)
    if issubclass(declared, GraphEnum):
        return _named(declared, [member.name for member in declared], member_of)
    if issubclass(declared, GraphFlags):
        return _named(declared, [name for name in vars(declared) if name.isupper()], flags_of)
    return instance(declared.__name__, f"{declared.__name__}(…)", declared)


@cache
def option_forms() -> Mapping[str, Form]:
    """Return the forms of the options of the client, by name."""
    declared = get_type_hints(QueryOptions, include_extras=True)
    return {name: form_of(one) for name, one in declared.items()} | {
        "headers": either(HEADERS, None)
    }


def _headers() -> Form:
    of_text = mapping(TEXT)
    noun, example = of_text.noun, "{'If-Match': etag}"

    def take(value: object) -> object:
        given: dict[str, str] = of_text.take(value)
        taken: dict[str, str] = {}
        for name, one in given.items():
            problem = _not_a_field(name, one)
            if name.lower() in taken:
                problem = f"{name} is given twice"
            if problem:
                raise invalid(noun, example, problem)
            taken[name.lower()] = one
        return taken

    return Form(noun, example, take)


def _choice(texts: tuple[str, ...]) -> Form:
    noun, example = "str", " or ".join(map(repr, texts))

    def take(value: object) -> object:
        if not isinstance(value, str):
            raise refused(noun, example, value)
        if value not in texts:
            hint = meant(value, texts) or "; there is no other"
            raise invalid(noun, example, f"this one is unknown{hint}")
        return value

    return Form(noun, example, take)


def _not_a_field(name: str, value: str) -> str:
    """Return what is wrong with a header, empty for nothing; never its value."""
    if not _FIELD_NAME.fullmatch(name):
        return f"{name[:40]!r} is not the name of a header"
    if not _FIELD_VALUE.fullmatch(value):
        return f"{name} holds characters that are not printable ASCII, or spaces around its value"
    why = _NOT_OURS.get(name.lower())
    return f"{name} cannot be given, {why}" if why else ""


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
    pieces = sequence(_PLAIN[bytes])

    def take(value: object) -> object:
        source: Any = value  # not narrowed by the tests below
        if isinstance(value, bytes):
            return value
        if isinstance(value, AsyncIterable) and not _is_text(source):
            return Upload(source)
        if callable(getattr(source, "read", None)):
            return file(source)
        if isinstance(value, _NOT_PIECES) or not isinstance(value, Iterable):
            raise refused(noun, example, source)
        if isinstance(value, Sequence):
            return Upload(pieces.take(source), repeatable=True)
        return Upload(source)

    def file(value: Any) -> Upload:
        if _is_text(value):
            raise WrongError(f"must be {a(noun)}, such as {example}: this file is open as text")
        if getattr(value, "closed", False):
            raise invalid(noun, example, "this file is closed")
        readable = getattr(value, "readable", None)
        if callable(readable) and not readable():
            raise invalid(noun, example, "this file is not open for reading")
        return FileUpload(value)

    return Form(noun, example, take)


def _is_text(file: object) -> bool:
    """Whether a file is open as text, even if a wrapper hides its class, as those of tempfile do."""
    return hasattr(file, "read") and hasattr(file, "encoding")


_PLAIN: Mapping[Any, Form] = {
    str: TEXT,
    bool: FLAG,
    bytes: instance("bytes object", "b'…'", bytes),
    int: count("100"),
    Recorded: instance("RecordOperation", "that of the notification about it", Recorded),
    float: seconds("30.0"),
    object: _json(),
    Any: _json(),
}


HEADERS = _headers()
"""Headers to send, in lower case."""


def _key(wire_name: str) -> Callable[[Any], Any]:

    def take(value: object) -> object:
        if TEXT.take(value) in _NOT_SEGMENTS:
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
        wrong = refused(noun, example, value)
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
            raise refused(noun, example, value)
        try:
            return find(cls, value)
        except ValueError as unknown:
            problem = str(unknown)
        raise invalid(noun, example, problem)

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
            raise invalid(noun, example, "this one is not")
        return value

    def other(value: object) -> object:
        if read is not None and isinstance(value, str):
            try:
                found = read(value)
            except (ValueError, OverflowError):
                found = None
            if found is None:
                raise invalid(noun, example, "this text is not")
            return found
        if isinstance(value, scalar.python) and not isinstance(value, scalar.not_python):
            raise invalid(noun, example, "this one has none")
        raise refused(noun, example, value)

    return Form(noun, example, take)


def _union(declared: Sequence[Any]) -> Form:
    """One type or null or `UNSET`."""
    [other] = [form_of(one) for one in declared if one not in _SINGLE]
    return either(other, *(_SINGLE[one] for one in declared if one in _SINGLE))
