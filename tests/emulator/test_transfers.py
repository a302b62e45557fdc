"""Calls that are passed on."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from graph_comms import GraphHTTPError, PermissionDeniedError
from graph_emulator import Emulator
from tests.emulator.bots import bot_of, call_to, states, target


@pytest.fixture
def svc() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


@pytest.mark.parametrize("consultative", [False, True])
def test_a_call_is_transferred(svc: Emulator, consultative: bool) -> None:
    bot, ends = bot_of(svc), list[Any]()
    bot.terminated(lambda event: ends.append(event.result and event.result.subcode))
    svc.connect(bot)
    call = svc.client().calls.create(call_to(svc.user("Ann").answers()))
    svc.run()
    to = target(svc.user("Ben").answers(after=3))
    to.replaces_call_id = str(call.id) if consultative else None
    svc.client().calls.transfer(str(call.id), transfer_target=to)
    svc.run()
    assert states(svc, call.id)[-3:] == ["transferring", "transferAccepted", "terminated"]
    assert ends == [None if consultative else 7015]
    assert svc.calls[str(call.id)].ended_by == "bot"


@pytest.mark.parametrize("consultative", [False, True])
def test_a_transfer_fails(svc: Emulator, consultative: bool) -> None:
    bot, failures = bot_of(svc), list[Any]()
    bot.transfer_failed(lambda event: failures.append(event.result.subcode))
    svc.connect(bot)
    call = svc.client().calls.create(call_to(svc.user("Ann").answers()))
    svc.run()
    to = target(svc.user("Ben").declines())
    to.replaces_call_id = str(call.id) if consultative else None
    svc.client().calls.transfer(str(call.id), transfer_target=to)
    svc.run()
    assert failures == [7700 if consultative else 7000]
    assert svc.calls[str(call.id)].state == "established"


def test_what_cannot_be_passed_on_is_refused(svc: Emulator) -> None:
    call = svc.client().calls.create(call_to(svc.user("Ann").answers()))
    ben = target(svc.user("Ben"))
    with pytest.raises(GraphHTTPError, match="8501"):
        svc.client().calls.transfer(str(call.id), transfer_target=ben)
    with pytest.raises(PermissionDeniedError):
        svc.client(roles=["Calls.JoinGroupCall.All"]).calls.transfer(
            str(call.id), transfer_target=ben
        )
    with pytest.raises(GraphHTTPError, match="8585"):
        svc.client().calls.redirect(str(call.id), targets=[ben])


def test_a_call_is_redirected(svc: Emulator) -> None:
    bot = bot_of(svc)
    ben = svc.user("Ben")

    @bot.incoming
    async def pass_on(call: Any) -> None:
        await call.redirect([target(ben)])

    svc.connect(bot)
    call = svc.rings(bot, from_=svc.user("Ann"))
    svc.run()
    assert (call.ended_by, call.state) == ("bot", "terminated")
    assert svc.log.operations == ["redirect"]


@pytest.mark.parametrize(("count", "timeout"), [(26, None), (1, 5), (1, 91)])
def test_redirections_have_limits(svc: Emulator, count: int, timeout: int | None) -> None:
    call = svc.rings(bot_of(svc), from_=svc.user("Ann"))
    targets = [target(svc.user(f"user {number}")) for number in range(count)]
    options: dict[str, Any] = {} if timeout is None else {"timeout": timeout}
    with pytest.raises(GraphHTTPError, match="8523"):
        svc.client().calls.redirect(call.id, targets=targets, **options)
