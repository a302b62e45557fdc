"""Decodes the body of a successful response into what the method returns.

A decoder has a name, for messages, and a function from bytes; it raises ValueError (of which
pydantic.ValidationError is a subclass) for a body that it cannot read.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Generic, TypeVar, cast

from pydantic import BeforeValidator, TypeAdapter, ValidationError
from pydantic_core import from_json

from . import edm
from .misfits import misfits_of, type_text
from .model import GraphModel, fitting
from .paging import PageData
from .paths import MOST, NO_MISFITS, Misfit, Misfits
from .recovery import is_json, recovering

_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)
_M = TypeVar("_M", bound=GraphModel)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Decoder(Generic[_T_co]):
    """Reads one kind of body; `name` is used in messages."""

    name: str
    read: Callable[[bytes], _T_co]


@cache
def _adapter(form: Any) -> TypeAdapter[Any]:
    return TypeAdapter(form)


def model(cls: type[_M]) -> Decoder[_M]:
    """Return the decoder of an entity or complex value."""
    return Decoder(cls.__name__, cls.from_json)


def optional(decoder: Decoder[_T]) -> Decoder[_T | None]:
    """Return the decoder of what may be missing: an empty body gives None."""
    return Decoder(decoder.name, lambda body: decoder.read(body) if body else None)


def optional_model(cls: type[_M]) -> Decoder[_M | None]:
    """Return the decoder of a value that may be missing: an empty body gives None."""
    return optional(model(cls))


def value(form: Any) -> Decoder[Any]:
    """Return the decoder of a primitive value: `{"value": …}` (OData JSON 4.01, section 11)."""

    def read(body: bytes) -> Any:
        return _adapter(form).validate_python(_object(body).get("value"))

    return Decoder("value", read)


def json() -> Decoder[Any]:
    """Return the decoder of any JSON; a byte order mark is ignored (RFC 8259, 8.1)."""
    return Decoder("JSON", lambda body: from_json(body.removeprefix(BOM_UTF8), allow_inf_nan=False))


def count() -> Decoder[int]:
    """Return the decoder of `/$count`: digits in plain text, possibly after a byte order mark."""

    def read(body: bytes) -> int:
        text = body.decode("utf-8-sig").strip()
        if not (text.isascii() and text.isdigit()):
            raise ValueError("is not a number")
        return int(text)

    return Decoder("count", read)


def content() -> Decoder[bytes]:
    """Return the decoder of a stream, which keeps its bytes."""
    return Decoder("stream", bytes)


def _address(value: object) -> object:
    return cast("dict[str, Any]", value).get("@odata.id") if isinstance(value, dict) else value


REFERENCE = Annotated[str, BeforeValidator(_address)]
"""The form of a reference to an entity, which is its address (OData JSON 4.01, section 14)."""


def reference() -> Decoder[str]:
    """Return the decoder of a reference to an entity."""
    return Decoder("reference", lambda body: _adapter(REFERENCE).validate_python(_object(body)))


def page(item: Any) -> Decoder[PageData[Any]]:
    """Return the decoder of a collection whose items are models or Edm types of the runtime."""

    def read(body: bytes) -> PageData[Any]:
        data = _object(body)
        value = data.pop("value", None)
        items, strange, recovered = _fitting(item, value), NO_MISFITS, False
        if items is None:
            with recovering() as known:
                items, strange = _items(item, value)
            recovered = bool(known)
        count, strange = _count(data.pop("@odata.count", None), strange)
        misfits = misfits_of(items if recovered else None, ("value",), strange)
        misfits.log(f"page of {type_text(item)}")
        return PageData(
            items,
            next_link=_text(data.pop("@odata.nextLink", None)),
            delta_link=_text(data.pop("@odata.deltaLink", None)),
            count=count,
            annotations=data,
            misfits=misfits,
        )

    return Decoder("page", read)


def _fitting(form: Any, value: Any) -> list[Any] | None:
    """Return the items of a page of models; None unless all of it fits."""
    if isinstance(form, type) and issubclass(form, GraphModel) and isinstance(value, list):
        return fitting(form, cast("Iterable[Any]", value))
    return None


def _items(form: Any, value: Any) -> tuple[list[Any], Misfits]:
    """Return the items of a page, and those that do not fit at all."""
    try:
        return _adapter(list[form | None]).validate_python(value), NO_MISFITS
    except ValidationError:
        if not isinstance(value, list):
            raise
    items: list[Any] = []
    misfits: list[Misfit] = []
    rest = 0
    for at, item in enumerate(cast("Iterable[Any]", value)):
        try:
            items.append(_adapter(form | None).validate_python(item))
        except ValidationError:
            if isinstance(item, dict) or not is_json(item):
                raise
            items.append(item)
            if len(misfits) < MOST:
                misfits.append(Misfit(("value", at), item, type_text(form)))
            else:
                rest += 1
    return items, Misfits(misfits, rest=rest)


def _count(value: Any, others: Misfits) -> tuple[int | None, Misfits]:
    """Return the number of all items, and the misfits with it if it is none."""
    try:
        return _adapter(edm.Int64 | None).validate_python(value), others
    except ValidationError:
        misfit = Misfit(("@odata.count",), value, "int")
        return None, Misfits([misfit, *others][:MOST], rest=others.rest + (len(others) == MOST))


def _object(body: bytes) -> dict[str, Any]:
    data = from_json(body, allow_inf_nan=False)
    if not isinstance(data, dict):
        raise ValueError("is not a JSON object")
    return cast("dict[str, Any]", data)


def _text(link: object) -> str | None:
    if link is not None and not isinstance(link, str):
        raise ValueError("has a link that is not text")
    return link
