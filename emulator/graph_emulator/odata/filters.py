"""`$filter`: comparisons, `in`, `and`, `or`, `not`, `any`, `all`, and functions of text.

A parser of our own: that of PyPI, odata-query, needs a version of sly that has no wheel, and is not
kept any more.
Source: OData URL Conventions 4.01, section 5.1.1; https://learn.microsoft.com/graph/filter-query-parameter.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from graph_comms._runtime.edm_values import read_duration
from graph_comms._runtime.model import GraphModel
from graph_comms.bot.json_values import Json, list_of, object_of

from ..faults import Fault
from ..ids import same_id
from ..metadata import property_of

Scope = Mapping[str, Json]
"""What the names in an expression stand for; `IT` is the entity itself."""

Value = Callable[[Scope], Json]
Predicate = Callable[[Json], bool]
Types = Mapping[str, type[GraphModel] | None]

IT = ""
DEEPEST = 50
"""How deeply an expression may be nested."""

LONGEST = 2000
"""How many words and marks an expression may have."""

MOST = 100_000
"""How many members of collections an expression may look at in one entity."""

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<duration>duration'[^']*')
    | (?P<text>(?:[\w.]+)?'(?:[^']|'')*')
    | (?P<guid>[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b)
    | (?P<time>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?)
    | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<name>[$A-Za-z_][\w.@]*)
    | (?P<mark>[(),:/])
    )\s*""",
    re.VERBOSE,
)

