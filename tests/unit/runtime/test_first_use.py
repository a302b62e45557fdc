"""Importing the models makes nothing: a class is made, and builds its validator, when it is first used.

Importing the clients loads no models, and nothing of pydantic that defines classes; a call, what it needs.

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

MADE = """
import pickle, sys, typing
from graph_comms import models
from graph_comms._runtime.type_names import class_of
from graph_comms.models import GraphModel, graph

def made():
    return {name for name in graph.__all__ if name in vars(graph)}

assert not made()
assert {*graph.__all__} <= {*dir(graph)} and {*models.__all__} <= {*dir(models)}
info = models.MediaInfo(uri="https://a.example/x.wav", resource_id="1")
assert made() == {"MediaInfo"}, made()
assert models.MediaInfo is graph.MediaInfo is type(pickle.loads(pickle.dumps(info)))
hints = typing.get_type_hints(models.Participant)
assert hints["restricted_experience"] == typing.Optional[models.OnlineMeetingRestricted]
assert "Presence" not in made()

# What derives from a class is found by its type name, and counts where it is not made yet.
assert "OrganizerMeetingInfo" not in made()
sent = {"meetingInfo": {"@odata.type": "#microsoft.graph.organizerMeetingInfo"}}
assert type(models.Call.from_dict(sent).meeting_info) is graph.OrganizerMeetingInfo
assert class_of("MICROSOFT.graph.presence") is graph.Presence
record = "#microsoft.graph.callRecords.callRecord"
assert type(models.Entity.from_dict({"@odata.type": record})) is models.call_records.CallRecord

# One of an application counts as before, and may take the place of one that is not made.
class Mine(GraphModel, odata_type="#microsoft.graph.userIdentity"):
    pass

assert class_of("#microsoft.graph.userIdentity") is Mine
assert graph.UserIdentity.__mro__[1] is graph.Identity
assert class_of("#microsoft.graph.userIdentity") is Mine

for module in (models, graph):
    try:
        module.Cal
    except AttributeError as error:
        assert str(error) == f"module {module.__name__!r} has no attribute 'Cal'"
    else:
        raise AssertionError(module)

# A notebook loads modules anew, whose classes take the place of those before.
import importlib
before = models.Call
for module in (graph, models):
    importlib.reload(module)
assert models.Call is graph.Call is not before
sent = {"mediaConfig": {"@odata.type": "#microsoft.graph.appHostedMediaConfig"}}
assert type(models.Call.from_dict(sent).media_config) is models.AppHostedMediaConfig
sent["mediaConfig"]["@odata.type"] = "#MICROSOFT.GRAPH.APPHOSTEDMEDIACONFIG"
assert type(models.Call.from_dict(sent).media_config) is models.AppHostedMediaConfig
print("all right")
"""

MEANWHILE = """
# Another thread never meets a class of which it is not known yet what derives from it.
from graph_comms import models
from graph_comms._runtime import deferred

class Noting(dict):
    def __setitem__(self, made, note):
        assert note.made is None and made.__name__ not in note.home
        super().__setitem__(made, note)

deferred._noted = Noting(deferred._noted)
assert deferred.has_derived(models.Prompt)
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

CREATED = """
import sys
import httpx
from graph_comms import CommunicationsClient
from graph_comms.models import Call, ResultInfo

def answer(request):
    return httpx.Response(201, json={"id": "1", "@odata.type": "#microsoft.graph.call"})

def loaded():
    return {name.rpartition(".")[2] for name in sys.modules if name.startswith("graph_comms")}

with CommunicationsClient("token", transport=httpx.MockTransport(answer)) as client:
    assert client.calls.create(Call(callback_uri="https://bot.example/")).id == "1"
    assert not {"any_request", "subcodes", "json_schema", "operations"} & loaded(), loaded()
    assert client.request("POST", "/communications/calls", returns=Call).id == "1"
assert "any_request" in loaded()
assert ResultInfo(code=603, subcode=0).explain() == "the callee declined the call"
assert "subcodes" in loaded()

# A resource of the client takes its flavour for type checkers alone.
from graph_comms.client import AsyncCalls, Calls
assert Calls.__mro__[1:] == AsyncCalls.__mro__[1:]
assert not {Calls, AsyncCalls} & {*Calls.__mro__[1:]}
print("all right")
"""


@pytest.mark.parametrize("program", [LAZY, MADE, MEANWHILE, CLIENTS, CREATED])
def test_what_is_not_used_is_not_loaded(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "all right"), done.stderr
