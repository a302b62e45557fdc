"""Links that lead on: kept between processes, inside entities, and at the end of a collection."""

from __future__ import annotations

from itertools import islice
from typing import Any, cast

import pytest

from graph_comms import CommunicationsClient, ForeignLinkError, NotFoundError, Page
from graph_comms.models import CallRecording, call_records
from tests.client.faces import Client, each_flavour
from tests.support.server import GraphServer, Reply, json_reply

ROOT = "https://graph.microsoft.com/v1.0"
LINK = f"{ROOT}/x/recordings/delta()?$deltatoken=a%20b"
NEXT = f"{ROOT}/x/recordings/delta()?$skiptoken=2"
NEWER = f"{ROOT}/x/recordings/delta()?$deltatoken=newer"


def page_of(*ids: str, **links: str) -> Reply:
    named = {f"@odata.{name}Link": link for name, link in links.items()}
    return json_reply(200, {"value": [{"id": one} for one in ids], **named})


@each_flavour
def test_a_link_that_was_kept_leads_to_its_page(server: GraphServer, flavour: str) -> None:
    server.play(Reply(503), page_of("1", next=NEXT), page_of("2", delta=NEWER))
    with Client(flavour, server) as client:
        page = client.call("follow", LINK, CallRecording, headers={"X-Own": "own"})
        found = client.items(page)
    assert [(type(one), one.id) for one in found] == [(CallRecording, "1"), (CallRecording, "2")]
    assert [f"https://graph.microsoft.com{r.target}" for r in server.requests] == [LINK, LINK, NEXT]
    assert {request.method for request in server.requests} == {"GET"}
    assert {request.headers["X-Own"] for request in server.requests} == {"own"}


@each_flavour
@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v1.0/x",
        "http://graph.microsoft.com/v1.0/x",
        "https://graph.microsoft.com:444/v1.0/x",
        "https://graph.microsoft.com@evil.example/v1.0/x",
        "//evil.example/v1.0/x",
        "/v1.0/x",
        "",
    ],
)
def test_no_token_is_requested_for_a_link_to_another_host(
    server: GraphServer, flavour: str, link: str
) -> None:
    asked: list[str] = []

    def give() -> str:
        asked.append(link)
        return "token"

    with Client(flavour, server, credential=give) as client, pytest.raises(ForeignLinkError):
        client.call("follow", link, CallRecording)
    assert asked == []
    assert server.requests == []


def test_the_message_about_a_link_without_host_says_so() -> None:
    with pytest.raises(ForeignLinkError, match="leads to no host, not to "):
        CommunicationsClient("token").follow("/v1.0/x", CallRecording)


@each_flavour
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((None, CallRecording), "follow: link must be a str, such as '…', not None"),
        (
            (LINK, str),
            "follow: item must be a class of models, such as Participant, not the class str",
        ),
        ((LINK, CallRecording()), "follow: item must be a class of models, .* not CallRecording"),
    ],
)
def test_what_is_no_link_and_no_model_is_refused(
    server: GraphServer, flavour: str, given: tuple[Any, Any], message: str
) -> None:
    with Client(flavour, server) as client, pytest.raises(TypeError, match=message):
        client.call("follow", *given)
    assert server.requests == []


@each_flavour
def test_a_link_that_leads_nowhere_any_more(server: GraphServer, flavour: str) -> None:
    server.play(Reply(404))
    with Client(flavour, server) as client, pytest.raises(NotFoundError):
        client.call("follow", LINK, CallRecording)


@each_flavour
def test_the_rest_of_a_collection_in_an_entity(server: GraphServer, flavour: str) -> None:
    rest = f"{ROOT}/communications/callRecords/1/sessions?$expand=segments&$skiptoken=abc"
    record = {"id": "1", "sessions": [{"id": "s"}], "sessions@odata.nextLink": rest}
    server.play(json_reply(200, record), page_of("t"))
    with Client(flavour, server) as client:
        found = client.call("call_records.get", "1", expand=["sessions($expand=segments)"])
        link = found.next_link("sessions")
        assert link == rest
        assert [s.id for s in client.items(client.call("follow", link, call_records.Session))] == [
            "t"
        ]


def test_an_entity_names_the_links_of_its_collections() -> None:
    record = call_records.CallRecord.from_dict(
        {"participants_v2@odata.nextLink": LINK, "x@odata.nextLink": NEXT, "y@odata.nextLink": None}
    )
    assert record.next_link("participants_v2") == LINK
    assert record.next_link("x") == NEXT
    assert record.next_link("y") is None
    assert record.next_link("sessions") is None
    with pytest.raises(ValueError, match=r"has no collection sesions; did you mean sessions\?"):
        record.next_link("sesions")
    with pytest.raises(ValueError, match="has no collection z"):
        record.next_link("z")


@each_flavour
def test_the_delta_link_is_that_of_the_last_page(server: GraphServer, flavour: str) -> None:
    rest = [page_of("2", delta=NEWER), page_of("2", delta=f"{NEWER}2")]
    server.play(page_of("1", next=NEXT), *rest)
    with Client(flavour, server) as client:
        page: Any = client.call("follow", LINK, CallRecording)
        for expected in (NEWER, f"{NEWER}2"):
            assert [one.id for one in client.items(page)] == ["1", "2"]
            assert page.delta_link == expected
            assert page.next_link == NEXT


@each_flavour
def test_iteration_that_is_broken_off_changes_no_link(server: GraphServer, flavour: str) -> None:
    server.play(page_of("1", next=NEXT), page_of("2", "3", delta=NEWER), Reply(404))

    async def first(page: Any, count: int) -> None:
        async for _ in page:
            count -= 1
            if not count:
                break

    with Client(flavour, server) as client:
        page = client.call("follow", LINK, CallRecording)
        if flavour == "sync":
            assert len(list(islice(cast("Page[CallRecording]", page), 2))) == 2
        else:
            client.finish(first(page, 2))
        assert page.delta_link is None
        with pytest.raises(NotFoundError):
            client.items(page)
        assert page.delta_link is None


@each_flavour
def test_a_single_page_keeps_its_delta_link(server: GraphServer, flavour: str) -> None:
    server.play(page_of("1", delta=NEWER))
    with Client(flavour, server) as client:
        page = client.call("follow", LINK, CallRecording)
        assert len(client.items(page)) == len(client.items(page)) == 1
    assert page.delta_link == NEWER
