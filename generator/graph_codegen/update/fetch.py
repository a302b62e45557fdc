"""Metadata from a file or a URL → its bytes, name and date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx

from graph_codegen.csdl import xml
from graph_codegen.errors import error
from graph_codegen.limits import BYTES
from graph_codegen.model.provenance import date_of

_TIMEOUT = httpx.Timeout(30.0)


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of a document, the name that messages use, and its date if that is known."""

    data: bytes
    name: str
    date: str | None


def label(source: str) -> str:
    """Return the name of a path or URL for messages: a URL without user, password, query and fragment."""
    if not _is_url(source):
        return source
    parts = urlsplit(source)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def fetch_document(source: str, today: date) -> Fetched:
    """Read a document from a path, or from an http or https URL.

    A document from a URL is named by its `label`, and has the date of today. Redirects are followed,
    but not from https to http. Raises CodegenError for a document that cannot be read or is larger than
    `limits.BYTES`, and for any response but 200.
    """
    if not _is_url(source):
        path = Path(source)
        return Fetched(xml.load(path), xml.display_name(path), date_of(path.name))
    name = label(source)
    try:
        return Fetched(_download(source, name), name, today.isoformat())
    # A wrong setting for proxies or certificates raises any of these.
    except (httpx.HTTPError, httpx.InvalidURL, ImportError, OSError, ValueError) as problem:
        reason = str(problem) or type(problem).__name__
        raise error(f"cannot fetch the metadata: {reason}", name) from None


def _is_url(source: str) -> bool:
    return source.startswith(("http://", "https://"))


def _download(url: str, name: str) -> bytes:
    received = bytearray()
    with httpx.stream("GET", url, follow_redirects=True, timeout=_TIMEOUT) as response:
        if url.startswith("https:") and response.url.scheme != "https":
            raise error("cannot fetch the metadata: it redirects to plain http", name)
        if response.status_code != 200:
            raise error(f"cannot fetch the metadata: the response is {response.status_code}", name)
        for chunk in response.iter_bytes():
            received += chunk
            if len(received) > BYTES:
                raise error(f"the metadata has more than {BYTES} bytes", name)
    return bytes(received)
