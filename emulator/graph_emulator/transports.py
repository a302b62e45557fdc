"""How clients in this process reach the emulated service: without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from typing import Any

import httpx

from graph_comms.bot.waiting import in_thread

from .loop import waits_for_this_thread

Handle = Callable[[httpx.Request, bytes], Coroutine[Any, Any, httpx.Response]]


class AsyncTransport(httpx.AsyncBaseTransport):
    """Passes requests of an asynchronous client to the loop of the emulator."""

    def __init__(self, loop: Callable[[], asyncio.AbstractEventLoop], handle: Handle) -> None:
        self._loop = loop
        self._handle = handle

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer to a request."""
        body = await request.aread()
        loop = self._loop()
        if asyncio.get_running_loop() is loop:
            return await self._handle(request, body)
        answering = asyncio.run_coroutine_threadsafe(self._handle(request, body), loop)
        return await asyncio.wrap_future(answering)


class Transport(httpx.BaseTransport):
    """Passes requests of a synchronous client to the loop of the emulator, and waits."""

    def __init__(self, loop: Callable[[], asyncio.AbstractEventLoop], handle: Handle) -> None:
        self._loop = loop
        self._handle = handle

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer; raises RuntimeError on the loop of the emulator, which would wait for itself."""
        body, loop = request.read(), self._loop()
        refuse_on(
            loop, "a synchronous client waits for the emulator, on whose event loop it is called"
        )
        meanwhile = in_thread(-1) if waits_for_this_thread(loop) else nullcontext()

        async def handle() -> httpx.Response:
            with meanwhile:
                return await self._handle(request, body)

        return asyncio.run_coroutine_threadsafe(handle(), loop).result()


def refuse_on(loop: asyncio.AbstractEventLoop, problem: str) -> None:
    """Raise RuntimeError if this is the thread of the loop."""
    if on_loop(loop):
        raise RuntimeError(f"{problem}: use the asynchronous one there")


def on_loop(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether this is the thread of a loop."""
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
