"""Options of the client and of each of its methods, which give way to the parameters of Graph."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest

from graph_comms import (
    OPERATIONS,
    CommunicationsClient,
    GraphTransportError,
    RetryPolicy,
    ServiceError,
    ThrottledError,
)
from graph_comms._runtime.options import QueryOptions
from graph_comms.models import Call, Identity, IdentitySet, InvitationParticipantInfo
from tests.client.faces import CLIENTS, Client, Direct, attribute, each_client, each_flavour
from tests.client.samples import arguments
from tests.hostile.generated import generate, imported
from tests.support.csdl import document
from tests.support.server import SILENT, GraphServer, Reply, json_reply

LINK = "https://graph.microsoft.com/v1.0/communications/calls?$skiptoken=2"
ONCE = RetryPolicy(max_retries=0)


class Sent:
    """A client of either flavour whose transport answers by itself, and keeps what it was given."""

    def __init__(self, flavour: str, **options: Any) -> None:
        self.requests: list[httpx.Request] = []
        self.client: Any = CLIENTS[flavour](
            "token", transport=httpx.MockTransport(self._answer), **options
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        link = {} if "skiptoken" in str(request.url) else {"@odata.nextLink": LINK}
        return httpx.Response(200, json={"id": "1", "value": [{"id": "2"}], **link})

    def run(self, work: Callable[[Any], Any]) -> Any:
        """Let a client do something; pages are gone through, and streams read."""
        return asyncio.run(self._run(work))

    async def _run(self, work: Callable[[Any], Any]) -> Any:
        result = work(self.client)
        if asyncio.iscoroutine(result):
            result = await result
        if hasattr(result, "__aenter__"):
            async with result as pieces:
                return [piece async for piece in pieces]
        if hasattr(result, "__enter__"):
            with result as pieces:
                return list(pieces)
        if hasattr(result, "next_page"):
            following = result.next_page()
            return await following if asyncio.iscoroutine(following) else following
        return result

    @property
    def timeouts(self) -> list[Any]:
        return [request.extensions["timeout"] for request in self.requests]


def seconds(number: float) -> Mapping[str, float]:
    return dict.fromkeys(("connect", "read", "write", "pool"), number)


EVERY_WAY: Mapping[str, tuple[int, Callable[..., Any]]] = {
    "an entity": (1, lambda c, **o: c.calls.get("1", **o)),
    "a created entity": (1, lambda c, **o: c.calls.create(Call(callback_uri="https://b"), **o)),
    "an action": (1, lambda c, **o: c.calls.mute("1", **o)),
    "a response": (1, lambda c, **o: c.calls.get.with_response("1", **o)),
    "pages": (2, lambda c, **o: c.calls.list(**o)),
    "pages of a link": (2, lambda c, **o: c.follow(f"{LINK[:-1]}".replace("skip", "s"), Call, **o)),
    "a stream": (1, lambda c, **o: c.online_meetings.recordings.stream_content("m", "r", **o)),
    "a stream as bytes": (1, lambda c, **o: c.online_meetings.recordings.get_content("m", "r", **o)),
    "a stream to write": (
        1, lambda c, **o: c.online_meetings.recordings.put_content("m", "r", b"x", **o),
    ),
    "any request": (1, lambda c, **o: c.request("POST", "/x", **o)),
    "pages of any request": (2, lambda c, **o: c.request("GET", "/x", returns=list[Call], **o)),
}  # fmt: skip
each_way = pytest.mark.parametrize("way", EVERY_WAY.values(), ids=EVERY_WAY)


# -- one call


@each_flavour
@each_way
def test_a_timeout_of_one_call(flavour: str, way: tuple[int, Callable[..., Any]]) -> None:
    count, work = way
    sent = Sent(flavour, timeout=7.0)
    sent.run(lambda client: work(client, timeout=1.5))
    sent.run(work)
    assert sent.timeouts == [seconds(1.5)] * count + [seconds(7.0)] * count


@each_flavour
def test_a_call_ends_by_its_own_timeout(server: GraphServer, flavour: str) -> None:
    server.play(SILENT)
    started = time.monotonic()
    with (
        Direct(flavour, f"http://127.0.0.1:{server.port}") as client,
        pytest.raises(GraphTransportError, match="ReadTimeout"),
    ):
        client.call("calls.get", "1", timeout=0.2, retry=ONCE)
    assert time.monotonic() - started < 5.0


@each_flavour
@each_way
def test_a_policy_of_one_call(
    server: GraphServer, flavour: str, way: tuple[int, Callable[..., Any]]
) -> None:
    _, work = way
    throttled = Reply(429, {"Retry-After": "36"})
    server.play(throttled, throttled)
    with Client(flavour, server, retry=RetryPolicy(max_retries=9)) as client:

        def use(policy: RetryPolicy) -> None:
            found = client.finish(work(client.client, retry=policy))
            client.read(found, lambda piece: None)

        for policy in (RetryPolicy(deadline=15.0), ONCE):
            with pytest.raises(ThrottledError):
                use(policy)
    assert client.waits == []
    assert len(server.requests) == 2


@each_flavour
def test_a_policy_of_one_call_may_allow_more(server: GraphServer, flavour: str) -> None:
    server.play(*[Reply(502)] * 3)
    with Client(flavour, server, retry=ONCE) as client:
        with pytest.raises(ServiceError):
            client.call("calls.get", "1")
        assert client.call("calls.get", "1", retry=RetryPolicy(max_retries=2)).id == "1"


@each_flavour
def test_options_of_a_call_hold_for_the_following_pages(server: GraphServer, flavour: str) -> None:
    server.play(json_reply(200, {"value": [], "@odata.nextLink": LINK}), Reply(502))
    with Client(flavour, server) as client:
        page = client.call("calls.list", retry=ONCE, headers={"X-Own": "own"})
        with pytest.raises(ServiceError):
            client.items(page)
    assert [request.headers["x-own"] for request in server.requests] == ["own", "own"]


def unasked() -> str:
    raise AssertionError("no token is needed for what is refused")


WRONG: list[tuple[str, Any]] = [
    ("timeout", "5"), ("timeout", 0), ("timeout", -1.0), ("timeout", float("nan")), ("timeout", True),
    ("timeout", float("inf")), ("timeout", 1e300), ("timeout", None), ("timeout", httpx.Timeout(5.0)),
    ("retry", 3), ("retry", None), ("retry", RetryPolicy),
    ("headers", [("X-Own", "own")]), ("headers", {"X-Own": 5}), ("headers", {"X Own": "own"}),
    ("headers", {"": "own"}), ("headers", {"X-Own": "a\nb: c"}), ("headers", {"X-Own": "é"}),
    ("headers", {"X-Own": " own"}), ("headers", {"X-Own": "own\t"}),
    ("headers", {"X-Own": "1", "x-own": "2"}), ("headers", {"Authorization": "Bearer secret-9"}),
    ("headers", {"content-length": "5"}), ("headers", {"Transfer-Encoding": "chunked"}),
]  # fmt: skip


@each_flavour
@each_way
def test_wrong_options_are_refused_before_a_token_is_requested(
    server: GraphServer, flavour: str, way: tuple[int, Callable[..., Any]]
) -> None:
    with Client(flavour, server, credential=unasked) as client:
        for name, value in WRONG:
            with pytest.raises(
                (TypeError, ValueError), match=rf"^[\w.]+: {name}.* must "
            ) as raised:
                client.finish(EVERY_WAY["an entity"][1](client.client, **{name: value}))
            assert "secret-9" not in str(raised.value)
            with pytest.raises((TypeError, ValueError), match=rf"^[\w.]+: {name}.* must "):
                client.finish(way[1](client.client, **{name: value}))
        with pytest.raises(TypeError, match="takes no tiemout; did you mean timeout"):
            client.finish(way[1](client.client, tiemout=5.0))
    assert server.requests == []


# -- the client


@each_client
@pytest.mark.parametrize(("name", "value"), WRONG)
def test_wrong_options_of_the_client(client: Any, name: str, value: Any) -> None:
    if (name, type(value)) == ("timeout", httpx.Timeout):
        client("token", timeout=value)
        return
    with pytest.raises((TypeError, ValueError), match=rf"^{name}.* must "):
        client("token", **{name: value})


@each_client
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_body", 0), ("max_body", 2.5), ("max_body", True), ("max_body", "5"),
        ("max_connections", 0), ("keepalive_expiry", "5"), ("keepalive_expiry", -1),
        ("scope", 5), ("cloud_checks", 1),
    ],
)  # fmt: skip
def test_other_wrong_options_of_the_client(client: Any, name: str, value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=rf"^{name} must be a .*, such as "):
        client("token", **{name: value})


@each_flavour
@each_way
def test_headers_of_the_client_go_with_every_request(
    flavour: str, way: tuple[int, Callable[..., Any]]
) -> None:
    count, work = way
    sent = Sent(flavour, headers={"X-Own": "client", "X-More": "more"})
    sent.run(lambda client: work(client, headers={"x-own": "call"}))
    sent.run(work)
    found = [(r.headers["x-own"], r.headers["x-more"]) for r in sent.requests]
    assert found == [("call", "more")] * count + [("client", "more")] * count
    assert {request.headers["authorization"] for request in sent.requests} == {"Bearer token"}


@each_flavour
def test_preferences_are_added_up_the_nearest_first(flavour: str) -> None:
    sent = Sent(flavour, headers={"Prefer": "odata.maxpagesize=10"})
    sent.run(lambda client: client.calls.list(headers={"prefer": "odata.maxpagesize=50"}))
    sent.run(lambda client: client.calls.get("1"))
    standard = "include-unknown-enum-members"
    assert [request.headers["prefer"] for request in sent.requests] == [
        f"{standard}, odata.maxpagesize=50, odata.maxpagesize=10",
        f"{standard}, odata.maxpagesize=50, odata.maxpagesize=10",
        f"{standard}, odata.maxpagesize=10",
    ]


@each_flavour
def test_a_request_id_of_the_caller(flavour: str) -> None:
    sent = Sent(flavour)
    sent.run(lambda client: client.calls.get("1", headers={"Client-Request-Id": "my-id"}))
    assert sent.requests[0].headers.get_list("client-request-id") == ["my-id"]


def test_headers_of_the_client_are_those_of_its_construction() -> None:
    given = {"X-Own": "own"}
    sent = Sent("sync", headers=given)
    given["X-Own"] = "changed"
    sent.run(lambda client: client.calls.get("1"))
    assert sent.requests[0].headers["x-own"] == "own"
    assert "own" not in repr(sent.client).lower()


# -- names that Graph has too


@each_flavour
def test_a_parameter_of_graph_keeps_its_name(flavour: str) -> None:
    sent = Sent(flavour)
    target = InvitationParticipantInfo(identity=IdentitySet(user=Identity(id="1")))
    sent.run(
        lambda client: client.calls.redirect("1", targets=[target], timeout=30, request_timeout=1.5)
    )
    assert json.loads(sent.requests[0].content)["timeout"] == 30
    assert sent.timeouts == [seconds(1.5)]
    with pytest.raises(TypeError, match="request_timeout must be a number of seconds"):
        sent.run(lambda client: client.calls.redirect("1", targets=[target], request_timeout="5"))
    with pytest.raises(ValueError, match="redirect: timeout must be an int from "):
        sent.run(lambda client: client.calls.redirect("1", targets=[target], timeout=2**31))


NAMES = (
    "timeout", "retry", "headers", "query", "undeclared", "options", "request_timeout", "select",
    "filter", "body", "self",
)  # fmt: skip
KEY = '<Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String"/>'


def invented() -> bytes:
    """A service whose operations have parameters that are called like the options of the client."""

    def operation(kind: str, name: str, result: str) -> str:
        named = "".join(f'<Parameter Name="{one}" Type="Edm.String"/>' for one in NAMES)
        binding = '<Parameter Name="bindingParameter" Type="graph.timeout"/>'
        return f'<{kind} Name="{name}" IsBound="true">{binding}{named}{result}</{kind}>'

    items = '<ReturnType Type="Collection(graph.retry)"/>'
    return document(
        f'<EntityType Name="timeout">{KEY}<NavigationProperty Name="retries" '
        f'Type="Collection(graph.retry)" ContainsTarget="true"/></EntityType>'
        f'<EntityType Name="retry">{KEY}</EntityType>'
        f'{operation("Action", "act", "")}{operation("Function", "find", items)}'
        '<EntityContainer Name="c"><EntitySet Name="timeouts" EntityType="graph.timeout"/>'
        '<EntitySet Name="others" EntityType="graph.retry"/></EntityContainer>'
    )


@pytest.fixture(scope="module")
def package() -> Iterator[Any]:
    with imported(generate(invented())) as module:
        yield module


@pytest.mark.parametrize("client", ["GraphClient", "AsyncGraphClient"])
def test_every_parameter_of_graph_keeps_its_name(package: Any, client: str) -> None:
    sent = Sent("sync")
    policy = package("_runtime.retry").RetryPolicy(max_retries=0)
    sent.client = getattr(package("client"), client)(
        "token", transport=httpx.MockTransport(sent._answer)
    )
    own = {name: f"own {name}" for name in NAMES if name != "self"}
    given = {**own, "self_parameter": "own self"}
    options = {
        "request_request_timeout": 1.5,
        "request_retry": policy,
        "request_headers": {"X-Own": "own"},
        "request_query": {"$top": "5"},
    }
    sent.run(lambda c: c.timeouts.act("1", **given, **options, request_undeclared={"more": "x"}))
    sent.run(lambda c: c.timeouts.find("1", **given, **options, request_select=["id"], top=3))
    entity = package("models").Timeout(id="1")
    sent.run(lambda c: c.timeouts.create(timeout=entity, request_timeout=1.5))
    acted, found, following, created = sent.requests
    wire = {"self": "own self", **own}
    assert json.loads(acted.content) == {**wire, "more": "x"}
    assert acted.url.query == b"$top=5"
    for name, value in wire.items():
        assert f"{name}='{value}'" in found.url.path
    assert dict(found.url.params) == {"$select": "id", "$top": "5"}
    for request in (acted, found, following):
        assert request.headers["x-own"] == "own"
    assert sent.timeouts == [seconds(1.5)] * 4
    assert json.loads(created.content)["id"] == "1"


def test_options_have_their_plain_names_where_graph_has_none(package: Any) -> None:
    sets = {name: vars(package("options"))[name] for name in package("options").__all__}
    renamed = {name for name in sets if "Request" in name}
    assert len(renamed) >= 3
    for name, options in sets.items():
        keywords = {keyword.rpartition("request_")[2] for keyword in options.__annotations__}
        assert (
            {"headers", "query", "timeout", "retry"} <= keywords <= {*QueryOptions.__annotations__}
        )
        assert (name in renamed) == any(k.startswith("request_") for k in options.__annotations__)
    [redirect] = [one for one in OPERATIONS if one.python == "calls.redirect"]
    with CommunicationsClient("token") as client:
        assert "timeout" in arguments(redirect).given
        assert "request_timeout" in (attribute(client, "calls.redirect").__doc__ or "")


def test_the_generator_and_the_runtime_declare_the_same_options(package: Any) -> None:
    """Sets with other names are written out by the generator: the types must be those of the runtime."""
    runtime = vars(package("_runtime.options"))["QueryOptions"].__annotations__
    option_of = package("_runtime.options").option_of
    for name in package("options").__all__:
        for keyword, declared in vars(package("options"))[name].__annotations__.items():
            assert declared.__forward_arg__ == runtime[option_of(keyword)].__forward_arg__
