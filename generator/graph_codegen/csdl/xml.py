"""XML in, an element tree out, with everything refused that can make an XML parser reach further.

Document type declarations, and with them entities and external references, are refused before the
tree is built: no CSDL document needs one, and they are what XML attacks are made of.
"""

from __future__ import annotations

from pathlib import Path
from xml.parsers import expat

from lxml import etree

from graph_codegen.errors import Place, error
from graph_codegen.text import printable

Element = etree._Element  # pyright: ignore[reportPrivateUsage] lxml has no public name for it


LARGEST = 64 * 2**20
"""Bytes of a document; Graph's whole metadata has three and a half million."""

MOST_MARKUP = 1_000_000
"""Elements, and attributes, of a document; Graph's whole metadata has some fifty thousand."""


def name(path: Path) -> str:
    """Return what messages and reports call a document: bytes that are no text are escaped."""
    return printable(path.name)


def load(path: Path) -> bytes:
    """Return the bytes of a document. Raises CodegenError for what cannot be read, or is too large.

    No more is read than a document may have: a file can be a device that never ends.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as problem:
        raise error(f"cannot read the metadata: {problem.strerror}", str(path)) from None
    _refuse_size(data, name(path))
    return data


class _PrologEndError(Exception):
    """Raised inside expat's callback: the root element has begun."""


_DOCTYPE = "a document type declaration is refused (entities and external references)"


def _refuse_size(data: bytes, file: str) -> None:
    if len(data) > LARGEST:
        raise error(f"larger than {LARGEST // 2**20} MB", Place(file))


def _refuse_markup(data: bytes, file: str) -> None:
    # A tree takes fifty times the memory of its text: what would not fit is counted beforehand.
    for mark, what in ((b"<", "elements"), (b"=", "attributes")):
        if data.count(mark) > MOST_MARKUP:
            raise error(f"more than {MOST_MARKUP:,} {what}", Place(file))


def _refuse_doctype(data: bytes, file: str) -> None:
    parser = expat.ParserCreate()

    def doctype(*_: object) -> None:
        raise error(
            _DOCTYPE,
            Place(file, parser.CurrentLineNumber),
        )

    def root(*_: object) -> None:
        raise _PrologEndError

    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = root
    try:
        parser.Parse(data, True)
    except _PrologEndError:
        return
    except expat.ExpatError as problem:
        raise error(
            f"not well-formed XML: {expat.ErrorString(problem.code)}", Place(file, problem.lineno)
        ) from None
    except (LookupError, ValueError) as problem:
        raise error(f"the encoding is not understood: {_line(problem)}", Place(file, 1)) from None


def _document_type(root: Element) -> object | None:
    return root.getroottree().docinfo.internalDTD


def _line(problem: object) -> str:
    """Return what a parser says on one line: it may repeat the document, line ends and all."""
    return printable(" ".join(str(problem).split()))[:300]


def parse(data: bytes, file: str) -> Element:
    """Return the root element of an XML document.

    `file` is what messages call the document. Raises CodegenError, with the line, for anything that
    is not well-formed XML without a document type declaration.
    """
    _refuse_size(data, file)
    _refuse_markup(data, file)
    _refuse_doctype(data, file)
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as problem:
        message = f"not well-formed XML: {_line(problem.msg)}"
        raise error(message, Place(file, problem.lineno or 0)) from None
    # The two parsers need not agree on an encoding: what the first took for text may be markup.
    if _document_type(root) is not None:
        raise error(_DOCTYPE, Place(file, 1))
    return root
