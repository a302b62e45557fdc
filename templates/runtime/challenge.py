"""What a 401 asks of the next token: the claims challenge of the Microsoft identity platform.

Source: "Claims challenges, claims requests and client capabilities",
https://learn.microsoft.com/entra/identity-platform/claims-challenge; RFC 9110, 11.6.1.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Sequence
from urllib.request import parse_http_list

from pydantic_core import from_json

_LONGEST = 2**14
"""Most characters of WWW-Authenticate that are read; Microsoft's challenges have some hundreds."""


def requested_claims(lines: Sequence[str]) -> str | None:
    """Return the claims that the next token must have, as JSON; None without a valid challenge.

    Takes the values of the WWW-Authenticate headers of a response.
    """
    challenge = ", ".join(lines)
    if len(challenge) > _LONGEST:
        return None
    for parameters in _bearer(challenge):
        if parameters.get("error") == "insufficient_claims":
            return _decoded(parameters.get("claims", ""))
    return None


def _bearer(challenge: str) -> Iterator[dict[str, str]]:
    """Yield the parameters of each challenge of the scheme Bearer."""
    parameters: dict[str, str] | None = None
    for item in filter(None, parse_http_list(challenge)):
        words, equals, value = item.partition("=")
        *scheme, name = words.split() or [""]
        if scheme or not equals:  # another challenge begins
            if parameters:
                yield parameters
            parameters = {} if (scheme or [name])[0].lower() == "bearer" else None
        if parameters is not None:
            parameters.setdefault(name.lower(), value.strip().strip('"'))
    if parameters:
        yield parameters


def _decoded(text: str) -> str | None:
    try:
        padded = text + "=" * (-len(text) % 4)
        claims = b64decode(padded, altchars=b"-_", validate=True).decode()
        return claims if isinstance(from_json(claims), dict) else None
    except ValueError:
        return None
