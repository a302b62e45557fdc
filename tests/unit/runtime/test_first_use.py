"""Importing the models builds nothing: a class builds its validator when it is first used.

`tests/client/test_first_use_race.py` shows that many threads may be the first at once.
"""

from __future__ import annotations

import subprocess
import sys

LAZY = """
import sys
from graph_comms.models import Call, CommsNotifications
CommsNotifications.from_json('{"value": []}')
assert not {"httpx", "graph_comms.client"} & sys.modules.keys()
assert not Call.__pydantic_complete__
print("all right")
"""


def test_only_used_classes_are_built() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LAZY],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "all right"), done.stderr
