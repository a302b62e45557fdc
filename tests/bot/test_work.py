"""The queue of a call and its lease, as pure values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_comms.bot.work import LeaseLostError, Work, event_part, source_part


def queued(*kinds: str) -> Work:
    return Work().with_events([(kind, False) for kind in kinds])


def test_events_of_one_notification_have_one_source() -> None:
    work = queued("established", "media_active").with_events([("tone", True)])
    assert [entry.kind for entry in work.entries] == ["established", "media_active", "tone"]
    sources = [entry.source for entry in work.entries]
    assert sources[0] == sources[1] != sources[2]
    assert len({entry.number for entry in work.entries} | set(sources)) == 5
    assert [entry.late for entry in work.entries] == [False, False, True]


def test_a_lease_is_free_before_and_after() -> None:
    work = queued("tone")
    assert work.free(100.0)
    held = work.leased("a", 130.0)
    assert not held.free(129.9)
    assert held.free(130.0)
    assert held.lease is not None
    assert held.renewed(held.lease.number, 150.0).lease.until == 150.0  # type: ignore[union-attr]
    assert held.released(held.lease.number).free(100.0)


@pytest.mark.parametrize("step", ["started", "done", "renewed", "released"])
def test_nothing_is_done_under_a_lease_that_has_passed_on(step: str) -> None:
    first = queued("tone").leased("a", 130.0)
    second = first.leased("b", 160.0)
    assert first.lease is not None
    number = first.lease.number
    arguments = {"started": (1,), "done": (1,), "renewed": (200.0,), "released": ()}[step]
    getattr(first, step)(number, *arguments)
    with pytest.raises(LeaseLostError):
        getattr(second, step)(number, *arguments)


def test_parts_go_with_the_last_event_that_needs_them() -> None:
    work = queued("established", "media_active").leased("a", 130.0)
    assert work.lease is not None
    first, second = work.entries
    once = work.done(work.lease.number, first.number)
    assert once.obsolete(work) == [event_part(first.number)]
    twice = once.done(work.lease.number, second.number)
    assert twice.obsolete(once) == [event_part(second.number), source_part(second.source)]


@given(st.lists(st.sampled_from(["add", "lease", "start", "done", "release"]), max_size=30))
def test_what_was_dumped_is_loaded(steps: list[str]) -> None:
    work = Work()
    for step in steps:
        lease = work.lease.number if work.lease else 0
        if step == "add":
            work = work.with_events([("tone", False), ("operation", True)])
        elif step == "lease":
            work = work.leased("a", 130.0)
        elif work.lease and step == "release":
            work = work.released(lease)
        elif work.lease and work.entries:
            number = work.entries[0].number
            work = work.started(lease, number) if step == "start" else work.done(lease, number)
    assert Work.load(work.dump()) == work
