"""A server that takes what is posted to it, without any framework."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Taken:
    """A request that came."""

    target: str
    headers: dict[str, str]
    body: bytes


Answer = tuple[int, dict[str, str], bytes]


def accept(taken: Taken) -> Answer:
    """Answer 202, and a validation with its token."""
    query = parse_qs(urlsplit(taken.target).query)
    if "validationToken" in query:
        return 200, {"content-type": "text/plain"}, query["validationToken"][0].encode()
    return 202, {}, b""


@dataclass
class Listener:
    """What has come, and the origin that it came to."""

    origin: str = ""
    taken: list[Taken] = field(default_factory=list[Taken])

    async def first(self) -> Taken:
        """Return the first request, once it has come."""
        async with asyncio.timeout(10):
            while not self.taken:
                await asyncio.sleep(0.02)
        return self.taken[0]


@asynccontextmanager
async def listening(
    answer: Callable[[Taken], Answer] = accept, port: int = 0
) -> AsyncGenerator[Listener]:
    """Listen on this machine, as long as the context lasts."""
    listener = Listener()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *fields = head.strip().split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        taken = Taken(line.split()[1], headers, body)
        listener.taken.append(taken)
        status, told, content = answer(taken)
        told = {**told, "content-length": str(len(content)), "connection": "close"}
        written = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        writer.write(f"HTTP/1.1 {status} OK\r\n{written}\r\n".encode() + content)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(take, "127.0.0.1", port) as server:
        port = server.sockets[0].getsockname()[1]
        listener.origin = f"http://127.0.0.1:{port}"
        yield listener
