"""What is measured."""

from __future__ import annotations

import itertools
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from lxml import etree

from tests.bench import bodies, creating, emulated, generating, openapi, payloads, starting
from tests.bench.bots import (
    growth_in_file,
    growth_in_memory,
    ratio_to_bare,
    seconds_of_many,
    slowest_answer,
)
from tests.bench.measure import Bar, Ratio, memory, process_ratio, python, run, seconds
from tests.support.published import NEWEST, OLDEST, path_of

GENERATED = Path(__file__).parents[2] / "generated"
BIN = Path(sys.executable).parent
METADATA = path_of(NEWEST)
"""All of Graph; where it is not beside this checkout, what takes it is not measured."""
EARLIER = path_of(OLDEST)
"""The same of March 2023."""


def all_bars() -> Iterator[Bar]:
    """Yield every bar in the order of the report."""
    yield from _of_bodies()
    yield from _of_requests()
    if starting.USER.exists():
        yield Bar("fresh process: both clients / import httpx, pydantic", starting.clients, 1.5)
        yield Bar("fresh process: client and first create / the same", starting.first_create, 1.6)
        yield Bar("fresh process: one class of pydantic / the same", starting.one_class)
    yield from _of_generating()
    yield Bar("generated package: size", _megabytes, 1.4, " MB")
    yield Bar("generated package: files", _files, 129, "")
    yield Bar(
        "longest page that is parsed, 32 MiB of calls with an id alone: memory",
        _page_memory,
        1_300,
        " MB",
    )
    yield Bar("bot: 10,000 notifications with their handlers, one core", seconds_of_many, 60, " s")
    bare = "bare endpoint that verifies and parses"
    yield Bar(f"bot: a 202 / {bare}", partial(ratio_to_bare, handled=False), 1.5)
    yield Bar("bot: a notification, handled / the same", partial(ratio_to_bare, handled=True))
    yield Bar("bot: 99 of 100 answers while handlers sleep 10 s", slowest_answer, 50, " ms")
    yield Bar("bot: held after 100,000 calls in ten days / after three", growth_in_memory, 1.1)
    yield Bar("bot: the same of 20,000 calls and SQLite", growth_in_file, 1.1)
    yield Bar(
        "emulator: events in a CPU second, 1,000 calls of ten", emulated.events_per_second, None, ""
    )
    lives = "emulator: lives of such calls in a CPU second"
    yield Bar(f"{lives}, alone", emulated.lives_alone, unit="", least=500)
    yield Bar(f"{lives}, with bot and client", emulated.lives, unit="", least=500)
    yield Bar("emulator: memory of these", emulated.peak_memory, None, " MB")
    if emulated.STATM.exists():
        yield Bar("emulator: memory after ten rounds of them / after one", emulated.growth, 1.05)
    if METADATA.exists():
        yield Bar("diff of all of Graph / (lxml parsing both, three times, and 2 s)", _diff, 1.0)
        yield Bar("diff of all of Graph: memory", _diff_memory, 1_000, " MB")
    if METADATA.exists() and EARLIER.exists():
        yield Bar(
            "diff --root all, newest against 2023-03 / reading both", _diff_beside_reading, 1.5
        )
    if openapi.PACKED.exists():
        yield Bar("read Microsoft's OpenAPI document as JSON / json.loads", openapi.json_ratio, 15)
        yield Bar("the same document as JSON: memory", openapi.json_memory, 1_000, " MB")
        yield Bar("read it as YAML / PyYAML's loader in C", openapi.yaml_ratio, 1.3)
        yield Bar("the same document as YAML: memory", openapi.yaml_memory, 1_500, " MB")


@dataclass(frozen=True, slots=True)
class _Limits:
    """The most that a payload may cost; None where no bar is set."""

    parsed: float
    beside_twin: float | None = None
    dumped: float | None = None
    held: float | None = None


