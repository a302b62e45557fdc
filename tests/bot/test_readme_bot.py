"""The bot of the README, run as it stands there: it answers, greets once, and hangs up."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.bot import samples
from tests.bot.example_apps import Posting, running, stand_in, until
from tests.bot.service import CALLBACK, Service
from tests.client.test_doc_pages import examples_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def service() -> Service:
    """What the bot's requests go to."""
    return Service()


@pytest.fixture
async def served(service: Service, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Posting]:
    """The application of the README; it believes the tests' keys, not the service's."""
    stand_in(monkeypatch, service)
    names = {"__name__": "bot", "TENANT_ID": samples.TENANT, "CLIENT_SECRET": "secret"}
    names |= {"CLIENT_ID": samples.APP}
    code, _ = examples_of("README.md")[1]
    exec(compile(code, "README.md", "exec"), names)
    async with running(names["app"]) as served:
        yield served


async def test_the_bot_answers_greets_once_and_hangs_up(service: Service, served: Posting) -> None:
    captured = samples.answered_call()
    await served.notify(samples.incoming())
    await until(lambda: service.actions() == ["answer"])
    await served.notify(*captured[:7])
    await until(lambda: service.actions() == ["answer", "playPrompt"])
    await served.notify(captured[7])
    await until(lambda: "DELETE" in service.actions())
    await served.notify(captured[8])
    assert service.actions() == ["answer", "playPrompt", "DELETE"]
    answer, prompt, _ = service.bodies
    assert answer["callbackUri"] == CALLBACK
    assert prompt["prompts"][0]["mediaInfo"]["uri"] == "https://bot.contoso.com/hello.wav"


async def test_the_bot_believes_nobody_without_a_token(service: Service, served: Posting) -> None:
    reply = await served.http.post(CALLBACK, content=samples.body(samples.incoming()))
    assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer")
    assert service.requests == []
