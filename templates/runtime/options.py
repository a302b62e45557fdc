"""Keywords that the methods of the client take besides the parameters of their operation.

They give way to those: where an operation has a parameter of the same name, the option has `request_`
before it. `calls.redirect(timeout=30, request_timeout=5.0)` lets a telephone ring for 30 seconds, and
waits 5 seconds for Graph.

Source: OData URL conventions 4.01, section 5.1 (system query options).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final, TypedDict

from .retry import RetryPolicy


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET
"""Marks an argument that is not given; None is given, as null."""


class LinkOptions(TypedDict, total=False):
    """What a request to an address takes that came from Graph.

    `headers` such as If-Match override those of the client, except that Prefer is added to its own.
    `timeout` (seconds, for each pause as the client's) and `retry` replace those of the client; for
    pages they hold for each, and for streams `retry` holds until the stream is open.
    """

    headers: Mapping[str, str] | None
    timeout: float
    retry: RetryPolicy


class Options(LinkOptions, total=False):
    """What every request takes: `query` holds query options that have no keyword, by name."""

    query: Mapping[str, str] | None


class ActionOptions(Options, total=False):
    """What actions also take: parameters that the metadata does not declare, by wire name."""

    undeclared: Mapping[str, object]


class QueryOptions(ActionOptions, total=False):
    """All system query options; the parameters of an operation say which of them it takes.

    `select`, `expand` and `orderby` name properties as Graph does, `orderby` with ` desc` after a name
    for descending order; `filter` and `search` are expressions; `top` and `skip` are numbers of
    items; `count` requests the number of all items.
    """

    select: Sequence[str]
    expand: Sequence[str]
    filter: str
    orderby: Sequence[str]
    top: int
    skip: int
    search: str
    count: bool


def option_of(keyword: str) -> str:
    """Return the option that a keyword of a method is: `request_timeout` is `timeout`."""
    option = keyword
    while option.startswith("request_"):
        option = option.removeprefix("request_")
    return option
