"""XML in, an element tree out, with everything refused that can make an XML parser reach further.

Document type declarations, and with them entities and external references, are refused before the
tree is built: no CSDL document needs one, and they are what XML attacks are made of.
"""

from __future__ import annotations

from xml.parsers import expat

from lxml import etree

from graph_codegen.diagnostics import Place, error

Element = etree._Element  # pyright: ignore[reportPrivateUsage] lxml has no public name for it


class _PrologEndError(Exception):
    """Raised inside expat's callback: the root element has begun."""


def _refuse_doctype(data: bytes, file: str) -> None:
    parser = expat.ParserCreate()

    def doctype(*_: object) -> None:
        raise error(
            "a document type declaration is refused (entities and external references)",
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
        raise error(f"the encoding is not understood: {problem}", Place(file, 1)) from None


def parse(data: bytes, file: str) -> Element:
    """Return the root element of an XML document.

    `file` is what messages call the document. Raises CodegenError, with the line, for anything that
    is not well-formed XML without a document type declaration.
    """
    _refuse_doctype(data, file)
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as problem:
        raise error(
            f"not well-formed XML: {problem.msg}", Place(file, problem.lineno or 0)
        ) from None
