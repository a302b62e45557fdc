"""The names that a document may declare: they become code."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from graph_codegen.limits import NAME
from graph_codegen.text import printable

RESERVED = frozenset({"Edm", "odata", "System", "Transient"})
"""Names that a schema may not have (CSDL 5.1): the generator takes every `Edm.` for a primitive type."""

_SIMPLE = rf"[^\W\d][\w-]{{0,{NAME - 1}}}"
_SIMPLE_NAME = re.compile(_SIMPLE)
_DOTTED_NAME = re.compile(rf"{_SIMPLE}(\.{_SIMPLE})*")
"""Identifiers (CSDL 15.2), and hyphens, which CSDL does not allow: Graph has a property `request-id`."""

_PATH = re.compile(r"(?! )[\w./@#$*(), -]+")
"""Paths and annotation targets: names, and what can stand between them (CSDL 14.2.2, 14.4.1.1)."""

# Newer versions of Python know more letters: only those that every version knows are valid. The same names
# come again and again, so the last answers are kept.


@lru_cache(maxsize=10_000)
def is_simple_name(name: str) -> bool:
    """Whether a text is the name of a property, parameter, member or the like."""
    return _SIMPLE_NAME.fullmatch(_without_marks(name)) is not None and printable(name) == name


@lru_cache(maxsize=10_000)
def is_dotted_name(name: str) -> bool:
    """Whether a text is a name with or without a namespace."""
    return _DOTTED_NAME.fullmatch(_without_marks(name)) is not None and printable(name) == name


def is_path(text: str) -> bool:
    """Whether a text is a path or the target of an annotation."""
    return _PATH.fullmatch(_without_marks(text)) is not None and printable(text) == text


def _without_marks(text: str) -> str:
    """Return a text with a letter for each mark; many scripts write vowels with marks (CSDL 15.2)."""
    if text.isascii():
        return text
    marked = ("Mn", "Mc")
    return text[:1] + "".join("a" if unicodedata.category(c) in marked else c for c in text[1:])
