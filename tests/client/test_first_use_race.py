"""Models build their validators on first use, even by 32 threads of a new process at the same time."""

from __future__ import annotations

import subprocess
import sys

import pytest

RACE = """
import json, random, sys, threading
from graph_comms.models import *
from graph_comms.models import call_records, graph

seed = int(sys.argv[1])
sys.setswitchinterval(1e-6)
found = [getattr(module, name) for module in (graph, call_records) for name in module.__all__]
classes = [cls for cls in found if issubclass(cls, GraphModel)]
related = [Call, IdentitySet, Identity, Participant, ParticipantInfo, CommsNotifications, MediaConfig,
           ServiceHostedMediaConfig, AppHostedMediaConfig, OrganizerMeetingInfo, ChatInfo, OnlineMeeting]
text = (
    '{"value":[{"resourceData":{"@odata.type":"#microsoft.graph.call","state":"established",'
    '"source":{"identity":{"user":{"id":"x","new":1}}},"mediaConfig":{"@odata.type":'
    '"#microsoft.graph.serviceHostedMediaConfig"},"targets":[{"identity":{"phone":{"@odata.type":'
    '"#microsoft.graph.identity","id":"1"}}}]}}]}'
)
barrier = threading.Barrier(32)
wrong = []

def work(number):
    chance = random.Random(seed * 1000 + number)
    mine = related + chance.sample(classes, 25)
    chance.shuffle(mine)
    barrier.wait()
    try:
        for cls in mine:
            match chance.randrange(4):
                case 0:
                    assert CommsNotifications.from_json(text).to_dict() == json.loads(text)
                case 1 if not cls._abstract:
                    assert cls().to_dict() == {"@odata.type": cls._odata_type}
                    assert type(cls(odata_type=None)) is cls
                case 2:
                    cls.model_json_schema()
                case _:
                    body = {"@odata.type": cls._odata_type, "x": {"@odata.type": "#microsoft.graph.call"}}
                    parsed = GraphModel.from_dict(body)
                    assert type(parsed) is cls and type(parsed.undeclared["x"]) is Call
                    assert parsed.to_dict() == body
    except BaseException as problem:
        wrong.append(f"{cls.__name__}: {problem!r}")

threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(32)]
for thread in threads: thread.start()
for thread in threads: thread.join(90)
assert not any(thread.is_alive() for thread in threads), "a deadlock"
print(wrong or "all right")
"""


@pytest.mark.parametrize("seed", range(3))
def test_32_threads_are_the_first(seed: int) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RACE, str(seed)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "all right"), done.stderr
