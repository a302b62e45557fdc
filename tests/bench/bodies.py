"""What it costs to parse, hold and dump bodies: beside plain json, and beside plain pydantic."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from contextlib import nullcontext
from functools import cache
from statistics import median

from pydantic import BaseModel

from tests.bench.measure import Figure, Ratio, collector_off, processor, ratio, ratios
from tests.bench.payloads import Payload, presences, record, records, responses, roster
from tests.bench.twins import twin_of

REPEAT = {responses: 100, roster: 1, record: 1, presences: 1}
"""How often a payload is parsed in a row, so that a round takes long enough to measure."""

SMALL, LARGE = 1.0, 100.0
"""Megabytes."""

Kind = Callable[[], Payload]


def parse_beside_json(kind: Kind) -> Ratio:
    """Return the time to parse over that of `json.loads`."""
    return _parsed(kind)[0]


def parse_beside_twin(kind: Kind) -> Ratio:
    """Return the time to parse over that of the twin's `model_validate_json`."""
    return _parsed(kind)[1]


@cache
def _parsed(kind: Kind) -> list[Ratio]:
    payload = kind()
    twins = twins_of(payload)
    return ratios(
        payload.models,
        payload.values,
        lambda: read_by(twins, payload),
        repeat=REPEAT[kind],
    )


def dump_beside_json(kind: Kind) -> Ratio:
    """Return the time to dump over that of `json.dumps`."""
    payload = kind()
    models, values = payload.models(), payload.values()
    return ratio(
        lambda: [model.to_json() for model in models],
        lambda: [json.dumps(value) for value in values],
        repeat=REPEAT[kind],
    )


def memory_beside_twin(kind: Kind) -> Figure:
    """Return the memory of what was parsed over that of the twin."""
    payload = kind()
    twins = twins_of(payload)
    bare = held(lambda: read_by(twins, payload))
    return Figure(held(payload.models) / bare, f"{bare / 1e6:.3g} MB")


def growth(*, collecting: bool) -> Figure:
    """Return the time for a byte of 100 MB of records, all of them held, over that of 1 MB.

    `collecting`: over the same figure of the twin, both with the collector on.
    """
    if collecting:
        twin, _ = _in_process("twin", "on")
        ours, _ = _in_process("ours", "on")
        return Figure(ours / twin, f"{twin:.2f}×")
    many, few = _in_process("ours", "off")
    return Figure(many, f"{few:.3g} ns")


def twins_of(payload: Payload) -> list[type[BaseModel]]:
    """Return the twin of each body."""
    models = payload.models()
    if len(models) > 10:  # they are of one shape
        return [twin_of(models[:1])] * len(models)
    return [twin_of([model]) for model in models]


def read_by(twins: list[type[BaseModel]], payload: Payload) -> list[BaseModel]:
    """Return the bodies as the twins read them."""
    read = zip(twins, payload.texts, strict=True)
    return [twin.model_validate_json(text) for twin, text in read]


def held(read: Callable[[], object]) -> int:
    """Return the bytes that the result of a function takes."""
    read()
    gc.collect()
    tracemalloc.start()
    try:
        held = read()
        gc.collect()
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held
    return size


def _in_process(reader: str, collector: str) -> tuple[float, float]:
    """Return what `main` prints in a process of its own: what one leaves behind slows the next."""
    command = [sys.executable, "-m", "tests.bench.bodies", reader, collector]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    growth, few = map(float, done.stdout.split())
    return growth, few


def main(reader: str, collector: str) -> None:
    """Print the time for a byte of many records over that of a few, and the latter in nanoseconds."""
    few = records(SMALL)
    [twin] = twins_of(Payload(few.model, few.texts[:1]))

    def read(payload: Payload) -> list[BaseModel]:
        if reader == "ours":
            return payload.models()
        return read_by([twin] * len(payload.texts), payload)

    def seconds(payload: Payload, repeat: int) -> float:
        begun = processor()
        for _ in range(repeat):
            read(payload)
        return (processor() - begun) / repeat / sum(map(len, payload.texts))

    many = records(LARGE)
    read(few)
    with nullcontext() if collector == "on" else collector_off():
        rounds = [(seconds(many, 1), seconds(few, 20)) for _ in range(5)]
    growth = median(large / small for large, small in rounds)
    print(growth, median(small for _, small in rounds) * 1e9)


if __name__ == "__main__":
    main(*sys.argv[1:])
