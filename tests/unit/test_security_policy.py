"""Every promise of SECURITY.md names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def test_every_promise_names_its_tests() -> None:
    text = (PROJECT / "SECURITY.md").read_text(encoding="utf-8")
    _, promised = text.split("## What is promised\n")
    promised, _ = promised.split("\n## ", 1)
    _, *promises = re.split(r"^- ", promised, flags=re.MULTILINE)
    assert len(promises) > 10
    for promise in promises:
        named = re.findall(r"`(tests/[^`]*)`", promise)
        assert named, promise
        assert all((PROJECT / path).exists() for path in named), named
