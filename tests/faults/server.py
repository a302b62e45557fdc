"""A server on raw sockets that does what a script says, byte by byte, and counts what reaches it."""

from __future__ import annotations

import json
import select
import socket
import struct
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Self

import httpx


class Until(Enum):
    """How much of the request is read before anything is done."""

    CONNECTED = auto()
    """Not even a byte is waited for."""
    NOTHING = auto()
    """The first byte is waited for, and not read."""
    HEADERS = auto()
    END = auto()


class End(Enum):
    """What becomes of the connection after the last byte."""

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
    """What to send without end after the parts."""


def response(status: int | str = 200, body: bytes = b"", *lines: str, length: bool = True) -> bytes:
    """The bytes of a response; `lines` are its header lines."""
    own = [f"Content-Length: {len(body)}"] if length else []
    head = "\r\n".join([f"HTTP/1.1 {status} Words", *own, *lines])
    return head.encode("latin-1") + b"\r\n\r\n" + body


def answer(status: int, body: bytes = b"", *lines: str) -> Step:
    """A whole response."""
    return Step((response(status, body, *lines),))


@dataclass(frozen=True)
class Request:
    """A request as far as it was read."""

    method: str
    target: str
    headers: httpx.Headers
    raw: bytes


class FaultServer:
    """Takes one step for each request; when there are none left, answers every request well.

    A good answer says what was asked for: its id is the last part of the path.
    """

    def __init__(self, steps: Iterable[Step] = ()) -> None:
        self.requests: list[Request] = []
        self.received: list[bytes] = []
        self._steps = list(steps)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        with suppress(OSError):  # closing alone does not wake who waits in `accept`
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def play(self, *steps: Step) -> None:
        """Add steps to the script."""
        self._steps += steps

    def forget(self) -> None:
        """Drop the rest of the script: every further request is answered well."""
        self._steps.clear()

    @property
    def everything(self) -> bytes:
        """All bytes that came, whole requests or not."""
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
        # What a faulty peer does to a connection is no concern of the server's.
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
            connection.sendall(_good(request))
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
        missing = int(headers.get("content-length", 0)) if until is Until.END else 0
        while missing:
            piece = connection.recv(min(missing, 65_536))
            if not piece:
                raise ConnectionError
            raw += piece
            missing -= len(piece)
        request = Request(method, target, headers, bytes(raw))
        with self._lock:
            self.received.append(request.raw)
            self.requests.append(request)
        return request


def _until_blank_line(connection: socket.socket) -> bytes:
    """Take the head of a request, and nothing of what follows it."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        waiting = connection.recv(65_536, socket.MSG_PEEK)
        if not waiting:
            raise ConnectionError
        end = (head + waiting).find(b"\r\n\r\n")
        head += connection.recv(len(waiting) if end < 0 else end + 4 - len(head))
    return head


def _wait_until_left(connection: socket.socket, stopping: threading.Event) -> None:
    while not stopping.is_set():
        readable, _, _ = select.select([connection], [], [], 0.05)
        if readable and not connection.recv(1, socket.MSG_PEEK):
            return


def _good(request: Request) -> bytes:
    name = request.target.partition("?")[0].rpartition("/")[2]
    if name == "content":
        return response(200, b"content")
    body = json.dumps({"id": name, "value": [{"id": name}]}).encode()
    return response(
        201 if request.method == "POST" else 200, body, "Content-Type: application/json"
    )
