"""Stands in front of a server on this machine: as its TLS, as a proxy that makes tunnels, or as both.

`server.pem` is the key and the certificate of localhost and graph.microsoft.com, by the authority of
`authority.pem`, which nobody else trusts. They are from 2020 to 2120, and protect nothing.
"""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

HERE = Path(__file__).parent


def trusting() -> ssl.SSLContext:
    """Return a context for clients that trusts the authority of the tests, and no other."""
    return ssl.create_default_context(cafile=HERE / "authority.pem")


class Relay:
    """Passes on what each of its connections sends to a port of this machine, and the answers.

    As `Relay(port, tls=True)` it speaks TLS to its clients. A `proxy` first reads a request for a
    tunnel, and leads it to the port, whatever host it asks for.
    """

    def __init__(self, port: int, *, tls: bool = False, proxy: bool = False) -> None:
        self.connections = 0
        self.tunnels: list[bytes] = []
        """The requests for tunnels."""
        self.carried = b""
        """What the clients sent, as far as this relay understands it."""
        self._target = port
        self._proxy = proxy
        self._context: ssl.SSLContext | None = None
        if tls:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(HERE / "server.pem")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with suppress(OSError), plain:
            if self._proxy:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += plain.recv(1) or b"\r\n\r\n"
                self.tunnels.append(head)
                plain.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            client = self._context.wrap_socket(plain, server_side=True) if self._context else plain
            with client, socket.create_connection(("127.0.0.1", self._target)) as server:
                threading.Thread(target=self._back, args=(server, client), daemon=True).start()
                while data := client.recv(65_536):
                    self.carried += data
                    server.sendall(data)

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65_536):
                client.sendall(data)
