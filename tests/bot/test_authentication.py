"""The step from the headers of a request to claims: what is fetched for whom, and what the log says."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Iterator
from dataclasses import replace

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import RSAAlgorithm

from graph_comms.bot import authentication
from graph_comms.bot.authentication import RefusalLog, authenticate
from graph_comms.bot.claims import TokenError
from graph_comms.bot.keys import KeySource, KeysUnavailableError, StaticKeys
from graph_comms.bot.testing import Signer
from graph_comms.bot.trust import Trust
from tests.support.server import CLOSED, GraphServer, Reply, Step, json_reply

APP = "0efc74f7-41c3-47a4-8775-7259bfef4241"
SIGNER, SUCCESSOR = Signer(APP), Signer(APP)


@pytest.fixture(autouse=True)
def refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test begin in a second without refusals."""
    monkeypatch.setattr(authentication, "_refusals", RefusalLog())


def key_set(*signers: Signer) -> Reply:
    """Return the key set of a server that publishes the keys of signers."""
    entries: list[object] = []
    for signer in signers:
        assert isinstance(signer.trust.keys, StaticKeys)
        for kid, key in signer.trust.keys.keys.items():
            entries.append({**json.loads(RSAAlgorithm.to_jwk(key)), "kid": kid, "alg": "RSA256"})
    return json_reply(200, {"keys": entries})


def metadata_of(server: GraphServer) -> Reply:
    return json_reply(200, {"jwks_uri": f"http://127.0.0.1:{server.port}/keys"})


@pytest.fixture
def server() -> Iterator[GraphServer]:
    with GraphServer() as server:
        yield server


def trust_in(server: GraphServer) -> Trust:
    return replace(Trust.GLOBAL, keys=KeySource(f"http://127.0.0.1:{server.port}/metadata"))


@pytest.mark.anyio
async def test_a_signer_is_believed_by_its_own_trust_alone() -> None:
    headers = SIGNER.headers(tid="t")
    assert list(headers) == ["authorization"]
    assert (await authenticate(headers, APP, SIGNER.trust)).tenant_id == "t"
    with pytest.raises(TokenError, match="no key has the kid"):
        await authenticate(headers, APP, SUCCESSOR.trust)
    assert SIGNER.trust.issuers == Trust.GLOBAL.issuers


@pytest.mark.anyio
async def test_keys_are_fetched_and_follow_the_service(server: GraphServer) -> None:
    trust = trust_in(server)
    server.play(metadata_of(server), key_set(SIGNER))
    assert await authenticate(SIGNER.headers(), APP, trust)
    server.play(metadata_of(server), key_set(SIGNER, SUCCESSOR))
    assert await authenticate(SUCCESSOR.headers(), APP, trust)
    assert await authenticate(SIGNER.headers(), APP, trust)
    assert len(server.requests) == 4


@pytest.mark.anyio
async def test_a_token_is_not_bad_because_the_key_server_is_away(server: GraphServer) -> None:
    trust = trust_in(server)
    server.play(CLOSED)
    with pytest.raises(KeysUnavailableError):
        await authenticate(SIGNER.headers(), APP, trust)
    server.play(metadata_of(server), key_set(SIGNER))
    assert await authenticate(SIGNER.headers(), APP, trust)


@pytest.mark.anyio
async def test_requests_at_the_same_time_share_a_fetch(server: GraphServer) -> None:
    trust = trust_in(server)
    server.play(Step((0.2, *metadata_of(server).step.parts)), key_set(SIGNER))
    await asyncio.gather(*(authenticate(SIGNER.headers(), APP, trust) for _ in range(20)))
    assert len(server.requests) == 2


