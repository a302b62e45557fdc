"""The bot of the README, run as it stands there: it answers, greets once, and hangs up."""

from __future__ import annotations

import sys
import types
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import anyio
import httpx
import pytest

import graph_comms
import graph_comms.bot
from tests.bot import samples
from tests.bot.service import CALLBACK, SIGNER, Service
from tests.client.test_doc_pages import examples_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def service() -> Service:
    """What the bot's requests go to."""
    return Service()


@pytest.fixture
async def server(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """The application of the README, to be posted to; it believes the tests' keys, not the service's."""
    identity = types.ModuleType("azure.identity.aio")
    vars(identity)["ClientSecretCredential"] = lambda *_: "token"
    monkeypatch.setitem(sys.modules, "azure.identity.aio", identity)
    client = partial(graph_comms.AsyncCommunicationsClient, transport=httpx.MockTransport(service))
    monkeypatch.setattr(graph_comms, "AsyncCommunicationsClient", client)
    bot = partial(graph_comms.bot.Bot, trust=SIGNER.trust)
    monkeypatch.setattr(graph_comms.bot, "Bot", bot)
    names = {"__name__": "bot", "TENANT_ID": samples.TENANT, "CLIENT_SECRET": "secret"}
    names |= {"CLIENT_ID": samples.APP}
    code, _ = examples_of("README.md")[1]
    exec(compile(code, "README.md", "exec"), names)
    app: Any = names["app"]
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, headers=SIGNER.headers()) as server,
    ):
        yield server


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(10):
        while not condition():
            await anyio.sleep(0.01)


async def test_the_bot_answers_greets_once_and_hangs_up(
    service: Service, server: httpx.AsyncClient
) -> None:
    async def deliver(*items: Any) -> None:
        for sent in items:
            reply = await server.post(CALLBACK, content=samples.body(sent))
            assert (reply.status_code, reply.content) == (202, b"")

    captured = samples.answered_call()
    await deliver(samples.incoming())
    await until(lambda: service.actions() == ["answer"])
    await deliver(*captured[:7])
    await until(lambda: service.actions() == ["answer", "playPrompt"])
    await deliver(captured[7])
    await until(lambda: "DELETE" in service.actions())
    await deliver(captured[8])
    assert service.actions() == ["answer", "playPrompt", "DELETE"]
    answer, prompt, _ = service.bodies
    assert answer["callbackUri"] == CALLBACK
    assert prompt["prompts"][0]["mediaInfo"]["uri"] == "https://bot.contoso.com/hello.wav"


async def test_the_bot_believes_nobody_without_a_token(
    service: Service, server: httpx.AsyncClient
) -> None:
    body = samples.body(samples.incoming())
    reply = await server.post(CALLBACK, content=body, headers={"authorization": ""})
    assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer")
    assert service.requests == []
