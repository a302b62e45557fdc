"""Subscriptions are created once, renewed in time, and created again when Graph has removed them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any

import anyio
import pytest

from graph_comms import BadRequestError
from graph_comms.bot.changes import Changes, Failure, Missed, Subscriptions
from graph_comms.bot.changes.due import FORMAT
from graph_comms.bot.changes.resources import longest_life
from graph_comms.bot.formats import NewerFormatError
from graph_comms.bot.memory import MemoryStore
from graph_comms.bot.store import Change
from graph_comms.models import Presence
from graph_comms.models.call_records import CallRecord
from tests.bot.graph_side import RECORDS, URL, Setting, post
from tests.bot.manual_clock import settle

pytestmark = pytest.mark.anyio

LIFE = timedelta(minutes=4230) - timedelta(minutes=1)
HOUR = timedelta(hours=1)
SHORT = HOUR - timedelta(minutes=1)


@pytest.fixture
def setting() -> Setting:
    return Setting()


@pytest.fixture
async def changes(setting: Setting) -> AsyncIterator[Changes]:
    async with setting.changes() as changes:
        yield changes


def failures_of(changes: Changes) -> list[Failure]:
    failures: list[Failure] = []

    @changes.error
    async def keep(failure: Failure) -> None:
        failures.append(failure)

    return failures


def gaps_of(changes: Changes) -> list[Missed]:
    gaps: list[Missed] = []

    @changes.missed
    async def keep(missed: Missed) -> None:
        gaps.append(missed)

    return gaps


# -- creating


async def test_a_subscription_is_created_as_graph_wants_it(
    setting: Setting, changes: Changes
) -> None:
    kept = await changes.subscriptions.create(f"/{RECORDS}")
    [body] = setting.graph.asked("POST")
    assert body == {
        "changeType": "created,updated",
        "notificationUrl": URL,
        "lifecycleNotificationUrl": URL,
        "resource": RECORDS,
        "clientState": kept.client_state,
        "expirationDateTime": "2026-11-29T10:29:00Z",
    }
    assert 60 < len(kept.client_state) <= 128
    assert kept.id in setting.graph.subscriptions
    assert kept.expires_at == setting.clock.now() + LIFE


async def test_resources_are_encrypted_for_the_certificate(
    setting: Setting, changes: Changes
) -> None:
    await changes.subscriptions.create(
        "communications/presences", include_resource_data=True, lifetime=timedelta(minutes=30)
    )
    [body] = setting.graph.asked("POST")
    assert body["includeResourceData"] is True
    assert body["encryptionCertificate"] == setting.signer.certificate.encoded
    assert body["encryptionCertificateId"] == setting.signer.certificate.id
    assert body["expirationDateTime"] == "2026-11-26T12:29:00Z"


async def test_one_that_is_there_is_not_created_again(setting: Setting, changes: Changes) -> None:
    kept = await changes.subscriptions.create(RECORDS)
    assert await changes.subscriptions.create(RECORDS) == kept
    assert await setting.changes().subscriptions.create(RECORDS) == kept
    assert len(setting.graph.requests) == 1


async def test_of_several_processes_one_creates_it(setting: Setting) -> None:
    kept: list[Any] = []

    async def create() -> None:
        kept.append(await setting.changes().subscriptions.create(RECORDS))

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(create)
        await settle()
        await setting.clock.advance(2)
    assert len(setting.graph.asked("POST")) == 1
    assert [one.id for one in kept] == [*setting.graph.subscriptions] * 5


async def test_one_that_is_wanted_otherwise_is_replaced(setting: Setting, changes: Changes) -> None:
    gaps = gaps_of(changes)
    old = await changes.subscriptions.create(RECORDS)
    new = await changes.subscriptions.create(RECORDS, change_types=["created"])
    assert [*setting.graph.subscriptions] == [new.id] != [old.id]
    await settle()
    assert gaps == []


async def test_what_graph_refuses_raises_and_leaves_nothing(
    setting: Setting, changes: Changes
) -> None:
    failures = failures_of(changes)
    setting.graph.failures.append(400)
    with pytest.raises(BadRequestError):
        await changes.subscriptions.create(RECORDS)
    await setting.clock.advance(3600)
    assert (len(setting.graph.requests), failures) == (1, [])


async def test_one_that_is_deleted_is_not_renewed(setting: Setting, changes: Changes) -> None:
    await changes.subscriptions.create(RECORDS)
    item = setting.graph.item()
    await changes.subscriptions.delete(RECORDS)
    await changes.subscriptions.delete(RECORDS)
    await setting.clock.advance(LIFE.total_seconds())
    assert [one.method for one in setting.graph.requests] == ["POST", "DELETE"]
    await post(changes, item)
    assert setting.counts == {"dropped": 1}


async def test_arguments_that_do_not_go_together_are_refused(setting: Setting) -> None:
    subscriptions = Subscriptions(setting.graph.client(), setting.changes().store)
    with pytest.raises(ValueError, match="notification_url=…"):
        await subscriptions.create(RECORDS)
    with pytest.raises(ValueError, match="certificates="):
        await subscriptions.create(RECORDS, notification_url=URL, include_resource_data=True)
    with pytest.raises(ValueError, match="https addresses only"):
        await subscriptions.create(RECORDS, notification_url="http://bot.contoso.com")
    for wrong in ("created", ["Created"], []):
        with pytest.raises(ValueError, match="some of created, deleted, updated"):
            await subscriptions.create(RECORDS, notification_url=URL, change_types=wrong)


async def test_one_that_was_noted_is_created_after_the_start_and_tried_again(
    setting: Setting,
) -> None:
    changes = setting.changes()
    failures = failures_of(changes)
    changes.subscriptions.keep(RECORDS)
    setting.graph.failures += [400, 400]  # nobody answers at the notification URL yet
    async with changes:
        await settle()
        assert (len(setting.graph.subscriptions), len(failures)) == (0, 1)
        await setting.clock.advance(15)
        assert (len(setting.graph.subscriptions), len(failures)) == (0, 2)
        await setting.clock.advance(30)
    assert len(setting.graph.subscriptions) == 1
    assert [type(one.exception) for one in failures] == [BadRequestError] * 2
    assert failures[0].path == RECORDS


LIVES = {
    "communications/callRecords": 4230,
    "communications/callRecords/8f3e/sessions": 4230,
    "communications/onlineMeetings/getAllRecordings": 4320,
    "users/u1/onlineMeetings/getAllTranscripts": 4320,
    "communications/onlineMeetings('a')/recordings": 4320,
    "communications/adhocCalls/getAllRecordings?x=presence": 4320,
    "communications/onlineMeetings(joinWebUrl='https%3A%2F%2Fteams/presence')/meetingCallEvents": 4320,
    "communications/presences/u1": 60,
    "communications/presences?$filter=id in ('u1')": 60,
    "chats/getAllMessages": 60,
}


@pytest.mark.parametrize(("resource", "minutes"), LIVES.items())
async def test_each_resource_has_its_longest_life(resource: str, minutes: int) -> None:
    assert longest_life(resource) == timedelta(minutes=minutes)


# -- renewing


@pytest.mark.parametrize(("chance", "part"), [(0.0, 0.70), (0.5, 0.75), (1.0, 0.80)])
async def test_it_is_renewed_at_three_quarters_of_its_life(
    setting: Setting, chance: float, part: float
) -> None:
    async with setting.changes(chance=lambda: chance) as changes:
        await changes.subscriptions.create(RECORDS, lifetime=HOUR)
        seconds = SHORT.total_seconds() * part
        await setting.clock.advance(seconds - 1)
        assert setting.graph.asked("PATCH") == []
        await setting.clock.advance(2)
        [body] = setting.graph.asked("PATCH")
        renewed = datetime.fromisoformat(body["expirationDateTime"])
        assert abs(renewed - (setting.clock.now() + SHORT)) < timedelta(seconds=2)
        await setting.clock.advance(seconds)
        assert len(setting.graph.asked("PATCH")) == 2


async def test_a_clock_that_is_fast_renews_it_no_faster_than_a_failure(setting: Setting) -> None:
    setting.graph.lives = timedelta(hours=-1)
    async with setting.changes() as changes:
        await changes.subscriptions.create(RECORDS, lifetime=HOUR)
        await setting.clock.advance(59)
    assert len(setting.graph.requests) == 1 + 3


async def test_of_several_processes_one_renews_it(setting: Setting) -> None:
    async with setting.changes() as changes, setting.changes(), setting.changes():
        await changes.subscriptions.create(RECORDS, lifetime=HOUR)
        await setting.clock.advance(SHORT.total_seconds() * 0.76)
    assert len(setting.graph.asked("PATCH")) == 1


class StaleStore(MemoryStore):
    """Finds due what has been renewed meanwhile, as two processes do that look at the same time."""

    async def due(self, kind: str, now: float, limit: int) -> list[str]:
        return [*await super().due(kind, float("inf"), limit)]


async def test_one_that_was_renewed_meanwhile_is_left_alone(setting: Setting) -> None:
    setting.store = StaleStore(clock=setting.clock)
    changes = setting.changes()
    await changes.subscriptions.create(RECORDS, lifetime=HOUR)
    assert await changes.subscriptions.run_due(10) == 0
    await setting.clock.advance(SHORT.total_seconds() * 0.75)
    assert await changes.subscriptions.run_due(10) == 1
    assert await changes.subscriptions.run_due(10) == 0
    assert len(setting.graph.requests) == 2


async def test_a_renewal_that_fails_is_tried_again_and_reported(
    setting: Setting, changes: Changes
) -> None:
    failures = failures_of(changes)
    await changes.subscriptions.create(RECORDS, lifetime=HOUR)
    setting.graph.failures += [503, 403, 500]
    await setting.clock.advance(SHORT.total_seconds() * 0.75 + 15 + 30 + 60 + 1)
    assert len(setting.graph.asked("PATCH")) == 4
    assert len(failures) == 3
    assert setting.counts == {"failed": 3}


async def test_the_passcode_of_a_meeting_is_in_no_log_and_no_repr(
    setting: Setting, changes: Changes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[Any] = []

    @changes.any
    @changes.error
    async def keep(event: Any) -> None:
        seen.append(event)

    link = "https%3A%2F%2Fteams.microsoft.com%2Fmeet%2F2123%3Fp%3DhunTer2"
    path = f"communications/onlineMeetings(joinWebUrl='{link}')/meetingCallEvents"
    kept = await changes.subscriptions.create(path, lifetime=HOUR)
    setting.graph.failures += [400]
    await setting.clock.advance(SHORT.total_seconds() * 0.75)
    data = {"@odata.type": "#microsoft.graph.onlineMeeting", "id": path}
    await post(changes, setting.graph.item(resource=path, resourceData=data))
    await post(changes, lifecycle(setting, "missed"))
    await settle()
    assert {type(one).__name__ for one in seen} == {"Failure", "Change", "Missed"}
    assert (
        "the subscription to communications/onlineMeetings(…)/meetingCallEvents failed"
        in caplog.text
    )
    assert "hunTer2" not in caplog.text + repr(seen) + repr(kept)


async def test_one_that_is_gone_is_created_again_and_the_gap_reported(
    setting: Setting, changes: Changes
) -> None:
    gaps = gaps_of(changes)
    await changes.subscriptions.create(RECORDS, lifetime=HOUR)
    created = setting.clock.now()
    setting.graph.subscriptions.clear()
    await setting.clock.advance(SHORT.total_seconds() * 0.76)
    [gap] = gaps
    assert (gap.path, gap.since, gap.reason) == (RECORDS, created, "removed")
    assert gap.raw == {}
    assert [gap.subscription_id] == [*setting.graph.subscriptions]
    await post(changes, setting.graph.item())
    assert setting.counts == {"received": 1}


async def test_one_that_expired_while_nothing_ran_is_created_again(setting: Setting) -> None:
    changes = setting.changes()
    gaps = gaps_of(changes)
    await changes.subscriptions.create(RECORDS, lifetime=HOUR)
    await setting.clock.advance(SHORT.total_seconds() + 1)
    assert await changes.run_due() == 2
    assert [gap.reason for gap in gaps] == ["expired"]
    assert setting.graph.asked("PATCH") == []


async def test_a_shorter_life_that_graph_gives_counts(setting: Setting, changes: Changes) -> None:
    answer: Callable[..., Any] = setting.graph.answer

    async def shorter(request: Any) -> Any:
        reply = await answer(request)
        if request.method == "POST":
            body = {**reply.json(), "expirationDateTime": "2026-11-26T12:40:00.1234567Z"}
            return type(reply)(201, json=body)
        return reply

    setting.graph.answer = shorter  # type: ignore[method-assign]
    async with setting.changes() as other:
        await other.subscriptions.create(RECORDS, lifetime=HOUR)
        await setting.clock.advance(31 * 60)
    assert len(setting.graph.asked("PATCH")) == 1


# -- lifecycle


def lifecycle(setting: Setting, event: str) -> dict[str, Any]:
    return setting.graph.item(
        lifecycleEvent=event, changeType=None, resource=None, resourceData=None
    )


async def test_a_demand_for_reauthorization_renews_it(setting: Setting, changes: Changes) -> None:
    gaps = gaps_of(changes)
    await changes.subscriptions.create(RECORDS)
    await setting.clock.advance(600)
    await post(changes, lifecycle(setting, "reauthorizationRequired"))
    await settle()
    [body] = setting.graph.asked("PATCH")
    assert body == {"expirationDateTime": "2026-11-29T10:39:00Z"}
    assert gaps == []


async def test_one_that_graph_removed_is_created_again_once(
    setting: Setting, changes: Changes
) -> None:
    gaps = gaps_of(changes)
    old = await changes.subscriptions.create(RECORDS)
    removed, late = lifecycle(setting, "subscriptionRemoved"), setting.graph.item()
    del setting.graph.subscriptions[old.id or ""]
    await post(changes, removed)
    await settle()
    await setting.clock.advance(120)
    await post(changes, removed, late)
    await settle()
    assert len(setting.graph.asked("POST")) == 2
    [gap] = gaps
    assert (gap.reason, gap.resource_type) == ("removed", CallRecord)
    assert [gap.subscription_id] == [*setting.graph.subscriptions] != [old.id]
    # What was under way for the old one is still believed.
    assert "dropped" not in setting.counts


@pytest.mark.parametrize("hours", [1, 9])
async def test_a_gap_that_graph_reports_reaches_the_handlers_of_its_type(
    setting: Setting, changes: Changes, hours: int
) -> None:
    gaps: list[Missed] = []

    @changes.missed(CallRecord)
    def keep(missed: Missed) -> None:
        gaps.append(missed)

    @changes.missed(Presence)
    def other(missed: Missed) -> None:
        raise AssertionError

    await changes.subscriptions.create(RECORDS)
    created = setting.clock.now()
    await setting.clock.advance(3600 * hours)
    await post(changes, lifecycle(setting, "missed"))
    earlier = setting.clock.now() - timedelta(hours=4)  # for so long Graph tries to deliver
    with anyio.fail_after(10):
        while not gaps:
            await anyio.sleep(0.005)
    [gap] = gaps
    assert (gap.since, gap.reason, gap.path) == (min(created, earlier), "missed", RECORDS)
    assert gap.raw["lifecycleEvent"] == "missed"
    assert "clientState" not in gap.raw


async def test_notifications_that_overtake_the_response_are_believed(
    setting: Setting, changes: Changes
) -> None:
    answer: Callable[..., Any] = setting.graph.answer

    async def overtaken(request: Any) -> Any:
        reply = await answer(request)
        if request.method == "POST":
            assert (await post(changes, setting.graph.item())).status == 202
        return reply

    setting.graph.answer = overtaken  # type: ignore[method-assign]
    await setting.changes().subscriptions.create(RECORDS)
    assert setting.counts == {"received": 1}


async def test_what_is_created_too_late_is_ended_and_the_other_kept(setting: Setting) -> None:
    answer: Callable[..., Any] = setting.graph.answer
    release = anyio.Event()

    async def slow_at_first(request: Any) -> Any:
        first = not setting.graph.requests
        reply = await answer(request)
        if first:
            await release.wait()
        return reply

    setting.graph.answer = slow_at_first  # type: ignore[method-assign]
    slow, other = setting.changes(), setting.changes()
    creating = asyncio.create_task(slow.subscriptions.create(RECORDS))
    await settle()
    await setting.clock.advance(61)  # nobody waits longer for a process that has begun
    assert await other.run_due() == 1
    late, kept = setting.graph.subscriptions
    release.set()
    await settle()
    await setting.clock.advance(1)
    assert (await asyncio.wait_for(creating, 5)).id == kept != late
    assert [*setting.graph.subscriptions] == [kept]


async def test_an_id_of_before_is_believed_for_a_day(setting: Setting, changes: Changes) -> None:
    await changes.subscriptions.create(RECORDS, lifetime=HOUR)
    before = setting.graph.item()
    setting.graph.subscriptions.clear()
    await setting.clock.advance(SHORT.total_seconds() * 0.76)
    assert len(setting.graph.subscriptions) == 1
    await post(changes, before)
    assert setting.counts == {"received": 1}
    await setting.clock.advance(24 * 3600)
    await post(changes, before)
    assert setting.counts == {"received": 1, "dropped": 1}


# -- processes of two versions


async def test_one_that_a_newer_version_has_stored_is_left_alone(setting: Setting) -> None:
    changes, other = setting.changes(), setting.changes()
    await changes.subscriptions.create(RECORDS)
    await changes.subscriptions.create("communications/presences/u1", change_types=["updated"])
    [key] = [key async for key in changes.store.live("subscription") if await is_of(changes, key)]
    record = await changes.store.read(key, ["state"])
    assert record is not None
    state = json.loads(record.parts["state"])
    newer = json.dumps({"format": FORMAT + 1, "subscription": state})
    await changes.store.swap(
        key, record.version, Change(parts={"state": newer}, expires=4e9, due=1.0)
    )
    item = setting.graph.item(next(iter(setting.graph.subscriptions)))
    setting.graph.requests.clear()

    failures = failures_of(other)
    other.subscriptions.keep(RECORDS)
    await setting.clock.advance(3600 * 0.8)
    for process in (changes, other):
        await process.run_due()
        with pytest.raises(NewerFormatError):
            await process.subscriptions.create(RECORDS)
        with pytest.raises(NewerFormatError):
            await process.subscriptions.delete(RECORDS)
    async with other.invocation():
        assert (await post(other, item)).status == 503
    assert (failures, setting.counts) == ([], {"refused": 1})
    assert [request.method for request in setting.graph.requests] == ["PATCH"]  # of the other one
    after = await changes.store.read(key, ["state"])
    assert after is not None
    assert (after.version, after.parts["state"]) == (record.version + 1, newer)


async def is_of(changes: Changes, key: str) -> bool:
    kept = await changes.subscriptions.get(key.partition("/")[2])
    return kept is not None and kept.wanted.resource == RECORDS
