"""Proxies and the other options of connections."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from inspect import signature
from typing import Any

import pytest

from graph_comms import GraphTransportError
from graph_comms._runtime.connections import ConnectionOptions
from graph_comms._runtime.retry import RetryPolicy
from tests.client.faces import Direct, each_client, each_flavour
from tests.support.server import GraphServer, Reply

GRAPH = "https://graph.microsoft.com/v1.0"


@each_flavour
def test_a_proxy_of_the_callers_own_gets_every_request(server: GraphServer, flavour: str) -> None:
    """Even those to this machine: it is the caller's word."""
    with Direct(
        flavour, "http://127.0.0.1:9/service", proxy=f"http://127.0.0.1:{server.port}"
    ) as caller:
        assert caller.get().id == "found"
    assert server.requests[0].target == "http://127.0.0.1:9/service/communications/calls/found"


@each_flavour
def test_a_proxy_of_the_environment_leads_to_graph_and_never_sees_a_token(
    server: GraphServer, flavour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:hunter2@127.0.0.1:{server.port}")
    server.play(Reply(407))
    with (
        Direct(flavour, GRAPH, retry=RetryPolicy(max_retries=0)) as caller,
        pytest.raises(GraphTransportError, match="was not sent") as caught,
    ):
        caller.get()
    assert server.everything.startswith(b"CONNECT graph.microsoft.com:443 ")
    assert b"Bearer" not in server.everything
    assert "hunter2" not in str(caught.value)


@each_client
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"proxy": 5}, TypeError, "proxy is an address such as"),
        ({"proxy": "ftp://u:hunter2@proxy"}, ValueError, "proxy must begin with http://"),
        ({"proxy": "u:hunter2@proxy:80"}, ValueError, "proxy must begin with http://"),
        ({"proxy": "http://u:hunter2@proxy:x"}, ValueError, "not a valid address"),
        ({"proxy": "http://u:hunter2@proxy:65536"}, ValueError, "not a valid address"),
        ({"proxy": "http://u:hunter2@proxy..example"}, ValueError, "not a valid address"),
        ({"proxy": "http://proxy", "transport": object()}, ValueError, "give the proxy to"),
        ({"verify": "ca.pem"}, TypeError, "create_default_context"),
        ({"max_connections": 0}, ValueError, "must be a positive int, such as 100: "),
        ({"max_connections": True}, TypeError, "must be a positive int, such as 100, not "),
        ({"max_connections": 1.5}, TypeError, "must be a positive int, such as 100, not "),
        ({"keepalive_expiry": -1}, ValueError, "must be a number of seconds that is not negative"),
        (
            {"keepalive_expiry": float("nan")},
            ValueError,
            "must be a number of seconds that is not negative",
        ),
    ],
)
def test_options_that_cannot_be(
    client: Callable[..., Any], options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        client("token", **options)
    assert "hunter2" not in str(caught.value)


def test_options_show_no_password() -> None:
    assert "hunter2" not in repr(ConnectionOptions(proxy="http://u:hunter2@proxy"))


def test_the_context_of_the_caller_is_used_and_else_one_for_all_clients() -> None:
    own = ssl.create_default_context()
    assert ConnectionOptions(verify=own).keywords()["verify"] is own
    contexts = [ConnectionOptions().keywords()["verify"] for _ in range(2)]
    assert contexts[0] is contexts[1]
    assert contexts[0].verify_mode is ssl.CERT_REQUIRED
    assert ConnectionOptions(verify=False).keywords()["verify"].verify_mode is ssl.CERT_NONE


@each_client
def test_every_option_is_spelled_out_and_new_ones_name_no_type_of_httpx(
    client: Callable[..., Any],
) -> None:
    parameters = signature(client).parameters
    defaults = {
        "proxy": None, "verify": True, "max_connections": 100, "keepalive_expiry": 5.0,
        "endpoint": None, "scope": None, "cloud_checks": True,
    }  # fmt: skip
    assert {name: parameters[name].default for name in defaults} == defaults
    assert all("httpx" not in str(parameters[name].annotation) for name in defaults)
