"""`client.request`: any request, with the client's token, retries and errors, below the service root."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_comms import (
    AsyncPage,
    GraphDecodeError,
    GraphError,
    GraphTransportError,
    NotFoundError,
    Page,
    PermissionDeniedError,
    RepeatedLinkError,
    RetryPolicy,
    ServiceError,
)
from graph_comms._runtime.any_request import template_of
from graph_comms.models import Call, CallState, Identity, IdentitySet
from tests.client.faces import CLIENTS, TOKEN, Client, Direct, each_flavour
from tests.support.server import CLOSED, GraphServer, Reply, answer, json_reply

ROOT = "https://graph.microsoft.com/v1.0"


def unasked() -> str:
    raise AssertionError("no token is needed for what is refused")


# -- what is returned


@each_flavour
def test_json_is_decoded(server: GraphServer, flavour: str) -> None:
    for value in ({"id": "1", "more": [None, 1.5, True]}, [1], "text", 5, None, {}):
        server.play(json_reply(200, value))
        with Client(flavour, server) as client:
            assert client.call("request", "GET", "/communications/calls/1") == value
    server.play(answer(200, b"\xef\xbb\xbf42", "Content-Type: text/plain"))
    with Client(flavour, server) as client:
        assert client.call("request", "GET", "/users/$count") == 42


@each_flavour
def test_a_model(server: GraphServer, flavour: str) -> None:
    body = {"@odata.type": "#microsoft.graph.call", "id": "1", "state": "Established"}
    server.play(json_reply(200, body))
    with Client(flavour, server) as client:
        call = client.call("request", "GET", "/app/calls/1", returns=Call)
    assert (type(call), call.state) == (Call, CallState.ESTABLISHED)


@each_flavour
def test_a_page_leads_to_the_next(server: GraphServer, flavour: str) -> None:
    link = f"{ROOT}/users/1/calls?$skiptoken=2"
    server.play(
        json_reply(200, {"value": [{"id": "1"}], "@odata.nextLink": link}),
        json_reply(200, {"value": [{"id": "2"}], "@odata.nextLink": link}),
    )
    with Client(flavour, server) as client:
        page = client.call(
            "request", "POST", "/users/1/calls", body={}, returns=list[Call], headers={"X-Own": "o"}
        )
        assert type(page) is (Page if flavour == "sync" else AsyncPage)
        with pytest.raises(RepeatedLinkError):
            client.items(page)
    first, second = server.requests
    assert (first.method, second.method) == ("POST", "GET")
    assert second.target == "/v1.0/users/1/calls?$skiptoken=2"
    assert first.headers["x-own"] == second.headers["x-own"] == "o"


@each_flavour
def test_the_content_of_a_stream(server: GraphServer, storage: GraphServer, flavour: str) -> None:
    elsewhere = "https://storage.example/content?sig=1"
    server.play(Reply(302, {"Location": elsewhere}))
    with Client(flavour, server, others={"storage.example": storage}, max_body=5) as client:
        path = "/communications/x/content"
        assert client.call("request", "GET", path, returns=bytes) == b"content"
    assert server.requests[0].headers["accept"] == "*/*"
    assert "authorization" not in storage.requests[0].headers


@each_flavour
@pytest.mark.parametrize("returns", [None, Call, list[Call], bytes])
@pytest.mark.parametrize("status", [200, 202, 204])
def test_an_empty_answer_is_none(
    server: GraphServer, flavour: str, returns: Any, status: int
) -> None:
    server.play(Reply(status))
    with Client(flavour, server) as client:
        assert client.call("request", "POST", "/x", returns=returns) is None


@each_flavour
@pytest.mark.parametrize("returns", [None, Call, list[Call]])
def test_an_answer_that_is_something_else(server: GraphServer, flavour: str, returns: Any) -> None:
    server.play(answer(200, b"<html>", "Content-Type: application/json"), json_reply(404, {}))
    with Client(flavour, server) as client:
        with pytest.raises(GraphDecodeError):
            client.call("request", "GET", "/x", returns=returns)
        with pytest.raises(NotFoundError):
            client.call("request", "GET", "/x", returns=returns)


# -- what is sent

BODIES: dict[str, tuple[Any, bytes]] = {
    "a model": (
        IdentitySet(user=Identity(id="é")),
        b'{"@odata.type":"#microsoft.graph.identitySet",'
        b'"user":{"@odata.type":"#microsoft.graph.identity","id":"\xc3\xa9"}}',
    ),
    "an object": (
        {
            "a": [1, None, "é"],
            "who": Identity(odata_type=None, id="1"),
            "is": CallState.ESTABLISHED,
        },
        '{"a": [1, null, "é"], "who": {"id": "1"}, "is": "established"}'.encode(),
    ),
    "a list": ([1.5, True], b"[1.5, true]"),
    "text": ("text", b'"text"'),
    "false": (False, b"false"),
    "no members": ({}, b"{}"),
}


@each_flavour
@pytest.mark.parametrize("case", BODIES.values(), ids=BODIES)
def test_a_body(server: GraphServer, flavour: str, case: tuple[Any, bytes]) -> None:
    body, wire = case
    with Client(flavour, server) as client:
        client.call("request", "PATCH", "/x", body=body)
    [request] = server.requests
    assert request.body == wire
    assert request.headers["content-type"] == "application/json"


@each_flavour
def test_bytes_and_nothing(server: GraphServer, flavour: str) -> None:
    with Client(flavour, server) as client:
        client.call("request", "PUT", "/x", body=b"\x00\xff")
        client.call("request", "PUT", "/x", body=b"<a/>", headers={"content-type": "text/xml"})
        client.call("request", "POST", "/x")
        client.call("request", "POST", "/x", body=memoryview(bytearray(b"view")))
    octets, xml, empty, view = server.requests
    assert (octets.body, octets.headers["content-type"]) == (
        b"\x00\xff",
        "application/octet-stream",
    )
    assert (xml.body, xml.headers["content-type"]) == (b"<a/>", "text/xml")
    assert (empty.body, empty.headers.get("content-type")) == (b"", None)
    assert (view.body, view.headers["content-type"]) == (b"view", "application/octet-stream")


@each_flavour
def test_path_query_and_headers(server: GraphServer, flavour: str) -> None:
    with Client(flavour, server, headers={"X-Client": "c"}) as client:
        client.call(
            "request",
            "GET",
            "/users/a b'é%2F@contoso.com/x(y='z',w=1)/$value",
            query={"$filter": "a eq 'b&c=d+e'", "own": "é"},
            headers={"X-Own": "own"},
        )
    [request] = server.requests
    assert request.target == (
        "/v1.0/users/a%20b'%C3%A9%2F@contoso.com/x(y='z',w=1)/$value"
        "?$filter=a%20eq%20%27b%26c%3Dd%2Be%27&own=%C3%A9"
    )
    wanted = {"x-own": "own", "x-client": "c", "authorization": f"Bearer {TOKEN}"}
    assert wanted.items() <= dict(request.headers).items()
    assert request.headers["prefer"] == "include-unknown-enum-members"


# -- repetitions and errors


@each_flavour
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST", "PATCH"])
def test_what_may_have_been_processed_is_repeated_as_the_method_allows(
    server: GraphServer, flavour: str, method: str
) -> None:
    for step in (Reply(503), CLOSED):
        server.forget()
        server.play(step)
        before = len(server.requests)
        with Client(flavour, server) as client:
            if method in ("POST", "PATCH"):
                with pytest.raises((ServiceError, GraphTransportError)):
                    client.call("request", method, "/x")
            else:
                client.call("request", method, "/x")
        sent = len(server.requests) - before
        assert sent == (1 if method in ("POST", "PATCH") else 2)


@each_flavour
def test_what_was_not_processed_is_sent_again(server: GraphServer, flavour: str) -> None:
    server.play(Reply(429, {"Retry-After": "2"}), Reply(401))
    tokens = iter(["old", "old", "new"])
    with Client(flavour, server, credential=lambda: next(tokens)) as client:
        client.call("request", "POST", "/x", body={"a": 1})
    assert client.waits[0] == 2.0
    assert [request.body for request in server.requests] == [b'{"a": 1}'] * 3
    assert server.requests[-1].headers["authorization"] == "Bearer new"


@each_flavour
def test_an_answer_of_403_to_bytes_that_are_not_what_they_say(
    server: GraphServer, flavour: str
) -> None:
    server.play(*[json_reply(403, {"error": {"code": "Forbidden"}})] * 3)
    with Client(flavour, server) as client:
        for body in (b"{", b"[1]", b"[" * 100_000):
            with pytest.raises(PermissionDeniedError):
                client.call(
                    "request", "POST", "/x", body=body, headers={"Content-Type": "application/json"}
                )


@each_flavour
def test_options_of_one_call(server: GraphServer, flavour: str) -> None:
    server.play(Reply(502), Reply(502))
    with Client(flavour, server) as client, pytest.raises(ServiceError):
        client.call("request", "GET", "/x", retry=RetryPolicy(max_retries=1), timeout=5.0)
    assert len(server.requests) == 2


# -- what is refused

PATHS = [
    "", "calls", "communications/calls", "//evil.example/x", "https://evil.example/x",
    f"{ROOT}/x", "evil.example", "@evil.example", ":443/x", "/a//b", "/a/..//b", "/.", "/..", "/./a", "/a/.",
    "/a/../b", "/a/..", "/%2e%2e/a", "/a/%2E./b", "/a/.%2e", "/a/%2e", "/a%2f../b", "/a/..%2Fb",
    "/a%2F%2e%2e%2Fb", "/a/..%5cb", "/a\\..\\b", "/\\evil.example", "\\\\evil.example", "/a\nb", "/a\rb",
    "/a\x00b", "/a\tb", "/a\x7fb", " /a", "/a?b", "/a?", "/a#b", "/a#", "/a%", "/a%2", "/a%zz", "/\ud800",
    "/" + "a" * 70_000,
]  # fmt: skip


@each_flavour
def test_a_path_that_leads_elsewhere(server: GraphServer, flavour: str) -> None:
    with Client(flavour, server, credential=unasked) as client:
        for path in PATHS:
            with pytest.raises(ValueError, match=r"path must be |address of the request"):
                client.call("request", "GET", path)
    assert server.requests == []


@each_flavour
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "get"}, r"method must be a method of HTTP, one of GET, .*, such as 'GET'"),
        ({"method": "CONNECT"}, "method must be a method of HTTP"),
        ({"method": "GET /x HTTP/1.1\r\n"}, "method must be a method of HTTP"),
        ({"method": None}, "method must be .*, not None"),
        ({"path": None}, "path must be a str, .*, not None"),
        ({"path": b"/x"}, "path must be a str, .*, not bytes"),
        ({"body": object()}, "body must be a value that JSON can represent"),
        ({"body": Call}, "body must be a value that JSON can represent"),
        ({"body": {"a": {1, 2}}}, "body must be a value that JSON can represent"),
        ({"body": {"a": "\ud800"}}, "body must be a value that JSON can represent"),
        ({"body": {("a", "b"): 1}}, "body must be a value that JSON can represent"),
        ({"returns": str}, r"returns must be .*, such as Call or list\[Call\], not the class str"),
        ({"returns": list}, "returns must be"),
        ({"returns": list[str]}, "returns must be"),
        ({"returns": Call()}, "returns must be .*, not Call"),
        ({"returns": Page[Call]}, "returns must be"),
        ({"query": "a=b"}, "query must be a mapping"),
        ({"query": {"$top": 5}}, "query.* must be a str"),
        ({"undeclared": {}}, "request takes no undeclared"),
        ({"select": ["id"]}, "request takes no select"),
        ({"returns_": Call}, "request takes no returns_"),
    ],
)
def test_other_wrong_arguments(
    server: GraphServer, flavour: str, arguments: dict[str, Any], message: str
) -> None:
    with (
        Client(flavour, server, credential=unasked) as client,
        pytest.raises((TypeError, ValueError), match=message),
    ):
        client.call("request", **{"method": "POST", "path": "/x", **arguments})
    assert server.requests == []


@each_flavour
def test_a_closed_client(flavour: str) -> None:
    async def use(client: Any) -> None:
        await client.aclose()
        await client.request("GET", "/x")

    def use_sync(client: Any) -> None:
        client.close()
        client.request("GET", "/x")

    client: Any = CLIENTS[flavour](unasked)
    with pytest.raises(RuntimeError, match="closed"):
        use_sync(client) if flavour == "sync" else asyncio.run(use(client))


# -- no way out

PIECES = st.sampled_from(
    ["/", "//", ".", "..", "%2e", "%2E", "%2f", "%5c", "\\", "%", "%25", ":", "@", "?", "#", ";", " ",
     "a", "users", "evil.example", "https:", "\x00", "\n", "\x85", "\u2028", "\uff0f", "\uff0e", "[", "]"],
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=3), max_size=8).map("".join)


@given(
    path=st.one_of(TEXTS, TEXTS.map(lambda text: f"/{text}")), flavour=st.sampled_from([*CLIENTS])
)
def test_no_path_leads_to_another_origin_or_out_of_the_root(
    path: str, flavour: str, echoing: GraphServer
) -> None:
    root = f"http://127.0.0.1:{echoing.port}/beta"
    before = len(echoing.requests)
    with Direct(flavour, root, retry=RetryPolicy(max_retries=0)) as client:
        try:
            client.call("request", "GET", path)
        except ValueError:
            assert len(echoing.requests) == before
            return
    [request] = echoing.requests[before:]
    assert request.target.startswith("/beta/")
    assert request.headers["host"] == f"127.0.0.1:{echoing.port}"
    # What a gateway makes of it: dot segments are dropped, before or after escapes are decoded.
    for target in (request.target, httpx.URL(f"http://x{request.target}").path):
        url = httpx.URL("http://127.0.0.1/beta/").join(target.replace("\\", "/"))
        assert url.host == "127.0.0.1"
        assert url.path.startswith("/beta/")
        assert not {".", ".."} & {*url.path.split("/")}


@pytest.fixture(scope="module")
def echoing() -> Any:
    with GraphServer(well=True) as server:
        yield server


# -- logs


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/communications/calls", "/communications/calls"),
        ("/users/112f7296-5fa4-42ca-bae8-6a692b15d4b8/onlineMeetings", "/users/{}/onlineMeetings"),
        ("/users/a@contoso.com/messages", "/users/{}/messages"),
        ("/me/onlineMeetings/MSo1N2Y5/transcripts/MSMj/content",
         "/me/onlineMeetings/{}/transcripts/{}/content"),
        ("/communications/callRecords/getPstnCalls(fromDateTime=2026-01-01,toDateTime=2026-02-01)",
         "/communications/callRecords/getPstnCalls({})"),
        ("/x/microsoft.graph.callRecords.delta()", "/x/microsoft.graph.callRecords.delta()"),
        ("/users('a')/$count", "/users({})/$count"),
        ("/users/%2B1234/a%20b/Abc", "/users/{}/{}/{}"),
        ("/", "/"),
    ],
)  # fmt: skip
def test_a_template_has_no_ids(path: str, template: str) -> None:
    assert template_of(path) == template


@each_flavour
def test_neither_log_nor_error_has_ids_query_or_body(
    server: GraphServer, flavour: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.play(CLOSED)
    with (
        caplog.at_level(logging.DEBUG, "graph_comms"),
        Client(flavour, server) as client,
        pytest.raises(GraphError) as raised,
    ):
        client.call(
            "request", "POST", "/users/id-7f/x", body={"b": "body-7f"}, query={"q": "query-7f"}
        )
    assert "POST /users/{}/x: " in caplog.text
    assert "7f" not in caplog.text.replace(raised.value.client_request_id, "")  # type: ignore[attr-defined]
    assert "7f" not in str(raised.value).replace(raised.value.client_request_id, "")  # type: ignore[attr-defined]
