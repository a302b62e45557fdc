"""Deliveries that go wrong, tokens that are wrong, and a new beginning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from functools import partial
from typing import Any

import pytest

from graph_emulator import Emulator
from graph_emulator.disturbance import Disorder
from graph_emulator.schedule import Schedule
from tests.emulator.bots import bot_of, call_to, states


@pytest.fixture
def svc() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


def called(svc: Emulator) -> str:
    """Let a bot call Ann, who hangs up, and return the id of the call."""
    call = svc.client().calls.create(call_to(svc.user("Ann").answers().hangs_up(after=2)))
    svc.run()
    return str(call.id)


def test_notifications_are_doubled_with_the_same_and_with_new_ids(svc: Emulator) -> None:
    counted: Counter[str] = Counter()
    svc.connect(bot_of(svc, on_count=lambda name, amount: counted.update({name: amount})))
    svc.deliver(duplicate=3)
    called(svc)
    times = Counter(str(logged.body) for logged in svc.log.notifications)
    assert set(times.values()) == {3}
    # Of three, one has a new id: the kit takes it in, and finds nothing new in it.
    assert counted["duplicate"] == len(times)


def test_notifications_are_lost(svc: Emulator) -> None:
    svc.connect(bot_of(svc))
    svc.deliver(lose=1.0)
    called(svc)
    assert {logged.status for logged in svc.log.notifications} == {None}


def test_notifications_change_places_as_documented() -> None:
    firsts: set[str] = set()
    for seed in range(8):
        with Emulator(seed=seed) as svc:
            svc.deliver(disorder=True)
            call = svc.client().calls.create(call_to(svc.user("Ann"), svc.user("Ben")))
            svc.advance(seconds=5)
            told = states(svc, call.id)
            assert sorted(told) == [*["established"] * 4, "establishing"]
            firsts.add(told[0])
    assert firsts == {"establishing", "established"}


@pytest.mark.parametrize("disorder", [False, True, "all"])
def test_late_rosters_keep_their_order_unless_all_is_to_change(disorder: Disorder) -> None:
    in_order: list[bool] = []
    for seed in range(8):
        with Emulator(seed=seed) as svc:
            svc.deliver(late=30, disorder=disorder)
            people = [svc.user(f"user {number}").answers(after=number) for number in range(4)]
            svc.client().calls.create(call_to(*people))
            svc.run()
            told = [logged.body["value"][0]["resourceData"] for logged in svc.log.notifications]
            rosters = [len(data) for data in told if isinstance(data, list)]
            assert sorted(rosters) == [1, 2, 3, 4, 5]
            assert svc.log.notifications[-1].time > 10
            in_order.append(rosters == sorted(rosters))
    assert all(in_order) is (disorder != "all")


def test_what_is_planned_for_one_time_happens_in_the_order_of_planning() -> None:
    schedule, done = Schedule(), list[int]()
    for number in range(100):
        schedule.move(number / 7)
        schedule.at(20.1, partial(done.append, number))
    while schedule.next_time() is not None:
        schedule.do_next()
    assert done == sorted(done)
    assert len(done) == 100


@pytest.mark.parametrize("wrong", [{"duplicate": 0}, {"lose": 1.5}, {"late": -1}])
def test_what_cannot_be_disturbed_is_said(svc: Emulator, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        svc.deliver(**wrong)


def test_a_bot_refuses_tokens_that_are_wrong(svc: Emulator) -> None:
    svc.connect(bot_of(svc))
    svc.sign(aud="wrong")
    called(svc)
    assert {logged.status for logged in svc.log.notifications} == {401}
    svc.sign()
    called(svc)
    assert svc.log.notifications[-1].status == 202


def test_a_bot_takes_tokens_of_a_new_key(svc: Emulator) -> None:
    svc.connect(bot_of(svc))
    called(svc)
    svc.keys.rotate()
    called(svc)
    assert {logged.status for logged in svc.log.notifications} == {202}


def test_a_reset_leaves_nothing_but_the_bot(svc: Emulator) -> None:
    svc.connect(bot_of(svc))
    svc.deliver(lose=0.5)
    svc.fail_next("delete", 500)
    svc.client().calls.create(call_to(svc.user("Ann").answers()))
    svc.reset()
    assert (len(svc.calls), svc.log.requests, svc.log.notifications) == (0, [], [])
    svc.run()
    assert svc.log.notifications == []
    call_id = called(svc)
    assert states(svc, call_id)[-1] == "terminated"
    assert {logged.status for logged in svc.log.notifications} == {202}
