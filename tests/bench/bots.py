"""What a bot costs: for each notification, while its handlers are slow, and after many calls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter, process_time
from typing import Any
from uuid import UUID

import httpx
import jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from graph_comms import AsyncCommunicationsClient
from graph_comms.bot import Bot, MemoryStore
from tests.bot import samples
from tests.bot.manual_clock import ManualClock
from tests.bot.service import CALLBACK, SIGNER

Message = MutableMapping[str, Any]
App = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Any
]

PATH = "/api/calls"
NOTIFICATIONS = 10_000
CALLS = 100_000
TOGETHER = 100


def seconds_of_many() -> float:
    """Return the processor's seconds that 10,000 notifications take, with all their handlers."""
    return asyncio.run(_through_bot(NOTIFICATIONS)) * NOTIFICATIONS


def ratio_to_bare() -> float:
    """Return the processor's time of a notification over that of a bare endpoint, which forgets it."""
    ours = asyncio.run(_through_bot(NOTIFICATIONS // 4))
    return ours / asyncio.run(_through(_bare(), NOTIFICATIONS // 4))


def slowest_answer() -> float:
    """Return the milliseconds within which 99 of 100 are answered while handlers sleep ten seconds."""
    return asyncio.run(_answers())


def left_after_many_calls() -> float:
    """Return how many records, marks and times a store has a day after 100,000 calls."""
    return asyncio.run(_many_calls())


def _bot(**options: Any) -> Bot:
    transport = httpx.MockTransport(lambda _: httpx.Response(202))
    client = AsyncCommunicationsClient("token", transport=transport)
    usual: dict[str, Any] = {"callback_uri": CALLBACK, "trust": SIGNER.trust}
    return Bot(client, app_id=samples.APP, **usual, **options)


def _call_id(number: int) -> str:
    return str(UUID(int=2**100 + number))


async def _through_bot(count: int) -> float:
    bot = _bot()

    async def handle(event: object) -> None:
        """Stand for the work of an application."""

    for decorator in (bot.established, bot.media_active, bot.tone, bot.operation, bot.terminated):
        decorator(handle)
    app = Starlette(routes=[], lifespan=bot.lifespan)
    app.router.add_route(PATH, bot.asgi())
    async with bot:
        return await _through(app, count)


def _bare() -> Starlette:
    key = next(iter(SIGNER.trust.keys.keys.values()))  # type: ignore[attr-defined]

    async def answer(request: Request) -> Response:
        token = request.headers["authorization"].removeprefix("Bearer ")
        jwt.decode(token, key, algorithms=["RS256"], audience=samples.APP)
        json.loads(await request.body())
        return Response(status_code=202)

    return Starlette(routes=[Route(PATH, answer, methods=["POST"])])


async def _through(app: App, count: int) -> float:
    """Return the processor's seconds of one notification, of so many of whole calls."""
    headers = SIGNER.headers()
    bodies = [
        samples.body(sent)
        for number in range(count // 9 + 1)
        for sent in samples.answered_call(_call_id(number))
    ][:count]
    begun = process_time()
    for number, body in enumerate(bodies):
        status = await _post(app, body, headers | {"x-microsoft-skype-message-id": str(number)})
        assert status == 202, status
        await asyncio.sleep(0)
    return (process_time() - begun) / count


async def _post(app: App, body: bytes, headers: dict[str, str]) -> int:
    """Post a body to an ASGI application without a server, and return the status."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": PATH,
        "raw_path": PATH.encode(),
        "root_path": "",
        "scheme": "https",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    status = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    await app(scope, receive, send)
    return status


async def _answers() -> float:
    bot = _bot(grace=0.0)

    @bot.established
    async def sleep(call: object) -> None:
        await asyncio.sleep(10)

    headers, times = SIGNER.headers(), list[float]()
    async with bot:
        for number in range(2_000):
            body = samples.body(samples.answered_call(_call_id(number))[1])
            begun = perf_counter()
            reply = await bot.handle("POST", headers, "", body)
            times.append(perf_counter() - begun)
            assert reply.status == 202
            await asyncio.sleep(0)
    return sorted(times)[int(len(times) * 0.99)] * 1_000


async def _many_calls() -> float:
    clock = ManualClock()
    store = MemoryStore(clock=clock)
    bot = _bot(clock=clock, store=store)
    headers = SIGNER.headers()
    async with bot:
        for first in range(0, CALLS, TOGETHER):
            for step in (2, -1):
                items = [
                    samples.answered_call(_call_id(number))[step]
                    for number in range(first, first + TOGETHER)
                ]
                message = {"x-microsoft-skype-message-id": f"{first} {step}"}
                reply = await bot.handle("POST", headers | message, "", samples.body(*items))
                assert reply.status == 202
        for _ in range(27):
            await clock.advance(3_600)
    await store.pending("call")
    kept = vars(store)
    sizes = [len(kept["_rows"]), len(vars(kept["_marks"])["_times"])]
    sizes += [len(vars(table)["_times"]) for table in kept["_due"].values()]
    return float(sum(sizes))
