"""Values without a declared type: their own `@odata.type` decides.

Source: OData JSON 4.01, sections 4.6.3 (`type`) and 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from math import isfinite
from typing import Annotated, Any, TypeVar, cast

from pydantic import BaseModel, GetCoreSchemaHandler, GetPydanticSchema, ValidationError
from pydantic_core import CoreSchema, core_schema

from . import edm
from .deferred import make
from .enums import GraphFlags
from .paths import NOT_JSON, TOO_DEEP, MisfitError
from .recovery import MAX_DEPTH, recovered

_M = TypeVar("_M", bound=BaseModel)

TYPE_ANNOTATION = "@odata.type"

classes: dict[str, type[BaseModel]] = {}
"""The generated classes by type name, with `#`, or what stands for those that are not made yet."""

_folded: dict[str, type[BaseModel]] = {}
"""The same by casefolded name; of names that differ only in case, the first defined."""

_namespaces: set[str] = set()
"""The namespaces that have a generated class, casefolded, with `#`."""

_simple: dict[str, list[type[BaseModel]]] = {}
"""The generated classes by casefolded name without namespace."""


def declare(odata_type: str, cls: type[BaseModel]) -> None:
    """Register the class of a type name, in any case."""
    classes[odata_type] = cls
    folded = odata_type.casefold()
    _folded.setdefault(folded, cls)
    namespace, _, simple = folded.rpartition(".")
    _namespaces.add(namespace)
    _simple.setdefault(simple, []).append(cls)


def type_name(value: object) -> object:
    """Return the `@odata.type` of a JSON value; None if it has none."""
    return (
        cast("dict[str, object]", value).get(TYPE_ANNOTATION) if isinstance(value, dict) else None
    )


def every_class() -> dict[str, type[BaseModel]]:
    """Return the classes by type name, all of which are made."""
    return {name: make(cls) for name, cls in classes.items()}


def class_of(odata_type: object) -> type[BaseModel] | None:
    """Return the class of a type name, with or without `#`, in any case; None if there is none.

    An exact match comes before one that differs in case.
    """
    if not isinstance(odata_type, str):
        return None
    name = f"#{odata_type.removeprefix('#')}"
    found = classes.get(name) or _folded.get(name.casefold())
    return found and make(found)


def derived_class(odata_type: object, declared: type[_M]) -> type[_M]:
    """Return the class for a type name where a type is declared: the declared one or one derived from it.

    A service behind Graph may send the name that a type has there, such as
    `#Microsoft.Teams.GraphSvc.teamworkUserIdentity`: of a namespace that no generated class has, the
    class with the same simple name is taken, if exactly one derives from the declared one.
    """
    if not isinstance(odata_type, str):
        return declared
    named = class_of(odata_type)
    if named is not None:
        return named if issubclass(named, declared) else declared
    namespace, _, simple = f"#{odata_type.removeprefix('#')}".casefold().rpartition(".")
    if namespace in _namespaces:
        return declared
    named_so = map(make, _simple.get(simple, ()))
    derived = [cls for cls in named_so if issubclass(cls, declared)]
    return derived[0] if len(derived) == 1 else declared


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
    if isinstance(value, dict):
        cls = class_of(type_name(cast("object", value)))
        if cls is None:
            return _members(cast("dict[str, Any]", value), depth + 1)
        return _modelled(cls, value)
    if isinstance(value, list):
        return _items(cast("list[object]", value), depth + 1)
    if isinstance(value, float) and not isfinite(value):
        raise MisfitError(NOT_JSON)
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
        try:
            model: BaseModel = cls.__pydantic_validator__.validate_python(value)
            return model
        except ValidationError as error:
            failure = error
        return recovered(cls, value, failure)
    except RecursionError:  # each model counts its depth from zero
        raise MisfitError(TOO_DEEP) from None
    except ValidationError as error:
        raise MisfitError(error) from None


# -- to the wire


def written(value: Any) -> Any:
    """Return a value whose JSON is that of its Edm type, at any depth; models, and what has no type, as is.

    Raises ValueError for a date-time without a time zone.
    """
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
    revived = core_schema.no_info_plain_validator_function(revive)
    text = core_schema.str_schema(strict=True)
    return core_schema.nullable_schema(
        core_schema.union_schema([text, revived], mode="left_to_right"),
        # Not that of a choice: a union writes what a choice refuses in a way of its own.
        serialization=core_schema.plain_serializer_function_ser_schema(
            written, when_used="json-unless-none"
        ),
    )


Untyped = Annotated[Any, GetPydanticSchema(_untyped_schema, lambda schema, handler: {})]
"""Any JSON value, with every object in it that names a known type as a model."""
