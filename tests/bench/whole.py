"""`make bench-whole METADATA=<file>`: all of Graph, generated, compiled, imported, used, type-checked."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

USE = """
from whole_graph import GraphClient, OPERATIONS, models
call = models.Call.from_json('{"@odata.type": "#microsoft.graph.call", "state": "established"}')
user = models.User.from_json('{"@odata.type": "#microsoft.graph.user", "displayName": "Bob"}')
assert call.state == models.CallState.ESTABLISHED and user.display_name == "Bob"
print(len(OPERATIONS), "methods")
"""

SAMPLE = """
import random, re, sys
from whole_graph import OPERATIONS, models

HEAD = '''
from __future__ import annotations
from collections.abc import Iterable, Mapping, Sequence
from typing import BinaryIO, Literal
from whole_graph import GraphClient, Page, models
from whole_graph._runtime import edm
from whole_graph._runtime.untyped import Untyped
'''

def annotation(bare):
    own = {*models.__all__}
    return re.sub(r"(?<![\\w.'])\\w+", lambda m: f"models.{m[0]}" if m[0] in own else m[0], bare)

print(HEAD)
for number, one in enumerate(random.Random(1).sample(OPERATIONS, 200)):
    parameters = "".join(f", {p.name}: {annotation(p.type)}" for p in one.parameters)
    arguments = ", ".join(f"{p.name}={p.name}" for p in one.parameters)
    print(f"def call_{number}(client: GraphClient{parameters}) -> {annotation(one.returns or 'None')}:")
    print(f"    return client.{one.python}({arguments})")
"""
"""Prints a program with 200 methods, each called with what its operation says and returning it."""


def main(metadata: str) -> int:
    """Print CPU seconds and peak memory of each step for the whole of a document."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).parent / "graph-codegen"), "generate"]
        command += ["--metadata", metadata, "--root", "all", "--package", "whole_graph"]
        measure("generate", [*command, "--output", folder], folder)
        files = [path for path in Path(folder, "whole_graph").rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files) / 1_000_000
        print(f"{len(files)} files, {size:.0f} MB")
        python = [sys.executable, "-m"]
        measure("compile", [*python, "compileall", "-q", folder], folder)
        measure("import", [sys.executable, "-c", "from whole_graph import GraphClient"], folder)
        print(measure("use", [sys.executable, "-c", USE], folder), end="")
        sample = Path(folder, "sample.py")
        sample.write_text(measure("sample", [sys.executable, "-c", SAMPLE], folder))
        measure("mypy", [*python, "mypy", "--strict", "--config-file=", "sample.py"], folder)
        measure("pyright", [*python, "pyright", "sample.py"], folder)
    return 0


def measure(step: str, command: list[str], folder: str) -> str:
    """Run a command in a folder, print what it costs, and return its output.

    Raises CalledProcessError, with the output, where the command fails.
    """
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds, memory = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    print(f"{step}: {seconds:.1f} s of CPU, {memory:.0f} MB at most", flush=True)
    if process.returncode:
        print(output)
        raise subprocess.CalledProcessError(process.returncode, command, output)
    return output


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
