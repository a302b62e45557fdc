"""XML is read, and everything that could make a parser reach further is refused."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from graph_codegen.csdl import xml
from graph_codegen.errors import CodegenError, Place

FILE = "test.xml"

BOMB = """<?xml version="1.0"?>
<!DOCTYPE bomb [
  <!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
  <!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">
]>
<bomb>&d;</bomb>"""


def refusal(data: bytes) -> tuple[str, Place]:
    with pytest.raises(CodegenError) as caught:
        xml.parse(data, FILE)
    (diagnostic,) = caught.value.diagnostics
    return diagnostic.message, diagnostic.place


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("<!DOCTYPE a><a/>", 1),
        ('<!DOCTYPE a SYSTEM "http://localhost:9/a.dtd"><a/>', 1),
        ('\n<!-- -->\n<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>', 3),
        ('<!DOCTYPE a [<!ENTITY % x SYSTEM "http://localhost:9/"> %x;]><a/>', 1),
        (BOMB, 2),
    ],
    ids=["empty", "external", "external entity", "parameter entity", "bomb"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_document_type_is_refused_in_any_encoding(text: str, line: int, encoding: str) -> None:
    message, place = refusal(text.encode(encoding))
    assert message == "a document type declaration is refused (entities and external references)"
    assert place == Place(FILE, line)


def test_nothing_of_an_external_entity_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret text")
    data = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{secret.as_uri()}">]><a>&x;</a>'.encode()
    message, _ = refusal(data)
    assert "secret text" not in message


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", 1),
        (b"   ", 1),
        (b"words", 1),
        (b"PK\x03\x04\x00\x00", 1),
        (b"<a>\n<b>\n", 3),
        (b"<a>\n</b>", 2),
        (b"<a>\n&undeclared;</a>", 2),
        (b"<a/>\n<b/>", 2),
        (b'<a>\n<b c="1" c="2"/></a>', 2),
        (b"<a>\n\xff</a>", 2),
        (b"<a>\x00</a>", 1),
        (b'<?xml version="1.0" encoding="utf-16"?><a/>', 1),
        (codecs.BOM_UTF16_LE + "<a>".encode("utf-16-le"), 1),
        (codecs.BOM_UTF8 + "<a/>".encode("utf-16-le"), 1),
        (codecs.BOM_UTF32_LE + "<a/>".encode("utf-32-le"), 1),
        (b"\xef\xbb<a/>", 1),
    ],
)
def test_malformed_xml_is_refused_with_its_line(data: bytes, line: int) -> None:
    message, place = refusal(data)
    assert message.startswith("not well-formed XML: ")
    assert place == Place(FILE, line)


@pytest.mark.parametrize("encoding", ["utf-7", "shift_jis", "rot13", "hex", "nonsense", "idna"])
@pytest.mark.parametrize("rest", ["<a/>", "<!DOCTYPE a><a/>", "+ADw-!DOCTYPE a+AD4-<a/>"])
def test_an_encoding_that_is_not_understood_is_refused(encoding: str, rest: str) -> None:
    data = f'<?xml version="1.0" encoding="{encoding}"?>{rest}'.encode()
    message, place = refusal(data)
    assert message.startswith(
        ("the encoding is not understood", "not well-formed XML", "a document")
    )
    assert place == Place(FILE, 1)


def test_the_entities_of_xml_itself_are_resolved() -> None:
    root = xml.parse(b"<a b='&amp;&lt;&#38;&quot;'>&amp;&lt;&#38;&gt;</a>", FILE)
    assert (root.attributes, root.text) == ({"b": '&<&"'}, "&<&>")


def test_only_encodings_are_read_in_which_elements_can_be_counted() -> None:
    for encoding in ("koi8-r", "utf-7", "iso-2022-jp", "UTF-32", "cp037"):
        message, place = refusal(f'<?xml version="1.0" encoding="{encoding}"?><a/>'.encode())
        assert message == (
            f"the encoding is not understood: {encoding}, not UTF-8, US-ASCII, ISO-8859-1"
        )
        assert place == Place(FILE, 1)


@pytest.mark.parametrize(
    "data",
    [
        "<a>é</a>".encode(),
        codecs.BOM_UTF8 + "<a>é</a>".encode(),
        "<a>é</a>".encode("utf-16"),
        codecs.BOM_UTF16_BE + "<a>é</a>".encode("utf-16-be"),
        '<?xml version="1.0" encoding="iso-8859-1"?><a>é</a>'.encode("latin-1"),
    ],
)
def test_text_is_read_in_its_encoding(data: bytes) -> None:
    assert xml.parse(data, FILE).text == "é"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("<a> </a>", " "),
        ("<a> <b/> </a>", ""),
        ("<a> <b/> c <b/> d </a>", " c "),
        ("<a><![CDATA[ <b/> ]]>&lt;</a>", " <b/> <"),
    ],
)
def test_whitespace_between_elements_is_dropped(text: str, kept: str) -> None:
    assert xml.parse(text.encode(), FILE).text == kept


def test_comments_and_instructions_are_ignored() -> None:
    root = xml.parse(b"<?pi x?><!-- a --><a>b<!-- c -->d<?pi y?><e/></a><!-- f -->", FILE)
    assert (root.name, root.text, [c.name for c in root.children]) == ("a", "bd", ["e"])


def test_lines_are_right_beyond_those_that_lxml_counts() -> None:
    root = xml.parse(b"<a><b\n/>" + b"\n" * 70_000 + b"<b/><b>\n<c/></b></a>", FILE)
    first, second, third = root.children
    (inner,) = third.children
    assert [e.line for e in (root, first, second, third, inner)] == [1, 2, 70_002, 70_002, 70_003]


def test_depth_has_an_end() -> None:
    message, place = refusal(b"\n<a>" * 10_000 + b"</a>" * 10_000)
    assert (message, place.line) == ("more than 256 levels of elements", 258)
