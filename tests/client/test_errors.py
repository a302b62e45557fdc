"""Error responses, and successful responses that cannot be used."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_comms._runtime import errors
from graph_comms._runtime.cloud import Cloud
from graph_comms._runtime.errors import (
    AuthenticationError,
    BadRequestError,
    ConflictError,
    ForeignLinkError,
    GraphDecodeError,
    GraphError,
    GraphHTTPError,
    GraphTransportError,
    NotFoundError,
    PermissionDeniedError,
    RepeatedLinkError,
    ServiceError,
    ThrottledError,
    UnavailableInCloudError,
    http_error,
)
from graph_comms._runtime.headers import Headers
from graph_comms._runtime.permissions import PermissionNeed
from tests.client.things import Graph
from tests.support.server import Reply, json_reply

HTML = Reply(502, {"Content-Type": "text/html"}, b"<html>Bad gateway: private words</html>")


def failure(body: bytes, status: int = 400, **headers: str) -> GraphHTTPError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return http_error(
        status,
        httpx.Headers(named),
        body,
        client_request_id="sent",
        retry_after=None,
        need=PermissionNeed(),
    )


def error_body(**error: Any) -> bytes:
    return json.dumps({"error": error}).encode()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (418, GraphHTTPError),
        (429, ThrottledError),
        (500, ServiceError),
        (501, ServiceError),
        (304, GraphHTTPError),
    ],
)
def test_the_status_decides_on_the_class(
    graph: Graph, status: int, kind: type[GraphHTTPError]
) -> None:
    steps = [json_reply(status, {"error": {"code": "c", "message": "m"}}, Retry_After="99")]
    with pytest.raises(GraphHTTPError) as caught:
        graph.play(*steps).create()

    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.retry_after) == (status, 99.0)


def test_everything_a_support_case_needs(graph: Graph) -> None:
    inner = {"date": "2026-01-02", "request-id": "r", "client-request-id": "c"}
    reply = json_reply(
        400,
        {"error": {"code": "7505", "message": "Tenant\n mismatch.", "innerError": inner}},
        x_ms_ags_diagnostic='{"ServerInfo":{}}',
        request_id="header-r",
        Retry_After="5",
    )
    with pytest.raises(BadRequestError) as caught:
        graph.play(reply).create(subject="private")

    error = caught.value
    assert (error.code, error.message) == ("7505", "Tenant\n mismatch.")
    assert (error.request_id, error.client_request_id) == ("r", "c")
    assert error.diagnostic == '{"ServerInfo":{}}'
    assert str(error) == (
        "HTTP 400 7505: Tenant mismatch. (request-id r, client-request-id c, retry-after 5 s)"
        "; 7505: the token is of another tenant than the call"
    )
    assert repr(error) == f"<BadRequestError: {error}>"


@pytest.mark.parametrize("name", ["innerError", "innererror", "InnerError"])
def test_inner_errors_may_be_spelt_and_nested_at_will(name: str) -> None:
    error = failure(error_body(code="x", **{name: {"code": "y", name: {"request-id": "deep"}}}))

    assert (error.code, error.request_id) == ("x", "deep")


def test_a_program_can_branch_on_the_most_specific_code(graph: Graph) -> None:
    inner = {"code": "a", "innererror": {"code": 5, "InnerError": {"innerError": {"code": "c"}}}}
    denied = json_reply(403, {"error": {"code": "Forbidden", "message": "no", "innerError": inner}})
    with pytest.raises(PermissionDeniedError) as caught:
        graph.play(denied).create()
    assert caught.value.code == "Forbidden"
    assert caught.value.inner_codes == ("a", "5", "c")


def test_what_an_error_is_about(graph: Graph) -> None:
    about = {"code": "InvalidUrl", "target": "joinWebUrl", "message": "no URL", "more": [1]}
    body = {"code": "BadRequest", "message": "bad", "target": "meeting", "details": [about, None]}
    reply = json_reply(400, {"error": body}, X_Own="hidden")
    with pytest.raises(BadRequestError) as caught:
        graph.play(reply).create()
    error = caught.value
    assert (error.target, error.details) == ("meeting", (about,))
    assert error.headers["X-OWN"] == "hidden"
    assert error.body == reply.body
    assert error.inner_codes == ()
    for kept in ("joinWebUrl", "InvalidUrl", "hidden", "no URL"):
        assert kept not in str(error) + repr(error)


@pytest.mark.parametrize("depth", [1, 90, 400, 700])
@pytest.mark.parametrize("nest", ["[%s]", '{"x": %s}'])
def test_details_of_any_depth_can_be_pickled(depth: int, nest: str) -> None:
    deep = "1"
    for _ in range(depth):
        deep = nest % deep
    body = '{"error": {"code": "x", "details": [{"code": "flat"}, {"deep": ' + deep + "}]}}"
    error = failure(body.encode())
    assert pickle.loads(pickle.dumps(error)).details == error.details
    assert error.details[0] == {"code": "flat"}
    assert len(error.details) == (2 if depth < 100 else 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-07-29T05:59:47", "2026-07-29T05:59:47+00:00"),
        ("2026-07-29T05:59:47.1234567Z", "2026-07-29T05:59:47.123456+00:00"),
        ("2026-07-29T05:59:47+02:00", "2026-07-29T05:59:47+02:00"),
        ("yesterday", None),
        (5, None),
        (None, None),
    ],
)
def test_the_date_of_an_error_knows_its_zone(text: object, expected: str | None) -> None:
    date = failure(error_body(code="x", innerError={"date": text})).date
    assert (date and date.isoformat()) == expected


@pytest.mark.parametrize("filling", ["x", "ж"])
def test_of_a_long_body_the_beginning_is_kept_and_understood(filling: str) -> None:
    content = {"code": "Forbidden", "innerError": {"code": "Inner"}, "message": filling * 2**17}
    body = json.dumps({"error": content}, ensure_ascii=False).encode()
    error = failure(body)
    assert error.body == body[: 2**16]
    assert (error.code, error.inner_codes, error.message) == ("Forbidden", ("Inner",), None)


def test_a_body_that_is_not_utf_8_throughout_gives_its_code() -> None:
    assert failure(b'{"error": {"code": "x", "message": "\xff"}}').code == "x"


def test_ids_come_from_the_headers_where_the_body_has_none() -> None:
    error = failure(b"", request_id="r", client_request_id="c")
    assert (error.request_id, error.client_request_id) == ("r", "c")


def test_without_any_the_client_request_id_is_the_one_sent(graph: Graph) -> None:
    with pytest.raises(GraphHTTPError) as caught:
        graph.play(Reply(400)).create()

    sent = graph.server.requests[0].headers["client-request-id"]
    assert caught.value.client_request_id == sent
    assert caught.value.request_id is None


@pytest.mark.parametrize("wrapped", [True, False])
def test_an_error_inside_the_message(wrapped: bool) -> None:
    hidden: dict[str, Any] = {"code": "7503", "message": "not registered"}
    hidden["innerError"] = {"request-id": "hidden-r"}
    message = json.dumps({"error": hidden} if wrapped else hidden, indent=2)
    error = failure(error_body(code="BadRequest", message=message))

    assert (error.code, error.message) == ("7503", "not registered")
    assert error.request_id == "hidden-r"


def test_the_spelling_that_the_calling_platform_uses_in_a_message() -> None:
    """Source: microsoftgraph/microsoft-graph-comms-samples#432."""
    hidden = '{"errorCode":"7503","message":"Not registered.","instanceAnnotations":[]}'
    error = failure(error_body(code="UnknownError", message=hidden), 403)
    assert (error.code, error.message) == ("7503", "Not registered.")


