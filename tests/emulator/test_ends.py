"""How calls end: which method of a script provokes which code and sub-code."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from graph_comms._runtime.subcodes import explained
from graph_emulator import Emulator, Person
from tests.emulator.bots import CALLBACK, bot_of, call_to, joining

MEETING = "212 345 678 901 23"


@pytest.fixture
def svc() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


def told(svc: Emulator, call_id: str | None) -> dict[str, Any]:
    """Return the resultInfo of the last notification, which is that of the end of a call."""
    [*_, last] = [one for one in svc.log.notifications if one.call_id == call_id]
    item = last.body["value"][0]
    assert (item["changeType"], item["resourceData"]["state"]) == ("deleted", "terminated")
    result: dict[str, Any] = item["resourceData"]["resultInfo"]
    return result


NOT_TAKEN: list[tuple[Callable[[Person], Person], int, int]] = [
    (lambda ann: ann.declines(), 603, 0),
    (lambda ann: ann.declines(code=487, subcode=10024), 487, 10024),
    (lambda ann: ann.declines(code=487, subcode=10003), 487, 10003),
    (lambda ann: ann.declines(code=480, subcode=10037), 480, 10037),
    (lambda ann: ann.declines(code=480, subcode=10076), 480, 10076),
    (lambda ann: ann.declines(code=403, subcode=510403), 403, 510403),
    (lambda ann: ann.is_busy(), 486, 560486),
    (lambda ann: ann.does_not_answer(), 487, 10004),
]


@pytest.mark.parametrize(("script", "code", "subcode"), NOT_TAKEN)
def test_a_call_that_is_not_taken_says_why(
    svc: Emulator, script: Callable[[Person], Person], code: int, subcode: int
) -> None:
    call = svc.client().calls.create(call_to(script(svc.user("Ann"))))
    svc.run()
    result = told(svc, call.id)
    assert (result["code"], result["subcode"]) == (code, subcode)
    assert result["message"].endswith(f". DiagCode: 0#{subcode}.@")


@pytest.mark.parametrize("subcode", [4097, 5000, 5300])
def test_somebody_ends_a_meeting_for_the_bot(svc: Emulator, subcode: int) -> None:
    svc.meeting(MEETING).joins(svc.user("Ann").ends_call(after=9, subcode=subcode))
    call = svc.client().calls.create(joining(MEETING, svc.tenant_id))
    svc.run()
    result, meaning = told(svc, call.id), explained(200, subcode)
    assert meaning is not None
    assert (result["code"], result["subcode"]) == (200, subcode)
    assert result["message"].lower() == f"{meaning}. DiagCode: 0#{subcode}.@".lower()
    assert svc.calls[str(call.id)].ended_by == "user"


def test_the_other_one_vanishes(svc: Emulator) -> None:
    call = svc.client().calls.create(
        call_to(svc.user("Ann").answers().ends_call(after=5, subcode=4521))
    )
    svc.run()
    assert told(svc, call.id)["subcode"] == 4521


def test_the_service_ends_a_call(svc: Emulator) -> None:
    bot, seen = bot_of(svc), list[tuple[int, int]]()
    bot.terminated(lambda event: seen.append((event.result.code, event.result.subcode)))
    svc.connect(bot)
    call = svc.client().calls.create(call_to(svc.user("Ann").answers()))
    svc.advance(seconds=10)
    svc.end(str(call.id).upper(), code=500, subcode=7106)
    svc.end(str(call.id), code=500, subcode=7106)
    svc.run()
    assert seen == [(500, 7106)]
    assert svc.calls[str(call.id)].ended_by == "service"
    with pytest.raises(KeyError):
        svc.end("another", code=500, subcode=7106)


def test_who_calls_gives_up(svc: Emulator) -> None:
    call = svc.rings(CALLBACK, from_=svc.user("Ann").gives_up(after=3))
    svc.run()
    assert (svc.clock.now().second, call.state) == (3, "terminated")
    assert (call.ended_by, told(svc, call.id)["subcode"]) == ("user", 540487)


def test_who_was_answered_does_not_give_up(svc: Emulator) -> None:
    bot = bot_of(svc)

    @bot.incoming
    async def ring(call: Any) -> None:
        await call.answer()

    svc.connect(bot)
    call = svc.rings(bot, from_=svc.user("Ann").gives_up(after=3).hangs_up(after=9))
    svc.run()
    assert told(svc, call.id)["subcode"] == 5002


def test_nobody_decides_about_an_incoming_call(svc: Emulator) -> None:
    call = svc.rings(CALLBACK, from_=svc.user("Ann"))
    svc.advance(seconds=14.9)
    assert call.state == "incoming"
    svc.advance(seconds=0.2)
    assert (call.ended_by, told(svc, call.id)["subcode"]) == ("service", 8587)


@pytest.mark.parametrize(("code", "subcode"), [(-1, 0), (42, 0), (700, 0), (200, -1)])
def test_what_can_be_no_code(svc: Emulator, code: int, subcode: int) -> None:
    for say in (svc.user("Ann").declines, svc.user("Ann").ends_call):
        with pytest.raises(ValueError, match="a code is 0 or between"):
            say(code=code, subcode=subcode)
