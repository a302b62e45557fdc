"""A bot in a test: a client whose requests go nowhere, a clock, and signed deliveries."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx

from graph_comms import AsyncCommunicationsClient
from graph_comms.bot.bot import Bot
from graph_comms.bot.reply import Reply
from graph_comms.bot.testing import Signer
from tests.bot import samples
from tests.bot.manual_clock import ManualClock, settle

Json = Any
Answer = Callable[[httpx.Request], httpx.Response]

CALLBACK = "https://bot.contoso.com/api/calls"

_STARTED = {
    "playPrompt": ("playPromptOperation", "running"),
    "recordResponse": ("recordOperation", "running"),
    "subscribeToTone": ("subscribeToToneOperation", "completed"),
    "cancelMediaProcessing": ("cancelMediaProcessingOperation", "completed"),
    "mute": ("muteParticipantOperation", "completed"),
}

SIGNER = Signer(samples.APP)


class Service:
    """Answers the requests of a bot as the service does, and remembers them."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []
        self.bodies: list[Json] = []
        self.answers: dict[str, Answer] = {}
        """What is answered instead, by the last segment of the path."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1.0/communications/calls")
        name = path.rpartition("/")[2].rpartition(".")[2]
        self.requests.append((request.method, path))
        body: Json = json.loads(request.content) if request.content else None
        self.bodies.append(body)
        if name in self.answers:
            return self.answers[name](request)
        if name in _STARTED:
            kind, status = _STARTED[name]
            started = {
                "@odata.type": f"#microsoft.graph.{kind}",
                "id": samples.OPERATION,
                "status": status,
                "clientContext": body.get("clientContext"),
            }
            return httpx.Response(200, json=started)
        if request.method == "DELETE":
            return httpx.Response(204)
        if name == "" and request.method == "POST":
            call = {"@odata.type": "#microsoft.graph.call", "id": samples.CALL}
            return httpx.Response(201, json={**call, "state": "establishing"})
        return httpx.Response(200 if name == "keepAlive" else 202)

    def actions(self) -> list[str]:
        """Return the last segments of the requests, in order."""
        return [
            method if method != "POST" else path.rpartition("/")[2].rpartition(".")[2]
            for method, path in self.requests
        ]


class BotUnderTest:
    """A bot with its clock and its service."""

    def __init__(self, **options: Any) -> None:
        self.clock = options.pop("clock", None) or ManualClock()
        self.service = Service()
        self.client = AsyncCommunicationsClient(
            "token", transport=httpx.MockTransport(self.service)
        )
        self.counted: dict[str, int] = {}
        usual = {"callback_uri": CALLBACK, "trust": SIGNER.trust, "on_count": self._count}
        given: dict[str, Any] = usual | options
        self.bot = Bot(self.client, app_id=samples.APP, clock=self.clock, **given)

    def _count(self, name: str, amount: int) -> None:
        self.counted[name] = self.counted.get(name, 0) + amount

    async def stop(self) -> None:
        """Stop the bot, whose handlers may hang for as long as they are given."""
        stopping = asyncio.create_task(self.bot.stop())
        await self.clock.advance(self.bot.engine.settings.grace)
        await stopping

    async def post(self, body: bytes, *, message_id: str | None = None, **claims: Any) -> Reply:
        """Deliver a body as the service does."""
        headers = {
            **SIGNER.headers(**claims),
            "Content-Type": "application/json",
            "X-Microsoft-Skype-Message-ID": message_id or str(uuid4()),
            "X-Microsoft-Skype-Chain-ID": samples.CHAIN,
            "Scenario-Id": "scenario",
        }
        return await self.bot.handle("POST", headers, "", body)

    async def notify(self, *items: Json, message_id: str | None = None) -> None:
        """Deliver notifications, and let everything run that can."""
        reply = await self.post(samples.body(*items), message_id=message_id)
        assert reply.status == 202
        await self.settle()

    async def settle(self) -> None:
        """Let everything run, threads too."""
        for _ in range(4):
            await settle()
            await asyncio.sleep(0.002)
        await settle()
