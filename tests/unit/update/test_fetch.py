"""How metadata is fetched: by https on every hop, in bounded time and memory, and not again without need."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest

from graph_codegen.csdl import xml
from graph_codegen.errors import CodegenError
from graph_codegen.update import fetch
from graph_codegen.update.fetch import Fetched, Kept, fetch_document, label

URL = "https://graph.example/v1.0/$metadata"
TODAY = date(2026, 11, 27)
DATA = b"<edmx:Edmx/> and more"
PACKED = gzip.compress(DATA, mtime=0)


class Pieces(httpx.AsyncByteStream):
    """A body as it comes from a socket, which nothing has decoded."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.data


def ok(data: bytes = DATA, **headers: str) -> httpx.Response:
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(200, headers=spelled, stream=Pieces(data))


def to(url: str) -> httpx.Response:
    return httpx.Response(302, headers={"Location": url})


def fetched(
    responses: Mapping[str, httpx.Response],
    url: str = URL,
    kept: Kept | None = None,
    sent: list[httpx.Request] | None = None,
) -> Fetched:
    """Fetch from servers that have these responses, by address."""

    async def answer(_: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        if sent is not None:
            sent.append(request)
        return responses[str(request.url)]

    with patch.object(httpx.AsyncHTTPTransport, "handle_async_request", answer):
        return fetch_document(url, TODAY, kept)


def refusal(responses: Mapping[str, httpx.Response], url: str = URL) -> str:
    with pytest.raises(CodegenError) as caught:
        fetched(responses, url)
    return str(caught.value)


# -- every hop


@pytest.mark.parametrize(
    "hops",
    [
        (URL, "https://other.example/a"),
        (URL, "https://other.example/a", "https://third.example/b"),
        ("http://localhost/a", "http://127.0.0.1:81/b", "http://[::1]/c"),
        ("http://localhost/a", URL),
    ],
)
def test_redirects_are_followed(hops: tuple[str, ...]) -> None:
    responses = {hop: to(after) for hop, after in pairwise(hops)}
    found = fetched({**responses, hops[-1]: ok()}, hops[0])
    assert (found.data, found.name, found.date) == (DATA, hops[0], "2026-11-27")
    assert found.how == f"fetched 21 bytes from {hops[-1]}"


@pytest.mark.parametrize(
    "hops",
    [
        (URL, "http://graph.example/v1.0"),
        # The last one is safe again, and by then anybody could have chosen it.
        (URL, "http://graph.example/v1.0", "https://graph.example/v1.0"),
        (URL, "https://other.example/a", "http://third.example/b"),
        # A server elsewhere has no business on this machine.
        (URL, "http://localhost/a"),
        ("http://localhost/a", "http://other.example/b"),
        (URL, "ftp://graph.example/a"),
    ],
)
def test_no_hop_is_plain_http(hops: tuple[str, ...]) -> None:
    responses = {hop: to(after) for hop, after in pairwise(hops)}
    plain = next(hop for hop in hops[1:] if not hop.startswith("https:"))
    asked: list[httpx.Request] = []
    with pytest.raises(CodegenError) as caught:
        fetched({**responses, hops[-1]: ok()}, hops[0], sent=asked)
    assert str(caught.value) == (
        f"{hops[0]}: cannot fetch the metadata: it redirects to {plain}, which is not https"
    )
    assert plain not in [str(request.url) for request in asked]


@pytest.mark.parametrize("url", ["http://graph.example/a", "http://localhost.example/a", "http://"])
def test_an_address_is_https(url: str) -> None:
    assert refusal({}, url).endswith("is fetched by https (by plain http from this machine alone)")


def test_redirects_end() -> None:
    message = refusal({URL: to(URL)})
    assert message.endswith(f"it redirects more than {fetch.REDIRECTS} times")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("https://u:p@h/a?key=s#f", "https://h/a"),
        ("https://h?a@b", "https://h"),
        ("https://h/a@b", "https://h/a@b"),
        ("http://[", "http://["),
        ("folder/a?b.xml", "folder/a?b.xml"),
    ],
)
def test_a_label_has_no_secret(source: str, name: str) -> None:
    assert label(source) == name


# -- what is compressed


@pytest.mark.parametrize("document", [DATA, b'{"openapi": "3.0.4"}', b"openapi: 3.0.4\n"])
@pytest.mark.parametrize("file", [lambda data: data, gzip.compress], ids=["plain", "gz"])
@pytest.mark.parametrize("coding", ["", "identity", "gzip", "GZIP", "x-gzip"])
def test_what_gzip_compressed_is_uncompressed(
    document: bytes, file: type[bytes], coding: str
) -> None:
    body = file(document)
    body = gzip.compress(body) if "gzip" in coding.lower() else body
    found = fetched({URL: ok(body, Content_Encoding=coding)})
    assert found.data == document
    assert found.how == f"fetched {len(body)} bytes from {URL}"


