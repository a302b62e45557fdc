"""XML in, a tree of elements out, with everything refused that can make an XML parser reach further.

lxml parses each document once, and tells this module about a document type declaration as soon as its
name is read. Such a declaration is refused there and then, before anything in it is looked at: no CSDL
document needs one, and entities and external references are what XML attacks are made of.
"""

from __future__ import annotations

import codecs
import io
import re
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from graph_codegen.errors import Place, error
from graph_codegen.limits import BYTES, LEVELS, MARKUP
from graph_codegen.reading import read_bytes
from graph_codegen.text import printable, shorten

ENCODINGS: Mapping[str, str] = {
    "utf-8": "utf-8-sig", "us-ascii": "ascii", "iso-8859-1": "latin-1",
}  # fmt: skip
"""The encodings that a document may declare, with Python's names. UTF-16 is known by its byte order mark.

All of them, and UTF-16, have `<` and `=` as bytes of their own, so that counting these bounds the
number of elements and attributes.
"""

_GZIP = b"\x1f\x8b"
"""How a file begins that gzip compressed (RFC 1952, 2.3.1)."""

_DECLARED = re.compile(rb"""<\?xml\s[^<>]*?\bencoding\s*=\s*["']([^"'<>]*)["']""")
"""The encoding declaration (XML 1.0, 4.3.3)."""


@dataclass(eq=False, slots=True, kw_only=True)
class Element:
    """An element of a document.

    The names of the element and its attributes are `{namespace}local`. `line` is the one on which its
    start tag ends. `text` is what is directly in it; of an element with children only the first text
    that is not whitespace.
    """

    name: str
    attributes: Mapping[str, str]
    line: int
    parent: Element | None
    children: Sequence[Element] = ()
    text: str = ""

    @property
    def local_name(self) -> str:
        """The name without its namespace."""
        return self.name.rpartition("}")[2]

    def ancestors(self) -> Iterator[Element]:
        """Iterate over the elements around this one, the nearest first."""
        parent = self.parent
        while parent is not None:
            yield parent
            parent = parent.parent


def display_name(path: Path) -> str:
    """Return what messages and reports call a document; bytes that are not text are escaped."""
    return printable(path.name)


def load(path: Path) -> bytes:
    """Return the bytes of a document, uncompressed.

    Raises CodegenError for one that is too large or cannot be read.
    """
    try:
        data = read_bytes(path, BYTES + 1)
    except OSError as problem:
        raise error(f"cannot read the metadata: {problem.strerror}", str(path)) from None
    _refuse_size(data, display_name(path))
    return unpack(data, display_name(path))


def unpack(data: bytes, file: str) -> bytes:
    """Return what gzip compressed (RFC 1952), and any other data unchanged.

    Raises CodegenError for what would be too large, ends early, or is damaged, before it takes more memory.
    """
    if not data.startswith(_GZIP):
        return data
    packed = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        data = packed.decompress(data, BYTES + 1)
    except zlib.error:
        raise error("the compressed document (gzip) is damaged", Place(file)) from None
    _refuse_size(data, file)
    if not packed.eof:
        raise error("the compressed document (gzip) ends early", Place(file))
    if packed.unused_data.strip(b"\0"):
        raise error("something follows the compressed document (gzip)", Place(file))
    return data


def parse(data: bytes, file: str) -> Element:
    """Return the root element of an XML document.

    `file` is what messages call the document. Raises CodegenError, with the line, for anything that
    is not well-formed XML without a document type declaration, in UTF-8, UTF-16, US-ASCII or
    ISO-8859-1, and for more than fits in memory.
    """
    _refuse_size(data, file)
    _refuse_markup(data, file)
    text = _decode(data, file).encode()
    lines = io.BytesIO(text)
    builder = _TreeBuilder()
    # lxml's stubs lack "internal", and ask for methods that are optional. Without a declaration there
    # are no entities but `&amp;` and its like, which a target gets unresolved if none are.
    options: Any = {"target": builder, "resolve_entities": "internal"}
    parser = etree.XMLParser(encoding="utf-8", load_dtd=False, no_network=True, **options)
    try:
        for builder.line, line in enumerate(lines, 1):
            parser.feed(line)
        parser.close()
    except _DoctypeError:
        before, _, _ = text[: lines.tell()].rpartition(b"<!DOCTYPE")
        message = "a document type declaration is refused (entities and external references)"
        raise error(message, Place(file, before.count(b"\n") + 1)) from None
    except _DepthError:
        raise error(f"more than {LEVELS} levels of elements", Place(file, builder.line)) from None
    except etree.XMLSyntaxError as problem:
        raise _malformed(problem.msg, file, problem.lineno or 1) from None
    assert builder.root, "lxml refuses a document without an element"
    return builder.root


