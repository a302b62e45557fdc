"""A 401 with a claims challenge asks the credential for a token with these claims, once."""

from __future__ import annotations

import json
import logging
import time
from base64 import b64encode, urlsafe_b64encode
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_comms import AuthenticationError, RetryPolicy
from graph_comms._runtime.credentials import requested_claims
from tests.client.faces import Client, each_flavour
from tests.support.server import GraphServer, Reply

CLAIMS = json.dumps({"access_token": {"nbf": {"essential": True, "value": "1604106651?>~"}}})
ENCODED = b64encode(CLAIMS.encode()).decode()
HEADER = (
    'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", '
    f'error="insufficient_claims", claims="{ENCODED}"'
)
CHALLENGE = Reply(401, {"WWW-Authenticate": HEADER})


class Credential:
    """Gives tokens t1, t2 …, and keeps the keywords that it was asked with."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def give(self, **keywords: Any) -> Any:
        self.asked.append(keywords)
        return SimpleNamespace(token=f"t{len(self.asked)}")


class Open(Credential):
    def get_token(self, *scopes: str, **keywords: Any) -> Any:
        return self.give(**keywords)


class Named(Credential):
    def get_token(self, *scopes: str, claims: str | None = None, tenant_id: str = "") -> Any:
        return self.give(**({} if claims is None else {"claims": claims}))


class Plain(Credential):
    def get_token(self, *scopes: str) -> Any:
        return self.give()


class Async(Credential):
    async def get_token(self, *scopes: str, claims: str | None = None) -> Any:
        return self.give(**({} if claims is None else {"claims": claims}))


class AsyncPlain(Credential):
    async def get_token(self, *scopes: str) -> Any:
        return self.give()


TAKING = [("sync", Open), ("sync", Named), ("async", Open), ("async", Named), ("async", Async)]
REFUSING = [("sync", Plain), ("async", Plain), ("async", AsyncPlain)]


def authorizations(server: GraphServer) -> list[str]:
    return [request.headers["authorization"] for request in server.requests]


@pytest.mark.parametrize(("flavour", "kind"), TAKING)
@pytest.mark.parametrize("policy", [RetryPolicy(), RetryPolicy(deadline=20)])
def test_the_credential_is_asked_with_the_claims_once(
    server: GraphServer, flavour: str, kind: type[Credential], policy: RetryPolicy
) -> None:
    credential = kind()
    server.play(CHALLENGE, Reply(429, {"Retry-After": "1"}))
    with Client(flavour, server, credential=credential, retry=policy) as client:
        client.create()
        client.get()
    assert credential.asked == [{}, {"claims": CLAIMS}, {}, {}]
    assert authorizations(server) == [f"Bearer t{number}" for number in (1, 2, 3, 4)]


@pytest.mark.parametrize(("flavour", "kind"), REFUSING)
def test_a_credential_that_takes_no_claims_is_asked_as_after_any_401(
    server: GraphServer, flavour: str, kind: type[Credential]
) -> None:
    credential = kind()
    server.play(CHALLENGE)
    with Client(flavour, server, credential=credential) as client:
        client.create()
    assert credential.asked == [{}, {}]


@each_flavour
def test_a_function_is_asked_without_claims(server: GraphServer, flavour: str) -> None:
    asked: list[dict[str, Any]] = []

    def give(**keywords: Any) -> str:
        asked.append(keywords)
        return "token"

    server.play(CHALLENGE)
    with Client(flavour, server, credential=give) as client:
        client.create()
    assert asked == [{}, {}]


@each_flavour
def test_a_token_of_the_caller_cannot_answer_a_challenge(server: GraphServer, flavour: str) -> None:
    server.play(CHALLENGE)
    with Client(flavour, server) as client, pytest.raises(AuthenticationError):
        client.create()
    assert len(server.requests) == 1


@each_flavour
def test_a_second_challenge_is_raised_and_claims_are_not_logged(
    server: GraphServer, flavour: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="graph_comms")
    credential = Open()
    server.play(CHALLENGE, CHALLENGE)
    with (
        Client(flavour, server, credential=credential) as client,
        pytest.raises(AuthenticationError) as caught,
    ):
        client.create()
    assert len(credential.asked) == 2
    ours = [one.getMessage() for one in caplog.records if one.name == "graph_comms"]
    assert len(ours) == 2
    for text in (*ours, str(caught.value), repr(caught.value)):
        assert "essential" not in text
        assert ENCODED not in text


@each_flavour
def test_an_error_of_the_credential_comes_through(server: GraphServer, flavour: str) -> None:
    class Failing(Credential):
        def get_token(self, *scopes: str, claims: str | None = None) -> Any:
            if claims:
                raise LookupError("interaction is required")
            return self.give()

    server.play(CHALLENGE)
    with (
        Client(flavour, server, credential=Failing()) as client,
        pytest.raises(LookupError, match="interaction is required"),
    ):
        client.create()


@pytest.mark.parametrize(
    "lines",
    [
        [HEADER],
        [HEADER.replace("Bearer", "bEARER").replace("claims=", "Claims = ")],
        ['Basic realm="x"', HEADER],
        [f'Negotiate, {HEADER}, Digest realm="y", claims="other"'],
        [f"Bearer claims={ENCODED.rstrip('=')},error=insufficient_claims"],
        [HEADER.replace(ENCODED, urlsafe_b64encode(CLAIMS.encode()).decode().rstrip("="))],
        [HEADER.replace(", claims", ', error_description="a \\"quoted\\", word", , claims')],
        ['Bearer error="invalid_token"', HEADER],
    ],
)
def test_forms_of_a_challenge(lines: list[str]) -> None:
    assert requested_claims(lines) == CLAIMS


def with_claims(data: bytes) -> str:
    return f'Bearer error="insufficient_claims", claims="{b64encode(data).decode()}"'


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [""],
        ["Bearer"],
        ['Bearer error="insufficient_claims"'],
        [f'Bearer claims="{ENCODED}"'],
        [f'Bearer error="invalid_token", claims="{ENCODED}"'],
        [f'Basic error="insufficient_claims", claims="{ENCODED}"'],
        [f'Bearer error="insufficient_claims", Basic claims="{ENCODED}"'],
        [HEADER.replace(ENCODED, "no base64!")],
        [HEADER.replace(ENCODED, "é")],
        [HEADER.replace(ENCODED, "")],
        [with_claims(b"\xff\xfe")],
        [with_claims(b"[]")],
        [with_claims(b"{")],
        [with_claims(b'{"a":' * 3_000)],
        [HEADER + "x" * 2**20],
        [HEADER] * 100,
    ],
)  # fmt: skip
def test_what_is_no_challenge(lines: list[str]) -> None:
    assert requested_claims(lines) is None


@given(
    st.text(alphabet=st.sampled_from('Bearer error="insufficient_claims",\\ =\0é'), max_size=200)
)
def test_any_header_is_read(text: str) -> None:
    requested_claims([text, f"{text}{HEADER}", f"{HEADER}, {text}"])


@pytest.mark.parametrize("piece", ['a="', "a", ",", '\\"', "a=,", " ", 'Bearer a="b", '])
def test_a_hostile_header_costs_little(piece: str) -> None:
    begun = time.process_time()
    requested_claims([piece * (2**20 // len(piece))])
    requested_claims([(piece * 2**14)[: 2**14]])
    assert time.process_time() - begun < 0.5


@each_flavour
@pytest.mark.parametrize("header", [HEADER.replace(ENCODED, "%"), HEADER + "x" * 50_000])
def test_a_malformed_challenge_is_any_401(server: GraphServer, flavour: str, header: str) -> None:
    credential = Open()
    server.play(Reply(401, {"WWW-Authenticate": header}))
    with Client(flavour, server, credential=credential) as client:
        client.create()
    assert credential.asked == [{}, {}]
