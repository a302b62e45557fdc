"""Whole calls through `bot.handle`: as they are documented, in odd orders, cut off, and hostile."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_comms.models import InvitationParticipantInfo
from tests.bot import samples
from tests.bot.histories import History, Meeting, histories, meetings
from tests.bot.service import BotUnderTest
from tests.golden.documented import load_examples
from tests.support.examples import examples

pytestmark = pytest.mark.anyio

Json = Any
PAGES = Path(__file__).parents[2].parent / "shared" / "examples"

ONCE = ("incoming", "established", "media_active", "transfer_failed", "terminated")


class Played(BotUnderTest):
    """A bot that notes all its events, and is told of calls."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Any] = []
        self.errors: list[Any] = []
        self.bot.any(self.events.append)
        self.bot.error(self.errors.append)

    async def __aenter__(self) -> Played:
        await self.bot.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()
        assert self.errors == []

    async def play(self, items: Sequence[Json]) -> None:
        """Deliver notifications, each by itself, and wait until all events are handled."""
        for item in items:
            reply = await self.post(samples.body(item))
            assert (reply.status, reply.body) == (202, b"")
        await self.rest()

    async def rest(self) -> None:
        """Wait until no event is left."""
        while await self.bot.store.pending("call"):
            await self.settle()

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events if event.kind != "updated"]

    async def known(self) -> Json:
        """What the bot says of the call, by its events and its state, as `History.truth` has it."""
        call = await self.bot.call(samples.CALL)
        results = [event.result for event in self.events if event.kind == "terminated"]
        return {
            "state": call.state.value if call and call.state else "terminated",
            "result": results[0].to_dict() if results else None,
            "tones": sorted(
                (event.sequence_id, event.tone) for event in self.events if event.kind == "tone"
            ),
            "operations": {
                event.operation.id: event.operation.status.value
                for event in self.events
                if event.kind == "operation"
            },
        }


@given(histories(), st.integers(), st.integers(1, 30))
@examples(25, 500)
async def test_deliveries_in_any_order_come_to_the_same(
    history: History, seed: int, length: int
) -> None:
    history = history.until(length)
    async with Played() as played:
        await played.play(history.delivered(seed))
        assert await played.known() == history.truth
        kinds = played.kinds()
        assert {kind: kinds.count(kind) for kind in history.told} == history.told
        assert all(kinds.count(kind) <= 1 for kind in ONCE)


@given(histories(), st.integers(), st.integers(1, 30))
@examples(15, 300)
async def test_a_call_that_is_cut_off_ends_once(history: History, seed: int, length: int) -> None:
    async with Played() as played:
        played.service.answers["keepAlive"] = lambda _: httpx.Response(404, json={})
        await played.play(history.until(length).delivered(seed))
        await played.clock.advance(15 * 60)
        await played.rest()
        told = [event.synthesized for event in played.events if event.kind == "terminated"]
        assert told == [history.until(length).truth["result"] is None]
        assert await played.bot.call(samples.CALL) is None
        before = len(played.events)
        await played.play(history.delivered(seed))
        late = played.events[before:]
        assert all(event.late and event.kind in ("tone", "operation") for event in late)
        assert played.counted["late"] >= len(history.items)
        assert [call async for call in played.bot.calls()] == []


@given(meetings(), st.integers())
@examples(15, 300)
async def test_a_roster_by_changes_comes_to_the_same(meeting: Meeting, seed: int) -> None:
    present = {"value": [*meeting.roster.values()]}
    async with Played() as played:
        played.service.answers["participants"] = lambda _: httpx.Response(200, json=present)
        await played.notify(samples.call_item(state="established"))
        for sent in History(meeting.deltas).delivered(seed):
            await played.notify(sent)
        call = await played.bot.call(samples.CALL)
        assert call is not None
        assert {key: one.is_muted for key, one in call.roster.items()} == {
            key: one["isMuted"] for key, one in meeting.roster.items()
        }


# -- calls as people have them


def _incoming(state: str = "establishing") -> list[Json]:
    return [samples.incoming(), samples.call_item(state=state)]


ACTIVE = samples.call_item(state="established", mediaState={"audio": "active"})
INACTIVE = samples.call_item(mediaState={"audio": "inactive"})
TRANSFERRING = samples.call_item(state="transferring")
ACCEPTED = samples.call_item(state="transferAccepted")
TRANSFERRED = samples.call_item(
    change="deleted",
    state="terminated",
    resultInfo={"code": 0, "subcode": 7015, "message": "GracefulTransferCompleted"},
)
REJECTED = samples.item({"@odata.id": f"/communications/calls/{samples.CALL}"}, change="deleted")
RECORDED: dict[str, Json] = {"botData": {"policyIdentifier": "1", "user": {}}}
LOBBY = {**samples.participant("bot", app=samples.APP), "isInLobby": True}

