"""Keywords that methods of the client take besides the parameters of their operation.

Source: OData URL conventions 4.01, section 5.1 (system query options).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict


class Options(TypedDict, total=False):
    """What every request takes.

    `headers` such as If-Match win over the client's own, but for Prefer, which is added to it;
    `query` holds query options that are no keywords, by name.
    """

    headers: Mapping[str, str] | None
    query: Mapping[str, str] | None


class ActionOptions(Options, total=False):
    """What actions take besides: parameters by wire name that the metadata does not declare."""

    undeclared: Mapping[str, object]


class QueryOptions(ActionOptions, total=False):
    """All system query options; what an operation takes of them stands in its parameters.

    `select` and `expand` name properties as Graph does, `orderby` too, each with ` desc` behind it
    where that is meant; `filter` and `search` are expressions; `top` and `skip` count items; `count`
    asks for the number of all items.
    """

    select: Sequence[str]
    expand: Sequence[str]
    filter: str
    orderby: Sequence[str]
    top: int
    skip: int
    search: str
    count: bool
