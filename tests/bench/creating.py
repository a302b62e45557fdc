"""What it costs to create a call, beside a bare client of httpx that does the same."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from time import perf_counter
from typing import Any, cast

import httpx

from graph_comms import AsyncCommunicationsClient, CommunicationsClient
from graph_comms._runtime.connections import ConnectionOptions
from graph_comms.models import Call, GraphModel
from tests.bench.measure import Ratio, ratios
from tests.golden.documented import load_examples

EXAMPLE = load_examples()[0]
BODY = dict(EXAMPLE.request.body)
ANSWER = json.dumps(EXAMPLE.response.body).encode()
PATH = "/v1.0/communications/calls"
TOGETHER = 50
MINUTE = 60.0
HEADERS = {"Authorization": "Bearer token"}

Json = Any


def through_mock() -> Ratio:
    """Return the processor's time of a create through a transport that answers at once."""
    transport = httpx.MockTransport(
        lambda request: httpx.Response(
            201, content=ANSWER, headers={"content-type": "application/json"}
        )
    )
    url = f"https://graph.microsoft.com{PATH}"
    call = built_call()
    with (
        CommunicationsClient("token", transport=transport) as ours,
        httpx.Client(transport=transport) as bare,
    ):
        [found] = ratios(
            lambda: ours.calls.create(call), lambda: _created(bare.post(url, **_sent())), repeat=200
        )
    return found


def through_server() -> Ratio:
    """Return the time of a create by a server of this machine."""
    call = built_call()
    with (
        _server() as root,
        CommunicationsClient("token", endpoint=f"{root}/v1.0") as ours,
        httpx.Client() as bare,
    ):
        [found] = ratios(
            lambda: ours.calls.create(call),
            lambda: _created(bare.post(root + PATH, **_sent())),
            repeat=100,
            timer=perf_counter,
        )
    return found


def many_through_server() -> Ratio:
    """Return the time of 50 creates at a time, asynchronously, by the same server.

    Both keep all connections: what httpx does for a request grows with those that are idle, and which of
    them expire meanwhile would be chance.
    """
    with _server() as root, asyncio.Runner() as runner:
        ours = AsyncCommunicationsClient("token", endpoint=f"{root}/v1.0", keepalive_expiry=MINUTE)
        bare = httpx.AsyncClient(
            limits=ConnectionOptions(keepalive_expiry=MINUTE).keywords()["limits"]
        )
        call = built_call()

        async def create() -> None:
            await asyncio.gather(*(ours.calls.create(call) for _ in range(TOGETHER)))

        async def post() -> None:
            sent = (bare.post(root + PATH, **_sent()) for _ in range(TOGETHER))
            for response in await asyncio.gather(*sent):
                _created(response)

        [found] = ratios(
            lambda: runner.run(create()),
            lambda: runner.run(post()),
            repeat=4,
            timer=perf_counter,
        )
        runner.run(ours.aclose())
        runner.run(bare.aclose())
    return found


def built_call() -> Call:
    """Return the call of the documented request, built as an application builds it."""
    built: Call = _built(Call.from_dict(BODY))
    return built


def _built(value: Any) -> Any:
    if isinstance(value, list):
        return [_built(item) for item in value]
    if isinstance(value, GraphModel):
        set_ones = value.model_fields_set
        return type(value)(**{name: _built(getattr(value, name)) for name in set_ones})
    return value


def _sent() -> Json:
    return {"json": BODY, "headers": HEADERS}


def _created(response: httpx.Response) -> Json:
    response.raise_for_status()
    return response.json()


@contextmanager
def _server() -> Generator[str]:
    """Run the server in a process of its own, and give where it is."""
    command = [sys.executable, "-m", "tests.bench.creating"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield cast("Any", process.stdout).readline().strip()
        finally:
            process.terminate()


async def answer(scope: Json, receive: Json, send: Json) -> None:
    """Answer each request as the documentation does: an ASGI application."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(ANSWER)).encode()),
    ]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    await send({"type": "http.response.body", "body": ANSWER})


def main() -> None:
    """Serve until the process is ended, after a line with the address."""
    import socket

    import uvicorn

    # asyncio turns Nagle's algorithm off only where a socket says that it is of TCP.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
        # No connection ends while the other client is measured.
        config = uvicorn.Config(answer, log_level="error", lifespan="off", timeout_keep_alive=600)
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
