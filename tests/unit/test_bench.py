"""`make bench` prints each figure beside the last, its bar and what is bare, and keeps a run of all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench import __main__ as bench
from tests.bench import bars, history
from tests.bench.measure import Bar, Figure


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(history, "HISTORY", tmp_path / "history.jsonl")
    return history.HISTORY


def measures(monkeypatch: pytest.MonkeyPatch, *measured: Bar) -> None:
    monkeypatch.setattr(bars, "all_bars", lambda: iter(measured))


def test_a_row_has_the_figure_that_of_the_last_run_the_bar_and_what_is_bare(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measures(monkeypatch, Bar("parse / json", lambda: Figure(3.3, "31 ms"), 4))
    assert bench.main([]) == 0
    measures(monkeypatch, Bar("parse / json", lambda: Figure(4.25, "32 ms"), 4))
    assert bench.main([]) == 1
    *_, row = capsys.readouterr().out.splitlines()
    assert " ".join(row.split()) == "parse / json 4.25× 3.30× at most 4 MISSED bare: 32 ms"


@pytest.mark.parametrize(("figure", "ends"), [(499.0, 1), (500.0, 0)])
def test_less_than_the_least_is_missed(
    monkeypatch: pytest.MonkeyPatch, figure: float, ends: int
) -> None:
    measures(monkeypatch, Bar("lives", lambda: figure, least=500, unit=""))
    assert bench.main([]) == ends


def test_a_run_of_all_is_a_line_of_the_history_and_of_some_none(
    monkeypatch: pytest.MonkeyPatch, kept: Path
) -> None:
    measures(monkeypatch, Bar("parse", lambda: 1.23456), Bar("dump", lambda: 2.0))
    bench.main(["du"])
    assert not kept.exists()
    bench.main([])
    [line] = map(json.loads, kept.read_text(encoding="utf-8").splitlines())
    assert line["figures"] == {"parse": 1.235, "dump": 2.0}
    assert line.keys() == {"day", "commit", "python", "machine", "libraries", "figures"}


def test_no_two_bars_have_one_name() -> None:
    names = [bar.name for bar in bars.all_bars()]
    assert len(names) == len(set(names))
