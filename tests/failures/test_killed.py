"""A killed run leaves the old package or the new one, and no process; of two runs at once, one wins."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from graph_codegen.cli.console import INTERRUPTED
from graph_codegen.install import replace
from graph_codegen.install.compare import find_unlisted
from graph_codegen.install.manifest import MANIFEST, render_manifest
from tests.support.csdl import FILE, ROOT, SERVICE, content, document, graph_codegen

WRITER = textwrap.dedent("""
    import itertools, json, sys
    from pathlib import Path
    from graph_codegen.install import replace
    folder, whole, rounds = Path(sys.argv[1]), sys.argv[2] == "whole", int(sys.argv[3])
    states = json.loads(sys.stdin.read())
    print("ready", flush=True)
    for round in range(rounds):
        replace.write(states[round % len(states)], folder, whole=whole)
    """)
"""A program that writes one state after another to a folder."""

KILLS = 40


def state(name: str) -> dict[str, str]:
    """Return many files in several folders, each of which names its state; one is only in this state."""
    files = {f"package/part{n % 3}/file{n}.py": f"# {name} {n}\n" * 50 for n in range(24)}
    files[f"package/only_{name}.py"] = name
    files["setup.toml"] = name
    return files | {MANIFEST: render_manifest(files, {"generator": name})}


STATES = {name: state(name) for name in ("old", "new", "third")}


def started(folder: Path, how: str, rounds: int) -> subprocess.Popen[str]:
    run = subprocess.Popen(
        [sys.executable, "-c", WRITER, folder, how, str(rounds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdin
    assert run.stdout
    run.stdin.write(json.dumps(list(STATES.values())))
    run.stdin.close()
    assert run.stdout.readline() == "ready\n"
    return run


def below(files: Mapping[str, bytes], top: str) -> dict[str, bytes]:
    return {path: data for path, data in files.items() if path.startswith(top)}


@pytest.mark.parametrize("how", ["parts", "whole"])
def test_killed_at_any_moment_a_package_is_old_or_new(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "generated"
    # Where the folder is not all ours, its entries are replaced one after another.
    tops = [""] if how == "whole" else ["package/", "setup.toml"]
    seen: set[str] = set()
    for kill in range(5 * KILLS):
        if kill >= KILLS and STATES.keys() <= seen:
            break  # sooner or later, by how fast the machine is
        run = started(folder, how, 1_000_000)
        time.sleep(0.003 * kill)
        run.send_signal(signal.SIGKILL)
        assert run.wait() == -signal.SIGKILL
        assert run.stdout
        run.stdout.close()
        found = {
            path: data
            for path, data in (content(folder) if folder.exists() else {}).items()
            if not path.startswith(".graph-codegen-")
        }
        for top in tops:
            states = {
                name: below({p: text.encode() for p, text in files.items()}, top)
                for name, files in STATES.items()
            } | {"nothing": {}}
            matching = [name for name, files in states.items() if files == below(found, top)]
            assert matching, f"kill {kill}: {top or 'the folder'} is a mixture"
            seen.update(matching)
        # The next run goes on from there.
        replace.write(STATES["old"], folder, whole=how == "whole")
        assert content(folder) == {p: text.encode() for p, text in STATES["old"].items()}
        assert not list(tmp_path.rglob(".graph-codegen-*"))
    assert STATES.keys() <= seen


@pytest.mark.parametrize("how", ["parts", "whole"])
def test_runs_at_once_leave_what_one_of_them_wrote(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "generated"
    runs = [started(folder, how, rounds) for rounds in (40, 41, 42)]
    codes = [(run.wait(timeout=60), run.stdout and run.stdout.close())[0] for run in runs]
    assert codes == [0, 0, 0]
    states = [{p: text.encode() for p, text in files.items()} for files in STATES.values()]
    assert content(folder) in states
    assert not list(tmp_path.rglob(".graph-codegen-*"))


@pytest.mark.parametrize("how", ["parts", "whole"])
def test_what_is_read_is_what_one_run_wrote(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "generated"
    replace.write(STATES["old"], folder, whole=how == "whole")
    run = started(folder, how, 1_000_000)
    try:
        for _ in range(100):
            with replace.reading(folder, whole=how == "whole"):
                assert find_unlisted(folder) == {}
        assert run.poll() is None
    finally:
        run.kill()
        run.wait()
        assert run.stdout
        run.stdout.close()


@pytest.mark.parametrize("command", [("check", "--output", "app"), ("vendor", "app", "--check")])
def test_a_check_waits_for_a_run_that_writes(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / FILE).write_bytes(document(SERVICE))
    with subprocess.Popen(
        [sys.executable, "-m", "graph_codegen", *command, "--metadata", FILE, *ROOT],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        with replace.locked(tmp_path / "app"):
            assert run.stderr
            assert any(line.startswith("generating") for line in run.stderr)
            with pytest.raises(subprocess.TimeoutExpired):
                run.wait(timeout=6)
        assert run.wait(timeout=60) == 1
    assert list((tmp_path / "app").iterdir()) == []


def children(parent: int) -> int:
    listed = subprocess.run(["ps", "-A", "-o", "ppid="], capture_output=True, text=True, check=True)
    return listed.stdout.split().count(str(parent))


FORKS = ""

SPAWNS = "workers.sys = SimpleNamespace(platform='another')"

GENERATE = textwrap.dedent("""
    import sys
    from types import SimpleNamespace
    from graph_codegen.cli import main, workers
    {}
    main(["generate", *sys.argv[1:]])
    """)
"""A program that generates in processes that are forked, or, as on other systems, spawned."""


@contextmanager
def generating(folder: Path, how: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Start to generate, in a session of its own, and wait for its other processes."""
    with subprocess.Popen(
        [sys.executable, "-c", GENERATE.format(how), *words],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as run:
        while children(run.pid) < (1 if how == FORKS else 2):  # one is multiprocessing's own
            assert run.poll() is None, "ended before it had other processes"
            time.sleep(0.01)
        yield run


@pytest.mark.parametrize("how", [FORKS, SPAWNS], ids=["forks", "spawns"])
@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGTERM])
def test_killed_it_leaves_no_process(tmp_path: Path, kill: signal.Signals, how: str) -> None:
    with generating(tmp_path, how) as run:
        run.send_signal(kill)
        # All its processes share its standard error, which ends with the last of them.
        run.communicate(timeout=30)
        assert run.returncode == -kill
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", [FORKS, SPAWNS], ids=["forks", "spawns"])
def test_interrupted_from_the_keyboard_all_its_processes_end_without_a_traceback(
    tmp_path: Path, how: str
) -> None:
    with generating(tmp_path, how) as run:
        time.sleep(1)  # they begin to work
        os.killpg(run.pid, signal.SIGINT)
        _, told = run.communicate(timeout=30)
        assert run.returncode == INTERRUPTED
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []


def test_processes_that_are_spawned_generate_the_same(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(document(SERVICE))
    words = ("--metadata", FILE, *ROOT, "--output")
    with generating(tmp_path, SPAWNS, *words, "there") as run:
        run.communicate(timeout=60)
        assert run.returncode == 0
    graph_codegen("generate", *words, "here", cwd=tmp_path)
    assert content(tmp_path / "there") == content(tmp_path / "here") != {}
