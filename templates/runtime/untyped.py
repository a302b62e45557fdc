"""Values without a declared type: what they say of their type themselves decides.

Source: OData JSON 4.01, sections 4.6.3 (`type`) and 7.
"""

from __future__ import annotations

from math import isfinite
from typing import Annotated, Any, cast

from pydantic import BaseModel, GetCoreSchemaHandler, GetPydanticSchema
from pydantic_core import CoreSchema, core_schema

TYPE_ANNOTATION = "@odata.type"

classes: dict[str, type[BaseModel]] = {}
"""The generated classes by type name, as generated and casefolded, both with `#`."""


def type_name(value: object) -> object:
    """Return what a JSON value says of its type; None where it says nothing."""
    return (
        cast("dict[str, object]", value).get(TYPE_ANNOTATION) if isinstance(value, dict) else None
    )


def class_of(odata_type: object) -> type[BaseModel] | None:
    """Return the class that a type name means: with or without `#`, in any capitals; else None."""
    if not isinstance(odata_type, str):
        return None
    return classes.get(odata_type) or classes.get(f"#{odata_type.removeprefix('#').casefold()}")


MAX_DEPTH = 200
"""How deep untyped values may be nested: no deeper than JSON text is read."""


def revive(value: Any, depth: int = 0) -> Any:
    """Return an untyped value with every object that names a known type as a model.

    Raises ValueError for nesting without end and for numbers that JSON cannot hold.
    """
    if depth > MAX_DEPTH:
        raise ValueError("Input should not be nested this deeply")
    if isinstance(value, dict):
        cls = class_of(type_name(cast("object", value)))
        if cls is not None:
            return _modelled(cls, value)
        return {
            name: revive(item, depth + 1) for name, item in cast("dict[str, Any]", value).items()
        }
    if isinstance(value, list):
        return [revive(item, depth + 1) for item in cast("list[object]", value)]
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("Input should be a number that JSON can hold")
    return value


def _modelled(cls: type[BaseModel], value: Any) -> BaseModel:
    try:
        model: BaseModel = cls.__pydantic_validator__.validate_python(value)
    except RecursionError:  # models count their depth by themselves, each from the start
        raise ValueError("Input should not be nested this deeply") from None
    return model


def _untyped_schema(source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
    # Most untyped values are null or text: those need no call into Python.
    revived = core_schema.no_info_plain_validator_function(revive)
    text = core_schema.str_schema(strict=True)
    return core_schema.nullable_schema(
        core_schema.union_schema([text, revived], mode="left_to_right")
    )


Untyped = Annotated[Any, GetPydanticSchema(_untyped_schema, lambda schema, handler: {})]
"""Any JSON value, with every object in it that names a known type as a model."""
