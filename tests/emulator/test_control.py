"""The control routes of the server: who may use them, what they tell, and what people do by them."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

import graph_emulator
from graph_comms import AsyncCommunicationsClient
from graph_emulator import Emulator, Server
from graph_emulator.acts import ActError, Acts
from graph_emulator.events import MOST, Events
from tests.emulator.bots import call_to

APP = "9d3f1b52-2c3d-4b5e-8a6f-7c8d9e0f1a2b"
NUMBER = "+12065550100"

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def server() -> AsyncGenerator[Server]:
    server = Server(port=0, callback="http://127.0.0.1:9/api/calls")  # where nobody listens
    async with server.running():
        yield server


@asynccontextmanager
async def control_of(server: Server) -> AsyncGenerator[httpx.AsyncClient]:
    token = server.page.partition("#token=")[2]
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(
        base_url=f"{server.url}/_emulator/", headers=headers, trust_env=False
    ) as client:
        yield client


async def act(control: httpx.AsyncClient, **members: object) -> Any:
    response = await control.post("acts", json=members)
    assert response.status_code == 200, response.text
    return response.json()


async def events_of(control: httpx.AsyncClient, until: str, after: int = 0) -> list[Any]:
    """Return the events after one, up to the first in which a text is."""
    found: list[Any] = []
    async with asyncio.timeout(20), control.stream("GET", f"events?after={after}") as stream:
        assert stream.headers["content-type"].startswith("application/x-ndjson")
        async for line in stream.aiter_lines():
            if line:
                found.append(json.loads(line))
                if until in line:
                    break
    return found


# -- who may


ROUTES = [("GET", "events"), ("GET", "info"), ("POST", "acts"), ("POST", "reset"), ("GET", "other")]


AUTHORIZATIONS = ("", "Bearer", "Bearer x", "Basic {}", "Bearer {}x", "{}", "Bearer é")


async def test_control_routes_need_the_token(server: Server) -> None:
    token = server.page.partition("#token=")[2]
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        for authorization in AUTHORIZATIONS:
            headers = [(b"authorization", authorization.format(token).encode())]
            for method, path in [*ROUTES, ("DELETE", "acts"), ("GET", "../_emulator%2Finfo")]:
                response = await client.request(method, f"/_emulator/{path}", headers=headers)
                assert response.status_code == 401, (authorization, path)
                assert response.headers["www-authenticate"] == "Bearer"
                assert token not in response.text
        for path in ("openid", "keys"):
            assert (await client.get(f"/_emulator/{path}")).status_code == 200


EVERYWHERE = [
    ("GET", "/"),
    ("GET", "/_emulator/page.js"),
    ("GET", "/_emulator/openid"),
    ("POST", "/_emulator/acts"),
    ("GET", "/_emulator/events"),
    ("POST", "/contoso/oauth2/v2.0/token"),
    ("GET", "/v1.0/communications/calls"),
    ("GET", "/nothing"),
]


async def test_foreign_origins_and_hosts_are_refused_on_every_route(server: Server) -> None:
    port = server.port
    origins = (
        "http://evil.example",
        "null",
        f"https://127.0.0.1:{port}",
        "http://127.0.0.1:1",
        "x",
    )
    hosts = (f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port + 1}", "x", "")
    async with control_of(server) as client:
        for method, path in EVERYWHERE:
            for origin in origins:
                asked = await client.request(method, server.url + path, headers={"origin": origin})
                assert asked.status_code == 403, (path, origin)
            for host in hosts:
                asked = await client.request(method, server.url + path, headers={"host": host})
                assert asked.status_code == 421, (path, host)


async def test_one_foreign_origin_is_enough(server: Server) -> None:
    origins = [(b"origin", origin.encode()) for origin in (server.url, "http://evil.example")]
    async with control_of(server) as client:
        for headers in (origins, origins[::-1]):
            assert (await client.get("info", headers=headers)).status_code == 403


async def test_the_names_of_this_machine_are_taken(server: Server) -> None:
    async with control_of(server) as client:
        for name in ("127.0.0.1", "LOCALHOST", "[::1]"):
            headers = {"host": f"{name}:{server.port}", "origin": f"http://{name}:{server.port}"}
            assert (await client.get("info", headers=headers)).status_code == 200


async def test_two_hosts_are_one_too_many(server: Server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nHost: evil.example\r\n\r\n".encode()
    )
    line = await reader.readline()
    writer.close()
    assert int(line.split()[1]) in (400, 421)


# -- what they tell


async def test_everything_that_happens_is_an_event_without_secrets(server: Server) -> None:
    async with (
        control_of(server) as control,
        graph_emulator.Credential(server.url, APP) as credential,
        AsyncCommunicationsClient(credential, endpoint=f"{server.url}/v1.0") as client,
    ):
        info = (await control.get("info")).json()
        assert info["callback"] == "http://127.0.0.1:9/api/calls"
        assert info["url"] == server.url
        await act(control, act="rings", person=NUMBER)
        call = await client.calls.create(call_to(server.user("Ann")))
        await events_of(control, '"rings"}]')
        await act(control, act="answers", call=call.id, person="Ann")
        found = await events_of(control, '"audio": "active"')
    assert [one["number"] for one in found] == list(range(1, len(found) + 1))
    kinds = {one["kind"] for one in found}
    assert kinds == {"request", "notification", "call", "act"}
    (created,) = (one for one in found if one["kind"] == "request")
    assert (created["name"], created["status"], created["call"]) == ("create", 201, call.id)
    states = [one["state"] for one in found if one["kind"] == "call"]
    assert states[:2] == ["incoming", "establishing"]
    assert "established" in states
    assert NUMBER not in str(found)
    assert "Bearer" not in str(found)


async def test_a_stream_goes_on_where_another_has_ended_and_is_live(server: Server) -> None:
    async with control_of(server) as control:
        await act(control, act="rings", person="Ann")
        first = await events_of(control, '"act"')
        waiting = asyncio.create_task(events_of(control, '"Ben"', after=first[-1]["number"]))
        await asyncio.sleep(0.1)
        await act(control, act="rings", person="Ben")
        assert (await waiting)[0]["number"] == first[-1]["number"] + 1
        assert (await control.get("events?after=x")).status_code == 400


async def test_open_streams_do_not_hold_up_the_end_of_the_server() -> None:
    server = Server(port=0)
    opened = asyncio.Event()

    async def read(control: httpx.AsyncClient) -> None:
        async with control.stream("GET", "events") as stream:
            async for _ in stream.aiter_lines():
                opened.set()

    async with asyncio.timeout(10), control_of(server) as control:
        async with server.running():
            reading = asyncio.create_task(read(control))
            await opened.wait()
        await reading


async def test_requests_that_do_not_end_do_not_hold_up_the_end_of_the_server() -> None:
    server = Server(port=0)
    async with asyncio.timeout(10):
        async with server.running():
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            head = "POST /v1.0/communications/calls HTTP/1.1\r\nHost: {}\r\nContent-Length: 9\r\n\r\n{{"
            writer.write(head.format(server.url.removeprefix("http://")).encode())
            await writer.drain()
            async with control_of(server) as control:
                await control.get("openid")  # by now the other request has arrived
        assert await reader.read() == b""
        writer.close()


async def test_a_reset_forgets_the_calls_and_is_an_event(server: Server) -> None:
    async with control_of(server) as control:
        await act(control, act="rings", person="Ann")
        assert (await control.post("reset")).status_code == 204
        assert (await control.get("info")).json()["people"] == []
        assert (await events_of(control, '"reset"'))[-1]["kind"] == "reset"
    assert len(server.calls) == 0


async def test_what_is_no_act_is_refused(server: Server) -> None:
    async with control_of(server) as control:
        half = b'{"act": "rings", "person": "\\ud800"}'
        for body in (b"", b"[", b"[]", b"5", b"\xff", b"[" * 100_000, b"{}", half):
            response = await control.post("acts", content=body)
            assert response.status_code == 400, body[:10]
            assert response.json()["error"]["message"]


async def test_ringing_without_a_callback_is_refused_with_what_to_do() -> None:
    server = Server(port=0)
    async with server.running(), control_of(server) as control:
        response = await control.post("acts", json={"act": "rings", "person": "Ann"})
    assert response.status_code == 400
    assert "start with --callback" in response.json()["error"]["message"]


async def test_the_event_of_an_act_has_what_the_act_is_about_and_nothing_else(
    server: Server,
) -> None:
    async with control_of(server) as control:
        rung = await act(control, act="rings", person="Ann", call="x", keys="1")
        call = rung["call"]
        await act(control, act="hangs_up", person="Ann", call=call.upper(), app_id="x")
        found = await events_of(control, '"hangs_up"')
    acts = [(one["call"], one["act"]) for one in found if one["kind"] == "act"]
    assert acts == [
        (call, {"act": "rings", "person": "Ann"}),
        (call, {"act": "hangs_up", "call": call, "person": "Ann"}),
    ]


async def test_large_bodies_are_not_read(server: Server) -> None:
    async with control_of(server) as control:
        response = await control.post("acts", content=b" " * 5_000_000)
    assert response.status_code == 413


async def test_who_has_asked_for_a_token_is_who_is_rung(server: Server) -> None:
    async with control_of(server) as control, httpx.AsyncClient(trust_env=False) as client:
        await client.post(f"{server.url}/common/oauth2/v2.0/token", data={"client_id": APP})
        call = await act(control, act="rings", person="Ann")
        other = await act(
            control, act="rings", person="Ann", app_id="x", callback_uri="https://y/z"
        )
    assert server.calls[call["call"]].app_id == APP
    assert (server.calls[other["call"]].app_id, server.calls[other["call"]].callback_uri) == (
        "x",
        "https://y/z",
    )


async def test_a_notification_that_nobody_took_is_posted_again_by_hand() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server(port=0, callback=f"http://127.0.0.1:{port}/api/calls")
    taken: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with server.running(), control_of(server) as control:
        await act(control, act="rings", person="Ann")
        found = await events_of(control, '"notification"')
        number = found[-1]["number"]
        assert found[-1]["status"] is None
        async with await asyncio.start_server(take, "127.0.0.1", port):
            await act(control, act="redelivers", notification=number)
            await events_of(control, '"status": 202', after=number)
            assert len(taken) == 1
        response = await control.post("acts", json={"act": "redelivers", "notification": number})
        assert response.status_code == 400


# -- what people do by hand, in process


def played(svc: Emulator) -> tuple[Events, Acts]:
    service = svc._service  # pyright: ignore[reportPrivateUsage]
    events = Events(service)
    return events, Acts(
        service, events, lambda person, app_id, uri: svc.rings("https://bot/x", from_=person)
    )


def last_call(events: Events) -> Any:
    return [one for one in events.since(0) if one["kind"] == "call"][-1]


def doing(events: Events) -> dict[str, str]:
    return {one["person"]: one["doing"] for one in last_call(events)["people"]}


async def perform(svc: Emulator, acts: Acts, **members: object) -> None:
    async def do() -> None:
        acts.perform(members)

    await asyncio.to_thread(svc.wait_for, do())


async def test_a_person_answers_by_hand_whatever_the_script_says() -> None:
    with Emulator() as svc:
        events, acts = played(svc)
        call = svc.client().calls.create(call_to(svc.user("Ann").declines(after=9)))
        svc.advance(seconds=1)
        await perform(svc, acts, act="answers", call=call.id, person="Ann")
        assert doing(events) == {"Ann": "joins"}
        with pytest.raises(ActError, match="Ann is about to be in the call"):
            acts.perform({"act": "presses", "call": call.id, "person": "Ann", "keys": "1"})
        svc.run()
        assert svc.calls[call.id].state == "established"
        assert doing(events) == {"Ann": "talks"}
        await perform(svc, acts, act="presses", call=call.id, person="Ann", keys="1#")
        assert svc.calls[call.id].tones == ["1", "#"]
        await perform(svc, acts, act="hangs_up", call=call.id, person="Ann")
        svc.run()
        assert svc.calls[call.id].ended_by == "user"
        assert (last_call(events)["state"], last_call(events)["ended_by"]) == ("terminated", "user")
        with pytest.raises(ActError, match="the call has ended"):
            acts.perform({"act": "presses", "call": call.id, "person": "Ann", "keys": "1"})


async def test_a_person_declines_by_hand() -> None:
    with Emulator() as svc:
        events, acts = played(svc)
        call = svc.client().calls.create(call_to(svc.user("Ann").answers(after=5)))
        svc.advance(seconds=1)
        assert doing(events) == {"Ann": "rings"}
        await perform(svc, acts, act="declines", call=call.id, person="Ann")
        svc.run()
        assert svc.calls[call.id].result == {
            "@odata.type": "#microsoft.graph.resultInfo",
            "code": 603,
            "subcode": 0,
            "message": "The callee declined the call. DiagCode: 0#0.@",
        }


async def test_a_caller_hangs_up_before_the_bot_has_answered() -> None:
    with Emulator() as svc:
        events, acts = played(svc)
        await perform(svc, acts, act="rings", person="Ann")
        (call,) = svc.calls
        assert doing(events) == {"Ann": "calls"}
        await perform(svc, acts, act="hangs_up", call=call.id, person="Ann")
        svc.run()
        assert call.ended_by == "user"


async def test_people_come_and_go_in_a_meeting_whose_lobby_admits_the_bot() -> None:
    link = "https://teams.microsoft.com/meet/1234567?p=psw123"
    with Emulator() as svc:
        events, acts = played(svc)
        svc.meeting(link, lobby=True)
        body = {
            "callbackUri": "https://bot/x",
            "requestedModalities": ["audio"],
            "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"},
            "meetingInfo": {
                "@odata.type": "#microsoft.graph.joinMeetingIdMeetingInfo",
                "joinMeetingId": "1234567",
                "passcode": "psw123",
            },
            "tenantId": svc.tenant_id,
        }
        created = svc.client().request("POST", "/communications/calls", body=body)
        call = svc.calls[created["id"]]
        svc.advance(seconds=1)
        assert last_call(events)["lobby"] is True
        with pytest.raises(ActError, match="that the bot is in"):
            acts.perform({"act": "joins", "call": call.id, "person": "Ann"})
        await perform(svc, acts, act="admits", call=call.id)
        svc.run()
        assert last_call(events)["lobby"] is False
        await perform(svc, acts, act="joins", call=call.id, person="Ann")
        await perform(svc, acts, act="joins", call=call.id, person=NUMBER)
        svc.run()
        assert doing(events) == {"Ann": "talks", "phone 1": "talks"}
        assert "phone 1" in last_call(events)["roster"]
        for wrong in ("Ann", "phone 1"):
            with pytest.raises(ActError, match="in the call already"):
                acts.perform({"act": "joins", "call": call.id, "person": wrong})
        await perform(svc, acts, act="leaves", call=call.id, person="Ann")
        svc.run()
        assert doing(events) == {"phone 1": "talks"}
        with pytest.raises(ActError, match="in no lobby"):
            acts.perform({"act": "admits", "call": call.id})


WRONG: list[tuple[dict[str, object], str]] = [
    ({"act": "answers", "person": "Ann"}, "call is the id of a call"),
    ({"act": "answers", "call": "CALL", "person": "Ben"}, "Ben does not"),
    ({"act": "presses", "call": "CALL", "person": "Ann", "keys": "1"}, "Ann is being rung"),
    (
        {"act": "presses", "call": "CALL", "person": "Ann", "keys": "A"},
        "keys are some of 0 1 2",
    ),
    (
        {"act": "presses", "call": "CALL", "person": "Ann", "keys": "1" * 201},
        "keys are some of",
    ),
    ({"act": "joins", "call": "CALL", "person": "Ben"}, "only a group or meeting"),
    ({"act": "rings"}, "person is a name or a telephone number"),
    ({"act": "rings", "person": "x" * 201}, "person is a name or a telephone number"),
    ({"act": "redelivers", "notification": 1}, "of one that was not taken"),
    ({"act": "redelivers"}, "of one that was not taken"),
    ({}, "act is one of rings, answers"),
]


async def test_an_act_that_cannot_be_done_is_refused_with_what_it_lacks() -> None:
    with Emulator() as svc:
        _, acts = played(svc)
        call = svc.client().calls.create(call_to(svc.user("Ann")))
        svc.advance(seconds=1)
        for wrong, message in WRONG:
            told = {name: call.id if value == "CALL" else value for name, value in wrong.items()}
            with pytest.raises(ActError, match=message):
                acts.perform(told)


async def test_old_events_are_forgotten() -> None:
    with Emulator() as svc:
        events, _ = played(svc)
        for _ in range(MOST + 5):
            events.add("reset")
        kept = events.since(0)
        assert (len(kept), kept[0]["number"], kept[-1]["number"]) == (MOST, 6, MOST + 5)
        assert [one["number"] for one in events.since(MOST, 3)] == [MOST + 1, MOST + 2, MOST + 3]
        assert events.since(MOST + 5) == []
