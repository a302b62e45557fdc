"""Serialises arguments: for a JSON body, a query, or the parentheses of a function.

Source: OData JSON 4.01, section 7.1; OData URL conventions 4.01, sections 4.3 and 5.1.1.14.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, cast
from uuid import UUID

from . import edm
from .enums import GraphFlags
from .model import GraphModel
from .options import UNSET, Unset


def to_wire(value: object) -> Any:
    """Return a value that `json.dumps` accepts, in the form that Graph reads.

    Raises TypeError for a value that no Edm type represents.
    """
    match value:
        case Unset():
            raise TypeError("UNSET cannot be an item of a collection")
        case datetime() if value.utcoffset() is None:
            raise TypeError("a date-time needs a time zone")
        case None | bool():
            return value
        case GraphModel():
            return value.to_dict()
        case Enum():
            return value.value
        case GraphFlags():
            return str(value)
        case str():
            return value
        case Mapping():
            items = cast("Mapping[str, object]", value).items()
            return {name: to_wire(item) for name, item in items if item is not UNSET}
        case int() | float() | Decimal() | date() | time() | timedelta() | UUID():
            return edm.to_wire(value)
        case bytes() | bytearray() | memoryview():  # the last of them is a Sequence, too
            return edm.to_wire(cast("object", value))
        case Sequence():
            return [to_wire(item) for item in cast("Sequence[object]", value)]
        case _:
            raise TypeError(f"a {type(value).__name__} cannot be sent to Graph")


_NOT_SINGLE: tuple[type, ...] = (GraphModel, Mapping, Sequence, Unset)


def literal(value: object) -> str:
    """Return an OData literal, to build an expression for `filter=` with; not yet percent-encoded.

    `f"JoinWebUrl eq {literal(url)}"`. Text and members of enumerations are quoted, and quotes in them
    doubled; None is `null`; numbers, dates, date-times and GUIDs are bare; a duration is
    `duration'PT1H'`. Raises TypeError for a date-time without a time zone, and for anything that is no
    single value; join several for `in`: `f"id in ({', '.join(map(literal, ids))})"`.

    Source: OData ABNF 4.01, primitiveLiteral.
    """
    if isinstance(value, Enum) and not isinstance(value, Unset):
        value = value.value
    if isinstance(value, _NOT_SINGLE) and not isinstance(value, str | bytes | bytearray):
        raise TypeError(f"a {type(value).__name__} has no literal: give single values")
    match value:
        case UUID():
            return str(UUID(int=value.int))
        case bytes() | bytearray():
            return f"binary'{edm.to_wire(bytes(bytearray(value)))}'"
        case timedelta():
            return f"duration'{to_wire(value)}'"
        case None | bool():
            return "null" if value is None else str(value).lower()
        case str() | GraphFlags():
            return "'" + str(value).replace("'", "''") + "'"
        case _:
            return str(to_wire(value))


def to_option(value: object) -> str:
    """Return the value of a query option; several values are joined by commas."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ",".join(map(str, cast("Sequence[object]", value)))
    return str(value)
