"""A process with a bot: takes notifications from its input, and appends what it handles to a file.

Started as `python -m tests.bot.worker KIND ADDRESS LOG`. Each line of the input is a number and a body,
the answer is the number and the status.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import httpx

from graph_comms import AsyncCommunicationsClient
from graph_comms.bot import Bot, Event
from graph_comms.bot.testing import Signer
from tests.bot import samples
from tests.support.stores import Place

LEASE = 5.0
"""How long a call stays with a process that shows no sign of life, in seconds."""


async def main(kind: str, address: str, log: str) -> None:
    """Serve until the input ends."""
    signer = Signer(samples.APP)
    transport = httpx.MockTransport(lambda _: httpx.Response(200))
    bot = Bot(
        AsyncCommunicationsClient("token", transport=transport),
        app_id=samples.APP,
        callback_uri="https://bot.contoso.com/api/calls",
        trust=signer.trust,
        store=Place(kind, address).store(),
        lease=LEASE,
        grace=1.0,
    )
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def handle(event: Event, number: int) -> None:
        line = json.dumps([os.getpid(), event.call.id, number, event.redelivered])
        os.write(file, f"{line}\n".encode())
        await asyncio.sleep(0.05)

    @bot.tone
    async def press(event: Any) -> None:
        await handle(event, event.sequence_id)

    @bot.terminated
    async def end(event: Any) -> None:
        await handle(event, 99)

    async def answer(line: bytes) -> None:
        number, body = json.loads(line)
        headers = {**signer.headers(), "X-Microsoft-Skype-Message-ID": f"message-{number}"}
        reply = await bot.handle("POST", headers, "", json.dumps(body).encode())
        os.write(1, f"{number} {reply.status}\n".encode())

    reader = asyncio.StreamReader(limit=2**20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with bot, asyncio.TaskGroup() as tasks:
        os.write(1, b"ready 0\n")
        while line := await reader.readline():
            tasks.create_task(answer(line))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
