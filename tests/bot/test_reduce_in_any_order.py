"""What is known of a call does not depend on the order of deliveries, nor on how many there are."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from graph_comms.bot.notification import Context, Notification
from graph_comms.bot.reduction import reduce, synthesize_end, take_roster
from graph_comms.bot.state import ONCE, CallState
from tests.bot import samples
from tests.bot.histories import History, Meeting, histories, meetings
from tests.bot.test_reduce import RECEIVED, fresh, kinds, played
from tests.support.examples import examples

Json = Any


def known(state: CallState) -> Json:
    operations = {key: one["status"] for key, one in state.operations.items()}
    ended = {key: one for key, one in operations.items() if one in ("completed", "failed")}
    tones = [*state.tones]
    return {"state": state.state, "result": state.result, "tones": tones, "operations": ended}


@given(histories(), st.integers(), st.integers(0, 30), st.booleans())
@examples(100, 3_000)
def test_any_order_comes_to_the_same(history: History, seed: int, length: int, ids: bool) -> None:
    history = history.until(length)
    state, events = played(history.delivered(seed), ids=ids)
    assert known(state) == history.truth
    told = Counter(kinds(events))
    assert {kind: told[kind] for kind in ("tone", "operation", "terminated")} == history.told
    assert all(told[kind] <= 1 for kind in ONCE)
    assert not any(event.late for event in events if event.kind in ONCE)


@given(histories(), st.integers(), st.booleans())
@examples(50, 1_000)
def test_what_was_told_is_not_told_again(history: History, seed: int, ended: bool) -> None:
    state, _ = played(history.items)
    if ended:
        state, _ = synthesize_end(state, 9.0)
        state = state.tombstone()
    again, events = played(history.delivered(seed), state, ids=False)
    assert set(kinds(events)) <= (
        {"terminated"} if not ended and history.truth["result"] else set()
    )
    assert again.ended == state.ended


@given(meetings(), st.integers())
@examples(100, 2_000)
def test_a_roster_by_changes_comes_to_the_same_in_any_order(meeting: Meeting, seed: int) -> None:
    state, taken = fresh(), 0
    for sent in History(meeting.deltas).delivered(seed):
        state, _ = played([sent], state)
        if state.roster_gap is not None:
            taken += 1
            state, _ = take_roster(state, meeting.roster.values(), state.roster_gap)
    assert {key: one["isMuted"] for key, one in state.roster.raw.items()} == {
        key: one["isMuted"] for key, one in meeting.roster.items()
    }
    in_order, _ = played(meeting.deltas)
    assert in_order.roster == state.roster or taken


@given(st.lists(st.permutations("abc"), min_size=1, max_size=6), st.data())
@examples(50, 1_000)
def test_rosters_in_order_tell_who_came_and_went(
    rosters: list[list[str]], data: st.DataObject
) -> None:
    present: set[str] = set()
    state = fresh()
    for names in rosters:
        now = set(names[: data.draw(st.integers(0, 3))])
        state, events = played([samples.roster(*map(samples.participant, sorted(now)))], state)
        told = Counter(
            (event.kind, event.payload["participant"]["id"].removeprefix("participant-"))
            for event in events
            if event.kind.startswith("participant_")
        )
        assert told == Counter(
            [("participant_joined", one) for one in now - present]
            + [("participant_left", one) for one in present - now]
        )
        present = now


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.just(10**40), st.text(max_size=3),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([
        "deleted", "updated", "established", "Terminated", "transferring", "completed", "running",
        "tone1", "active", "#microsoft.graph.call", "#microsoft.graph.playPromptOperation", samples.CALL,
        f"/app/calls/{samples.CALL}", f"/app/calls/{samples.CALL}/participants",
        f"/app/calls/{samples.CALL}/participants/1", f"/app/calls/{samples.CALL}/operations/1",
        f"/app/calls/{samples.CALL}/operations/participants", f"/app/calls/{samples.CALL}/x/1",
        f"/app/calls/{samples.CALL}/contentSharingSessions/1",
    ]),
)  # fmt: skip

NAMES = st.sampled_from([
    "@odata.type", "@odata.id", "changeType", "resource", "resourceUrl", "resourceData", "id", "state",
    "mediaState", "audio", "toneInfo", "tone", "sequenceId", "resultInfo", "code", "subcode", "status",
    "clientContext", "callChainId", "tenantId", "myParticipantId", "participants", "sequenceNumber",
    "removedState", "info", "identity", "user", "application", "displayName", "participantId",
])  # fmt: skip

ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)

ODD = st.fixed_dictionaries(
    {
        "resource": SCALARS.filter(lambda one: isinstance(one, str) and "calls" in one),
        "changeType": st.sampled_from(["created", "updated", "deleted"]),
        "resourceData": ANYTHING | st.dictionaries(NAMES, ANYTHING, max_size=8),
    }
)


@given(st.lists(ODD, max_size=5), st.lists(st.booleans(), min_size=5, max_size=5))
@examples(100, 2_000)
def test_nothing_that_is_sent_raises_and_all_that_is_known_is_stored(
    items: list[Json], ids: list[bool]
) -> None:
    state = fresh()
    for sent, with_id in zip(items, ids, strict=False):
        context = Context(received_at=RECEIVED, message_id="one" if with_id else None)
        before = state
        state, events = reduce(state, Notification.of(sent, context))
        assert all(event.late == before.ended for event in events)
        assert (state.state, state.result) == (before.state, before.result) or not before.ended
        json.dumps([dict(event.payload) for event in events], allow_nan=False)
    for one in (state, state.tombstone()):
        parts = {name: text for name, text in one.dump().items() if text is not None}
        assert CallState.load(parts) == one


RESOURCES = st.fixed_dictionaries(
    {
        "id": SCALARS,
        "@odata.type": st.sampled_from(
            ["#microsoft.graph.call", "#Microsoft.Graph.Participant", "microsoft.graph.foo", "call"]
            + [f"#microsoft.graph.{name}Operation" for name in ("comms", "playPrompt")]
        ),
    },
    optional={"@odata.id": SCALARS},
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("resource", "resourceUrl", "@odata.id", "id"), SCALARS),
            "resourceData": ANYTHING | RESOURCES,
        },
    )
)
@examples(60, 3_000)
def test_what_a_notification_is_about_is_what_its_model_says(sent: Json) -> None:
    item = Notification.of(sent)
    model = item.model
    assert (item.call_id, item.operation_id, item.participant_id, item.kind) == (
        model.call_id,
        model.operation_id,
        model.participant_id,
        model.resource_kind,
    )
