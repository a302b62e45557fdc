"""From an operation and its arguments to the request that goes over the wire."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict, Unpack
from urllib.parse import quote, urlencode

import httpx

from .cloud import Cloud
from .errors import UnavailableInCloudError
from .model import GraphModel
from .operation import Operation

_PLACEHOLDER = re.compile(r"(')?\{([^{}]+)\}(')?")


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """A request ready to be sent, as often as need be, but for its token."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    content: bytes | None = field(repr=False)
    client_request_id: str

    @property
    def wire_body(self) -> dict[str, object] | None:
        """The body as Graph reads it."""
        return json.loads(self.content) if self.content is not None else None

    def authorized(self, token: str) -> httpx.Request:
        """The request for one attempt."""
        headers = dict(self.headers) | {"authorization": f"Bearer {token}"}
        return httpx.Request(self.method, self.url, headers=headers, content=self.content)


class Arguments(TypedDict, total=False):
    """What one request says beyond its operation.

    ``path`` and ``query`` are keyed by wire name; ``headers`` win over those of the client, except
    for Authorization.
    """

    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: GraphModel | Mapping[str, object] | None


def prepare(
    operation: Operation, cloud: Cloud, *, version: str, **arguments: Unpack[Arguments]
) -> PreparedRequest:
    """Build the request. ``version`` is that of the package, for the User-Agent.

    Raises UnavailableInCloudError if the cloud lacks the operation, ValueError for an empty path
    argument, "." or "..", TypeError for one that is no string.

    Sources: Graph documentation, "Use the Microsoft Graph API",
    https://learn.microsoft.com/graph/use-the-api; for Prefer, "Handling future members in evolvable
    enumerations", https://learn.microsoft.com/graph/best-practices-concept.
    """
    if cloud not in operation.clouds:
        offered = ", ".join(str(other) for other in Cloud if other in operation.clouds) or "none"
        raise UnavailableInCloudError(
            operation=operation.python, cloud=cloud, reason=f"Graph offers it in: {offered}"
        )
    content = _content(arguments.get("body"))
    merged = httpx.Headers(
        {
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "Prefer": "include-unknown-enum-members",
            "User-Agent": f"graph_comms/{version} python-httpx",
            "client-request-id": str(uuid.uuid4()),
        }
    )
    if content is not None:
        merged["Content-Type"] = "application/json"
    merged.update(arguments.get("headers"))
    return PreparedRequest(
        method=operation.method,
        url=cloud.base_url
        + expand_path(operation.path, arguments.get("path", {}))
        + _query_string(arguments.get("query", {})),
        headers=tuple(merged.items()),
        content=content,
        client_request_id=merged["client-request-id"],
    )


def expand_path(template: str, arguments: Mapping[str, object]) -> str:
    """Fill in a path template, each argument escaped so that it stays within its place.

    All but the unreserved characters of RFC 3986, 2.3 are percent-encoded. In a string literal of
    OData (``'{name}'``) quotes are doubled first (OData 4.01 Part 2, Primitive Literals).
    """

    def fill(match: re.Match[str]) -> str:
        opening, name, closing = match.groups(default="")
        value = _path_argument(name, arguments[name])
        return opening + quote(value.replace("'", "''") if opening else value, safe="") + closing

    return _PLACEHOLDER.sub(fill, template)


def _path_argument(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {type(value).__name__}")
    # Clients and gateways drop dot segments (RFC 3986, 5.2.4), escaped or not.
    if value in {"", ".", ".."}:
        raise ValueError(f"{name} must not be {value!r}")
    return value


def _query_string(query: Mapping[str, str]) -> str:
    # OData's own options begin with "$", which a query may hold as it is (RFC 3986, 3.4).
    return "?" + urlencode(query, quote_via=quote, safe="$") if query else ""


def _content(body: GraphModel | Mapping[str, object] | None) -> bytes | None:
    if body is None:
        return None
    text = body.to_json() if isinstance(body, GraphModel) else json.dumps(body, allow_nan=False)
    return text.encode()
