"""A step of development: derives the synchronous modules of the runtime from the asynchronous ones.

`templates/runtime/async_*.py` are written by hand; each becomes a module without that prefix beside
it, by unasync, black and ruff. With `--check` nothing is written: what is out of date is named, and the
exit code is 1.
"""

# unasync has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from unasync import Rule, unasync_files

PROJECT = Path(__file__).parent.parent
RUNTIME = PROJECT / "templates" / "runtime"
PREFIX = "async_"

_RUFF = ("ruff", "check", "--select", "F401,I,UP028", "--unsafe-fixes")
"""Unused imports go, the others are sorted, and a loop that only yields becomes `yield from`."""

REPLACEMENTS = {
    "AbstractAsyncContextManager": "AbstractContextManager",
    "AsyncBaseTransport": "BaseTransport",
    "AsyncClient": "Client",
    "AsyncConnections": "Connections",
    "AsyncCredential": "Credential",
    "AsyncClientBase": "ClientBase",
    "AsyncOnly": "SyncOnly",
    "AsyncPage": "Page",
    "AsyncPool": "Pool",
    "AsyncSession": "Session",
    "AsyncTokens": "Tokens",
    "AsyncWork": "Work",
    "aclose": "close",
    "aclosing": "closing",
    "aiter_bytes": "iter_bytes",
    "aiter_raw": "iter_raw",
    "async_client": "client",
    "async_opened": "opened",
    "async_page": "page",
    "async_session": "session",
    "async_sleep": "sleep",
    "async_within": "within",
}
"""What a name becomes, besides what unasync knows by itself (`AsyncIterator`, `__aenter__` …)."""


def derive(folder: Path) -> None:
    """Write the synchronous modules into a folder."""
    with TemporaryDirectory() as temporary:
        source, target = Path(temporary, "async"), Path(temporary, "sync")
        source.mkdir()
        for module in RUNTIME.glob(f"{PREFIX}*.py"):
            (source / module.name.removeprefix(PREFIX)).write_bytes(module.read_bytes())
        rule = Rule("/async/", "/sync/", REPLACEMENTS)
        unasync_files([str(path) for path in source.iterdir()], [rule])
        for tool in ([*_RUFF, "--fix"], ["black"]):
            config = ["--config", str(PROJECT / "pyproject.toml")]
            subprocess.run(
                [sys.executable, "-m", *tool, *config, "--quiet", str(target)], check=True
            )
        for module in target.iterdir():
            (folder / module.name).write_bytes(module.read_bytes())


def stale() -> Iterator[Path]:
    """Yield the synchronous modules that are not as they would be derived."""
    with TemporaryDirectory() as temporary:
        derive(Path(temporary))
        for derived in sorted(Path(temporary).iterdir()):
            present = RUNTIME / derived.name
            if not present.is_file() or present.read_bytes() != derived.read_bytes():
                yield present


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        found = [str(path.relative_to(PROJECT)) for path in stale()]
        sys.exit(f"out of date, run make sync: {', '.join(found)}" if found else 0)
    derive(RUNTIME)
