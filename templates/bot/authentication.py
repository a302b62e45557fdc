"""The step between a request and its body: who sent it, by its bearer token."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from .claims import Claims, TokenError, believed, check_addressed, inspect
from .telemetry import get_logger
from .trust import Trust

_INTERVAL = 1.0
"""How many seconds are between two lines about refusals."""

_logger = get_logger(__name__)


class RefusalLog:
    """Logs what was wrong with what was refused: one line a second, however much there is.

    What is wrong is known to nobody but the reader of the log: the answer does not say it. `one` and
    `several` begin the line, such as `refused %d requests`.
    """

    def __init__(
        self, one: str = "refused a request", several: str = "refused %d requests"
    ) -> None:
        self._one = one
        self._several = several
        self._count = 0
        self._next = 0.0
        self._last: Exception | None = None

    def add(self, error: Exception) -> None:
        """Log a refusal now, or with others when a second has passed; called in an event loop."""
        self._count += 1
        self._last = error
        wait = self._next - time.monotonic()
        if wait <= 0:
            self._write()
        elif self._count == 1:
            # If the loop ends first, the next refusal brings these into the log.
            asyncio.get_running_loop().call_later(wait, self._write)

    def _write(self) -> None:
        if self._count == 1:
            _logger.warning("%s: %s", self._one, self._last)
        elif self._count:
            _logger.warning("%s, the last one: %s", self._several % self._count, self._last)
        self._count = 0
        self._next = time.monotonic() + _INTERVAL


_refusals = RefusalLog()


async def authenticate(headers: Mapping[str, str], app_id: str, trust: Trust) -> Claims:
    """Return what the bearer token of a request claims, once it is verified.

    `headers` are by lower-cased names. A key is looked for only for a token that says it is from an
    issuer of the trust and for the application. Raises TokenError where the answer is 401, after what
    was wrong is in the log, and KeysUnavailableError where it is 503.
    """
    try:
        token = _bearer(headers.get("authorization"))
        seen = inspect(token)
        check_addressed(seen, app_id, trust)
        keys = await trust.keys.get(seen.kid)
        return believed(token, seen, app_id, keys, datetime.now(UTC))
    except TokenError as error:
        _refusals.add(error)
        raise


def _bearer(authorization: str | None) -> str:
    """Return the token of an Authorization header (RFC 6750, 2.1)."""
    if authorization is None:
        raise TokenError("there is no Authorization header")
    scheme, _, token = authorization.partition(" ")
    if scheme.casefold() != "bearer":
        raise TokenError("the Authorization header has no bearer token")
    return token.strip(" ")
