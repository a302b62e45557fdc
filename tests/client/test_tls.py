"""TLS with a real server: whom the client trusts, and what a proxy sees of it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pytest

from graph_comms import GraphTransportError
from tests.client.faces import TOKEN, Direct, each_flavour
from tests.support.relay import Relay, trusting
from tests.support.server import GraphServer

GRAPH = "https://graph.microsoft.com/v1.0"


@pytest.fixture
def tls(server: GraphServer) -> Iterator[Relay]:
    """What the server is reached through."""
    with Relay(server.port, tls=True) as relay:
        yield relay


@each_flavour
def test_a_certificate_that_is_not_trusted(server: GraphServer, tls: Relay, flavour: str) -> None:
    with (
        Direct(flavour, f"https://localhost:{tls.port}") as caller,
        pytest.raises(GraphTransportError, match="CERTIFICATE_VERIFY_FAILED") as caught,
    ):
        caller.get()
    assert not caught.value.ambiguous
    assert (tls.connections, caller.waits, server.requests) == (1, [], [])


@each_flavour
def test_a_certificate_of_another_host(server: GraphServer, tls: Relay, flavour: str) -> None:
    with (
        Direct(flavour, f"https://127.0.0.1:{tls.port}", verify=trusting()) as caller,
        pytest.raises(GraphTransportError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        caller.create()
    assert (tls.connections, server.requests) == (1, [])


@each_flavour
def test_a_context_of_the_callers_own_or_no_verification(
    server: GraphServer, tls: Relay, flavour: str
) -> None:
    options: list[ssl.SSLContext | bool] = [trusting(), False]
    for verify in options:
        with Direct(flavour, f"https://localhost:{tls.port}", verify=verify) as caller:
            assert caller.get().id == "found"
    assert [one.headers["authorization"] for one in server.requests] == [f"Bearer {TOKEN}"] * 2


@each_flavour
def test_a_proxy_that_is_reached_through_tls_is_verified_alike(
    server: GraphServer, flavour: str
) -> None:
    options: list[ssl.SSLContext | bool] = [trusting(), False]
    with (
        Relay(server.port, tls=True) as tls,
        Relay(tls.port, proxy=True) as proxy,
        Relay(proxy.port, tls=True) as front,
    ):
        address = f"https://localhost:{front.port}"
        for verify in options:
            with Direct(flavour, GRAPH, proxy=address, verify=verify) as caller:
                assert caller.get().id == "found"
        with (
            Direct(flavour, GRAPH, proxy=address) as caller,
            pytest.raises(GraphTransportError, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            caller.get()
    assert len(proxy.tunnels) == 2


@each_flavour
@pytest.mark.parametrize("of_environment", [True, False])
def test_a_proxy_makes_a_tunnel_and_sees_no_token(
    server: GraphServer, flavour: str, monkeypatch: pytest.MonkeyPatch, of_environment: bool
) -> None:
    with Relay(server.port, tls=True) as tls, Relay(tls.port, proxy=True) as proxy:
        address = f"http://user:hunter2@127.0.0.1:{proxy.port}"
        options = {} if of_environment else {"proxy": address}
        if of_environment:
            monkeypatch.setenv("HTTPS_PROXY", address)
        with Direct(flavour, GRAPH, verify=trusting(), **options) as caller:
            assert caller.get().id == "found"
            assert caller.create().id == "calls"
    [tunnel] = proxy.tunnels
    assert tunnel.startswith(b"CONNECT graph.microsoft.com:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic " in tunnel
    assert TOKEN.encode() not in tunnel + proxy.carried
    assert f"Bearer {TOKEN}".encode() in tls.carried
    assert b"roxy-" not in server.everything
    assert [one.target for one in server.requests] == [
        "/v1.0/communications/calls/found",
        "/v1.0/communications/calls",
    ]
