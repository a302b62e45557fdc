"""JSON that others have written: what of it is not taken."""

from __future__ import annotations

import pytest

from graph_emulator import Emulator
from graph_emulator.json_text import parsed_json
from tests.emulator.plain import plain


def test_a_body_is_read_as_it_is() -> None:
    assert parsed_json(b'{"a": ["\\ud83d\\ude00", "\\\\ud800", 1.5]}') == {
        "a": ["😀", "\\ud800", 1.5]
    }
    assert parsed_json(b"\xef\xbb\xbf{}") == {}


NOT_JSON = (
    b"", b"{", b"NaN", b"[-Infinity]", b"[" * 100_000, b"\xff", b'"\\ud800"', b'{"\\udc00": 1}',
    b'"\xed\xa0\x80"', '"a"'.encode("utf-16"),
)  # fmt: skip


@pytest.mark.parametrize("body", NOT_JSON)
def test_what_is_not_json_that_can_be_written_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has a message of its own
        parsed_json(body)


def test_a_body_with_half_a_character_is_refused() -> None:
    with Emulator() as svc:
        answer = plain(svc).post("/communications/calls", content=b'{"subject": "\\ud800"}')
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "Unable to read JSON request payload."
