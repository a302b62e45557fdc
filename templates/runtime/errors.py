"""The exceptions of the client.

None holds the token or the body of the request, and all can be pickled.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import pairwise
from typing import Any, cast

import httpx
from pydantic_core import ValidationError, from_json

from .body import KEPT
from .cloud import Cloud
from .headers import Headers
from .paths import cleaned
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
    never shown. Of a body longer than ``max_body`` it keeps the beginning.
    """

    status: int
    reason: str
    request_id: str | None
    client_request_id: str
    body: bytes = field(repr=False)
    headers: Headers = field(default_factory=Headers)

    def __str__(self) -> str:
        ids = _ids(self.request_id, self.client_request_id)
        return printable(f"HTTP {self.status}, but {self.reason}{ids}")


@dataclass(eq=False, repr=False, kw_only=True)
class GraphHTTPError(GraphError):
    """Graph, or something on the way to it, answered with an error status.

    ``code`` and ``message`` are None if the body has none (HTML, empty, cut short). If the message
    is an error itself, as JSON text, both are that one's. ``inner_codes`` are the codes of the inner
    errors, outermost first, without ``code``: the last is the most specific. Branch on codes, never
    on ``message``. ``target`` and ``details`` say what the error is about, the details as received.

    ``retry_after`` is in seconds, at most 2**31; ``diagnostic`` is the header x-ms-ags-diagnostic,
    for a support case. ``date`` is when the service failed, by its own clock. ``headers`` are those
    of the response, and ``body`` is its first 64 KiB; neither is shown by `str` or `repr`. The
    attributes hold what was received; `str(error)` is one line of printable text whatever they hold,
    and explains a code that `SUBCODES` has.

    Source: Graph documentation, "Error responses", https://learn.microsoft.com/graph/errors
    """

    status: int
    code: str | None = None
    message: str | None = None
    request_id: str | None = None
    client_request_id: str | None = None
    retry_after: float | None = None
    diagnostic: str | None = None
    inner_codes: tuple[str, ...] = ()
    target: str | None = None
    details: tuple[Mapping[str, Any], ...] = ()
    date: datetime | None = None
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    def __str__(self) -> str:
        head = f"HTTP {self.status}" + (f" {self.code}" if self.code else "")
        ids = _ids(self.request_id, self.client_request_id, self.retry_after)
        meaning = _meaning(self.status, (self.code, *self.inner_codes))
        return printable(f"{head}: {self.message or _phrase(self.status)}{ids}{meaning}")


class BadRequestError(GraphHTTPError):
    """400: the request is malformed or violates a rule of the service."""


class AuthenticationError(GraphHTTPError):
    """401: the token is missing, expired or not for this service."""


@dataclass(eq=False, repr=False, kw_only=True)
class PermissionDeniedError(GraphHTTPError):
    """403: the application, or the signed-in user, lacks a permission, or the tenant forbids it.

    ``permissions`` are the documented application permissions for this request, alternatives included,
    ``delegated`` those for the token of a signed-in user; ``needs`` says in words which are
    alternatives. All are empty if nothing is documented.
    """

    permissions: tuple[str, ...] = ()
    delegated: tuple[str, ...] = ()
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
    complete: bool = True,
    client_request_id: str,
    retry_after: float | None,
    need: PermissionNeed,
) -> GraphHTTPError:
    """Return the exception for an error response.

    Takes whether `body` is all of it, the client-request-id that was sent, in case the response does
    not repeat it, the parsed Retry-After, and the permissions that the request needs. Never raises,
    whatever the body holds.
    """
    # The last layer is the innermost, which says what really happened.
    layers = list(_layers(body[:KEPT], complete=complete and len(body) < KEPT))
    nested = [list(_nested(layer)) for layer in layers]
    details: dict[str, Any] = {
        "status": status,
        "code": _first(layers[::-1], *_CODE),
        "message": _first(layers[::-1], "message"),
        "request_id": _inner(nested, "request-id") or headers.get("request-id"),
        "client_request_id": _inner(nested, "client-request-id")
        or headers.get("client-request-id", client_request_id),
        "retry_after": retry_after,
        "diagnostic": headers.get("x-ms-ags-diagnostic"),
        "inner_codes": tuple(
            code for errors in nested for one in errors[1:] if (code := _first([one], *_CODE))
        ),
        "target": _inner(nested[::-1], "target"),
        "details": _details(nested[::-1]),
        "date": _date(_inner(nested, "date")),
        "headers": Headers(headers.multi_items()),
        "body": body[:KEPT],
    }
    if status == 403:
        return PermissionDeniedError(
            **details,
            permissions=need.permissions,
            delegated=need.delegated,
            needs=str(need),
        )
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
        headers=Headers(headers.multi_items()),
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


