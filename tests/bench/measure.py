"""How times are taken: baseline and subject in turn, so that both meet the same machine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

ROUNDS = 15


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure and the most it may be; without a limit it is only told."""

    name: str
    measure: Callable[[], float]
    limit: float | None = None
    unit: str = "×"


def ratio(
    subject: Callable[[], object],
    baseline: Callable[[], object],
    *,
    repeat: int,
    rounds: int = ROUNDS,
) -> float:
    """Return the median, over rounds, of the time of `repeat` subjects over `repeat` baselines."""
    subject(), baseline()  # what happens once is not what is measured
    return median(seconds(subject, repeat) / seconds(baseline, repeat) for _ in range(rounds))


def process_ratio(subject: list[str], baseline: list[str], *, rounds: int = ROUNDS) -> float:
    """Return the median, over rounds, of the time of one whole process over another's."""
    return ratio(lambda: run(subject), lambda: run(baseline), repeat=1, rounds=rounds)


def python(code: str) -> list[str]:
    """Return the command that runs a line of Python in a fresh process."""
    return [sys.executable, "-c", code]


def seconds(work: Callable[[], object], repeat: int) -> float:
    """Return how long so many repetitions of some work take, in seconds."""
    start = perf_counter()
    for _ in range(repeat):
        work()
    return perf_counter() - start


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
