"""What notifications make of a call, and what happened by them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from time import process_time
from typing import Any

import pytest

from graph_comms.bot.notification import Context, Notification, parse
from graph_comms.bot.reduction import reduce, synthesize_end, take_roster
from graph_comms.bot.state import CallState, EventData
from tests.bot import samples

Json = Any
RECEIVED = datetime(2026, 11, 26, 12, tzinfo=UTC)


def fresh() -> CallState:
    return CallState(id=samples.CALL, app_id=samples.APP)


def played(
    items: Iterable[Json], state: CallState | None = None, *, ids: bool = True
) -> tuple[CallState, list[EventData]]:
    """Reduce items one after the other, each a delivery of its own."""
    state = state or fresh()
    events: list[EventData] = []
    for number, sent in enumerate(items):
        context = Context(received_at=RECEIVED, message_id=str(number) if ids else None)
        item = Notification.of(sent, context)
        state, more = reduce(state, item)
        events += more
    return state, events


def kinds(events: Iterable[EventData]) -> list[str]:
    return [event.kind for event in events if event.kind != "updated"]


def test_the_captured_sequence_has_each_thing_once() -> None:
    state, events = played(samples.answered_call())
    assert kinds(events) == [
        "established",
        "media_active",
        "participant_joined",
        "tone",
        "operation",
        "terminated",
    ]
    assert events[-1].payload["result"]["subcode"] == 5002
    assert state.ended
    assert state.chain_id == samples.CHAIN
    assert state.tones == ((6, "1"),)
    assert not any(event.late for event in events)


def test_every_item_of_the_sequence_names_its_call() -> None:
    parsed = parse(samples.body(*samples.answered_call()))
    assert {getattr(item, "call_id", None) for item in parsed} == {samples.CALL}


@pytest.mark.parametrize("ids", [True, False])
def test_what_comes_again_under_new_ids_makes_no_event(ids: bool) -> None:
    once = samples.answered_call()
    _, events = played(once, ids=ids)
    doubled = [one for one in once for _ in range(2)]
    state_again, events_again = played(doubled, ids=ids)
    assert kinds(events_again) == kinds(events)
    _, late = played(once, state_again)
    assert kinds(late) == []


def test_a_roster_that_changes_back_is_three_changes() -> None:
    ann, muted = samples.participant("ann"), samples.participant("ann", muted=True)
    rosters = [samples.roster(one) for one in (ann, muted, ann, muted)]
    for ids in (True, False):
        _, events = played(rosters, ids=ids)
        assert kinds(events) == ["participant_joined"] + ["participant_changed"] * 3
    assert events[1].payload == {"participant": muted, "before": ann}


def test_who_leaves_is_named_as_they_were() -> None:
    ann, bob = samples.participant("ann"), samples.participant("bob")
    _, events = played([samples.roster(ann, bob), samples.roster(bob)])
    assert kinds(events) == ["participant_joined", "participant_joined", "participant_left"]
    assert events[-1].payload["participant"] == ann


@pytest.mark.parametrize(
    "own",
    [
        samples.participant("bot", app=samples.APP),
        samples.participant(f"28:{samples.APP}"),
    ],
)
def test_the_bot_itself_joins_nothing(own: Json) -> None:
    state, events = played([samples.roster(own, samples.participant("ann"))])
    assert [event.payload["participant"]["id"] for event in events] == ["participant-ann"]
    assert len(state.roster) == 2


def test_a_roster_by_changes_notices_a_gap() -> None:
    ann, bob, eve = (samples.participant(name) for name in ("ann", "bob", "eve"))
    gone = {**ann, "removedState": {"reason": "removed"}}
    state, events = played(
        [
            samples.delta(1, ann),
            samples.delta(2, bob),
            samples.delta(2, eve),
            samples.delta(3, gone),
        ]
    )
    assert kinds(events) == ["participant_joined", "participant_joined", "participant_left"]
    state, events = played([samples.delta(6, eve)], state)
    assert (kinds(events), state.roster_gap) == ([], 6)
    state, more = take_roster(state, [bob, eve], 6)
    assert kinds(more) == ["participant_joined"]
    assert (state.roster_gap, state.roster_sequence) == (None, 6)
    state, events = played([samples.delta(7, ann)], state)
    assert kinds(events) == ["participant_joined"]


def test_a_failed_transfer_is_established_as_before() -> None:
    established, _ = played(samples.answered_call()[:3])
    failure = {"code": 500, "subcode": 7000}
    state, events = played(
        [
            samples.call_item(state="transferring"),
            samples.call_item(state="transferAccepted"),
            samples.call_item(state="established", resultInfo=failure),
            samples.call_item(state="established", resultInfo=failure),
        ],
        established,
    )
    assert kinds(events) == ["transfer_failed"]
    assert events[2].payload == {"result": failure, "synthesized": False}
    assert state.state == "established"


def test_a_state_does_not_go_back() -> None:
    state, events = played(
        [
            samples.call_item(state="established", mediaState={"audio": "active"}),
            samples.call_item(state="establishing", direction="outgoing"),
        ]
    )
    assert state.state == "established"
    assert state.call["direction"] == "outgoing"
    assert kinds(events) == ["established", "media_active"]


@pytest.mark.parametrize(
    "data", [None, {"@odata.id": f"/communications/calls/{samples.CALL}"}, {"state": "established"}]
)
def test_deleted_ends_a_call_whatever_its_data_says(data: Json) -> None:
    state, events = played([samples.item(data, change="deleted")])
    assert (state.ended, state.state, kinds(events)) == (True, "terminated", ["terminated"])


def test_an_operation_ends_once_by_id_or_by_client_context() -> None:
    running = samples.operation(status="Running", context="one")
    running["changeType"] = "updated"
    state, events = played(
        [samples.operation(context="one"), running, samples.operation(None, context="one")]
    )
    assert kinds(events) == ["operation"]
    assert state.ended_operation(samples.OPERATION, None)["status"] == "completed"
    assert state.ended_operation(None, "one") is not None
    assert state.ended_operation("another", "one") is None


def test_tones_are_kept_in_the_order_of_their_numbers() -> None:
    state, events = played([samples.tone(8, "star"), samples.tone(6), samples.tone(7, "pound")])
    pressed = [event.payload["tone"] for event in events if event.kind == "tone"]
    assert pressed == ["*", "1", "#"]
    assert state.tones == ((6, "1"), (7, "#"), (8, "*"))
    read = state.with_tones_read(7)
    assert read.unread_tones == ((8, "*"),)
    state, _ = played([samples.tone(5, "tone0")], read)
    assert state.unread_tones == ((5, "0"), (8, "*"))


def test_what_comes_after_the_end_is_late_and_changes_nothing() -> None:
    state, _ = played(samples.answered_call())
    after, events = played(
        [
            samples.call_item(state="established", mediaState={"audio": "active"}),
            samples.tone(9),
            samples.roster(samples.participant("eve")),
            samples.terminated(subcode=5010),
        ],
        state,
    )
    assert [(event.kind, event.late) for event in events] == [("tone", True)]
    assert (after.state, after.result, after.roster) == (state.state, state.result, state.roster)


def test_the_end_that_nobody_reported_comes_once() -> None:
    state, _ = played(samples.answered_call()[:3])
    ended, events = synthesize_end(state, 7.0)
    assert events[0].payload == {"result": None, "synthesized": True}
    assert synthesize_end(ended, 8.0) == (ended, ())
    assert kinds(played([samples.terminated()], ended)[1]) == []


def test_a_tombstone_has_no_secret_and_knows_what_was() -> None:
    state, _ = played(samples.answered_call())
    tombstone = state.tombstone()
    stored = "".join(text or "" for text in tombstone.dump().values())
    for secret in ("secret", "thread", "ann", "tone1"):
        assert secret not in stored
    assert tombstone.tombstone() is tombstone
    assert kinds(played(samples.answered_call(), tombstone)[1]) == []


def test_what_is_not_known_is_unknown() -> None:
    _, events = played([samples.item({}, below="/holograms/1")])
    assert kinds(events) == ["unknown"]


def test_a_state_is_loaded_as_it_was_dumped() -> None:
    state, _ = played(samples.answered_call()[:-1])
    state = replace(state.with_tones_read(None), joins={"a": {"b": 1}}, roster_gap=4)
    parts = {name: text for name, text in state.dump().items() if text is not None}
    assert CallState.load(parts) == state
    changed = replace(state, decided="answer")
    assert changed.dump(since=state).keys() == {"state"}


@pytest.mark.parametrize("state", ["establishing", "redirecting", "terminating"])
def test_a_call_that_was_not_answered_is_not_established(state: str) -> None:
    media: dict[str, Json] = {"mediaState": {"audio": "active"}}
    _, events = played([samples.incoming(), samples.call_item(state=state, **media)])
    assert kinds(events) == ["incoming"]


TRANSFER = {
    "begun": samples.call_item(state="transferring"),
    "accepted": samples.call_item(state="transferAccepted"),
    "failed": samples.call_item(
        state="established", resultInfo={"code": 500, "subCode": 7000, "message": "…"}
    ),
}


@pytest.mark.parametrize("order", [*permutations(TRANSFER), ("begun", "failed") * 2, ("failed",)])
def test_a_failed_transfer_is_told_once_in_whatever_order(order: tuple[str, ...]) -> None:
    established, _ = played(samples.answered_call()[:3])
    state, events = played([TRANSFER[name] for name in order], established)
    assert (kinds(events), state.state) == (["transfer_failed"], "established")


def test_a_transfer_that_is_asked_for_again_may_fail_again() -> None:
    once = [*samples.answered_call()[:3], *TRANSFER.values()]
    state, _ = played(once)
    state, events = played([TRANSFER["begun"]], state.with_transfer())
    assert (kinds(events), state.state) == ([], "transferring")
    state, events = played([TRANSFER["failed"]], state)
    assert (kinds(events), state.state) == (["transfer_failed"], "established")


def test_a_failure_that_is_late_keeps_no_call_from_ending() -> None:
    state, _ = played([*samples.answered_call()[:3], samples.call_item(state="terminating")])
    state, events = played([TRANSFER["failed"]], state)
    assert (kinds(events), state.state) == ([], "terminating")


def test_a_state_that_is_not_known_is_told_once_and_changes_nothing() -> None:
    odd = samples.call_item(state="unknownFutureValue", direction="outgoing")
    state, events = played([*samples.answered_call()[:3], odd, odd])
    assert kinds(events) == ["established", "media_active", "unknown"]
    assert (state.state, state.call["direction"]) == ("established", "outgoing")


def test_an_operation_is_found_by_its_id_however_that_is_written() -> None:
    written = samples.OPERATION.upper().replace("-", "")
    state, events = played([samples.operation(written), samples.operation()])
    assert kinds(events) == ["operation"]
    for operation_id in (written, samples.OPERATION):
        assert state.ended_operation(operation_id, None)["status"] == "completed"


@pytest.mark.parametrize(
    ("code", "status"), [(200, "completed"), (400, "failed"), ("400", "failed")]
)
def test_an_operation_of_which_only_the_end_is_sent_ends(code: Json, status: str) -> None:
    data = {"resultInfo": {"code": code}}
    below = f"/operations/{samples.OPERATION}"
    _, events = played([samples.item(data, change="deleted", below=below)])
    assert events[0].payload["operation"] == {
        **data,
        "id": samples.OPERATION,
        "status": status,
    }


def test_a_number_that_is_sent_as_text_is_the_same_number() -> None:
    text: Json = "7"
    state, events = played([samples.tone(text), samples.tone(7), samples.tone(6)])
    assert [event.payload.get("sequenceId") for event in events if event.kind == "tone"] == [7, 6]
    assert state.tones == ((6, "1"), (7, "1"))


def test_a_number_that_no_service_can_have_sent_is_none() -> None:
    largest = 10**4300 - 1
    state, _ = played([samples.tone(largest), samples.tone(3), samples.tone(True)])
    assert [number for number, _ in state.tones] == [1, 3, 4]
    state, events = played([samples.delta(largest, samples.participant("ann"))], state)
    assert (kinds(events), state.roster_gap) == ([], None)
    assert state.dump()


def test_changes_of_a_roster_begin_with_one() -> None:
    ann, bob = samples.participant("ann"), samples.participant("bob")
    state, events = played([samples.delta(2, bob), samples.delta(1, ann)])
    assert (kinds(events), state.roster_gap, len(state.roster)) == ([], 2, 0)
    assert state.roster_due == RECEIVED.timestamp()
    state, more = take_roster(state, [ann, bob], 2)
    assert kinds(more) == ["participant_joined", "participant_joined"]
    assert (state.roster_gap, state.roster_due, state.roster_sequence) == (None, None, 2)


def test_a_roster_that_is_asked_for_changes_nothing_that_is_the_same() -> None:
    ann = samples.participant("ann")
    state, _ = played([samples.delta(1, {**ann, "rosterSequenceNumber": 1, "removedState": None})])
    plain = {name: value for name, value in ann.items() if name != "@odata.type"}
    _, events = take_roster(state, [{**plain, "rosterSequenceNumber": 3}], 3)
    assert kinds(events) == []


def test_the_bot_is_known_by_its_own_id_however_that_is_written() -> None:
    own_id = "7d501bf1-5ee4-4605-ba92-0ae4513c611e"
    own = {**samples.participant("me"), "id": own_id.upper()}
    named = samples.call_item(state="established", myParticipantId=own_id.replace("-", ""))
    _, events = played([named, samples.roster(own)])
    assert kinds(events) == ["established"]
    upper = CallState(id=samples.CALL, app_id=samples.APP.upper())
    _, events = played([samples.roster(samples.participant("bot", app=samples.APP))], upper)
    assert kinds(events) == []


def test_keys_are_in_no_repr() -> None:
    state, _ = played([samples.tone(6, "tone9"), samples.tone(7, "pound")])
    assert "'9'" not in repr(state)
    assert "#" not in repr(state)


def test_a_path_of_any_length_costs_little() -> None:
    for path in ("/calls/" + "%" * 4_000_000, "/calls/" + "a/" * 2_000_000):
        begun = process_time()
        parsed = parse(samples.body({"resource": path, "resourceData": {"id": path}}))
        assert process_time() - begun < 0.5
        assert getattr(parsed[0], "call_id", "") is None