def test_the_outer_code_stands_where_the_hidden_error_has_none() -> None:
    error = failure(error_body(code="BadRequest", message='{"message": "hidden"}'))
    assert (error.code, error.message) == ("BadRequest", "hidden")


@pytest.mark.parametrize("message", ["7503", "[1]", '{"a": 1}', "{broken", "plain"])
def test_a_message_that_only_looks_like_json_is_kept(message: str) -> None:
    assert failure(error_body(code="x", message=message)).message == message


def test_a_code_may_be_a_number() -> None:
    assert failure(error_body(code=8522, message="gone")).code == "8522"


@pytest.mark.parametrize(
    ("status", "codes", "words"),
    [
        (404, ["8522"], "8522: there is no such call"),
        (405, ["8522"], "8522: a setting is missing"),
        (500, ["7000"], "7000: the transfer failed"),
        (403, ["Forbidden", "7504"], "7504: the application lacks a permission"),
        (500, ["603", "0"], "0: the callee declined"),
        (400, ["500", "General", "7000"], "7000: the transfer failed"),
        (403, ["7504", "0"], "7504: the application lacks a permission"),
        (500, ["7000", "8522"], "8522: there is no such call"),
        (500, ["0"], ""),
        (400, ["BadRequest", "9" * 10, "²", "-1"], ""),
    ],
)
def test_the_innermost_code_of_the_platform_is_explained(
    status: int, codes: list[str], words: str
) -> None:
    body: dict[str, Any] = {}
    for code in reversed(codes):
        body = {"code": code} | ({"innerError": body} if body else {})
    told = str(failure(json.dumps({"error": body}).encode(), status))
    assert told.partition("; ")[2].startswith(words)
    assert (words == "") == ("; " not in told)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>no</html>",
        b'{"error": {"code": "x"',
        b"\xff\xfe\xfa",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"error": null}',
        b'{"error": "text"}',
        b'{"error": {"code": null, "message": [], "innerError": 5}}',
        b"[" * 100_000,
        b'{"error":{"message":' + b"9" * 5000 + b"}}",
    ],
)
def test_bodies_without_an_error(body: bytes) -> None:
    error = failure(body, 503)

    assert type(error) is ServiceError
    assert (error.code, error.message) == (None, None)
    assert str(error) == "HTTP 503: Service Unavailable (client-request-id sent)"


