"""What goes over the wire, and what comes back if all goes well."""

from __future__ import annotations

import gzip
import json
import logging
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_comms._runtime.cloud import Cloud
from graph_comms._runtime.errors import GraphTransportError
from graph_comms._runtime.operation import Parameter
from graph_comms._runtime.options import UNSET
from graph_comms._runtime.request import expand_path
from tests.client.things import (
    CREATE,
    CREATED,
    DELETE,
    DELETED,
    FOUND,
    GET,
    KEY,
    TOKEN,
    UPDATE,
    Graph,
    Thing,
    operation,
)
from tests.support.server import Reply, json_reply


def test_a_create_sends_the_model_and_returns_the_one_in_the_response(graph: Graph) -> None:
    thing = graph.play(CREATED).create(subject=None)

    assert type(thing) is Thing
    assert thing.id == "1"
    [request] = graph.server.requests
    assert (request.method, request.target) == ("POST", "/v1.0/things")
    assert json.loads(request.body) == {"@odata.type": "#test.thing", "subject": None}


def test_headers(graph: Graph) -> None:
    graph.play(CREATED).create()

    headers = graph.server.requests[0].headers
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert headers["accept"] == "application/json"
    assert headers["content-type"] == "application/json"
    assert headers["prefer"] == "include-unknown-enum-members"
    assert headers["user-agent"] == "graph_comms/1.2.3 python-httpx"
    assert str(uuid.UUID(headers["client-request-id"])) == headers["client-request-id"]


def test_without_a_body_no_content_type(graph: Graph) -> None:
    graph.play(FOUND).get()

    request = graph.server.requests[0]
    assert request.body == b""
    assert "content-type" not in request.headers


def test_an_action_sends_the_parameters_that_were_given(graph: Graph) -> None:
    names = ("subject", "count", "things", "after")
    parameters = tuple(Parameter(name, name, "body", "", required=False) for name in names)
    invite = operation(
        "POST", "/things/invite", "things.invite", kind="action", parameters=parameters
    )
    graph.play(DELETED).send(invite, None, UNSET, [Thing(id="é")], timedelta(minutes=90))

    assert json.loads(graph.server.requests[0].body) == {
        "subject": None,
        "things": [{"@odata.type": "#test.thing", "id": "é"}],
        "after": "PT1H30M",
    }


def test_what_is_no_model_is_no_entity(graph: Graph) -> None:
    with pytest.raises(TypeError, match=r"things\.update sends no dict"):
        graph.connect().send(UPDATE, KEY, {"subject": "x"})
    assert graph.server.requests == []


@pytest.mark.parametrize("value", [datetime(2026, 1, 1), [UNSET], object()])
def test_what_graph_cannot_read_is_refused(graph: Graph, value: object) -> None:
    action = operation(
        "POST", "/things/act", "things.act", kind="action",
        parameters=(Parameter("value", "value", "body", "", required=True),),
    )  # fmt: skip
    with pytest.raises(TypeError):
        graph.connect().send(action, value)
    assert graph.server.requests == []


def test_undeclared_parameters_go_along_but_do_not_replace_declared_ones(graph: Graph) -> None:
    action = operation(
        "POST", "/things/act", "things.act", kind="action",
        parameters=(Parameter("value", "value", "body", "", required=True),),
    )  # fmt: skip
    graph.play(DELETED).send(action, 1, undeclared={"clientContext": "c"})
    assert json.loads(graph.server.requests[0].body) == {"value": 1, "clientContext": "c"}
    with pytest.raises(TypeError, match="declares value"):
        graph.connect().send(action, 1, undeclared={"value": 2})


def test_a_request_that_cannot_be_sent_is_not_repeated(graph: Graph) -> None:
    connection = graph.connect()
    with pytest.raises(GraphTransportError) as caught:
        connection.send(GET, KEY, headers={"x-own": "a\nb"}, returns=Thing)
    assert connection.waits == []
    assert not caught.value.ambiguous


def test_query(graph: Graph) -> None:
    query = {"$select": "id,subject", "$filter": "subject eq 'a&b=c/é'"}
    connection = graph.play(FOUND)
    connection.send(GET, KEY, select=["id", "subject"], filter=query["$filter"], returns=Thing)

    path, _, sent = graph.server.requests[0].target.partition("?")
    assert path == "/v1.0/things/1"
    assert sent.startswith("$select=id%2Csubject&")
    assert dict(httpx.QueryParams(sent)) == query


@pytest.mark.parametrize(
    "identifier",
    ["19:meeting_a@thread.v2", "MSo*:1", "a/b", "a?b#c", "a b", "é", "%2F", "..;", "a'b", "..%2f"],
)
def test_path_arguments_arrive_as_one_segment(graph: Graph, identifier: str) -> None:
    graph.play(FOUND).send(GET, identifier, returns=Thing)

    head, version, things, segment = graph.server.requests[0].target.split("/")
    assert (head, version, things) == ("", "v1.0", "things")
    assert unquote(segment) == identifier
    assert not set(segment) & set(":@*?# '")


