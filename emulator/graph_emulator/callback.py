"""Where notifications go that no connected bot takes: an ASGI application, or an address."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from time import monotonic
from typing import Any, Protocol

import httpx
from starlette.types import ASGIApp, Message

from graph_comms.bot.waiting import in_thread

from .addresses import is_callback
from .receivers import MOST, TIMEOUT, Reply

INTERNAL_SERVER_ERROR = 500


class Callback(Protocol):
    """Takes notifications between its start and its stop."""

    async def start(self) -> None:
        """Get ready; raises RuntimeError if that fails."""
        ...

    async def stop(self) -> None:
        """Take no more."""
        ...

    async def __call__(self, uri: str, headers: Mapping[str, str], body: bytes, /) -> Reply | None:
        """Return the answer; None if there was none."""
        ...


class AsgiCallback:
    """Posts to an application in this process, at path and query of the callbackUri; runs its lifespan."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._lifespan: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the application; raises RuntimeError if it says that it has failed."""
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message | None] = asyncio.Queue()
        self._lifespan = asyncio.create_task(self._live())
        await self._ask("startup")

    async def stop(self) -> None:
        """Stop the application; raises RuntimeError if it says that it has failed."""
        await self._ask("shutdown")
        if self._lifespan is not None:
            await self._lifespan

    async def __call__(self, uri: str, headers: Mapping[str, str], body: bytes) -> Reply | None:
        """Post to the application; what it raises is raised."""
        exchange = _Exchange(body)
        await self._app(_scope(uri, headers, body), exchange.receive, exchange.send)
        return exchange.reply()

    async def _live(self) -> None:
        scope: dict[str, Any] = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        with suppress(Exception):  # an application without a lifespan may raise: so says ASGI
            await self._app(scope, self._to_app.get, self._from_app.put)
        await self._from_app.put(None)

    async def _ask(self, what: str) -> None:
        if self._lifespan is None or self._lifespan.done():
            return
        await self._to_app.put({"type": f"lifespan.{what}"})
        answer = await self._from_app.get()
        if answer is not None and answer["type"] == f"lifespan.{what}.failed":
            raise RuntimeError(f"the application's {what} failed: {answer.get('message', '')}")


class _Exchange:
    """One request to an ASGI application: what it receives, and what it sends."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self._status = INTERNAL_SERVER_ERROR  # what servers answer for an application that does not
        self._headers: dict[bytes, bytes] = {}
        self._answer = bytearray()
        self._answered = asyncio.Event()

    async def receive(self) -> Message:
        """Return the body, and once that has been answered, that the client has gone."""
        body, self._body = self._body, None
        if body is None:
            await self._answered.wait()
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Take a part of the answer."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = {name.lower(): value for name, value in message.get("headers", ())}
        elif message["type"] == "http.response.body":
            self._answer += message.get("body", b"")
            if not message.get("more_body", False):
                self._answered.set()

    def reply(self) -> Reply:
        """Return the answer."""
        location = self._headers.get(b"location", b"").decode("latin-1")
        return Reply(self._status, bytes(self._answer), location)


_parsed = lru_cache(1_000)(httpx.URL)
"""Takes an address apart; most are posted to again and again."""


def _scope(uri: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Return what ASGI says of a request, as a server would."""
    url = _parsed(uri)
    sent = {"host": url.netloc.decode(), "content-length": str(len(body)), **headers}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.raw_path.partition(b"?")[0],
        "query_string": url.query,
        "root_path": "",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
        "client": ("127.0.0.1", 123),
        "server": (url.host, url.port),
    }


class HttpCallback:
    """Posts to one address, whatever the callbackUri is; virtual time stands still meanwhile."""

    def __init__(self, url: str) -> None:
        """Take an address. Raises ValueError for what is none."""
        if not is_callback(url):
            raise ValueError("callback must be an address such as http://127.0.0.1:8000/api/calls")
        self.url = url
        self._client = httpx.Client(trust_env=False, timeout=TIMEOUT)

    async def start(self) -> None:
        """Do nothing: somebody else has started the server, or will."""

    async def stop(self) -> None:
        """Close the connections."""
        self._client.close()

    async def __call__(self, uri: str, headers: Mapping[str, str], body: bytes) -> Reply | None:
        """Post to the address; return None where nobody answers."""
        loop = asyncio.get_running_loop()
        with in_thread():
            return await loop.run_in_executor(None, self._post, dict(headers), body)

    def _post(self, headers: dict[str, str], body: bytes) -> Reply | None:
        read, end = bytearray(), monotonic() + TIMEOUT
        try:
            with self._client.stream("POST", self.url, headers=headers, content=body) as answer:
                for piece in answer.iter_bytes():
                    read += piece
                    if len(read) > MOST or monotonic() > end:
                        return None
        except httpx.HTTPError:
            return None
        return Reply(answer.status_code, bytes(read), answer.headers.get("location", ""))
