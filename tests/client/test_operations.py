"""Every operation of the client, called in both flavours against a real server."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import pydoc
import traceback
import types
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

import pytest

from graph_comms import (
    OPERATIONS,
    UNSET,
    AsyncCommunicationsClient,
    AsyncPage,
    Cloud,
    CommunicationsClient,
    GraphError,
    Page,
    UnavailableInCloudError,
    __version__,
    client,
)
from graph_comms._runtime.content import F
from graph_comms._runtime.declaration import Declaration, Resource
from graph_comms._runtime.methods import Child, StreamMethod
from graph_comms._runtime.operation import Operation, Parameter
from graph_comms._runtime.options import Unset
from graph_comms.models import GraphModel
from tests.client.faces import FLAVOURS, TOKEN, Client
from tests.client.samples import (
    OPTIONS,
    REFERENCES,
    WHOLE_ENTITY,
    arguments,
    form_of,
    is_key,
    sample,
)
from tests.support.server import GraphServer, Played, Reply, Request, json_reply

METHODS = {operation.python: operation for operation in OPERATIONS}


def each(*operations: Operation) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operation", operations, ids=lambda one: one.python)


each_operation = each(*OPERATIONS)


@pytest.fixture
def server() -> Iterator[GraphServer]:
    with GraphServer() as server:
        yield server


@pytest.fixture(scope="module")
def silent() -> Iterator[GraphServer]:
    """A server that must not receive anything."""
    with GraphServer() as server:
        yield server


# -- requests and results


@each_operation
def test_the_request_and_the_result(server: GraphServer, operation: Operation) -> None:
    wanted = arguments(operation)
    step, result = answer(operation)
    for flavour in FLAVOURS:
        server.play(step)
        with Client(flavour, server) as caller:
            returned = caller.call(operation.python, **wanted.given)
        hint = get_type_hints(DECLARED[operation.python])["return"]
        assert isinstance(returned, AsyncPage) == (flavour == "async" and get_origin(hint) is Page)
        assert fits(returned, hint), f"{returned!r} is no {hint}"
        assert plain(returned) == result

    request, twin = server.requests
    target, _, query = request.target.partition("?")
    assert (request.method, target) == (operation.method, wanted.target)
    assert dict(parse_qsl(query)) == {
        p.wire_name: OPTIONS[p.name][1] for p in operation.parameters if p.location == "query"
    }
    check_body(request, wanted.body)
    check_headers(request, wanted.body, accepted(operation, wanted.given.get("format")))
    assert (twin.method, twin.target, twin.body) == (request.method, request.target, request.body)
    assert constant(twin) == constant(request)


def answer(operation: Operation) -> tuple[Played, Any]:
    """A response that fits an operation, and what is to be returned then."""
    form = form_of(operation.returns)
    if operation.kind == "count":
        return Reply(200, {"Content-Type": "text/plain"}, b"\xef\xbb\xbf42"), 42
    if operation.kind == "get_ref":
        return json_reply(200, {"@odata.id": WHOLE_ENTITY}), WHOLE_ENTITY
    if form is None:
        return Reply(204), None
    if form is bytes:
        return Reply(200, {"Content-Type": "audio/wav"}, b"RIFF\x00\xff"), b"RIFF\x00\xff"
    if get_origin(form) is Page:
        items = [sample(get_args(form)[0], n).wire for n in (1, 2)]
        return json_reply(200, {"value": items}), items
    wire = sample(form, 1).wire
    is_entity = isinstance(wire, dict)
    return json_reply(200, wire if is_entity else {"value": wire}), wire


def plain(value: Any) -> Any:
    """A result as JSON has it."""
    if isinstance(value, Page | AsyncPage):
        return [plain(item) for item in value.value]
    return value.to_dict() if isinstance(value, GraphModel) else value


def fits(value: Any, form: Any) -> bool:
    """Whether a value is of an annotated type, down to the items of a page."""
    origin, inner = get_origin(form), get_args(form)
    if origin is Page:
        return isinstance(value, Page | AsyncPage) and all(fits(i, inner[0]) for i in value.value)
    if origin in (Union, types.UnionType):
        return any(fits(value, one) for one in inner)
    return isinstance(value, form)


def constant(request: Request) -> dict[str, str]:
    """The headers of a request but for those that may differ."""
    differ = ("client-request-id", "user-agent")
    return {name: value for name, value in request.headers.items() if name not in differ}


def check_body(request: Request, body: Any) -> None:
    if body is None or isinstance(body, bytes):
        assert request.body == (body or b"")
    else:
        assert json.loads(request.body) == body


ACCEPTED = {"bytes": "*/*", "int": "text/plain, application/json"}


def accepted(operation: Operation, chosen: str | None) -> str:
    if operation.media_types:
        return chosen or operation.media_types[0]
    return ACCEPTED.get(operation.returns or "", "application/json")


def check_headers(request: Request, body: Any, accept: str) -> None:
    expected = {
        "host": "graph.microsoft.com",
        "authorization": f"Bearer {TOKEN}",
        "accept": accept,
        "accept-encoding": "gzip, deflate",
        "prefer": "include-unknown-enum-members",
    }
    if body is not None:
        stream = isinstance(body, bytes)
        expected["content-type"] = "application/octet-stream" if stream else "application/json"
    if request.method not in ("GET", "DELETE"):
        expected["content-length"] = str(len(request.body))
    assert constant(request) == expected
    assert request.headers["user-agent"] == f"graph_comms/{__version__} python-httpx"


def may_be_left_out(operation: Operation) -> list[Parameter]:
    return [p for p in operation.parameters if not p.required and p.location in ("path", "body")]


@each(*(one for one in OPERATIONS if may_be_left_out(one)))
def test_what_is_not_given_is_not_sent_and_none_is_sent_as_null(
    server: GraphServer, operation: Operation
) -> None:
    calls = [
        arguments(operation, full=False),
        *(arguments(operation, full=False, null=p) for p in may_be_left_out(operation)),
    ]
    step, _ = answer(operation)
    for flavour in FLAVOURS:
        with Client(flavour, server) as caller:
            for wanted in calls:
                server.play(step)
                caller.call(operation.python, **wanted.given)

    for wanted, request in zip(calls * 2, server.requests, strict=True):
        assert request.target == wanted.target
        check_body(request, wanted.body)


@each(*(one for one in OPERATIONS if one.kind == "update"))
def test_an_update_that_is_answered_without_a_body_returns_none(
    server: GraphServer, operation: Operation
) -> None:
    server.play(Reply(204), Reply(204))
    for flavour in FLAVOURS:
        with Client(flavour, server) as caller:
            assert caller.call(operation.python, **arguments(operation).given) is None


# -- what is refused before anything is sent


@each(*(one for one in OPERATIONS if any(map(is_key, one.parameters))))
def test_a_key_that_changes_the_path_is_refused(silent: GraphServer, operation: Operation) -> None:
    given = arguments(operation).given
    for flavour in FLAVOURS:
        with Client(flavour, silent, credential=unasked) as caller:
            for key in filter(is_key, operation.parameters):
                for refused in ("", ".", ".."):
                    with pytest.raises(ValueError, match=key.wire_name):
                        caller.call(operation.python, **{**given, key.name: refused})
    assert silent.requests == []


@each(*(one for one in OPERATIONS if one.clouds != set(Cloud)))
def test_a_cloud_that_lacks_an_operation_gets_no_request(
    silent: GraphServer, operation: Operation
) -> None:
    given = arguments(operation).given
    for cloud in set(Cloud) - operation.clouds:
        for flavour in FLAVOURS:
            with (
                Client(flavour, silent, credential=unasked, cloud=cloud) as caller,
                pytest.raises(UnavailableInCloudError) as caught,
            ):
                caller.call(operation.python, **given)
            assert (caught.value.operation, caught.value.cloud) == (operation.python, cloud)
    assert silent.requests == []


@pytest.mark.parametrize("python", ["calls.create", "calls.get", "calls.participants.invite"])
def test_the_cloud_of_china_lacks_calls_and_the_others_have_them(python: str) -> None:
    assert METHODS[python].clouds == set(Cloud) - {Cloud.CHINA}


def unasked() -> str:
    raise AssertionError("no token is needed for what is refused")


# -- the table of operations and the methods of the clients


def resources(resource: Resource[Any], prefix: str = "") -> Iterator[tuple[str, Resource[Any]]]:
    """A client and all resources below it, by dotted path."""
    yield prefix, resource
    for name, member in inspect.getmembers_static(type(resource)):
        if isinstance(member, Child):
            yield from resources(getattr(resource, name), f"{prefix}{name}.")


SYNC, ASYNC = (
    dict(resources(cls("token"))) for cls in (CommunicationsClient, AsyncCommunicationsClient)
)
DECLARED = {
    (prefix + name).removesuffix(".__call__"): member
    for prefix, resource in SYNC.items()
    for name, member in inspect.getmembers_static(type(resource))
    if isinstance(member, Declaration)
}


def is_stream(python: str) -> bool:
    return isinstance(DECLARED[python], StreamMethod)


def test_the_table_has_no_duplicates() -> None:
    assert len(METHODS) == len(OPERATIONS)
    assert len({(one.method, one.path) for one in OPERATIONS}) == len(OPERATIONS)


def test_each_method_is_in_the_table_and_each_operation_has_a_method() -> None:
    methods = {python for python in DECLARED if not is_stream(python)}
    assert methods == {*METHODS, "get_recording"}  # what is no operation of the service


def test_each_stream_can_be_read_piece_by_piece_too() -> None:
    readers = {one.python for one in OPERATIONS if one.kind == "content"}
    streams = {python for python in DECLARED if is_stream(python)}
    assert {python.replace("stream_", "get_") for python in streams} == {*readers, "get_recording"}


def test_each_resource_can_be_reached() -> None:
    defined = {
        name
        for name, cls in vars(client).items()
        if inspect.isclass(cls) and cls.__module__ == client.__name__ and not name.startswith("_")
    }
    reached = [*SYNC.values(), *ASYNC.values()]
    assert {type(resource).__name__ for resource in reached} == defined


@pytest.mark.parametrize("prefix", SYNC)
def test_a_resource_is_of_the_class_of_its_flavour_alone(prefix: str) -> None:
    sync, twin = type(SYNC[prefix]), type(ASYNC[prefix])

    assert f"Async{sync.__name__}" == twin.__name__
    assert isinstance(SYNC[prefix], sync)
    assert not isinstance(SYNC[prefix], twin)
    assert not isinstance(ASYNC[prefix], sync)


def test_a_resource_is_made_once() -> None:
    client = CommunicationsClient("token")
    assert client.calls is client.calls
    assert client.calls.participants is client.calls.participants


PLACED = ("create", "update", "put_content", *REFERENCES)
"""The kinds of operations whose bodies are arguments by position."""


@each_operation
def test_the_signature_says_what_the_table_says(operation: Operation) -> None:
    hints = get_type_hints(DECLARED[operation.python], include_extras=True)
    _, *parameters, options = inspect.signature(DECLARED[operation.python]).parameters.values()
    declared = {p.name: p for p in operation.parameters if p.location != "query"}

    assert sorted(p.name for p in parameters) == sorted(declared)
    for parameter in parameters:
        facts = declared[parameter.name]
        form = form_of(facts.type)
        if form == bytes | BinaryIO | Iterable[bytes]:
            form |= F  # what only one flavour takes
        assert parameter.default is (inspect.Parameter.empty if facts.required else UNSET)
        assert hints[parameter.name] == (form if facts.required else Unset | form)
        # Keys and bodies have an order that paths give them, parameters of an operation have none.
        placed = is_key(facts) or operation.kind in PLACED
        assert parameter.kind is (
            parameter.POSITIONAL_OR_KEYWORD if placed else parameter.KEYWORD_ONLY
        )
    by_place = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert by_place == [name for name in declared if name in by_place]
    assert hints["return"] == (form_of(operation.returns) or type(None))
    [keywords] = get_args(hints[options.name])
    others = ["headers", "query", "timeout", "retry"]
    others += ["undeclared"] if operation.kind == "action" else []
    assert get_type_hints(keywords).keys() == {
        *(f"request_{name}" if name in declared else name for name in others),
        *(p.name for p in operation.parameters if p.location == "query"),
    }


@pytest.mark.parametrize("python", DECLARED)
def test_a_method_is_bound_to_its_resource_like_any_other(python: str) -> None:
    declared = DECLARED[python]
    name = declared.__name__
    path = python if name == "__call__" else python.rpartition(".")[0]
    _, *parameters = inspect.signature(declared).parameters.values()
    for table in (SYNC, ASYNC):
        owner = table[f"{path}." if path else ""]
        method = getattr(owner, name)
        assert list(inspect.signature(method).parameters.values()) == parameters
        assert method == getattr(owner, name)
        assert hash(method) == hash(getattr(owner, name))
        assert (method.__name__, method.__self__) == (name, owner)
        assert method.__doc__ == declared.__doc__


def test_methods_show_what_they_are() -> None:
    method = CommunicationsClient("token").calls.create
    assert repr(method).startswith("<bound method Calls.create of <graph_comms.client.Calls object")
    for text in (
        pydoc.plain(pydoc.render_doc(method)),
        pydoc.plain(pydoc.render_doc(client.Calls.create)),
        pydoc.plain(pydoc.render_doc(client.AsyncCalls)),
    ):
        assert "call: 'models.Call', **options: 'Unpack[Options]') -> 'models.Call'" in text
        assert "Call people or join a meeting" in text
        assert "POST /communications/calls" in text


def test_methods_of_classes_are_pickled_by_name_and_those_of_clients_not_at_all() -> None:
    for copied in (pickle.loads(pickle.dumps(client.Calls.create)), copy.copy(client.Calls.create)):
        assert copied is client.AsyncCalls.create
    with pytest.raises(TypeError, match="neither pickled nor copied"):
        pickle.dumps(CommunicationsClient("token").calls.create)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (((), {}), r"Calls\.create\(\) missing 1 required positional argument: 'call'"),
        (((1, 2), {}), r"Calls\.create\(\) takes 2 positional arguments but 3 were given"),
        (((1,), {"call": 2}), r"Calls\.create\(\) got multiple values for argument 'call'"),
        (((1,), {"top": 2}), r"calls\.create takes no top"),
    ],
)
def test_wrong_arguments_are_a_type_error_that_names_the_method(
    silent: GraphServer, given: Any, message: str
) -> None:
    arguments, keywords = given
    for flavour in FLAVOURS:
        with (
            Client(flavour, silent, credential=unasked) as caller,
            pytest.raises(TypeError, match=message),
        ):
            caller.call("calls.create", *arguments, **keywords)


def test_a_traceback_leads_from_the_call_to_the_request(server: GraphServer) -> None:
    server.play(json_reply(404, {"error": {"code": "8522", "message": "gone"}}))
    with Client("sync", server) as caller, pytest.raises(GraphError) as caught:
        caller.call("calls.get", "1")
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames[-6:] == ["__call__", "with_response", "send", "_run", "result", "_result"]
