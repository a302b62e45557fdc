"""What Graph does about subscriptions, for the tests of change notifications."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import uuid4

import httpx

from graph_comms import AsyncCommunicationsClient, RetryPolicy
from graph_comms.bot.changes import Changes
from graph_comms.bot.memory import MemoryStore
from graph_comms.bot.reply import Reply
from graph_comms.bot.store import Store
from graph_comms.bot.testing import ChangeSigner
from tests.bot.manual_clock import BEGIN, ManualClock

APP_ID = "8e460676-ae3f-4b1e-8790-ee0fb5d6148f"
URL = "https://bot.contoso.com/api/changes"
RECORDS = "communications/callRecords"


@dataclass
class GraphSide:
    """Subscriptions by id, all requests, and the statuses that the next requests are answered with."""

    subscriptions: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    resources: dict[str, Any] = field(default_factory=dict)
    lives: timedelta | None = None
    """How long subscriptions live, if not as long as they are asked to."""

    def asked(self, method: str) -> list[Any]:
        """Return the bodies of the requests of a method."""
        return [json.loads(one.content or b"null") for one in self.requests if one.method == method]

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        await asyncio.sleep(0)
        if self.failures:
            status = self.failures.pop(0)
            return httpx.Response(status, json={"error": {"code": "Failed", "message": "No."}})
        path = request.url.path.removeprefix("/v1.0/")
        key = path.removeprefix("subscriptions").lstrip("/")
        if not path.startswith("subscriptions"):
            found = self.resources.get(path)
            return httpx.Response(200, json=found) if found else httpx.Response(404, json={})
        if request.method == "POST" and not key:
            body = json.loads(request.content)
            if self.lives is not None:
                body["expirationDateTime"] = (BEGIN + self.lives).isoformat()
            key = str(uuid4()).upper()
            self.subscriptions[key.lower()] = body
            return httpx.Response(201, json={**body, "id": key, "clientState": None})
        if key not in self.subscriptions:
            return httpx.Response(404, json={"error": {"code": "ResourceNotFound"}})
        if request.method == "DELETE":
            del self.subscriptions[key]
            return httpx.Response(204)
        self.subscriptions[key].update(json.loads(request.content))
        return httpx.Response(200, json={**self.subscriptions[key], "id": key})

    def client(self) -> AsyncCommunicationsClient:
        return AsyncCommunicationsClient(
            "token", transport=httpx.MockTransport(self.answer), retry=RetryPolicy(max_retries=0)
        )

    def item(self, key: str | None = None, **members: Any) -> dict[str, Any]:
        """Return a notification of a created call record, as Graph sends it; members replace its own."""
        key = key or next(reversed(self.subscriptions))
        subscription = self.subscriptions[key]
        usual = {
            "subscriptionId": key,
            "clientState": subscription["clientState"],
            "changeType": "created",
            "resource": f"{RECORDS}/r1",
            "subscriptionExpirationDateTime": subscription["expirationDateTime"],
            "resourceData": {
                "@odata.type": "#microsoft.graph.callrecord",
                "@odata.id": f"{RECORDS}/r1",
                "id": "r1",
            },
            "tenantId": "f1a9d2b0-0000-4000-8000-000000000001",
        }
        return {name: one for name, one in {**usual, **members}.items() if one is not None}


@cache
def signer() -> ChangeSigner:
    """Return the keys that most tests share: to make some takes a while."""
    return ChangeSigner(APP_ID)


@dataclass
class Setting:
    """A `Changes` over what stands in for Graph, with a clock that the test moves."""

    graph: GraphSide = field(default_factory=GraphSide)
    clock: ManualClock = field(default_factory=ManualClock)
    signer: ChangeSigner = field(default_factory=signer)
    counts: dict[str, int] = field(default_factory=dict)
    store: Store | None = None

    def __post_init__(self) -> None:
        self.store = self.store or MemoryStore(clock=self.clock)

    def count(self, counter: str, amount: int) -> None:
        self.counts[counter] = self.counts.get(counter, 0) + amount

    def changes(self, **options: Any) -> Changes:
        usual: dict[str, Any] = {
            "app_id": APP_ID,
            "store": self.store,
            "notification_url": URL,
            "certificates": [self.signer.certificate],
            "publisher": self.signer.publisher,
            "clock": self.clock,
            "chance": lambda: 0.5,
            "on_count": self.count,
        }
        return Changes(self.graph.client(), **{**usual, **options})


async def post(
    changes: Changes, *items: Mapping[str, Any], tokens: list[str] | None = None
) -> Reply:
    """Post a collection of notifications."""
    body: dict[str, Any] = {"value": list(items)}
    if tokens is not None:
        body["validationTokens"] = tokens
    headers = {"Content-Type": "application/json"}
    return await changes.handle("POST", headers, "", json.dumps(body).encode())
