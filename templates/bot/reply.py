"""What an endpoint takes and answers, apart from any framework."""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

from .telemetry import get_logger

LARGE = 64 * 1024
"""The size in bytes above which a body is worked on in a thread."""

_DIGITS = 18
"""More digits than the length of any body has."""

_logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response: its status, its header fields by name, and its body.

    The repr leaves out the body, which may echo a validation token.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = field(default=b"", repr=False)

    @property
    def refused(self) -> bool:
        """Whether nothing was taken in of what was posted."""
        return self.status not in (HTTPStatus.OK, HTTPStatus.ACCEPTED)

    def fields(self) -> list[tuple[str, str]]:
        """Return the header fields with the length of the body, which 204 has not (RFC 9110, 8.6)."""
        fields = list(self.headers.items())
        if self.status != HTTPStatus.NO_CONTENT:
            fields.append(("Content-Length", str(len(self.body))))
        return fields


class Endpoint(Protocol):
    """What an adapter serves: the bot, or its change notifications."""

    async def handle(
        self,
        method: str,
        headers: Mapping[str, str],
        query: str,
        body: bytes | AsyncIterable[bytes],
    ) -> Reply:
        """Return the answer to a request.

        `headers` have names in any case, and one value each: several fields of a name are joined by
        commas (RFC 9110, 5.3). `query` is what follows the question mark. `body` raises
        ClientDisconnectedError while it is read, which is passed on.
        """
        ...


class ClientDisconnectedError(Exception):
    """The client went away before it had sent the whole body; what was read is no request."""


class TooLargeError(Exception):
    """A body is larger than its limit."""


class LengthError(Exception):
    """Content-Length is not a number."""


def check_length(headers: Mapping[str, str], limit: int) -> None:
    """Check what the headers, by lower-case name, say of the length of a body (RFC 9110, 8.6).

    Raises TooLargeError for more than `limit` bytes, and LengthError for what is not a number.
    """
    length = headers.get("content-length", "0").strip()
    if not (length.isascii() and length.isdigit()):
        raise LengthError
    digits = length.lstrip("0")
    if len(digits) > _DIGITS or int(digits or "0") > limit:
        raise TooLargeError


async def read_body(body: bytes | AsyncIterable[bytes], limit: int) -> bytes:
    """Return the whole body of a request, at most `limit` bytes of it.

    Raises TooLargeError as soon as there are more, without reading the rest.
    """
    if isinstance(body, bytes):
        if len(body) > limit:
            raise TooLargeError
        return body
    content = bytearray()
    async for chunk in body:
        if len(content) + len(chunk) > limit:
            raise TooLargeError
        content += chunk
    return bytes(content)


def join_fields(fields: list[tuple[str, str]]) -> dict[str, str]:
    """Return header fields by lower-case name; several of one name are joined (RFC 9110, 5.3)."""
    joined: dict[str, str] = {}
    for name, value in fields:
        key = name.lower()
        joined[key] = f"{joined[key]}, {value}" if key in joined else value
    return joined


def unavailable() -> Reply:
    """Return the answer to a request that should be sent again: it cannot be taken in now."""
    return Reply(503, {"Retry-After": "5"})


def out_of_reach(error: Exception) -> Reply:
    """Return the same where a store is the reason, which the log has."""
    _logger.error("a request could not be stored: %s", error)
    return unavailable()
