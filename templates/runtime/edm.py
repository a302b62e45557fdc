"""Edm types as Python types that remember how they were written.

A parsed value keeps its wire form in `wire` and is sent back unchanged: every fractional digit of a
timestamp, a number that arrived as text, a GUID in capitals. A value that the caller creates is
written in canonical form. Source: OData JSON 4.01, section 7.1; OData ABNF.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    GetPydanticSchema,
    Strict,
)
from pydantic_core import CoreSchema, core_schema

from .edm_values import (
    decimal_of,
    integral,
    read_bytes,
    read_date,
    read_date_time_offset,
    read_decimal,
    read_duration,
    read_float,
    read_guid,
    read_int,
    read_time_of_day,
)
from .recovery import is_json, recovery
from .spelling import a

# -- to the wire: the canonical form of a value that the caller created


def _number_out(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "INF" if value > 0 else "-INF"


def _decimal_out(value: Decimal) -> float | str:
    """Write a JSON number if one represents the value exactly, else text."""
    number = float(value)
    if not math.isfinite(number) or Decimal(repr(number)) != value:
        return str(value)
    return int(value) if number.is_integer() else number


def _bytes_out(value: bytes | bytearray | memoryview) -> str:
    return base64.urlsafe_b64encode(bytes(value)).decode("ascii")


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


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Scalar:
    """How an Edm type is serialised; annotates the Python type that represents it.

    `example` is a value on the wire, `noun` and `literal` name the Python type and a value of it.
    """

    python: tuple[type, ...]
    example: str
    text: Callable[[str], Any]
    schema: dict[str, Any]
    _: KW_ONLY
    noun: str
    literal: str
    not_python: tuple[type, ...] = (bool,)
    number: Callable[[Any], Any] | None = None
    """Reads a JSON number; None if the type has no numeric form."""
    bounds: tuple[int, int] | None = None
    """The least and the greatest value; Graph does not always keep to them."""

    def is_value(self, value: object) -> bool:
        """Whether a caller may give the value: of this Python type, and complete."""
        return isinstance(value, self.python) and not isinstance(value, self.not_python)

    def _read(self, value: object) -> Any:
        try:
            if isinstance(value, str):  # as most are; no value of these types is one
                return self.text(value)
            if self.is_value(value):
                return value
            if self.number and isinstance(value, (int, float)) and not isinstance(value, bool):
                return self.number(value)
        except (ValueError, OverflowError, ArithmeticError):
            pass
        raise ValueError(f"Input should be like {self.example}") from None

    def _check(self, value: object) -> Any:
        if self.is_value(value):
            return value
        raise ValueError(f"Input should be {a(self.noun)}, such as {self.literal}")

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


class _AwareDateTime(Scalar):
    """A date-time needs an offset: a naive one from a caller is a mistake."""

    __slots__ = ()

    def is_value(self, value: object) -> bool:
        return isinstance(value, datetime) and value.utcoffset() is not None


class _Floating(Scalar):
    """A number of JSON is finite.

    What reads JSON text by pydantic alone meets others, too, and so does what decodes it by other means:
    they are read only in a recovery, which begins with decoded JSON.
    """

    __slots__ = ()

    def _read(self, value: object) -> Any:
        if type(value) is float and not math.isfinite(value) and recovery.get() is None:
            raise ValueError(f"Input should be like {self.example}")
        return super()._read(value)


def _integer_type(form: str, *, bits: int, signed: bool = True) -> Scalar:
    return Scalar(
        (int,), "200", read_int, {"type": "integer", "format": form},
        noun="int", literal="100", number=integral,
        bounds=(-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1),
    )  # fmt: skip


def _floating_type(form: str) -> Scalar:
    schema = {"type": ["number", "string"], "format": form}
    return _Floating(
        (float, int), "0.5, INF or NaN", read_float, schema, noun="float or int", literal="0.5"
    )


_WRITERS: dict[type, Callable[[Any], Any]] = {
    bytes: _bytes_out,
    bytearray: _bytes_out,
    memoryview: _bytes_out,
    datetime: _date_time_out,
    date: str,
    time: str,
    timedelta: _duration_out,
    Decimal: _decimal_out,
    UUID: str,
    float: _number_out,
    int: _same,
}
"""The writers by Python type, derived types first."""


def to_wire(value: object) -> Any:
    """Return the JSON form of a value of these types: as received, else canonical."""
    wire = getattr(value, "wire", None)
    if wire is not None:
        return wire
    write = _WRITERS.get(type(value))
    if write is None:
        write = next((write for kind, write in _WRITERS.items() if isinstance(value, kind)), _same)
    return write(value)


_T = TypeVar("_T")


def _collection_schema(source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
    # Graph may send null items; a caller may not set them.
    schema = handler(source)
    if schema["type"] != "list":
        return schema
    items = core_schema.nullable_schema(schema.get("items_schema") or core_schema.any_schema())
    return core_schema.lax_or_strict_schema(core_schema.list_schema(items), schema)


Collection = Annotated[list[_T], GetPydanticSchema(_collection_schema)]
Boolean = Annotated[bool, Strict()]
Byte = Annotated[int, _integer_type("uint8", bits=8, signed=False)]
SByte = Annotated[int, _integer_type("int8", bits=8)]
Int16 = Annotated[int, _integer_type("int16", bits=16)]
Int32 = Annotated[int, _integer_type("int32", bits=32)]
Int64 = Annotated[int, _integer_type("int64", bits=64)]
Single = Annotated[float, _floating_type("float")]
Double = Annotated[float, _floating_type("double")]
EdmDecimal = Annotated[
    Decimal,
    Scalar(
        (Decimal,), "12.50", read_decimal,
        {"type": ["number", "string"], "format": "decimal"}, number=decimal_of,
        noun="Decimal", literal="Decimal('12.50')",
    ),
]  # fmt: skip
Binary = Annotated[
    bytes,
    Scalar(
        (bytes,), "aGk_", read_bytes, {"type": "string", "format": "base64url"},
        noun="bytes", literal="b'hi'",
    ),
]  # fmt: skip
DateTimeOffset = Annotated[
    datetime,
    _AwareDateTime(
        (datetime,), "2026-01-31T10:00:00Z", read_date_time_offset,
        {"type": "string", "format": "date-time"},
        noun="datetime with a time zone", literal="datetime(2026, 1, 31, 10, tzinfo=UTC)",
    ),
]  # fmt: skip
Date = Annotated[
    date,
    Scalar(
        (date,), "2026-01-31", read_date, {"type": "string", "format": "date"},
        noun="date", literal="date(2026, 1, 31)", not_python=(datetime,),
    ),
]  # fmt: skip
TimeOfDay = Annotated[
    time,
    Scalar(
        (time,), "10:00:00", read_time_of_day, {"type": "string", "format": "time"},
        noun="time", literal="time(10, 0)",
    ),
]  # fmt: skip
Duration = Annotated[
    timedelta,
    Scalar(
        (timedelta,), "PT1H30M", read_duration, {"type": "string", "format": "duration"},
        noun="timedelta", literal="timedelta(minutes=90)",
    ),
]  # fmt: skip
Guid = Annotated[
    UUID,
    Scalar(
        (UUID,), "112f7296-5fa4-42ca-bae8-6a692b15d4b8", read_guid,
        {"type": "string", "format": "uuid"},
        noun="UUID", literal="UUID('112f7296-5fa4-42ca-bae8-6a692b15d4b8')",
    ),
]  # fmt: skip


def _json(value: dict[str, Any]) -> dict[str, Any]:
    if not is_json(value):
        raise ValueError("Input should be JSON")
    return value


GeoJson = Annotated[dict[str, Any], AfterValidator(_json)]
"""A place or a shape as GeoJSON has it (RFC 7946): `{"type": "Point", "coordinates": [-122.1, 47.6]}`."""