def _of_bodies() -> Iterator[Bar]:
    limits: dict[tuple[str, bodies.Kind], _Limits] = {
        ("ten documented responses", payloads.responses): _Limits(2.2, dumped=1.0),
        ("roster of 1,000", payloads.roster): _Limits(4.0, 1.4, 1.5, 1.15),
        ("call record of 2.2 MB", payloads.record): _Limits(5.5, 1.5, 1.5, 1.15),
        ("1,000 presences", payloads.presences): _Limits(2.4, 1.5),
    }
    for (name, kind), most in limits.items():
        yield Bar(
            f"parse: {name} / json.loads", partial(bodies.parse_beside_json, kind), most.parsed
        )
        yield Bar(
            f"parse: {name} / plain pydantic",
            partial(bodies.parse_beside_twin, kind),
            most.beside_twin,
        )
    for (name, kind), most in limits.items():
        yield Bar(f"dump: {name} / json.dumps", partial(bodies.dump_beside_json, kind), most.dumped)
    for (name, kind), most in limits.items():
        if most.held:
            yield Bar(
                f"memory: {name} / plain pydantic",
                partial(bodies.memory_beside_twin, kind),
                most.held,
            )
    yield Bar(
        "parse: a byte of 100 MB / of 1 MB, collector off",
        partial(bodies.growth, collecting=False),
        1.2,
    )
    yield Bar(
        "parse: the same, collector on / plain pydantic",
        partial(bodies.growth, collecting=True),
        1.0,
    )


def _of_requests() -> Iterator[Bar]:
    yield Bar("create through a mock transport / bare httpx", creating.through_mock, 1.2)
    yield Bar("create by a local uvicorn / bare httpx", creating.through_server, 1.08)
    yield Bar("the same, 50 at a time, async", creating.many_through_server, 1.08)


def _of_generating() -> Iterator[Bar]:
    yield Bar(
        "make generate, nothing changed - starting its commands",
        generating.nothing_changed,
        0.3,
        " s",
    )
    name = "graph-codegen generate / datamodel-codegen with black"
    yield Bar(f"{name}: time that passes", generating.beside_datamodel_codegen, 1.2)
    yield Bar(f"{name}: of processors", generating.processors_beside_datamodel_codegen)
    if METADATA.exists():
        yield Bar("graph-codegen generate --root all", generating.whole, 15, " s")
        yield Bar(
            "graph-codegen generate --root all: memory of all its processes",
            generating.whole_memory,
            700,
            " MB",
        )


def _diff() -> float:
    with _two_of_graph() as documents:
        command = _diff_command(documents)
        return median(
            seconds(lambda: run(command), 1) / (3 * seconds(lambda: _parse_xml(documents), 1) + 2)
            for _ in range(5)
        )


def _diff_memory() -> float:
    with _two_of_graph() as documents:
        return memory(_diff_command(documents))


def _diff_beside_reading() -> Ratio:
    """Return the time of comparing two versions of Graph over that of reading both, whole processes."""
    documents = EARLIER, METADATA
    read = f"from graph_codegen import api; [*map(api.read, {[*map(str, documents)]})]"
    return process_ratio(_diff_command(documents), python(read), rounds=5)


PAGE = """
import httpx
from graph_comms import CommunicationsClient
from graph_comms._runtime.body import MAX_BODY

item = b'{"id":"2e1a0b00-1234-1234-1234-123456789012"},'
count = MAX_BODY // len(item) - 2
body = b'{"value":[' + item * count + b'{}]}'

class Pieces(httpx.SyncByteStream):
    def __iter__(self):
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

transport = httpx.MockTransport(lambda request: httpx.Response(200, stream=Pieces()))
page = CommunicationsClient("token", transport=transport).calls.list()
assert len(page.value) == count + 1
"""


def _page_memory() -> float:
    return memory(python(PAGE))


@contextmanager
def _two_of_graph() -> Iterator[tuple[Path, Path]]:
    """Give all of Graph, and the same with every twentieth property of another name: 3.5 MB each."""
    data = METADATA.read_bytes()
    count = itertools.count()
    changed = re.sub(
        rb'<Property Name="(?=[^"]{12})',
        lambda found: found[0] + (b"new" if next(count) % 20 == 0 else b""),
        data,
    )
    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder) / "new.csdl.xml"
        new.write_bytes(changed)
        yield METADATA, new


def _diff_command(documents: tuple[Path, Path]) -> list[str]:
    return [str(BIN / "graph-codegen"), "diff", *map(str, documents), "--root", "all"]


def _parse_xml(documents: tuple[Path, Path]) -> None:
    for document in documents:
        etree.parse(document)


def _package() -> list[Path]:
    return [
        path
        for path in GENERATED.glob("graph_comms/**/*")
        if path.is_file() and "__pycache__" not in path.parts
    ]


def _megabytes() -> float:
    return sum(path.stat().st_size for path in _package()) / 1_000_000


def _files() -> float:
    return len(_package())
