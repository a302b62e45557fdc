"""How times are taken: baseline and subject in turn, so that both meet the same machine.

They are those of the processor, with the collector of garbage off: what else the machine does, and when a
collection falls due, says nothing about either.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from statistics import median
from time import perf_counter
from typing import Self

ROUNDS = 15
LEAST = 0.1
"""Seconds that the clock of the processor can measure."""

Work = Callable[[], object]


class Figure(float):
    """A figure, and what was measured of the bare thing beside it, with its unit."""

    bare: str

    def __new__(cls, value: float, bare: str) -> Self:
        """Keep what is bare beside the figure."""
        made = super().__new__(cls, value)
        made.bare = bare
        return made


class Ratio(Figure):
    """A ratio to something bare, which takes so many seconds."""

    def __new__(cls, value: float, bare: float) -> Self:
        """Keep the bare seconds beside the ratio."""
        return super().__new__(cls, value, duration(bare))


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure, and the most or the least that it may be; without either it is only told."""

    name: str
    measure: Callable[[], float]
    most: float | None = None
    unit: str = "×"
    least: float | None = None

    def reached_by(self, figure: float) -> bool:
        """Return whether a figure is no more than the most, and no less than the least."""
        return (self.most is None or figure <= self.most) and (
            self.least is None or figure >= self.least
        )


def ratio(subject: Work, baseline: Work, *, repeat: int, rounds: int = ROUNDS) -> Ratio:
    """Return the median, over rounds, of the time of `repeat` subjects over `repeat` baselines."""
    [found] = ratios(subject, baseline, repeat=repeat, rounds=rounds)
    return found


def ratios(
    subject: Work,
    *baselines: Work,
    repeat: int,
    rounds: int = ROUNDS,
    timer: Callable[[], float] | None = None,
) -> list[Ratio]:
    """Return the same for several baselines, measured in the same rounds; `timer` is another clock."""
    for work in (subject, *baselines):
        work()  # what happens once is not what is measured
    timer = timer or processor
    with collector_off():
        found = [
            [_seconds(work, repeat, timer) for work in (subject, *baselines)] for _ in range(rounds)
        ]
    return [
        Ratio(
            median(times[0] / times[at] for times in found),
            median(times[at] for times in found) / repeat,
        )
        for at in range(1, len(baselines) + 1)
    ]


def process_ratio(subject: list[str], baseline: list[str], *, rounds: int = ROUNDS) -> Ratio:
    """Return the median, over rounds, of the time of one whole process over another's."""
    return ratio(lambda: run(subject), lambda: run(baseline), repeat=1, rounds=rounds)


def duration(seconds: float) -> str:
    """Return seconds as text."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1_000:.3g} ms"


def processor() -> float:
    """Return the seconds of processors that this process, and those that it waited for, have taken."""
    used = (getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


@contextmanager
def collector_off() -> Generator[None]:
    """Let nothing be collected meanwhile, after a collection."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def python(code: str) -> list[str]:
    """Return the command that runs a line of Python in a fresh process."""
    return [sys.executable, "-c", code]


def seconds(work: Work, repeat: int) -> float:
    """Return how long so many repetitions of some work take, in seconds that pass."""
    return _seconds(work, repeat, perf_counter)


def once(work: Work) -> float:
    """Return the processor's seconds of one repetition, of as many as can be measured."""
    repeat = 1
    while (taken := _seconds(work, repeat, processor)) < LEAST:
        repeat *= 4
    return taken / repeat


def _seconds(work: Work, repeat: int, timer: Callable[[], float]) -> float:
    start = timer()
    for _ in range(repeat):
        work()
    return timer() - start


def run(command: list[str]) -> None:
    """Run a command to its end; raises CalledProcessError when it fails."""
    subprocess.run(command, check=True, capture_output=True)


def memory(command: list[str]) -> float:
    """Return the most megabytes that a process holds, which must succeed."""
    code = (
        "import resource, subprocess, sys;"
        "subprocess.run(sys.argv[1:], check=True, capture_output=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    told = subprocess.run([*python(code), *command], check=True, capture_output=True, text=True)
    return int(told.stdout) / 1_000
