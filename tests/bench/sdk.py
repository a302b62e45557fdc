"""Microsoft's Python SDK beside this package, in an environment of its own: `make bench-sdk`.

Each figure is what the SDK takes over what this package takes for the same.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import fields
from functools import partial
from typing import Any

import httpx
from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from kiota_abstractions.serialization import Parsable
from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
from kiota_serialization_json.json_serialization_writer_factory import (
    JsonSerializationWriterFactory,
)
from msgraph import GraphServiceClient
from msgraph.generated.models.call import Call
from msgraph.generated.models.call_records.call_record import CallRecord
from msgraph.generated.models.participant import Participant
from msgraph.generated.models.presence import Presence
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph_core import GraphClientFactory

from graph_comms import AsyncCommunicationsClient
from tests.bench import creating, payloads, starting
from tests.bench.bodies import Kind, held
from tests.bench.measure import Bar, Figure, Ratio, process_ratio, python, ratio

JSON = "application/json"

KINDS: dict[str, tuple[Kind, type[Parsable]]] = {
    "ten documented responses": (payloads.responses, Call),
    "1,000 participants": (payloads.participants, Participant),
    "call record of 2.2 MB": (payloads.record, CallRecord),
    "1,000 presences": (payloads.presences, Presence),
}
"""The SDK's class for each; it has none for a notification, so that participants stand for a roster."""

ROUNDS = 3

IMPORT = "from msgraph import GraphServiceClient"
CREATE = f"""
import asyncio
import httpx
from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from msgraph import GraphServiceClient
from msgraph.generated.models.call import Call
from msgraph.generated.models.identity import Identity
from msgraph.generated.models.identity_set import IdentitySet
from msgraph.generated.models.invitation_participant_info import InvitationParticipantInfo
from msgraph.generated.models.modality import Modality
from msgraph.generated.models.service_hosted_media_config import ServiceHostedMediaConfig
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph_core import GraphClientFactory

def answer(request):
    return httpx.Response(201, json={json.loads(creating.ANSWER)!r})

bare = httpx.AsyncClient(transport=httpx.MockTransport(answer))
sent_by = GraphClientFactory.create_with_default_middleware(client=bare)
adapter = GraphRequestAdapter(AnonymousAuthenticationProvider(), sent_by)
client = GraphServiceClient(request_adapter=adapter)
bob = InvitationParticipantInfo(identity=IdentitySet(user=Identity(id="1")))
call = Call(
    callback_uri="https://bot.contoso.com/api/calls",
    tenant_id="72f988bf-86f1-41af-91ab-2d7cd011db47",
    requested_modalities=[Modality.Audio],
    targets=[bob],
    media_config=ServiceHostedMediaConfig(),
)
assert asyncio.run(client.communications.calls.post(call)).id
"""


def all_bars() -> Iterator[Bar]:
    """Yield what is measured; there are no limits."""
    for name, (kind, model) in KINDS.items():
        yield Bar(f"parse: {name}", partial(_parsing, kind, model))
    for name, (kind, model) in KINDS.items():
        yield Bar(f"dump: {name}", partial(_dumping, kind, model))
    for name, (kind, model) in KINDS.items():
        yield Bar(f"memory: {name}", partial(_memory, kind, model))
    yield Bar("create through a mock transport", _creating)
    yield Bar(
        "fresh process: import the client",
        partial(process_ratio, python(IMPORT), python(starting.CLIENTS), rounds=ROUNDS),
    )
    yield Bar(
        "fresh process: client and first create",
        partial(process_ratio, python(CREATE), python(starting.CREATE), rounds=ROUNDS),
    )


def parse(text: bytes, model: type[Parsable]) -> Parsable:
    """Return what the SDK makes of a body."""
    node = JsonParseNodeFactory().get_root_parse_node(JSON, text)
    parsed: Parsable = node.get_object_value(model)
    return parsed


def dump(model: Parsable) -> bytes:
    """Return what the SDK sends for a model."""
    writer = JsonSerializationWriterFactory().get_serialization_writer(JSON)
    writer.write_object_value(None, model)
    return writer.get_serialized_content()


def _parsing(kind: Kind, model: type[Parsable]) -> Ratio:
    payload = kind()
    return ratio(
        lambda: [parse(text, model) for text in payload.texts],
        payload.models,
        repeat=1,
        rounds=ROUNDS,
    )


def _dumping(kind: Kind, model: type[Parsable]) -> Ratio:
    payload = kind()
    theirs, ours = [parse(text, model) for text in payload.texts], payload.models()
    return ratio(
        lambda: [dump(one) for one in theirs],
        lambda: [one.to_json() for one in ours],
        repeat=5,
        rounds=ROUNDS,
    )


def _memory(kind: Kind, model: type[Parsable]) -> Figure:
    payload = kind()
    ours = held(payload.models)
    theirs = held(lambda: [parse(text, model) for text in payload.texts])
    return Figure(theirs / ours, f"{ours / 1e6:.3g} MB")


def _creating() -> Ratio:
    """Compare creates of both asynchronous clients: the SDK has no other."""
    transport = httpx.MockTransport(
        lambda request: httpx.Response(201, content=creating.ANSWER, headers={"content-type": JSON})
    )
    with asyncio.Runner() as runner:
        ours = AsyncCommunicationsClient("token", transport=transport)
        sent_by = GraphClientFactory.create_with_default_middleware(
            client=httpx.AsyncClient(transport=transport)
        )
        adapter = GraphRequestAdapter(AnonymousAuthenticationProvider(), sent_by)
        theirs = GraphServiceClient(request_adapter=adapter)
        our_call = creating.built_call()
        their_call = _built(parse(json.dumps(creating.BODY).encode(), Call))
        return ratio(
            lambda: runner.run(theirs.communications.calls.post(their_call)),
            lambda: runner.run(ours.calls.create(our_call)),
            repeat=100,
        )


def _built(value: Any) -> Any:
    """Return a model as an application builds it: of what was parsed, the SDK sends changes alone."""
    if isinstance(value, list):
        return [_built(item) for item in value]
    if isinstance(value, Parsable):
        values = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
        del values["backing_store"]
        return type(value)(**{name: _built(one) for name, one in values.items() if one is not None})
    return value


def main() -> None:
    """Print how many times as much the SDK takes, and what this package takes."""
    for bar in all_bars():
        figure = bar.measure()
        assert isinstance(figure, Figure)
        print(f"{bar.name:42} msgraph-sdk / graph_comms {figure:8.1f}×  {figure.bare}", flush=True)


if __name__ == "__main__":
    main()
