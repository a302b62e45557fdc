"""`make bench-bounds`: what each attack of a megabyte costs each command, in seconds and in memory.

The names of attacks can be given; without any, all are tried, which takes an hour.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from resource import RLIMIT_CPU, setrlimit

from tests.hostile.attacks import ATTACKS, respelled
from tests.support.csdl import document

SIZE = 1_000_000
SECONDS = 20
MEGABYTES = 1_000
MESSAGES = 100_000

COMMANDS = (
    "generate --metadata old.xml --root all --package hostile --output out",
    "diff old.xml old.xml --root all",
    "diff empty.xml old.xml --root all",
    *(
        f"diff old.xml new.xml --root all --format {form}"
        for form in ("terminal", "markdown", "json", "html")
    ),
    "openapi --metadata old.xml --root all",
    "slice old.xml --root all --output out",
)


def main(names: Sequence[str]) -> int:
    """Print a line for each attack and command, and return how the process should end."""
    missed = 0
    for name in names or ATTACKS:
        for command, seconds, megabytes, said, ended in _measured(name):
            kept = seconds <= SECONDS and megabytes <= MEGABYTES and said <= MESSAGES
            missed += not kept or ended not in (0, 2)
            what = command.removesuffix(" --root all").split(" --root")[0]
            how = "refused" if ended == 2 else "done" if ended == 0 else f"ended with {ended}"
            costs = f"{seconds:6.1f} s {megabytes:6.0f} MB {said / 1000:6.1f} KB said"
            print(f"{name:28} {what:40} {costs}  {how}{'' if kept else '  MISSED'}", flush=True)
    return 1 if missed else 0


def _measured(name: str) -> Iterator[tuple[str, float, float, int, int]]:
    old = ATTACKS[name](SIZE)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "old.xml").write_bytes(old)
        (place / "new.xml").write_bytes(respelled(old))
        (place / "empty.xml").write_bytes(document('<ComplexType Name="nothing"/>'))
        for command in COMMANDS:
            yield command, *_run(command.split(), place)


def _run(arguments: Sequence[str], folder: Path) -> tuple[float, float, int, int]:
    """Return seconds, megabytes, bytes of messages and the exit code of a command with its workers."""
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "graph_codegen", *arguments],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=said,
            preexec_fn=lambda: setrlimit(RLIMIT_CPU, (3 * SECONDS, 3 * SECONDS)),
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = used.ru_utime + used.ru_stime
    return seconds, used.ru_maxrss / 1024, (folder / "said").stat().st_size, process.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
