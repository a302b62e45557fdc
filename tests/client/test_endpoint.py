"""Where requests go: the service root of the package, a cloud, or an endpoint of the caller's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_comms import (
    Cloud,
    CommunicationsClient,
    ForeignLinkError,
    GraphHTTPError,
    UnavailableInCloudError,
)
from graph_comms._runtime.service_root import choose_root, is_loopback
from tests.client.faces import Client, Direct, each_client, each_flavour
from tests.support.csdl import FILE, ROOT, SERVICE, document, graph_codegen, schema
from tests.support.server import GraphServer, Reply, json_reply

V1 = "https://graph.microsoft.com/v1.0"


@pytest.mark.parametrize(
    ("options", "url", "scope", "cloud"),
    [
        ({}, V1, "https://graph.microsoft.com/.default", Cloud.GLOBAL),
        (
            {"endpoint": "https://graph.microsoft.com/beta/"},
            "https://graph.microsoft.com/beta",
            "https://graph.microsoft.com/.default",
            Cloud.GLOBAL,
        ),
        (
            {"endpoint": "https://GRAPH.microsoft.us:443/beta", "cloud": Cloud.US_GOV_L4},
            "https://graph.microsoft.us/beta",
            "https://graph.microsoft.us/.default",
            Cloud.US_GOV_L4,
        ),
        (
            {"endpoint": "http://[::1]:7071", "scope": "api://emulator/.default"},
            "http://[::1]:7071",
            "api://emulator/.default",
            None,
        ),
        (
            {"endpoint": "https://services.odata.org/V4/TripPin"},
            "https://services.odata.org/V4/TripPin",
            "https://services.odata.org/.default",
            None,
        ),
        (
            {"cloud": Cloud.CHINA},
            "https://microsoftgraph.chinacloudapi.cn/v1.0",
            "https://microsoftgraph.chinacloudapi.cn/.default",
            Cloud.CHINA,
        ),
    ],
)
def test_what_the_options_mean(
    options: dict[str, Any], url: str, scope: str, cloud: Cloud | None
) -> None:
    root = choose_root(V1, **options)
    assert (root.url, root.scope, root.cloud) == (url, scope, cloud)


def test_a_cloud_keeps_the_path_of_the_package() -> None:
    root = choose_root("https://graph.microsoft.com/beta", cloud=Cloud.US_GOV_L5)
    assert root.url == "https://dod-graph.microsoft.us/beta"


@each_client
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"endpoint": "http://graph.microsoft.com/v1.0"}, "must begin with https://, so that"),
        ({"endpoint": "http://localhost.evil.example"}, "must begin with https://, so that"),
        ({"endpoint": "http://a.localhost"}, "must begin with https://, so that"),
        ({"endpoint": "http://2130706433"}, "must begin with https://, so that"),
        ({"endpoint": "http://0.0.0.0:80"}, "must begin with https://, so that"),
        ({"endpoint": "https://user:hunter2@graph.microsoft.com"}, "user name"),
        ({"endpoint": "https://graph.microsoft.com\\@evil.example"}, "user name"),
        ({"endpoint": "https://graph.microsoft.com/?key=hunter2"}, "neither a query"),
        ({"endpoint": "https://graph.microsoft.com/#hunter2"}, "neither a query"),
        ({"endpoint": "https://"}, "must begin with https:// and a host"),
        ({"endpoint": "graph.microsoft.com/beta"}, "must begin with https:// and a host"),
        ({"endpoint": "ftp://graph.microsoft.com"}, "must begin with https:// and a host"),
        ({"endpoint": ""}, "must begin with https:// and a host"),
        ({"endpoint": "https://graph.microsoft.com:x"}, "not a valid address"),
        ({"endpoint": "https://a\0b"}, "not a valid address"),
        ({"endpoint": "https://graph.microsoft.com:65536"}, "not a valid address"),
        ({"endpoint": "https://graph.microsoft.com:-5"}, "not a valid address"),
        ({"endpoint": "https://graph..microsoft.com"}, "not a valid address"),
        ({"endpoint": f"https://{'a' * 64}.example"}, "not a valid address"),
        ({"endpoint": "http://localhost", "cloud": Cloud.CHINA}, "in none of Graph's clouds"),
        ({"endpoint": V1, "cloud": Cloud.CHINA}, "do not agree: .* in the global cloud"),
    ],
)
def test_an_endpoint_that_cannot_be(
    client: Callable[..., Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        client("token", **options)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("options", [{"endpoint": 5}, {"cloud": "china"}])
def test_options_of_another_type(options: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"such as|did you mean Cloud\.CHINA"):
        CommunicationsClient("token", **options)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=4, network="127.0.0.0/8")))
def test_which_addresses_are_this_machine(address: Any) -> None:
    assert is_loopback(str(address)) == str(address).startswith("127.")


@pytest.mark.parametrize("host", ["127.1", "::ffff:127.0.0.1", "localhost.", "localhost.local", ""])
def test_what_only_looks_like_this_machine(host: str) -> None:
    assert not is_loopback(host)


@each_flavour
def test_requests_links_and_scope_follow_the_endpoint(server: GraphServer, flavour: str) -> None:
    endpoint = f"http://127.0.0.1:{server.port}/beta"
    scopes: list[tuple[str, ...]] = []

    class Credential:
        def get_token(self, *asked: str) -> Any:
            scopes.append(asked)
            return type("AccessToken", (), {"token": "t"})()

    next_link = f"http://127.0.0.1:{server.port}/elsewhere"
    server.play(
        json_reply(200, {"value": [{"id": "1"}], "@odata.nextLink": next_link}),
        json_reply(200, {"value": [{"id": "2"}], "@odata.nextLink": V1}),
    )
    with Direct(flavour, endpoint, credential=Credential()) as caller:
        page = caller.page()
        with pytest.raises(ForeignLinkError, match=r"not to http://127\.0\.0\.1:\d+$") as caught:
            caller.items(page)
        assert repr(caller.client).endswith(f" endpoint={endpoint}>")
    assert caught.value.cloud is None
    assert [r.target for r in server.requests] == ["/beta/communications/calls", "/elsewhere"]
    assert scopes == [("https://127.0.0.1/.default",)] * 2


@each_flavour
def test_this_machine_is_reached_without_the_proxies_of_the_environment(
    server: GraphServer, storage: GraphServer, flavour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{storage.port}")
        monkeypatch.setenv(name.lower(), f"http://127.0.0.1:{storage.port}")
    for host in ("127.0.0.1", "localhost"):
        with Direct(flavour, f"http://{host}:{server.port}") as caller:
            assert caller.get().id == "found"
    assert storage.received == []
    assert len(server.requests) == 2


@each_flavour
def test_an_emulator_may_redirect_a_stream_to_itself_alone(
    server: GraphServer, flavour: str
) -> None:
    server.play(Reply(302, {"Location": "/storage"}), Reply(200, body=b"sound"))
    with Direct(flavour, f"http://127.0.0.1:{server.port}") as caller:
        assert caller.content() == b"sound"
        for elsewhere in ("http://localhost:1/x", "http://graph.microsoft.com/x"):
            server.play(Reply(302, {"Location": elsewhere}))
            with pytest.raises(GraphHTTPError, match="HTTP 302"):
                caller.content()
    assert "authorization" not in server.requests[1].headers


@each_flavour
@pytest.mark.parametrize(
    "elsewhere",
    ["https://127.0.0.1:65536/", "//127.0.0.1:99999/", "https://127.0.0.1:-5/", "https://a..example/",
     f"https://{'a' * 64}.example/"],
)  # fmt: skip
def test_a_redirect_to_where_no_connection_is_possible_is_not_followed(
    server: GraphServer, flavour: str, elsewhere: str
) -> None:
    server.play(Reply(302, {"Location": elsewhere}))
    with (
        Direct(flavour, f"http://127.0.0.1:{server.port}") as caller,
        pytest.raises(GraphHTTPError, match="HTTP 302"),
    ):
        caller.content()
    assert len(server.requests) == 1


@each_flavour
def test_no_cloud_refuses_nothing_and_checks_can_be_left_out(
    server: GraphServer, flavour: str
) -> None:
    with Direct(flavour, f"http://localhost:{server.port}") as caller:
        assert caller.get().id == "found"
    with Client(flavour, server, cloud=Cloud.CHINA) as caller:
        with pytest.raises(UnavailableInCloudError):
            caller.get()
        assert len(server.requests) == 1
    with Client(flavour, server, cloud=Cloud.CHINA, cloud_checks=False) as caller:
        assert caller.get().id == "found"


def test_a_package_calls_the_service_root_that_it_was_generated_for(
    server: GraphServer, tmp_path: Path
) -> None:
    (tmp_path / FILE).write_bytes(document(schema(SERVICE)))
    endpoint = f"http://127.0.0.1:{server.port}/V4/Service"
    done = graph_codegen(
        "generate", "--metadata", FILE, *ROOT, "--package", "own", "--service-root", endpoint,
        "--output", ".", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    program = (
        "from own import CommunicationsClient, Cloud\n"
        "with CommunicationsClient('t') as client: print(client.calls.get('k').id)\n"
        "try: CommunicationsClient('t', cloud=Cloud.GLOBAL)\n"
        "except ValueError as error: print(error)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines() == [
        "k",
        "this package is for 127.0.0.1, which is in none of Graph's clouds: leave out cloud",
    ]
    assert server.requests[0].target == "/V4/Service/communications/calls/k"


@pytest.mark.parametrize("endpoint", ["http://graph.microsoft.com", "https://u:p@h/", "beta", ""])
def test_the_generator_refuses_what_clients_would_refuse(endpoint: str, tmp_path: Path) -> None:
    done = graph_codegen("generate", "--service-root", endpoint, "--output", tmp_path / "out")
    assert done.returncode == 2
    assert "is not a service root" in done.stderr
