"""`make bench`: every figure is a ratio of two things measured alternately in one run.

The median of the rounds counts. The command fails when a bar is not reached; nothing in the tests
depends on time. A run of all bars adds a line to `history.jsonl`, to be committed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import bars
from tests.bench.measure import Bar, Ratio

HISTORY = Path(__file__).parent / "history.jsonl"


def main(wanted: list[str]) -> int:
    """Measure the bars whose names begin as wanted, by default all, and print a line for each.

    Returns how the process should end.
    """
    figures = dict[str, float]()
    missed = 0
    for bar in bars.all_bars():
        if wanted and not bar.name.startswith(tuple(wanted)):
            continue
        figure = bar.measure()
        figures[bar.name] = round(figure, 3)
        missed += bar.limit is not None and figure > bar.limit
        print(_line(bar, figure), flush=True)
    if not wanted:
        _remember(figures)
    return 1 if missed else 0


def _line(bar: Bar, figure: float) -> str:
    limit = "" if bar.limit is None else f"at most {bar.limit:g}{bar.unit}"
    verdict = "" if bar.limit is None else "ok" if figure <= bar.limit else "MISSED"
    bare = f"bare {figure.bare * 1_000:.3g} ms" if isinstance(figure, Ratio) else ""
    return f"{bar.name:72} {figure:8.2f}{bar.unit:3} {limit:16} {verdict:6} {bare}".rstrip()


def _remember(figures: dict[str, float]) -> None:
    """Add a line with the figures, the day and the commit to the history."""
    git = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(git, check=True, capture_output=True, text=True).stdout.strip()
    day = datetime.now(UTC).date().isoformat()
    line = json.dumps({"day": day, "commit": commit, "figures": figures})
    with HISTORY.open("a", encoding="utf-8") as history:
        history.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
