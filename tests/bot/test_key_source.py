"""Where the keys come from: servers that are slow, away or hostile, and the passing of time."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import anyio
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from graph_comms.bot.keys import KeySource, KeysUnavailableError, StaticKeys, read_keys
from tests.support.relay import HERE, Relay
from tests.support.server import (
    CLOSED,
    SILENT,
    GraphServer,
    Played,
    Reply,
    Step,
    json_reply,
)

SMALL = rsa.generate_private_key(public_exponent=65537, key_size=1024)
GOOD = rsa.generate_private_key(public_exponent=65537, key_size=2048)
HOUR = 3600.0
AUTHORITY = HERE / "authority.pem"


def jwk(kid: object, key: rsa.RSAPrivateKey = GOOD, **members: object) -> dict[str, object]:
    """Return a key as the service publishes it, with an algorithm that has no such name."""
    found = json.loads(RSAAlgorithm.to_jwk(key.public_key()))
    return {**found, "kid": kid, "use": "sig", "alg": "RSA256", **members}


def metadata_of(port: int) -> Reply:
    """Return metadata whose issuer is on another host, as it is at the service."""
    address = f"http://127.0.0.1:{port}/keys"
    return json_reply(200, {"issuer": "https://elsewhere.example", "jwks_uri": address})


class KeyServer:
    """A key server on a local port, and a source of its keys whose time stands still."""

    def __init__(self, server: GraphServer) -> None:
        self.server = server
        self.url = f"http://127.0.0.1:{server.port}/metadata"
        self.time = 1_700_000_000.0
        self.source = KeySource(self.url, now=lambda: self.time)

    def publish(self, *kids: object, pause: float = 0) -> None:
        """Let the next fetch find keys; a pause is before it finds anything."""
        metadata = metadata_of(self.server.port).step
        keys = json_reply(200, {"keys": [jwk(kid) for kid in kids]})
        self.server.play(Step((pause, *metadata.parts)), keys)

    async def kids(self, kid: str) -> set[str]:
        return set(await self.source.get(kid))

    @property
    def fetches(self) -> int:
        return sum(request.target == "/metadata" for request in self.server.requests)


@pytest.fixture
def keys() -> Iterator[KeyServer]:
    with GraphServer() as server:
        yield KeyServer(server)


async def until(happened: Callable[[], bool]) -> None:
    """Wait for what happens in the background."""
    with anyio.fail_after(30):
        while not happened():
            await asyncio.sleep(0.01)


async def until_fetched(keys: KeyServer, kid: str) -> None:
    """Wait until a fetch in the background has brought a key."""
    with anyio.fail_after(30):
        while kid not in await keys.source.get("a"):
            await asyncio.sleep(0.01)


@pytest.mark.anyio
async def test_keys_are_fetched_once_and_kept(keys: KeyServer) -> None:
    keys.publish("a", "b")
    assert keys.fetches == 0
    assert await keys.kids("a") == {"a", "b"}
    assert await keys.kids("b") == {"a", "b"}
    assert (await keys.source.get("a"))["a"].public_numbers() == GOOD.public_key().public_numbers()
    assert [request.target for request in keys.server.requests] == ["/metadata", "/keys"]
    for request in keys.server.requests:
        assert request.headers["accept-encoding"] == "identity"


@pytest.mark.anyio
async def test_keys_are_fetched_again_in_the_background(keys: KeyServer) -> None:
    keys.publish("a")
    await keys.kids("a")
    keys.time += 2 * HOUR - 1
    await keys.kids("a")
    assert keys.fetches == 1
    keys.publish("a", "b", pause=1)
    keys.time += 1
    assert await keys.kids("a") == {"a"}, "as they were before the fetch, which nobody waits for"
    await until_fetched(keys, "b")
    assert keys.fetches == 2


@pytest.mark.anyio
async def test_a_key_that_is_withdrawn_is_dropped(keys: KeyServer) -> None:
    keys.publish("a", "b")
    await keys.kids("a")
    keys.publish("b", "c")
    assert await keys.kids("c") == {"b", "c"}
    assert await keys.kids("a") == {"b", "c"}


@pytest.mark.anyio
async def test_many_requests_wait_for_one_fetch(keys: KeyServer) -> None:
    keys.publish("a", pause=0.2)
    found = await asyncio.gather(*(keys.kids("a") for _ in range(50)))
    assert found == [{"a"}] * 50
    assert keys.fetches == 1


@pytest.mark.anyio
async def test_a_request_that_is_cancelled_leaves_the_fetch_to_the_others(keys: KeyServer) -> None:
    keys.publish("a", pause=0.2)
    first, second = (asyncio.ensure_future(keys.kids("a")) for _ in range(2))
    await asyncio.sleep(0.05)
    first.cancel()
    assert await second == {"a"}
    assert first.cancelled()
    assert keys.fetches == 1


# -- keys that nobody has heard of


@pytest.mark.anyio
async def test_an_unknown_key_causes_one_fetch_a_minute(keys: KeyServer) -> None:
    keys.publish("a")
    await keys.kids("a")
    keys.publish("a", "b")
    assert await keys.kids("b") == {"a", "b"}, "at once, although the keys were just fetched"
    for kid in ("c", "d", "", "c"):
        assert await keys.kids(kid) == {"a", "b"}
    keys.time += 59
    assert await keys.kids("c") == {"a", "b"}
    assert keys.fetches == 2
    keys.time += 1
    keys.publish("c")
    assert await keys.kids("c") == {"c"}
    assert keys.fetches == 3


@pytest.mark.anyio
async def test_unknown_keys_that_come_together_cause_one_fetch(keys: KeyServer) -> None:
    keys.publish("a")
    await keys.kids("a")
    keys.publish("a", "b", pause=0.2)
    found = await asyncio.gather(*(keys.kids(kid) for kid in ("b", "c", "b", "d")))
    assert found == [{"a", "b"}] * 4
    assert keys.fetches == 2


@pytest.mark.anyio
async def test_whether_an_unknown_key_is_a_good_one_is_not_known_if_the_server_is_away(
    keys: KeyServer,
) -> None:
    keys.publish("a")
    await keys.kids("a")
    keys.server.play(CLOSED)
    for _ in range(2):
        with pytest.raises(KeysUnavailableError):
            await keys.kids("b")
    assert await keys.kids("a") == {"a"}
    assert keys.fetches == 2
    keys.time += 60
    keys.publish("a", "b")
    assert await keys.kids("b") == {"a", "b"}


# -- a server that is away


@pytest.mark.anyio
async def test_old_keys_serve_for_a_day(keys: KeyServer, caplog: pytest.LogCaptureFixture) -> None:
    keys.publish("a")
    await keys.kids("a")
    keys.server.play(*[CLOSED] * 3)
    keys.time += 24 * HOUR - 70
    with caplog.at_level(logging.WARNING):
        assert await keys.kids("a") == {"a"}
        await until(lambda: len(caplog.records) == 1)
    assert "keys that sign tokens could not be fetched" in caplog.text
    assert await keys.kids("a") == {"a"}
    assert keys.fetches == 2, "the next try is a minute later"
    keys.time += 60
    assert await keys.kids("a") == {"a"}
    await until(lambda: len(caplog.records) == 2)
    assert keys.fetches == 3
    keys.time += 10
    with pytest.raises(KeysUnavailableError):
        await keys.kids("a")


@pytest.mark.anyio
async def test_there_are_no_keys_until_the_server_is_back(keys: KeyServer) -> None:
    keys.server.play(CLOSED)
    with pytest.raises(
        KeysUnavailableError, match=r"there is no key to verify a token with: .*/meta"
    ):
        await keys.kids("a")
    keys.publish("a")
    started = time.monotonic()
    assert await keys.kids("a") == {"a"}
    assert time.monotonic() - started >= 0.9, "a server that is away is not asked without a pause"


@pytest.mark.anyio
async def test_who_comes_later_does_not_wait_for_the_pause(
    keys: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph_comms.bot.keys._PAUSE", 60.0)
    keys.server.play(CLOSED)
    with pytest.raises(KeysUnavailableError):
        await keys.kids("a")
    keys.time += 60
    keys.publish("a")
    with anyio.fail_after(30):
        assert await keys.kids("a") == {"a"}


@pytest.mark.anyio
async def test_a_clock_that_is_put_back_does_not_stop_the_refresh(keys: KeyServer) -> None:
    keys.publish("a")
    await keys.kids("a")
    keys.time -= 60
    assert await keys.kids("a") == {"a"}
    assert keys.fetches == 1
    keys.time -= 30 * 24 * HOUR
    keys.publish("a", "b")
    assert await keys.kids("a") == {"a", "b"}


@pytest.mark.anyio
async def test_a_silent_server_is_given_up_and_blocks_nothing(
    keys: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph_comms.bot.keys._TIMEOUT", 1.5)
    keys.server.play(SILENT)
    waits: list[float] = []

    async def beat() -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.01)
            waits.append(time.monotonic() - began)

    beating = asyncio.ensure_future(beat())
    with pytest.raises(KeysUnavailableError, match="did not answer within"):
        await keys.kids("a")
    beating.cancel()
    assert len(waits) > 10
    assert max(waits) < 1


@pytest.mark.anyio
async def test_a_server_that_drips_is_given_up(
    keys: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph_comms.bot.keys._TIMEOUT", 0.5)
    drips: list[bytes | float] = [b"HTTP/1.1 200 OK\r\n", *(b"X: y\r\n", 0.1) * 100]
    keys.server.play(Step(tuple(drips)))
    started = time.monotonic()
    with pytest.raises(KeysUnavailableError, match="did not answer within"):
        await keys.kids("a")
    assert time.monotonic() - started < 5


def test_a_fetch_may_take_five_seconds() -> None:
    from graph_comms.bot import keys

    assert vars(keys)["_TIMEOUT"] == 5


@pytest.mark.anyio
async def test_one_of_two_documents_may_be_away(keys: KeyServer) -> None:
    with GraphServer([CLOSED]) as other:
        source = KeySource(keys.url, f"http://127.0.0.1:{other.port}/other", now=lambda: keys.time)
        keys.publish("a")
        assert set(await source.get("a")) == {"a"}
        keys.publish("a")
        other.play(CLOSED)
        with pytest.raises(KeysUnavailableError, match="/other"):
            await source.get("b")
        keys.time += 60
        keys.publish("a")
        other.play(metadata_of(other.port), json_reply(200, {"keys": [jwk("b")]}))
        assert set(await source.get("b")) == {"a", "b"}


# -- a server that is hostile


def hostile(port: int) -> list[tuple[str, list[Played]]]:
    """Return scripts for a server on a port, each with what is said of it."""
    metadata, found = metadata_of(port), {"keys": [jwk("a")]}
    location = f"http://127.0.0.1:{port}/keys"
    large = json.dumps({**found, "x": "y" * 1024 * 1024}).encode()
    chunks = b"%x\r\n%s\r\n" % (65536, b" " * 65536)
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    no_address = "it names no address of keys that is an https URL"
    no_json, no_key = "the response is not JSON", "it leads to no key that can be used"
    too_long = "the response is longer than 1048576 bytes"
    redirection = Reply(302, {"Location": location}, metadata.body)
    return [
        ("the status is 302, not 200", [redirection, json_reply(200, found)]),
        ("the status is 307, not 200", [metadata, json_reply(307, found, Location=location)]),
        ("the status is 203, not 200", [metadata, json_reply(203, found)]),
        ("the status is 500, not 200", [metadata, json_reply(500, found)]),
        (no_json, [Reply(200, {}, b"<html>")]),
        (no_json, [metadata, Reply(200, {}, b'{"keys": ["\xff"]}')]),
        (no_json, [Reply(200, {}, b"[" * 100_000)]),
        (no_json, [metadata, Reply()]),
        (no_address, [json_reply(200, {})]),
        (no_address, [json_reply(200, [])]),
        (no_address, [json_reply(200, {"jwks_uri": 7})]),
        (no_address, [json_reply(200, {"jwks_uri": "http://keys.example/keys"})]),
        (no_address, [json_reply(200, {"jwks_uri": "file:///etc/passwd"})]),
        (no_address, [json_reply(200, {"jwks_uri": "https://[::1"})]),
        (too_long, [metadata, Reply(200, {}, large)]),
        (too_long, [metadata, Step((chunked,), again=chunks)]),
        ("the response is compressed", [metadata, json_reply(200, found, Content_Encoding="gzip")]),
        ("it is not a key set", [metadata, json_reply(200, {"keys": {"a": jwk("a")}})]),
        (no_key, [metadata, json_reply(200, {"keys": []})]),
        (no_key, [metadata, json_reply(200, {"keys": [jwk("a", SMALL)]})]),
        ("peer closed connection", [metadata, Reply(200, {}, b"{", missing=9)]),
        ("RemoteProtocolError", [metadata, Step((b"SSH-2.0-x\r\n\r\n",))]),
    ]


@pytest.mark.anyio
@pytest.mark.parametrize("row", range(len(hostile(0))))
async def test_what_a_server_must_not_send_is_no_key(
    keys: KeyServer, row: int, caplog: pytest.LogCaptureFixture
) -> None:
    problem, script = hostile(keys.server.port)[row]
    keys.server.play(*script)
    with pytest.raises(KeysUnavailableError) as caught:
        await keys.kids("a")
    (line,) = caplog.messages
    for text in (str(caught.value), line):
        assert problem in text
        assert text.isprintable()
        assert len(text) < 400


@pytest.fixture
def tls(keys: KeyServer) -> Iterator[Relay]:
    """The key server by TLS, as localhost."""
    with Relay(keys.server.port, tls=True) as relay:
        yield relay


@pytest.mark.anyio
async def test_keys_by_https(keys: KeyServer, tls: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    host = f"https://localhost:{tls.port}"
    source = KeySource(f"{host}/metadata")
    with pytest.raises(KeysUnavailableError, match="CERTIFICATE_VERIFY_FAILED"):
        await source.get("a")
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    keys.server.play(
        json_reply(200, {"jwks_uri": f"{host}/keys"}), json_reply(200, {"keys": [jwk("a")]})
    )
    assert set(await source.get("a")) == {"a"}


@pytest.mark.anyio
async def test_metadata_by_https_do_not_lead_to_this_machine(
    keys: KeyServer, tls: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    keys.publish("a")
    with pytest.raises(KeysUnavailableError, match="no address of keys that is an https URL"):
        await KeySource(f"https://localhost:{tls.port}/metadata").get("a")
    assert len(keys.server.requests) == 1


# -- a machine without resources


@pytest.mark.anyio
async def test_without_a_thread_there_are_no_keys(
    keys: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(KeysUnavailableError, match="can't start new thread"):
            await keys.kids("a")
    keys.publish("a")
    assert await keys.kids("a") == {"a"}


@pytest.mark.anyio
async def test_without_files_for_an_event_loop_there_are_no_keys(
    keys: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr("asyncio.events.new_event_loop", refuse)
        with pytest.raises(KeysUnavailableError, match="Too many open files"):
            await keys.kids("a")
    keys.publish("a")
    assert await keys.kids("a") == {"a"}


@pytest.mark.anyio
async def test_a_log_that_raises_leaves_nobody_waiting(keys: KeyServer) -> None:
    def refuse(record: logging.LogRecord) -> bool:
        raise OSError("the disk is full")

    logger = logging.getLogger("graph_comms.bot.keys")
    logger.addFilter(refuse)
    try:
        keys.server.play(CLOSED)
        with anyio.fail_after(30), pytest.raises(KeysUnavailableError):
            await keys.kids("a")
    finally:
        logger.removeFilter(refuse)
    keys.publish("a")
    assert await keys.kids("a") == {"a"}


@pytest.mark.parametrize(
    "url",
    [
        "http://api.aps.skype.com/v1",
        "http://127.0.0.1.evil.example/",
        "http://localhost.evil.example/",
        "http://10.0.0.1/",
        "ftp://127.0.0.1/",
        "https://",
        "https://[::1",
        "/v1/keys",
        "",
    ],
)
def test_metadata_are_read_by_https_or_from_this_machine(url: str) -> None:
    with pytest.raises(ValueError, match="must be an https URL"):
        KeySource("https://good.example", url)


@pytest.mark.parametrize("url", ["http://localhost:1/", "http://[::1]:1/", "https://a.example"])
def test_addresses_that_are_allowed(url: str) -> None:
    assert repr(KeySource(url)) == f"KeySource({url!r})"


def test_a_source_needs_an_address() -> None:
    with pytest.raises(ValueError, match="pass the address of OpenID metadata"):
        KeySource()


@pytest.mark.anyio
async def test_no_proxy_is_asked_about_this_machine(
    keys: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with GraphServer() as proxy:
        for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        keys.publish("a")
        assert await keys.kids("a") == {"a"}
        assert proxy.requests == []


# -- key sets


def without(members: Mapping[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in members.items() if name not in names}


@pytest.mark.parametrize(
    "entry",
    [
        None,
        "a",
        [],
        {},
        jwk("bad", SMALL),
        jwk(None),
        jwk(7),
        jwk("bad", use="enc"),
        jwk("bad", kty="oct", k="c2VjcmV0"),
        jwk("bad", kty="EC"),
        jwk("bad", n="%%%"),
        jwk("bad", n=""),
        jwk("bad", n="é"),
        jwk("bad", n=7),
        jwk("bad", n="f" * 1_000_000),
        jwk("bad", e="AA"),
        jwk("bad", e="AQ"),
        jwk("bad", e="Ag"),
        jwk("bad", e="f" * 300),
        without(jwk("bad"), "n"),
        without(jwk("bad"), "e"),
        without(jwk("bad"), "kid"),
    ],
    ids=lambda _: "entry",
)
def test_a_key_that_does_not_load_is_skipped(entry: object) -> None:
    assert list(read_keys({"keys": [entry, jwk("good"), entry]})) == ["good"]


def test_only_the_public_numbers_of_a_key_are_read() -> None:
    private: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(GOOD))
    members = {**private, "kid": "a", "alg": "HS256", "key_ops": ["sign"]}
    found = read_keys({"keys": [without(members, "use")]})
    assert isinstance(found["a"], rsa.RSAPublicKey)


@pytest.mark.parametrize("document", [None, [], {}, {"keys": None}, {"keys": "a"}, "keys"])
def test_what_is_not_a_key_set_is_an_error(document: object) -> None:
    with pytest.raises(ValueError, match="not a key set"):
        read_keys(document)


@pytest.mark.anyio
async def test_static_keys_are_those_that_they_are_made_of() -> None:
    found = read_keys({"keys": [jwk("a")]})
    assert await StaticKeys(found).get("unknown") == found
    with pytest.raises(ValueError, match="key 'small' has 1024 bits"):
        StaticKeys({"small": SMALL.public_key()})


# -- loops, threads, processes


def test_event_loops_may_use_it_one_after_another(keys: KeyServer) -> None:
    keys.publish("a")
    assert asyncio.run(keys.kids("a")) == {"a"}
    keys.publish("a", "b", pause=0.2)
    keys.time += 2 * HOUR
    # The fetch outlives the loop that caused it, as where each invocation has a loop of its own.
    assert asyncio.run(keys.kids("a")) == {"a"}
    asyncio.run(until_fetched(keys, "b"))
    assert keys.fetches == 2


def test_event_loops_of_several_threads_share_a_fetch(keys: KeyServer) -> None:
    keys.publish("a", pause=0.2)
    found: list[set[str]] = []
    threads = [
        threading.Thread(target=lambda: found.append(asyncio.run(keys.kids("a")))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [{"a"}] * 4
    assert keys.fetches == 1


FORKED = """
import asyncio, os, sys, threading
from graph_comms.bot import keys

