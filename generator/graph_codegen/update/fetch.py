"""Metadata from a file or an address → its bytes, and what to call it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx

from graph_codegen.csdl import xml
from graph_codegen.csdl.xml import LARGEST
from graph_codegen.errors import error
from graph_codegen.model.provenance import date_of

_TIMEOUT = httpx.Timeout(30.0)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document as it was got: its bytes, its name, and the date that it is of."""

    data: bytes
    name: str
    date: str | None


def label(source: str) -> str:
    """Return what to call a path or address: an address without user, password, query and fragment."""
    if not _is_address(source):
        return source
    parts = urlsplit(source)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def fetch_document(source: str, today: date) -> Fetched:
    """Read a document from a path, or from an http or https address.

    What comes from an address is called by its `label`, and is of today. Redirects are followed, but
    not from https to http. Raises CodegenError for what cannot be read, any answer but 200, and a
    document that is larger than one may be (`xml.LARGEST`).
    """
    if not _is_address(source):
        path = Path(source)
        return Fetched(xml.load(path), xml.name(path), date_of(path.name))
    name = label(source)
    try:
        return Fetched(_download(source, name), name, today.isoformat())
    # What is set up wrong for proxies or certificates is found on the way, each in its own manner.
    except (httpx.HTTPError, httpx.InvalidURL, ImportError, OSError, ValueError) as problem:
        reason = str(problem) or type(problem).__name__
        raise error(f"cannot fetch the metadata: {reason}", name) from None


def _is_address(source: str) -> bool:
    return source.startswith(("http://", "https://"))


def _download(address: str, name: str) -> bytes:
    received = bytearray()
    with httpx.stream("GET", address, follow_redirects=True, timeout=_TIMEOUT) as response:
        if address.startswith("https:") and response.url.scheme != "https":
            raise error("cannot fetch the metadata: it is redirected to plain http", name)
        if response.status_code != 200:
            raise error(f"cannot fetch the metadata: the answer is {response.status_code}", name)
        for chunk in response.iter_bytes():
            received += chunk
            if len(received) > LARGEST:
                raise error(f"the metadata has more than {LARGEST} bytes", name)
    return bytes(received)
