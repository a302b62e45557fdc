"""Both type checkers accept the correct programs, and reject each mistake in the others."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PACKAGES = ROOT / "generated"
PROGRAMS = ("right.py", "wrong.py", "thirty_methods.py", "thirty_methods_wrong.py")


Marks = Mapping[str, set[int]]
"""The lines with an error, by the name of the program."""


def mypy(folder: Path) -> Marks:
    """Return the lines that mypy rejects in the programs of a folder."""
    config = folder / "mypy.ini"
    config.write_text(f"[mypy]\nstrict = true\nmypy_path = {PACKAGES}\n")
    programs = sorted(folder.glob("*.py"))
    output = run("mypy", "--config-file", config, "--no-error-summary", *programs)
    found = re.findall(r"^(.+?):(\d+): error: ", output, re.MULTILINE)
    return by_program((file, int(line)) for file, line in found)


def pyright(folder: Path) -> Marks:
    """Return the lines that pyright rejects in the programs of a folder."""
    config = {
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "extraPaths": [str(PACKAGES)],
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(config))
    python = ["--pythonpath", sys.executable]
    report = json.loads(run("pyright", "--outputjson", "--project", folder, *python))
    assert report["summary"]["filesAnalyzed"] == len(PROGRAMS), report
    return by_program(
        (problem["file"], problem["range"]["start"]["line"] + 1)
        for problem in report["generalDiagnostics"]
        if problem["severity"] == "error"
    )


def by_program(errors: Iterable[tuple[str, int]]) -> Marks:
    """Sort errors by program; one anywhere else, such as in the package, fails the test."""
    found: dict[str, set[int]] = {program: set() for program in PROGRAMS}
    for file, line in errors:
        assert Path(file).name in found, file
        found[Path(file).name].add(line)
    return found


def run(module: str, *arguments: str | Path) -> str:
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
    ).stdout


def marked(program: Path) -> set[int]:
    lines = program.read_text(encoding="utf-8").splitlines()
    return {number for number, line in enumerate(lines, 1) if line.endswith("# error")}


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_each_marked_line_and_no_other_is_rejected(
    checker: Callable[[Path], Marks], tmp_path: Path
) -> None:
    # Checked where the project's own settings do not reach.
    for name in PROGRAMS:
        shutil.copy(HERE / name, tmp_path)
    assert checker(tmp_path) == {name: marked(HERE / name) for name in PROGRAMS}


def test_the_marks_are_there() -> None:
    found = {name: len(marked(HERE / name)) for name in PROGRAMS}
    assert found["right.py"] == found["thirty_methods.py"] == 0
    assert found["wrong.py"] > 20
    assert found["thirty_methods_wrong.py"] > 50


def test_the_right_program_runs() -> None:
    program = HERE / "right.py"
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-c",
            f"{program.read_text()}\nprint(new_call().to_json())",
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["targets"][0]["identity"]["phone"]["id"] == "+12345678901"
