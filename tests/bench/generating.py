"""What it costs to generate: where nothing changed, the package, and all of Graph.

The times of the last two are those that pass, since they use every processor.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

from tests.bench.measure import (
    Figure,
    Ratio,
    duration,
    memory,
    processor,
    python,
    ratios,
    run,
    seconds,
)
from tests.support.published import NEWEST, path_of

CHECKOUT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

METADATA = path_of(NEWEST)
"""All of Graph; where it is not beside this checkout, it is not generated."""

PARSE_WHOLE = python(f"from lxml import etree; etree.parse({str(METADATA)!r})")

STARTS = (
    [str(BIN / "graph-codegen"), "--version"],
    [str(BIN / "graph-codegen"), "--version"],
    [sys.executable, "-m", "graph_emulator", "--help"],
    python("import sys; sys.path.append('generator'); import derive_sboms"),
)
"""Starts what `make generate` starts, which does nothing."""

ROUNDS = 7


def nothing_changed() -> Figure:
    """Return the processor's seconds of `make generate` over those of starting its commands."""
    make = ["make", "--directory", str(CHECKOUT), "generate"]
    run(make)
    rounds = [(_seconds(make), sum(map(_seconds, STARTS))) for _ in range(ROUNDS)]
    bare = median(starting for _, starting in rounds)
    return Figure(median(made - starting for made, starting in rounds), duration(bare))


def beside_datamodel_codegen() -> Ratio:
    """Return the time of generating over that of datamodel-code-generator, which has black format too."""
    return _beside_datamodel_codegen(perf_counter)


def processors_beside_datamodel_codegen() -> Ratio:
    """Return the same of the processors' time: that other program uses one alone."""
    return _beside_datamodel_codegen(processor)


def whole() -> Figure:
    """Return the seconds of generating all of Graph."""
    with TemporaryDirectory() as folder:
        taken = seconds(lambda: run(_generate_whole(folder)), 1)
    bare = seconds(lambda: run(PARSE_WHOLE), 1)
    return Figure(taken, f"{duration(bare)} to parse its XML")


def whole_memory() -> Figure:
    """Return the most megabytes of all its processes together, where each shared page counts once."""
    most = 0.0
    with TemporaryDirectory() as folder:
        process = subprocess.Popen(
            _generate_whole(folder), stderr=subprocess.DEVNULL, start_new_session=True
        )
        while process.poll() is None:
            most = max(most, sum(_proportional(process.pid)))
            sleep(0.05)
    assert process.returncode == 0
    return Figure(most / 1_000, f"{memory(PARSE_WHOLE):.3g} MB to parse its XML")


def _generate_whole(folder: str) -> list[str]:
    whole = ["--metadata", str(METADATA), "--root", "all", "--package", "whole_graph"]
    return [str(BIN / "graph-codegen"), "generate", *whole, "--output", folder]


def _proportional(session: int) -> Iterator[int]:
    """Yield the proportional set size of each process of a session, in kilobytes."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            if os.getsid(int(entry.name)) == session:
                lines = (entry / "smaps_rollup").read_text().splitlines()
                yield from (int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _seconds(command: list[str]) -> float:
    begun = processor()
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    return processor() - begun


def _beside_datamodel_codegen(timer: Callable[[], float]) -> Ratio:
    with TemporaryDirectory() as folder:
        document = Path(folder) / "openapi.json"
        ours = [str(BIN / "graph-codegen")]
        theirs = [
            str(BIN / "datamodel-codegen"),
            *("--input", str(document), "--input-file-type", "openapi"),
            *("--output", str(Path(folder) / "models"), "--formatters", "black"),
            *("--output-model-type", "pydantic_v2.BaseModel"),
        ]
        run([*ours, "openapi", "--output", str(document)])
        # Each time to another place, since the second time would do nothing.
        places = (str(Path(folder) / f"generated{number}") for number in itertools.count())
        [found] = ratios(
            lambda: run([*ours, "generate", "--output", next(places)]),
            lambda: run(theirs),
            repeat=1,
            rounds=ROUNDS,
            timer=timer,
        )
        return found
