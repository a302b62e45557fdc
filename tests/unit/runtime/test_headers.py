"""The headers that responses and errors give to callers."""

from __future__ import annotations

import copy
import pickle
from typing import cast

import httpx
import pytest

from graph_comms._runtime.headers import Headers

LINES = [
    ("Content-Type", "application/json"),
    ("Warning", "199 a"),
    ("Set-Cookie", "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT"),
    ("warning", "299 b"),
    ("SET-COOKIE", "b=2"),
    ("x-empty", ""),
]
HEADERS = Headers(LINES)


@pytest.mark.parametrize("name", ["Content-Type", "content-type", "CONTENT-TYPE"])
def test_names_are_found_in_any_case(name: str) -> None:
    assert HEADERS[name] == HEADERS.get(name) == "application/json"
    assert name in HEADERS
    assert HEADERS.get_list(name) == ["application/json"]


def test_what_is_missing_is_a_key_error_or_the_default() -> None:
    assert "etag" not in HEADERS
    for other in cast("list[str]", [5, None, b"warning"]):
        assert other not in HEADERS
    assert HEADERS.get("etag", "none") == "none"
    assert HEADERS.get_list("etag") == []
    with pytest.raises(KeyError):
        HEADERS["etag"]


def test_lines_of_one_name_are_joined_in_order_except_cookies() -> None:
    assert HEADERS["warning"] == "199 a, 299 b"
    assert HEADERS.get_list("Warning") == ["199 a", "299 b"]
    assert HEADERS["set-cookie"] == "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT"
    assert HEADERS.get_list("set-cookie")[1:] == ["b=2"]
    assert list(HEADERS) == ["content-type", "warning", "set-cookie", "x-empty"]
    assert len(HEADERS) == 4


def test_a_change_of_a_list_that_was_returned_changes_no_headers() -> None:
    HEADERS.get_list("warning").clear()
    assert HEADERS["warning"] == "199 a, 299 b"


def test_equality_ignores_the_case_of_names_alone() -> None:
    same = Headers([("A", "1"), ("b", "2")])
    assert same == Headers([("a", "1"), ("B", "2")])
    assert same == {"A": "1", "B": "2"}
    assert same != Headers([("a", "1"), ("b", "x")])
    assert same != Headers([("a", "1")])
    assert same != [("a", "1"), ("b", "2")]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_headers_survive_pickling_and_copying(protocol: int) -> None:
    again = pickle.loads(pickle.dumps(HEADERS, protocol))
    for each in (again, copy.copy(HEADERS), copy.deepcopy(HEADERS)):
        assert type(each) is Headers
        assert list(each.items()) == list(HEADERS.items())
        assert each.get_list("set-cookie") == HEADERS.get_list("Set-Cookie")


def test_repr_shows_no_values() -> None:
    shown = repr(Headers([("Location", "https://x.example/?secret"), ("x-\x1b[31m", "words")]))
    assert shown == "<Headers: ['location', 'x-\\x1b[31m']>"


def test_headers_of_httpx_keep_their_text() -> None:
    raw = [(b"X-Name", "ж".encode()), (b"X-NAME", b"plain")]
    headers = Headers(httpx.Headers(raw).multi_items())
    assert headers["x-name"] == "ж, plain"
