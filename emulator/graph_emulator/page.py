"""The page at `/`: files that are the same for everybody; what it shows, it asks for with the token."""

from __future__ import annotations

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/_emulator/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/_emulator/page.css": ("page.css", "text/css; charset=utf-8"),
    "/favicon.ico": ("icon.svg", "image/svg+xml"),
}

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)

HEADERS = {
    "content-security-policy": _POLICY,
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",  # another version of the emulator may be at the same address tomorrow
}
"""What every file of the page is sent with."""


def page_routes() -> list[Route]:
    """Return the routes of the page, which need no token."""
    return [_route(path, *file) for path, file in _FILES.items()]


def _route(path: str, name: str, kind: str) -> Route:
    content = (files("graph_emulator") / "page" / name).read_bytes()

    async def file(request: Request) -> Response:
        return Response(content, headers={**HEADERS, "content-type": kind})

    return Route(path, file)
