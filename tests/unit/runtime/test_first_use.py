"""Classes build their validators on first use, from any number of threads."""

from __future__ import annotations

import subprocess
import sys

import pytest

RACE = """
import sys, threading
from graph_comms.models import *
from graph_comms.models import call_records, graph

sys.setswitchinterval(1e-6)
found = [getattr(module, name) for module in (graph, call_records) for name in module.__all__]
classes = [cls for cls in found if issubclass(cls, GraphModel)]
identity = {"@odata.type": "#microsoft.graph.identity", "displayName": "x"}
barrier = threading.Barrier(8)
wrong = []

def use_each():
    barrier.wait()
    for cls in classes:
        try:
            body = {"@odata.type": cls._odata_type, "identity": {"user": identity}, "new": identity}
            parsed = GraphModel.from_dict(body)
            assert type(parsed) is cls, parsed
            assert type(parsed.undeclared["new"]) is Identity, parsed
            assert parsed.to_dict() == body, parsed
            if not cls._abstract:
                assert type(cls(odata_type=None)) is cls
        except BaseException as problem:
            wrong.append(f"{cls.__name__}: {problem!r}")

threads = [threading.Thread(target=use_each, daemon=True) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join(60)
assert not any(thread.is_alive() for thread in threads), "a deadlock"
print(wrong or "all right")
"""

LAZY = """
import sys
from graph_comms.models import Call, CommsNotifications
CommsNotifications.from_json('{"value": []}')
assert not {"httpx", "graph_comms.client"} & sys.modules.keys()
assert not Call.__pydantic_complete__
print("all right")
"""


@pytest.mark.parametrize("attempt", range(2))
def test_many_threads_may_be_the_first(attempt: int) -> None:
    assert run(RACE) == "all right"


def test_only_what_is_met_is_built() -> None:
    assert run(LAZY) == "all right"


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
