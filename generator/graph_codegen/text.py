"""Text from documents → Python, JSON, Markdown and lines of a log in which it is only data."""

from __future__ import annotations

import json
import re
import textwrap
import unicodedata

LINE_LENGTH = 100
"""Columns of a line of code."""

_NOT_PLAIN = re.compile(r"[^\x20-\x7e]")

_UNUSUAL = re.compile(r"[^\n\x20-\x7e]")

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~$&@])")

# Two digits between colons are of a time, and no emoji.
_LINKED = re.compile(r"@|:(?=//|(?!\d\d:)[\w+\\-]+:)|www(?=\.)", re.IGNORECASE)

_COMMAND = re.compile(r"((?:^|(?<=\r))[^\S\r\n]*):(?=:)|#(?=#\w*\[)", re.MULTILINE)


def docstring_source(text: str, indent: int = 4, *, code: str = "") -> str:
    """Return the source of a docstring that holds `text`, wrapped at 96 columns.

    `indent` is the column of the docstring; the first line of the source is not indented.
    `code` is a last paragraph of one line that must not be wrapped.
    """
    width = 96 - indent
    lines = [
        line
        for paragraph in text.split("\n")
        for line in _wrapped(printable(paragraph), width) or [""]
    ]
    if code:
        lines += ["", printable(code)]
    escaped = [line.replace("\\", "\\\\").replace('"', '\\"') for line in lines]
    if len(escaped) == 1:
        return f'"""{escaped[0]}"""'
    margin = "\n" + " " * indent
    return f'"""{_join(escaped, margin)}{margin}"""'


def _wrapped(paragraph: str, width: int) -> list[str]:
    """Return the lines of a paragraph, of which those after the first are indented twice as much."""
    if len(paragraph) <= width:  # as most are: wrapping costs much
        return [paragraph.rstrip()]
    return textwrap.wrap(
        paragraph,
        width,
        subsequent_indent=" " * (2 * (len(paragraph) - len(paragraph.lstrip(" ")))),
        break_long_words=False,
        break_on_hyphens=False,
    )


def string_source(text: str) -> str:
    """Return the source of a string that holds a text, on one line."""
    escaped = printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _join(lines: list[str], margin: str) -> str:
    return "".join(
        line if number == 0 else (margin + line if line else "\n")
        for number, line in enumerate(lines)
    )


def printable(text: str) -> str:
    """Replace unprintable characters, including line ends and direction marks, with their escapes."""
    return _NOT_PLAIN.sub(
        lambda found: found[0] if is_printable(found[0]) else _escape(ord(found[0])), text
    )


def json_source(value: object) -> str:
    """Return the source of a value in JSON: what is unprintable or a command for a CI is escaped."""
    source = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    escaped = _UNUSUAL.sub(
        lambda found: found[0] if is_printable(found[0]) else _escaped(found[0]), source
    )
    return without_commands(escaped)


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1]


def without_commands(text: str, escape: str = "\\u{:04x}") -> str:
    """Escape a character of all that the log of a CI takes for a command, in each line of a text.

    GitHub reads `::error::` at the beginning of a line, and as Azure does `##[group]` anywhere in it; Azure
    also `##vso[task.complete]`.
    """
    if "::" not in text and "##" not in text:  # as nearly always, which takes less time to see
        return text
    return _COMMAND.sub(lambda found: (found[1] or "") + escape.format(ord(found[0][-1])), text)


def log_line(text: str) -> str:
    """Return a text as one line that controls neither the terminal nor the CI that shows it."""
    return without_commands(printable(text))


def markdown_source(text: str) -> str:
    """Return the source of a text in a page of Markdown, on one line: no markup, HTML or link is in it.

    To break links, addresses and emoji shortcodes it takes a space without width. For what is shown in
    issues and pull requests, where more than that is a link, there is `code_source`.
    """
    escaped = _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
    return _LINKED.sub("\\g<0>\u200b", escaped)


def code_source(text: str) -> str:
    """Return the source of a text as code in Markdown, on one line, printable; of an empty one nothing.

    In code there is no markup, HTML or link, and for GitHub and GitLab no mention, reference or emoji.
    """
    # In a table a bar has a backslash in front, so that one of the text would be lost.
    shown = without_commands(printable(" ".join(text.split()))).replace("\\|", "\\u005c|")
    if not shown:
        return ""
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    space = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{space}{shown}{space}{fence}"


def shorten(text: str, longest: int = 200) -> str:
    """Return a text as messages repeat it: on one line, printable, and not too long."""
    return printable(text[:longest]) + ("…" if len(text) > longest else "")


def is_printable(character: str) -> bool:
    """Whether a character is visible: not a control, format or private character, nor a space but " ".

    This follows Unicode 3.2, which every Python has: `str.isprintable` knows more characters in each
    version of Python, so the same metadata would give different bytes. Unicode 3.2 has the letters of
    all living scripts, and no emoji.
    """
    # The soft hyphen is the only character that became a format character later.
    kind = unicodedata.ucd_3_2_0.category(character)
    return character == " " or (kind[0] not in "CZ" and character != "\xad")


def _escape(code: int) -> str:
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
