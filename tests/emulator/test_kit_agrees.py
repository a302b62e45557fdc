"""Whatever people and a bot do, the bot's store and the emulator come to the same of each call."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph_comms import GraphHTTPError, NotFoundError
from graph_comms.bot import Bot, CallEnded, OperationFailed
from graph_emulator import Emulator, Person
from graph_emulator.people import KEYS
from tests.emulator.bots import bot_of, call_to, target

Kind = Literal["incoming", "to one", "to two", "meeting", "lobby"]


@dataclass(frozen=True)
class Script:
    """What one person does in a call, and what call that is."""

    kind: Kind
    response: str
    responds_after: float
    keys: str
    keys_after: float
    leaves_after: float | None
    holds: bool

    def given_to(self, person: Person) -> Person:
        if self.response == "answers":
            person.answers(after=self.responds_after)
        elif self.response == "declines":
            person.declines(after=self.responds_after)
        else:
            getattr(person, self.response)()
        person.presses(self.keys, after=self.keys_after)
        if self.leaves_after is not None:
            person.hangs_up(after=self.leaves_after)
        if self.holds:
            person.holds(after=1, seconds=2)
        return person


@dataclass
class Told:
    """What the bot was told of one call."""

    tones: dict[int, str] = field(default_factory=dict[int, str])
    operations: dict[str, str] = field(default_factory=dict[str, str])
    ends: list[Any] = field(default_factory=list[Any])


@dataclass
class Seen:
    """A bot, and what it was told of its calls."""

    bot: Bot
    calls: dict[str, Told] = field(default_factory=dict[str, Told])
    failures: list[Exception] = field(default_factory=list[Exception])

    def of(self, call_id: str) -> Told:
        return self.calls.setdefault(call_id, Told())


SECONDS = st.floats(0, 20).map(lambda seconds: round(seconds, 1))
SCRIPTS = st.builds(
    Script,
    kind=st.sampled_from(get_args(Kind)),
    response=st.sampled_from(["answers", "answers", "declines", "is_busy", "does_not_answer"]),
    responds_after=SECONDS,
    keys=st.text("0123456789*#", max_size=4),
    keys_after=SECONDS,
    leaves_after=st.none() | SECONDS,
    holds=st.booleans(),
)
ACTIONS = st.lists(
    st.sampled_from(
        [
            "subscribe",
            "play",
            "play and wait",
            "record",
            "cancel",
            "tones",
            "hang up",
            "mute",
            "unmute",
            "invite",
            "transfer",
            "remove",
            "hold music",
        ]
    ),
    max_size=6,
)


DISTURBANCES = st.fixed_dictionaries(
    {
        "duplicate": st.integers(1, 3),
        "disorder": st.booleans(),
        "late": st.sampled_from([0.0, 0.3, 30.0]),
    }
)
SCRIPTED = st.lists(SCRIPTS, min_size=1, max_size=3)


@given(
    scripts=SCRIPTED, actions=ACTIONS, deltas=st.booleans(), disturbance=st.just({}) | DISTURBANCES
)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_the_bot_comes_to_what_happened(
    scripts: list[Script], actions: list[str], deltas: bool, disturbance: dict[str, Any]
) -> None:
    with Emulator() as svc:
        svc.deliver(**disturbance)
        seen = play(svc, scripts, actions, deltas=deltas)
        for call in svc.calls:
            held = svc.wait_for(seen.bot.engine.held(call.id))
            assert held is not None
            told = seen.of(call.id)
            assert held.state.ended == call.ended
            assert [dict(end) for end in told.ends] == ([call.result or {}] if call.ended else [])
            assert told.tones == notified_tones(svc, call.id)
            finished = notified_operations(svc, call.id)
            assert told.operations == {one: call.operations[one].status for one in finished}
            if not call.ended:
                assert held.state.state == call.state
                assert sorted(held.state.roster) == sorted(call.participants)


@given(scripts=SCRIPTED, actions=ACTIONS, lose=st.floats(0, 0.5))
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
def test_each_call_ends_once_whatever_is_lost(
    scripts: list[Script], actions: list[str], lose: float
) -> None:
    with Emulator() as svc:
        svc.deliver(duplicate=2, disorder="all", lose=lose, late=5)
        seen = play(svc, scripts, actions, deltas=False)
        svc.advance(minutes=40)  # until a keepAlive has found what was not told
        for call in svc.calls:
            known = svc.wait_for(seen.bot.engine.held(call.id))
            if call.ended and known is not None:
                assert known.state.ended
                assert len(seen.of(call.id).ends) == 1
        # A handler that is told late asks about a call that has ended.
        assert [one for one in seen.failures if not is_about_an_ended_call(one)] == []


@given(scripts=SCRIPTED, actions=ACTIONS, disturbance=DISTURBANCES, seed=st.integers())
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
def test_a_seed_and_a_script_make_one_run(
    scripts: list[Script], actions: list[str], disturbance: dict[str, Any], seed: int
) -> None:
    def run() -> list[tuple[object, ...]]:
        with Emulator(seed=seed) as svc:
            svc.deliver(lose=0.1, **disturbance)
            play(svc, scripts, actions, deltas=False)
            log = sorted([*svc.log.requests, *svc.log.notifications], key=lambda one: one.number)
            return [
                (one.time, one.method, one.path, one.status, written(one.body), written(one.answer))
                for one in log
            ]

    assert run() == run()


def written(body: Any) -> str:
    """Return JSON as text, without what bots choose by chance."""
    return re.sub(r'"(clientContext|client-request-id)": "[^"]*"', "", json.dumps(body))


def play(svc: Emulator, scripts: list[Script], actions: list[str], *, deltas: bool) -> Seen:
    """Let people call a bot, and be called by it, until nothing is left to happen."""
    bot = bot_of(svc)
    seen = follow(bot, actions, svc.user("guest").answers(after=1).hangs_up(after=9))
    svc.connect(bot)
    for number, script in enumerate(scripts):
        person = script.given_to(svc.user(f"user {number}"))
        match script.kind:
            case "incoming":
                svc.rings(bot, from_=person)
            case "to one" | "to two":
                others = [svc.user("other").answers(after=1)] if script.kind == "to two" else []
                svc.wait_for(bot.create(call_to(person, *others, deltas=deltas)))
            case _:
                meet(svc, bot, person, number, script)
    svc.run()
    return seen


def meet(svc: Emulator, bot: Bot, person: Person, number: int, script: Script) -> None:
    """Let the bot join a meeting, to which a person comes, and from which the person may go."""
    link = f"https://teams.microsoft.com/meet/100000{number}"
    meeting = svc.meeting(link, lobby=script.kind == "lobby").joins(person, after=1)
    meeting.admits(after=script.responds_after)
    if script.leaves_after is not None:
        meeting.leaves(person, after=1 + script.leaves_after)
    svc.wait_for(bot.join(link, tenant_id=svc.tenant_id))


def notified(svc: Emulator, call_id: str) -> list[Any]:
    """Return the notifications of a call."""
    return [
        logged.body["value"][0] for logged in svc.log.notifications if logged.call_id == call_id
    ]


def notified_tones(svc: Emulator, call_id: str) -> dict[int, str]:
    """Return the keys that a bot was notified of, by their numbers."""
    datas = (item.get("resourceData") for item in notified(svc, call_id))
    tones = [data["toneInfo"] for data in datas if isinstance(data, dict) and "toneInfo" in data]
    keys = {name: key for key, name in KEYS.items()}
    return {tone["sequenceId"]: keys[tone["tone"]] for tone in tones}


def notified_operations(svc: Emulator, call_id: str) -> set[str]:
    """Return the ids of the operations of whose end a bot was notified."""
    datas = [
        item["resourceData"]
        for item in notified(svc, call_id)
        if "/operations/" in item["resource"]
    ]
    return {data["id"] for data in datas if data["status"] != "running"}


def follow(bot: Bot, actions: list[str], guest: Person) -> Seen:
    """Let a bot do as it is told in each call, and note what it is told of it."""
    seen = Seen(bot)

    def of(event: Any) -> Told:
        return seen.of(event.call.id)

    bot.error(lambda event: seen.failures.append(event.exception))

    @bot.incoming
    async def ring(call: Any) -> None:
        await call.answer()

    @bot.media_active
    async def act(call: Any) -> None:
        for action in actions:
            with contextlib.suppress(CallEnded, OperationFailed, TimeoutError, GraphHTTPError):
                await do(call, action, guest)

    @bot.tone
    async def press(event: Any) -> None:
        of(event).tones[event.sequence_id] = event.tone

    @bot.operation
    async def finish(event: Any) -> None:
        of(event).operations[event.operation.id] = event.operation.status.value

    @bot.terminated
    async def end(event: Any) -> None:
        of(event).ends.append(event.result.to_dict() if event.result else {})

    return seen


def is_about_an_ended_call(failure: Exception) -> bool:
    """Whether a request came when the call had ended, or was about to, of which the bot was not told."""
    ending = isinstance(failure, GraphHTTPError) and failure.code == "8528"
    return isinstance(failure, NotFoundError) or ending


async def do(call: Any, action: str, guest: Person) -> None:
    match action:
        case "mute" | "unmute":
            await getattr(call, action)()
        case "invite":
            await call.invite([target(guest)])
        case "transfer":
            await call.transfer(target(guest))
        case "remove" | "hold music":
            people = [one async for one in await call.participants.list()]
            method = "remove" if action == "remove" else "start_hold_music"
            await getattr(call.participants, method)(people[-1].id)
        case "record":
            await call.record()
        case "subscribe":
            await call.subscribe_to_tone()
        case "play":
            await call.play_prompt("https://bot.contoso.com/hello.wav")
        case "play and wait":
            played = await call.play_prompt("https://bot.contoso.com/hello.wav")
            await played.completed(timeout=2)
        case "cancel":
            await call.cancel_media_processing()
        case "tones":
            await call.tones(max_digits=2, timeout=3)
        case _:
            await call.hang_up()
