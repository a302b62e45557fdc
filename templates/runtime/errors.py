"""The exceptions of the client.

None holds the token or the body of the request, and all can be pickled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, cast

import httpx
from pydantic import ValidationError

from .cloud import Cloud
from .misfits import cleaned
from .permissions import PermissionNeed


class GraphError(Exception):
    """Base class of everything that this package raises about a request to Graph."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"

    def __reduce__(self) -> tuple[Any, ...]:
        # By default an exception is rebuilt from its positional arguments; these have none.
        return _blank, (type(self),), vars(self)


def _blank(cls: type[GraphError]) -> GraphError:
    return cls.__new__(cls)


@dataclass(eq=False, repr=False, kw_only=True)
class UnavailableInCloudError(GraphError):
    """The operation does not exist in this cloud; nothing was sent and no token was requested."""

    operation: str
    cloud: Cloud
    reason: str

    def __str__(self) -> str:
        return f"{self.operation} is not available in the {self.cloud} cloud: {self.reason}"


@dataclass(eq=False, repr=False, kw_only=True)
class ForeignLinkError(GraphError):
    """A link to the next page leads to another host; it was not followed, to protect the token.

    ``origin`` is where the client may send its token, ``cloud`` that host's, or None.
    """

    host: str
    cloud: Cloud | None
    origin: str

    def __str__(self) -> str:
        return f"the next link leads to {self.host}, not to {self.origin}"


@dataclass(eq=False, repr=False, kw_only=True)
class RepeatedLinkError(GraphError):
    """The next link of a page leads back to an earlier page: following it would never end."""

    link: str

    def __str__(self) -> str:
        return "the next link of a page leads back to an earlier page"


@dataclass(eq=False, repr=False, kw_only=True)
class GraphTransportError(GraphError):
    """No usable response arrived: connection refused, time-out, connection broken, …

    ``ambiguous`` is true if Graph may have processed the request all the same. Chained from the
    httpx exception.
    """

    reason: str
    ambiguous: bool
    client_request_id: str

    def __str__(self) -> str:
        sent = "may have been processed" if self.ambiguous else "was not sent"
        return printable(f"{self.reason}; the request {sent}{_ids(None, self.client_request_id)}")


@dataclass(eq=False, repr=False, kw_only=True)
class GraphDecodeError(GraphError):
    """Graph reported success, but the body is not what was expected.

    The request was carried out, so ``body`` keeps the bytes received, through pickling too; they are
    never shown. Of a body longer than 100 MiB it keeps the beginning.
    """

    status: int
    reason: str
    request_id: str | None
    client_request_id: str
    body: bytes = field(repr=False)

    def __str__(self) -> str:
        ids = _ids(self.request_id, self.client_request_id)
        return printable(f"HTTP {self.status}, but {self.reason}{ids}")


@dataclass(eq=False, repr=False, kw_only=True)
class GraphHTTPError(GraphError):
    """Graph, or something on the way to it, answered with an error status.

    ``code`` and ``message`` are None if the body has none (HTML, empty, cut short). Branch on
    ``code``, never on ``message``. ``retry_after`` is in seconds, at most 2**31; ``diagnostic`` is
    the header x-ms-ags-diagnostic, for a support case. The attributes hold what was received;
    `str(error)` is one line of printable text whatever they hold.

    Source: Graph documentation, "Error responses", https://learn.microsoft.com/graph/errors
    """

    status: int
    code: str | None = None
    message: str | None = None
    request_id: str | None = None
    client_request_id: str | None = None
    retry_after: float | None = None
    diagnostic: str | None = None

    def __str__(self) -> str:
        head = f"HTTP {self.status}" + (f" {self.code}" if self.code else "")
        ids = _ids(self.request_id, self.client_request_id, self.retry_after)
        return printable(f"{head}: {self.message or _phrase(self.status)}{ids}")


class BadRequestError(GraphHTTPError):
    """400: the request is malformed or violates a rule of the service."""


class AuthenticationError(GraphHTTPError):
    """401: the token is missing, expired or not for this service."""


@dataclass(eq=False, repr=False, kw_only=True)
class PermissionDeniedError(GraphHTTPError):
    """403: the application lacks a permission, or the tenant forbids it.

    ``permissions`` are the documented permissions for this request, alternatives included; ``needs``
    says in words which are alternatives. Both are empty if nothing is known.
    """

    permissions: tuple[str, ...] = ()
    needs: str = ""

    def __str__(self) -> str:
        return super().__str__() + (f"; {self.needs}" if self.needs else "")


