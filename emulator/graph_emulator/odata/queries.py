"""The options of a query: which entities, in which order, how many, and what of them.

Sources: OData Protocol 4.01, section 11.2.5; https://learn.microsoft.com/graph/query-parameters.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graph_comms._runtime.model import GraphModel
from graph_comms.bot.json_values import Json

from ..faults import Fault
from ..metadata import Property, property_of
from .filters import Predicate, parse_filter, value_at

PAGE = 100
"""How many entities a page has if the query does not say."""

DEEPEST = 10
"""How deeply expansions may be nested."""

TOKENS = frozenset({"$skiptoken", "$deltatoken"})
"""What links to further pages have beside the options of the query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The options of a query, or of the expansion of one property.

    `select` is None for everything; `expand` has the options by property; `orderby` has paths of
    properties, and whether the order is descending.
    """

    select: tuple[Property, ...] | None = None
    expand: Mapping[str, Query] = field(default_factory=dict[str, "Query"])
    filter: Predicate | None = None
    orderby: tuple[tuple[list[str], bool], ...] = ()
    top: int | None = None
    skip: int = 0
    count: bool = False

    def arranged(self, entities: list[dict[str, Json]]) -> list[dict[str, Json]]:
        """Return the entities that meet the condition, in the order that is asked for."""
        found = [one for one in entities if self.filter is None or self.filter(one)]
        for names, descending in reversed(self.orderby):
            found.sort(key=lambda one: _rank(value_at(one, names)), reverse=descending)
        return found


def parse_query(
    options: Mapping[str, str],
    cls: type[GraphModel] | None,
    allowed: Collection[str],
    depth: int = 0,
) -> Query:
    """Return the options of a query on entities of a type; raises Fault for a wrong one.

    `allowed` are the names of those that the request takes; `depth` says how deep an expansion is that
    they are the options of.
    """
    if depth > DEEPEST:
        raise _wrong("$expand is nested too deeply.")
    for name in options:
        if name.startswith("$") and name not in allowed:
            raise _wrong(f"The query option '{name[:50]}' is not supported here.")
    if "$search" in options:
        raise Fault(501, "NotImplemented", "The emulator does not search.")
    expanded = dict(_expanded(options.get("$expand", ""), cls, depth))
    selected = [one.strip() for one in options.get("$select", "").split(",") if one.strip()]
    chosen = tuple(property_of(cls, one.partition("/")[0]) for one in selected if one != "*")
    count = options.get("$count", "false").lower()
    if count not in ("true", "false"):
        raise _wrong("$count must be true or false.")
    text = options.get("$filter")
    return Query(
        select=chosen if chosen and "*" not in selected else None,
        expand=expanded,
        filter=None if text is None else parse_filter(text, cls),
        orderby=tuple(_orders(options.get("$orderby", ""), cls)),
        top=_number(options, "$top"),
        skip=_number(options, "$skip") or 0,
        count=count == "true",
    )


def _orders(text: str, cls: type[GraphModel] | None) -> Iterator[tuple[list[str], bool]]:
    for part in filter(None, map(str.strip, text.split(","))):
        path, _, direction = part.partition(" ")
        if direction.strip() not in ("", "asc", "desc"):
            raise _wrong("$orderby takes asc or desc.")
        names: list[str] = []
        inside = cls
        for name in path.split("/"):
            found = property_of(inside, name)
            inside = found.cls
            names.append(found.name)
        yield names, direction.strip() == "desc"


def _expanded(text: str, cls: type[GraphModel] | None, depth: int) -> Iterator[tuple[str, Query]]:
    for part in _split(text, ","):
        name, _, rest = part.partition("(")
        found = property_of(cls, name.strip())
        if not found.leads:
            raise _wrong(f"Property '{name.strip()[:100]}' cannot be expanded.")
        inside: dict[str, str] = {}
        for option in _split(rest.removesuffix(")"), ";"):
            key, _, value = option.partition("=")
            inside[key.strip()] = value
        allowed = {"$select", "$expand", "$filter", "$orderby", "$top", "$skip", "$count"}
        yield found.name, parse_query(inside, found.cls, allowed, depth + 1)


_PIECE = re.compile(r"'(?:[^']|'')*'|.", re.DOTALL)
_NESTING = {"(": 1, ")": -1}


def _split(text: str, mark: str) -> Iterator[str]:
    """Yield the parts of an option that a mark separates, neither in parentheses nor in text."""
    depth, part = 0, ""
    for piece in _PIECE.findall(text):
        depth += _NESTING.get(piece, 0)
        if piece == mark and depth == 0:
            yield part.strip()
            part = ""
        else:
            part += piece
    if depth or (not part.strip() and text.strip()):
        raise _wrong("$expand is not understood.")
    if part.strip():
        yield part.strip()


def _number(options: Mapping[str, str], name: str) -> int | None:
    text = options.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise _wrong(f"Invalid value for {name}: a number that is not negative is expected.")
    return int(text)


def _rank(value: Json) -> tuple[int, Any]:
    """Return what values are ordered by: null first (OData Protocol 4.01, 11.2.6.2)."""
    if value is None:
        return 0, 0
    if isinstance(value, bool | int | float):
        return 1, value
    return 2, str(value)


def _wrong(message: str) -> Fault:
    return Fault(400, "BadRequest", message)
