"""Edm types are Python types, and are sent back unchanged."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from graph_comms._runtime import edm, inlining
from graph_comms.models import GraphModel
from tests.unit.runtime.wire import COPIES, comes_back, same


class Scalars(GraphModel, odata_type="#test.scalars"):
    """A property of each Edm type."""

    boolean: edm.Boolean | None = None
    byte: edm.Byte | None = None
    s_byte: edm.SByte | None = None
    int16: edm.Int16 | None = None
    int32: edm.Int32 | None = None
    int64: edm.Int64 | None = None
    single: edm.Single | None = None
    double: edm.Double | None = None
    decimal: edm.EdmDecimal | None = None
    binary: edm.Binary | None = None
    at: edm.DateTimeOffset | None = None
    day: edm.Date | None = None
    clock: edm.TimeOfDay | None = None
    duration: edm.Duration | None = None
    guid: edm.Guid | None = None
    durations: list[edm.Duration | None] | None = None


class Placed(GraphModel, odata_type="#test.placed"):
    """Read often, it is read as a generated class is."""

    __module__ = "graph_comms.models.graph"

    at: edm.GeoJson | None = None


INTEGERS = ["byte", "s_byte", "int16", "int32", "int64"]
FLOATS = ["single", "double"]
BRASILIA = timezone(timedelta(hours=-3))

# The attribute, the wire form, the value.
READ: list[tuple[str, Any, object]] = [
    ("boolean", True, True),
    ("boolean", False, False),
    *((name, 200, 200) for name in INTEGERS),
    *((name, "200", 200) for name in INTEGERS),
    *((name, "-0200", -200) for name in INTEGERS),
    *((name, 200.0, 200) for name in INTEGERS),
    *((name, -0.0, 0) for name in INTEGERS),
    ("int64", 9223372036854775807, 9223372036854775807),
    ("int64", "9223372036854775807", 9223372036854775807),
    ("int64", 10**400, 10**400),
    *((name, 0.5, 0.5) for name in FLOATS),
    *((name, 1, 1.0) for name in FLOATS),
    *((name, 1.0, 1.0) for name in FLOATS),
    *((name, -0.0, 0.0) for name in FLOATS),
    *((name, 5e-324, 5e-324) for name in FLOATS),
    *((name, "1.50", 1.5) for name in FLOATS),
    *((name, "1E3", 1000.0) for name in FLOATS),
    *((name, "INF", math.inf) for name in FLOATS),
    *((name, "-INF", -math.inf) for name in FLOATS),
    ("decimal", 12.5, Decimal("12.5")),
    ("decimal", 0.1, Decimal("0.1")),
    ("decimal", 12, Decimal(12)),
    ("decimal", 12.0, Decimal(12)),
    ("decimal", -0.0, Decimal(0)),
    ("decimal", 1e300, Decimal("1E+300")),
    ("decimal", 123456789012345678901234567890, Decimal("123456789012345678901234567890")),
    ("decimal", "12.50", Decimal("12.50")),
    ("decimal", "0.1234567890123456789", Decimal("0.1234567890123456789")),
    ("decimal", "1E+5", Decimal(100000)),
    ("binary", "aGn_", b"hi\xff"),
    ("binary", "aGn/", b"hi\xff"),
    ("binary", "aGk", b"hi"),
    ("binary", "aGk=", b"hi"),
    ("binary", "", b""),
    ("at", "2026-01-31T10:00:00Z", datetime(2026, 1, 31, 10, tzinfo=UTC)),
    ("at", "2026-01-31t10:00:00z", datetime(2026, 1, 31, 10, tzinfo=UTC)),
    ("at", "2026-01-31T10:00:00.1Z", datetime(2026, 1, 31, 10, 0, 0, 100_000, UTC)),
    ("at", "2026-01-31T10:00:00.1234567Z", datetime(2026, 1, 31, 10, 0, 0, 123_456, UTC)),
    ("at", "2026-01-31T10:00:00.123456789012Z", datetime(2026, 1, 31, 10, 0, 0, 123_456, UTC)),
    ("at", "2026-01-31T10:00:00-03:00", datetime(2026, 1, 31, 10, tzinfo=BRASILIA)),
    ("at", "2026-01-31T10:00:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
    ("at", "0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ("day", "2026-01-31", date(2026, 1, 31)),
    ("clock", "10:00:00", time(10)),
    ("clock", "10:00:00.1234567", time(10, 0, 0, 123_456)),
    ("duration", "PT1H30M", timedelta(hours=1, minutes=30)),
    ("duration", "PT90M", timedelta(hours=1, minutes=30)),
    ("duration", "-P1DT2H", -timedelta(days=1, hours=2)),
    ("duration", "PT0.1234567S", timedelta(microseconds=123_456)),
    ("duration", "PT0S", timedelta(0)),
    ("guid", "112F7296-5fa4-42ca-bae8-6a692b15d4b8", UUID("112f7296-5fa4-42ca-bae8-6a692b15d4b8")),
    ("durations", ["PT1S", None, "PT1.0S"], [timedelta(seconds=1), None, timedelta(seconds=1)]),
]


# Texts and numbers that are no value of an attribute.
REFUSED: dict[str, list[Any]] = {
    "boolean": ["true", 1],
    **{name: ["", "x", " 1", "1.5", 1.5, True, [], "１"] for name in INTEGERS},
    **{name: ["", "inf", "nan", "Infinity", True, {}, "0x1"] for name in FLOATS},
    "decimal": ["", "INF", "NaN", "x", True, "1_000"],
    "binary": ["a", "aG=k", "é", 1],
    "at": ["", "x", 0, "2026-02-30T00:00:00Z", "2026-01-31T25:00:00Z"],
    "day": ["", "2026-02-30", 20260131],
    "clock": ["", "25:00:00", 10],
    "duration": ["", "P", "PT", "P1DT", "1H", "P1Y", "P9999999999D", 60],
    "guid": ["", "x", 1],
    "durations": [["PT1S", "x"], "PT1S"],
}


def name_on_the_wire(attribute: str) -> str:
    return "sByte" if attribute == "s_byte" else attribute


def build(attribute: str, value: Any) -> Scalars:
    return Scalars(odata_type=None, **{attribute: value})


def read(attribute: str, wire: Any) -> Any:
    return getattr(Scalars.from_json(json.dumps({name_on_the_wire(attribute): wire})), attribute)


@pytest.mark.parametrize(("attribute", "wire", "value"), READ)
def test_read_as_a_python_type_and_sent_back_as_it_came(
    attribute: str, wire: Any, value: object
) -> None:
    found = read(attribute, wire)

    assert found == value
    assert isinstance(found, (float, int) if isinstance(value, float) else type(value))
    assert comes_back(Scalars, {name_on_the_wire(attribute): wire})
    for copied in COPIES.values():
        model = Scalars.from_dict({name_on_the_wire(attribute): wire})
        assert same(copied(model).to_dict(), model.to_dict())


@pytest.mark.parametrize("name", FLOATS)
def test_not_a_number(name: str) -> None:
    assert math.isnan(read(name, "NaN"))
    assert comes_back(Scalars, {name: "NaN"})


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity"])
def test_a_token_that_json_does_not_have_is_an_error(token: str) -> None:
    with pytest.raises(ValidationError):
        Scalars.from_json(f'{{"double": {token}}}')


@pytest.mark.parametrize("often", [True, False])
@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_a_number_that_json_does_not_have_is_an_error_in_a_place(
    number: str, often: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inlining, "MUCH", 0 if often else math.inf)
    Placed.from_json('{"at": {"type": "Point", "coordinates": [1, -2.5]}}')

    with pytest.raises(ValidationError):
        Placed.from_json(f'{{"at": {{"coordinates": [{number}, 1]}}}}')


def test_date_times_are_aware() -> None:
    for text in ("2026-01-31T10:00:00", "2026-01-31T10:00:00Z", "2026-01-31T10:00:00+01:00"):
        assert read("at", text).utcoffset() is not None


@pytest.mark.parametrize(
    ("attribute", "wire"), [(name, wire) for name, wires in REFUSED.items() for wire in wires]
)
def test_a_text_that_is_no_value_does_not_fit(attribute: str, wire: Any) -> None:
    name = name_on_the_wire(attribute)
    body = {name: wire}
    with pytest.raises(ValidationError, match=name):
        Scalars.from_json(json.dumps(body), strict=True)

    model = Scalars.from_json(json.dumps(body))
    [misfit] = model.misfits
    if isinstance(wire, list) and wire:
        assert (misfit.path, misfit.value) == ((name, 1), wire[1])
        assert getattr(model, attribute) == [timedelta(seconds=1), None]
    else:
        assert misfit.path == (name,)
        assert same(misfit.value, wire)
        assert getattr(model, attribute) is None
    assert same(json.loads(model.to_json()), body)


# The attribute, a value that a caller makes, the canonical wire form.
WRITTEN: list[tuple[str, object, Any]] = [
    ("boolean", True, True),
    ("int64", 2**63 - 1, 2**63 - 1),
    ("double", 1.5, 1.5),
    ("double", 5, 5),
    ("double", math.inf, "INF"),
    ("double", -math.inf, "-INF"),
    ("double", math.nan, "NaN"),
    ("decimal", Decimal("12.5"), 12.5),
    ("decimal", Decimal(12), 12),
    ("decimal", Decimal("1E+25"), 10**25),
    ("decimal", Decimal("0.1234567890123456789"), "0.1234567890123456789"),
    ("binary", b"hi\xff", "aGn_"),
    ("binary", b"h", "aA=="),
    ("at", datetime(2026, 1, 31, 10, tzinfo=UTC), "2026-01-31T10:00:00Z"),
    ("at", datetime(2026, 1, 31, 10, 0, 0, 1, BRASILIA), "2026-01-31T10:00:00.000001-03:00"),
    ("day", date(2026, 1, 31), "2026-01-31"),
    ("clock", time(10, 30), "10:30:00"),
    ("duration", timedelta(days=1, hours=2, seconds=0.5), "P1DT2H0.5S"),
    ("duration", -timedelta(minutes=90), "-PT1H30M"),
    ("duration", timedelta(0), "PT0S"),
    ("guid", UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ("durations", [timedelta(seconds=1)], ["PT1S"]),
]


@pytest.mark.parametrize(("attribute", "value", "wire"), WRITTEN)
def test_a_built_value_is_written_in_the_canonical_form(
    attribute: str, value: object, wire: Any
) -> None:
    model = build(attribute, value)

    assert same(model.to_dict(), {name_on_the_wire(attribute): wire})
    if value == value:
        assert read(attribute, wire) == value
    again = Scalars.model_validate(model.model_dump(exclude_unset=True))
    assert again.to_json() == model.to_json()


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("boolean", 1),
        ("int32", True),
        ("int32", "5"),
        ("int32", 5.0),
        ("double", "1.5"),
        ("double", True),
        ("decimal", 1.5),
        ("binary", "aGk="),
        ("at", "2026-01-31T10:00:00Z"),
        ("at", datetime(2026, 1, 31)),
        ("at", date(2026, 1, 31)),
        ("day", datetime(2026, 1, 31, tzinfo=UTC)),
        ("clock", "10:00:00"),
        ("duration", 60),
        ("guid", "112f7296-5fa4-42ca-bae8-6a692b15d4b8"),
    ],
)
def test_a_built_value_of_another_type_is_an_error(attribute: str, value: object) -> None:
    with pytest.raises(ValidationError, match=attribute):
        build(attribute, value)


@pytest.mark.parametrize(
    ("attribute", "wire", "change", "changed"),
    [
        ("at", "2026-01-31T10:00:00.1234567Z", lambda it: it + timedelta(1),
         "2026-02-01T10:00:00.123456Z"),
        ("at", "2026-01-31T10:00:00.10Z", lambda it: it.replace(microsecond=0),
         "2026-01-31T10:00:00Z"),
        ("at", "2026-01-31T10:00:00.0Z", lambda it: it.astimezone(BRASILIA),
         "2026-01-31T07:00:00-03:00"),
        ("duration", "PT90M", lambda it: it * 2, "PT3H"),
        ("int32", "5", lambda it: it + 1, 6),
        ("decimal", "1.50", lambda it: it + 1, 2.5),
    ],
)  # fmt: skip
def test_a_value_computed_from_a_parsed_one_forgets_how_that_was_written(
    attribute: str, wire: Any, change: Callable[[Any], Any], changed: Any
) -> None:
    model = build(attribute, change(read(attribute, wire)))
    assert model.to_dict() == {attribute: changed}


@given(st.datetimes(timezones=st.timezones()), st.timedeltas(), st.binary(), st.uuids())
def test_built_values_read_back_equal(
    at: datetime, duration: timedelta, binary: bytes, guid: UUID
) -> None:
    built = Scalars(at=at, duration=duration, binary=binary, guid=guid)
    again = Scalars.from_json(built.to_json())

    assert again.duration == duration
    assert again.binary == binary
    assert again.guid == guid
    assert again.at is not None
    assert again.at.utcoffset() == at.utcoffset()
    assert again.at.replace(tzinfo=None) == at.replace(tzinfo=None)
    assert again.to_json() == built.to_json()


@given(st.integers() | st.floats() | st.decimals(allow_nan=False, allow_infinity=False))
def test_built_numbers_read_back_equal(number: int | float | Decimal) -> None:
    if isinstance(number, Decimal):
        assert Scalars.from_json(Scalars(decimal=number).to_json()).decimal == number
    elif isinstance(number, int):
        assert Scalars.from_json(Scalars(int64=number).to_json()).int64 == number
    else:
        found = Scalars.from_json(Scalars(double=number).to_json()).double
        assert found == number or math.isnan(number)
