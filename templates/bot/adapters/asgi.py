"""An endpoint as an ASGI application.

Source: https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any, NoReturn, overload

from ..reply import ClientDisconnectedError, Endpoint, join_fields
from ..telemetry import get_logger
from .service import Service

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_logger = get_logger(__name__)


class AsgiApp:
    """Answers requests to any path; as the whole application it starts and stops the bot as well."""

    def __init__(self, endpoint: Endpoint, service: Service) -> None:
        self._endpoint = endpoint
        self._service = service

    @overload
    async def __call__(self, scope: Message, receive: Receive, send: Send, /) -> None: ...

    # Starlette's `add_route` takes an ASGI application, but is typed for functions of a request only.
    @overload
    async def __call__(self, request: Any, /) -> NoReturn: ...

    async def __call__(self, *arguments: Any) -> None:
        """Serve a connection, or the life of the application."""
        scope, receive, send = arguments
        match scope["type"]:
            case "http":
                await self._answer(scope, receive, send)
            case "lifespan":
                await self._live(receive, send)
            case _:
                await send({"type": "websocket.close"})

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        fields = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
        ]
        query = scope["query_string"].decode("latin-1")
        try:
            reply = await self._endpoint.handle(
                scope["method"], join_fields(fields), query, _chunks(receive)
            )
        except ClientDisconnectedError:
            return
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in reply.fields()
        ]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    async def _live(self, receive: Receive, send: Send) -> None:
        stage = "startup"
        await receive()
        try:
            async with self._service:
                await send({"type": "lifespan.startup.complete"})
                await receive()
                stage = "shutdown"
        except Exception as error:
            _logger.exception("the bot failed at %s", stage)
            await send({"type": f"lifespan.{stage}.failed", "message": type(error).__name__})
        else:
            await send({"type": "lifespan.shutdown.complete"})


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnectedError
        yield message.get("body", b"")
        more = message.get("more_body", False)
