"""The headers of a response, as they are given to callers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, cast


class Headers(Mapping[str, str]):
    """The headers of a response by name, in any case, in the order in which they arrived.

    Names are kept in lower case, which HTTP/2 and 3 send anyway. Several lines of one name are one
    value, joined by ", " (RFC 9110, 5.3); those of Set-Cookie, which cannot be joined, are their
    first, and ``get_list`` has all. Two are equal if they have the same names and values. Can be
    pickled; ``repr`` shows no values, which may be private.
    """

    _read: Callable[[], Iterable[tuple[str, str]]]

    def __init__(self, lines: Iterable[tuple[str, str]] = ()) -> None:
        """Take the name and value of each header line, as `httpx.Headers.multi_items` returns them."""
        self._lines = _by_name(lines)

    @classmethod
    def later(cls, read: Callable[[], Iterable[tuple[str, str]]]) -> Headers:
        """Return the headers whose lines a function gives, which is called when they are first needed."""
        headers = cls.__new__(cls)
        headers._read = read
        return headers

    @cached_property
    def _lines(self) -> dict[str, list[str]]:
        return _by_name(self._read())

    def __getstate__(self) -> dict[str, Any]:
        return {"_lines": self._lines}

    def __getitem__(self, name: str) -> str:
        lines = self._lines[name.lower()]
        return lines[0] if name.lower() == "set-cookie" else ", ".join(lines)

    def get_list(self, name: str) -> list[str]:
        """Return the value of each line of this name, in order; an empty list if there is none."""
        return list(self._lines.get(name.lower(), ()))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._lines

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Headers):
            return self._lines == other._lines
        if isinstance(other, Mapping):
            mapping = cast("Mapping[object, object]", other)
            return dict(self) == {str(name).lower(): value for name, value in mapping.items()}
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as of any Mapping with `__eq__`

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {list(self)}>"


def _by_name(lines: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in lines:
        found.setdefault(name.lower(), []).append(value)
    return found
