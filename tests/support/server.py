"""A server on raw sockets that follows a script byte by byte, and the httpx transports that lead to it."""

from __future__ import annotations

import json
import select
import socket
import struct
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Self

import httpx

# -- what to do


class Until(Enum):
    """How much of the request is read before anything is done."""

    CONNECTED = auto()
    """Nothing is waited for."""
    NOTHING = auto()
    """The first byte is waited for, but not read."""
    HEADERS = auto()
    END = auto()


class End(Enum):
    """What happens to the connection after the last byte."""

    KEEP = auto()
    CLOSE = auto()
    RESET = auto()
    SILENCE = auto()


@dataclass(frozen=True)
class Step:
    """What to do with one request: send the parts, where a number is a pause in seconds."""

    parts: tuple[bytes | float, ...] = ()
    end: End = End.KEEP
    read: Until = Until.END
    again: bytes = b""
    """What to send over and over after the parts."""


CLOSED = Step(end=End.CLOSE)
"""Read the request, then close the connection."""

RESET_UNREAD = Step(end=End.RESET, read=Until.NOTHING)
"""Reset the connection when the request arrives, as a server that crashes does."""

SILENT = Step(end=End.SILENCE)
"""Read the request, then say nothing."""


def response(status: int | str = 200, body: bytes = b"", *lines: str, length: bool = True) -> bytes:
    """The bytes of a response; `lines` are its header lines."""
    own = [f"Content-Length: {len(body)}"] if length else []
    head = "\r\n".join([f"HTTP/1.1 {status} Words", *own, *lines])
    return head.encode("latin-1") + b"\r\n\r\n" + body


def answer(status: int, body: bytes = b"", *lines: str) -> Step:
    """A whole response, from its header lines."""
    return Step((response(status, body, *lines),))


@dataclass(frozen=True)
class Reply:
    """A response by its headers; ``missing`` bytes are announced after the body and never sent."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    missing: int = 0

    @property
    def step(self) -> Step:
        length = {} if self.status == 204 else {"Content-Length": len(self.body) + self.missing}
        lines = [f"{name}: {value}" for name, value in {**length, **self.headers}.items()]
        data = response(self.status, self.body, *lines, length=False)
        return Step((data,), End.CLOSE if self.missing else End.KEEP)


Played = Step | Reply


def json_reply(status: int, content: Any, **headers: str) -> Reply:
    """A response with a JSON body; underscores in header names stand for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps(content).encode()
    return Reply(status, {"Content-Type": "application/json", **named}, body)


# -- the server


@dataclass(frozen=True)
class Request:
    """A request as far as it was read."""

    method: str
    target: str
    headers: httpx.Headers
    raw: bytes

    @property
    def body(self) -> bytes:
        """The body, without the framing of chunks."""
        rest = self.raw.partition(b"\r\n\r\n")[2]
        return b"".join(_chunks(rest)) if _is_chunked(self.headers) else rest


class GraphServer:
    """Takes one step of its script for each request, and records every request that it reads.

    Requests beyond the script get status 599. If ``well``, they get good answers, which say what was
    asked for: the id is the last part of the path.
    """

    def __init__(self, steps: Iterable[Played] = (), *, well: bool = False) -> None:
        self.requests: list[Request] = []
        self.received: list[bytes] = []
        self._steps: list[Step] = []
        self._well = well
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        # Bound but not listening: connections to it are refused, and nobody else gets the port.
        self._deaf = socket.socket()
        self._deaf.bind(("127.0.0.1", 0))
        self.deaf_port: int = self._deaf.getsockname()[1]
        self.play(*steps)

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        with suppress(OSError):  # closing alone does not wake the thread that waits in `accept`
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._deaf.close()

    def play(self, *steps: Played) -> None:
        """Add steps to the script."""
        with self._lock:
            self._steps += (step.step if isinstance(step, Reply) else step for step in steps)

    def forget(self) -> None:
        """Drop the rest of the script."""
        self._steps.clear()

    @property
    def everything(self) -> bytes:
        """All bytes that were read."""
        return b"".join(self.received)

    def methods(self, method: str) -> int:
        """How many requests of a method reached this server."""
        return sum(request.method == method for request in self.requests)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        # The server does not care what a faulty client does to a connection.
        with connection, suppress(OSError, ValueError):
            while self._turn(connection) and connection.recv(1, socket.MSG_PEEK):
                pass

    def _turn(self, connection: socket.socket) -> bool:
        """Take one step; False where the connection is to be closed."""
        with self._lock:
            step = self._steps.pop(0) if self._steps else None
        request = self._read(connection, step.read if step else Until.END)
        if step is None:
            assert request is not None
            connection.sendall(_good(request) if self._well else _UNSCRIPTED)
            return True
        self._send(connection, step)
        if step.end is End.RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if step.end is End.SILENCE:
            _wait_until_left(connection, self._stopping)
        return step.end is End.KEEP

    def _send(self, connection: socket.socket, step: Step) -> None:
        for part in step.parts:
            if isinstance(part, bytes):
                connection.sendall(part)
            else:
                time.sleep(part)
        while step.again and not self._stopping.is_set():
            connection.sendall(step.again)

    def _read(self, connection: socket.socket, until: Until) -> Request | None:
        if until is Until.CONNECTED:
            return None
        if until is Until.NOTHING:
            connection.recv(1, socket.MSG_PEEK)
            return None
        raw = _until_blank_line(connection)
        method, target, _ = raw.split(b"\r\n", 1)[0].decode("latin-1").split()
        lines = [line.partition(b":")[::2] for line in raw.split(b"\r\n")[1:] if line]
        headers = httpx.Headers([(name, value.strip()) for name, value in lines])
        if until is Until.END and _is_chunked(headers):
            raw += _until_last_chunk(connection)
        elif until is Until.END:
            raw += _exactly(connection, int(headers.get("content-length", 0)))
        request = Request(method, target, headers, bytes(raw))
        with self._lock:
            self.received.append(request.raw)
            self.requests.append(request)
        return request


