"""`make bench-sdk`: the ten documented responses, ours against Microsoft's SDK in one process.

The SDK is large, so it has an environment of its own, which this target makes.
"""

from __future__ import annotations

import json
import sys

from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
from kiota_serialization_json.json_serialization_writer_factory import (
    JsonSerializationWriterFactory,
)
from msgraph.generated.models.call import Call as SdkCall

from graph_comms.models import Call
from tests.bench.measure import ratio
from tests.golden.documented import load_examples

JSON = "application/json"


def _parse(text: str) -> SdkCall:
    node = JsonParseNodeFactory().get_root_parse_node(JSON, text.encode())
    call = node.get_object_value(SdkCall)
    assert isinstance(call, SdkCall)
    return call


def _dump(call: SdkCall) -> bytes:
    writer = JsonSerializationWriterFactory().get_serialization_writer(JSON)
    writer.write_object_value(None, call)
    return writer.get_serialized_content()


def main() -> int:
    """Print how many times faster ours is."""
    texts = [json.dumps(example.response.body) for example in load_examples()]
    ours = [Call.from_json(text) for text in texts]
    theirs = [_parse(text) for text in texts]
    parse = ratio(
        lambda: [_parse(text) for text in texts],
        lambda: [Call.from_json(text) for text in texts],
        repeat=5,
    )
    dump = ratio(
        lambda: [_dump(call) for call in theirs],
        lambda: [call.to_json() for call in ours],
        repeat=5,
    )
    print(f"parse the ten documented responses: msgraph-sdk / graph_comms  {parse:8.1f}×")
    print(f"dump them: msgraph-sdk / graph_comms                           {dump:8.1f}×")
    return 0


if __name__ == "__main__":
    sys.exit(main())
