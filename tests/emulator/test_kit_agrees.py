"""Whatever people and a bot do, the bot's store and the emulator come to the same of each call."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph_comms.bot import Bot, CallEnded, OperationFailed
from graph_emulator import Emulator, Person
from graph_emulator.people import KEYS
from tests.emulator.bots import bot_of, call_to


@dataclass(frozen=True)
class Script:
    """What one person does in a call, and whether the bot or the person rings."""

    incoming: bool
    response: str
    responds_after: float
    keys: str
    keys_after: float
    leaves_after: float | None

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
        return person


@dataclass
class Seen:
    """What the bot was told of a call."""

    tones: list[str] = field(default_factory=list[str])
    operations: dict[str, str] = field(default_factory=dict[str, str])
    ends: list[Any] = field(default_factory=list[Any])


SECONDS = st.floats(0, 20).map(lambda seconds: round(seconds, 1))
SCRIPTS = st.builds(
    Script,
    incoming=st.booleans(),
    response=st.sampled_from(["answers", "answers", "declines", "is_busy", "does_not_answer"]),
    responds_after=SECONDS,
    keys=st.text("0123456789*#", max_size=4),
    keys_after=SECONDS,
    leaves_after=st.none() | SECONDS,
)
ACTIONS = st.lists(
    st.sampled_from(["subscribe", "play", "play and wait", "cancel", "tones", "hang up"]),
    max_size=5,
)


@given(scripts=st.lists(SCRIPTS, min_size=1, max_size=3), actions=ACTIONS, deltas=st.booleans())
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_the_bot_comes_to_what_happened(
    scripts: list[Script], actions: list[str], deltas: bool
) -> None:
    seen: dict[str, Seen] = {}
    with Emulator() as svc:
        bot = bot_of(svc)
        follow(bot, seen, actions)
        svc.connect(bot)
        for number, script in enumerate(scripts):
            person = script.given_to(svc.user(f"user {number}"))
            if script.incoming:
                svc.rings(bot, from_=person)
            else:
                svc.wait_for(bot.create(call_to(person, deltas=deltas)))
        svc.run()
        for call in svc.calls:
            held = svc.wait_for(bot.engine.held(call.id))
            assert held is not None
            told = seen.setdefault(call.id, Seen())
            assert held.state.ended == call.ended
            assert [dict(end) for end in told.ends] == ([call.result or {}] if call.ended else [])
            assert [KEYS[tone] for tone in told.tones] == notified_tones(svc, call.id)
            finished = {
                operation.id: operation.status
                for operation in call.operations.values()
                if operation.status != "running" and operation.kind == "playPromptOperation"
            }
            assert told.operations == finished
            if not call.ended:
                assert held.state.state == call.state
                assert sorted(held.state.roster) == sorted(call.participants)


def notified_tones(svc: Emulator, call_id: str) -> list[str]:
    """Return the keys that a bot was notified of, in the order of their numbers."""
    items = [
        logged.body["value"][0]["resourceData"]
        for logged in svc.log.notifications
        if logged.call_id == call_id
    ]
    tones = [item["toneInfo"] for item in items if "toneInfo" in item]
    return [tone["tone"] for tone in sorted(tones, key=lambda tone: tone["sequenceId"])]


def follow(bot: Bot, seen: dict[str, Seen], actions: list[str]) -> None:
    """Let a bot do as it is told in each call, and note what it is told of it."""

    def of(event: Any) -> Seen:
        return seen.setdefault(event.call.id, Seen())

    @bot.incoming
    async def ring(call: Any) -> None:
        await call.answer()

    @bot.media_active
    async def act(call: Any) -> None:
        for action in actions:
            with contextlib.suppress(CallEnded, OperationFailed, TimeoutError):
                await do(call, action)

    @bot.tone
    async def press(event: Any) -> None:
        of(event).tones.append(event.tone)

    @bot.operation
    async def finish(event: Any) -> None:
        of(event).operations[event.operation.id] = event.operation.status.value

    @bot.terminated
    async def end(event: Any) -> None:
        of(event).ends.append(event.result.to_dict() if event.result else {})


async def do(call: Any, action: str) -> None:
    match action:
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
