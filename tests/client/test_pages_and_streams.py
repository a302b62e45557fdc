"""Collections over several pages, and streams, in both flavours against real servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from graph_comms import (
    AsyncPage,
    Cloud,
    ForeignLinkError,
    GraphDecodeError,
    GraphError,
    GraphHTTPError,
    GraphTransportError,
    NotFoundError,
    Page,
    PermissionDeniedError,
)
from graph_comms.models import Call, CallRecording, Presence
from tests.client.faces import FLAVOURS, TOKEN, Client
from tests.support.server import CLOSED, GraphServer, Reply, json_reply

GRAPH = "https://graph.microsoft.com/v1.0"
NEXT = f"{GRAPH}/communications/calls?$skiptoken=2"
STORAGE = "storage.example.net"


@pytest.fixture
def server() -> Iterator[GraphServer]:
    with GraphServer() as server:
        yield server


@pytest.fixture(params=FLAVOURS)
def caller(request: pytest.FixtureRequest, server: GraphServer) -> Iterator[Client]:
    with Client(request.param, server) as caller:
        yield caller


def page(*ids: str, next_link: str | None = None) -> Reply:
    link = {} if next_link is None else {"@odata.nextLink": next_link}
    return json_reply(200, {**link, "value": [{"id": one} for one in ids]})


def ids(items: list[Any]) -> list[str]:
    return [item.id for item in items]


def targets(server: GraphServer) -> list[str]:
    return [request.target for request in server.requests]


# -- pages


def test_iterating_goes_over_all_pages_empty_ones_too(server: GraphServer, caller: Client) -> None:
    server.play(
        page("1", "2", next_link=NEXT),
        page(next_link=f"{NEXT}x"),
        page("3", next_link=f"{NEXT}y"),
        page(),
    )
    calls = caller.items(caller.call("calls.list", top=2))

    assert ids(calls) == ["1", "2", "3"]
    assert {type(one) for one in calls} == {Call}
    assert targets(server) == [
        "/v1.0/communications/calls?$top=2",
        "/v1.0/communications/calls?$skiptoken=2",
        "/v1.0/communications/calls?$skiptoken=2x",
        "/v1.0/communications/calls?$skiptoken=2y",
    ]
    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {TOKEN}"}
    assert len({request.headers["client-request-id"] for request in server.requests}) == 4


def test_pages_one_by_one(server: GraphServer, caller: Client) -> None:
    server.play(page("1", next_link=NEXT), page("2"))
    first = caller.call("calls.list")

    assert type(first) in (Page, AsyncPage)
    assert (ids(first.value), first.next_link) == (["1"], NEXT)
    second = caller.finish(first.next_page())
    assert type(second) is type(first)
    assert (ids(second.value), second.next_link) == (["2"], None)
    assert caller.finish(second.next_page()) is None
    assert len(server.requests) == 2


def test_a_page_is_fetched_when_it_is_needed(server: GraphServer, caller: Client) -> None:
    server.play(page("1", next_link=NEXT), page("2"), page("2"))
    first = caller.call("calls.list")
    assert len(server.requests) == 1

    assert ids(caller.items(first)) == ids(caller.items(first)) == ["1", "2"]
    assert len(server.requests) == 3


def test_what_else_a_page_says(server: GraphServer, caller: Client) -> None:
    delta = f"{GRAPH}/communications/onlineMeetings/1/recordings/delta()?$deltatoken=a"
    body = {
        "@odata.context": f"{GRAPH}/$metadata#recordings",
        "@odata.count": 12,
        "@odata.deltaLink": delta,
        "value": [{"id": "1"}],
        "other": [None],
    }
    server.play(json_reply(200, body))
    got = caller.call("online_meetings.recordings.delta", "1")

    assert type(got.value[0]) is CallRecording
    assert (got.count, got.delta_link, got.next_link) == (12, delta, None)
    assert got.annotations == {"@odata.context": f"{GRAPH}/$metadata#recordings", "other": [None]}


def test_a_page_that_says_nothing_else(server: GraphServer, caller: Client) -> None:
    server.play(page())
    got = caller.call("calls.list")

    assert (got.value, got.count, got.delta_link, got.annotations) == ([], None, None, {})


@pytest.mark.parametrize(
    "rest",
    [
        "/communications/callRecords('1')/sessions?$expand=segments&$skiptoken=a+b%2b%2F%2fc%20",
        "/communications/calls?$skiptoken=%23%3d~!*'(),;:@/?",
        "/$metadata%23communications/calls?$skiptoken=abc",
        "/communications/calls/",
        "/communications/calls?",
    ],
)
def test_a_link_is_followed_as_it_is(server: GraphServer, caller: Client, rest: str) -> None:
    server.play(page("1", next_link=GRAPH + rest), page("2"))

    assert ids(caller.items(caller.call("calls.list"))) == ["1", "2"]
    assert targets(server)[1] == f"/v1.0{rest}"


def test_the_fragment_of_a_link_stays_here(server: GraphServer, caller: Client) -> None:
    # RFC 3986, 3.5: what follows "#" is never sent, so a link like this one leads to metadata.
    link = f"{GRAPH}/$metadata#communications/callRecords('1')/sessions?$skiptoken=abc"
    server.play(page("1", next_link=link), Reply(200, body=b"<edmx:Edmx/>"))
    first = caller.call("calls.list")

    assert first.next_link == link
    with pytest.raises(GraphDecodeError, match="is no page"):
        caller.items(first)
    assert targets(server)[1] == "/v1.0/$metadata"


@pytest.mark.parametrize(
    "link",
    [
        "https://GRAPH.microsoft.com/v1.0/next",
        "https://graph.microsoft.com:443/v1.0/next",
        "HTTPS://graph.microsoft.com/v1.0/next",
    ],
)
def test_other_spellings_of_the_same_host_are_followed(
    server: GraphServer, caller: Client, link: str
) -> None:
    server.play(page("1", next_link=link), page("2"))

    assert ids(caller.items(caller.call("calls.list"))) == ["1", "2"]
    assert targets(server)[1] == "/v1.0/next"


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v1.0/next",
        "http://graph.microsoft.com/v1.0/next",
        "https://graph.microsoft.com:8443/v1.0/next",
        "https://user@graph.microsoft.com/v1.0/next",
        "https://graph.microsoft.com@evil.example/v1.0/next",
        "https://evil.example\\@graph.microsoft.com/v1.0/next",
        "https://graph.microsoft.com.evil.example/v1.0/next",
        "https://graph.microsoft.com./v1.0/next",
        "https://graph.microsoft.us/v1.0/next",
        "//evil.example/v1.0/next",
        "/v1.0/next",
        "https://xn--a.example/x",
        "x:",
        "",
    ],
)
def test_a_link_to_anywhere_else_is_refused(server: GraphServer, caller: Client, link: str) -> None:
    server.play(page("1", next_link=link))
    first = caller.call("calls.list")

    with pytest.raises(ForeignLinkError) as caught:
        caller.items(first)
    assert caught.value.cloud is Cloud.GLOBAL
    with pytest.raises(ForeignLinkError):
        caller.finish(first.next_page())
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "link", ["https://graph.microsoft.com:x/", "https://graph.microsoft.com/\0"]
)
def test_a_link_that_is_malformed(server: GraphServer, caller: Client, link: str) -> None:
    server.play(page("1", next_link=link))

    with pytest.raises(GraphError):
        caller.items(caller.call("calls.list"))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_each_cloud_has_its_own_links(server: GraphServer, flavour: str) -> None:
    server.play(page("1", next_link=NEXT.replace(".com", ".us")), page("2", next_link=NEXT))

    with (
        Client(flavour, server, cloud=Cloud.US_GOV_L4) as caller,
        pytest.raises(
            ForeignLinkError, match=r"graph\.microsoft\.com, not to https://graph\.microsoft\.us$"
        ),
    ):
        caller.items(caller.call("calls.list"))
    assert len(server.requests) == 2


def test_an_error_on_the_second_page(server: GraphServer, caller: Client) -> None:
    error = {"error": {"code": "8522", "message": "gone"}}
    server.play(page("1", next_link=NEXT), json_reply(404, error), page("2"))
    first = caller.call("calls.list")

    with pytest.raises(NotFoundError, match="8522"):
        caller.items(first)
    assert ids(caller.items(first)) == ["1", "2"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"value": {}}', b'{"value": 5}', b"<html>"])
def test_what_is_no_page(server: GraphServer, caller: Client, body: bytes) -> None:
    server.play(Reply(200, body=body))

    with pytest.raises(GraphDecodeError, match="is no page") as caught:
        caller.call("calls.list")
    assert caught.value.body == body


@pytest.mark.parametrize("link", ['"@odata.nextLink": 5', '"@odata.deltaLink": {}'])
def test_a_link_that_is_no_text(server: GraphServer, caller: Client, link: str) -> None:
    server.play(Reply(200, body=f'{{"value": [], {link}}}'.encode()))

    with pytest.raises(GraphDecodeError, match="is no page"):
        caller.call("calls.list")


@pytest.mark.parametrize("count", ["{}", "[]", "1e999", "1.7"])
def test_a_count_that_is_none(server: GraphServer, caller: Client, count: str) -> None:
    server.play(Reply(200, body=f'{{"value": [], "@odata.count": {count}}}'.encode()))
    found = caller.call("calls.list")

    assert found.count is None
    assert [misfit.path for misfit in found.misfits] == [("@odata.count",)]


def test_one_value_that_does_not_fit_loses_no_other_item(
    server: GraphServer, caller: Client, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [
        {"id": "1", "startDateTime": ""},
        31337,
        None,
        {"id": ["31337"]},
        ["31337"],
        {"id": "2"},
    ]
    server.play(json_reply(200, {"value": rows, "@odata.nextLink": NEXT}), page("3"))
    first = caller.call("call_records.list")

    assert [getattr(item, "id", item) for item in first.value] == [
        *("1", 31337, None, None, ["31337"], "2")
    ]
    assert first.value[0].start_date_time is None
    assert [
        item if item is None else first.value[at].to_dict()
        for at, item in enumerate(rows)
        if isinstance(item, dict | None)
    ] == [rows[0], None, rows[3], rows[5]]
    assert {misfit.path: (misfit.value, misfit.expected) for misfit in first.misfits} == {
        ("value", 0, "startDateTime"): ("", "datetime"),
        ("value", 1): (31337, "CallRecord"),
        ("value", 3, "id"): (["31337"], "str"),
        ("value", 4): (["31337"], "CallRecord"),
    }
    assert first.misfits.rest == 0
    assert len(caller.items(first)) == 7
    [warned] = [one for one in caplog.records if one.levelname == "WARNING"]
    assert (warned.name, ": 4, first at" in warned.getMessage()) == ("graph_comms", True)
    assert "31337" not in caplog.text + repr(first.misfits)


def test_items_without_a_model_that_do_not_fit(server: GraphServer, caller: Client) -> None:
    server.play(
        json_reply(
            200,
            {
                "value": [{"@odata.type": "#microsoft.graph.call", "subject": 5}] * 3 + [5] * 200,
                "@odata.count": "none",
            },
        )
    )
    found = caller.call("calls.list")

    assert (len(found.misfits), found.misfits.rest) == (100, 104)
    assert [misfit.path for misfit in found.misfits[:2]] == [("@odata.count",), ("value", 3)]


def test_headers_of_the_caller_go_with_each_page_and_options_do_not(
    server: GraphServer, caller: Client
) -> None:
    server.play(page("1", next_link=NEXT), page("2"))
    own = {"ConsistencyLevel": "eventual", "Prefer": "mine"}
    caller.items(caller.call("calls.list", headers=own, filter="x eq 1"))

    for request in server.requests:
        assert request.headers["consistencylevel"] == "eventual"
        assert request.headers["prefer"] == "include-unknown-enum-members, mine"
    assert targets(server)[1] == "/v1.0/communications/calls?$skiptoken=2"


def test_the_pages_of_an_action_are_read(server: GraphServer, caller: Client) -> None:
    server.play(page("1", next_link=NEXT), CLOSED, page("2"))
    people = caller.items(caller.call("get_presences_by_user_id", ids=["1", "2"]))

    assert ids(people) == ["1", "2"]
    assert {type(one) for one in people} == {Presence}
    # The second page is read, so a broken connection may be repeated, which no POST is.
    assert [request.method for request in server.requests] == ["POST", "GET", "GET"]
    assert [request.body for request in server.requests[1:]] == [b"", b""]
    assert "content-type" not in server.requests[1].headers


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_later_page_gets_a_fresh_token(server: GraphServer, flavour: str) -> None:
    tokens = iter(["first", "second", "third"])
    server.play(page("1", next_link=NEXT), Reply(401), page("2"))

    with Client(flavour, server, credential=lambda: next(tokens)) as caller:
        assert ids(caller.items(caller.call("calls.list"))) == ["1", "2"]
    sent = [request.headers["authorization"] for request in server.requests]
    assert sent == ["Bearer first", "Bearer second", "Bearer third"]


# -- streams


SOUND = bytes(range(256)) * 2000


def test_a_stream_at_once(server: GraphServer, caller: Client) -> None:
    server.play(Reply(200, {"Content-Type": "video/mp4"}, SOUND))

    assert caller.content() == SOUND
    [request] = server.requests
    assert request.target == "/v1.0/communications/onlineMeetings/m/recordings/r/content"


def test_an_empty_stream(server: GraphServer, caller: Client) -> None:
    server.play(Reply(200), Reply(200))

    assert caller.content() == b""
    assert b"".join(caller.pieces()) == b""


def test_a_stream_in_pieces(server: GraphServer, caller: Client) -> None:
    server.play(Reply(200, {"Content-Type": "video/mp4"}, SOUND))
    found = caller.pieces()

    assert b"".join(found) == SOUND
    assert len(found) > 1
    [request] = server.requests
    assert request.target == "/v1.0/communications/onlineMeetings/m/recordings/r/content"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"


def test_nothing_is_sent_before_a_stream_is_entered(server: GraphServer, caller: Client) -> None:
    caller.client.online_meetings.recordings.stream_content("m", "r")

    assert server.requests == []


def test_a_stream_can_be_left_early(server: GraphServer, caller: Client) -> None:
    server.play(Reply(200, body=SOUND), Reply(200, body=b"x"))

    class EnoughError(Exception):
        pass

    def stop(piece: bytes) -> None:
        raise EnoughError

    with pytest.raises(EnoughError):
        caller.read(caller.client.online_meetings.recordings.stream_content("m", "r"), stop)
    assert caller.content() == b"x"


def test_a_stream_ends_with_its_context(server: GraphServer, caller: Client) -> None:
    server.play(Reply(200, body=SOUND))
    stream = caller.client.online_meetings.recordings.stream_content("m", "r")
    with caller.entered(stream) as pieces:
        pass

    with pytest.raises(RuntimeError, match="the stream is closed: read it inside") as caught:
        caller.items(pieces)
    assert type(caught.value) is RuntimeError  # httpx has one of its own


def test_a_stream_that_breaks_off(server: GraphServer, caller: Client) -> None:
    server.play(Reply(200, body=SOUND, missing=9))
    found: list[bytes] = []

    with pytest.raises(GraphTransportError, match="RemoteProtocolError") as caught:
        caller.read(caller.client.online_meetings.recordings.stream_content("m", "r"), found.append)
    assert b"".join(found) == SOUND
    assert isinstance(caught.value.__cause__, httpx.RequestError)
    assert TOKEN not in repr(vars(caught.value.__cause__.request))
    assert len(server.requests) == 1


def test_content_that_breaks_off_is_read_again(server: GraphServer, caller: Client) -> None:
    server.play(Reply(200, body=SOUND[:-9], missing=9), Reply(200, body=SOUND))

    assert caller.content() == SOUND


def test_errors_and_repetitions_before_a_stream_begins(server: GraphServer, caller: Client) -> None:
    gone = json_reply(404, {"error": {"code": "8522", "message": "gone"}})
    server.play(Reply(503), CLOSED, Reply(200, body=b"x"), gone)

    assert caller.pieces() == [b"x"]
    with pytest.raises(NotFoundError, match="8522"):
        caller.pieces()
    assert len(server.requests) == 4


def test_failures_of_the_user_of_a_stream_are_their_own(
    server: GraphServer, caller: Client
) -> None:
    server.play(Reply(200, body=b"x"))

    def fail(piece: bytes) -> None:
        raise httpx.ConnectError("the host that pieces are passed on to is down")

    with pytest.raises(httpx.ConnectError, match="passed on to"):
        caller.read(caller.client.online_meetings.recordings.stream_content("m", "r"), fail)


def test_a_stream_is_written_as_it_is(server: GraphServer, caller: Client) -> None:
    server.play(Reply(503), Reply(204))

    written = caller.call("online_meetings.recordings.put_content", "m", "r", SOUND)
    assert written is None
    for request in server.requests:
        assert request.method == "PUT"
        assert request.target == "/v1.0/communications/onlineMeetings/m/recordings/r/content"
        assert request.headers["content-type"] == "application/octet-stream"
        assert request.body == SOUND


def test_the_type_of_a_written_stream_can_be_told(server: GraphServer, caller: Client) -> None:
    server.play(Reply(204))
    own = {"Content-Type": "audio/wav"}
    caller.call("online_meetings.recordings.put_content", "m", "r", b"", headers=own)

    assert server.requests[0].headers.get_list("content-type") == ["audio/wav"]
    assert server.requests[0].headers["content-length"] == "0"


# -- streams that lie elsewhere


@pytest.fixture
def storage() -> Iterator[GraphServer]:
    with GraphServer() as storage:
        yield storage


@pytest.fixture(params=FLAVOURS)
def travelling(
    request: pytest.FixtureRequest, server: GraphServer, storage: GraphServer
) -> Iterator[Client]:
    """A client for which Graph and a storage host are different servers; it reaches no other host."""
    with Client(request.param, server, others={STORAGE: storage}) as caller:
        yield caller


def moved(status: int = 302, location: str = f"https://{STORAGE}/a%2fb?sig=c%3D") -> Reply:
    return Reply(status, {"Location": location, "Set-Cookie": "a=b"})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("in_pieces", [False, True])
def test_a_stream_elsewhere_is_fetched_without_the_token(
    server: GraphServer, storage: GraphServer, travelling: Client, status: int, in_pieces: bool
) -> None:
    server.play(moved(status))
    storage.play(Reply(200, body=SOUND))

    assert (b"".join(travelling.pieces()) if in_pieces else travelling.content()) == SOUND
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    [request] = storage.requests
    assert (request.method, request.target) == ("GET", "/a%2fb?sig=c%3D")
    assert request.headers["host"] == STORAGE
    assert request.headers.keys() == {"host", "accept-encoding"}


def test_a_stream_elsewhere_on_the_same_host_is_fetched_without_the_token_too(
    server: GraphServer, travelling: Client
) -> None:
    server.play(moved(location="/elsewhere"), Reply(200, body=b"x"))

    assert travelling.content() == b"x"
    assert server.requests[1].target == "/elsewhere"
    assert "authorization" not in server.requests[1].headers


def test_a_redirect_without_an_end(
    server: GraphServer, storage: GraphServer, travelling: Client
) -> None:
    server.play(moved())
    storage.play(*[moved()] * 9)

    with pytest.raises(GraphHTTPError) as caught:
        travelling.content()
    assert caught.value.status == 302
    assert len(storage.requests) == 5


def test_each_attempt_may_be_redirected(
    server: GraphServer, storage: GraphServer, travelling: Client
) -> None:
    for _ in range(3):
        server.play(moved())
        storage.play(moved(), Reply(503))
    server.play(moved())
    storage.play(moved(), Reply(200, body=b"x"))

    assert travelling.content() == b"x"


@pytest.mark.parametrize("in_pieces", [False, True])
def test_an_error_of_the_host_of_a_stream(
    server: GraphServer, storage: GraphServer, travelling: Client, in_pieces: bool
) -> None:
    server.play(moved())
    storage.play(Reply(403, body=b"<Error>expired</Error>"))

    with pytest.raises(PermissionDeniedError):
        travelling.pieces() if in_pieces else travelling.content()
    assert len(storage.requests) == 1


def test_a_redirect_that_is_malformed(server: GraphServer, travelling: Client) -> None:
    server.play(*[moved(location=f"https://{STORAGE}:x/")] * 4)

    with pytest.raises(GraphTransportError, match="Invalid URL in location header"):
        travelling.content()


def test_a_redirect_to_nowhere(server: GraphServer, travelling: Client) -> None:
    server.play(Reply(302))

    with pytest.raises(GraphHTTPError) as caught:
        travelling.content()
    assert caught.value.status == 302


def test_what_is_no_stream_is_not_fetched_elsewhere(
    server: GraphServer, storage: GraphServer, travelling: Client
) -> None:
    server.play(moved(), moved(), moved())

    for python, arguments in (
        ("calls.list", ()),
        ("calls.get", ("1",)),
        ("online_meetings.recordings.put_content", ("m", "r", b"x")),
    ):
        with pytest.raises(GraphHTTPError) as caught:
            travelling.call(python, *arguments)
        assert caught.value.status == 302
    assert storage.requests == []
    assert len(server.requests) == 3