HS256 = "eyJhbGciOiJIUzI1NiIsImtpZCI6ImEifQ.eyJhdWQiOiJhIn0.AAAA"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer a.b.c",
        "bearer\ta.b.c",
        SIGNER.headers(iss="https://evil.example")["authorization"],
        SIGNER.headers(aud="another")["authorization"],
        SIGNER.headers(aud=None)["authorization"],
        SIGNER.sign(),
        f"Basic {SIGNER.sign()}",
        f"Bearer {HS256}",
        f"Bearer {SIGNER.sign()}, Bearer {SIGNER.sign()}",
        f"Bearer {SIGNER.sign()},{SIGNER.headers()['authorization']}",
        f"Bearer {SIGNER.sign()} {SIGNER.sign()}",
        f"Bearer {SIGNER.sign()}\xa0",
        "Bearer " + "\xff" * 100,
        "Bearer " + "\udcff" * 100,
        "Bearer " + "x" * 1_000_000,
        "Bearer " + "." * 1_000_000,
        "Bearer " * 200_000,
    ],
    ids=lambda _: "header",
)
async def test_nothing_is_fetched_for_what_is_not_addressed_to_us(
    server: GraphServer, value: str | None
) -> None:
    headers = {} if value is None else {"authorization": value}
    with pytest.raises(TokenError):
        await authenticate(headers, APP, trust_in(server))
    assert server.requests == []


@pytest.mark.anyio
async def test_the_scheme_is_in_any_case() -> None:
    for scheme in ("bearer", "BEARER", "Bearer "):
        headers = {"authorization": f"{scheme} {SIGNER.sign()} "}
        assert await authenticate(headers, APP, SIGNER.trust)


@pytest.mark.anyio
async def test_hostile_headers_cost_little() -> None:
    values = ("x" * 1_000_000, "A" * 16_000 + ".A.A", "W1tb" * 4_000 + ".A.A", "A." * 8_000)
    for value in values:
        began = time.process_time()
        for _ in range(20):
            with pytest.raises(TokenError):
                await authenticate({"authorization": f"Bearer {value}"}, APP, SIGNER.trust)
        assert (time.process_time() - began) / 20 < 0.02


@given(text=st.text(max_size=200))
def test_any_header_is_refused(text: str) -> None:
    for value in (text, f"Bearer {text}", f"{SIGNER.headers()['authorization']}.{text}"):
        with pytest.raises(TokenError):
            asyncio.run(authenticate({"authorization": value}, APP, SIGNER.trust))


# -- the log


@pytest.mark.anyio
async def test_the_log_says_what_was_seen_and_expected(caplog: pytest.LogCaptureFixture) -> None:
    token = SIGNER.sign(iss="https://api.botframework.us", secret="s3cret")
    with pytest.raises(TokenError):
        await authenticate({"authorization": f"Bearer {token}"}, APP, SIGNER.trust)
    (line,) = caplog.messages
    assert line.startswith("refused a request: the issuer is not trusted (iss: 'https://api.botf")
    assert f"aud: '{APP}'" in line
    assert "kid: '" in line
    for secret in (*token.split("."), "s3cret"):
        assert secret not in line


@pytest.mark.anyio
async def test_the_log_has_one_line_a_second_with_a_count(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authentication, "_INTERVAL", 0.6)
    for _ in range(100):
        with pytest.raises(TokenError):
            await authenticate({}, APP, SIGNER.trust)
    with pytest.raises(TokenError):
        await authenticate(SIGNER.headers(aud="last"), APP, SIGNER.trust)
    with anyio.fail_after(30):
        while len(caplog.messages) < 2:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.7)
    first, second = caplog.messages
    assert first == "refused a request: there is no Authorization header"
    assert second.startswith("refused 100 requests, the last one: the token is for another aud")
    assert "aud: 'last'" in second


def test_refusals_of_a_loop_that_ended_are_counted_by_the_next(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authentication, "_INTERVAL", 0.5)

    async def refuse(times: int) -> None:
        for _ in range(times):
            with pytest.raises(TokenError):
                await authenticate({}, APP, SIGNER.trust)

    asyncio.run(refuse(5))
    time.sleep(0.5)
    asyncio.run(refuse(1))
    first, second = caplog.messages
    assert first == "refused a request: there is no Authorization header"
    assert second == "refused 5 requests, the last one: there is no Authorization header"


def test_the_interval_is_a_second() -> None:
    assert vars(authentication)["_INTERVAL"] == 1


@pytest.mark.anyio
async def test_a_refusal_in_a_log_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    with pytest.raises(TokenError):
        await authenticate(SIGNER.headers(iss="x\r\nfake\x1b[1m" + "y" * 500), APP, SIGNER.trust)
    (line,) = caplog.messages
    assert line.isprintable()
    assert line.isascii()
    assert len(line) < 600