begun = threading.Event()

async def never(url):
    begun.set()
    await asyncio.sleep(60)

async def begin():
    asyncio.ensure_future(source.get("a"))
    while not begun.is_set():
        await asyncio.sleep(0.01)

source = keys.KeySource(sys.argv[1])
fetch_keys, keys._fetch_keys, keys._TIMEOUT = keys._fetch_keys, never, 60
asyncio.run(begin())  # ends with the fetch under way
if child := os.fork():
    os.waitpid(child, 0)
else:
    keys._fetch_keys = fetch_keys
    print(*asyncio.run(source.get("a")), flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_that_is_forked_during_a_fetch_makes_its_own(keys: KeyServer) -> None:
    keys.publish("a")
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKED, keys.url],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("a\n", "")


ENDING = """
import asyncio, sys, time
from graph_comms.bot import keys

keys._TIMEOUT = 60
loop = asyncio.new_event_loop()
waiting = loop.create_task(keys.KeySource(sys.argv[1]).get("a"))
loop.run_until_complete(asyncio.sleep(0.1))
waiting.cancel()
loop.run_until_complete(asyncio.wait([waiting]))
loop.close()
time.sleep(float(sys.argv[2]))
print("ended")
"""


@pytest.mark.parametrize("pause", [0.3, 60.0], ids=["then ends", "ends with the process"])
def test_a_fetch_that_outlives_its_loop_is_silent(keys: KeyServer, pause: float) -> None:
    keys.publish("a", pause=pause)
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", ENDING, keys.url, "0.6" if pause < 1 else "0"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("ended\n", "")


def test_an_import_starts_nothing() -> None:
    program = (
        "import threading, socket\n"
        "socket.socket.connect = socket.getaddrinfo = None\n"
        "from graph_comms.bot.trust import Trust\n"
        "assert Trust.GLOBAL and threading.active_count() == 1"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
