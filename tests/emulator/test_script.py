"""Scripts of the server: who plays them, when, and what is said of those that fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_emulator.__main__ import main

CALLS = """
import sys
from tests.emulator.bots import call_to

def play(svc):
    ann = svc.user("Ann").answers(after=0.1).presses("1", after=0.1).hangs_up(after=0.3)
    call = svc.client(roles=["Calls.Initiate.All"]).calls.create(call_to(ann))
    svc.run()
    assert svc.calls[call.id].tones == ["1"]
    assert svc.calls[call.id].ended_by == "user"
    began = svc.clock.now()
    svc.advance(seconds=0.2)
    assert 0.2 <= (svc.clock.now() - began).total_seconds() < 2
    sys.exit(7)
"""


def played(path: Path, *options: str) -> int:
    return main(["--port", "0", "--script", str(path), *options])


def test_a_script_has_the_methods_of_a_test(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "calls.py"
    script.write_text(CALLS, "utf-8")
    assert played(script) == 7
    shown = capsys.readouterr().out
    assert " s  client → create 201\n" in shown
    assert " s        ← updated call established: nobody takes it\n" in shown


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (None, "cannot be read: No such file or directory"),
        ("pass", "has no function for the server: def play(svc): …"),
        ("play = 3", "has no function for the server: def play(svc): …"),
        ("async def play(svc): pass", "has no function for the server: def play(svc): …"),
        ("\ndef play(svc)", ":2: expected ':'"),
        ("import nowhere", ":1: ModuleNotFoundError: No module named 'nowhere'"),
        ("def play(svc):\n    svc.calls['x']", ":2: KeyError: 'x'"),
        ("def play(svc):\n    assert svc.calls", ":2: AssertionError: assert svc.calls"),
        ("def play(svc):\n    svc.user('Ann').presses('a')", ":2: ValueError: 'a' is not one of"),
        (
            "def play(svc):\n    svc.rings(from_=svc.user('Ann'))",
            ":2: ServerError: there is no bot",
        ),
        ("def play(svc):\n    raise SystemExit('no')", ":2: SystemExit: no"),
        ("def play(svc):\n    svc.advance(hours=\x00)", "cannot contain null bytes"),
    ],
)
def test_a_script_that_fails_is_one_clear_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], written: str | None, said: str
) -> None:
    script = tmp_path / "script.py"
    if written is not None:
        script.write_text(written, "utf-8")
    assert played(script) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"graph_emulator: {script}")
    assert said in error
    assert "Traceback" not in error
    assert len(error.splitlines()) == 1


def test_a_script_that_waits_for_what_never_ends_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "script.py"
    waits = "svc.run(limit=0.3)\n    svc.rings()"
    create = "svc.client().calls.create(call_to(svc.user('Ann')))"
    lines = f"from tests.emulator.bots import call_to\ndef play(svc):\n    {create}\n    {waits}"
    script.write_text(lines, "utf-8")
    assert played(script) == 1
    assert ":4: Stuck: after 0.3 seconds there still are: <Call" in capsys.readouterr().err
