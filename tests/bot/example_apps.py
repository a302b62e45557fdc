"""Applications of examples and pages in a test: their requests go to a stand-in for Graph."""

from __future__ import annotations

import sys
import time
import types
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, ClassVar, Self

import anyio
import httpx
import pytest

import graph_comms
import graph_comms.bot
from tests.bot import samples
from tests.bot.service import CALLBACK, SIGNER

Answer = (
    Callable[[httpx.Request], httpx.Response]
    | Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]
)


class Posting:
    """An application that runs, to be posted to as Graph does."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def notify(self, *items: Any) -> None:
        """Deliver notifications, each in a request of its own, to exactly the callback URI."""
        for sent in items:
            headers = SIGNER.headers()
            reply = await self.http.post(CALLBACK, content=samples.body(sent), headers=headers)
            assert (reply.status_code, reply.content) == (202, b"")


def stand_in(monkeypatch: pytest.MonkeyPatch, answer: Answer, **environment: str) -> None:
    """Lead clients that are made from now on to `answer`, and have bots believe the tests' keys."""
    Credential.open.clear()
    identity = types.ModuleType("azure.identity.aio")
    vars(identity)["ClientSecretCredential"] = Credential
    monkeypatch.setitem(sys.modules, "azure.identity.aio", identity)
    transport = httpx.MockTransport(answer)
    client = partial(graph_comms.AsyncCommunicationsClient, transport=transport)
    monkeypatch.setattr(graph_comms, "AsyncCommunicationsClient", client)
    bot = partial(graph_comms.bot.Bot, trust=SIGNER.trust)
    monkeypatch.setattr(graph_comms.bot, "Bot", bot)
    monkeypatch.setattr(graph_comms.bot.Trust, "GLOBAL", SIGNER.trust)
    application: Mapping[str, str] = {
        "TENANT_ID": samples.TENANT,
        "CLIENT_ID": samples.APP,
        "CLIENT_SECRET": "secret",
        "CALLBACK_URI": CALLBACK,
    }
    for name, value in {**application, **environment}.items():
        monkeypatch.setenv(name, value)


class Credential:
    """Has what a credential of azure-identity has, and tells whether it was closed."""

    open: ClassVar[set[object]] = set()

    def __init__(self, *_: str) -> None:
        self.open.add(self)

    async def get_token(self, *scopes: str, **options: Any) -> Any:
        return types.SimpleNamespace(token="token", expires_on=time.time() + 3600)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.open.discard(self)


@asynccontextmanager
async def running(app: Any) -> AsyncIterator[Posting]:
    """Run an application as a server does, with its lifespan."""
    transport = httpx.ASGITransport(app)
    base = "https://bot.contoso.com"
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=base) as http,
    ):
        yield Posting(http)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so; raises TimeoutError if it is not within ten seconds."""
    with anyio.fail_after(10):
        while not condition():
            await anyio.sleep(0.01)
