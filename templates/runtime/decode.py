"""The body of a success → what a method returns.

A decoder has a name, for messages, and reads bytes; it raises ValueError for what it cannot read
(pydantic.ValidationError is one).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar, cast

from pydantic import TypeAdapter
from pydantic_core import from_json

from . import edm
from .model import GraphModel
from .paging import PageData

_T = TypeVar("_T")
_M = TypeVar("_M", bound=GraphModel)


@dataclass(frozen=True, slots=True)
class Decoder(Generic[_T]):
    """Reads a body of one kind; `name` is what messages call it."""

    name: str
    read: Callable[[bytes], _T]


@cache
def _adapter(form: Any) -> TypeAdapter[Any]:
    return TypeAdapter(form)


def model(cls: type[_M]) -> Decoder[_M]:
    """Read one entity or complex value."""
    return Decoder(cls.__name__, cls.from_json)


def optional_model(cls: type[_M]) -> Decoder[_M | None]:
    """Read one value, or None from an empty body."""
    return Decoder(cls.__name__, lambda body: cls.from_json(body) if body else None)


def value(form: Any) -> Decoder[Any]:
    """Read a primitive value: `{"value": …}` (OData JSON 4.01, section 11)."""

    def read(body: bytes) -> Any:
        return _adapter(form).validate_python(_object(body).get("value"))

    return Decoder("value", read)


def count() -> Decoder[int]:
    """Read the answer to `/$count`: digits in plain text, which may begin with a byte order mark."""

    def read(body: bytes) -> int:
        text = body.decode("utf-8-sig").strip()
        if not (text.isascii() and text.isdigit()):
            raise ValueError("is no number")
        return int(text)

    return Decoder("count", read)


def content() -> Decoder[bytes]:
    """Read a stream as it is."""
    return Decoder("stream", bytes)


def page(item: Any) -> Decoder[PageData[Any]]:
    """Read a collection of items, whose type is a model or one of the runtime's Edm types."""

    def read(body: bytes) -> PageData[Any]:
        data = _object(body)
        count = data.pop("@odata.count", None)
        return PageData(
            _adapter(list[item]).validate_python(data.pop("value", None)),
            next_link=_text(data.pop("@odata.nextLink", None)),
            delta_link=_text(data.pop("@odata.deltaLink", None)),
            count=_adapter(edm.Int64 | None).validate_python(count),
            annotations=data,
        )

    return Decoder("page", read)


def _object(body: bytes) -> dict[str, Any]:
    data = from_json(body, allow_inf_nan=False)
    if not isinstance(data, dict):
        raise ValueError("is no JSON object")
    return cast("dict[str, Any]", data)


def _text(link: object) -> str | None:
    if link is not None and not isinstance(link, str):
        raise ValueError("has a link that is no text")
    return link