CALLS: dict[str, tuple[list[Json], list[str]]] = {
    "answered": (
        [*_incoming(), samples.call_item(state="established"), ACTIVE, samples.terminated()],
        ["incoming", "established", "media_active", "terminated"],
    ),
    "not answered": ([*_incoming()[:1], samples.terminated()], ["incoming", "terminated"]),
    "rejected": ([*_incoming("terminating"), REJECTED], ["incoming", "terminated"]),
    "redirected": (
        [*_incoming("redirecting"), INACTIVE, samples.terminated()],
        ["incoming", "terminated"],
    ),
    "recorded by a policy": (
        [
            samples.incoming(**RECORDED),
            samples.call_item(state="establishing", **RECORDED),
            ACTIVE,
            samples.call_item(
                change="deleted",
                state="terminated",
                direction="incoming",
                terminationReason="DiagCode: 3003#7106.@",
                resultInfo={"code": 500, "subcode": 7106, "message": "…"},
                **RECORDED,
            ),
        ],
        ["incoming", "established", "media_active", "terminated"],
    ),
    "let in from the lobby": (
        [
            samples.call_item(state="establishing"),
            samples.call_item(state="established"),
            samples.roster(LOBBY),
            ACTIVE,
            samples.roster({**LOBBY, "isInLobby": False}, samples.participant("ann")),
        ],
        ["established", "media_active", "participant_joined"],
    ),
    "transferred": (
        [ACTIVE, TRANSFERRING, ACCEPTED, INACTIVE, TRANSFERRED],
        ["established", "media_active", "terminated"],
    ),
    "transferred after its media": (
        [ACTIVE, TRANSFERRING, INACTIVE, ACCEPTED, TRANSFERRED],
        ["established", "media_active", "terminated"],
    ),
    "on hold": (
        [ACTIVE, INACTIVE, ACTIVE, samples.call_item(state="hold"), ACTIVE],
        ["established", "media_active"],
    ),
    "deleted at once": ([samples.item(change="deleted")], ["terminated"]),
    "with keys after its end": (
        [ACTIVE, samples.terminated(), samples.tone(4), samples.operation(), samples.tone(3)],
        ["established", "media_active", "terminated", "tone late", "operation late", "tone late"],
    ),
    "with a screen shared": (
        [
            samples.item(change=change, below="/contentsharingsessions/11")
            for change in ("created", "created", "deleted")
        ],
        ["content_sharing", "content_sharing"],
    ),
    "with screens in a list": (
        [
            samples.item([{"id": "a"}, {"id": "b"}], change=change, below="/contentsharingsessions")
            for change in ("created", "updated", "deleted")
        ],
        ["content_sharing"] * 4,
    ),
    "of odd things": (
        [samples.item({}, below="/holograms/1"), samples.call_item(state="levitating")],
        ["unknown", "unknown"],
    ),
}


@pytest.mark.parametrize("name", CALLS)
async def test_a_call_tells_what_happens(name: str) -> None:
    items, expected = CALLS[name]
    async with Played() as played:
        for item in items:
            await played.play([item, item])
        told = [f"{event.kind} late" if event.late else event.kind for event in played.events]
        assert [kind for kind in told if kind != "updated"] == expected


async def test_what_handlers_decide_is_asked_of_graph_once() -> None:
    async with Played() as played:
        calls: list[Any] = []

        @played.bot.incoming
        async def ring(call: Any) -> None:
            calls.append(call)
            await call.redirect([InvitationParticipantInfo()])

        await played.play([samples.incoming(), samples.incoming(), *_incoming("redirecting")])
        await played.play([samples.terminated()])
        await played.clock.advance(60)
        assert played.service.actions() == ["redirect"]
        assert len(calls) == 1


# -- as the pages have them


