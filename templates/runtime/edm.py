"""Edm types as Python types that remember how they were written.

A value that was parsed keeps its wire form in `wire` and is sent back as it came: every fraction
digit of a time stamp, a number that arrived as text, a GUID in capitals. A value that the caller
makes is written in the canonical form. Source: OData JSON 4.01, section 7.1; OData ABNF.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, Strict
from pydantic_core import CoreSchema, core_schema


class _Wire:
    """Adds the wire form to an immutable value, through pickling and copying too."""

    __slots__ = ()

    wire: str | float

    def __reduce_ex__(self, protocol: Any) -> Any:
        wire = getattr(self, "wire", None)
        if wire is None:
            return super().__reduce_ex__(protocol)
        parsers = _PARSERS if isinstance(wire, str) else _NUMBER_PARSERS
        return parsers[type(self)], (wire,)


class WireInt(_Wire, int):
    """An integer that arrived as text, or as a number with a point."""


class WireFloat(_Wire, float):
    """A number that arrived as text: INF, -INF, NaN or digits."""


class WireDecimal(_Wire, Decimal):
    """A decimal with the text or the number it came from."""


class WireBytes(_Wire, bytes):
    """Bytes with the base64 text they came from."""


class WireDateTime(_Wire, datetime):
    """A point in time with the text it came from, which may hold more digits than a datetime."""


class WireDate(_Wire, date):
    """A date with the text it came from."""


class WireTime(_Wire, time):
    """A time of day with the text it came from, which may hold more digits than a time."""


class WireDuration(_Wire, timedelta):
    """A duration with the text it came from, which may hold more digits than a timedelta."""


class WireGuid(_Wire, UUID):
    """A GUID with the text it came from."""

    __slots__ = ("wire",)


_W = TypeVar("_W", bound=_Wire)

_INTEGER = re.compile(r"[+-]?[0-9]{1,4000}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,400}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,4})?|-?INF|NaN")
_DURATION = re.compile(
    r"(?P<sign>[+-]?)P(?:(?P<days>[0-9]{1,10})D)?"
    r"(?:T(?=[0-9])(?:(?P<hours>[0-9]{1,10})H)?(?:(?P<minutes>[0-9]{1,10})M)?"
    r"(?:(?P<seconds>[0-9]{1,10})(?:\.(?P<fraction>[0-9]{1,40}))?S)?)?"
)
_BASE64 = re.compile(r"[0-9A-Za-z_-]*={0,2}")


# -- from the wire: text in, value out, ValueError for any other text


def _int(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError
    return _with(WireInt(text), text)


def _float(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError
    return _with(WireFloat(text), text)


def _decimal(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text) or text.endswith(("INF", "NaN")):
        raise ValueError
    return _with(WireDecimal(text), text)


def _bytes(text: str) -> bytes:
    url = text.replace("+", "-").replace("/", "_")
    if not _BASE64.fullmatch(url):
        raise ValueError
    bare = url.rstrip("=")
    return _with(WireBytes(base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))), text)


def _date_time_offset(text: str) -> datetime:
    value = WireDateTime.fromisoformat(text.upper())
    # The service leaves the offset out now and then; its times are UTC.
    return _with(value if value.tzinfo else value.replace(tzinfo=UTC), text)


def _date(text: str) -> date:
    return _with(WireDate.fromisoformat(text), text)


def _time_of_day(text: str) -> time:
    return _with(WireTime.fromisoformat(text), text)


def _duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if not match or text.endswith(("P", "T")):
        raise ValueError
    sign = -1 if match["sign"] == "-" else 1
    days, hours, minutes, seconds = (
        sign * int(match[unit] or 0) for unit in ("days", "hours", "minutes", "seconds")
    )
    microseconds = sign * int((match["fraction"] or "")[:6].ljust(6, "0"))
    value = WireDuration(
        days=days, hours=hours, minutes=minutes, seconds=seconds, microseconds=microseconds
    )
    return _with(value, text)


def _guid(text: str) -> UUID:
    value = WireGuid(text)
    object.__setattr__(value, "wire", text)  # a UUID refuses every assignment
    return value


def _with(value: _W, wire: str | float) -> _W:
    value.wire = wire
    return value


# -- to the wire: the canonical form of a value that the caller made


def _number_out(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "INF" if value > 0 else "-INF"


def _decimal_out(value: Decimal) -> float | str:
    """Write a JSON number where one holds the value exactly, text where none does."""
    number = float(value)
    if not math.isfinite(number) or Decimal(repr(number)) != value:
        return str(value)
    return int(number) if number.is_integer() else number


def _bytes_out(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode("ascii")


def _date_time_out(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


def _duration_out(value: timedelta) -> str:
    microseconds = value // timedelta(microseconds=1)
    sign, microseconds = ("-", -microseconds) if microseconds < 0 else ("", microseconds)
    seconds, fraction = divmod(microseconds, 1_000_000)
    days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3_600)
    minutes, seconds = divmod(seconds, 60)
    whole = (
        f"{seconds}.{fraction:06}".rstrip("0") + "S"
        if fraction
        else f"{seconds}S" if seconds else ""
    )
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "") + whole
    if not days and not clock:
        return "PT0S"
    return f"{sign}P{f'{days}D' if days else ''}{f'T{clock}' if clock else ''}"


# -- the types


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True, eq=False)
class _Scalar:
    """How one Edm type travels: annotates the Python type that stands for it."""

    python: tuple[type, ...]
    example: str
    text: Callable[[str], Any]
    schema: dict[str, Any]
    not_python: tuple[type, ...] = (bool,)
    number: Callable[[Any], Any] | None = None
    """How a JSON number is read, None where a number is no value of the type."""

    def _is_value(self, value: object) -> bool:
        return isinstance(value, self.python) and not isinstance(value, self.not_python)

    def _read(self, value: object) -> Any:
        if self._is_value(value):
            return value
        try:
            if isinstance(value, str):
                return self.text(value)
            if self.number and isinstance(value, (int, float)) and not isinstance(value, bool):
                return self.number(value)
        except (ValueError, OverflowError, ArithmeticError):
            pass
        raise ValueError(f"Input should be like {self.example}") from None

    def _check(self, value: object) -> Any:
        if self._is_value(value):
            return value
        raise ValueError(f"Input should be a {self.python[0].__name__}")

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.lax_or_strict_schema(
            core_schema.no_info_plain_validator_function(self._read),
            core_schema.no_info_plain_validator_function(self._check),
            serialization=core_schema.plain_serializer_function_ser_schema(
                to_wire, when_used="json"
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return dict(self.schema)


class _AwareDateTime(_Scalar):
    """A date-time must say its offset: a naive one made by a caller is a mistake."""

    __slots__ = ()

    def _is_value(self, value: object) -> bool:
        return isinstance(value, datetime) and value.tzinfo is not None


def _integral(value: float) -> int:
    if value != int(value):
        raise ValueError
    return _with(WireInt(value), value)


def _decimal_of(value: float) -> Decimal:
    if not math.isfinite(value):
        raise ValueError
    return _with(WireDecimal(repr(value)), value)


def _integer_type(form: str) -> _Scalar:
    return _Scalar((int,), "200", _int, {"type": "integer", "format": form}, number=_integral)


def _floating_type(form: str) -> _Scalar:
    schema = {"type": ["number", "string"], "format": form}
    return _Scalar((float, int), "0.5, INF or NaN", _float, schema)


_PARSERS: dict[type, Callable[[str], Any]] = {
    WireInt: _int,
    WireFloat: _float,
    WireDecimal: _decimal,
    WireBytes: _bytes,
    WireDateTime: _date_time_offset,
    WireDate: _date,
    WireTime: _time_of_day,
    WireDuration: _duration,
    WireGuid: _guid,
}

_NUMBER_PARSERS: dict[type, Callable[[float], Any]] = {
    WireInt: _integral,
    WireDecimal: _decimal_of,
}

_WRITERS: dict[type, Callable[[Any], Any]] = {
    bytes: _bytes_out,
    datetime: _date_time_out,
    date: str,
    time: str,
    timedelta: _duration_out,
    Decimal: _decimal_out,
    UUID: str,
    float: _number_out,
    int: _same,
}
"""The writers by Python type, a derived type before its base."""


def to_wire(value: object) -> Any:
    """Return a value of one of these types as JSON has it: as it came, else in canonical form."""
    wire = getattr(value, "wire", None)
    if wire is not None:
        return wire
    found = (write(value) for kind, write in _WRITERS.items() if isinstance(value, kind))
    return next(found, value)


Boolean = Annotated[bool, Strict()]
Byte = Annotated[int, _integer_type("uint8")]
SByte = Annotated[int, _integer_type("int8")]
Int16 = Annotated[int, _integer_type("int16")]
Int32 = Annotated[int, _integer_type("int32")]
Int64 = Annotated[int, _integer_type("int64")]
Single = Annotated[float, _floating_type("float")]
Double = Annotated[float, _floating_type("double")]
EdmDecimal = Annotated[
    Decimal,
    _Scalar(
        (Decimal,), "12.50", _decimal,
        {"type": ["number", "string"], "format": "decimal"}, number=_decimal_of,
    ),
]  # fmt: skip
Binary = Annotated[
    bytes,
    _Scalar((bytes,), "aGk_", _bytes, {"type": "string", "format": "base64url"}),
]
DateTimeOffset = Annotated[
    datetime,
    _AwareDateTime(
        (datetime,), "2026-01-31T10:00:00Z", _date_time_offset,
        {"type": "string", "format": "date-time"},
    ),
]  # fmt: skip
Date = Annotated[
    date,
    _Scalar(
        (date,), "2026-01-31", _date, {"type": "string", "format": "date"},
        not_python=(datetime,),
    ),
]  # fmt: skip
TimeOfDay = Annotated[
    time, _Scalar((time,), "10:00:00", _time_of_day, {"type": "string", "format": "time"})
]
Duration = Annotated[
    timedelta,
    _Scalar((timedelta,), "PT1H30M", _duration, {"type": "string", "format": "duration"}),
]
Guid = Annotated[
    UUID,
    _Scalar(
        (UUID,), "112f7296-5fa4-42ca-bae8-6a692b15d4b8", _guid,
        {"type": "string", "format": "uuid"},
    ),
]  # fmt: skip
