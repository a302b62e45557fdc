"""Importing the models builds nothing: a class builds its validator when it is first used.

Importing the clients loads no models, and nothing of pydantic that defines classes.

`tests/client/test_first_use_race.py` shows that many threads may be the first at once.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

LAZY = """
import sys
from graph_comms.models import Call, CommsNotifications
CommsNotifications.from_json('{"value": []}')
assert not {"httpx", "graph_comms.client"} & sys.modules.keys()
assert not Call.__pydantic_complete__
print("all right")
"""

CLIENTS = """
import sys
from typing import get_type_hints
from graph_comms import AsyncCommunicationsClient, CommunicationsClient, GraphError, Page
from graph_comms import Operation, Response, UNSET
loaded = {"graph_comms.models", "graph_comms._runtime.model", "pydantic.main"} & sys.modules.keys()
assert not loaded, loaded
from graph_comms.client import Calls
hints = get_type_hints(Calls.create.__wrapped__)
from graph_comms.models import Call
assert hints["return"] is Call
print("all right")
"""


@pytest.mark.parametrize("program", [LAZY, CLIENTS])
def test_what_is_not_used_is_not_loaded(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "all right"), done.stderr
