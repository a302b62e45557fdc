"""What it costs to generate: where nothing changed, the package, all of Graph, and slices by size.

The times of the package and of all of Graph are those that pass, since they use every processor.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory, mkdtemp
from time import perf_counter, sleep

from tests.bench.measure import (
    Figure,
    Ratio,
    duration,
    memory,
    once,
    processor,
    python,
    ratios,
    run,
    seconds,
)
from tests.support.published import NEWEST, path_of

CHECKOUT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
OURS = [str(BIN / "graph-codegen")]

METADATA = path_of(NEWEST)
"""All of Graph; where it is not beside this checkout, it is not generated."""

PARSE_WHOLE = python(f"from lxml import etree; etree.parse({str(METADATA)!r})")

STARTS = (
    [*OURS, "--version"],
    [*OURS, "--version"],
    [sys.executable, "-m", "graph_emulator", "--help"],
    python("import sys; sys.path.append('generator'); import derive_sboms"),
)
"""Starts what `make generate` starts, which does nothing."""

ROUNDS = 7

NESTED = (
    ("subscriptions",),
    ("communications/presences",),
    ("communications",),
    ("teams",),
    ("security", "identity"),
    ("all",),
)
"""Each with those before it: OpenAPI documents from 30 kB to 54 MB."""

OTHERS_MOST = 10_000_000
"""datamodel-code-generator takes half an hour for larger ones."""


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


def by_size() -> Iterator[tuple[str, int, float]]:
    """Yield for slices of Graph: a program, the bytes of its OpenAPI document, and the processor's seconds.

    `json.loads` of the document is the least that a program takes that reads it.
    """
    for count in range(1, len(NESTED) + 1):
        roots = [f"--root={root}" for added in NESTED[:count] for root in added]
        with TemporaryDirectory() as folder:
            run([*OURS, "slice", str(METADATA), *roots, "--output", folder])
            document = Path(folder) / "openapi.json"
            chosen = ["--metadata", str(next(Path(folder).glob("*.xml"))), *roots]
            run([*OURS, "openapi", *chosen, "--output", str(document)])
            text = document.read_bytes()
            programs: dict[str, Callable[[], object]] = {
                "graph-codegen": partial(_generate, folder, *chosen),
                "datamodel-codegen": partial(_generate_theirs, document),
                "json.loads": partial(json.loads, text),
            }
            if len(text) > OTHERS_MOST:
                del programs["datamodel-codegen"]
            for name, work in programs.items():
                taken = median(once(work) for _ in range(3))
                yield name, len(text), float(f"{taken:.3g}")


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
    return [*OURS, "generate", *whole, "--output", folder]


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
        run([*OURS, "openapi", "--output", str(document)])
        [found] = ratios(
            partial(_generate, folder),
            partial(_generate_theirs, document),
            repeat=1,
            rounds=ROUNDS,
            timer=timer,
        )
        return found


def _generate(folder: str, *options: str) -> None:
    """Write the package to a new place in a folder, since a second time to one place would do nothing."""
    run([*OURS, "generate", *options, "--output", mkdtemp(dir=folder)])


def _generate_theirs(document: Path) -> None:
    """Let datamodel-code-generator write models beside an OpenAPI document, formatted by black, too."""
    read = ("--input", str(document), "--input-file-type", "openapi")
    written = ("--output", str(document.with_name("models")), "--formatters", "black")
    kind = ("--output-model-type", "pydantic_v2.BaseModel")
    run([str(BIN / "datamodel-codegen"), *read, *written, *kind])
