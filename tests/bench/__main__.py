"""`make bench`: every figure is beside something bare, measured alternately in one run.

The median of the rounds counts. The command fails when a bar is not reached; nothing in the tests
depends on time. A run of all bars adds a line to `history.jsonl`, to be committed.
"""

from __future__ import annotations

import sys

from tests.bench import bars, history
from tests.bench.measure import Bar, Figure


def main(wanted: list[str]) -> int:
    """Measure the bars whose names begin as wanted, by default all, and print a line for each.

    Returns how the process should end.
    """
    before = history.newest()
    figures = dict[str, float]()
    missed = 0
    print(f"{'':72} {'today':>11} {'before':>11}")
    for bar in bars.all_bars():
        if wanted and not bar.name.startswith(tuple(wanted)):
            continue
        figure = figures[bar.name] = bar.measure()
        missed += not bar.reached_by(figure)
        print(_line(bar, figure, before.get(bar.name)), flush=True)
    if not wanted:
        history.remember(figures)
    return 1 if missed else 0


def _line(bar: Bar, figure: float, before: float | None) -> str:
    limit = f"at most {bar.most:g}" if bar.most is not None else ""
    limit = f"at least {bar.least:g}" if bar.least is not None else limit
    verdict = ("ok" if bar.reached_by(figure) else "MISSED") if limit else ""
    bare = f"bare: {figure.bare}" if isinstance(figure, Figure) else ""
    values = (f"{value:.2f}{bar.unit}" if value is not None else "" for value in (figure, before))
    today, last = values
    return f"{bar.name:72} {today:>11} {last:>11}  {limit:14} {verdict:6} {bare}".rstrip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
