"""Documented examples of single operations: sent as documented, answered and read as documented."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from pydantic import TypeAdapter

from graph_comms import OPERATIONS, AsyncPage, Page, models
from graph_comms._runtime.operation import Operation, Parameter
from graph_comms.models import CommsNotification, CommsNotifications, GraphModel
from tests.client.faces import FLAVOURS, Client
from tests.client.samples import form_of
from tests.support.server import GraphServer, Reply, Request, json_reply

EXAMPLES = Path(__file__).parents[2].parent / "shared" / "examples"

pytestmark = pytest.mark.skipif(
    not EXAMPLES.is_dir(), reason="the documented examples are not beside this checkout"
)

NOT_SENT: Mapping[str, str] = {
    "call-record/04-request": "a recording lies on a host of its own, outside Graph",
    "callrecords-callrecord-getpstncalls/01-request": "the namespace of the function is left out, "
    "and dates stand where date-times are declared",
    "onlinemeeting-get/01-request": "a slash stands behind the collection",
}
"""Each documented request that no method can send as it stands, with the reason."""

UNDECLARED_TYPE: Mapping[str, str] = {
    "callrecords-callrecord-get/06-response": "microsoft.graph.callRecords.callRecord",
    "onlinemeeting-get/02-response": "microsoft.graph.onlineMeeting",
}
"""The types of responses whose page names none."""

_INVITED = {"ParticipantInfo that calls itself InvitationParticipantInfo"}
MISFITS: Mapping[str, set[str]] = {
    "onlinemeeting-get/03-response": {"MeetingParticipantInfo that calls itself IdentitySet"},
    "participant-invite/04-notification": _INVITED,
    "participant-invite/08-notification": _INVITED,
    "participant-invite/12-notification": _INVITED,
}
"""Objects that name a type which does not derive from the declared one: that one is kept."""


@dataclass(frozen=True)
class Message:
    """A documented message; `follows` is the request before a response."""

    name: str
    kind: str
    method: str
    path: str
    status: int
    body: Any
    type: str
    follows: str


@cache
def messages() -> Mapping[str, Message]:
    """All messages of all pages, by page and name."""
    found: dict[str, Message] = {}
    for file in sorted(EXAMPLES.glob("*.json")):
        for one in json.loads(file.read_text(encoding="utf-8"))["examples"]:
            name = f"{file.stem}/{one['name']}"
            found[name] = Message(
                name,
                one["kind"],
                one.get("method", ""),
                one.get("path", "").removeprefix("/v1.0"),
                one.get("status") or 200,
                one.get("body"),
                one.get("declared_type") or UNDECLARED_TYPE.get(name, ""),
                f"{file.stem}/{one.get('follows_request')}",
            )
    return found


def each(*chosen: Message) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("message", chosen, ids=lambda one: one.name)


REQUESTS = [one for one in messages().values() if one.kind == "request"]
SENT = [one for one in REQUESTS if one.name not in NOT_SENT]
RESPONSES = [one for one in messages().values() if one.kind == "response" and one.body is not None]
NOTIFICATIONS = [one for one in messages().values() if one.kind == "notification"]


def canonical(value: Any) -> str:
    """JSON text to compare by: unlike in Python, true is not 1 and 1 is not 1.0."""
    return json.dumps(value, sort_keys=True)


@pytest.fixture
def server() -> Iterator[GraphServer]:
    with GraphServer() as server:
        yield server


# -- requests


class UnsendableError(Exception):
    """No method sends what is documented."""


@dataclass(frozen=True)
class Call:
    """The call of a method that is to send a documented request."""

    operation: Operation
    arguments: Mapping[str, Any]


def call_for(message: Message) -> Call:
    """Find the method for a request, and read its arguments off path, query and body."""
    path, _, query = message.path.partition("?")
    operation, keys = _operation(message.method, path)
    named = {(p.location, p.wire_name): p for p in operation.parameters}
    body = message.body or {}
    undeclared = {name: value for name, value in body.items() if ("body", name) not in named}
    try:
        arguments: dict[str, Any] = {
            **{named["path", name].name: value for name, value in keys.items()},
            **{named["query", n].name: _option(named["query", n], v) for n, v in parse_qsl(query)},
            **{
                named["body", name]
                .name: TypeAdapter(form_of(named["body", name].type))
                .validate_python(value)
                for name, value in body.items()
                if name not in undeclared
            },
        }
    except KeyError as unknown:
        raise UnsendableError(f"{operation.python} takes no {unknown}") from None
    if undeclared:
        arguments["undeclared"] = undeclared
    return Call(operation, arguments)


def _operation(method: str, path: str) -> tuple[Operation, dict[str, str]]:
    for operation in OPERATIONS:
        names = re.findall(r"\{([^}]*)\}", operation.path)
        pattern = re.sub(r"\\\{[^}]*\\\}", "([^/()]+)", re.escape(operation.path))
        found = re.fullmatch(pattern, path)
        if operation.method == method and found:
            return operation, dict(zip(names, found.groups(), strict=True))
    raise UnsendableError(f"no operation is {method} {path}")


def _option(parameter: Parameter, text: str) -> Any:
    return [text] if parameter.type == "Sequence[str]" else text


def check_sent(request: Request, message: Message) -> None:
    path, _, query = message.path.partition("?")
    sent_path, _, sent_query = request.target.partition("?")
    assert request.method == message.method
    assert unquote(sent_path) == f"/v1.0{path}"
    assert parse_qsl(sent_query) == parse_qsl(query)
    assert canonical(json.loads(request.body or b"null")) == canonical(message.body)


def response_to(message: Message) -> Message:
    """The documented response. Requests in a row, of me and of users, share the one that follows them."""
    names = list(messages())
    after = (messages()[name] for name in names[names.index(message.name) + 1 :])
    return next(one for one in after if one.kind == "response")


STORAGE = "storage.contoso.com"


@each(*SENT)
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_request_is_sent_as_documented(
    server: GraphServer, flavour: str, message: Message
) -> None:
    call = call_for(message)
    response = response_to(message)
    moved = {"Location": f"https://{STORAGE}/report"} if response.status == 302 else {}
    server.play(
        Reply(response.status, moved)
        if response.body is None
        else json_reply(response.status, response.body)
    )
    with GraphServer() as storage:
        storage.play(Reply(200, body=b"the report"))
        with Client(flavour, server, others={STORAGE: storage}) as caller:
            result = caller.call(call.operation.python, **call.arguments)

    [request] = server.requests
    check_sent(request, message)
    if moved:
        assert call.operation.returns == "bytes"
        assert result == b"the report"
    elif response.body is None:
        assert result is None
    elif call.operation.kind == "list":
        assert type(result) in (Page, AsyncPage)
        assert call.operation.returns == f"Page[{class_of(response.type).__name__}]"
        assert {type(row) for row in result.value} == {class_of(response.type)}
        assert canonical(told(result)) == canonical(response.body)
    else:
        assert type(result) is form_of(call.operation.returns) is class_of(response.type)
        assert canonical(result.to_dict()) == canonical(response.body)


def told(page: Any) -> dict[str, Any]:
    """What a page holds, as it is written on the wire."""
    links = {"@odata.nextLink": page.next_link, "@odata.count": page.count}
    return {
        **{name: value for name, value in links.items() if value is not None},
        "value": [row.to_dict() for row in page.value],
        **page.annotations,
    }


def test_the_list_of_what_is_not_sent_is_exact() -> None:
    refused: set[str] = set()
    for message in REQUESTS:
        try:
            call_for(message)
        except UnsendableError:
            refused.add(message.name)
    assert refused == NOT_SENT.keys()


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_page_of_phone_calls(server: GraphServer, flavour: str) -> None:
    documented = messages()["callrecords-callrecord-getpstncalls/02-response"].body
    server.play(json_reply(200, documented))
    with Client(flavour, server) as caller:
        page = caller.call(
            "call_records.get_pstn_calls",
            from_date_time=datetime(2019, 11, 1, tzinfo=UTC),
            to_date_time=datetime(2019, 12, 1, tzinfo=UTC),
        )

    assert server.requests[0].target == (
        "/v1.0/communications/callRecords/microsoft.graph.callRecords.getPstnCalls"
        "(fromDateTime=2019-11-01T00:00:00Z,toDateTime=2019-12-01T00:00:00Z)"
    )
    assert type(page) in (Page, AsyncPage)
    assert {type(row) for row in page.value} == {models.call_records.PstnCallLogRow}
    assert canonical(told(page)) == canonical(documented)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_meetings_are_found_by_their_conference_id(server: GraphServer, flavour: str) -> None:
    documented = messages()["onlinemeeting-get/01-request"]
    server.play(json_reply(200, {"value": []}))
    with Client(flavour, server) as caller:
        caller.call("online_meetings.list", filter="VideoTeleconferenceId eq '123456789'")

    assert unquote(server.requests[0].target) == unquote(f"/v1.0{documented.path}").replace(
        "/?", "?"
    )


# -- what comes back


def class_of(type_name: str) -> type[GraphModel]:
    """The class for `microsoft.graph.call`, in any case."""
    namespace, _, name = type_name.removeprefix("#").rpartition(".")
    module = models.call_records if namespace.endswith("callRecords") else models
    [found] = {n for n in module.__all__ if n.casefold() == name.casefold()}
    cls: type[GraphModel] = getattr(module, found)
    return cls


def misfits(parsed: Any, wire: Any) -> Iterator[str]:
    """Yield each value that is not of the class which its object names."""
    if isinstance(wire, list):
        for one, its_wire in zip(parsed, wire, strict=True):
            yield from misfits(one, its_wire)
    elif isinstance(wire, dict) and "@odata.type" in wire:
        named = class_of(wire["@odata.type"])
        if type(parsed) is not named:
            yield f"{type(parsed).__name__} that calls itself {named.__name__}"
    if isinstance(parsed, GraphModel):
        for name, field in type(parsed).model_fields.items():
            wire_name = str(field.serialization_alias)
            if wire.get(wire_name) is not None:
                yield from misfits(getattr(parsed, name), wire[wire_name])
        for wire_name, value in parsed.undeclared.items():
            yield from misfits(value, wire[wire_name])


@each(*RESPONSES)
def test_a_response_parses_typed_and_lossless(message: Message) -> None:
    item = re.fullmatch(r"Collection\((.*)\)", message.type)
    cls = class_of(item[1] if item else message.type)
    for body in message.body["value"] if item else [message.body]:
        parsed = cls.from_json(json.dumps(body))
        assert type(parsed) is cls
        assert set(misfits(parsed, body)) == MISFITS.get(message.name, set())
        assert canonical(parsed.to_dict()) == canonical(body)


@each(*NOTIFICATIONS)
def test_a_notification_parses_typed_and_lossless(message: Message) -> None:
    parsed = CommsNotifications.from_json(json.dumps(message.body))

    assert {type(one) for one in parsed.value or []} == {CommsNotification}
    assert set(misfits(parsed, message.body)) == MISFITS.get(message.name, set())
    assert canonical(parsed.to_dict()) == canonical(message.body)
