"""Where the token comes from, where it goes, and where it is never shown."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
import threading
import time
import traceback
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from graph_comms._runtime.async_client import AsyncClientBase
from graph_comms._runtime.async_session import AsyncSession
from graph_comms._runtime.client import ClientBase
from graph_comms._runtime.cloud import Cloud
from graph_comms._runtime.credentials import AsyncTokens, Tokens
from graph_comms._runtime.errors import (
    GraphError,
    UnavailableInCloudError,
)
from graph_comms._runtime.service_root import choose_root
from graph_comms._runtime.session import Session
from tests.client.things import (
    CREATED,
    EXPIRED,
    FOUND,
    TOKEN,
    Graph,
)
from tests.support.server import CLOSED, RESET_UNREAD, Played, Reply


class Provider:
    """Hands out tokens t1, t2, … in every form that a credential may have."""

    def __init__(self) -> None:
        self.asked = 0
        self.scopes: list[tuple[str, ...]] = []

    def function(self) -> str:
        self.asked += 1
        return f"t{self.asked}"

    async def async_function(self) -> str:
        await asyncio.sleep(0)
        return self.function()

    @property
    def credential(self) -> Any:
        return SimpleNamespace(get_token=self._get_token)

    @property
    def async_credential(self) -> Any:
        return SimpleNamespace(get_token=self._async_get_token)

    @property
    def callable_object(self) -> Any:
        class Giver:
            def __call__(_) -> str:
                return self.function()

        return Giver()

    @property
    def hidden_async(self) -> Any:
        return lambda: self.async_function()

    def _get_token(self, *scopes: str) -> Any:
        self.scopes.append(scopes)
        return SimpleNamespace(token=self.function(), expires_on=0)

    async def _async_get_token(self, *scopes: str) -> Any:
        return self._get_token(*scopes)


SYNC_FORMS = ["function", "credential", "callable_object"]
ASYNC_FORMS = ["async_function", "async_credential", "hidden_async"]
EACH_WITH_ITS_FORMS = pytest.mark.parametrize(
    ("graph", "form"),
    [("sync", form) for form in SYNC_FORMS]
    + [("async", form) for form in SYNC_FORMS + ASYNC_FORMS],
    indirect=["graph"],
)


def _authorizations(graph: Graph) -> list[str]:
    return [request.headers["authorization"] for request in graph.server.requests]


@EACH_WITH_ITS_FORMS
def test_the_provider_is_asked_for_each_request(graph: Graph, form: str) -> None:
    graph.server.play(FOUND, CREATED)
    client = graph.connect(getattr(Provider(), form))
    client.get()
    client.create()

    assert _authorizations(graph) == ["Bearer t1", "Bearer t2"]


@EACH_WITH_ITS_FORMS
def test_a_refused_token_is_renewed_once_even_for_a_create(graph: Graph, form: str) -> None:
    graph.server.play(EXPIRED, CREATED)
    client = graph.connect(getattr(Provider(), form))

    assert client.create().id == "1"
    assert _authorizations(graph) == ["Bearer t1", "Bearer t2"]
    assert client.waits == [0.0]


def test_each_request_may_renew_its_token(graph: Graph) -> None:
    graph.server.play(EXPIRED, FOUND, EXPIRED, FOUND)
    client = graph.connect(Provider().function)
    client.get()
    client.get()

    assert _authorizations(graph)[-1] == "Bearer t4"


def test_renewing_is_not_one_of_the_repetitions_after_throttling(graph: Graph) -> None:
    throttled = Reply(429, {"Retry-After": "1"})
    graph.server.play(throttled, EXPIRED, throttled, throttled, CREATED)

    assert graph.connect(Provider().function).create().id == "1"


@pytest.mark.parametrize("cloud", [Cloud.GLOBAL, Cloud.US_GOV_L5])
def test_get_token_is_given_the_scope_of_the_cloud(graph: Graph, cloud: Cloud) -> None:
    provider = Provider()
    graph.server.play(FOUND)
    graph.connect(provider.credential, cloud=cloud).get()

    assert provider.scopes == [(f"https://{cloud.host}/.default",)]


@pytest.mark.parametrize("form", ["async_function", "async_credential"])
def test_the_sync_session_refuses_what_is_async(form: str) -> None:
    with pytest.raises(TypeError, match="async client"):
        Session(getattr(Provider(), form), version="1")


def test_the_sync_session_refuses_an_async_object() -> None:
    class AsyncCallable:
        async def __call__(self) -> str:
            return TOKEN

    with pytest.raises(TypeError, match="async client"):
        Session(AsyncCallable(), version="1")  # type: ignore[arg-type]


@pytest.mark.filterwarnings("error")
def test_the_sync_session_refuses_what_turns_out_to_be_async() -> None:
    provider = Provider()
    with pytest.raises(TypeError, match="async client"):
        Tokens(provider.hidden_async, "scope").fetch()
    assert provider.asked == 0


def test_a_blocking_credential_does_not_block_the_event_loop() -> None:
    threads: list[threading.Thread] = []

    def slow() -> str:
        threads.append(threading.current_thread())
        time.sleep(0.05)
        return TOKEN

    assert asyncio.run(AsyncTokens(slow, "scope").fetch()) == TOKEN
    assert threads != [threading.main_thread()]


@pytest.mark.parametrize("session", [Session, AsyncSession])
@pytest.mark.parametrize("credential", [None, 5, b"token", object(), ["token"]])
def test_what_is_no_credential_is_refused_at_once(session: Any, credential: object) -> None:
    with pytest.raises(TypeError, match=type(credential).__name__):
        session(credential, version="1")


SUBJECT = "secret-subject"
MALFORMED = ["", "  ", "\t", f"{TOKEN}\r\nX-Evil: 1", f"{TOKEN}\n", f"{TOKEN}é", f"Bearer {TOKEN}"]


@pytest.mark.parametrize("session", [Session, AsyncSession])
@pytest.mark.parametrize("token", MALFORMED)
def test_a_malformed_token_is_refused_at_once_and_not_shown(session: Any, token: str) -> None:
    with pytest.raises(ValueError, match="token holds" if token.strip() else "empty") as caught:
        session(token, version="1")
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("token", MALFORMED)
def test_a_malformed_token_from_a_provider_is_never_sent(graph: Graph, token: str) -> None:
    with pytest.raises(ValueError, match="token") as caught:
        graph.connect(lambda: token).get()
    assert TOKEN not in str(caught.value)
    assert graph.server.requests == []


@pytest.mark.parametrize("answer", [None, 5, TOKEN.encode()])
def test_a_provider_which_gives_no_string_is_refused(graph: Graph, answer: object) -> None:
    with pytest.raises(TypeError, match=type(answer).__name__) as caught:
        graph.connect(lambda: answer).get()
    assert TOKEN not in str(caught.value)


def test_what_the_provider_raises_comes_through(graph: Graph) -> None:
    def fail() -> str:
        raise LookupError("no secret configured")

    with pytest.raises(LookupError, match="no secret configured"):
        graph.connect(fail).get()


@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize(
    ("raised", "error"),
    [(StopIteration(), RuntimeError), (SystemExit(3), SystemExit), (OSError("x"), OSError)],
)
def test_whatever_a_provider_raises_ends_the_wait_for_it(
    raised: BaseException, error: type[BaseException], limited: bool
) -> None:
    def fail() -> str:
        raise raised

    async def fetch() -> None:
        async with asyncio.timeout(2):
            await AsyncTokens(fail, "scope").fetch(limited=limited)

    with pytest.raises(error) as caught:
        asyncio.run(fetch())
    assert raised in (caught.value, caught.value.__cause__)


def test_no_token_is_asked_for_where_the_operation_does_not_exist(graph: Graph) -> None:
    provider = Provider()
    with pytest.raises(UnavailableInCloudError) as caught:
        graph.connect(provider.function, cloud=Cloud.CHINA).create()

    assert provider.asked == 0
    assert graph.server.requests == []
    assert str(caught.value) == (
        "things.create is not available in the China cloud: "
        "Graph offers it in: global, US Gov L4, US Gov L5 (DoD)"
    )


class CommunicationsClient(ClientBase):
    """A client as the generator writes it, without resources."""

    _version = "1.2.3"
    _endpoint = Cloud.GLOBAL.base_url


class AsyncCommunicationsClient(AsyncClientBase):
    """A client as the generator writes it, without resources."""

    _version = "1.2.3"
    _endpoint = Cloud.GLOBAL.base_url


def _clients(credential: Any) -> list[Any]:
    return [CommunicationsClient(credential), AsyncCommunicationsClient(credential)]


def test_clients_show_their_cloud_and_nothing_else() -> None:
    assert [repr(client) for client in _clients(TOKEN)] == [
        "<CommunicationsClient cloud=GLOBAL>",
        "<AsyncCommunicationsClient cloud=GLOBAL>",
    ]
    china = choose_root(Cloud.GLOBAL.base_url, cloud=Cloud.CHINA)
    assert repr(Session(TOKEN, version="1", root=china)) == "<Session cloud=CHINA>"


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
@pytest.mark.parametrize("tokens", [Tokens, AsyncTokens])
def test_a_token_can_be_neither_pickled_nor_copied(
    tokens: type[Tokens] | type[AsyncTokens], duplicate: Callable[[Any], Any]
) -> None:
    source = tokens(TOKEN, "scope")
    assert TOKEN not in repr(source)
    with pytest.raises(TypeError, match="pickled"):
        duplicate(source)


def test_clients_cannot_be_pickled() -> None:
    for client in _clients(TOKEN):
        with pytest.raises(TypeError):
            pickle.dumps(client)


@pytest.mark.parametrize(
    "step",
    [
        CREATED,
        EXPIRED,
        Reply(403),
        Reply(500, body=b"<html>"),
        Reply(201, body=b"{"),
        Reply(302, {"Location": "https://elsewhere.example/"}),
        CLOSED,
        RESET_UNREAD,
    ],
)
def test_the_token_shows_nowhere(
    graph: Graph, caplog: pytest.LogCaptureFixture, step: Played
) -> None:
    caplog.set_level(logging.DEBUG)
    client = graph.play(step)
    shown = [repr(client.session), str(client.session)]
    try:
        shown.append(repr(client.create(subject=SUBJECT)))
    except GraphError as error:
        shown += [str(error), repr(error), repr(vars(error)), repr(pickle.dumps(error))]
        shown.append("".join(traceback.format_exception(error)))
        if isinstance(error.__cause__, httpx.RequestError):
            shown.append(repr(error.__cause__.request.headers.raw))
    shown += [record.getMessage() + repr(record.args) for record in caplog.records]

    assert [text for text in shown if TOKEN in text or SUBJECT in text] == []
    assert caplog.records


class Closable(httpx.MockTransport):
    """A transport that records that it was closed."""

    def __init__(self) -> None:
        super().__init__(lambda request: httpx.Response(204))
        self.closed = False

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


def test_the_client_closes_its_connections() -> None:
    transport = Closable()
    with CommunicationsClient(TOKEN, transport=transport):
        assert not transport.closed
    assert transport.closed


def test_the_async_client_closes_its_connections() -> None:
    transport = Closable()

    async def use() -> None:
        async with AsyncCommunicationsClient(TOKEN, transport=transport):
            assert not transport.closed

    asyncio.run(use())
    assert transport.closed