class NotFoundError(GraphHTTPError):
    """404: there is no such resource, or no longer: a call is gone once it has ended."""


class ConflictError(GraphHTTPError):
    """409: the request conflicts with the current state."""


class ThrottledError(GraphHTTPError):
    """429: too many requests; nothing was processed. Wait for ``retry_after``."""


class ServiceError(GraphHTTPError):
    """5xx: the service, or a gateway on the way to it, failed."""


_BY_STATUS: Mapping[int, type[GraphHTTPError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    429: ThrottledError,
}


def http_error(
    status: int,
    headers: httpx.Headers,
    body: bytes,
    *,
    client_request_id: str,
    retry_after: float | None,
    need: PermissionNeed,
) -> GraphHTTPError:
    """Return the exception for an error response.

    Takes the client-request-id that was sent, in case the response does not repeat it, the parsed
    Retry-After, and the permissions that the request needs. Never raises, whatever the body holds.
    """
    # The last layer is the innermost, which says what really happened.
    layers = list(_layers(body))
    details: dict[str, Any] = {
        "status": status,
        "code": _first(layers[::-1], "code"),
        "message": _first(layers[::-1], "message"),
        "request_id": _inner(layers, "request-id") or headers.get("request-id"),
        "client_request_id": _inner(layers, "client-request-id")
        or headers.get("client-request-id", client_request_id),
        "retry_after": retry_after,
        "diagnostic": headers.get("x-ms-ags-diagnostic"),
    }
    if status == 403:
        return PermissionDeniedError(**details, permissions=need.permissions, needs=str(need))
    fallback = ServiceError if status >= 500 else GraphHTTPError
    return _BY_STATUS.get(status, fallback)(**details)


def decode_error(
    status: int,
    headers: httpx.Headers,
    body: bytes,
    *,
    client_request_id: str,
    expected: str,
    problem: str,
) -> GraphDecodeError:
    """Return the exception for a successful response whose body is not ``expected``: it ``problem``."""
    kind = headers.get("content-type", "no content type")
    return GraphDecodeError(
        status=status,
        reason=f"the body ({kind}) is no {expected}: it {problem}",
        request_id=headers.get("request-id"),
        client_request_id=client_request_id,
        body=body,
    )


def misfit(error: ValidationError) -> str:
    """Return the first problem in words and the number of others; never the values, which may be private."""
    problems = cleaned(error).errors()
    where = ".".join(str(part) for part in problems[0]["loc"])
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"does not fit{' at ' + where if where else ''}: {problems[0]['msg']}{more}"


def printable(text: str) -> str:
    """Return text from the wire as one line that is safe for any terminal or log.

    It must not forge log lines, control a terminal, change the writing direction or fail to encode:
    unprintable characters become the escapes that `repr` uses.
    """
    line = " ".join(text.split())
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in line)


def _layers(body: bytes) -> Iterator[Mapping[str, object]]:
    """Yield the error object, then the one that its message holds as JSON, and so on."""
    layer = _error_object(body)
    while layer is not None:
        yield layer
        layer = _error_object(layer.get("message"))


def _error_object(text: object) -> Mapping[str, object] | None:
    if not isinstance(text, str | bytes):
        return None
    try:
        outer = _mapping(json.loads(text))
    except (ValueError, RecursionError):
        return None
    inner = _mapping(outer.get("error")) or outer
    return inner if "code" in inner or "message" in inner else None


def _inner(layers: list[Mapping[str, object]], key: str) -> str | None:
    """Return the first value of ``key`` in any layer or its nested inner errors."""
    for layer in layers:
        while layer:
            if found := _text(layer.get(key)):
                return found
            nested = (value for name, value in layer.items() if name.lower() == "innererror")
            layer = _mapping(next(nested, None))
    return None


def _first(layers: list[Mapping[str, object]], key: str) -> str | None:
    return next((text for layer in layers if (text := _text(layer.get(key)))), None)


def _text(value: object) -> str | None:
    return str(value) if isinstance(value, str | int) else None


def _mapping(value: object) -> Mapping[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _ids(
    request_id: str | None, client_request_id: str | None, retry_after: float | None = None
) -> str:
    parts = [
        f"{name} {value}"
        for name, value in (("request-id", request_id), ("client-request-id", client_request_id))
        if value
    ]
    if retry_after is not None:
        parts.append(f"retry-after {retry_after:g} s")
    return f" ({', '.join(parts)})" if parts else ""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no error message"