_ORDERS: Mapping[str, Callable[[Json, Json], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_COMPARISONS = frozenset({"eq", "ne", *_ORDERS})
_FUNCTIONS: Mapping[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": operator.contains,
}
_LITERALS: Mapping[str, Json] = {"true": True, "false": False, "null": None}


def parse_filter(text: str, cls: type[GraphModel] | None) -> Predicate:
    """Return what tells whether an entity, as JSON, meets the condition.

    `cls` is its type, which says what properties there are; raises Fault for an expression that is
    wrong or not understood.
    """
    parser = _Parser(text, {IT: cls})
    condition = parser.whole()

    def meets(entity: Json) -> bool:
        parser.looked_at = 0
        return condition({IT: entity}) is True

    return meets


class _Parser:
    def __init__(self, text: str, types: Types) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._types = dict(types)
        self._depth = 0
        self.looked_at = 0
        """How many members of collections the condition has looked at in an entity."""

    def whole(self) -> Value:
        found = self._either()
        if self._at < len(self._tokens):
            raise wrong_filter("an operator is expected")
        return found

    # -- tokens

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._at += 1
        return token

    def _take(self, *texts: str) -> str:
        """Return the next token if it is one of some, and go on; else an empty string."""
        kind, text = self._peek()
        if kind in ("name", "mark") and text in texts:
            self._at += 1
            return text
        return ""

    def _expect(self, mark: str) -> None:
        if not self._take(mark):
            raise wrong_filter(f"{mark} is expected")

    # -- expressions

    def _either(self) -> Value:
        self._depth += 1
        if self._depth > DEEPEST:
            raise wrong_filter("it is nested too deeply")
        choices = [self._both()]
        while self._take("or"):
            choices.append(self._both())
        self._depth -= 1
        if len(choices) == 1:
            return choices[0]
        return lambda scope: any(choice(scope) is True for choice in choices)

    def _both(self) -> Value:
        conditions = [self._negated()]
        while self._take("and"):
            conditions.append(self._negated())
        if len(conditions) == 1:
            return conditions[0]
        return lambda scope: all(one(scope) is True for one in conditions)

    def _negated(self) -> Value:
        negations = 0
        while self._take("not"):
            negations += 1
        condition = self._comparison()
        if not negations:
            return condition
        wanted = negations % 2 == 0
        return lambda scope: (condition(scope) is True) is wanted

    def _comparison(self) -> Value:
        left = self._operand()
        if self._take("in"):
            self._expect("(")
            choices = self._list()

            def is_one(scope: Scope) -> Json:
                value = left(scope)
                return any(_equal(value, choice(scope)) for choice in choices)

            return is_one
        comparison = self._take(*_COMPARISONS)
        if not comparison:
            return left
        right = self._operand()
        if comparison == "eq":
            return lambda scope: _equal(left(scope), right(scope))
        if comparison == "ne":
            return lambda scope: not _equal(left(scope), right(scope))
        order = _ORDERS[comparison]
        return lambda scope: _ordered(order, left(scope), right(scope))

    def _list(self) -> list[Value]:
        values = [self._operand()]
        while self._take(","):
            values.append(self._operand())
        self._expect(")")
        return values

    def _operand(self) -> Value:
        kind, text = self._next()
        match kind:
            case "mark" if text == "(":
                inside = self._either()
                self._expect(")")
                return inside
            case "name" if text in _LITERALS:
                return _constant(_LITERALS[text])
            case "name" if text in _FUNCTIONS:
                return self._function(text)
            case "name":
                return self._path(text)
            case "text":
                return _constant(text[text.index("'") + 1 : -1].replace("''", "'"))
            case "guid":
                return _constant(text)
            case "number":
                return _constant(float(text))
            case "time":
                return _constant(_moment(text))
            case "duration":
                return _constant(_span(text[len("duration'") : -1]))
            case _:
                raise wrong_filter("a value is expected")

    def _function(self, name: str) -> Value:
        self._expect("(")
        arguments = self._list()
        if len(arguments) != 2:
            raise wrong_filter(f"{name} takes two arguments")
        whole, part = arguments
        function = _FUNCTIONS[name]

        def call(scope: Scope) -> Json:
            text, piece = whole(scope), part(scope)
            return isinstance(text, str) and isinstance(piece, str) and function(text, piece)

        return call

    def _path(self, first: str) -> Value:
        start = first if first in self._types else IT
        cls = self._types[start]
        names: list[str] = []
        if start == IT:
            found = property_of(cls, first)
            cls = found.cls
            names.append(found.name)
        while self._take("/"):
            kind, text = self._next()
            if kind != "name":
                raise wrong_filter("a property is expected")
            if text in ("any", "all"):
                return self._lambda(text, start, names, cls)
            if text == "$count":
                return lambda scope: len(list_of(value_at(scope[start], names)))
            found = property_of(cls, text)
            cls = found.cls
            names.append(found.name)
        return lambda scope: value_at(scope[start], names)

    def _lambda(
        self, quantifier: str, start: str, names: list[str], cls: type[GraphModel] | None
    ) -> Value:
        self._expect("(")
        if quantifier == "any" and self._take(")"):
            return lambda scope: bool(list_of(value_at(scope[start], names)))
        kind, variable = self._next()
        if kind != "name" or variable in self._types:
            raise wrong_filter("a new name is expected before the colon")
        self._expect(":")
        self._types[variable] = cls
        condition = self._either()
        del self._types[variable]
        self._expect(")")
        meets = any if quantifier == "any" else all

        def quantified(scope: Scope) -> Json:
            items = list_of(value_at(scope[start], names))
            self.looked_at += len(items)
            if self.looked_at > MOST:
                raise wrong_filter("it looks at too much")
            return meets(condition({**scope, variable: item}) is True for item in items)

        return quantified


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise wrong_filter(f"it is not understood at position {at}")
        if len(tokens) == LONGEST:
            raise wrong_filter("it has too many conditions")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return tokens


def _constant(value: Json) -> Value:
    return lambda _: value


def value_at(entity: Json, names: list[str]) -> Json:
    """Return what is at a path of properties; None if nothing is."""
    for name in names:
        entity = object_of(entity).get(name)
    return entity


def _equal(left: Json, right: Json) -> bool:
    left, right = _comparable(left, right)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def _ordered(order: Callable[[Json, Json], bool], left: Json, right: Json) -> bool:
    left, right = _comparable(left, right)
    try:
        return order(left, right)
    except TypeError:  # null, or values of two types
        return False


def _comparable(left: Json, right: Json) -> tuple[Json, Json]:
    """Return two values in a form in which they can be compared: JSON has neither dates nor GUIDs."""
    for read, kind in ((_moment, datetime), (_span, timedelta)):
        if isinstance(left, kind) and isinstance(right, str):
            return left, _unless_wrong(read, right)
        if isinstance(right, kind) and isinstance(left, str):
            return _unless_wrong(read, left), right
    if isinstance(left, str) and isinstance(right, str):
        return same_id(left), same_id(right)
    return left, right


def _unless_wrong(read: Callable[[str], Json], text: str) -> Json:
    try:
        return read(text)
    except Fault:
        return None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise wrong_filter("a date is not one") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _span(text: str) -> timedelta:
    try:
        return read_duration(text)
    except ValueError:
        raise wrong_filter("a duration is not one") from None


def wrong_filter(why: str) -> Fault:
    """Return the answer to an expression that is not one."""
    return Fault(400, "BadRequest", f"Invalid filter clause: {why}.")
