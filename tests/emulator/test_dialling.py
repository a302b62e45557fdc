"""What the server posts to: its callback, allowed origins, and nothing else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import graph_emulator
from graph_comms import AsyncCommunicationsClient, BadRequestError
from graph_comms.models import Subscription
from graph_emulator import Emulator, Server, ServerError
from graph_emulator.__main__ import main
from graph_emulator.addresses import origin_of
from graph_emulator.dialling import Dialler
from tests.emulator.bots import call_to
from tests.emulator.listeners import Answer, Listener, Taken, accept, listening

USER = "112f7296-5fa4-42ca-bae8-6a692b15d4b8"
PREFERRED = {"availability": "Busy", "activity": "Busy"}

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def client_of(**options: Any) -> AsyncGenerator[tuple[Server, AsyncCommunicationsClient]]:
    server = Server(port=0, **options)
    async with (
        server.running(),
        graph_emulator.Credential(server.url, "app") as credential,
        AsyncCommunicationsClient(credential, endpoint=f"{server.url}/v1.0") as client,
    ):
        yield server, client


def subscription(address: str) -> Subscription:
    return Subscription(
        change_type="updated",
        resource=f"communications/presences/{USER}",
        notification_url=address,
        client_state="x",
        expiration_date_time=datetime.now(UTC) + timedelta(hours=1),
    )


async def call_with(client: AsyncCommunicationsClient, server: Server, uri: str) -> None:
    call = call_to(server.user("Ann"))
    call.callback_uri = uri
    await client.calls.create(call)


async def test_calls_are_notified_at_the_callback_whatever_callback_uri_they_name() -> None:
    async with (
        listening() as bot,
        client_of(callback=f"{bot.origin}/api/calls?a=1") as (server, client),
    ):
        await call_with(client, server, "https://bot.contoso.com/elsewhere")
        assert (await bot.first()).target == "/api/calls?a=1"


async def test_calls_are_notified_where_their_callback_uri_is_if_that_is_allowed() -> None:
    async with listening() as bot, listening() as other:
        options = {"callback": f"{bot.origin}/api/calls", "allow_origins": [other.origin]}
        async with client_of(**options) as (server, client):
            await call_with(client, server, f"{other.origin}/calls?b=2".replace("http:", "https:"))
            taken = await bot.first()  # https is another origin, and nobody listens there
            assert taken.target == "/api/calls"
            server.calls.rings("app", f"{other.origin}/calls?b=2", server.user("Ann"), "tenant")
            assert (await other.first()).target == "/calls?b=2"


async def test_change_notifications_go_to_allowed_origins_alone() -> None:
    async with listening() as bot, listening() as other, listening() as foreign:
        options = {"callback": f"{bot.origin}/api/calls", "allow_origins": [other.origin]}
        async with client_of(**options) as (_, client):
            for origin in (bot.origin, other.origin):
                created = await client.subscriptions.create(subscription(f"{origin}/changes?c=3"))
                assert created.notification_url == f"{origin}/changes?c=3"
            assert other.taken[0].target.startswith("/changes?c=3&validationToken=")
            with pytest.raises(BadRequestError, match="must be an https address"):
                await client.subscriptions.create(subscription(f"{foreign.origin}/changes"))
            with pytest.raises(BadRequestError, match="timed out"):
                await client.subscriptions.create(subscription("https://bot.contoso.com/changes"))
            assert foreign.taken == []
            await client.request(
                "POST", f"/users/{USER}/presence/setUserPreferredPresence", body=PREFERRED
            )
            while len(bot.taken) < 2:  # after the validation
                await asyncio.sleep(0.02)
            assert json.loads(bot.taken[1].body)["value"][0]["changeType"] == "updated"


def to(origin: Listener) -> Any:
    def redirect(taken: Taken) -> Answer:
        created = json.loads(taken.body)["value"][0]["changeType"] == "created"
        return (307, {"location": f"{origin.origin}/there"}, b"") if created else accept(taken)

    return redirect


async def test_an_incoming_call_is_redirected_where_that_is_allowed() -> None:
    async with listening() as there, listening(to(there)) as bot:
        options = {"callback": f"{bot.origin}/api/calls", "allow_origins": [there.origin]}
        async with client_of(**options) as (server, _):
            server.rings(from_=server.user("Ann"))
            taken = await there.first()
            assert (taken.target, taken.body) == ("/there", bot.taken[0].body)
            assert taken.headers["authorization"] == bot.taken[0].headers["authorization"]
        async with client_of(callback=f"{bot.origin}/api/calls") as (server, _):
            there.taken.clear()
            server.rings(from_=server.user("Ann"))
            while len(server.log.notifications) < 2:
                await asyncio.sleep(0.02)
            assert [one.status for one in server.log.notifications] == [307, None]
            assert there.taken == []


@pytest.mark.parametrize("location", ["http://[", "http://a:x/", "\x7f", "//", "mailto:x"])
async def test_a_redirect_to_no_address_holds_nothing_up(location: str) -> None:
    async with (
        listening(lambda taken: (302, {"location": location}, b"")) as bot,
        client_of(callback=f"{bot.origin}/api/calls") as (server, _),
    ):
        server.rings(from_=server.user("Ann").gives_up(after=0.1))
        async with asyncio.timeout(10):
            while len(bot.taken) < 2:  # the end of the call comes, too
                await asyncio.sleep(0.02)


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with a body that goes on and on."""
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    with suppress(ConnectionError):
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
    writer.close()


