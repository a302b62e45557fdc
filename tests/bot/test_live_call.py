"""What a handler holds: a call with the methods of the client, which ends and is decided once."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from graph_comms import OPERATIONS, AsyncCommunicationsClient, RetryPolicy
from graph_comms.bot.errors import AlreadyDecided, CallEnded
from graph_comms.bot.live import LiveCall
from graph_comms.bot.notification import Context
from graph_comms.models import (
    AudioRoutingGroup,
    CallState,
    Identity,
    IdentitySet,
    InvitationParticipantInfo,
    MediaInfo,
    MediaPrompt,
    RecordingStatus,
    RejectReason,
    RoutingMode,
    ScreenSharingRole,
    Tone,
)
from tests.bot import samples
from tests.bot.keeping import CALL, CALLBACK, Graph, Process, Sent, end, established, incoming
from tests.bot.manual_clock import BEGIN, settle
from tests.support.server import SILENT, GraphServer, leading

pytestmark = pytest.mark.anyio

WAV = "https://bot.contoso.com/hello.wav"
PROMPT = {
    "@odata.type": "#microsoft.graph.mediaPrompt",
    "mediaInfo": {"@odata.type": "#microsoft.graph.mediaInfo", "uri": WAV},
}
PERSON = InvitationParticipantInfo(
    identity=IdentitySet(user=Identity(id="550fae72-d251-43ec-868c-373732c2704f"))
)
ROUTE = AudioRoutingGroup(routing_mode=RoutingMode.ONE_TO_ONE)

Ask = Callable[[LiveCall], Coroutine[Any, Any, object]]

REQUESTS: list[tuple[str, Ask, dict[str, Any] | None]] = [
    (
        "POST /answer",
        lambda call: call.answer(),
        {
            "callbackUri": CALLBACK,
            "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"},
            "acceptedModalities": ["audio"],
        },
    ),
    ("POST /reject", lambda call: call.reject(RejectReason.BUSY), {"reason": "busy"}),
    ("POST /redirect", lambda call: call.redirect([PERSON], timeout=20), {"timeout": 20}),
    ("POST /playPrompt", lambda call: call.play_prompt(WAV), {"prompts": [PROMPT]}),
    ("POST /playPrompt", lambda call: call.play_prompt([WAV, WAV]), {"prompts": [PROMPT] * 2}),
    (
        "POST /playPrompt",
        lambda call: call.play_prompt(MediaPrompt(media_info=MediaInfo(uri=WAV))),
        {"prompts": [PROMPT]},
    ),
    (
        "POST /recordResponse",
        lambda call: call.record(WAV, play_beep=False, stop_tones=["#"]),
        {"prompts": [PROMPT], "playBeep": False, "stopTones": ["#"]},
    ),
    ("POST /subscribeToTone", lambda call: call.subscribe_to_tone(), {}),
    ("POST /sendDtmfTones", lambda call: call.send_dtmf("1#"), {"tones": ["tone1", "pound"]}),
    ("POST /sendDtmfTones", lambda call: call.send_dtmf([Tone.FLASH]), {"tones": ["flash"]}),
    ("POST /mute", lambda call: call.mute(), {}),
    ("POST /unmute", lambda call: call.unmute(), {}),
    ("POST /participants/invite", lambda call: call.invite([PERSON]), {}),
    ("POST /transfer", lambda call: call.transfer(PERSON), {}),
    ("POST /keepAlive", lambda call: call.keep_alive(), None),
    ("POST /cancelMediaProcessing", lambda call: call.cancel_media_processing(), {}),
    (
        "POST /updateRecordingStatus",
        lambda call: call.update_recording_status(RecordingStatus.RECORDING),
        {"status": "recording"},
    ),
    (
        "POST /changeScreenSharingRole",
        lambda call: call.change_screen_sharing_role(ScreenSharingRole.SHARER),
        {"role": "sharer"},
    ),
    ("POST /addLargeGalleryView", lambda call: call.add_large_gallery_view(), {}),
    ("DELETE ", lambda call: call.hang_up(), None),
    ("GET /participants", lambda call: call.participants.list(), None),
    ("GET /participants/p", lambda call: call.participants.get("p"), None),
    ("DELETE /participants/p", lambda call: call.participants.remove("p"), None),
    ("POST /participants/p/mute", lambda call: call.participants.mute("p"), {}),
    (
        "POST /participants/p/startHoldMusic",
        lambda call: call.participants.start_hold_music("p", custom_prompt=WAV),
        {"customPrompt": PROMPT},
    ),
    (
        "POST /participants/p/stopHoldMusic",
        lambda call: call.participants.stop_hold_music("p"),
        {},
    ),
    ("GET /audioRoutingGroups", lambda call: call.audio_routing_groups.list(), None),
    (
        "POST /audioRoutingGroups",
        lambda call: call.audio_routing_groups.create(ROUTE),
        {"routingMode": "oneToOne"},
    ),
    ("GET /audioRoutingGroups/g", lambda call: call.audio_routing_groups.get("g"), None),
    (
        "PATCH /audioRoutingGroups/g",
        lambda call: call.audio_routing_groups.update("g", ROUTE),
        {"routingMode": "oneToOne"},
    ),
    ("DELETE /audioRoutingGroups/g", lambda call: call.audio_routing_groups.delete("g"), None),
    ("GET /contentSharingSessions", lambda call: call.content_sharing_sessions.list(), None),
    ("GET /contentSharingSessions/s", lambda call: call.content_sharing_sessions.get("s"), None),
]


@pytest.mark.parametrize(("request_line", "ask", "body"), REQUESTS)
async def test_each_method_sends_its_request(
    request_line: str, ask: Ask, body: dict[str, Any] | None
) -> None:
    process = Process()
    await ask(incoming(process))
    (sent,) = process.graph.sent
    assert f"{sent.method} {sent.path}" == request_line
    assert (body or {}).items() <= (sent.body or {}).items()


def method_of(path: str, verb: str) -> str:
    """Return which method of a LiveCall does what a request of the documentation does."""
    return f"{verb} {path.removeprefix('/communications/calls/{call-id}')}"


def test_every_documented_request_about_a_call_has_a_method() -> None:
    documented = {
        method_of(operation.path, operation.method)
        .replace("{participant-id}", "p")
        .replace("{audioRoutingGroup-id}", "g")
        .replace("{contentSharingSession-id}", "s")
        for operation in OPERATIONS
        if operation.path.startswith("/communications/calls/{call-id}") and operation.documented
    }
    # The state of a call is kept up to date by notifications.
    assert documented - {line for line, _, _ in REQUESTS} == {"GET "}


RENAMED = {"hang_up": "delete", "record": "record_response", "send_dtmf": "send_dtmf_tones"}
OWN = {"load", "refresh", "save", "tones"}
PARTS = {"": LiveCall} | {
    name: type(getattr(established(Process()), name))
    for name in ("participants", "audio_routing_groups", "content_sharing_sessions")
}


@pytest.mark.parametrize("part", PARTS)
def test_methods_take_what_those_of_the_client_take(part: str) -> None:
    calls = AsyncCommunicationsClient("token").calls
    owner = getattr(calls, part) if part else calls
    for name, method in inspect.getmembers(PARTS[part], inspect.iscoroutinefunction):
        if name.startswith("_") or name in OWN:
            continue
        of = calls.participants if name == "invite" else owner
        there = "delete" if name == "remove" else RENAMED.get(name, name)
        expected = inspect.signature(getattr(of, there)).parameters.keys() - {"call_id"}
        assert inspect.signature(method).parameters.keys() - {"self"} == expected, name


async def test_people_may_be_recorded_without_a_prompt() -> None:
    process = Process()
    await established(process).record(play_beep=True)
    assert "prompts" not in process.graph.sent[0].body


async def test_options_are_passed_on() -> None:
    process = Process()
    call = established(process)
    await call.mute(headers={"x-own": "1"})
    await call.participants.list(query={"$top": "5"}, headers={"x-own": "2"})
    assert [sent.headers["x-own"] for sent in process.graph.sent] == ["1", "2"]


async def test_what_is_given_replaces_what_is_filled_in() -> None:
    process = Process()
    await incoming(process).answer(callback_uri="https://other.contoso.com/calls")
    await established(process).play_prompt(WAV, client_context="mine")
    assert process.graph.sent[0].body["callbackUri"] == "https://other.contoso.com/calls"
    assert process.graph.sent[1].body["clientContext"] == "mine"


# -- what is known


async def test_a_call_shows_what_is_known_at_any_time() -> None:
    process = Process()
    call = incoming(process, source={"identity": {}})
    assert (call.id, call.state, call.ended) == (CALL, CallState.INCOMING, False)
    assert (call.tenant_id, call.chain_id) == (samples.TENANT, samples.CHAIN)
    assert call.deadline == BEGIN + timedelta(seconds=15)
    assert call.model.source is not None
    end(process)
    assert (call.state, call.ended) == (CallState.TERMINATED, True)
    assert repr(call) == f"<LiveCall {CALL} terminated>"


async def test_each_handler_has_the_delivery_that_it_was_called_for() -> None:
    call = incoming(process := Process())
    other = LiveCall(process, replace(process.shared.states[CALL], id="other"))
    outside = call.context
    assert (outside.message_id, outside.received_at) == (None, BEGIN)

    async def handler(name: str) -> str | None:
        call.context = Context(message_id=name, received_at=BEGIN)
        await asyncio.sleep(0)
        assert other.context.message_id is None
        return await asyncio.to_thread(lambda: call.context.message_id)

    assert [*await asyncio.gather(handler("1"), handler("2"))] == ["1", "2"]
    assert call.context == outside


# -- the end


@pytest.mark.parametrize("ask", [ask for line, ask, _ in REQUESTS if line != "DELETE "])
async def test_nothing_is_sent_about_a_call_that_has_ended(ask: Ask) -> None:
    process = Process()
    call = established(process)
    end(process, 603, 0)
    with pytest.raises(CallEnded, match=r"has ended: the callee declined the call \(603/0\)$") as e:
        await ask(call)
    assert process.graph.sent == []
    assert "1234567" not in f"{e.value!r}{e.value}"


async def test_hanging_up_a_call_that_has_ended_does_nothing() -> None:
    process = Process(Graph({"DELETE": lambda sent: httpx.Response(404)}))
    call = established(process)
    await call.hang_up()
    end(process)
    await call.hang_up()
    assert len(process.graph.sent) == 1


# -- decisions

DECISIONS: list[Ask] = [
    lambda call: call.answer(),
    lambda call: call.reject(),
    lambda call: call.redirect([PERSON]),
]


@pytest.mark.parametrize("decide", DECISIONS)
async def test_a_call_is_decided_before_the_request_leaves(decide: Ask) -> None:
    decided: list[str | None] = []

    def answer(sent: Sent) -> httpx.Response:
        decided.append(process.shared.states[CALL].decided)
        return httpx.Response(503)

    process = Process(Graph({"answer": answer, "reject": answer, "redirect": answer}))
    call = incoming(process)
    with pytest.raises(Exception, match="HTTP 503"):
        await decide(call)
    assert decided == [process.graph.sent[0].path[1:]]
    with pytest.raises(AlreadyDecided, match=f"is decided already, by {decided[0]}"):
        await call.answer()
    assert len(process.graph.sent) == 1


async def test_of_several_processes_one_decides() -> None:
    first = Process()
    others = [Process(first.graph, first.shared, first.clock) for _ in range(3)]
    incoming(first)
    calls = [process.live(first.shared.states[CALL]) for process in [first, *others]]
    results = await asyncio.gather(
        *(decide(call) for decide in DECISIONS for call in calls), return_exceptions=True
    )
    assert len(first.graph.sent) == 1
    assert sum(isinstance(result, AlreadyDecided) for result in results) == len(results) - 1


@pytest.mark.parametrize("decide", DECISIONS)
async def test_nothing_is_decided_after_the_deadline(decide: Ask) -> None:
    process = Process()
    call = incoming(process)
    await process.clock.advance(15)
    with pytest.raises(AlreadyDecided, match="can no longer be decided: its deadline is over"):
        await decide(call)
    assert process.graph.sent == []


@pytest.mark.parametrize("decide", DECISIONS)
async def test_the_deadline_bounds_retries(decide: Ask) -> None:
    def busy(sent: Sent) -> httpx.Response:
        return httpx.Response(503, headers={"Retry-After": "3"})

    process = Process(Graph({"answer": busy, "reject": busy, "redirect": busy}))
    call = incoming(process)
    await process.clock.advance(13)
    with pytest.raises(Exception, match="HTTP 503"):
        await decide(call)
    assert len(process.graph.sent) == 1


async def test_the_deadline_cuts_an_attempt_short() -> None:
    with GraphServer([SILENT]) as server:
        process = Process()
        process.client = AsyncCommunicationsClient(
            "token", transport=leading("async", {"graph.microsoft.com": server})
        )
        call = incoming(process, within=0.2)
        with pytest.raises(Exception, match=r"the deadline of 0\.2 s is over"):
            await call.answer()
        assert server.methods("POST") == 1


async def test_a_tighter_limit_and_other_retries_of_the_caller_are_kept() -> None:
    with GraphServer([SILENT]) as server:
        process = Process()
        process.client = AsyncCommunicationsClient(
            "token", transport=leading("async", {"graph.microsoft.com": server})
        )
        with pytest.raises(Exception, match=r"the deadline of 0\.1 s is over"):
            await incoming(process).answer(retry=RetryPolicy(deadline=0.1))


async def test_a_call_that_has_no_deadline_is_decided_at_any_time() -> None:
    process = Process()
    call = incoming(process)
    process.shared.put(replace(process.shared.states[CALL], deadline=None))
    await process.clock.advance(1000)
    await call.answer()
    await settle()
    assert len(process.graph.sent) == 1
