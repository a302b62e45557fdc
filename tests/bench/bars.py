"""What is measured."""

from __future__ import annotations

import itertools
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from lxml import etree

from graph_comms.models import Call
from tests.bench import emulated, openapi
from tests.bench.bots import (
    growth_in_file,
    growth_in_memory,
    ratio_to_bare,
    seconds_of_many,
    slowest_answer,
)
from tests.bench.measure import Bar, memory, process_ratio, python, ratio, run, seconds
from tests.golden.documented import load_examples
from tests.support.published import NEWEST, path_of

GENERATED = Path(__file__).parents[2] / "generated"
BIN = Path(sys.executable).parent
METADATA = path_of(NEWEST)
"""All of Graph; where it is not beside this checkout, what takes it is not measured."""
BASELINE = python("import httpx, pydantic")
RESPONSES = [json.dumps(example.response.body) for example in load_examples()]


def all_bars() -> Iterator[Bar]:
    """Yield every bar in the order of the report."""
    yield Bar("parse the ten documented responses / json.loads of them", _parse, 3.0)
    yield Bar("dump them / json.dumps", _dump, 1.5)
    yield Bar("import graph_comms / import httpx, pydantic", _import, 1.4)
    yield Bar("fresh process: import and parse one call / the same baseline", _first_call, 2.0)
    yield Bar("fresh process: everything imported, one call parsed / the same baseline", _all)
    yield Bar(
        "graph-codegen generate / datamodel-codegen with black, whole process", _generate, 1.5
    )
    yield Bar("generated package: size", _megabytes, 1.4, " MB")
    yield Bar("generated package: files", _files, 125, "")
    yield Bar(
        "longest page that is parsed, 32 MiB of calls with an id alone: memory",
        _page_memory,
        1_300,
        " MB",
    )
    yield Bar("bot: 10,000 notifications with their handlers, one core", seconds_of_many, 60, " s")
    yield Bar("bot: a notification / bare endpoint that verifies and parses", ratio_to_bare)
    yield Bar("bot: 99 of 100 answers while handlers sleep 10 s", slowest_answer, 50, " ms")
    yield Bar("bot: held after 100,000 calls in ten days / after three", growth_in_memory, 1.1)
    yield Bar("bot: the same of 20,000 calls and SQLite", growth_in_file, 1.1)
    yield Bar(
        "emulator: events in a CPU second, 1,000 calls of ten", emulated.events_per_second, None, ""
    )
    yield Bar("emulator: memory of these", emulated.peak_memory, None, " MB")
    if emulated.STATM.exists():
        yield Bar("emulator: memory after ten rounds of them / after one", emulated.growth, 1.05)
    if METADATA.exists():
        yield Bar("diff of all of Graph / (lxml parsing both, three times, and 2 s)", _diff, 1.0)
        yield Bar("diff of all of Graph: memory", _diff_memory, 1_000, " MB")
    if openapi.PACKED.exists():
        yield Bar("read Microsoft's OpenAPI document as JSON / json.loads", openapi.json_ratio, 15)
        yield Bar("the same: memory", openapi.json_memory, 1_000, " MB")
        yield Bar("read it as YAML / the bare loader in C", openapi.yaml_ratio, 1.3)
        yield Bar("the same: memory", openapi.yaml_memory, 1_500, " MB")


def _parse() -> float:
    return ratio(
        lambda: [Call.from_json(text) for text in RESPONSES],
        lambda: [json.loads(text) for text in RESPONSES],
        repeat=200,
    )


def _dump() -> float:
    calls = [Call.from_json(text) for text in RESPONSES]
    values = [json.loads(text) for text in RESPONSES]
    return ratio(
        lambda: [call.to_json() for call in calls],
        lambda: [json.dumps(value) for value in values],
        repeat=200,
    )


def _import() -> float:
    return process_ratio(python("import graph_comms"), BASELINE)


def _first_call() -> float:
    code = f"from graph_comms.models import Call; Call.from_json({RESPONSES[0]!r})"
    return process_ratio(python(code), BASELINE)


def _all() -> float:
    code = (
        "from graph_comms import CommunicationsClient, AsyncCommunicationsClient;"
        f"from graph_comms.models import Call; Call.from_json({RESPONSES[0]!r})"
    )
    return process_ratio(python(code), BASELINE)


def _generate() -> float:
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "openapi.json"
        ours = [str(BIN / "graph-codegen")]
        theirs = [
            str(BIN / "datamodel-codegen"),
            *("--input", str(document), "--input-file-type", "openapi"),
            *("--output", str(Path(folder) / "models"), "--formatters", "black"),
            *("--output-model-type", "pydantic_v2.BaseModel"),
        ]
        process_ratio([*ours, "openapi", "--output", str(document)], BASELINE, rounds=1)
        return process_ratio(
            [*ours, "generate", "--output", str(Path(folder) / "generated")], theirs, rounds=7
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
