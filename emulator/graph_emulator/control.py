"""The routes below `/_emulator/`, by which a page or a program sees what happens and lets people act.

All but the documents that a bot needs to verify notifications, and the files of the page, want the token that
the server prints when it starts.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from graph_comms.bot.json_values import Json, object_of

from .acts import ActError, Acts
from .events import Events
from .json_text import parsed_json
from .reading import BodyError, read_body

PREFIX = "/_emulator/"

OPEN = frozenset(f"{PREFIX}{name}" for name in ("openid", "keys", "page.js", "page.css"))
"""The routes that want no token."""

AT_ONCE = 200
"""How many events are written at a time."""

IDLE = 15.0
"""After how many seconds without an event a blank line is sent: the connection is not dead."""


class Control:
    """What the routes do: on the events and acts of one server, for who has its token."""

    def __init__(
        self,
        events: Events,
        acts: Acts,
        *,
        reset: Callable[[], None],
        info: Callable[[], dict[str, Json]],
    ) -> None:
        self.token = secrets.token_urlsafe(24)
        self._events = events
        self._acts = acts
        self._reset = reset
        self._info = info
        self._closed = False
        self._waiting: set[asyncio.Event] = set()

    def close(self) -> None:
        """End the streams of events: the server stops."""
        self._closed = True
        for waiting in self._waiting:
            waiting.set()

    def admits(self, authorization: str) -> bool:
        """Whether an Authorization header has the token."""
        scheme, _, token = authorization.partition(" ")
        given = token.strip().encode()
        return scheme.lower() == "bearer" and secrets.compare_digest(given, self.token.encode())

    def control_routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(f"{PREFIX}events", self._stream),
            Route(f"{PREFIX}acts", self._perform, methods=["POST"]),
            Route(f"{PREFIX}reset", self._forget, methods=["POST"]),
            Route(f"{PREFIX}info", self._tell),
            Route(f"{PREFIX}{{path:path}}", _nothing, methods=["GET", "POST"]),
        ]

    async def _stream(self, request: Request) -> Response:
        after = request.query_params.get("after", "0")
        if not after.isdecimal() or len(after) > 15:
            return _problem(400, "after is the number of an event")
        headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
        return StreamingResponse(
            self._lines(int(after)), media_type="application/x-ndjson", headers=headers
        )

    async def _lines(self, after: int) -> AsyncGenerator[str]:
        news = asyncio.Event()
        unsubscribe = self._events.subscribe(lambda event: news.set())
        self._waiting.add(news)
        try:
            yield "\n"
            while not self._closed:
                news.clear()
                while events := self._events.since(after, AT_ONCE):
                    after = events[-1]["number"]
                    yield "".join(f"{json.dumps(event)}\n" for event in events)
                try:
                    async with asyncio.timeout(IDLE):
                        await news.wait()
                except TimeoutError:
                    yield "\n"
        finally:
            self._waiting.discard(news)
            unsubscribe()

    async def _perform(self, request: Request) -> Response:
        try:
            act = parsed_json(await read_body(request))
        except BodyError as error:
            return Response(status_code=error.status)
        except ValueError:
            return _problem(400, "the body is no JSON")
        if not object_of(act):
            return _problem(400, 'the body is an act, such as {"act": "rings", "person": "Ann"}')
        try:
            return JSONResponse(self._acts.perform(object_of(act)))
        except ActError as error:
            return _problem(400, str(error))

    async def _forget(self, request: Request) -> Response:
        self._reset()
        return Response(status_code=204)

    async def _tell(self, request: Request) -> Response:
        return JSONResponse(self._info(), headers={"cache-control": "no-store"})


class TokenOnly:
    """Refuses requests for the control routes without the token (401)."""

    def __init__(self, app: ASGIApp, control: Control) -> None:
        self._app = app
        self._control = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may be."""
        if (
            scope["type"] == "http"
            and scope["path"].startswith(PREFIX)
            and scope["path"] not in OPEN
        ):
            authorization = Request(scope).headers.get("authorization", "")
            if not self._control.admits(authorization):
                problem = _problem(
                    401, "the token is missing that the emulator printed at its start"
                )
                problem.headers["www-authenticate"] = "Bearer"
                await problem(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def _nothing(request: Request) -> Response:
    return _problem(404, "there is no such route")


def _problem(status: int, message: str) -> JSONResponse:
    code = {400: "BadRequest", 401: "Unauthorized", 404: "NotFound"}[status]
    return JSONResponse({"error": {"code": code, "message": message}}, status)
