"""A bot in FastAPI under uvicorn: prints its port, and tells what its handlers saw.

The keys that it believes are read from its standard input.
"""

from __future__ import annotations

import json
import socket
import sys
from dataclasses import replace

import anyio.to_thread
import uvicorn
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from fastapi import FastAPI

from graph_comms.bot.keys import StaticKeys
from graph_comms.bot.trust import Trust
from tests.bot.adapter_faces import PATH, bot_and_seen


def main() -> None:
    given = json.loads(sys.stdin.readline())
    public = load_pem_public_key(given["key"].encode())
    trust = replace(Trust.GLOBAL, keys=StaticKeys({given["kid"]: public}))  # type: ignore[dict-item]
    bot, seen = bot_and_seen(trust=trust)
    app = FastAPI(lifespan=bot.lifespan)
    app.router.add_route(PATH, bot.asgi())

    @app.get("/handled/{call_id}/{count}")
    async def handled(call_id: str, count: int) -> list[str]:
        return await anyio.to_thread.run_sync(seen.wait, call_id, count)

    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[server])


if __name__ == "__main__":
    main()
