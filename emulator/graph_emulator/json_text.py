"""JSON that others have written."""

from __future__ import annotations

import json
from collections.abc import Callable

from graph_comms.bot.json_values import Json

Members = list[tuple[str, Json]]


def parsed_json(body: bytes, to_object: Callable[[Members], dict[str, Json]] = dict) -> Json:
    """Return what a body says; `to_object` makes an object of its members, in which names may come twice.

    Raises ValueError for what is not JSON in UTF-8 (RFC 8259), is nested more deeply than can be read, or has
    half of a surrogate pair, which is no text that could be written anywhere.
    """
    text = body.decode("utf-8-sig")
    try:
        parsed: Json = json.loads(text, parse_constant=_refuse, object_pairs_hook=to_object)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    if "\\u" in text:
        json.dumps(parsed, ensure_ascii=False).encode()  # raises UnicodeEncodeError
    return parsed


def _refuse(literal: str) -> Json:
    """Refuse NaN and Infinity, which Python reads but JSON does not have."""
    raise ValueError(literal)
