"""Where notifications go that no connected bot takes: an ASGI application, or an address."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic
from typing import Any, Protocol

import httpx
from starlette.types import ASGIApp, Message

from graph_comms.bot.waiting import in_thread

from .addresses import is_callback
from .receivers import MOST, TIMEOUT, Reply


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
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app))
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
        await self._client.aclose()

    async def __call__(self, uri: str, headers: Mapping[str, str], body: bytes) -> Reply | None:
        """Post to the application; what it raises is raised."""
        answer = await self._client.post(uri, headers=dict(headers), content=body)
        return Reply(answer.status_code, answer.content, answer.headers.get("location", ""))

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
