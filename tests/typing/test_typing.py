"""Both type checkers accept the right program, and each mistake of the wrong one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PACKAGES = ROOT / "generated"


def mypy(program: Path) -> set[int]:
    """The lines with an error."""
    config = program.with_name("mypy.ini")
    config.write_text(f"[mypy]\nstrict = true\nmypy_path = {PACKAGES}\n")
    output = run("mypy", "--config-file", config, "--no-error-summary", program)
    found = re.findall(r"^(.+?):(\d+): error: ", output, re.MULTILINE)
    assert all(Path(file).name == program.name for file, _ in found), output
    return {int(line) for _, line in found}


def pyright(program: Path) -> set[int]:
    """The lines with an error."""
    config = {
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "extraPaths": [str(PACKAGES)],
    }
    program.with_name("pyrightconfig.json").write_text(json.dumps(config))
    python = ["--pythonpath", sys.executable]
    report = json.loads(run("pyright", "--outputjson", "--project", program.parent, *python))
    assert report["summary"]["filesAnalyzed"] == 1, report
    return {
        problem["range"]["start"]["line"] + 1
        for problem in report["generalDiagnostics"]
        if problem["severity"] == "error"
    }


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
@pytest.mark.parametrize("name", ["right.py", "wrong.py"])
def test_each_marked_line_and_no_other_is_rejected(
    name: str, checker: Callable[[Path], set[int]], tmp_path: Path
) -> None:
    # Checked where the project's own settings do not reach.
    program = Path(shutil.copy(HERE / name, tmp_path))
    assert checker(program) == marked(program)


def test_the_marks_are_there() -> None:
    assert not marked(HERE / "right.py")
    assert len(marked(HERE / "wrong.py")) > 20


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