class _DoctypeError(Exception):
    """Ends parsing at a document type declaration."""


class _DepthError(Exception):
    """Ends parsing at an element that is too deep."""


class _TreeBuilder:
    """What lxml calls while it parses; `line` is the line that it was given last.

    lxml's own elements do not know their line beyond 65,535.
    """

    def __init__(self) -> None:
        self.line = 0
        self.root: Element | None = None
        self._open: list[Element] = []
        self._pieces: list[str] = []
        self.data = self._pieces.append
        """Called with each piece of text."""

    def doctype(self, *_: object) -> None:
        """Refuse a declaration; lxml has read its name and the address of its external subset."""
        raise _DoctypeError

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if self._pieces:
            self._add_text(between=True)
        parent = self._open[-1] if self._open else None
        element = Element(
            name=sys.intern(name), attributes=attributes, line=self.line, parent=parent
        )
        if parent is None:
            self.root = element
        elif isinstance(parent.children, list):
            parent.children.append(element)
        else:
            parent.children = [element]
        if len(self._open) == LEVELS:
            raise _DepthError
        self._open.append(element)

    def end(self, name: str) -> None:
        if self._pieces:
            self._add_text(between=bool(self._open[-1].children))
        del self._open[-1]

    def _add_text(self, *, between: bool) -> None:
        """Add the text since the last tag; whitespace between child elements is dropped."""
        text, element = "".join(self._pieces), self._open[-1]
        self._pieces.clear()
        if not element.text and not (between and text.isspace()):
            element.text = text

    def close(self) -> None:
        """Do nothing: lxml calls this where it gives up as well."""


def _refuse_size(data: bytes, file: str) -> None:
    if len(data) > BYTES:
        raise error(f"larger than {BYTES // 2**20} MB", Place(file))


def _refuse_markup(data: bytes, file: str) -> None:
    # A tree takes many times the memory of its text, so what would not fit is counted beforehand.
    for mark, what in ((b"<", "elements"), (b"=", "attributes"), (b"\n", "lines")):
        if data.count(mark) > MARKUP:
            raise error(f"more than {MARKUP:,} {what}", Place(file))


def _decode(data: bytes, file: str) -> str:
    """Return the text of a document. lxml is given UTF-8 only, so it cannot take the encoding for another."""
    encoding = _encoding(data, file)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as problem:
        line = data[: problem.start].count(b"\n") + 1
        raise _malformed(f"not {encoding}: {problem.reason}", file, line) from None


def _encoding(data: bytes, file: str) -> str:
    """Return Python's name of a document's encoding (XML 1.0, 4.3.3 and appendix F)."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    declared = _DECLARED.match(data.removeprefix(codecs.BOM_UTF8))
    if declared is None:
        return ENCODINGS["utf-8"]
    encoding = declared[1].decode("latin-1")
    if encoding.lower() == "utf-16":
        raise _malformed("the document says UTF-16 and has no byte order mark", file, 1)
    if encoding.lower() not in ENCODINGS:
        known = ", ".join(map(str.upper, ENCODINGS))
        message = f"the encoding is not understood: {shorten(encoding)}, not {known}"
        raise error(message, Place(file, 1))
    return ENCODINGS[encoding.lower()]


def _malformed(reason: str, file: str, line: int) -> Exception:
    """Return the error for a reason on one line: it may repeat the document, line ends and all."""
    return error(f"not well-formed XML: {shorten(' '.join(reason.split()))}", Place(file, line))