def test_an_unknown_status_has_words_too() -> None:
    assert str(failure(b"", 599)).startswith("HTTP 599: no error message")


JSON = st.recursive(
    st.none() | st.text() | st.integers(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["error", "code", "message", "innerError", "request-id"]), inner
        )
    ),
).map(lambda value: json.dumps(value).encode())


@given(st.binary() | JSON, st.integers(100, 999))
def test_no_body_breaks_the_error(body: bytes, status: int) -> None:
    assert str(failure(body, status)).startswith(f"HTTP {status}")


def test_html_is_not_shown(graph: Graph) -> None:
    with pytest.raises(ServiceError) as caught:
        graph.play(HTML).create()

    assert caught.value.code is None
    assert "private words" not in str(caught.value) + repr(caught.value)
    assert caught.value.body == HTML.body


def test_a_missing_permission_is_named(graph: Graph) -> None:
    denied = json_reply(403, {"error": {"code": "Forbidden", "message": "no"}})
    client = graph.play(denied, denied)
    with pytest.raises(PermissionDeniedError) as small:
        client.create()
    with pytest.raises(PermissionDeniedError) as big:
        client.create(subject="s")

    assert small.value.permissions == ("C.All",)
    assert str(small.value).endswith("a small thing needs the application permission C.All")
    assert big.value.permissions == ("A.All", "B.All")
    assert big.value.needs == "a big thing needs one of the application permissions A.All or B.All"


def test_where_no_permission_is_known_none_is_named(graph: Graph) -> None:
    with pytest.raises(PermissionDeniedError) as caught:
        graph.play(Reply(403)).get()

    assert (caught.value.permissions, caught.value.needs) == ((), "")
    assert str(caught.value).endswith(")")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(201, {"Content-Type": "text/html"}, b"<html>private</html>"), "text/html"),
        (Reply(200), "empty"),
        (Reply(204), "empty"),
        (Reply(201, body=b'{"id": "private'), "no content type"),
        (Reply(201, body=b'["private"]'), "does not fit"),
        (Reply(201, body=b'{"new": [1e999], "x": "private"}'), "does not fit at new.0"),
    ],
)
def test_a_success_that_is_no_use(graph: Graph, reply: Reply, words: str) -> None:
    client = graph.play(reply)
    with pytest.raises(GraphDecodeError, match="Thing") as caught:
        client.create()

    error = caught.value
    assert words in str(error)
    assert (error.status, error.body) == (reply.status, reply.body)
    assert error.client_request_id == graph.server.requests[0].headers["client-request-id"]
    assert "private" not in str(error) + repr(error)
    assert error.__cause__ is error.__context__ is None
    assert graph.methods == ["POST"]


EXAMPLES: list[GraphError] = [
    UnavailableInCloudError(operation="calls.create", cloud=Cloud.CHINA, reason="why"),
    ForeignLinkError(
        host="elsewhere.example", cloud=Cloud.GLOBAL, origin="https://graph.microsoft.com"
    ),
    RepeatedLinkError(link="https://graph.microsoft.com/v1.0/a?$skiptoken=1"),
    GraphTransportError(reason="why", ambiguous=True, client_request_id="c"),
    GraphDecodeError(status=201, reason="w", request_id="r", client_request_id="c", body=b"x"),
    GraphHTTPError(status=418),
    BadRequestError(status=400, code="c", message="m", request_id="r", client_request_id="c"),
    AuthenticationError(status=401),
    PermissionDeniedError(status=403, permissions=("A", "B"), delegated=("C",), needs="needs A"),
    NotFoundError(status=404, diagnostic="d"),
    ConflictError(status=409),
    ThrottledError(status=429, retry_after=1.5),
    ServiceError(
        status=500,
        inner_codes=("a",),
        details=({"code": "a"},),
        date=datetime(2026, 1, 1, tzinfo=UTC),
        headers=Headers([("a", "b")]),
        body=b"x",
    ),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_errors_survive_pickling(error: GraphError, protocol: int) -> None:
    copied = pickle.loads(pickle.dumps(error, protocol))

    assert type(copied) is type(error)
    assert vars(copied) == vars(error)
    assert (str(copied), repr(copied)) == (str(error), repr(error))


def test_no_class_of_errors_is_left_out_of_the_examples() -> None:
    classes = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, GraphError)
    }
    assert classes == {type(error) for error in EXAMPLES} | {GraphError}
