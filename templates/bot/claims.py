"""Bearer tokens of notifications: what one claims, and whether that is to be believed.

Nothing here does any I/O or reads the time. The signature is PyJWT's to verify; times, the audience and
the issuer are compared here, since PyJWT takes neither the time nor an issuer with a trailing slash.
Sources: https://learn.microsoft.com/microsoftteams/platform/bots/calls-and-meetings/call-notifications,
RFC 7519 (claims), RFC 8725 (the algorithm is the verifier's to choose).
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, cast

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from .trust import Trust

SKEW = timedelta(minutes=5)
"""How far the clock of who signs a token may be from ours."""

_LONGEST = 16 * 1024
"""More characters than any token of the service has: real ones have fewer than two thousand."""

_SHOWN = 100
"""How many characters a log has of a claim."""

_COMPACT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
"""A signed token in its compact form (RFC 7515, 7.1)."""

_TENANT = ("tid", "http://schemas.microsoft.com/identity/claims/tenantid")
"""The names of the claim that says the tenant; tokens of the service have had either."""

_JWS = jwt.PyJWS()

_MOST = 1_000
"""How many tokens are remembered whose signature was right."""

_signed: dict[bytes, tuple[RSAPublicKey, Unverified]] = {}
"""Which key signed a token, and what that says, by its digest: the service sends one again while it lives."""

_LATEST = 253_402_300_799
"""The last second of the year 9999, beyond which nothing is a date."""


@dataclass(eq=False, repr=False)
class TokenError(Exception):
    """A token is not to be believed; the answer to its request is 401.

    `reason` says why, in words of ours. `seen` has what the token says of itself and `expected` what
    would have been believed, by `iss`, `aud` and `kid`, as far as either is known. What was seen is
    whatever somebody sent: `str()` escapes it and cuts it at a hundred characters. The token itself is
    in none of them.
    """

    reason: str
    seen: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    expected: Mapping[str, Iterable[str]] = field(default_factory=dict[str, Iterable[str]])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __str__(self) -> str:
        names = [name for name in ("iss", "aud", "kid") if name in self.seen]
        parts = [self._compared(name) for name in names]
        return f"{self.reason} ({'; '.join(parts)})" if parts else self.reason

    def _compared(self, name: str) -> str:
        value = self.seen[name]
        seen = "no text" if value is None else _shown(value)
        if name not in self.expected:
            return f"{name}: {seen}"
        return f"{name}: {seen}, expected {_shown(' or '.join(sorted(self.expected[name])))}"


@dataclass(frozen=True, slots=True)
class Unverified:
    """What a token says of itself, before anything of it is believed; `issuer` is None if not text."""

    kid: str
    issuer: str | None
    audiences: tuple[str, ...]
    claims: Mapping[str, Any] = field(repr=False)
    digest: bytes = field(repr=False)
    """The SHA-256 of the token."""

    def error(self, reason: str, **expected: Iterable[str]) -> TokenError:
        """Return the error of a token that says this."""
        audience = ", ".join(self.audiences) if self.audiences else None
        seen = {"iss": self.issuer, "aud": audience, "kid": self.kid}
        return TokenError(reason, seen, expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a token says whose signature, times, issuer and audience are right.

    `issuer` has no trailing slash. `tenant_id` is None where the token names no tenant. `raw` has all
    claims as received.
    """

    issuer: str
    audience: str
    tenant_id: str | None
    expires: datetime
    raw: Mapping[str, Any] = field(repr=False)


def inspect(token: str) -> Unverified:
    """Return what a token says of itself, of which nothing is verified.

    Raises TokenError for what is no token of RS256 in the compact form, and for one that wants more
    understood than that (`crit`, RFC 7515, 4.1.11).
    """
    if len(token) > _LONGEST:
        raise TokenError(f"the token is longer than {_LONGEST} characters")
    digest = sha256(token.encode(errors="surrogatepass")).digest()
    if known := _signed.get(digest):
        return known[1]
    if not _COMPACT.fullmatch(token):
        raise TokenError("the token does not have the form of a signed one")
    header, payload, _ = token.split(".")
    protected, claims = _object(header, "header"), _object(payload, "payload")
    audience = claims.get("aud")
    several = cast("list[object]", audience if isinstance(audience, list) else [audience])
    kid, issuer = protected.get("kid"), claims.get("iss")
    seen = Unverified(
        kid=kid if isinstance(kid, str) else "",
        issuer=issuer if isinstance(issuer, str) else None,
        audiences=tuple(one for one in several if isinstance(one, str)),
        claims=claims,
        digest=digest,
    )
    if protected.get("alg") != "RS256":
        raise seen.error("the token is not signed by RS256")
    if "crit" in protected:
        raise seen.error("the header of the token has critical extensions")
    if not seen.kid:
        raise seen.error("the header of the token has no kid")
    return seen


