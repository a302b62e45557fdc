"""Calls that are passed on."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from graph_comms import GraphHTTPError, PermissionDeniedError
from graph_comms.models import Identity
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
    ben = svc.user("Ben").answers()

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


def users(call: Any) -> list[str]:
    named = [one.identity.get("user") for one in call.roster]
    return [user["displayName"] for user in named if user]


def test_the_audio_ends_before_or_after_a_transfer_is_accepted() -> None:
    firsts: set[str] = set()
    for seed in range(8):
        with Emulator(seed=seed) as svc:
            call = svc.client().calls.create(call_to(svc.user("Ann").answers()))
            svc.run()
            svc.deliver(disorder=True)
            to = target(svc.user("Ben").answers())
            svc.client().calls.transfer(str(call.id), transfer_target=to)
            svc.run()
            told = [one.body["value"][0]["resourceData"] for one in svc.log.notifications[-3:]]
            named = [one.get("mediaState", {}).get("audio") or one["state"] for one in told]
            assert sorted(named[:2]) == ["inactive", "transferAccepted"]
            assert named[2] == "terminated"
            firsts.add(named[0])
    assert firsts == {"inactive", "transferAccepted"}


def test_who_is_consulted_need_not_be_rung(svc: Emulator) -> None:
    bot = bot_of(svc)
    bot.incoming(lambda call: call.answer())
    svc.connect(bot)
    ben = svc.user("Ben")
    consulted = svc.rings(bot, from_=ben)
    call = svc.client().calls.create(call_to(svc.user("Ann").answers()))
    svc.run()
    to = target(ben)
    to.replaces_call_id = consulted.id
    svc.client().calls.transfer(str(call.id), transfer_target=to)
    svc.run()
    assert consulted.ended
    assert svc.calls[call.id].ended


def test_no_call_is_transferred_into_one_that_has_ended(svc: Emulator) -> None:
    ann, ben = svc.user("Ann").answers(), svc.user("Ben").answers().hangs_up(after=1)
    first, second = (svc.client().calls.create(call_to(one)) for one in (ann, ben))
    svc.run()
    to = target(ben)
    to.replaces_call_id = second.id
    svc.client().calls.transfer(str(first.id), transfer_target=to)
    svc.run()
    told = svc.log.notifications[-1].body["value"][0]["resourceData"]
    assert (told["state"], told["resultInfo"]["subCode"]) == ("established", 7700)
    assert not svc.calls[first.id].ended


@pytest.mark.parametrize("group", [False, True])
def test_a_person_transfers_the_call(svc: Emulator, group: bool) -> None:
    bot, joined, left = bot_of(svc), list[Any](), list[Any]()
    bot.participant_joined(lambda event: joined.append(event.participant.info.identity))
    bot.participant_left(lambda event: left.append(event.participant.info.identity))
    svc.connect(bot)
    ben = svc.user("Ben").answers(after=3)
    people = [svc.user("Ann").answers().transfers(ben, after=5)]
    people += [svc.user("Cid").answers()] if group else []
    call = svc.calls[svc.client().calls.create(call_to(*people)).id]
    svc.run()
    assert (call.state, users(call)) == ("established", ["Cid", "Ben"] if group else ["Ben"])
    assert [identity.user.display_name for identity in left] == ["Ann"]
    assert "Ben" in [identity.user.display_name for identity in joined if identity.user]
    ben.hangs_up()
    svc.run()
    assert call.ended is not group


def test_a_call_stays_where_it_was_when_nobody_takes_the_transfer(svc: Emulator) -> None:
    ann = svc.user("Ann").answers().transfers(svc.user("Ben").declines(), after=5)
    call = svc.calls[svc.client().calls.create(call_to(ann)).id]
    svc.run()
    assert (call.state, users(call)) == ("established", ["Ann"])


def test_a_call_that_was_transferred_to_the_bot_says_by_whom(svc: Emulator) -> None:
    bot, transferors = bot_of(svc), list[Any]()

    @bot.incoming
    async def take(call: Any) -> None:
        transferors.append(call.model.incoming_context.transferor)

    svc.connect(bot)
    svc.rings(bot, from_=svc.user("Ben"), transferor=svc.user("Ann"))
    svc.run()
    assert transferors[0].user.display_name == "Ann"


def test_both_calls_of_a_consultation_end(svc: Emulator) -> None:
    svc.connect(bot_of(svc))
    ann, ben = svc.user("Ann").answers(), svc.user("Ben").answers()
    first, second = (str(svc.client().calls.create(call_to(one)).id) for one in (ann, ben))
    svc.run()
    to = target(ben)
    to.replaces_call_id = second.upper()
    svc.client().calls.transfer(first, transfer_target=to)
    svc.run()
    last = {one.call_id: one.body["value"][0]["resourceData"] for one in svc.log.notifications}
    for call_id in (first, second):
        assert (last[call_id]["state"], last[call_id]["terminationReason"]) == (
            "terminated",
            "AppTransferred",
        )


def test_to_whom_no_call_is_transferred(svc: Emulator) -> None:
    call = svc.client().calls.create(call_to(svc.user("Ann").answers(after=0)))
    svc.run()
    with pytest.raises(GraphHTTPError, match=r"8523.*applicationInstance"):
        svc.client().calls.transfer(str(call.id), transfer_target=target(svc.phone("+12065550100")))
    foreign = target(svc.user("Ben"))
    assert foreign.identity is not None
    assert foreign.identity.user is not None
    foreign.identity.user = Identity.from_dict({"id": svc.user("Ben").id, "tenantId": "another"})
    created = svc.client(tenant=svc.tenant_id).calls.create(
        call_to(svc.user("Cid").answers(after=0))
    )
    svc.run()
    with pytest.raises(PermissionDeniedError, match="7505"):
        svc.client().calls.transfer(str(created.id), transfer_target=foreign)


def test_the_end_of_a_redirected_call_repeats_the_whole_call(svc: Emulator) -> None:
    call = svc.rings(bot_of(svc), from_=svc.user("Ann"))
    svc.client().calls.redirect(call.id, targets=[target(svc.user("Ben"))], timeout=15)
    svc.run()
    data = svc.log.notifications[-1].body["value"][0]["resourceData"]
    assert {"source", "targets", "callbackUri", "resultInfo"} < data.keys()
    assert data["state"] == "terminated"


@pytest.mark.parametrize(
    ("second", "options", "ended_after", "result", "taken_by"),
    [
        pytest.param(lambda one: one.answers(after=9), {}, 9, 7000, "encrypted", id="taken"),
        pytest.param(
            lambda one: one.answers(after=20), {"timeout": 15}, 15, 10004, "", id="too late"
        ),
        pytest.param(lambda one: one.declines(after=4), {}, 60, 10004, "", id="not taken"),
    ],
)
def test_a_redirected_call_rings_at_all_targets(
    svc: Emulator,
    second: Any,
    options: dict[str, Any],
    ended_after: float,
    result: int,
    taken_by: str,
) -> None:
    call = svc.rings(bot_of(svc), from_=svc.user("Ann"))
    people = [svc.user("Ben"), second(svc.phone("+12065550100"))]
    svc.client().calls.redirect(call.id, targets=[target(one) for one in people], **options)
    start = svc.log.requests[-1].time
    svc.run()
    last = svc.log.notifications[-1]
    data = last.body["value"][0]["resourceData"]
    assert (round(last.time - start), data["resultInfo"]["subcode"]) == (ended_after, result)
    assert (taken_by in data.get("answeredBy", {}).get("identity", {})) is bool(taken_by)
    assert "+1206" not in str(data)


def test_a_redirected_call_that_everybody_declines_ends_then(svc: Emulator) -> None:
    call = svc.rings(bot_of(svc), from_=svc.user("Ann"))
    svc.client().calls.redirect(call.id, targets=[target(svc.user("Ben").declines(after=4))])
    start = svc.log.requests[-1].time
    svc.run()
    assert round(svc.log.notifications[-1].time - start) == 4
    assert (call.ended_by, (call.result or {})["subcode"]) == ("service", 10024)
