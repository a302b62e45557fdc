"""A fast server that echoes: `python -m tests.client.echo` prints its port.

It runs in a process of its own, because the memory of the client's process is measured.

A created call comes back as it was sent; a call that is read has the id that was asked for.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

STATISTICS = b"/v1.0/communications/calls/statistics"
"""The id of a call whose subject counts connections and requests."""


class Echo(asyncio.Protocol):
    """One connection."""

    connections = 0
    requests = 0
    most = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buffer = b""
        Echo.connections += 1
        Echo.most = max(Echo.most, Echo.connections)

    def connection_lost(self, exc: Exception | None) -> None:
        Echo.connections -= 1

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            _, found, after = head.lower().partition(b"content-length: ")
            length = int(after.partition(b"\r\n")[0]) if found else 0
            if len(self._buffer) < end + 4 + length:
                return
            body = self._buffer[end + 4 : end + 4 + length]
            self._buffer = self._buffer[end + 4 + length :]
            self._transport.write(_answer(head, body))


def _answer(head: bytes, body: bytes) -> bytes:
    Echo.requests += 1
    target = head.split(b" ", 2)[1]
    status = b"201 Created" if body else b"200 OK"
    if target == STATISTICS:
        body = b'{"subject": "%d %d"}' % (Echo.most, Echo.requests)
    elif not body:
        body = b'{"id": "%s"}' % target.rpartition(b"/")[2]
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        status,
        len(body),
        body,
    )


@contextmanager
def echo_server() -> Iterator[int]:
    """Start the server in a process of its own; give its port."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.client.echo"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.terminate()


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve())