async def test_an_answer_without_end_is_none() -> None:
    async with await asyncio.start_server(endless, "127.0.0.1", 0) as bot:
        callback = f"http://127.0.0.1:{bot.sockets[0].getsockname()[1]}/api/calls"
        async with client_of(callback=callback) as (server, _):
            server.rings(from_=server.user("Ann"))
            async with asyncio.timeout(10):
                while not server.log.undelivered:
                    await asyncio.sleep(0.02)
        with Emulator(callback=callback) as svc:
            svc.rings(callback, from_=svc.user("Ann").gives_up(after=1))
            async with asyncio.timeout(10):
                await asyncio.to_thread(svc.run)
            assert len(svc.log.undelivered) == len(svc.log.notifications) == 2


async def test_redirects_of_other_notifications_are_not_followed() -> None:
    async with (
        listening() as there,
        listening(lambda taken: (302, {"location": f"{there.origin}/"}, b"")) as bot,
    ):
        options = {"callback": f"{bot.origin}/api/calls", "allow_origins": [there.origin]}
        async with client_of(**options) as (server, client):
            await call_with(client, server, "https://bot.contoso.com/api/calls")
            await bot.first()
            await asyncio.sleep(0.1)
    assert there.taken == []


@pytest.mark.parametrize(
    "address",
    [
        "ftp://x", "http://", "http://x:99999", "127.0.0.1:80", "http://127.0.0.1:0/", "http://[",
        "http://a b/", "http://ann:secret@127.0.0.1/",
    ],
)  # fmt: skip
def test_a_callback_that_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ServerError, match="--callback must be an address such as"):
        Server(port=0, callback=address)
    with pytest.raises(ValueError, match="callback must be an address such as"):
        Emulator(callback=address)


@pytest.mark.parametrize(
    "origin",
    [
        "127.0.0.1:9000", "http://127.0.0.1:9000/path", "", "*", "https://*", "http://a?b", "http://a#b",
        "http://ann@a", "http://a//",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ServerError, match="--allow-origin must be an origin such as"):
        Server(port=0, allow_origins=[origin])


def test_the_command_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--callback", "ftp://x"]) == 1
    assert main(["--allow-origin", "x"]) == 1
    assert capsys.readouterr().err.count("graph_emulator: --") == 2


def test_redelivery_is_a_number_from_0(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--redelivery", "-1"])
    assert "must be 0 or more" in capsys.readouterr().err
    with pytest.raises(ValueError, match="0 or more"):
        Emulator(redelivery=-1)


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("http://A.example/x?y", "http://a.example:80"),
        ("https://a.example:8443", "https://a.example:8443"),
        ("http://[::1]:9/", "http://[::1]:9"),
        ("http://user@127.0.0.1:9/", "http://127.0.0.1:9"),
        ("http://127.0.0.1:9@evil.example/", "http://evil.example:80"),
        ("ftp://a", None),
        ("a", None),
        ("http://a:x", None),
        ("http://[", None),
    ],
)
def test_origins_are_compared_in_one_spelling(address: str, origin: str | None) -> None:
    assert origin_of(address) == origin


async def test_nothing_is_dialled_without_a_callback() -> None:
    dialler = Dialler(None, ())
    assert dialler.of_call("http://127.0.0.1:9/x") is None
    assert dialler.at("http://127.0.0.1:9/x") is None
    await dialler.close()
