"""What both endpoints of a bot do alike: how they start, and what they answer before a body is read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graph_comms import AsyncCommunicationsClient
from graph_comms.bot import Bot, Endpoint, KeysUnavailableError, Reply, SQLiteStore, StoreError
from graph_comms.bot.memory import MemoryStore
from tests.bot import samples
from tests.bot.manual_clock import ManualClock
from tests.bot.service import CALLBACK, SIGNER, BotUnderTest

pytestmark = pytest.mark.anyio


@pytest.fixture
def tested() -> BotUnderTest:
    return BotUnderTest(notification_url="https://bot.contoso.com/api/changes")


@pytest.fixture(params=["calls", "changes"])
def endpoint_of(request: pytest.FixtureRequest) -> Callable[[BotUnderTest], Endpoint]:
    """Return what gives an endpoint of a bot."""

    def find(tested: BotUnderTest) -> Endpoint:
        return tested.bot if request.param == "calls" else tested.bot.changes

    return find


EndpointOf = Callable[[BotUnderTest], Endpoint]


def _short(value: object) -> str:
    return ascii(value)[:20]


async def unread() -> AsyncIterator[bytes]:
    """A body that nobody may read."""
    raise AssertionError("the body was read")
    yield b""


async def ask(
    endpoint: Endpoint, headers: Mapping[str, str] | None = None, method: str = "POST"
) -> Reply:
    """Send a request whose body must not be read."""
    usual = SIGNER.headers() if headers is None else headers
    return await endpoint.handle(method, usual, "", unread())


@pytest.mark.parametrize(
    ("length", "status"),
    [
        ("16777217", 413),
        ("9" * 19, 413),
        ("9" * 25, 413),
        ("9" * 5000, 413),
        ("-1", 400),
        ("+1", 400),
        ("", 400),
        ("1e3", 400),
        ("0x10", 400),
        ("1_0", 400),
        ("1, 1", 400),
        ("\u0663", 400),
        ("\u00b2", 400),
    ],
    ids=_short,
)
async def test_a_length_is_refused_before_the_body_is_read(
    tested: BotUnderTest, endpoint_of: EndpointOf, length: str, status: int
) -> None:
    endpoint = endpoint_of(tested)
    async with tested.bot:
        reply = await ask(endpoint, {"content-LENGTH": length})
    assert (reply.status, reply.headers, reply.body) == (status, {}, b"")
    assert tested.counted == {"refused": 1}


@pytest.mark.parametrize("length", ["0", "16777216", " 12 ", "0" * 5000 + "12"], ids=len)
async def test_a_length_that_is_allowed_lets_the_body_be_read(
    tested: BotUnderTest, endpoint_of: EndpointOf, length: str
) -> None:
    endpoint = endpoint_of(tested)
    async with tested.bot:
        headers = {**SIGNER.headers(), "Content-Length": length}
        assert (await endpoint.handle("POST", headers, "", samples.body())).status == 202
    assert tested.counted == {}


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "", "POST "])
async def test_another_method_is_refused_and_counted(
    tested: BotUnderTest, endpoint_of: EndpointOf, method: str
) -> None:
    endpoint = endpoint_of(tested)
    async with tested.bot:
        reply = await ask(endpoint, {"Content-Length": "x"}, method)
    assert (reply.status, reply.headers, reply.body) == (405, {"Allow": "POST"}, b"")
    assert tested.counted == {"refused": 1}


async def test_what_has_stopped_refuses_and_counts(
    tested: BotUnderTest, endpoint_of: EndpointOf
) -> None:
    endpoint = endpoint_of(tested)
    async with tested.bot:
        pass
    reply = await ask(endpoint)
    assert (reply.status, reply.headers, reply.body) == (503, {"Retry-After": "5"}, b"")
    assert tested.counted == {"refused": 1}


async def test_the_token_comes_before_the_body(tested: BotUnderTest) -> None:
    class NoKeys:
        async def get(self, kid: str) -> Any:
            raise KeysUnavailableError("the server is away")

    async with tested.bot:
        for headers in ({}, SIGNER.headers(aud="another"), SIGNER.headers(exp=0)):
            reply = await ask(tested.bot, headers)
            assert (reply.status, reply.headers) == (401, {"WWW-Authenticate": "Bearer"})
    assert tested.counted == {"refused": 3}
    without = BotUnderTest(trust=replace(SIGNER.trust, keys=NoKeys()))
    async with without.bot:
        reply = await ask(without.bot)
    assert (reply.status, reply.headers, reply.body) == (503, {"Retry-After": "5"}, b"")
    assert without.counted == {"refused": 1}


# -- headers

NAMES = ("X-Microsoft-Skype-Message-ID", "X-Microsoft-Skype-Chain-ID", "Scenario-Id")


@pytest.mark.parametrize("value", ["\udcff", "\0", "é" * 1000, "a\r\nb", ""], ids=_short)
async def test_any_text_of_a_header_is_stored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, value: str
) -> None:
    clock = ManualClock()
    tested = BotUnderTest(clock=clock, store=SQLiteStore(str(tmp_path / "calls.db"), clock=clock))
    contexts: list[Any] = []

    @tested.bot.tone
    async def press(event: Any) -> None:
        contexts.append(event.context)

    headers = {**SIGNER.headers(), **dict.fromkeys(NAMES, value)}
    async with tested.bot:
        for number in (1, 2):
            body = samples.body(samples.tone(number))
            assert (await tested.bot.handle("POST", headers, "", body)).status == 202
        await tested.settle()
    # A message id marks the second as a repetition.
    assert len(contexts) == (1 if value else 2)
    assert caplog.messages == []


async def test_the_answer_to_the_old_format_is_a_setting() -> None:
    tested = BotUnderTest(legacy_status=202)
    async with tested.bot:
        reply = await tested.post(b'{"id": "of Skype"}')
    assert (reply.status, reply.body) == (202, b"")


# -- counters


async def test_counters_that_raise_stop_nothing(
    endpoint_of: EndpointOf, caplog: pytest.LogCaptureFixture
) -> None:
    def count(name: str, amount: int) -> None:
        raise OSError(f"nobody counts {name}")

    tested = BotUnderTest(on_count=count)
    endpoint, tones = endpoint_of(tested), list[str]()

    @tested.bot.tone
    async def press(event: Any) -> None:
        tones.append(event.tone)

    async with tested.bot:
        assert (await endpoint.handle("POST", SIGNER.headers(), "", b"[]")).status == 400
        for number in (1, 2):
            await tested.notify(samples.tone(number))
    assert tones == ["1", "1"]
    assert "nobody counts refused" in caplog.text


# -- the start


class SlowStore(MemoryStore):
    """A store that takes a moment to open."""

    async def open(self) -> None:
        await asyncio.sleep(0.01)


class LostStore(MemoryStore):
    """A store that cannot be reached until it is found."""

    found = False

    async def open(self) -> None:
        if not self.found:
            raise StoreError("no route to the store")


async def test_requests_that_come_first_start_a_bot_and_warn_once(
    endpoint_of: EndpointOf, caplog: pytest.LogCaptureFixture
) -> None:
    tested = BotUnderTest(store=SlowStore())
    endpoint = endpoint_of(tested)
    body = samples.body()
    replies = await asyncio.gather(
        *(endpoint.handle("POST", SIGNER.headers(), "", body) for _ in range(5))
    )
    assert [reply.status for reply in replies] == [202] * 5
    (line,) = caplog.messages
    assert "not started" in line
    for service in (tested.bot.changes, tested.bot):
        await service.stop()


async def test_a_first_request_that_cannot_start_a_bot_may_come_again(
    endpoint_of: EndpointOf, caplog: pytest.LogCaptureFixture
) -> None:
    store = LostStore()
    tested = BotUnderTest(store=store)
    endpoint = endpoint_of(tested)
    for _ in range(2):
        reply = await ask(endpoint)
        assert (reply.status, reply.headers, reply.body) == (503, {"Retry-After": "5"}, b"")
    assert tested.counted == {"refused": 2}
    warning, *errors = caplog.messages
    assert "not started" in warning
    assert len(errors) == 2
    assert all("no route to the store" in error for error in errors)
    store.found = True
    reply = await endpoint.handle("POST", SIGNER.headers(), "", samples.body())
    assert reply.status == 202
    for service in (tested.bot.changes, tested.bot):
        await service.stop()


# -- what the application gives


def bot_of(**options: Any) -> Bot:
    usual = {"app_id": samples.APP, "callback_uri": CALLBACK}
    return Bot(options.pop("client", AsyncCommunicationsClient("token")), **{**usual, **options})


async def test_an_app_id_is_any_text() -> None:
    bot = bot_of(app_id="my bot", trust=SIGNER.trust)
    headers = SIGNER.headers(aud="my bot")
    async with bot:
        assert (await bot.handle("POST", headers, "", samples.body())).status == 202


WRONG: dict[tuple[str, Any], str] = {
    ("trust", None): "a Trust",
    ("store", "redis://localhost"): "a Store",
    ("legacy_status", 99): "a final HTTP status",
    ("legacy_status", 100): "a final HTTP status",
    ("max_body", 0): "a positive int",
    ("queue", "many"): "a positive int",
    ("threads", 0): "a positive int",
    ("lease", 0): "a number of seconds above 0",
    ("grace", -1): "a number of seconds that is not negative",
    ("handler_timeout", None): "a number of seconds above 0",
    ("undecided", "busy"): "a RejectReason",
    ("join_response", "accept"): "a ParticipantJoiningResponse",
}


def test_a_bot_says_what_it_cannot_work_with() -> None:
    from graph_comms import CommunicationsClient

    with pytest.raises(TypeError, match="asynchronous client, AsyncCommunicationsClient, not Comm"):
        bot_of(client=CommunicationsClient("token"))
    for app_id in ("", None):
        with pytest.raises(ValueError, match="app_id is the id of the bot's application"):
            bot_of(app_id=app_id)
    for uri in ("http://bot.contoso.com/", "bot.contoso.com", "/api/calls", "https:///x", ""):
        with pytest.raises(ValueError, match="callback_uri must be an https address"):
            bot_of(callback_uri=uri)
    for option, said in WRONG.items():
        with pytest.raises((TypeError, ValueError), match=f"^{option[0]} must be {said}"):
            bot_of(**dict([option]))
    for uri in ("http://localhost:8000/calls", "http://127.0.0.1:8000/", "https://[::1]/calls"):
        assert bot_of(callback_uri=uri).engine.callback_uri == uri
