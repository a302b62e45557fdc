"""What it costs to read Microsoft's OpenAPI document of Graph: 20 MB of JSON, 25 MB of YAML."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml  # type: ignore[import-untyped]

from graph_codegen.api import read
from tests.bench.measure import Ratio, memory, python, ratio, seconds
from tests.support.published import FOLDER, OPENAPI

PACKED = FOLDER / f"{OPENAPI}.gz"
"""Where it is not beside this checkout, nothing of it is measured."""


def json_ratio() -> Ratio:
    """Return the time to read it as JSON over that of `json.loads`."""
    with _document() as path:
        data = path.read_bytes()
        return ratio(lambda: read(path), lambda: json.loads(data), repeat=1, rounds=5)


def json_memory() -> float:
    """Return the most megabytes that reading it as JSON takes."""
    with _document() as path:
        return _memory(path)


def yaml_ratio() -> Ratio:
    """Return the time to read it as YAML over that of PyYAML's own loader in C."""
    with _document() as path:
        other = _as_yaml(path)
        data = other.read_bytes()
        bare = seconds(lambda: yaml.load(data, Loader=yaml.CSafeLoader), 1)
        return Ratio(seconds(lambda: read(other), 1) / bare, bare)


def yaml_memory() -> float:
    """Return the most megabytes that reading it as YAML takes."""
    with _document() as path:
        return _memory(_as_yaml(path))


@contextmanager
def _document() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / OPENAPI
        path.write_bytes(gzip.decompress(PACKED.read_bytes()))
        yield path


def _as_yaml(path: Path) -> Path:
    other = path.with_suffix(".yaml")
    value = json.loads(path.read_bytes())
    other.write_text(yaml.dump(value, Dumper=yaml.CSafeDumper, sort_keys=False), encoding="utf-8")
    return other


def _memory(path: Path) -> float:
    return memory(python(f"from graph_codegen.api import read; read({str(path)!r})"))