def documented() -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Yield the bodies of notifications on the pages of calls."""
    for path in sorted(PAGES.glob("*.json")):
        page = json.loads(path.read_text(encoding="utf-8"))
        for example in page["examples"]:
            body = example.get("body")
            if isinstance(body, dict) and str(body.get("@odata.type")).endswith("Notifications"):
                yield path.stem, body


async def _handled(bodies: Sequence[Mapping[str, Json]]) -> list[str]:
    """Return the kinds of events of bodies, each of which is about a call not heard of before."""
    told: list[str] = []
    for body in bodies:
        async with Played() as played:
            reply = await played.post(json.dumps(body).encode())
            assert (reply.status, reply.body) == (202, b"")
            await played.rest()
            assert played.counted == {"received": len(body["value"]), "queued": 0}
            assert {event.call.id for event in played.events} != {None}
            told += [event.kind for event in played.events]
    return told


async def test_all_notifications_of_the_pages_are_understood() -> None:
    if not PAGES.is_dir():
        pytest.skip("the documentation pages are not here")
    bodies = [body for _, body in documented()]
    assert sum(len(body["value"]) for body in bodies) == 43
    told = await _handled(bodies)
    assert "unknown" not in told
    assert told.count("incoming") == 3
    assert told.count("operation") == 7
    assert told.count("transfer_failed") == 5
    assert told.count("content_sharing") == 2


async def test_all_notifications_of_the_page_on_creating_calls_are_understood() -> None:
    bodies = [one.body for example in load_examples() for one in example.notifications]
    assert len(bodies) == 9
    told = await _handled(bodies)
    assert sorted(set(told)) == [
        "content_sharing",
        "established",
        "participant_joined",
        "updated",
    ]


# -- what nobody should send

HOSTILE = [
    b"",
    b"[]",
    b"null",
    b"\xff\xfe{\x00}\x00",
    b"{" * 100_000,
    b'{"value":' + b"[" * 100_000,
    b'{"value":[' + b"9" * 100_000 + b"]}",
    b'{"value":[NaN]}',
    b'{"value":["\\ud800"]}',
    b'{"value":null}',
    b'{"value":{}}',
]


@pytest.mark.parametrize("body", HOSTILE)
async def test_a_body_that_is_no_notification_is_400(body: bytes) -> None:
    async with Played() as played:
        reply = await played.post(body)
        assert (reply.status, reply.body, played.events) == (400, b"", [])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["@odata.type", "value", "call", "resource", "resourceData", "id"]),
            inner | st.sampled_from(["#microsoft.graph.call", f"/calls/{samples.CALL}"]),
        ),
        max_leaves=15,
    )
)
@examples(50, 500)
async def test_any_json_is_answered_without_a_word_of_it(body: Json) -> None:
    async with Played() as played:
        reply = await played.post(json.dumps(body).encode())
        assert (reply.status in (202, 204, 400), reply.body, reply.headers) == (True, b"", {})
        await played.rest()


ODD: list[Json] = [None, 10**400, [None], {"id": 5}]
ODDER: list[Json] = ["", True, -1, 1.5, "x", "é" * 20_000, [], {}]
VALID: list[bytes] = [
    samples.body(samples.roster(samples.participant("ann"))),
    *(samples.body(samples.answered_call()[number]) for number in (2, 6, 7, 8)),
    samples.body(samples.incoming()),
    samples.body(samples.delta(1, samples.participant("ann"))),
    samples.body(samples.item({"id": "s"}, below="/contentsharingsessions/11")),
    samples.joining(),
    samples.left("participant-ann"),
]


def _spoiled(value: Json, odd: Sequence[Json]) -> Iterator[Json]:
    """Yield a value with each of its parts, however deep, replaced by each odd one."""
    yield from odd
    names: list[Any] = [*value] if isinstance(value, dict) else []
    if isinstance(value, list):
        names = [*range(len(value))]
    for name in names:
        for part in _spoiled(value[name], odd):
            spoiled = copy(value)
            spoiled[name] = part
            yield spoiled


def _read(event: Any) -> None:
    """Ask for all that an event and its call show."""
    for shown in (event, event.call):
        for name in dir(shown):
            getattr(shown, name)


@pytest.mark.parametrize("odd", [ODD, pytest.param(ODDER, marks=pytest.mark.thorough)], ids=len)
async def test_an_odd_value_anywhere_in_a_notification_spoils_no_call(odd: list[Json]) -> None:
    spoiled = [json.dumps(one) for body in VALID for one in _spoiled(json.loads(body), odd)]
    calls = [str(UUID(int=2**100 + number)) for number in range(len(spoiled))]
    async with Played() as played:

        @played.bot.terminated
        async def note(event: Any) -> None:
            ended.append(event.call.id)

        ended: list[str] = []
        played.bot.any(_read)
        for call, text in zip(calls, spoiled, strict=True):
            sent = text.replace(samples.CALL, call).encode()
            reply = await played.post(sent)
            assert reply.status in (200, 202, 204, 400), text[:1_000]
            await played.post(samples.body(samples.terminated(call=call)))
        await played.rest()
        assert sorted(ended) == calls


@given(st.binary(max_size=60))
@examples(50, 500)
async def test_any_bytes_are_answered(body: bytes) -> None:
    async with Played() as played:
        assert (await played.post(body)).status in (202, 204, 400)
