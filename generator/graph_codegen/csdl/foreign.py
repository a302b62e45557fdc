"""What a document is that was taken for metadata and is none: a sign-in page, an error, an older OData.

Metadata is often fetched by hand, and what comes instead says why it did not come.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from typing import Any, cast

from graph_codegen.csdl.ast import EDMX
from graph_codegen.csdl.xml import Element
from graph_codegen.text import shorten

_BLANK = b"\xef\xbb\xbf \t\r\n"
_HTML = re.compile(rb"<!doctype\s+html|<html", re.IGNORECASE)
_TITLE = re.compile(rb"<title[^>]*>([^<]{1,200})", re.IGNORECASE)
_OLDER_EDMX = "{http://schemas.microsoft.com/ado/2007/06/edmx}Edmx"
"""The root element of OData 2 and 3."""

_PACKED: Mapping[bytes, str] = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip"}
"""How files begin that are compressed (RFC 1952, 2.3.1; APPNOTE.TXT, 4.3.7)."""

_LARGEST = 2**20
"""Bytes of JSON or YAML that are read to say what it is."""

_NOT_METADATA = "and not metadata, which is CSDL as XML, or OpenAPI as JSON or YAML"
_ASK = "ask for XML: Accept: application/xml, or $format=application/xml"


def describe_bytes(data: bytes) -> str | None:
    """Return a sentence about data that is not XML of any kind, None for what may be CSDL."""
    start = data.lstrip(_BLANK)[:1000]
    if not start:
        return "the document is empty"
    if _HTML.match(start):
        title = _TITLE.search(data[:100_000])
        named = f" with the title {_quoted(title[1].decode(errors='replace'))}" if title else ""
        return f"this is an HTML page{named}, such as one to sign in, and not metadata"
    if start.startswith(b"<") or _is_xml_in_utf_16(start):
        return None
    for mark, form in _PACKED.items():
        if start.startswith(mark):
            return f"this is compressed ({form}): uncompress it first"
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        return "this is neither XML nor text in UTF-8"
    found = _describe_value(data) if len(data) <= _LARGEST else None
    line = text.splitlines()[0].rstrip()
    return found or f"this is text that begins with {shorten(line, 80)!r}, {_NOT_METADATA}"


def describe_root(root: Element) -> str | None:
    """Return a sentence about XML that is not CSDL, by its root element; None for CSDL of OData 4."""
    if root.name == f"{EDMX}Edmx":
        return None
    if root.name == _OLDER_EDMX:
        return "this is metadata of OData 2 or 3, and only that of OData 4 is read"
    if root.local_name == "error":
        found = {child.local_name: child.text for child in root.children}
        return _error(found.get("code"), found.get("message"))
    if root.local_name == "html":
        return "this is an HTML page, such as one to sign in, and not metadata"
    return f"not a CSDL document: the root element is {shorten(root.name)}, not edmx:Edmx"


def describe_object(found: Mapping[str, object], form: str) -> str:
    """Return a sentence about an object, in JSON or YAML, that is neither CSDL nor OpenAPI."""
    if error := _members(found.get("error")):
        return _error(error.get("code"), error.get("message"))
    if "$Version" in found:
        return f"this is CSDL as JSON, and it is read as XML: {_ASK}"
    if "@odata.context" in found or "value" in found:
        return f"this is an answer of a service in {form}, and not metadata: {_ASK}"
    first = next(iter(found), None)
    told = "without members" if first is None else f"whose first member is {_quoted(first)!r}"
    return f"this is an object in {form} {told}, {_NOT_METADATA}"


def _is_xml_in_utf_16(start: bytes) -> bool:
    text = start.decode("utf-16", errors="replace")
    return start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and "<" in text[:1]


def _describe_value(data: bytes) -> str | None:
    """Return a sentence about JSON or YAML, None for text that is neither an object nor a list."""
    if data.lstrip(_BLANK).startswith((b"{", b"[")):
        form = "JSON"
        try:
            found: object = json.loads(data.decode("utf-8-sig"))
        except RecursionError:
            return "this is JSON of too many levels, and not metadata"
        except ValueError as problem:
            return f"this begins like JSON and is not valid: {problem}"
    else:
        form, found = "YAML", _read_start(data)
    if isinstance(found, dict):
        return describe_object(cast("dict[str, object]", found), form)
    return f"this is a list in {form}, {_NOT_METADATA}" if isinstance(found, list) else None


def _read_start(data: bytes) -> object:
    """Return an object or list in YAML with no more than its first name; None for any other text."""
    import yaml  # type: ignore[import-untyped]

    parser: Any = yaml.CSafeLoader(data)
    try:
        _, _, first, second, *_ = iter(parser.get_event, None)
    except (yaml.YAMLError, ValueError):
        return None
    if isinstance(first, yaml.SequenceStartEvent):
        return []
    if isinstance(first, yaml.MappingStartEvent):
        return {second.value: None} if isinstance(second, yaml.ScalarEvent) else {}
    return None


def _members(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _error(code: object, message: object) -> str:
    told = ": ".join(_quoted(text) for text in (code, message) if isinstance(text, str) and text)
    return f"this is what a service answers in case of an error, and not metadata: {told}"


def _quoted(text: str) -> str:
    return shorten(" ".join(text.split()))
