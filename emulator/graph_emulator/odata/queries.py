"""The options of a query: which entities, in which order, how many, and what of them.

Sources: OData Protocol 4.01, section 11.2.5; https://learn.microsoft.com/graph/query-parameters.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from graph_comms._runtime.model import GraphModel
from graph_comms.bot.json_values import Json, list_of

from ..faults import Fault
from ..metadata import Property, properties_of, property_of
from .filters import Predicate, parse_filter, value_at

PAGE = 100
"""How many entities a page has if the query does not say."""

DEEPEST = 10
"""How deeply expansions may be nested."""

MOST = 20
"""By how many properties entities may be ordered."""

TOKENS = frozenset({"$skiptoken", "$deltatoken"})
"""What links to further pages have beside the options of the query."""


Position = tuple[Any, ...]
"""Where an entity is in an order: the ranks of its properties, and its number."""


@dataclass(frozen=True)
class Item:
    """An entity in a collection; `number` is its place in the order that it has if none is asked for."""

    number: int
    read: Callable[[], Mapping[str, Json]]

    @cached_property
    def entity(self) -> Mapping[str, Json]:
        """The entity."""
        return self.read()


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

    def arranged(self, items: list[Item]) -> list[Item]:
        """Return the entities that meet the condition, in the order that is asked for."""
        found = [one for one in items if self.filter is None or self.filter(one.entity)]
        for names, descending in reversed(self.orderby):
            found.sort(key=lambda one: _rank(value_at(one.entity, names)), reverse=descending)
        return found

    def position(self, item: Item) -> Position:
        """Return where an entity is in that order."""
        ranks = (_rank(value_at(item.entity, names)) for names, _ in self.orderby)
        return (*ranks, item.number)

    def is_after(self, item: Item, position: Position) -> bool:
        """Whether an entity comes after a position; raises TypeError for one of another order."""
        own = self.position(item)
        if len(own) != len(position):
            raise TypeError
        directions = (*(descending for _, descending in self.orderby), False)
        for left, right, descending in zip(own, position, directions, strict=True):
            if left != right:
                return (left < right) is descending
        return False


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
    expansion = options.get("$expand", "")
    if expansion == "*" and cls is not None:
        expansion = ",".join(name for name, one in properties_of(cls).items() if one.leads)
    expanded = dict(_expanded(expansion, cls, depth))
    selected = [one.strip() for one in options.get("$select", "").split(",") if one.strip()]
    paths = dict.fromkeys(one.partition("/")[0] for one in selected if one != "*")
    chosen = tuple(property_of(cls, name) for name in paths)
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
    parts = [one.strip() for one in text.split(",") if one.strip()]
    if len(parts) > MOST:
        raise _wrong(f"$orderby takes at most {MOST} properties.")
    for part in parts:
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


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:")


def _rank(value: Json) -> tuple[int, Any]:
    """Return what values are ordered by: null first (OData Protocol 4.01, 11.2.6.2)."""
    if value is None:
        return 0, 0
    if isinstance(value, bool | int | float):
        return 1, value
    text = str(value)
    if _MOMENT.match(text):
        try:
            moment = datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        else:
            text = moment.isoformat(timespec="microseconds")
    return 2, text


def written_token(start: int, position: Position) -> str:
    """Return a position as a link has it; `start` is the number of the last change before the first page."""
    return urlsafe_b64encode(json.dumps([start, *position]).encode()).decode()


def read_token(token: str) -> tuple[int, Position]:
    """Return what a token says; raises Fault for one that is not ours."""
    try:
        read: Json = json.loads(urlsafe_b64decode(token.encode()))
    except (ValueError, RecursionError):
        raise wrong_token() from None
    start, *position = list_of(read) or [None]
    if not isinstance(start, int):
        raise wrong_token()
    return start, tuple(tuple(list_of(one)) or one for one in position)


def wrong_token() -> Fault:
    """Return the answer to a link to a page that was not written here."""
    return _wrong("$skiptoken is not one of ours.")


def _wrong(message: str) -> Fault:
    return Fault(400, "BadRequest", message)
