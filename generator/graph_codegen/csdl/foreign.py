"""What a document is that was taken for metadata and is none: a sign-in page, an error, an older OData.

Metadata is often fetched by hand, and what comes instead says why it did not come.
"""

from __future__ import annotations

import json
import re
from typing import cast

from graph_codegen.csdl.ast import EDMX
from graph_codegen.csdl.xml import Element
from graph_codegen.text import shorten

_BLANK = b"\xef\xbb\xbf \t\r\n"
_HTML = re.compile(rb"<!doctype\s+html|<html", re.IGNORECASE)
_TITLE = re.compile(rb"<title[^>]*>([^<]{1,200})", re.IGNORECASE)
_OLDER_EDMX = "{http://schemas.microsoft.com/ado/2007/06/edmx}Edmx"
"""The root element of OData 2 and 3."""

_LARGEST_JSON = 2**20
"""Bytes of JSON that are read to say what it is."""


def describe_bytes(data: bytes) -> str | None:
    """Return a sentence about data that is not XML of any kind, None for what may be CSDL."""
    start = data[:1000].lstrip(_BLANK)
    if not start and not data.strip(_BLANK):
        return "the document is empty"
    if start.startswith((b"{", b"[")):
        return _describe_json(data)
    if _HTML.match(start):
        title = _TITLE.search(data[:100_000])
        named = f" with the title {_quoted(title[1].decode(errors='replace'))}" if title else ""
        return f"this is an HTML page{named}, such as one to sign in, and not metadata"
    return None


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


def _describe_json(data: bytes) -> str:
    asked = "ask for XML: Accept: application/xml, or $format=application/xml"
    if len(data) > _LARGEST_JSON:
        return f"this is JSON, and metadata is read as XML: {asked}"
    try:
        found = _members(json.loads(data))
    except (ValueError, RecursionError):
        return "this is neither XML nor valid JSON"
    if error := _members(found.get("error")):
        return _error(error.get("code"), error.get("message"))
    if "$Version" in found:
        return f"this is CSDL as JSON, and it is read as XML: {asked}"
    return f"this is JSON, and no metadata: {asked}"


def _members(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _error(code: object, message: object) -> str:
    told = ": ".join(_quoted(text) for text in (code, message) if isinstance(text, str) and text)
    return f"this is what a service answers in case of an error, and not metadata: {told}"


def _quoted(text: str) -> str:
    return shorten(" ".join(text.split()))