def _until_blank_line(connection: socket.socket) -> bytes:
    """Read the head of a request, and nothing of what follows it."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        waiting = connection.recv(65_536, socket.MSG_PEEK)
        if not waiting:
            raise ConnectionError
        end = (head + waiting).find(b"\r\n\r\n")
        head += connection.recv(len(waiting) if end < 0 else end + 4 - len(head))
    return head


def _exactly(connection: socket.socket, size: int) -> bytes:
    read = bytearray()
    while len(read) < size:
        piece = connection.recv(min(size - len(read), 65_536))
        if not piece:
            raise ConnectionError
        read += piece
    return bytes(read)


def _is_chunked(headers: httpx.Headers) -> bool:
    return bool(headers.get("transfer-encoding", "").lower() == "chunked")


def _until_last_chunk(connection: socket.socket) -> bytes:
    """Read a body in chunks, without extensions and trailers (RFC 9112, 7.1)."""
    read = bytearray()
    while True:
        line = bytearray()
        while not line.endswith(b"\r\n"):
            line += _exactly(connection, 1)
        size = int(line, 16)
        read += line + _exactly(connection, size + 2)
        if size == 0:
            return bytes(read)


def _chunks(body: bytes) -> Iterator[bytes]:
    while body:
        line, _, body = body.partition(b"\r\n")
        size = int(line, 16)
        yield body[:size]
        body = body[size + 2 :]


def _wait_until_left(connection: socket.socket, stopping: threading.Event) -> None:
    while not stopping.is_set():
        readable, _, _ = select.select([connection], [], [], 0.05)
        if readable and not connection.recv(1, socket.MSG_PEEK):
            return


_UNSCRIPTED = response(599, b"the script has no step for this request")


def _good(request: Request) -> bytes:
    name = request.target.partition("?")[0].rpartition("/")[2]
    if name == "content":
        return response(200, b"content")
    body = json.dumps({"id": name, "value": [{"id": name}]}).encode()
    return response(
        201 if request.method == "POST" else 200, body, "Content-Type: application/json"
    )


# -- transports


def aimed(request: httpx.Request, port: int) -> httpx.Request:
    """Return the same request, for a local port."""
    return httpx.Request(
        request.method,
        request.url.copy_with(scheme="http", host="127.0.0.1", port=port),
        headers=request.headers,
        stream=request.stream,
        extensions=request.extensions,
    )


class _Route:
    """Leads requests to the servers of their hosts, but the first ones to where nobody listens."""

    def __init__(self, servers: Mapping[str, GraphServer], refusals: int) -> None:
        self.urls: list[str] = []
        self._servers = servers
        self._refusals = refusals

    def aim(self, request: httpx.Request) -> httpx.Request:
        self.urls.append(str(request.url))
        server = self._servers.get(request.url.host)
        if server is None:
            raise httpx.ConnectError(f"this test has no {request.url.host}", request=request)
        refused = len(self.urls) <= self._refusals
        return aimed(request, server.deaf_port if refused else server.port)


class Leading(httpx.BaseTransport):
    """Sends every request where its route leads, and keeps the addresses."""

    def __init__(self, route: _Route) -> None:
        self.urls = route.urls
        self._route = route
        self._inner = httpx.HTTPTransport(verify=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._inner.handle_request(self._route.aim(request))

    def close(self) -> None:
        self._inner.close()


class AsyncLeading(httpx.AsyncBaseTransport):
    """``Leading`` for asyncio."""

    def __init__(self, route: _Route) -> None:
        self.urls = route.urls
        self._route = route
        self._inner = httpx.AsyncHTTPTransport(verify=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._inner.handle_async_request(self._route.aim(request))

    async def aclose(self) -> None:
        await self._inner.aclose()


def leading(flavour: str, servers: Mapping[str, GraphServer], *, refusals: int = 0) -> Any:
    """Return a transport that leads each host to its own server; other hosts cannot be reached.

    The first ``refusals`` connections are refused.
    """
    route = _Route(servers, refusals)
    return Leading(route) if flavour == "sync" else AsyncLeading(route)
