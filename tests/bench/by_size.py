"""Prints what it takes to parse and dump call records of many sizes, for `plots.py`.

Each program reads the same record into what it offers: plain values, a twin of pydantic, structs of
msgspec, a model of Microsoft's SDK, or ours. Each size has a process of its own, in which they take turns.
Each line has the work, the program, the bytes of the record, and the median of the processor's seconds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import Any

import msgspec
from msgraph.generated.models.call_records.call_record import CallRecord as SdkRecord

from tests.bench import sdk
from tests.bench.bodies import twins_of
from tests.bench.measure import collector_off, once
from tests.bench.payloads import record
from tests.bench.structs import struct_of

SESSIONS = (0, 5, 55, 550, 5_500, 55_000)
"""From 1 kB to 100 MB."""

SDK_MOST = 550
"""The SDK takes minutes and gigabytes for larger ones."""

ROUNDS = 5

Programs = dict[str, tuple[Callable[[bytes], Any], Callable[[Any], object]]]


def main(sessions: list[str]) -> None:
    """Print the times of one size, or of all."""
    if sessions:
        for line in _measured(int(sessions[0])):
            print(json.dumps(line))
        return
    command = [sys.executable, "-m", "tests.bench.by_size"]
    for count in SESSIONS:
        subprocess.run([*command, str(count)], check=True)


def _measured(sessions: int) -> Iterator[tuple[str, str, int, float]]:
    payload = record(sessions)
    [text] = payload.texts
    times = defaultdict[tuple[str, str], list[float]](list)
    programs = _programs()
    if sessions > SDK_MOST:
        del programs["msgraph-sdk"]
    with collector_off():
        for _ in range(ROUNDS):
            for name, (parse, dump) in programs.items():
                times["parse", name].append(once(partial(parse, text)))
                times["dump", name].append(once(partial(dump, parse(text))))
    for (work, name), taken in times.items():
        yield work, name, len(text), float(f"{median(taken):.3g}")


def _programs() -> Programs:
    """Return how each program parses and dumps a record."""
    small = record(5)  # all sessions have one shape
    [twin] = twins_of(small)
    struct = msgspec.json.Decoder(struct_of(twin))
    return {
        "graph_comms": (small.model.from_json, lambda model: model.to_json()),
        "json": (json.loads, json.dumps),
        "pydantic twin": (
            twin.model_validate_json,
            lambda model: model.model_dump_json(exclude_unset=True),
        ),
        "msgspec": (struct.decode, msgspec.json.encode),
        "msgraph-sdk": (lambda text: sdk.parse(text, SdkRecord), sdk.dump),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
