"""`make bench-whole METADATA=<file>`: all of Graph, generated, compiled, imported, used."""

from __future__ import annotations

import compileall
import subprocess
import sys
import tempfile
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from time import perf_counter

PROGRAM = """
from time import perf_counter
start = perf_counter()
from whole_graph import GraphClient, OPERATIONS, models
print(f"import: {perf_counter() - start:.1f} s, {len(OPERATIONS)} operations")
call = models.Call.from_json('{"@odata.type": "#microsoft.graph.call", "state": "established"}')
user = models.User.from_json('{"@odata.type": "#microsoft.graph.user", "displayName": "Bob"}')
assert call.state == models.CallState.ESTABLISHED and user.display_name == "Bob"
"""


def main(metadata: str) -> int:
    """Print seconds, peak memory, size, and import seconds for the whole of a document."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).parent / "graph-codegen"), "generate"]
        command += ["--metadata", metadata, "--root", "all", "--package", "whole_graph"]
        start = perf_counter()
        subprocess.run([*command, "--output", folder], check=True, capture_output=True)
        seconds, memory = perf_counter() - start, getrusage(RUSAGE_CHILDREN).ru_maxrss / 1024
        files = [path for path in Path(folder, "whole_graph").rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files) / 1_000_000
        print(
            f"generate: {seconds:.0f} s, {memory:.0f} MB at most, {len(files)} files, {size:.0f} MB"
        )
        assert compileall.compile_dir(folder, quiet=1)
        print(
            subprocess.check_output([sys.executable, "-c", PROGRAM], cwd=folder, text=True), end=""
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
