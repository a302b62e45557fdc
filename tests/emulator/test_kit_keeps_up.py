"""Calls that begin, go on and end between one another: the bot's store and the emulator stay equal."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from graph_comms import GraphHTTPError
from graph_comms.bot import CallEnded, OperationFailed
from graph_emulator import Emulator
from graph_emulator.call import Call
from tests.emulator.bots import bot_of, call_to
from tests.emulator.test_kit_agrees import (
    DISTURBANCES,
    do,
    follow,
    notified_operations,
    notified_tones,
)

ACTIONS = [
    *("subscribe", "play", "play and wait", "record", "cancel", "hang up", "mute", "unmute"),
    *("invite", "transfer", "remove", "hold music"),
]
ON_PEOPLE = {"remove", "hold music"}
NAMES = st.sampled_from(["Ann", "Ben", "Cid"])
LINK = "https://teams.microsoft.com/meet/1000001"


class Lives(RuleBasedStateMachine):
    """People and a bot do what they like, while notifications come twice, late and out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.open = contextlib.ExitStack()
        self.svc = self.open.enter_context(Emulator())
        self.bot = bot_of(self.svc)
        self.guest = self.svc.user("guest").answers(after=1)
        self.seen = follow(self.bot, [], self.guest)
        self.svc.connect(self.bot)

    @initialize(disturbance=DISTURBANCES)
    def disturb(self, disturbance: dict[str, Any]) -> None:
        self.svc.deliver(**disturbance)

    @rule(name=NAMES)
    def rings(self, name: str) -> None:
        self.svc.rings(self.bot, from_=self.svc.user(name))

    @rule(names=st.lists(NAMES, min_size=1, max_size=2, unique=True), deltas=st.booleans())
    def creates(self, names: list[str], deltas: bool) -> None:
        people = [self.svc.user(name).answers(after=1) for name in names]
        self.svc.wait_for(self.bot.create(call_to(*people, deltas=deltas)))

    @rule(name=NAMES)
    def joins_a_meeting(self, name: str) -> None:
        self.svc.meeting(LINK).joins(self.svc.user(name), after=2)
        self.svc.wait_for(self.bot.join(LINK, tenant_id=self.svc.tenant_id))

    @rule(name=NAMES, key=st.sampled_from("0123456789*#"))
    def presses(self, name: str, key: str) -> None:
        self.svc.user(name).presses(key)

    @rule(number=st.integers(0, 5), person=st.integers(0, 3))
    def hangs_up(self, number: int, person: int) -> None:
        if call := self.one(number):
            legs = self.svc.calls.legs[call.id]
            if legs:
                self.svc._do(lambda: self.svc.calls.leave(legs[person % len(legs)]))

    @rule(number=st.integers(0, 5), action=st.sampled_from(ACTIONS))
    def acts(self, number: int, action: str) -> None:
        if call := self.one(number):
            self.svc.wait_for(self.asks(call.id, action))

    @rule(seconds=st.sampled_from([0.1, 0.5, 3, 40]))
    def waits(self, seconds: float) -> None:
        self.svc.advance(seconds=seconds)

    def one(self, number: int) -> Call | None:
        """Return one of the calls that live."""
        living = [call for call in self.svc.calls if not call.ended]
        return living[number % len(living)] if living else None

    async def asks(self, call_id: str, action: str) -> None:
        """Let the bot do something in a call, which may not be possible any more, or not yet."""
        call = await self.bot.call(call_id)
        if call is None or (action in ON_PEOPLE and self.svc.calls[call_id].state != "established"):
            return
        with contextlib.suppress(CallEnded, OperationFailed, TimeoutError, GraphHTTPError):
            await do(call, action, self.guest)

    def teardown(self) -> None:
        with self.open:
            self.svc.run()
            for call in self.svc.calls:
                self.compare(call)

    def compare(self, call: Call) -> None:
        held = self.svc.wait_for(self.bot.engine.held(call.id))
        told = self.seen.of(call.id)
        assert held is not None
        assert held.state.ended == call.ended
        assert [dict(end) for end in told.ends] == ([call.result or {}] if call.ended else [])
        assert told.tones == notified_tones(self.svc, call.id)
        finished = notified_operations(self.svc, call.id)
        assert told.operations == {one: call.operations[one].status for one in finished}
        if not call.ended:
            assert held.state.state == call.state
            assert sorted(held.state.roster) == sorted(call.participants)


TestLives = Lives.TestCase
TestLives.settings = settings(
    max_examples=15,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