def _layers(body: bytes, *, complete: bool) -> Iterator[Mapping[str, object]]:
    """Yield the error object, then the one that its message holds as JSON, and so on."""
    layer = _error_object(body, complete=complete)
    while layer is not None:
        yield layer
        layer = _error_object(layer.get("message"))


DEEPEST = 100
"""Most levels of an object among the details of an error."""

_CODE = ("code", "errorCode")
"""The names of a code; an error in the message of another may use the second."""


def _error_object(text: object, *, complete: bool = True) -> Mapping[str, object] | None:
    if not isinstance(text, str | bytes):
        return None
    try:
        outer = _mapping(_parsed(text, complete=complete))
    except (ValueError, RecursionError):
        return None
    inner = _mapping(outer.get("error")) or outer
    return inner if not inner.keys().isdisjoint((*_CODE, "message")) else None


def _parsed(text: str | bytes, *, complete: bool) -> object:
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text), "replace")
    # Of a body that was cut, what came before is worth having.
    return json.loads(text) if complete else from_json(text, allow_partial=True)


def _nested(layer: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """Yield an error object, its inner error, and so on."""
    while layer:
        yield layer
        inner = (value for name, value in layer.items() if name.lower() == "innererror")
        layer = _mapping(next(inner, None))


def _inner(nested: list[list[Mapping[str, object]]], key: str) -> str | None:
    """Return the first value of ``key`` in any layer or its nested inner errors."""
    return _first([one for errors in nested for one in errors], key)


def _details(nested: list[list[Mapping[str, object]]]) -> tuple[Mapping[str, object], ...]:
    """Return the first details of any layer or its nested inner errors.

    Only objects count, and none that is nested too deep to be pickled.
    """
    values = (one.get("details") for errors in nested for one in errors)
    lists = (cast("list[object]", value) for value in values if isinstance(value, list))
    found = next((value for value in lists if value), list[object]())
    return tuple(item for one in found if (item := _mapping(one)) and _is_flat(item, DEEPEST))


def _is_flat(value: object, levels: int) -> bool:
    """Whether a JSON value is nested no deeper than so many levels."""
    if isinstance(value, dict):
        inner = list(cast("dict[str, object]", value).values())
    elif isinstance(value, list):
        inner = cast("list[object]", value)
    else:
        return True
    return levels > 0 and all(_is_flat(one, levels - 1) for one in inner)


def _date(text: str | None) -> datetime | None:
    """Return the date of an error; Graph writes UTC, without saying so."""
    try:
        date = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _meaning(status: int, codes: Iterable[str | None]) -> str:
    """Return a clause that explains the innermost code of the calling platform; empty for any other.

    What a code means may depend on the one outside it, which is the status for the outermost.
    """
    numbers = [c for c in codes if c and len(c) < 10 and c.isascii() and c.isdigit()]
    if not numbers:
        return ""
    from .subcodes import explained  # a table that few programs need

    for code, subcode in reversed([*pairwise([str(status), *numbers])]):
        if meaning := explained(int(code), int(subcode)):
            return f"; {subcode}: {meaning}"
    return ""


def _first(layers: list[Mapping[str, object]], *keys: str) -> str | None:
    return next((text for layer in layers for key in keys if (text := _text(layer.get(key)))), None)


def _text(value: object) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


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
