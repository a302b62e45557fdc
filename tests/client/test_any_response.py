"""Whatever a server answers, a method returns or raises a GraphError, and no message quotes the body.

`make test-thorough` tries thousands.
"""

from __future__ import annotations

import gc
import gzip
import json
import socket
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Thread
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graph_comms import GraphError, GraphTransportError, RetryPolicy
from tests.client.faces import FLAVOURS, Client, Direct
from tests.support.examples import examples
from tests.support.server import End, GraphServer, Step, response

PRIVATE = "private-words-5b1d"
SHOWN = ("code", "errorCode", "message", "request-id", "client-request-id")
"""The members of an error that its text shows."""

# -- bodies

texts = st.sampled_from(
    [PRIVATE, "", "\0", "\ud800", "2026-01-31T10:00:00Z", "PT1H", "established"]
)
numbers = st.sampled_from([0, -1, 8522, 2**70, 10**400, 1.5, float("nan"), float("inf")])
links = st.sampled_from(
    [
        "https://graph.microsoft.com/v1.0/communications/calls?$skiptoken=1",
        "https://evil.example/v1.0/communications/calls",
        "https://graph.microsoft.com:x/v1.0",
        "https://[::1/v1.0",
        "http://graph.microsoft.com/v1.0/communications/calls",
        "//evil.example",
        "/v1.0/communications/calls",
        "https://graph.microsoft.com/\0",
        "\ud800",
        "",
    ]
)
scalars = st.none() | st.booleans() | numbers | texts
OTHERS = "id value state error innerError innererror details date target source subject x.y"
keys = st.sampled_from(["", "@odata.type", "@odata.count", *OTHERS.split(), *SHOWN])


def told(key: str, value: Any) -> Any:
    """Return a value without the private words where an error may well show it."""
    return "words" if key in SHOWN and isinstance(value, str) else value


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(keys, inner, max_size=4).map(
        lambda found: {key: told(key, value) for key, value in found.items()}
    )


values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | objects(inner), max_leaves=8
)
pages = st.builds(
    lambda items, link, delta: {"value": items, "@odata.nextLink": link, "@odata.deltaLink": delta},
    values | st.lists(objects(values), max_size=3),
    links | scalars,
    links | scalars,
)
failures = st.builds(
    lambda error, hidden: {"error": {**error, "message": hidden}},
    objects(values),
    objects(values).map(lambda found: json.dumps(found).replace(PRIVATE, "words"))
    | st.sampled_from(["words", "[" * 10_000, '{"code": ']),
)
documents = (values | objects(values) | pages | failures).map(json.dumps)
encoded = st.builds(
    lambda text, coding: text.encode(coding, "surrogatepass"),
    documents,
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32-be", "latin-1"]),
)
garbage = st.sampled_from(
    [
        b"",
        b"<html>" + PRIVATE.encode() + b"</html>",
        b'{"id": "1", "id": "2"}',
        b'{"x": ' + b"9" * 5_000 + b"}",
        b"[" * 100_000,
        b'{"x":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"id": "\xff\xfe' + PRIVATE.encode() + b'"}',
        b'{"error": {"code": "c", "message": "\xff"}}',
    ]
) | st.binary(max_size=40)
codings = st.sampled_from(
    [bytes, bytes, bytes, gzip.compress, zlib.compress, lambda data: gzip.compress(data)[:-3]]
)
bodies = st.builds(lambda code, body: code(body), codings, encoded | garbage)

# -- heads

LINES = [
    "Content-Type: application/json",
    "Content-Type: text/html; charset=utf-7",
    "Content-Type: \xff\xfe",
    "Content-Encoding: gzip",
    "Content-Encoding: deflate",
    "Content-Encoding: br",
    "Content-Encoding: zstd, gzip",
    "Content-Encoding: \xe9",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: identity",
    "Content-Length: 5",
    "Content-Length: 999",
    "Content-Length: -1",
    "Retry-After: 1",
    "Retry-After: never",
    "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT",
    "Retry-After: 9 May 99999 99:99:99 +9999",
    "Retry-After: \xb2",
    "Location: https://evil.example/x",
    "Location: https://[::1/x",
    "Location: https://[::1]x/",
    "Location: https://graph.microsoft.com:99999/",
    "Location: //",
    "Location: ?",
    "Location: \xe9\x7f",
    "Location: https://\u2100.example/".encode().decode("latin-1"),
    "Location: https://xn--/",
    "Location: mailto:a@evil.example",
    "Location: https:///x",
    "request-id: \x1b[31m\xff",
    "Date: never",
    "Set-Cookie: a=b; expires=never; max-age=x; domain=\xe9; version=x; port=x",
    "WWW-Authenticate: Bearer claims=\xff",
    "Connection: close",
    "Upgrade: h2c",
    "X: " + "x" * 70_000,
    " folded",
    "no colon",
    ": no name",
]
lines = st.lists(st.sampled_from(LINES), max_size=4)
statuses = st.sampled_from(
    [200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 429, 500, 503]
)
any_status = statuses | st.integers(0, 1_100) | st.sampled_from(["", "2 00", "\xb2\xb2\xb2"])
before = st.sampled_from(
    [b""] * 5 + [b"HTTP/1.1 103 Early\r\nLink: </x>\r\n\r\n" * 50, b"HTTP/1.1 100\r\n\r\n", b"\r\n"]
)

