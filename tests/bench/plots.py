"""`make plots`: measures time against size, and draws what `docs/performance.md` shows.

The figures are beside the plots, so that a test can compare them.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.bench import generating
from tests.bench.charts import Chart, Line, svg

PROJECT = Path(__file__).parents[2]
OTHERS = PROJECT / ".venv-sdk" / "bin" / "python"
"""Where the other programs are installed."""

FOLDER = PROJECT / "docs" / "performance"
TIMES = FOLDER / "times.jsonl"

CHARTS = {
    "parse": ("Parse a call record", "size of the record"),
    "dump": ("Dump a call record", "size of the record"),
    "generate": ("Generate a package", "size of its OpenAPI document"),
}
"""The title and the size of each work that is measured."""


def main() -> None:
    """Measure, and write the figures and a plot for each work."""
    command = [str(OTHERS), "-m", "tests.bench.by_size"]
    path = {"PYTHONPATH": f"{PROJECT / 'generated'}:{PROJECT}"}
    done = subprocess.run(command, env=path, check=True, stdout=subprocess.PIPE, text=True)
    generated = (json.dumps(("generate", *time)) for time in generating.by_size())
    lines = [*done.stdout.splitlines(), *generated]
    TIMES.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    for name, text in drawn(lines).items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def drawn(lines: Iterable[str]) -> dict[str, str]:
    """Return the text of each plot by the name of its file, from lines as `by_size.py` prints."""
    times: dict[str, dict[str, list[tuple[int, float]]]] = {work: {} for work in CHARTS}
    for work, program, size, seconds in map(json.loads, lines):
        times[work].setdefault(program, []).append((size, seconds))
    return {
        f"{work}.svg": svg(
            Chart(*CHARTS[work], tuple(Line(name, tuple(found)) for name, found in each.items()))
        )
        for work, each in times.items()
    }


if __name__ == "__main__":
    main()