def check_addressed(seen: Unverified, app_id: str, trust: Trust) -> None:
    """Raise TokenError unless a token says that it is from an issuer of the trust and for the application."""
    if seen.issuer is None or seen.issuer.removesuffix("/") not in trust.issuers:
        raise seen.error("the issuer is not trusted", iss=trust.issuers, aud=[app_id])
    if app_id not in seen.audiences:
        raise seen.error("the token is for another audience", iss=trust.issuers, aud=[app_id])


def verify(
    token: str, app_id: str, trust: Trust, keys: Mapping[str, RSAPublicKey], now: datetime
) -> Claims:
    """Return the claims of a token that an issuer of the trust signed for the application.

    `token` is what follows `Bearer`, `keys` are the public keys by their `kid`, and `now` is aware of
    its zone. Signed by RS256, whatever token and key say; `exp`, `iss` and `aud` must be there, `nbf` may
    be; a slash at the end of `iss` does not count; times may be off by five minutes. Which tenants are
    allowed is not looked at: see `tenant_allowed`. Raises TokenError.
    """
    seen = inspect(token)
    check_addressed(seen, app_id, trust)
    claims = believed(token, seen, app_id, keys, now)
    return replace(claims, raw=deepcopy(claims.raw))  # what is remembered stays as it was


def believed(
    token: str, seen: Unverified, app_id: str, keys: Mapping[str, RSAPublicKey], now: datetime
) -> Claims:
    """Return the claims of a token as `verify` does, which is known to be for the application.

    `seen` is what `inspect` has returned for it. The claims are for reading: they are remembered.
    """
    key = keys.get(seen.kid)
    if key is None:
        raise seen.error("no key has the kid of the token", kid=keys)
    if not _is_signed(token, seen, key):
        raise seen.error("the signature of the token is wrong")
    expires, begins = _time(seen, "exp"), _time(seen, "nbf")
    if expires is None:
        raise seen.error("the token has no exp")
    if now >= expires + SKEW:
        raise seen.error(f"the token expired {_seconds(now - expires)} ago")
    if begins is not None and now < begins - SKEW:
        raise seen.error(f"the token is not valid for another {_seconds(begins - now)}")
    return Claims(
        issuer=(seen.issuer or "").removesuffix("/"),
        audience=app_id,
        tenant_id=_tenant(seen),
        expires=expires,
        raw=seen.claims,
    )


def _is_signed(token: str, seen: Unverified, key: RSAPublicKey) -> bool:
    """Whether a token is signed by a key, which is worked out once for both."""
    known = _signed.get(seen.digest)
    if known and (known[0] is key or known[0] == key):
        return True
    try:
        _JWS.decode(token, key, algorithms=["RS256"])
    except jwt.PyJWTError:
        return False
    if len(_signed) >= _MOST:
        _signed.clear()
    _signed[seen.digest] = key, seen
    return True


def tenant_allowed(
    claims: Claims,
    trust: Trust,
    notification_tenant: str | None,
    remembered_tenant: str | None,
) -> bool:
    """Tell whether a notification is of a tenant that it may be of.

    `notification_tenant` is what the notification itself says, `remembered_tenant` that of the call's
    earlier notifications; None where neither is known. All that are known must be the same, whatever their
    case; where the trust has a list of tenants, the token must name one of them.
    """
    if trust.tenants is not None and (claims.tenant_id or "").casefold() not in trust.tenants:
        return False
    known = (claims.tenant_id, notification_tenant, remembered_tenant)
    return len({one.casefold() for one in known if one}) <= 1


def _object(segment: str, part: str) -> dict[str, Any]:
    """Return the JSON object in a segment of a token."""
    try:
        value: object = json.loads(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, RecursionError):  # not base64, not UTF-8, not JSON, or nested too deep
        value = None
    if not isinstance(value, dict):
        raise TokenError(f"the {part} of the token is not a JSON object")
    return cast("dict[str, Any]", value)


def _time(seen: Unverified, name: str) -> datetime | None:
    """Return a time among the claims, which is a number of seconds (RFC 7519, 2); None for none."""
    value: object = seen.claims.get(name)
    if value is None:
        return None
    # What is not a number compares as no date does, and an integer may have thousands of digits.
    if type(value) not in (int, float) or not 0 <= cast("float", value) <= _LATEST:
        raise seen.error(f"the {name} of the token is not a date")
    return datetime.fromtimestamp(cast("float", value), UTC)


def _seconds(time: timedelta) -> str:
    return f"{time.total_seconds():.0f} seconds"


def _tenant(seen: Unverified) -> str | None:
    """Return the tenant that the claims name under either name, or None for none."""
    named: list[object] = [seen.claims.get(name) for name in _TENANT]
    match [one for one in named if one not in (None, "")]:
        case []:
            return None
        case [str(tenant), *others] if tenant.isprintable() and others in ([], [tenant]):
            return tenant
        case _:
            raise seen.error("the token does not name one tenant")


def _shown(text: str) -> str:
    """Return text from a token as a log may have it: one line of ASCII in quotes, and not long."""
    escaped = ascii(text[: _SHOWN + 1])[1:-1].replace("'", "\\'")
    return f"'{escaped if len(escaped) <= _SHOWN else escaped[: _SHOWN - 3] + '...'}'"
