"""Several processes handle each notification once, and again only what one of them had in hand."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from graph_comms.bot.clock import SystemClock
from tests.bot.change_process import LEASE
from tests.bot.graph_side import RECORDS, Setting
from tests.support.stores import SHARED_KINDS, Place, place_of

PROJECT = Path(__file__).parents[2]
ITEMS = 400
IN_HAND = 20
"""How many items a process handles at a time."""

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be stopped here"),
]


@contextmanager
def process(place: Place, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    arguments = ("-m", "tests.bot.change_process", place.kind, place.address, str(log))
    with subprocess.Popen([sys.executable, *arguments], cwd=PROJECT) as started:
        try:
            yield started
        finally:
            started.kill()


def lines(log: Path) -> list[tuple[int, str, bool]]:
    text = log.read_text(encoding="utf-8") if log.exists() else ""
    parts = [line.split() for line in text.splitlines()]
    return [(int(pid), key, redelivered == "True") for pid, key, redelivered in parts]


def wait_for(log: Path, *pids: int, begun: int) -> None:
    """Wait until each of these processes has added so many lines."""
    until = time.monotonic() + 30
    while any(Counter(pid for pid, _, _ in lines(log))[pid] < begun for pid in pids):
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("kind", SHARED_KINDS)
async def test_one_process_is_killed_and_another_stopped(kind: str, tmp_path: Path) -> None:
    with place_of(kind, tmp_path) as place:
        await check_three_processes(place, tmp_path / "log")


async def check_three_processes(place: Place, log: Path) -> None:
    setting = Setting(store=place.store())
    changes = setting.changes(clock=SystemClock())
    async with changes.invocation():
        await changes.subscriptions.create(RECORDS)
        items = [
            setting.graph.item(resource=f"{RECORDS}/{n}", resourceData={"id": str(n)})
            for n in range(ITEMS)
        ]
        body = json.dumps({"value": items}).encode()
        with ExitStack() as stack:
            killed, stopped, left = (stack.enter_context(process(place, log)) for _ in range(3))
            wait_for(log, killed.pid, stopped.pid, left.pid, begun=1)
            assert (await changes.handle("POST", {}, "", body)).status == 202
            wait_for(log, killed.pid, stopped.pid, begun=2)
            killed.kill()
            stopped.send_signal(signal.SIGSTOP)
            time.sleep(2 * LEASE)
            stopped.send_signal(signal.SIGCONT)
            until = time.monotonic() + 30
            while await changes.store.pending("change"):
                assert time.monotonic() < until
                time.sleep(0.1)
    handled = [line for line in lines(log) if line[1] != "-"]
    times = Counter(key for _, key, _ in handled)
    assert set(times) == {str(n) for n in range(ITEMS)}
    assert max(times.values()) == 2
    twice = {key for key, number in times.items() if number == 2}
    again = [key for _, key, redelivered in handled if redelivered]
    # A process may have been killed between the note that a handler begins and its line.
    assert twice <= {*again}
    assert len(again) == len({*again}) <= 2 * IN_HAND