def test_a_file_that_gzip_compressed_is_one_too(tmp_path: Path) -> None:
    path = tmp_path / "graph-2026-08-04.csdl.xml.gz"
    path.write_bytes(gzip.compress(DATA))
    found = fetch_document(str(path), TODAY)
    assert (found.data, found.date, found.how) == (DATA, "2026-08-04", "")


LARGEST = 2**20


@pytest.mark.parametrize(("layers", "coding"), [(1, ""), (1, "gzip"), (2, "gzip")])
def test_what_becomes_too_large_takes_no_memory(layers: int, coding: str) -> None:
    """A few hundred bytes that would become 32 MB."""
    bomb = bytes(32 * LARGEST)
    for _ in range(layers):
        bomb = gzip.compress(bomb, 1 if len(bomb) > LARGEST else 9)
    with patch.object(xml, "BYTES", LARGEST), patch.object(fetch, "BYTES", LARGEST):
        tracemalloc.start()
        try:
            message = refusal({URL: ok(bomb, Content_Encoding=coding)})
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert message == f"{URL}: larger than 1 MB"
    assert peak < 8 * LARGEST


@pytest.mark.parametrize(
    ("body", "coding", "message"),
    [
        (DATA, "br", "cannot fetch the metadata: it is encoded as br"),
        (DATA, "gzip, gzip", "cannot fetch the metadata: it is encoded as gzip, gzip"),
        (DATA, "a\x1b" + "b" * 999, "cannot fetch the metadata: it is encoded as a"),
        (PACKED[:-1], "gzip", "the compressed document (gzip) ends early"),
        (PACKED[:-8], "", "the compressed document (gzip) ends early"),
        (PACKED[:-8] + bytes(8), "", "the compressed document (gzip) is damaged"),
        (b"\x1f\x8bnothing", "", "the compressed document (gzip) is damaged"),
        (PACKED * 2, "", "something follows the compressed document (gzip)"),
    ],
)
def test_what_cannot_be_uncompressed_is_refused(body: bytes, coding: str, message: str) -> None:
    found = refusal({URL: ok(body, Content_Encoding=coding)})
    assert found.startswith(f"{URL}: {message}")
    assert found.isprintable()
    assert len(found) < 400


# -- time


@contextmanager
def dripping(first: bytes) -> Iterator[str]:
    """Give the address of a server that begins a response and then sends a byte now and then."""
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                connection.sendall(first)
                while not done.wait(0.02):
                    connection.sendall(b"x")
            except OSError:
                pass  # the reader has heard enough

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        done.set()
        thread.join()
        listener.close()


@pytest.mark.parametrize(
    "first",
    [b"", b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"],
    ids=["status line", "header", "body"],
)
def test_a_byte_now_and_then_does_not_hold_the_line(first: bytes) -> None:
    begun = time.monotonic()
    with (
        dripping(first) as url,
        patch.object(fetch, "SECONDS", 0.3),
        pytest.raises(CodegenError, match=r"cannot fetch the metadata: it takes more than 0\.3 s"),
    ):
        fetch_document(url, TODAY)
    assert time.monotonic() - begun < 10


# -- not again


KEPT = Kept(b"<kept/>", 'W/"1"')


def test_a_document_that_is_kept_is_not_fetched_again() -> None:
    sent: list[httpx.Request] = []
    found = fetched({URL: httpx.Response(304)}, kept=KEPT, sent=sent)
    assert (found.data, found.etag) == (KEPT.data, KEPT.etag)
    assert found.how == f"{URL} has not changed since it was fetched"
    assert sent[0].headers["If-None-Match"] == KEPT.etag


def test_a_document_that_changed_is_fetched() -> None:
    found = fetched({URL: ok(ETag='"2"')}, kept=KEPT)
    assert (found.data, found.etag) == (DATA, '"2"')


def test_nothing_is_kept_without_a_tag() -> None:
    sent: list[httpx.Request] = []
    fetched({URL: ok()}, sent=sent)
    assert "If-None-Match" not in sent[0].headers
    assert refusal({URL: httpx.Response(304)}).endswith("the response is 304")


@pytest.mark.parametrize("etag", ["", "1", '"a', '"a b"', f'"{"a" * 201}"', 'w/"a"'])
def test_what_is_no_entity_tag_is_not_noted(etag: str) -> None:
    assert fetched({URL: ok(ETag=etag)}).etag == ""
