"""A scripted HTTP server on a real socket, and the httpx transports which lead to it."""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Protocol, Self

import httpx


@dataclass(frozen=True)
class Recorded:
    """A request as it came over the socket."""

    method: str
    target: str
    headers: httpx.Headers
    body: bytes


@dataclass(frozen=True)
class Reply:
    """A response to play; ``missing`` bytes are announced after the body and never sent."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    missing: int = 0

    def encode(self) -> bytes:
        length = {} if self.status == 204 else {"Content-Length": len(self.body) + self.missing}
        lines = [f"{name}: {value}\r\n" for name, value in {**length, **self.headers}.items()]
        head = f"HTTP/1.1 {self.status} Scripted\r\n{''.join(lines)}\r\n"
        return head.encode("latin-1") + self.body


class Fault(Enum):
    """What to do instead of responding."""

    CLOSE_UNREAD = auto()
    """Close the connection when the request arrives, without reading it."""
    CLOSE = auto()
    """Read the request, then close the connection."""
    HANG = auto()
    """Read the request, then stay silent."""


Step = Reply | Fault
_UNSCRIPTED = Reply(599, body=b"the script has no step for this request")


def json_reply(status: int, content: Any, **headers: str) -> Reply:
    """A response with a JSON body; underscores in header names stand for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps(content).encode()
    return Reply(status, {"Content-Type": "application/json", **named}, body)


class GraphServer:
    """Plays one step of its script for each request, and records every request it reads."""

    def __init__(self) -> None:
        self.requests: list[Recorded] = []
        self._script: list[Step] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        owner = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                owner._serve(self.request)

        class Server(socketserver.ThreadingTCPServer):
            request_queue_size = 128
            daemon_threads = True
            block_on_close = False

        self._tcp = Server(("127.0.0.1", 0), Handler)
        self.port: int = self._tcp.server_address[1]
        # Bound but not listening: connections to it are refused, and nobody else gets it.
        self._deaf = socket.socket()
        self._deaf.bind(("127.0.0.1", 0))
        self.deaf_port: int = self._deaf.getsockname()[1]
        self._thread = threading.Thread(
            target=self._tcp.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def play(self, *steps: Step) -> None:
        """Add steps to the script."""
        with self._lock:
            self._script += steps

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._tcp.shutdown()
        self._tcp.server_close()
        self._deaf.close()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            try:
                while connection.recv(1, socket.MSG_PEEK):
                    if not self._turn(connection, stream):
                        return
            except ConnectionError:
                return

    def _turn(self, connection: socket.socket, stream: Any) -> bool:
        """Play one step; False where the connection is to be closed."""
        with self._lock:
            step = self._script.pop(0) if self._script else _UNSCRIPTED
        if step is Fault.CLOSE_UNREAD:
            # Reset instead of an orderly end, as a server that crashes does.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        with self._lock:
            self.requests.append(_read(stream))
        if step is Fault.HANG:
            self._stopping.wait()
        if isinstance(step, Fault):
            return False
        connection.sendall(step.encode())
        return not step.missing


def _read(stream: Any) -> Recorded:
    method, target, _ = stream.readline().decode("latin-1").split()
    headers = httpx.Headers(list(_header_lines(stream)))
    body = stream.read(int(headers.get("content-length", 0)))
    return Recorded(method, target, headers, body)


def _header_lines(stream: Any) -> Iterator[tuple[bytes, bytes]]:
    while line := stream.readline().rstrip(b"\r\n"):
        name, _, value = line.partition(b":")
        yield name, value.strip()


def aimed(request: httpx.Request, port: int) -> httpx.Request:
    """The same request, for a local port."""
    return httpx.Request(
        request.method,
        request.url.copy_with(scheme="http", host="127.0.0.1", port=port),
        headers=request.headers,
        stream=request.stream,
        extensions=request.extensions,
    )


class _Aim:
    """Re-targets requests to the server, but the first ``refusals`` to where nobody listens."""

    def __init__(self, server: GraphServer, refusals: int) -> None:
        self.urls: list[str] = []
        self._server = server
        self._refusals = refusals

    def at(self, request: httpx.Request) -> httpx.Request:
        self.urls.append(str(request.url))
        refused = len(self.urls) <= self._refusals
        port = self._server.deaf_port if refused else self._server.port
        return aimed(request, port)


class _Leading(httpx.BaseTransport):
    """Sends every request as ``at`` says."""

    def __init__(self, at: Callable[[httpx.Request], httpx.Request]) -> None:
        self._at = at
        self._inner = httpx.HTTPTransport(verify=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._inner.handle_request(self._at(request))

    def close(self) -> None:
        self._inner.close()


class _AsyncLeading(httpx.AsyncBaseTransport):
    """``_Leading`` for asyncio."""

    def __init__(self, at: Callable[[httpx.Request], httpx.Request]) -> None:
        self._at = at
        self._inner = httpx.AsyncHTTPTransport(verify=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._inner.handle_async_request(self._at(request))

    async def aclose(self) -> None:
        await self._inner.aclose()


class Retarget(_Leading):
    """Leads every request to the server, whatever host it is for."""

    def __init__(self, server: GraphServer, *, refusals: int = 0) -> None:
        self.aim = _Aim(server, refusals)
        super().__init__(self.aim.at)


class AsyncRetarget(_AsyncLeading):
    """``Retarget`` for asyncio."""

    def __init__(self, server: GraphServer, *, refusals: int = 0) -> None:
        self.aim = _Aim(server, refusals)
        super().__init__(self.aim.at)


class Listening(Protocol):
    """A server on a local port."""

    port: int


def hosts(flavour: str, servers: Mapping[str, Listening]) -> Any:
    """A transport that leads each host to a server of its own; no other can be reached."""

    def at(request: httpx.Request) -> httpx.Request:
        server = servers.get(request.url.host)
        if server is None:
            raise httpx.ConnectError(f"nobody may ask {request.url.host}", request=request)
        return aimed(request, server.port)

    return _Leading(at) if flavour == "sync" else _AsyncLeading(at)
