"""Packages are generated in two threads at once, while the garbage collector calls back."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.hostile.generated import generate
from tests.support.csdl import SERVICE, document


@pytest.fixture
def interrupted() -> Iterator[None]:
    """Run Python code during each collection, as Hypothesis does: the thread may change there."""
    thresholds, interval = gc.get_threshold(), sys.getswitchinterval()

    def callback(phase: str, info: object) -> None:
        sum(range(50))

    gc.callbacks.append(callback)
    gc.set_threshold(100)
    sys.setswitchinterval(1e-6)
    yield
    gc.callbacks.remove(callback)
    gc.set_threshold(*thresholds)
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("interrupted")
def test_two_threads_generate_at_once() -> None:
    data = document(SERVICE)
    with ThreadPoolExecutor(2) as threads:
        made = list(threads.map(generate, [data] * 6))
    texts = [
        {path: text.replace(one.package, "p") for path, text in one.files.items()} for one in made
    ]
    first, *others = [
        sorted(files[path] for path in files if path.endswith(".py")) for files in texts
    ]
    for files in others:
        assert files == first
