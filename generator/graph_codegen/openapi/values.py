"""JSON or YAML in, plain values out: dictionaries, lists, texts, numbers, booleans and None.

YAML is read as what JSON can say: its scalars are those of JSON (YAML 1.2, 10.2), so that a date is text and
`no` a word. An alias shares the value that it repeats, and counts like that value written out.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, cast

import yaml  # type: ignore[import-untyped]

from graph_codegen.errors import CodegenError, Place, error
from graph_codegen.limits import BYTES, LEVELS, REPEATED, VALUES
from graph_codegen.text import shorten

_TEXT = "tag:yaml.org,2002:str"
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS = {"": None, "null": None, "true": True, "false": False}
_MOST_DIGITS = 4_000
"""Digits of an integer; Python refuses to read a few more."""


def members(value: object) -> dict[str, object]:
    """Return an object as it is, and anything else as one without members."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    """Return an array as it is, and anything else as one without items."""
    return cast("list[object]", value) if isinstance(value, list) else []


def text(value: object) -> str:
    """Return a text as it is, and anything else as the empty one."""
    return value if isinstance(value, str) else ""


def parse(data: bytes, file: str) -> object:
    """Return the value that a JSON or YAML document holds; what begins with a brace is JSON.

    `file` is what messages call the document. Raises CodegenError for one that is not valid, not UTF-8,
    or larger than fits in memory, and for a name that comes twice in one object.
    """
    if len(data) > BYTES:
        raise error(f"larger than {BYTES // 2**20} MB", file)
    try:
        decoded = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data[: problem.start].count(b"\n") + 1
        raise error(f"not utf-8: {problem.reason}", Place(file, line)) from None
    if decoded.lstrip().startswith("{"):
        return _parse_json(decoded, file)
    return _YamlReader(decoded, file).read()


# -- JSON


def _parse_json(decoded: str, file: str) -> object:
    if sum(map(decoded.count, ",{[")) > VALUES:
        raise _too_many(file)
    try:
        return json.loads(
            decoded,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as problem:
        raise error(f"not valid JSON: {problem.msg}", Place(file, problem.lineno)) from None
    except RecursionError:
        raise error(f"more than {LEVELS} levels of values", file) from None
    except ValueError as problem:
        raise error(f"not valid JSON: {problem}", file) from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"{_repeated(name for name, _ in pairs)} comes twice in an object")
    return found


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"an integer of more than {_MOST_DIGITS:,} digits")
    return int(digits)


def _repeated(names: Iterator[str]) -> str:
    return next(shorten(name) for name, times in Counter(names).items() if times > 1)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a value of JSON")


def _too_many(file: str) -> CodegenError:
    return error(f"more than {VALUES:,} values", file)


# -- YAML

_Add = Callable[[object], None]


class _Open:
    """A collection that is being read: `count` values so far, and the name of the next member."""

    __slots__ = ("anchor", "count", "name", "value")

    def __init__(self, value: dict[str, object] | list[object], anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.count = 1
        self.name: str | None = None


class _YamlReader:
    """Builds the values from the events of libyaml, without a tree of nodes in between."""

    def __init__(self, decoded: str, file: str) -> None:
        self._parser: Any = yaml.CSafeLoader(decoded)
        self._file = file
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[object, int]] = {}
        self._result: list[object] = []
        self._repeated = 0

    def read(self) -> object:
        try:
            self._read()
        except yaml.YAMLError as problem:
            mark = getattr(problem, "problem_mark", None)
            reason = getattr(problem, "problem", None) or "not what the parser expected"
            place = Place(self._file, mark.line + 1 if mark else 0)
            raise error(f"not valid YAML: {shorten(str(reason))}", place) from None
        if len(self._result) != 1:
            raise error("not one YAML document", self._file)
        return self._result[0]

    def _read(self) -> None:
        kinds: dict[Any, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._mapping,
            yaml.SequenceStartEvent: self._sequence,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
        }
        event = self._parser.get_event()
        while event is not None:
            act = kinds.get(event.__class__)
            if act:
                act(event)
            event = self._parser.get_event()

    def _scalar(self, event: Any) -> None:
        value: object = event.value
        if event.tag not in (None, "!", _TEXT):
            raise self._error(f"the tag {shorten(event.tag)} is not understood", event)
        naming = bool(self._open) and self._awaits_name(self._open[-1])
        if event.implicit[0] and event.tag is None and not naming:
            value = self._plain(event)
        self._add(value, 1, event)
        if event.anchor:
            self._anchors[event.anchor] = value, 1

    def _plain(self, event: Any) -> object:
        value: str = event.value
        if value in _WORDS:
            return _WORDS[value]
        if not _NUMBER.fullmatch(value):
            return value
        if value.lstrip("-").isdigit():
            if len(value) > _MOST_DIGITS:
                raise self._error(f"an integer of more than {_MOST_DIGITS:,} digits", event)
            return int(value)
        return float(value)

    def _mapping(self, event: Any) -> None:
        self._start({}, event)

    def _sequence(self, event: Any) -> None:
        self._start([], event)

    def _start(self, value: dict[str, object] | list[object], event: Any) -> None:
        if event.tag not in (None, "!"):
            raise self._error(f"the tag {shorten(event.tag)} is not understood", event)
        if self._open and self._awaits_name(self._open[-1]):
            raise self._error("the name of a member is not a text", event)
        if len(self._open) == LEVELS:
            raise self._error(f"more than {LEVELS} levels of values", event)
        self._open.append(_Open(value, event.anchor))

    def _end(self, event: Any) -> None:
        done = self._open.pop()
        if done.anchor:
            self._anchors[done.anchor] = done.value, done.count
        self._add(done.value, done.count, event)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            message = f"the alias {shorten(event.anchor)} repeats nothing that came before"
            raise self._error(message, event)
        value, count = self._anchors[event.anchor]
        self._repeated += count
        if self._repeated > REPEATED:
            raise self._error(f"aliases repeat more than {REPEATED:,} values", event)
        self._add(value, count, event)

    def _awaits_name(self, inner: _Open) -> bool:
        return isinstance(inner.value, dict) and inner.name is None

    def _add(self, value: object, count: int, event: Any) -> None:
        """Add a complete value, of so many values, to the collection around it."""
        if not self._open:
            self._result.append(value)
            return
        inner = self._open[-1]
        inner.count += count
        if inner.count > VALUES:
            raise _too_many(self._file)
        if isinstance(inner.value, list):
            inner.value.append(value)
        elif inner.name is not None:
            inner.value[inner.name] = value
            inner.name = None
        elif not isinstance(value, str):
            raise self._error("the name of a member is not a text", event)
        elif value in inner.value:
            raise self._error(f"{shorten(value)} comes twice in an object", event)
        else:
            inner.name = value

    def _error(self, message: str, event: Any) -> CodegenError:
        return error(message, Place(self._file, event.start_mark.line + 1))
