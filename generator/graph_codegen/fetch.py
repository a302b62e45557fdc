"""Metadata from a file or an address → its bytes, and what to call it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx

from graph_codegen.diagnostics import error
from graph_codegen.provenance import date_of

LIMIT = 100_000_000
"""Bytes that a document may have; Graph's own has some four million."""

_TIMEOUT = httpx.Timeout(30.0)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document as it was got: its bytes, its name, and the date that it is of."""

    data: bytes
    name: str
    date: str | None


def fetch(source: str, today: date) -> Fetched:
    """Read a document from a path, or from an http or https address.

    What comes from an address is called after it, without its query, and is of today. Raises
    CodegenError for what cannot be read, any answer but 200, and a document of more than `LIMIT`
    bytes.
    """
    if not source.startswith(("http://", "https://")):
        path = Path(source)
        try:
            return Fetched(path.read_bytes(), path.name, date_of(path.name))
        except OSError as problem:
            raise error(f"cannot read the metadata: {problem.strerror}", source) from None
    try:
        address = httpx.URL(source)
        name = str(address.copy_with(query=None, fragment=None, userinfo=b""))
        return Fetched(_download(address, name), name, today.isoformat())
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        reason = str(problem) or type(problem).__name__
        raise error(f"cannot fetch the metadata: {reason}", source.partition("?")[0]) from None


def _download(address: httpx.URL, name: str) -> bytes:
    received = bytearray()
    with httpx.stream("GET", address, follow_redirects=True, timeout=_TIMEOUT) as response:
        if response.status_code != httpx.codes.OK:
            raise error(f"cannot fetch the metadata: the answer is {response.status_code}", name)
        for chunk in response.iter_bytes():
            received += chunk
            if len(received) > LIMIT:
                raise error(f"the metadata has more than {LIMIT} bytes", name)
    return bytes(received)