@given(st.text(min_size=1).filter(lambda text: text not in {".", ".."}))
def test_any_path_argument_stays_within_its_segment(text: str) -> None:
    path = expand_path("/things/{id}/parts", {"id": text})

    url = httpx.URL("https://graph.microsoft.com/v1.0" + path)
    assert url.raw_path.decode() == "/v1.0" + path
    assert path.count("/") == 3
    assert unquote(path.split("/")[2]) == text


@given(st.text())
def test_any_text_stays_within_the_quotes_of_its_literal(text: str) -> None:
    path = expand_path("/f(a={a},b={b})", {"a": text, "b": datetime(2020, 1, 1, tzinfo=UTC)})

    assert path.startswith("/f(a='")
    assert path.endswith("',b=2020-01-01T00:00:00Z)")
    literal = path.removeprefix("/f(a='").removesuffix("',b=2020-01-01T00:00:00Z)")
    assert unquote(literal).replace("''", "'") == text
    assert "'" not in literal.replace("''", "")


@given(st.text())
def test_a_key_in_parentheses_is_a_literal(text: str) -> None:
    """Source: OData URL conventions 4.01, section 4.3.1."""
    path = expand_path("/things({id})/parts({part})", {"id": text, "part": 5})

    assert path == expand_path("/things(x={id})", {"id": text}).replace("x=", "") + "/parts(5)"


def test_arguments_of_a_function_that_are_not_given_are_left_out() -> None:
    template = "/f(a={a},b={b},c={c})"

    assert expand_path(template, {"a": UNSET, "b": None, "c": True}) == "/f(b=null,c=true)"
    assert expand_path(template, dict.fromkeys("abc", UNSET)) == "/f()"


def test_no_content_is_none(graph: Graph) -> None:
    assert graph.play(DELETED).delete() is None


def test_a_body_nobody_asked_for_is_ignored(graph: Graph) -> None:
    assert graph.play(Reply(200, body=b"<html>")).send(DELETE, KEY) is None


def test_compressed_responses_are_read(graph: Graph) -> None:
    body = gzip.compress(b'{"id": "3"}')
    assert graph.play(Reply(200, {"Content-Encoding": "gzip"}, body)).get().id == "3"
    assert "gzip" in graph.server.requests[0].headers["accept-encoding"]


def test_each_request_has_an_id_of_its_own_which_its_repetitions_keep(graph: Graph) -> None:
    client = graph.play(Reply(429, {"Retry-After": "1"}), CREATED, CREATED)
    client.create()
    client.create()

    first, again, second = (
        request.headers["client-request-id"] for request in graph.server.requests
    )
    assert first == again != second


@pytest.mark.parametrize(
    ("cloud", "host"),
    [
        (Cloud.GLOBAL, "graph.microsoft.com"),
        (Cloud.US_GOV_L4, "graph.microsoft.us"),
        (Cloud.US_GOV_L5, "dod-graph.microsoft.us"),
        (Cloud.CHINA, "microsoftgraph.chinacloudapi.cn"),
    ],
)
def test_the_cloud_decides_on_the_host(graph: Graph, cloud: Cloud, host: str) -> None:
    anywhere = replace(GET, clouds=frozenset(Cloud))
    graph.server.play(FOUND)
    client = graph.connect(cloud=cloud)
    client.send(anywhere, KEY, returns=Thing)

    assert client.urls == [f"https://{host}/v1.0/things/1"]
    assert graph.server.requests[0].headers["host"] == host


def test_clouds_have_their_own_authority_and_scope() -> None:
    assert {cloud.name: cloud.authority for cloud in Cloud} == {
        "GLOBAL": "https://login.microsoftonline.com",
        "US_GOV_L4": "https://login.microsoftonline.us",
        "US_GOV_L5": "https://login.microsoftonline.us",
        "CHINA": "https://login.chinacloudapi.cn",
    }
    assert Cloud.US_GOV_L5.scope == "https://dod-graph.microsoft.us/.default"
    assert Cloud.US_GOV_L5.base_url == "https://dod-graph.microsoft.us/v1.0"
    assert str(Cloud.US_GOV_L5) == "US Gov L5 (DoD)"


def test_one_debug_line_for_each_attempt(graph: Graph, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "graph_comms")
    missing = json_reply(404, {}, request_id="r-2")
    client = graph.play(Reply(429, {"Retry-After": "1", "request-id": "r-1"}), CREATED, missing)
    client.create()
    with pytest.raises(Exception, match="404"):
        client.send(GET, "private-id", returns=Thing)

    lines = [r.getMessage() for r in caplog.records if r.name == "graph_comms"]
    assert len(lines) == 3
    assert all(r.levelno == logging.DEBUG for r in caplog.records if r.name == "graph_comms")
    assert "POST /things: 429, request-id r-1" in lines[0]
    assert "POST /things: 201" in lines[1]
    assert "GET /things/{thing-id}: 404, request-id r-2" in lines[2]
    assert all(line.endswith(" ms") for line in lines)
    assert "private-id" not in "".join(lines)


def test_an_operation_knows_whether_it_may_be_repeated() -> None:
    assert [op.repeatable for op in (GET, DELETE, UPDATE, CREATE)] == [True, True, False, False]
    assert operation("PUT", "/x", "x").repeatable
