"""An endpoint as a WSGI application (PEP 3333)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from ..reply import ClientDisconnectedError, Endpoint, Reply, out_of_reach
from ..store import StoreError
from .service import LoopThread

T = TypeVar("T")

CHUNK = 64 * 1024


class WsgiApp:
    """Answers requests to any path; the bot runs in a thread of each process that serves it."""

    def __init__(self, endpoint: Endpoint, thread: LoopThread) -> None:
        self._endpoint = endpoint
        self._thread = thread

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of the kit from a `def` route, such as `app.run(bot.create(call))`.

        Returns what it returns and raises what it raises. Raises RuntimeError in the bot's own event
        loop, where it would wait for itself: await it there.
        """
        return self._thread.run(coroutine)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        """Answer a request."""
        try:
            reply = self._thread.run(self._answer(environ))
        except StoreError as error:
            reply = out_of_reach(error)
        start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", reply.fields())
        return [reply.body]

    async def _answer(self, environ: Mapping[str, Any]) -> Reply:
        try:
            return await self._endpoint.handle(
                environ["REQUEST_METHOD"],
                _headers(environ),
                environ.get("QUERY_STRING", ""),
                _chunks(environ),
            )
        except ClientDisconnectedError:
            return Reply(400)  # nobody reads it, but a server wants an answer


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    """Return the header fields of a request; servers have joined those of one name."""
    named = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            named[name.replace("_", "-").lower()] = environ[name]
    return named


async def _chunks(environ: Mapping[str, Any]) -> AsyncIterator[bytes]:
    """Read the body in a thread of its own, so that a slow client keeps nobody else waiting."""
    length = environ.get("CONTENT_LENGTH") or ""
    left = int(length) if length.isdecimal() else 0
    # https://wsgi.readthedocs.io/en/latest/proposals-2.0.html#making-some-keys-required
    endless = not length and environ.get("wsgi.input_terminated", False)
    limiter = CapacityLimiter(1)
    while endless or left:
        size = CHUNK if endless else min(CHUNK, left)
        try:
            chunk = await run_sync(environ["wsgi.input"].read, size, limiter=limiter)
        except OSError as error:
            raise ClientDisconnectedError from error
        if not chunk:
            if endless:
                return
            raise ClientDisconnectedError
        left -= len(chunk)
        yield chunk
