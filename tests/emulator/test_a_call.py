"""Whole calls between a bot and scripted people, on the virtual clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from graph_comms import GraphHTTPError
from graph_comms.models import IdentitySet, InvitationParticipantInfo
from graph_emulator import Emulator, Stuck
from tests.emulator.bots import bot_of, call_to


@pytest.fixture
def svc() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


def test_a_bot_greets_and_hangs_up(svc: Emulator) -> None:
    bot = bot_of(svc)

    @bot.media_active
    async def greet(call: Any) -> None:
        played = await call.play_prompt("https://bot.contoso.com/hello.wav")
        await played.completed(timeout=30)
        await call.hang_up()

    svc.connect(bot)
    ann = svc.user("Ann").answers(after=2).presses("1", after=5)
    call = svc.client(roles=["Calls.Initiate.All"]).calls.create(call_to(ann))
    svc.run()
    assert call.id is not None
    assert svc.calls[call.id].ended_by == "bot"
    assert svc.log.operations == ["create", "playPrompt", "delete"]
    assert {logged.status for logged in svc.log.notifications} == {202}


def test_keys_and_the_end_reach_a_def_handler(svc: Emulator) -> None:
    bot = bot_of(svc)
    seen: list[object] = []

    @bot.media_active
    def ask(call: Any) -> None:
        seen.append(call.tones(max_digits=4, stop="#", timeout=10))
        time.sleep(0.05)  # the clock stands still meanwhile
        seen.append(svc.clock.now().second)

    @bot.terminated
    def ended(event: Any) -> None:
        seen.append(event.result.subcode)

    svc.connect(bot)
    ann = svc.user("Ann").answers(after=1).presses("12#", after=3, every=1).hangs_up(after=20)
    call = svc.client().calls.create(call_to(ann))
    svc.run()
    assert seen == ["12", 6, 5002]
    assert svc.calls[str(call.id)].ended_by == "user"
    assert svc.calls[str(call.id).upper()].tones == ["1", "2", "#"]


def test_a_bot_is_rung_and_answers(svc: Emulator) -> None:
    bot = bot_of(svc)
    seen: list[str] = []

    @bot.incoming
    async def ring(call: Any) -> None:
        await call.answer()

    @bot.media_active
    async def active(call: Any) -> None:
        seen.append("active")

    svc.connect(bot)
    call = svc.rings(bot, from_=svc.user("Ann").hangs_up(after=3))
    svc.run()
    assert seen == ["active"]
    assert (call.ended_by, call.direction) == ("user", "incoming")


def test_an_incoming_call_that_nothing_decides_is_rejected(svc: Emulator) -> None:
    bot = bot_of(svc)
    svc.connect(bot)
    call = svc.rings(bot, from_=svc.user("Ann"))
    svc.advance(seconds=12)
    assert call.state == "incoming"
    svc.advance(seconds=2)
    assert call.ended_by == "bot"
    assert svc.log.operations == ["reject"]


@pytest.mark.parametrize(
    ("response", "ended_by", "subcode"),
    [("declines", "user", 0), ("is_busy", "user", 560486), ("does_not_answer", "service", 10004)],
)
def test_a_call_that_nobody_takes_ends(
    svc: Emulator, response: str, ended_by: str, subcode: int
) -> None:
    bot = bot_of(svc)
    results: list[int] = []

    @bot.terminated
    async def ended(event: Any) -> None:
        results.append(event.result.subcode)

    svc.connect(bot)
    call = svc.client().calls.create(call_to(getattr(svc.user("Ann"), response)()))
    svc.run()
    assert (svc.calls[str(call.id)].ended_by, results) == (ended_by, [subcode])


def test_sleeping_handlers_take_virtual_time(svc: Emulator) -> None:
    bot = bot_of(svc)

    @bot.media_active
    async def wait(call: Any) -> None:
        await asyncio.sleep(50)
        await call.hang_up()

    svc.connect(bot)
    call = svc.client().calls.create(call_to(svc.user("Ann").answers(after=0)))
    svc.run()
    assert svc.calls[str(call.id)].ended_by == "bot"
    assert svc.clock.now().second == 50


def test_a_call_without_a_keep_alive_ends_after_45_minutes(svc: Emulator) -> None:
    call = svc.client().calls.create(call_to(svc.user("Ann").answers()))
    svc.run()
    svc.advance(minutes=44)
    assert svc.calls[str(call.id)].state == "established"
    svc.advance(minutes=2)
    assert svc.calls[str(call.id)].result == {
        "@odata.type": "#microsoft.graph.resultInfo",
        "code": 408,
        "subcode": 8537,
        "message": "The call was not kept alive. DiagCode: 0#8537.@",
    }
    assert len(svc.log.undelivered) == len(svc.log.notifications) > 0


def test_the_bots_own_keep_alive_lets_a_call_live(svc: Emulator) -> None:
    svc.connect(bot_of(svc))
    call = svc.client().calls.create(call_to(svc.user("Ann").answers()))
    svc.advance(hours=3)
    assert svc.calls[str(call.id)].state == "established"
    assert "keepAlive" in [logged.name for logged in svc.log.requests]
    assert svc.log.operations == ["create"]


@pytest.mark.parametrize("kind", ["async", "def"])
def test_a_handler_that_waits_for_ever_is_named(svc: Emulator, kind: str) -> None:
    bot = bot_of(svc)

    async def listen(call: Any) -> None:
        await call.tones(max_digits=1, timeout=None)

    def listen_in_a_thread(call: Any) -> None:
        call.tones(max_digits=1, timeout=None)

    bot.media_active(listen if kind == "async" else listen_in_a_thread)
    svc.connect(bot)
    call = svc.client().calls.create(call_to(svc.user("Ann").answers()))
    with pytest.raises(Stuck, match=rf"listen.*, which waits for keys of call {call.id}"):
        svc.run()
    assert svc.clock.now().minute == 0  # no time passes for it


def test_a_run_ends_at_its_limit(svc: Emulator) -> None:
    bot = bot_of(svc)

    @bot.media_active
    async def wait(call: Any) -> None:
        await asyncio.sleep(7200)

    svc.connect(bot)
    svc.client().calls.create(call_to(svc.user("Ann").answers()))
    with pytest.raises(Stuck, match=r"after 3600 seconds there still are.*wait"):
        svc.run(limit=timedelta(hours=1))


def test_a_synchronous_client_on_the_emulators_loop_says_so(svc: Emulator) -> None:
    bot = bot_of(svc)
    problems: list[str] = []

    @bot.media_active
    async def wrong(call: Any) -> None:
        try:
            svc.client().calls.get(call.id)
        except RuntimeError as error:
            problems.append(str(error))

    svc.connect(bot)
    svc.client().calls.create(call_to(svc.user("Ann").answers()))
    svc.run()
    assert len(problems) == 1
    assert "use the asynchronous one" in problems[0]


def test_the_same_seed_makes_the_same_run() -> None:
    def run(seed: int) -> list[tuple[float, object]]:
        with Emulator(seed=seed) as svc:
            svc.connect(bot_of(svc))
            svc.client().calls.create(call_to(svc.user("Ann").answers(), svc.user("Ben").answers()))
            svc.run()
            return [(logged.time, logged.body) for logged in svc.log.notifications]

    assert run(1) == run(1)
    assert run(1) != run(2)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"callback_uri": "http://bot.contoso.com"}, 400, "8523"),
        ({"media_config": None}, 400, "8523"),
        ({"requested_modalities": None}, 400, "8523"),
        ({"targets": None}, 400, "8523"),
        ({"targets": [InvitationParticipantInfo(identity=IdentitySet())]}, 500, "9999"),
    ],
)
def test_what_cannot_be_created_is_refused(
    svc: Emulator, change: dict[str, Any], status: int, code: str
) -> None:
    call = call_to(svc.user("Ann"))
    for name, value in change.items():
        setattr(call, name, value)
    with pytest.raises(GraphHTTPError) as raised:
        svc.client().calls.create(call)
    assert (raised.value.status, raised.value.code) == (status, code)
    assert svc.log.operations == ["create"]


def test_an_application_without_the_role_is_refused(svc: Emulator) -> None:
    client = svc.client(roles=["Calls.JoinGroupCall.All"])
    with pytest.raises(GraphHTTPError, match="7504"):
        client.calls.create(call_to(svc.user("Ann")))


def test_the_readme_of_the_emulator_runs_as_it_stands() -> None:
    page = (Path(__file__).parents[2] / "emulator/README.md").read_text("utf-8")
    example = page.partition("```python\n")[2].partition("```")[0]
    exec(compile(example, "emulator/README.md", "exec"), {})
