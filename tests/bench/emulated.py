"""What an emulated call costs, with a bot that takes part in it; and what is left of many."""

from __future__ import annotations

import gc
import json
import os
import resource
import subprocess
import sys
from functools import cache
from pathlib import Path
from time import process_time
from typing import Any

from graph_emulator import Emulator
from tests.emulator.bots import bot_of, call_to

CALLS = 1_000
ROUNDS = 10
STATM = Path("/proc/self/statm")


def events_per_second() -> float:
    """Return how many requests and notifications there are in a second of the processor's time."""
    return _in_process("events")["per_second"]


def life() -> float:
    """Return the milliseconds of the processor that one life takes: 2 are 500 in a second."""
    return _in_process("events")["life"]


def peak_memory() -> float:
    """Return the most memory of the process meanwhile, in MB."""
    return _in_process("events")["peak"]


def growth() -> float:
    """Return the memory after ten rounds of 1,000 calls, each with a reset, over that after the first."""
    return _in_process("rounds")["growth"]


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
        events = len(svc.log.requests) + len(svc.log.notifications)
        assert events >= 10 * CALLS
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"per_second": events / spent, "life": spent * 1_000 / CALLS, "peak": peak}


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
    ann = svc.user("Ann").answers(after=2).presses("1", after=5).hangs_up(after=9)
    client = svc.client()
    for _ in range(CALLS):
        client.calls.create(call_to(ann))
    svc.run()
    assert all(call.ended for call in svc.calls)


if __name__ == "__main__":
    print(json.dumps(_events() if sys.argv[1] == "events" else _rounds()))
