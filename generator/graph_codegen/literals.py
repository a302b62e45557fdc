"""Text from the outside → Python source in which it is only data."""

from __future__ import annotations

import textwrap


def docstring(text: str, indent: int = 4) -> str:
    """Return the source of a docstring that holds `text`, wrapped at 96 columns.

    `indent` is the column at which it will stand; the first line of the source is not indented.
    """
    width = 96 - indent
    lines = [
        line
        for paragraph in text.split("\n")
        for line in textwrap.wrap(
            printable(paragraph), width, break_long_words=False, break_on_hyphens=False
        )
        or [""]
    ]
    escaped = [line.replace("\\", "\\\\").replace('"', '\\"') for line in lines]
    if len(escaped) == 1:
        return f'"""{escaped[0]}"""'
    margin = "\n" + " " * indent
    return f'"""{_join(escaped, margin)}{margin}"""'


def _join(lines: list[str], margin: str) -> str:
    return "".join(
        line if number == 0 else (margin + line if line else "\n")
        for number, line in enumerate(lines)
    )


def printable(text: str) -> str:
    """Replace what is not printable, line ends and direction marks too, by its escape."""
    return "".join(c if c.isprintable() else _escape(ord(c)) for c in text)


def _escape(code: int) -> str:
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
