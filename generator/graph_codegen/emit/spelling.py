"""Spells CSDL names in the cases of Python: snake_case, PascalCase, CONSTANT_CASE.

Names are compared as Python compares identifiers: in the normal form NFKC of Unicode (Python reference,
section 2.3). Every spelling is in that form.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from graph_codegen.text import is_printable

_BOUNDARY = re.compile(
    r"(?<=a)(?=A)"  # call|Id
    r"|(?<=[A0])(?=Aa)"  # E2E|Encrypted, ipv4|Address
    r"|(?<=_)(?=A)"  # remote_|Control, which must differ from remote|Control
    r"|-+"
)
"""Where the words of a name meet, in its shape."""


def words(name: str) -> list[str]:
    """Split `isE2EEncrypted` into `is`, `E2E`, `Encrypted`."""
    return [*_split(name, _BOUNDARY)]


@lru_cache(maxsize=50_000)
def snake(name: str) -> str:
    """Spell `callbackUri` as `callback_uri`.

    The same names come again and again, so the last answers are kept, as those of the other cases are.
    """
    spelled = _normal("_".join(map(_lower, words(name))))
    return spelled if _begins(spelled) else _normal(f"n{spelled}")


@lru_cache(maxsize=10_000)
def constant(name: str) -> str:
    """Spell `unknownFutureValue` as `UNKNOWN_FUTURE_VALUE`."""
    spelled = _normal("_".join(map(_upper, words(name))))
    return spelled if _begins(spelled) else _normal(f"N{spelled}")


@lru_cache(maxsize=10_000)
def pascal(name: str) -> str:
    """Spell `callRoute` as `CallRoute`; the first letter is a capital, also where the script has none."""
    parts = _split(name, re.compile("[-_]+"))
    spelled = _normal("".join(_title(part[0]) + part[1:] for part in parts))
    return spelled if _lower(spelled[:1]) != spelled[:1] else _normal(f"N{spelled}")


def ascii_only(name: str) -> str:
    """Return a name without what is not ASCII: marks are dropped, other letters separate words."""
    letters = unicodedata.normalize("NFKD", name)
    return "".join(
        c if c.isascii() else "-" for c in letters if not unicodedata.category(c).startswith("M")
    )


def _split(name: str, boundary: re.Pattern[str]) -> Iterator[str]:
    name = _normal(name)
    shape = "".join(map(_shape, name))
    start = 0
    for found in boundary.finditer(shape):
        if name[start : found.start()]:
            yield name[start : found.start()]
        start = found.end()
    if name[start:]:
        yield name[start:]


@lru_cache(maxsize=10_000)
def _shape(letter: str) -> str:
    """Return what a letter counts as: `A` a capital, `0` a digit, `_`, `-` nothing of a name, else `a`."""
    if letter == "_":
        return letter
    if not (letter.isalnum() and f"a{letter}".isidentifier()):
        return "-"
    if letter.isdigit():
        return "0"
    return "A" if _lower(letter) != letter else "a"


def _begins(name: str) -> bool:
    """Whether an identifier can begin as a name does; to pydantic, one that begins with `_` is private."""
    return name[:1].isidentifier() and name[0] != "_"


def _normal(text: str) -> str:
    """Return a text in normal form, without marks that belong to no letter in it."""
    if text.isascii():
        return text
    letters = unicodedata.normalize("NFKC", text)
    # datamodel-code-generator takes only letters, digits and underscores for parts of an identifier.
    kept = "".join(c for c in letters if not unicodedata.category(c).startswith("M"))
    return unicodedata.normalize("NFKC", kept)


def _lower(text: str) -> str:
    if text.isascii():
        return text.lower()
    return "".join(_known(letter.lower(), letter) for letter in text)


def _upper(text: str) -> str:
    if text.isascii():
        return text.upper()
    return "".join(_known(letter.upper(), letter) for letter in text)


def _title(letter: str) -> str:
    return _known(letter.title(), letter)


def _known(changed: str, letter: str) -> str:
    """Return a letter in another case, if every version of Python knows it there: Unicode adds some."""
    return changed if changed.isascii() or all(map(is_printable, changed)) else letter
