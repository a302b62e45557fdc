"""The examples of the page about deployment serve a bot as the page says; type checkers accept them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import types
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

import graph_comms.bot
from graph_comms import AsyncCommunicationsClient
from graph_comms.bot import Bot, LiveCall, Trust
from tests.bot import samples
from tests.bot.adapter_faces import event_2
from tests.bot.example_apps import Credential, running, stand_in, until
from tests.bot.service import CALLBACK, SIGNER, Service
from tests.client.test_doc_pages import PROJECT, examples_of
from tests.support.stores import SharedStore

PAGE = "docs/bots-deploy.md"
EXAMPLES = examples_of(PAGE)
GIVEN: Mapping[str, str] = {
    "TENANT_ID": samples.TENANT,
    "CLIENT_ID": samples.APP,
    "CLIENT_SECRET": "secret",
    "REDIS_URL": "redis://localhost",
    "QUEUE_URL": "https://sqs.amazonaws.com/1/calls",
}
INCOMING = samples.body(samples.incoming())
LINK = "https://teams.microsoft.com/meet/21234567890123?p=aB3x9Z"

Names = dict[str, Any]


class Queue:
    """What stands in for SQS."""

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []

    def send_message(self, **message: str) -> None:
        self.sent.append(message)


class Around:
    """What the examples run in."""

    def __init__(self) -> None:
        self.service = Service()
        self.queue = Queue()
        self.answered = threading.Event()
        self.service.answers["answer"] = self._answer
        transport = httpx.MockTransport(self.service)
        self.client = AsyncCommunicationsClient("token", transport=transport)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.answered.set()
        return httpx.Response(202)

    def bot(self) -> Bot:
        """Return a bot that answers calls."""
        given: dict[str, Any] = {"trust": SIGNER.trust, "store": SharedStore()}
        bot = Bot(self.client, app_id=samples.APP, callback_uri=CALLBACK, **given)

        @bot.incoming
        async def ring(call: LiveCall) -> None:
            await call.answer()

        return bot


def lives_inside(around: Around, names: Names) -> None:
    async def serve() -> None:
        async with running(names["app"]) as served:
            await served.notify(samples.incoming())
            assert (await served.http.get("/health")).json() == {"calls": 1}
            await until(around.answered.is_set)
        reply = await names["bot"].handle("POST", SIGNER.headers(), "", INCOMING)
        assert reply.status == 503

    asyncio.run(serve())
    assert around.service.actions() == ["answer"]


def goes_on_after_a_restart(around: Around, names: Names) -> None:
    async def live() -> list[str]:
        async with names["bot"] as bot:
            if not [call async for call in bot.calls()]:
                await bot.handle("POST", SIGNER.headers(), "", INCOMING)
                return []
            return [call.id async for call in bot.calls()]

    assert [asyncio.run(live()), asyncio.run(live())] == [[], [samples.CALL]]


def is_answered_by_the_timer(around: Around, names: Names) -> None:
    import azure.functions as func

    function, timer = names["app"].get_functions()
    assert function.get_trigger().route == "calls"
    assert timer.get_trigger().schedule == "*/2 * * * * *"
    url = names["bot"].engine.callback_uri
    sent = func.HttpRequest("POST", url, headers=SIGNER.headers(), body=INCOMING)
    assert asyncio.run(function.get_user_function()(sent)).status_code == 202
    assert around.service.requests == []
    asyncio.run(timer.get_user_function()(None))
    assert around.service.actions() == ["answer"]


def is_answered_by_the_queue(around: Around, names: Names) -> None:
    reply = names["handler"](event_2("POST", [*SIGNER.headers().items()], INCOMING), None)
    assert (reply["statusCode"], around.service.requests) == (202, [])
    assert around.queue.sent == [{"QueueUrl": GIVEN["QUEUE_URL"], "MessageBody": "due"}]
    assert names["handler"]({"Records": [{"body": "due"}]}, None) is None
    assert around.service.actions() == ["answer"]
    names["answer"]._runner.close()


def is_served_by_flask(around: Around, names: Names) -> None:
    flask = names["app"].test_client()
    reply = flask.post("/api/calls", headers=SIGNER.headers(), data=INCOMING)
    assert (reply.status_code, reply.data) == (202, b"")
    assert around.answered.wait(10)
    assert flask.post("/join", data={"link": LINK}).get_json() == {"id": samples.CALL}
    assert around.service.bodies[-1]["tenantId"] == samples.TENANT


def believes_the_government(around: Around, names: Names) -> None:
    async def post(call: str, **claims: str) -> int:
        headers = SIGNER.headers(**claims)
        body = samples.body(samples.call_item(call=call, state="established"))
        reply = await names["bot"].handle("POST", headers, "", body)
        return int(reply.status)

    async def serve() -> list[str]:
        async with names["bot"] as bot:
            of_both = ("https://api.botframework.com/", "https://api.botframework.us")
            for issuer in of_both:
                assert await post(samples.CALL, tid=samples.TENANT, iss=issuer) == 202
                # Each notification is compared with its tenant: one of another is dropped.
                assert await post(samples.OTHER_CALL, tid="another", iss=issuer) == 202
            assert await post(samples.CALL, tid=samples.TENANT, iss="https://contoso.us") == 401
            return [call.id async for call in bot.calls()]

    assert asyncio.run(serve()) == [samples.CALL]


def counts(around: Around, names: Names) -> None:
    async def serve() -> None:
        async with names["bot"] as bot:
            await bot.handle("POST", {}, "", INCOMING)
            await bot.handle("POST", SIGNER.headers(), "", INCOMING)

    asyncio.run(serve())
    assert names["counts"] == {"refused": 1, "received": 1}


DRIVEN: list[Callable[[Around, Names], None]] = [
    lives_inside, goes_on_after_a_restart, is_answered_by_the_timer, is_answered_by_the_queue,
    is_served_by_flask, believes_the_government, counts,
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_serves_a_bot(
    number: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    around = Around()
    stand_in(monkeypatch, around.service)
    boto3 = types.ModuleType("boto3")
    vars(boto3)["client"] = {"sqs": around.queue}.__getitem__
    monkeypatch.setitem(sys.modules, "boto3", boto3)
    monkeypatch.setattr(graph_comms.bot, "RedisStore", lambda url: SharedStore(), raising=False)
    government = replace(Trust.US_GOV, keys=SIGNER.trust.keys)
    monkeypatch.setattr(Trust, "US_GOV", government)
    monkeypatch.chdir(tmp_path)
    made = {"credential": Credential(), "client": around.client, "bot": around.bot()}
    names = {"__name__": "example", **made, **GIVEN}
    exec(compile(EXAMPLES[number][0], PAGE, "exec"), names)
    DRIVEN[number](around, names)


def test_type_checkers_accept_the_examples(tmp_path: Path) -> None:
    stubs = tmp_path / "stubs"
    identity = stubs / "azure/identity"
    identity.mkdir(parents=True)
    (stubs / "boto3.pyi").write_text("from typing import Any\ndef client(name: str) -> Any: ...\n")
    names = "from typing import Any\ncredential: Any\n"
    names += "".join(f"{name}: str\n" for name in GIVEN)
    for number, (code, _) in enumerate(EXAMPLES):
        # azure-identity is not installed for development.
        code = code.replace(
            "from azure.identity.aio import ClientSecretCredential",
            "from typing import Any\nClientSecretCredential: Any",
        )
        made = "" if "bot = Bot(" in code else "from graph_comms.bot import Bot\nbot: Bot\n"
        made += (
            "from graph_comms import AsyncCommunicationsClient\nclient: AsyncCommunicationsClient\n"
        )
        (tmp_path / f"example_{number}.py").write_text(made + names + code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", *tmp_path.glob("*.py")],
        env=os.environ | {"MYPYPATH": f"{PROJECT / 'generated'}{os.pathsep}{stubs}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.stdout == ""
