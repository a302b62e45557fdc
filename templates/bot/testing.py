"""What the tests of a bot need: tokens that it believes, without any service."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import replace

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from .keys import StaticKeys
from .trust import Trust


class Signer:
    """Signs tokens as the service does, with a key pair of its own.

    `trust` believes these keys alone: pass it to `Bot` in place of the service's.
    """

    def __init__(self, app_id: str) -> None:
        """Make a key pair for the tokens of an application."""
        self._app_id = app_id
        self._kid = uuid.uuid4().hex
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        keys = StaticKeys({self._kid: self._key.public_key()})
        self.trust: Trust = replace(Trust.GLOBAL, keys=keys)

    def sign(self, **claims: object) -> str:
        """Return a token that is valid from now for 65 minutes, with claims replaced by those given.

        They are `iss`, `aud`, `iat`, `nbf` and `exp`, and any other, such as `tid` for the tenant, of
        which there is none else. Times are integers, in seconds since 1970. A claim that is None is
        left out.
        """
        now = int(time.time())
        usual = {"iss": "https://api.botframework.com", "aud": self._app_id}
        times = {"iat": now, "nbf": now, "exp": now + 65 * 60}
        replaced = {**usual, **times, **claims}
        given = {name: value for name, value in replaced.items() if value is not None}
        return jwt.PyJWS().encode(
            json.dumps(given).encode(), self._key, algorithm="RS256", headers={"kid": self._kid}
        )

    def headers(self, **claims: object) -> dict[str, str]:
        """Return the header that carries such a token."""
        return {"authorization": f"Bearer {self.sign(**claims)}"}
