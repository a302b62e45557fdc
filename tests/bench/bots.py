"""What a bot costs: for each notification, while its handlers are slow, and after many calls."""

from __future__ import annotations

import asyncio
import gc
import json
import sqlite3
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any
from uuid import UUID

import httpx
import jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from graph_comms import AsyncCommunicationsClient
from graph_comms.bot import Bot, Clock, MemoryStore, SQLiteStore
from graph_comms.bot.store import Store
from tests.bench.measure import ROUNDS, Ratio, collector_off
from tests.bot import samples
from tests.bot.manual_clock import ManualClock
from tests.bot.service import CALLBACK, SIGNER

Message = MutableMapping[str, Any]
App = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Any
]

PATH = "/api/calls"
NOTIFICATIONS = 10_000
BATCHES = 1_000

CODE = (type, ModuleType, FunctionType, BuiltinFunctionType, str, bytes, asyncio.AbstractEventLoop)
"""What belongs to no bot alone, and texts, which have no entries."""


def seconds_of_many() -> float:
    """Return the processor's seconds that 10,000 notifications take, with all their handlers."""
    return asyncio.run(_through_bot(NOTIFICATIONS)) * NOTIFICATIONS


def ratio_to_bare(*, handled: bool) -> Ratio:
    """Return the processor's time of a notification over that of a bare endpoint, which forgets it.

    `handled`: with the events that handlers get.
    """
    few = NOTIFICATIONS // 10
    with collector_off():
        rounds = [
            (
                asyncio.run(_through_bot(few, handled=handled)),
                asyncio.run(_through(_bare(), few)),
            )
            for _ in range(ROUNDS)
        ]
    bare = median(bare for _, bare in rounds)
    return Ratio(median(ours / bare for ours, bare in rounds), bare)


def slowest_answer() -> float:
    """Return the milliseconds within which 99 of 100 are answered while handlers sleep ten seconds."""
    return asyncio.run(_answers())


def growth_in_memory() -> float:
    """Return what a bot holds after 100,000 calls in ten days over what it held after three days."""
    return asyncio.run(_many_calls(100_000, lambda clock: MemoryStore(clock=clock)))


def growth_in_file() -> float:
    """Return the same of 20,000 calls and an SQLite file, with the file's rows."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "calls.sqlite")
        return asyncio.run(_many_calls(20_000, lambda clock: SQLiteStore(path, clock=clock), path))


def _bot(**options: Any) -> Bot:
    transport = httpx.MockTransport(lambda _: httpx.Response(202))
    client = AsyncCommunicationsClient("token", transport=transport)
    usual: dict[str, Any] = {"callback_uri": CALLBACK, "trust": SIGNER.trust}
    return Bot(client, app_id=samples.APP, **usual, **options)


def _call_id(number: int) -> str:
    return str(UUID(int=2**100 + number))


async def _through_bot(count: int, *, handled: bool = True) -> float:
    bot = _bot()

    async def handle(event: object) -> None:
        """Stand for the work of an application."""

    decorators = (bot.established, bot.media_active, bot.tone, bot.operation, bot.terminated)
    for decorator in decorators if handled else ():
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


async def _many_calls(
    calls: int, store_of: Callable[[Clock], Store], path: Path | None = None
) -> float:
    """Return what a bot and its store hold after so many calls over what they held after 3 of 10."""
    clock = ManualClock()
    bot = _bot(clock=clock, store=store_of(clock))

    @bot.terminated
    async def handle(event: object) -> None:
        """Stand for the work of an application."""

    together = calls // BATCHES
    held = list[int]()
    async with bot:
        for batch in range(BATCHES):
            sent = [
                samples.answered_call(_call_id(number))
                for number in range(batch * together, (batch + 1) * together)
            ]
            for step in (2, 6, -1):
                message = {"x-microsoft-skype-message-id": f"{batch} {step}"}
                body = samples.body(*(items[step] for items in sent))
                reply = await bot.handle("POST", SIGNER.headers() | message, "", body)
                assert reply.status == 202
            await _until_idle(bot, clock)
            await clock.leap(10 * 24 * 3_600 / BATCHES)
            await _until_idle(bot, clock)
            if batch + 1 in (BATCHES * 3 // 10, BATCHES):
                held.append(_held(bot, path))
    return held[1] / held[0]


async def _until_idle(bot: Bot, clock: Clock) -> None:
    """Wait until nothing is queued or due."""
    store = bot.store
    while await store.pending("call") or await store.due("call", clock.now().timestamp(), 1):
        await asyncio.sleep(0)


def _held(bot: Bot, path: Path | None) -> int:
    """Return how many entries all that a bot refers to has, and the rows of its store's file."""
    gc.collect()
    entries, seen, found = 0, set[int](), list[object]([bot])
    while found:
        value = found.pop()
        if id(value) in seen or isinstance(value, CODE):
            continue
        seen.add(id(value))
        entries += len(value) if isinstance(value, Collection) else 0
        found += gc.get_referents(value)
    if path is not None:
        with closing(sqlite3.connect(path)) as database:
            tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (table,) in tables.fetchall():
                entries += database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return entries
