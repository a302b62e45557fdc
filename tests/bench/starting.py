"""What it costs to start, in a user's environment: the wheel, what it depends on, and nothing else.

`make bench` makes that environment: importing takes longer where developers' tools are installed.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.bench.measure import Ratio, process_ratio
from tests.golden.documented import load_examples

USER = Path(__file__).parents[2] / ".venv-user" / "bin" / "python"
ROUNDS = 21

BASELINE = "import httpx, pydantic"
CLIENTS = "from graph_comms import CommunicationsClient, AsyncCommunicationsClient"
EXAMPLE = load_examples()[0]
CREATE = f"""
import httpx
from graph_comms import CommunicationsClient
from graph_comms.models import (
    Call, Identity, IdentitySet, InvitationParticipantInfo, Modality, ServiceHostedMediaConfig,
)

def answer(request):
    return httpx.Response(201, json={json.loads(json.dumps(EXAMPLE.response.body))!r})

client = CommunicationsClient("token", transport=httpx.MockTransport(answer))
bob = InvitationParticipantInfo(identity=IdentitySet(user=Identity(id="1")))
call = Call(
    callback_uri="https://bot.contoso.com/api/calls",
    tenant_id="72f988bf-86f1-41af-91ab-2d7cd011db47",
    requested_modalities=[Modality.AUDIO],
    targets=[bob],
    media_config=ServiceHostedMediaConfig(),
)
assert client.calls.create(call).id
"""


def clients() -> Ratio:
    """Return the time of a process that imports both clients over one that imports what they need."""
    return _ratio(CLIENTS)


def first_create() -> Ratio:
    """Return the same for a process that creates a call, through a transport that answers at once."""
    return _ratio(CREATE)


def one_class() -> Ratio:
    """Return the same for a process that defines one class of pydantic: no model costs less."""
    return _ratio(
        "import httpx\nfrom pydantic import BaseModel\nclass A(BaseModel):\n    a: int = 1"
    )


def _ratio(code: str) -> Ratio:
    command = [str(USER), "-c"]
    return process_ratio([*command, code], [*command, BASELINE], rounds=ROUNDS)
