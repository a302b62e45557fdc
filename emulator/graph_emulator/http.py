"""The service over HTTP: an ASGI application, which answers loopback addresses alone."""

from __future__ import annotations

from collections.abc import Callable, Collection
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from . import page
from .control import Control, TokenOnly
from .reading import BodyError, read_body
from .service import Service
from .tokens import ISSUER, LIFE

USUAL_PORT = 80
"""The port of http."""

FIELDS = 20
"""How many fields the form that asks for a token may have."""


def hosts_of(name: str, port: int) -> set[str]:
    """Return the Host headers of a server that listens at a name, which include those of this machine."""
    names = {name.lower(), "127.0.0.1", "localhost", "[::1]"}
    # Nobody sends the usual port.
    return {f"{one}:{port}" for one in names} | (names if port == USUAL_PORT else set())


class HostsOnly:
    """Refuses requests for other hosts than ours (421), and those of foreign pages (403).

    A page of another origin could otherwise have a browser on this machine use the emulator.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._origins = frozenset(f"http://{host}" for host in self._hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may be."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        host = request.headers.get("host", "").lower()
        origins = {origin.lower() for origin in request.headers.getlist("origin")}
        if host not in self._hosts:
            refusal = Response("Host is neither of this machine nor what --host says.\n", 421)
            await refusal(scope, receive, send)
        elif not origins <= self._origins:
            refusal = Response("Origin is that of another page than the emulator's own.\n", 403)
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def make_app(
    service: Service,
    control: Control,
    hosts: Collection[str],
    on_application: Callable[[str], object],
) -> Starlette:
    """Return the application of a service that is reached by some hosts, each with its port.

    `on_application` is called with the id of each application that asks for a token.
    """

    async def graph(request: Request) -> Response:
        try:
            body = await read_body(request)
        except BodyError as error:
            return Response(status_code=error.status)
        headers = {name.lower(): value for name, value in request.headers.items()}
        path = request.scope["raw_path"].decode("ascii", "replace").partition("?")[0]
        status, written, content = await service.handle(
            request.method, "http", path, request.url.query, headers, body
        )
        return Response(content, status, written)

    async def token(request: Request) -> Response:
        try:
            form = dict(parse_qsl((await read_body(request)).decode(), max_num_fields=FIELDS))
        except BodyError as error:
            return Response(status_code=error.status)
        except ValueError:
            return JSONResponse({"error": "invalid_request"}, 400)
        app_id, roles = form.get("client_id"), form.get("roles")
        if not app_id:
            problem = {"error": "invalid_request", "error_description": "client_id is required."}
            return JSONResponse(problem, 400)
        named = request.path_params["tenant"]
        tenant = None if named in ("common", "organizations") else named
        on_application(app_id)
        access = service.authority.access_token(
            app_id, tenant, None if roles is None else roles.split()
        )
        answer = {"token_type": "Bearer", "expires_in": LIFE, "access_token": access}
        return JSONResponse(answer, headers={"cache-control": "no-store"})

    async def openid(request: Request) -> Response:
        keys = str(request.url_for("keys"))
        return JSONResponse({"issuer": ISSUER, "jwks_uri": keys})

    async def keys(request: Request) -> Response:
        return JSONResponse(service.authority.jwks())

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
    return Starlette(
        routes=[
            Route("/{tenant}/oauth2/v2.0/token", token, methods=["POST"]),
            Route("/_emulator/openid", openid),
            Route("/_emulator/keys", keys, name="keys"),
            *page.page_routes(),
            *control.control_routes(),
            Route("/{path:path}", graph, methods=methods),
        ],
        middleware=[
            Middleware(HostsOnly, hosts=hosts),
            Middleware(TokenOnly, control=control),
        ],
    )
