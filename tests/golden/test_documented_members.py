"""What the documented requests, responses and notifications hold, and no class of ours declares."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest

from graph_comms import OPERATIONS, models
from graph_comms._runtime.operation import Operation
from graph_comms.models import Call, CommsNotifications, GraphModel
from tests.client.samples import form_of
from tests.golden.documented import load_examples

EXAMPLES = Path(__file__).parents[3] / "shared" / "examples"

KNOWN: Mapping[str, str] = {
    "AudioConferencing.ConferenceId": "another spelling of conferenceId",
    "Identity.userPrincipalName": "declared by userIdentity, which these call records do not name",
    "MeetingParticipants.contributors": "an older version of the page about meetings",
    "MeetingParticipants.producers": "an older version of the page about meetings",
    "OnlineMeeting.autoAdmittedUsers": "an older version of the page about meetings",
    "ResultInfo.subCode": "another spelling of subcode",
}
"""Members that stay undeclared, each with the reason; all but the spellings are of no page about calls."""


def undeclared(value: Any) -> Iterator[str]:
    """Yield the members of a value, and of those in it, that their classes do not declare."""
    if isinstance(value, GraphModel):
        for name, member in value.undeclared.items():
            if "@" not in name:
                yield f"{type(value).__name__}.{name}"
            yield from undeclared(member)
        for attribute in type(value).model_fields:
            yield from undeclared(getattr(value, attribute))
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from undeclared(member)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from undeclared(item)


def operation_of(method: str, url: str) -> Operation:
    """Return the operation that a documented request calls."""
    path = re.sub(r"^(https://[^/]+)?(/v1\.0)?", "", url.partition("?")[0])
    for operation in OPERATIONS:
        pattern = re.sub(r"\\\{.*?\\\}", "[^/]+", re.escape(operation.path))
        if operation.method == method and re.fullmatch(pattern, path, re.IGNORECASE):
            return operation
    raise LookupError(f"{method} {url}")


def class_in(form: Any) -> Any:
    """Return the class in the type of a parameter: that of its items, without null."""
    inner = get_args(form)
    return class_in(inner[0]) if inner else form


def in_request(method: str, url: str, body: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a request sends and the operation or a class does not declare."""
    operation = operation_of(method, url)
    declared = {p.wire_name: p for p in operation.parameters if p.location == "body"}
    if operation.sends_entity:
        (entity,) = declared.values()
        yield from undeclared(form_of(entity.type).from_dict(body))
        return
    for name, value in body.items():
        if name in declared:
            items = value if isinstance(value, list) else [value]
            cls = class_in(form_of(declared[name].type))
            yield from undeclared([cls.from_dict(i) for i in items if isinstance(i, dict)])
        elif "@" not in name:
            yield f"{operation.python}({name})"


def model_of(declared: str) -> type[GraphModel]:
    name = declared.removesuffix(")").rpartition(".")[2]
    module = models.call_records if ".callRecords." in declared else models
    found: type[GraphModel] = getattr(module, name[:1].upper() + name[1:])
    return found


def in_response(declared: str, body: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a response or notification holds and no class declares."""
    cls = model_of(declared)
    value = body.get("value") if cls is not CommsNotifications else None
    items = value if isinstance(value, list) else [value or body]
    for item in items:
        yield from undeclared(cls.from_dict(item))


def test_the_page_that_creates_calls_names_nothing_undeclared() -> None:
    found: list[str] = []
    for example in load_examples():
        request = example.request
        found += in_request("POST", request.url or "", request.body)
        found += undeclared(Call.from_dict(example.response.body))
        for notification in example.notifications:
            found += undeclared(CommsNotifications.from_dict(notification.body))
    assert found == []


@pytest.mark.skipif(not EXAMPLES.exists(), reason="shared/examples is not beside this checkout")
def test_all_that_other_pages_name_is_declared_but_for_what_is_known() -> None:
    found: set[str] = set()
    for file in sorted(EXAMPLES.glob("*.json")):
        for message in json.loads(file.read_text(encoding="utf-8"))["examples"]:
            body = message.get("body")
            declared = message.get("declared_type") or (body or {}).get("@odata.type", "")
            if not isinstance(body, dict):
                continue
            if message["kind"] == "request":
                found |= {*in_request(message["method"], message["path"], body)}
            elif declared:
                found |= {*in_response(declared.removeprefix("#"), body)}
    assert found == KNOWN.keys()
