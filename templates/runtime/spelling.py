"""Words of messages: the name that somebody meant who wrote another, and articles."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LONGEST = 100
"""Characters that are compared: the time grows with the square of the length."""

_OTHER = re.compile(r"[^0-9a-z]+")


def nearest(word: str, names: Iterable[str]) -> str | None:
    """Return the name that is spelled most like a word; None if none is like it.

    Case and punctuation do not count: `callbackUri` is `callback_uri`.
    """
    import difflib  # which only messages need

    spelled = {_plain(name): name for name in names}
    close = difflib.get_close_matches(_plain(word), spelled, n=1)
    return spelled[close[0]] if close else None


def meant(word: str, names: Iterable[str]) -> str:
    """Return what to append to a message about a wrong word: the nearest name as a question, or nothing."""
    found = nearest(word, names)
    return f"; did you mean {found}?" if found else ""


def a(noun: str) -> str:
    """Return a noun with its article: `an Identity`, `a UUID`."""
    return f"an {noun}" if noun[:1] in "aeioAEIO" else f"a {noun}"


def _plain(name: str) -> str:
    return _OTHER.sub("", name[:_LONGEST].casefold())
