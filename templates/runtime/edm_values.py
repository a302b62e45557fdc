"""Values that remember how they were written, and the functions that parse them.

A reader takes the text of one Edm type, or a JSON number, and raises ValueError for anything else.
Source: OData JSON 4.01, section 7.1; OData ABNF.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID


class _Wire:
    """Adds the wire form to an immutable value; pickling and copying keep it.

    It is in a slot where the type allows any: a dictionary takes more room than the value.
    """

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

    __slots__ = ("wire",)


class WireDecimal(_Wire, Decimal):
    """A decimal with the text or the number it came from."""

    __slots__ = ("wire",)


class WireBytes(_Wire, bytes):
    """Bytes with the base64 text they came from."""


class WireDateTime(_Wire, datetime):
    """A point in time with the text it came from, which may hold more digits than a datetime."""

    __slots__ = ("wire",)


class WireDate(_Wire, date):
    """A date with the text it came from."""

    __slots__ = ("wire",)


class WireTime(_Wire, time):
    """A time of day with the text it came from, which may hold more digits than a time."""

    __slots__ = ("wire",)


class WireDuration(_Wire, timedelta):
    """A duration with the text it came from, which may hold more digits than a timedelta."""

    __slots__ = ("wire",)


class WireGuid(_Wire, UUID):
    """A GUID with the text it came from."""

    __slots__ = ("wire",)


_W = TypeVar("_W", bound=_Wire)

_INTEGER = re.compile(r"[+-]?[0-9]{1,4000}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,400}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,4})?|-?INF|NaN")
_DURATION = re.compile(
    r"(?P<sign>[+-]?)P(?:(?P<days>[0-9]{1,10})D)?"
    r"(?:T(?=[0-9])(?:(?P<hours>[0-9]{1,10})H)?(?:(?P<minutes>[0-9]{1,10})M)?"
    r"(?:(?P<seconds>[0-9]{1,10})(?:\.(?P<fraction>[0-9]{1,40}))?S)?)?(?<![PT])"
)
_BASE64 = re.compile(r"[0-9A-Za-z_-]*={0,2}")


# -- from the wire: text in, value out, ValueError for malformed text


def read_int(text: str) -> int:
    """Read an integer from its text."""
    if not _INTEGER.fullmatch(text):
        raise ValueError
    return _with(WireInt(text), text)


def read_float(text: str) -> float:
    """Read a number from its text, INF, -INF or NaN."""
    if not _NUMBER.fullmatch(text):
        raise ValueError
    return _with(WireFloat(text), text)


def read_decimal(text: str) -> Decimal:
    """Read a decimal from its text."""
    if not _NUMBER.fullmatch(text) or text.endswith(("INF", "NaN")):
        raise ValueError
    return _with(WireDecimal(text), text)


def read_bytes(text: str) -> bytes:
    """Read base64url, or plain base64, with or without padding."""
    url = text.replace("+", "-").replace("/", "_")
    if not _BASE64.fullmatch(url):
        raise ValueError
    bare = url.rstrip("=")
    return _with(WireBytes(base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))), text)


def read_date_time_offset(text: str) -> datetime:
    """Read a point in time; without an offset it is UTC."""
    # Its own `fromisoformat` takes twice as long: it hands over eight parts, the form of a pickle has two.
    state: Any = datetime.fromisoformat(text.upper()).__reduce__()[1]
    value = WireDateTime(*state)
    if not value.tzinfo:
        # The service sometimes omits the offset; its times are UTC.
        value = value.replace(tzinfo=UTC)
    value.wire = text
    return value


def read_date(text: str) -> date:
    """Read a date."""
    return _with(WireDate.fromisoformat(text), text)


def read_time_of_day(text: str) -> time:
    """Read a time of day."""
    return _with(WireTime.fromisoformat(text), text)


def read_duration(text: str) -> timedelta:
    """Read a duration of days, hours, minutes and seconds."""
    match = _DURATION.fullmatch(text)
    if not match:
        raise ValueError
    sign, days, hours, minutes, seconds, fraction = match.groups()
    value = WireDuration(
        int(days) if days else 0,
        int(seconds) if seconds else 0,
        int(fraction[:6].ljust(6, "0")) if fraction else 0,
        0,
        int(minutes) if minutes else 0,
        int(hours) if hours else 0,
    )
    if sign == "-":
        value = WireDuration(-value.days, -value.seconds, -value.microseconds)
    value.wire = text
    return value


def read_guid(text: str) -> UUID:
    """Read a GUID."""
    value = WireGuid(text)
    object.__setattr__(value, "wire", text)  # UUID forbids assignment
    return value


def _with(value: _W, wire: str | float) -> _W:
    value.wire = wire
    return value


def integral(value: float) -> int:
    """Read an integer from a JSON number."""
    if value != int(value):
        raise ValueError
    return _with(WireInt(value), value)


def decimal_of(value: float) -> Decimal:
    """Read a decimal from a JSON number."""
    if not math.isfinite(value):
        raise ValueError
    return _with(WireDecimal(repr(value)), value)


_PARSERS: dict[type, Callable[[str], Any]] = {
    WireInt: read_int,
    WireFloat: read_float,
    WireDecimal: read_decimal,
    WireBytes: read_bytes,
    WireDateTime: read_date_time_offset,
    WireDate: read_date,
    WireTime: read_time_of_day,
    WireDuration: read_duration,
    WireGuid: read_guid,
}

_NUMBER_PARSERS: dict[type, Callable[[float], Any]] = {
    WireInt: integral,
    WireDecimal: decimal_of,
}
