"""`make bench-sdk`: the ten documented responses, ours against Microsoft's SDK in one process.

The SDK is large, so it has an environment of its own, which this target makes.
"""

from __future__ import annotations

import json
import sys

from kiota_abstractions.serialization import Parsable
from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
from kiota_serialization_json.json_serialization_writer_factory import (
    JsonSerializationWriterFactory,
)
from msgraph.generated.models.call import Call as SdkCall

from graph_comms.models import Call
from tests.bench.measure import ratio
from tests.golden.documented import load_examples

JSON = "application/json"


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


def main() -> int:
    """Print how many times faster ours is."""
    texts = [json.dumps(example.response.body).encode() for example in load_examples()]
    ours = [Call.from_json(text) for text in texts]
    theirs = [parse(text, SdkCall) for text in texts]
    parsing = ratio(
        lambda: [parse(text, SdkCall) for text in texts],
        lambda: [Call.from_json(text) for text in texts],
        repeat=5,
    )
    dumping = ratio(
        lambda: [dump(call) for call in theirs],
        lambda: [call.to_json() for call in ours],
        repeat=5,
    )
    print(f"parse the ten documented responses: msgraph-sdk / graph_comms  {parsing:8.1f}×")
    print(f"dump them: msgraph-sdk / graph_comms                           {dumping:8.1f}×")
    return 0


if __name__ == "__main__":
    sys.exit(main())
