"""What is not metadata is refused with a sentence that says what was found instead."""

from __future__ import annotations

import pytest

from graph_codegen.csdl import reader
from graph_codegen.errors import CodegenError
from tests.support.csdl import FILE, document

NOT = "and not metadata, which is CSDL as XML, or OpenAPI as JSON or YAML"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the document is empty"),
        (b"\xef\xbb\xbf \r\n", "the document is empty"),
        (
            b"\n<!DOCTYPE html>\n<html><head><title> Sign in\n to your account</title>",
            "this is an HTML page with the title Sign in to your account, such as one to sign in",
        ),
        (b"<HTML><body>", "this is an HTML page, such as one to sign in, and not metadata"),
        (b'<html xmlns="http://www.w3.org/1999/xhtml"/>', "this is an HTML page"),
        (b'<?xml version="1.0"?><html/>', "this is an HTML page"),
        (
            b'{"error": {"code": "InvalidAuthenticationToken", "message": "Access token is empty."}}',
            "what a service answers in case of an error, and not metadata:"
            " InvalidAuthenticationToken: Access token is empty.",
        ),
        (
            b'<m:error xmlns:m="http://docs.oasis-open.org/odata/ns/metadata"><m:code>5</m:code>'
            b"<m:message>No\n such page\x7f</m:message></m:error>",
            "in case of an error, and not metadata: 5: No such page\\u007f",
        ),
        (b'{"$Version": "4.01"}', "this is CSDL as JSON, and it is read as XML: ask for XML"),
        (b'{"value": []}', "this is an answer of a service in JSON, and not metadata: ask for XML"),
        (b'{"a": 1}', f"this is an object in JSON whose first member is 'a', {NOT}"),
        (b"{}", f"this is an object in JSON without members, {NOT}"),
        (b"[1]", f"this is a list in JSON, {NOT}"),
        (
            b'{"a": 1',
            "this begins like JSON and is not valid: Expecting ',' delimiter: line 1 column 8",
        ),
        (b"[" * 100_000, "this is JSON of too many levels, and not metadata"),
        (b"[" + b"1," * 600_000, f"this is text that begins with '[{'1,' * 39}1…', {NOT}"),
        (b"hello: 1", f"this is an object in YAML whose first member is 'hello', {NOT}"),
        (b"%YAML 1.2\n--- # one\n? [a]\n: b", f"this is an object in YAML without members, {NOT}"),
        (b"a b: {\ttwo: 2}", f"this is an object in YAML whose first member is 'a b', {NOT}"),
        (b"# some\n- a\n- b\n", f"this is a list in YAML, {NOT}"),
        (b"words\n", f"this is text that begins with 'words', {NOT}"),
        (b"Note: a\nb: c: d", f"this is text that begins with 'Note: a', {NOT}"),
        (b"# Title\r\n\nSome *text*.\n", f"this is text that begins with '# Title', {NOT}"),
        (b"'\xc3\x9f' " * 400, "this is text that begins with \"'ß' 'ß' "),
        (b"42", f"this is text that begins with '42', {NOT}"),
        (b"\x1f\x8b\x08\x00abc", "this is compressed (gzip): uncompress it first"),
        (b"PK\x03\x04", "this is compressed (zip): uncompress it first"),
        (b"a\xff", "this is neither XML nor text in UTF-8"),
        (b"a\0b", "this is neither XML nor text in UTF-8"),
        ("hello: 1".encode("utf-16"), "this is neither XML nor text in UTF-8"),
        (
            b'<e:Edmx Version="1.0" xmlns:e="http://schemas.microsoft.com/ado/2007/06/edmx"/>',
            "this is metadata of OData 2 or 3, and only that of OData 4 is read",
        ),
    ],
)
def test_what_was_found_instead_is_said(data: bytes, message: str) -> None:
    with pytest.raises(CodegenError) as caught:
        reader.read(data, FILE)
    (diagnostic,) = caught.value.diagnostics
    assert message in diagnostic.message
    assert "\n" not in diagnostic.message
    assert diagnostic.place.file == FILE


def test_metadata_in_utf_16_is_not_taken_for_something_else() -> None:
    text = document("").decode().replace('encoding="utf-8"', 'encoding="utf-16"')
    assert reader.read(text.encode("utf-16"), FILE).diagnostics == ()
