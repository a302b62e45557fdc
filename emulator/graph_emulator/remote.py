"""What an application needs to use an emulator that runs as a server."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self

import httpx

from graph_comms.bot import KeySource, Trust


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token, and when it expires, in seconds since 1970: as azure-identity has it."""

    token: str
    expires_on: int


class Credential:
    """Gets the tokens of an application from an emulator; without `roles` it has all of them.

    It has `get_token` and closes as a credential of azure-identity's `aio` does.
    """

    def __init__(
        self,
        url: str,
        app_id: str,
        *,
        roles: Sequence[str] | None = None,
        tenant: str = "common",
    ) -> None:
        """Take the address of the emulator, such as http://127.0.0.1:7071, and the application's id."""
        self._address = f"{url.rstrip('/')}/{tenant}/oauth2/v2.0/token"
        self._form = {"client_id": app_id, "grant_type": "client_credentials"}
        if roles is not None:
            self._form["roles"] = " ".join(roles)
        self._client = httpx.AsyncClient(trust_env=False)

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token. Raises httpx.HTTPError if the emulator does not answer."""
        response = await self._client.post(
            self._address, data={**self._form, "scope": " ".join(scopes)}
        )
        answer = response.raise_for_status().json()
        return AccessToken(answer["access_token"], int(time.time()) + answer["expires_in"])

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


def trust(url: str) -> Trust:
    """Return what a bot has to believe of an emulator: pass it to Bot."""
    return replace(Trust.GLOBAL, keys=KeySource(f"{url.rstrip('/')}/_emulator/openid"))
