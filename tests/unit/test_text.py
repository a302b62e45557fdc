"""A text becomes a docstring: it stays text, whatever is in it."""

from __future__ import annotations

import ast
import hashlib
import re
import sys
import textwrap
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graph_codegen.text import docstring_source, is_printable, printable

INDENTS = st.sampled_from([0, 4, 8])


def value(text: str, indent: int) -> str:
    """Return what Python reads: the only statement of a class body at that indentation."""
    margin = " " * indent
    tree = ast.parse(textwrap.dedent(f"{margin}{docstring_source(text, indent)}\n"))
    (statement,) = tree.body
    assert isinstance(statement, ast.Expr)
    found: object = ast.literal_eval(statement.value)
    assert isinstance(found, str)
    return found


def known(character: str) -> bool:
    return unicodedata.ucd_3_2_0.category(character) != "Cn"


def shown(text: str) -> str:
    """Return a text as a docstring is to show it: spaces folded, what cannot be seen spelled out."""
    lines = text.split("\n")
    spelled = (
        "".join(
            (
                c
                if c.isprintable() and known(c)
                else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}"
            )
            for c in line
        )
        for line in lines
    )
    return re.sub(r"\s+", "", "".join(spelled))


@given(st.text(max_size=300), INDENTS)
@example('"""\nimport os\n"""', 4)
@example('ends in "', 4)
@example("ends in \\", 4)
@example('\\"""', 4)
@example("\r\x0b\x0c\x1c\x85\u2028\u2029 line ends", 4)
@example("\u202e\u2066 direction \U000e0001", 4)
@example("\\N{BULLET} \\x41 \\u0041", 4)
@example("{} %s {{x}} {% raw %}", 4)
@example("", 0)
@example(" ", 8)
@example("x" * 200, 4)
def test_a_docstring_holds_the_text_and_nothing_else(text: str, indent: int) -> None:
    assert re.sub(r"\s+", "", value(text, indent)) == shown(text)


@given(st.text(max_size=300), INDENTS)
def test_the_source_of_a_docstring_is_printable_lines(text: str, indent: int) -> None:
    source = docstring_source(text, indent)
    assert source.startswith('"""')
    assert source.endswith('"""')
    assert all(line.isprintable() for line in source.split("\n"))
    assert all(line == line.rstrip() for line in source.split("\n"))


def test_words_stay_apart_and_paragraphs_too() -> None:
    text = "word " * 50 + "\n\nnext"
    first, blank, rest = value(text, 4).partition("\n\n")
    assert (first.split(), blank, rest.strip()) == (["word"] * 50, "\n\n", "next")


@pytest.mark.parametrize("indent", [0, 4, 8])
def test_lines_end_where_they_should(indent: int) -> None:
    source = docstring_source("word " * 100, indent)
    first, *others = source.split("\n")
    assert len(first) + indent <= 100
    assert all(len(line) <= 96 for line in others)
    assert all(line.startswith(" " * indent) for line in others)
    assert len(others) > 1


def test_a_short_text_is_one_line() -> None:
    assert docstring_source('A "quoted" \\ text.') == '"""A \\"quoted\\" \\\\ text."""'


def test_what_is_printable_is_the_same_for_every_python() -> None:
    """Of all code points: their own tables differ, and with them the bytes of a package would."""
    table = "".join("01"[is_printable(chr(code))] for code in range(sys.maxunicode + 1))
    digest = hashlib.sha256(table.encode()).hexdigest()
    assert digest == "a0cd20933a3978c85a304e8cb7fd7063e508eb4fd15fea89e5ddd35357ebf666"


def test_letters_stay_readable_and_what_came_later_is_spelled_out() -> None:
    readable = "größe, Ωmega, 日本語, שלום, हिन्दी, Русский, ไทย, 한국어, عربي – “€” … → ✓"
    assert printable(readable) == readable
    assert printable("🫨 \xad\u00a0") == "\\U0001fae8 \\u00ad\\u00a0"
