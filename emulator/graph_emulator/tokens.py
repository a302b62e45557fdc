"""Tokens: those that applications send, and those that notifications carry; all with keys of our own.

Tokens are signed and judged by the machine's time, everything else by that of the emulator.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from graph_comms.bot import Trust

from .ids import same_id
from .telling import Teller, told

HOME = "9f4ec53c-4f0a-4d0b-8d4a-5a8a2a1f9a11"
"""The tenant of calls of which nothing says another one."""

ISSUER = "https://api.botframework.com"
LIFE = 65 * 60
"""The life of a token that the documentation shows, in seconds."""

_REUSED = LIFE // 2

_MOST = 1_000
"""How many tokens of applications are remembered as judged."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The application that a request comes from; `tenant` is None for one that fits every tenant."""

    app_id: str
    tenant: str | None
    roles: frozenset[str] | None
    """None for all of them."""
    user: str | None = None
    """The id of the user on whose behalf it asks; None if it asks for itself."""

    def has_any(self, roles: Collection[str]) -> bool:
        """Whether it has one of some roles, or none is asked for; some are spelled in two ways."""
        if not roles or self.roles is None:
            return True
        return not {_singular(role) for role in self.roles}.isdisjoint(map(_singular, roles))

    @property
    def home(self) -> str:
        """The tenant in which it acts unless it says another one."""
        return self.tenant or HOME

    def fits(self, tenant: str) -> bool:
        """Whether it may act in a tenant."""
        return self.tenant is None or same_id(self.tenant) == same_id(tenant)


def _singular(role: str) -> str:
    return role.replace("GroupCalls", "GroupCall")


class InvalidTokenError(Exception):
    """A token that is not one of ours; the message says why."""


class Authority:
    """Signs and judges tokens, as a key pair at a time: `rotate` makes another one."""

    def __init__(self, teller: Teller) -> None:
        self.teller = teller
        self._public: dict[str, rsa.RSAPublicKey] = {}
        self._judged: dict[str, tuple[float, Caller]] = {}
        """Whose the tokens are that were found valid, and until when."""
        self._signed: dict[tuple[object, ...], tuple[float, str]] = {}
        self.rotate()

    @property
    def named(self) -> dict[str, str]:
        """What the keys are called in a journal."""
        return {"keys": "service"}

    @told
    def rotate(self) -> None:
        """Sign with a new key from now on; tokens of the old ones stay valid."""
        self._kid = uuid4().hex
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._public[self._kid] = self._key.public_key()
        self._signed.clear()

    @property
    def trust(self) -> Trust:
        """What a bot has to believe."""
        return replace(Trust.GLOBAL, keys=self)

    async def get(self, kid: str) -> Mapping[str, rsa.RSAPublicKey]:
        """Return the public keys by their ids: the emulator is a source of keys for the bot kit."""
        return self._public

    def jwks(self) -> dict[str, Any]:
        """Return the public keys as a key set (RFC 7517)."""
        found: list[dict[str, Any]] = []
        for kid, key in self._public.items():
            public = json.loads(RSAAlgorithm.to_jwk(key))
            found.append({**public, "kid": kid, "use": "sig"})
        return {"keys": found}

    def access_token(
        self,
        app_id: str,
        tenant: str | None,
        roles: Collection[str] | None,
        user: str | None = None,
    ) -> str:
        """Return a token with which an application sends requests, for itself or on behalf of a user."""
        claims: dict[str, object] = {"iss": "emulator", "aud": "graph", "appid": app_id}
        if user is not None:
            claims["oid"] = user
        if tenant is not None:
            claims["tid"] = tenant
        if roles is not None:
            claims["roles"] = sorted(roles)
        return self._sign(claims)

    def notification_token(
        self, app_id: str, tenant: str | None, replaced: Mapping[str, object]
    ) -> str:
        """Return the token of a notification, with claims replaced; one that is None is left out."""
        claims: dict[str, object] = {"iss": ISSUER, "aud": app_id}
        if tenant is not None:
            claims["tid"] = tenant
        return self._sign({**claims, **replaced})

    def sender(self, headers: Mapping[str, str]) -> Caller | None:
        """Return whose token is in the headers of a request; None if it is none of ours."""
        try:
            return self.caller(headers.get("authorization"))
        except InvalidTokenError:
            return None

    def caller(self, authorization: str | None) -> Caller:
        """Return whose token a request has; raises InvalidTokenError."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise InvalidTokenError("Access token is empty.")
        until, caller = self._judged.get(token) or self._judge(token)
        if time.time() >= until:
            raise InvalidTokenError("Access token validation failure.")
        return caller

    def _judge(self, token: str) -> tuple[float, Caller]:
        """Return until when a token is valid, and whose it is; raises InvalidTokenError."""
        try:
            key = self._public[jwt.get_unverified_header(token)["kid"]]
            claims = jwt.decode(
                token, key, algorithms=["RS256"], audience="graph", issuer="emulator",
                options={"require": ["exp", "iss", "aud"]},
            )  # fmt: skip
        except jwt.InvalidAudienceError:
            raise InvalidTokenError("Access token validation failure. Invalid audience.") from None
        except (jwt.PyJWTError, KeyError):
            raise InvalidTokenError("Access token validation failure.") from None
        roles = claims.get("roles")
        caller = Caller(
            app_id=claims["appid"],
            tenant=claims.get("tid"),
            roles=None if roles is None else frozenset(roles),
            user=claims.get("oid"),
        )
        if len(self._judged) >= _MOST:
            self._judged.clear()
        self._judged[token] = found = int(claims["exp"]), caller
        return found

    def _sign(self, claims: dict[str, object]) -> str:
        now = int(time.time())
        key = tuple(sorted((name, repr(value)) for name, value in claims.items()))
        signed = self._signed.get(key)
        if signed and now - signed[0] < _REUSED:
            return signed[1]
        times = {"iat": now, "nbf": now, "exp": now + LIFE}
        given = {name: value for name, value in {**times, **claims}.items() if value is not None}
        token = jwt.PyJWS().encode(
            json.dumps(given).encode(), self._key, algorithm="RS256",
            headers={"kid": self._kid},
        )  # fmt: skip
        self._signed[key] = (now, token)
        return token
