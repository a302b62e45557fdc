"""The addresses that the server posts to: the callback, what else it was allowed, and nothing besides."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

import httpx

from .addresses import is_callback, is_origin, origin_of
from .receivers import MOST, TIMEOUT, Receiver, Reply


class Dialler:
    """Posts what a service sends to the callback, and to addresses of allowed origins.

    Calls are notified at their callbackUri where its origin is allowed, else at the callback, whatever
    they name: so a bot on this machine can have the callbackUri that it has elsewhere. Nothing else is ever
    dialled, and no redirect followed.
    """

    def __init__(self, callback: str | None, allowed: Collection[str]) -> None:
        """Raises ValueError for an address or origin that is none."""
        self.callback = callback
        if callback is not None and not is_callback(callback):
            raise ValueError(
                "--callback must be an address such as http://127.0.0.1:8000/api/calls"
            )
        for origin in allowed:
            if not is_origin(origin):
                raise ValueError("--allow-origin must be an origin such as http://127.0.0.1:9000")
        self.allowed = tuple(sorted({origin_of(one) or "" for one in allowed}))
        self._origins = {*self.allowed, *filter(None, [callback and origin_of(callback)])}
        self._client = httpx.AsyncClient(trust_env=False, timeout=TIMEOUT, follow_redirects=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def of_call(self, uri: str) -> Receiver | None:
        """Return who takes the notifications of a call with a callbackUri."""
        if receiver := self.at(uri):
            return receiver
        return None if self.callback is None else self._post_to_callback

    def at(self, address: str) -> Receiver | None:
        """Return who takes what is posted to an address, None for one that is not dialled."""
        return self._post if origin_of(address) in self._origins else None

    async def _post_to_callback(
        self, uri: str, headers: Mapping[str, str], body: bytes
    ) -> Reply | None:
        return await self._post(self.callback or uri, headers, body)

    async def _post(self, uri: str, headers: Mapping[str, str], body: bytes) -> Reply | None:
        read = bytearray()
        try:
            async with (
                asyncio.timeout(TIMEOUT),
                self._client.stream("POST", uri, headers=dict(headers), content=body) as answer,
            ):
                async for piece in answer.aiter_bytes():
                    read += piece
                    if len(read) > MOST:
                        return None
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL):
            return None
        return Reply(answer.status_code, bytes(read), answer.headers.get("location", ""))
