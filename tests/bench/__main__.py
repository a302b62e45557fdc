"""`make bench`: every figure is a ratio of two things measured alternately in one run.

The median of the rounds counts. The command fails when a bar is not reached; nothing in the tests
depends on time.
"""

from __future__ import annotations

import sys

from tests.bench import bars
from tests.bench.measure import Bar


def main() -> int:
    """Measure every bar, print a line for each, and return how the process should end."""
    missed = 0
    for bar in bars.all_bars():
        figure = bar.measure()
        missed += bar.limit is not None and figure > bar.limit
        print(_line(bar, figure), flush=True)
    return 1 if missed else 0


def _line(bar: Bar, figure: float) -> str:
    limit = "" if bar.limit is None else f"at most {bar.limit:g}{bar.unit}"
    verdict = "" if bar.limit is None else "ok" if figure <= bar.limit else "MISSED"
    return f"{bar.name:76} {figure:8.2f}{bar.unit:3} {limit:16} {verdict}".rstrip()


if __name__ == "__main__":
    sys.exit(main())
