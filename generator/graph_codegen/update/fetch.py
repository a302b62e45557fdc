"""Metadata from a file or an address → its bytes, name and date."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx

from graph_codegen.csdl import xml
from graph_codegen.errors import error
from graph_codegen.facts.settings import ETAG, is_address
from graph_codegen.limits import BYTES
from graph_codegen.model.provenance import date_of
from graph_codegen.text import shorten

SECONDS = 300
"""Seconds that fetching a document may take, whatever the server does."""

REDIRECTS = 5
"""Redirects that are followed."""

_PAUSE = httpx.Timeout(30.0)

_HERE = ("localhost", "127.0.0.1", "::1")
"""The hosts that are asked by plain http, too: nobody is on the way."""

_PLAIN = ("", "identity")
_GZIP = ("gzip", "x-gzip")
"""The content codings that are understood (RFC 9110, 8.4.1)."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A document that was fetched before, and its entity tag (RFC 9110, 8.8.3)."""

    data: bytes
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A document: its bytes, uncompressed, the name that messages use, and its date if that is known.

    `how` is a sentence about one from an address, and `etag` its entity tag, empty if it had none.
    """

    data: bytes
    name: str
    date: str | None
    how: str = ""
    etag: str = ""


def label(source: str) -> str:
    """Return the name of a source for messages: an address without user, password, query and fragment."""
    if not is_address(source):
        return source
    scheme, _, rest = source.partition("://")
    host, slash, path = re.split("[?#]", rest, maxsplit=1)[0].partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def fetch_document(source: str, today: date, kept: Kept | None = None) -> Fetched:
    """Read a document from a path or an address; it is `kept` if the address still has the same.

    A document from an address is named by its `label`, and has the date of today. Redirects are followed.
    The address and each that it redirects to is https; plain http is for this machine, where the address
    says so itself. What was compressed with gzip, as a file or on the way, is returned uncompressed. Raises
    CodegenError for a document that cannot be read, is larger than `limits.BYTES`, compressed or not, or
    does not come within `SECONDS`, and for any response but 200.
    """
    if not is_address(source):
        path = Path(source)
        return Fetched(data=xml.load(path), name=xml.display_name(path), date=date_of(path.name))
    name = label(source)
    try:
        return asyncio.run(_download(source, name, today.isoformat(), kept))
    except TimeoutError:
        raise error(
            f"cannot fetch the metadata: it takes more than {SECONDS} seconds", name
        ) from None
    # A wrong setting for proxies or certificates raises any of these.
    except (httpx.HTTPError, httpx.InvalidURL, ImportError, OSError, ValueError) as problem:
        reason = str(problem) or type(problem).__name__
        raise error(f"cannot fetch the metadata: {reason}", name) from None


async def _download(url: str, name: str, today: str, kept: Kept | None) -> Fetched:
    headers = {"Accept-Encoding": "gzip", **({"If-None-Match": kept.etag} if kept else {})}
    # A limit of httpx is one for each pause: a byte now and then would hold the line for ever.
    async with asyncio.timeout(SECONDS), httpx.AsyncClient(timeout=_PAUSE) as http:
        response = await _follow(http, http.build_request("GET", url, headers=headers), name)
        if response.status_code == 304 and kept:
            how = f"{name} has not changed since it was fetched"
            return Fetched(data=kept.data, name=name, date=today, how=how, etag=kept.etag)
        if response.status_code != 200:
            raise error(f"cannot fetch the metadata: the response is {response.status_code}", name)
        coding = response.headers.get("Content-Encoding", "").lower()
        if coding not in _PLAIN + _GZIP:
            raise error(f"cannot fetch the metadata: it is encoded as {shorten(coding)}", name)
        # Not decoded by httpx, which may make gigabytes of one piece.
        received = bytearray()
        async for piece in response.aiter_raw():
            received += piece
            if len(received) > BYTES:
                raise error(f"the metadata has more than {BYTES} bytes", name)
    data = xml.unpack(bytes(received), name)
    found = response.headers.get("ETag", "")
    return Fetched(
        # A compressed file may come compressed once more.
        data=xml.unpack(data, name) if coding in _GZIP else data,
        name=name,
        date=today,
        how=f"fetched {len(received):,} bytes from {label(str(response.url))}",
        etag=found if ETAG.fullmatch(found) else "",
    )


async def _follow(http: httpx.AsyncClient, request: httpx.Request, name: str) -> httpx.Response:
    """Return the response after all redirects, whose body is not read yet."""
    plain = request.url.scheme == "http" and request.url.host in _HERE
    if not plain and request.url.scheme != "https":
        message = "metadata is fetched by https (by plain http from this machine alone)"
        raise error(message, name)
    for _ in range(REDIRECTS + 1):
        response = await http.send(request, stream=True)
        if response.next_request is None:
            return response
        await response.aclose()
        request = response.next_request
        here = plain and request.url.host in _HERE
        if request.url.scheme != "https" and not here:
            target = shorten(label(str(request.url)))
            raise error(
                f"cannot fetch the metadata: it redirects to {target}, which is not https", name
            )
    raise error(f"cannot fetch the metadata: it redirects more than {REDIRECTS} times", name)
