"""What an emulated call costs, by itself and with a bot that takes part in it; and what is left of many.

By itself means beside what does nothing: an ASGI application that answers 202, and asks what the bot asks by
the transport alone, with requests that nobody validates.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from functools import cache, partial
from itertools import count
from pathlib import Path
from time import process_time
from typing import Any

import httpx

from graph_emulator import Emulator, Person
from graph_emulator.log import Logged
from tests.bench.measure import Figure, collector_off, duration
from tests.emulator.bots import bot_of, call_to

CALLS = 1_000
ROUNDS = 10
STATM = Path("/proc/self/statm")
CALLS_AT = "https://graph.microsoft.com/v1.0/communications/calls"
ACTIONS: dict[str, Any] = {
    "subscribeToTone": {"clientContext": "keys"},
    "playPrompt": {
        "clientContext": "prompt",
        "prompts": [
            {
                "@odata.type": "#microsoft.graph.mediaPrompt",
                "mediaInfo": {
                    "@odata.type": "#microsoft.graph.mediaInfo",
                    "uri": "https://bot.contoso.com/hello.wav",
                    "resourceId": "6b4c4a6d-5d9f-4d8b-9a0e-8e6c6b1f2f10",
                },
            }
        ],
    },
}
"""What the application asks, as the bot does."""

_NUMBERS = count()


def events_per_second() -> float:
    """Return how many requests and notifications there are in a second of the processor's time."""
    return _in_process("events")["per_second"]


def lives() -> Figure:
    """Return how many lives there are in a second of the processor's time, with bot and client."""
    return _lives_in("with bot")


def lives_alone() -> Figure:
    """Return how many there are of the emulator by itself."""
    return _lives_in("alone")


def peak_memory() -> float:
    """Return the most memory of the process meanwhile, in MB."""
    return _in_process("events")["peak"]


def growth() -> float:
    """Return the memory after ten rounds of 1,000 calls, each with a reset, over that after the first."""
    return _in_process("rounds")["growth"]


def _lives_in(what: str) -> Figure:
    found = _in_process(what)
    return Figure(found["lives"], f"{duration(found['bare'])} a life for its JSON")


@cache
def _in_process(what: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.emulated", what]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _events() -> dict[str, float]:
    with Emulator() as svc:
        svc.connect(_bot(svc))
        begun = process_time()
        _play(svc)
        spent = process_time() - begun
        events = len(_events_of(svc))
        assert events >= 10 * CALLS
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"per_second": events / spent, "peak": peak}


def _with_bot() -> dict[str, float]:
    with Emulator() as svc:
        svc.connect(_bot(svc))
        return _lives(svc, partial(_play, svc))


def _alone() -> dict[str, float]:
    app = _App()
    with Emulator(callback=app) as svc:
        app.transport = svc.async_transport()
        app.headers = {"authorization": f"Bearer {svc.credential().get_token().token}"}
        ann = _ann(svc)
        call, transport = json.dumps(call_to(ann).to_dict()).encode(), svc.transport()

        def play() -> None:
            for _ in range(CALLS):
                request = httpx.Request("POST", CALLS_AT, headers=app.headers, content=call)
                assert transport.handle_request(request).status_code == 201
            svc.run()
            assert all(call.ended for call in svc.calls)

        return _lives(svc, play)


class _App:
    """Answers each notification with 202, and asks for keys and plays a prompt once there is audio."""

    transport: httpx.AsyncBaseTransport
    headers: dict[str, str]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        body: bytes = (await receive())["body"]
        if b"mediaState" in body and b"chatInfo" not in body:  # later ones have both
            self.asking = asyncio.create_task(self._ask(body.partition(b"/app/calls/")[2][:36]))
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def _ask(self, call_id: bytes) -> None:
        for action, body in ACTIONS.items():
            at = f"{CALLS_AT}/{call_id.decode()}/{action}"
            request = httpx.Request("POST", at, headers=self.headers, json=body)
            assert (await self.transport.handle_async_request(request)).status_code == 200


def _lives(svc: Emulator, play: Callable[[], None]) -> dict[str, float]:
    """Return how many lives of ten events or more a second has, after what happens once.

    What is bare is writing and reading the bodies of a life as JSON.
    """
    play()
    svc.log.clear()
    with collector_off():
        begun = process_time()
        play()
        spent = process_time() - begun
        events = _events_of(svc)
        begun = process_time()
        for event in events:
            json.loads(json.dumps((event.body, event.answer)))
        bare = process_time() - begun
    assert len(events) >= 10 * CALLS
    return {"lives": CALLS / spent, "bare": bare / CALLS}


def _events_of(svc: Emulator) -> list[Logged]:
    return [*svc.log.requests, *svc.log.notifications]


def _rounds() -> dict[str, float]:
    held: list[int] = []
    with Emulator() as svc:
        svc.connect(_bot(svc))
        for _ in range(ROUNDS):
            _play(svc)
            svc.advance(hours=51)  # so that the bot, too, has forgotten its calls
            svc.reset()
            gc.collect()
            held.append(int(STATM.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE"))
    return {"growth": held[-1] / held[0]}


def _bot(svc: Emulator) -> Any:
    bot = bot_of(svc)

    @bot.media_active
    async def greet(call: Any) -> None:
        await call.subscribe_to_tone()
        played = await call.play_prompt("https://bot.contoso.com/hello.wav")
        await played.completed(timeout=30)

    return bot


def _play(svc: Emulator) -> None:
    ann = _ann(svc)
    client = svc.client()
    for _ in range(CALLS):
        client.calls.create(call_to(ann))
    svc.run()
    assert all(call.ended for call in svc.calls)


def _ann(svc: Emulator) -> Person:
    """Return a new person who answers, presses a key and hangs up."""
    return (
        svc.user(f"Ann {next(_NUMBERS)}").answers(after=2).presses("1", after=5).hangs_up(after=9)
    )


if __name__ == "__main__":
    measured = {"events": _events, "with bot": _with_bot, "alone": _alone, "rounds": _rounds}
    print(json.dumps(measured[sys.argv[1]]()))
