"""The file with a line for each run of all bars: the day, the commit, what it ran on, and the figures."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

HISTORY = Path(__file__).parent / "history.jsonl"

LIBRARIES = ("black", "datamodel-code-generator", "httpx", "lxml", "pydantic", "pydantic-core")
"""Most of the time is theirs."""


def newest() -> dict[str, float]:
    """Return the figures of the last line by the names of their bars; none where there is no line."""
    if not HISTORY.exists():
        return {}
    *_, line = HISTORY.read_text(encoding="utf-8").splitlines()
    figures: dict[str, float] = json.loads(line)["figures"]
    return figures


def remember(figures: dict[str, float]) -> None:
    """Add a line, to be committed."""
    git = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(git, check=True, capture_output=True, text=True).stdout.strip()
    line = {
        "day": datetime.now(UTC).date().isoformat(),
        "commit": commit,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "libraries": {name: version(name) for name in LIBRARIES},
        "figures": {name: float(f"{figure:.4g}") for name, figure in figures.items()},
    }
    with HISTORY.open("a", encoding="utf-8") as history:
        history.write(json.dumps(line) + "\n")
