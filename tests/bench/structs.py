"""Structs of msgspec of the shape of a twin: they read the same values.

They drop what is not declared, and nulls. Like `sdk.py`, this runs in an environment of its own.
"""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
from pydantic import BaseModel


def struct_of(twin: type[BaseModel]) -> type[msgspec.Struct]:
    """Return the struct that has the fields of a twin."""
    return msgspec.defstruct(
        twin.__name__,
        [(name, _form(field.annotation), None) for name, field in twin.model_fields.items()],
        rename={name: field.alias for name, field in twin.model_fields.items() if field.alias},
        omit_defaults=True,
        kw_only=True,
    )


def _form(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, UnionType):
        [form] = (one for one in get_args(annotation) if one is not NoneType)
        return _form(form) | None
    if get_origin(annotation) is list:
        return list[_form(*get_args(annotation))]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return struct_of(annotation)
    return annotation
