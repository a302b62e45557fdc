"""What is imported with the package, with the bot kit, and without what the kit needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

BLOCKED = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {name!r}:
            raise ModuleNotFoundError(name=name)
sys.meta_path.insert(0, Blocker())
"""


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("name", ["anyio", "cryptography", "jwt"])
def test_the_kit_says_what_it_needs(name: str) -> None:
    ended = run(BLOCKED.format(name=name) + "import graph_comms.bot")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == (
        f"ImportError: the bot kit needs {name}: pip install 'graph-comms[bot]',"
        " or anyio and 'PyJWT[crypto]' for a copy in an application"
    )


def test_a_store_says_what_it_needs() -> None:
    ended = run(BLOCKED.format(name="redis") + "import graph_comms.bot as b; b.RedisStore")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == (
        "ImportError: RedisStore needs redis: pip install 'graph-comms[redis]',"
        " or redis for a copy in an application"
    )


def test_the_package_imports_nothing_of_the_kit() -> None:
    program = (
        "import sys, graph_comms, graph_comms.models\n"
        "graph_comms.CommunicationsClient\n"
        "print(*{'jwt', 'cryptography', 'redis', 'graph_comms.bot'} & sys.modules.keys())"
    )
    ended = run(program)
    assert (ended.returncode, ended.stdout.strip()) == (0, ""), ended.stderr


def test_the_kit_imports_no_store_but_its_own() -> None:
    ended = run(
        "import sys, graph_comms.bot; print(*{'redis', 'sqlite3', 'azure'} & {*sys.modules})"
    )
    assert (ended.returncode, ended.stdout.strip()) == (0, ""), ended.stderr