well_formed = st.builds(
    lambda status, body, lines, length: response(status, body, *lines, length=length),
    any_status, bodies, lines, st.booleans(),
)  # fmt: skip


@st.composite
def responses(draw: st.DrawFn) -> bytes:
    """Return what a server sends, which may be damaged anywhere."""
    whole = bytearray(draw(before) + draw(well_formed))
    if draw(st.integers(0, 3)) == 0:
        start = draw(st.integers(0, len(whole)))
        end = min(len(whole), start + draw(st.integers(0, 5)))
        whole[start:end] = draw(st.binary(max_size=4))
    return bytes(whole)


# -- calls

CALLS: dict[str, Callable[[Client], Any]] = {
    "a get": Client.get,
    "a create": Client.create,
    "an update": Client.update,
    "pages": Client.ids,
    "a count": lambda client: client.call("calls.count"),
    "content": Client.content,
    "a stream": Client.stream,
    "a write": lambda client: client.call("online_meetings.recordings.put_content", "m", "r", b"x"),
}


@pytest.fixture(scope="module", params=FLAVOURS)
def client(request: pytest.FixtureRequest) -> Iterator[tuple[Client, GraphServer]]:
    with GraphServer() as server:
        others = {"evil.example": server}
        once = RetryPolicy(max_retries=0)
        with Client(request.param, server, others=others, retry=once) as client:
            yield client, server


def check_privacy(error: BaseException | None) -> None:
    """Assert that neither an error nor what it was raised from quotes the body."""
    while error is not None:
        assert PRIVATE not in " ".join([str(error), repr(error), *map(repr, error.args)])
        error = error.__cause__ or error.__context__


@examples(150, 5_000)
@given(data=responses(), call=st.sampled_from(sorted(CALLS)))
def test_any_response(client: tuple[Client, GraphServer], data: bytes, call: str) -> None:
    face, server = client
    server.forget()
    server.play(*[Step((data,), End.CLOSE)] * 3)
    try:
        CALLS[call](face)
    except GraphError as error:
        check_privacy(error)


# -- proxies

SOCKS = [
    b"",
    b"\x05",
    b"\x05\x00",
    b"\x05\x02",
    b"\x05\x07",
    b"\x05\xff",
    b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x50",
    b"\x05\x00\x00\x03\xff\x00\x50",
    b"\x05\x01\x00\x01\x00\x00\x00\x00\x00\x50",
]


@pytest.fixture(scope="module")
def proxy() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def collected() -> Iterator[None]:
    """Collect what httpcore leaves open where a SOCKS proxy fails: no later test must see it."""
    yield
    gc.collect()


def proxied(flavour: str, listener: socket.socket, scheme: str, *answers: bytes) -> None:
    """Call a method through a proxy that gives an answer to each thing that it is sent.

    It closes the connection instead of waiting for long, as the client waits for it then.
    """

    def serve() -> None:
        connection, _ = listener.accept()
        connection.settimeout(0.1)
        with connection, suppress(OSError):
            for data in answers:
                connection.recv(4_096)
                connection.sendall(data)

    thread = Thread(target=serve)
    thread.start()
    address = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
    once = RetryPolicy(max_retries=0)
    with Direct(flavour, "https://graph.microsoft.com/v1.0", proxy=address, retry=once) as client:
        with pytest.raises(GraphTransportError) as caught:
            client.get()
        check_privacy(caught.value)
    thread.join()


@pytest.mark.parametrize("flavour", FLAVOURS)
@examples(30, 1_000)
@given(
    data=responses(), more=st.sampled_from([b"", PRIVATE.encode(), b"\x15\x03\x01\x00\x02\x02\x46"])
)
@example(data=response(407, PRIVATE.encode()), more=b"")
def test_any_answer_of_a_proxy(
    flavour: str, proxy: socket.socket, data: bytes, more: bytes
) -> None:
    proxied(flavour, proxy, "http", data, more)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.usefixtures("collected")
@pytest.mark.parametrize("flavour", FLAVOURS)
@examples(25, 1_000)
@given(
    first=st.sampled_from(SOCKS) | st.binary(max_size=4),
    second=st.sampled_from(SOCKS) | st.binary(max_size=12),
)
@example(first=b"HTTP/1.1 400 " + PRIVATE.encode(), second=b"")
@example(first=SOCKS[2], second=PRIVATE.encode())
def test_any_answer_of_a_socks_proxy(
    flavour: str, proxy: socket.socket, first: bytes, second: bytes
) -> None:
    proxied(flavour, proxy, "socks5", first, second)
