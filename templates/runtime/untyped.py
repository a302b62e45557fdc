"""Values without a declared type: their own `@odata.type` decides.

Source: OData JSON 4.01, sections 4.6.3 (`type`) and 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from math import isfinite
from typing import Annotated, Any, cast

from pydantic import BaseModel, GetCoreSchemaHandler, GetPydanticSchema, ValidationError
from pydantic_core import CoreSchema, core_schema

from . import edm
from .enums import GraphFlags
from .inlining import UNTYPED, held
from .paths import NOT_JSON, TOO_DEEP, MisfitError
from .recovery import MAX_DEPTH, parsed
from .type_names import TYPE_ANNOTATION, class_of

_PLAIN = (str, int, type(None))
"""The types of most values: to see that one is no mapping takes longer."""


def revive(value: Any) -> Any:
    """Return an untyped value with every object that names a known type as a model.

    Raises PydanticCustomError for excessive nesting and for numbers that JSON cannot represent, and
    pydantic.ValidationError, with the path inside the value, for a model that does not fit.
    """
    try:
        return _revive(value, 0)
    except MisfitError as misfit:
        problem = misfit.located()
    raise problem


def _revive(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise MisfitError(TOO_DEEP)
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        cls = class_of(members.get(TYPE_ANNOTATION))
        return _members(members, depth + 1) if cls is None else _modelled(cls, members)
    if isinstance(value, list):
        return _items(cast("list[object]", value), depth + 1)
    if isinstance(value, float) and not isfinite(value):
        raise MisfitError(NOT_JSON)
    if isinstance(value, Mapping):
        return _revive({**cast("Mapping[str, Any]", value)}, depth)
    return value


def _members(value: dict[str, Any], depth: int) -> dict[str, Any]:
    revived: dict[str, Any] = {}
    name = ""
    try:
        for name, item in value.items():
            revived[name] = _revive(item, depth)
    except MisfitError as misfit:
        misfit.path.append(name)
        raise
    return revived


def _items(value: list[object], depth: int) -> list[Any]:
    revived: list[Any] = []
    try:
        for item in value:
            revived.append(_revive(item, depth))
    except MisfitError as misfit:
        misfit.path.append(len(revived))
        raise
    return revived


def _modelled(cls: type[BaseModel], value: Any) -> BaseModel:
    try:
        model = parsed(cls, value)
    except RecursionError:  # each model counts its depth from zero
        raise MisfitError(TOO_DEEP) from None
    except ValidationError as error:
        raise MisfitError(error) from None
    held(cls)
    return model


# -- to the wire


def written(value: Any) -> Any:
    """Return a value whose JSON is that of its Edm type, at any depth; models, and what has no type, as is.

    Raises ValueError for a date-time without a time zone.
    """
    if type(value) is str:  # as most are
        return value
    match value:
        case None | bool() | str() | BaseModel():
            return value
        case dict():
            members = cast("dict[str, Any]", value)
            return {name: written(member) for name, member in members.items()}
        case list() | tuple():
            return [written(item) for item in cast("Iterable[Any]", value)]
        case GraphFlags():
            return str(value)
        case datetime() if value.utcoffset() is None:
            raise ValueError("a date-time needs a time zone")
        case _:
            return edm.to_wire(value)


def naive(value: Any, place: str = "") -> Iterator[str]:
    """Yield where there are date-times without a time zone in a value, such as `x.times[0]`."""
    match value:
        case datetime() if value.utcoffset() is None:
            yield place
        case dict():
            for name, member in cast("dict[str, Any]", value).items():
                yield from naive(member, f"{place}.{name}" if place else name)
        case list() | tuple():
            for at, item in enumerate(cast("Iterable[Any]", value)):
                yield from naive(item, f"{place}[{at}]")
        case _:
            pass


def _untyped_schema(source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
    # Most untyped values are null or strings, which need no call into Python.
    text = core_schema.str_schema(strict=True)
    revived = core_schema.no_info_plain_validator_function(revive)
    choices: list[CoreSchema | tuple[CoreSchema, str]] = [text, revived]
    return core_schema.nullable_schema(
        core_schema.union_schema(choices, mode="left_to_right", metadata={UNTYPED: revive}),
        # Not that of a choice: a union writes what a choice refuses in a way of its own.
        serialization=core_schema.plain_serializer_function_ser_schema(
            written, when_used="json-unless-none"
        ),
    )


Untyped = Annotated[Any, GetPydanticSchema(_untyped_schema, lambda schema, handler: {})]
"""Any JSON value, with every object in it that names a known type as a model."""
