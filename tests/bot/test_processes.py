"""A bot in three processes, of which one is killed and one stopped: no event is lost, none overtakes."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.bot import samples
from tests.bot.worker import LEASE
from tests.support.stores import SHARED_KINDS, Place, place_of

pytestmark = pytest.mark.anyio

CALLS = 1_000
AT_ONCE = 60
END = 99


class Worker:
    """A process with a bot, and what it has not answered yet."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.asked: dict[str, asyncio.Future[int]] = {}
        self.gone = False

    @classmethod
    @asynccontextmanager
    async def started(cls, place: Place, log: Path) -> AsyncGenerator[Worker]:
        """Start a process and wait until its bot runs."""
        arguments = ("-m", "tests.bot.worker", place.kind, place.address, str(log))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        worker = cls(process)
        ready = worker.asked["ready"] = asyncio.get_running_loop().create_future()
        answers = asyncio.create_task(worker._read())
        try:
            await asyncio.wait_for(ready, 60)
            yield worker
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            await answers

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            number, status = line.decode().split()
            self._answered(number, int(status))
        self.gone = True
        for number in [*self.asked]:
            self._answered(number, 0)

    def _answered(self, number: str, status: int) -> None:
        answered = self.asked.pop(number, None)
        if answered is not None and not answered.done():
            answered.set_result(status)

    async def post(self, number: int, body: Any) -> bool:
        """Deliver a body; return whether it was accepted in time."""
        assert self.process.stdin is not None
        if self.gone:
            return False
        answered = self.asked[str(number)] = asyncio.get_running_loop().create_future()
        try:
            self.process.stdin.write(f"{json.dumps([number, body])}\n".encode())
            return bool(await asyncio.wait_for(answered, 1) == 202)
        except TimeoutError:
            return False
        finally:
            self.asked.pop(str(number), None)


@pytest.fixture(params=SHARED_KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with place_of(request.param, tmp_path) as place:
        yield place


def handled(log: Path) -> list[tuple[int, str, int, bool]]:
    """Return what was begun, in order: process, call, number, whether it was redelivered."""
    if not log.exists():
        return []
    whole, _, _ = log.read_text().rpartition("\n")  # the last line may be read while it is written
    return [tuple(json.loads(line)) for line in whole.splitlines()]


async def test_every_event_is_handled_in_order_although_processes_die(
    place: Place, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    calls = [str(UUID(int=2**100 + number)) for number in range(CALLS)]
    numbers = [1, 2, 3, END]
    posted = 0
    begun: set[tuple[str, int]] = set()
    async with (
        Worker.started(place, log) as first,
        Worker.started(place, log) as second,
        Worker.started(place, log) as third,
    ):
        workers = [first, second, third]
        places = asyncio.Semaphore(AT_ONCE)

        async def watch() -> None:
            while len(begun) < len(calls) * len(numbers):
                begun.update((call, number) for _, call, number, _ in handled(log))
                await asyncio.sleep(0.1)

        async def deliver(at: int, call: str) -> None:
            nonlocal posted
            async with places:
                for step, number in enumerate(numbers):
                    sent = samples.terminated(call=call)
                    if number != END:
                        sent = samples.tone(number, call=call)
                    else:  # what waits would start with it, and not one after the other
                        while (call, numbers[step - 1]) not in begun:
                            await asyncio.sleep(0.02)
                    message = at * len(numbers) + step
                    turn = message
                    while not await workers[turn % 3].post(message, {"value": [sent]}):
                        turn += 1
                        await asyncio.sleep(0)
                    posted += 1

        async def disturb() -> None:
            while posted < CALLS:
                await asyncio.sleep(0.01)
            first.process.kill()
            second.process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(2 * LEASE)
            second.process.send_signal(signal.SIGCONT)

        async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
            tasks.create_task(watch())
            tasks.create_task(disturb())
            for at, call in enumerate(calls):
                tasks.create_task(deliver(at, call))
        await asyncio.sleep(2 * LEASE)  # for what would be handled once more

    victims = {first.process.pid, second.process.pid}
    times: defaultdict[str, list[tuple[int, int, bool]]] = defaultdict(list)
    for process, call, number, redelivered in handled(log):
        times[call].append((number, process, redelivered))
    assert times.keys() == set(calls)
    in_hand: Counter[tuple[int, str]] = Counter()
    for call, entries in times.items():
        firsts = list(dict.fromkeys(number for number, _, _ in entries))
        assert firsts == numbers, f"{call} was handled in another order: {entries}"
        for number in numbers:
            begins = [(again, process) for one, process, again in entries if one == number]
            if len(begins) > 1:
                # A process that was stopped may begin after the one that has taken over.
                (again, process), (once_more, _) = sorted(begins)
                assert (again, once_more) == (False, True), entries
                assert process in victims, entries
                if number != END:  # which waits for no other
                    in_hand[process, call] += 1
    assert in_hand, "nobody had anything in hand"
    assert max(in_hand.values()) == 1
