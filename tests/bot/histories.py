"""What may be notified of a call, in the order in which it happened, and how it may be delivered."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.bot import samples

Json = Any

ACTIVE: dict[str, Json] = {"mediaState": {"audio": "active"}}
FAILED = {"code": 500, "subcode": 7000, "message": "…"}


@dataclass(frozen=True)
class History:
    """Notifications of one call in the order in which they were sent; `truth` is what they say."""

    items: tuple[Json, ...]

    def until(self, length: int) -> History:
        """Return the beginning, as if the rest had been lost."""
        return History(self.items[:length])

    def delivered(self, seed: int) -> list[Json]:
        """Return the notifications in another order, some of them more than once."""
        chance = random.Random(seed)
        items = [one for one in self.items for _ in range(chance.choice((1, 1, 2, 3)))]
        chance.shuffle(items)
        return items

    @property
    def truth(self) -> Json:
        """What is known after all of it: read off the end, as only a history in order can be."""
        state, result, keys, operations = None, None, dict[int, str](), dict[str, str]()
        for sent in self.items:
            data = sent["resourceData"]
            if "/operations/" in sent["resource"]:
                operations[data["id"]] = data["status"].lower()
            elif "/participants" not in sent["resource"]:
                state = data["state"]
                if sent["changeType"] == "deleted":
                    result = data["resultInfo"]
                if tone := data.get("toneInfo"):
                    keys[tone["sequenceId"]] = tone["tone"].removeprefix("tone")
        return {
            "state": state,
            "result": result,
            "tones": sorted(keys.items()),
            "operations": {key: one for key, one in operations.items() if one != "running"},
        }

    @property
    def told(self) -> dict[str, int]:
        """How many events of some kinds it makes, in whatever order it is delivered."""
        truth = self.truth
        return {
            "tone": len(truth["tones"]),
            "operation": len(truth["operations"]),
            "terminated": int(truth["result"] is not None),
        }


def _operation(number: int, status: str) -> Json:
    operation_id = f"00000000-0000-4000-8000-{number:012}"
    sent = samples.operation(operation_id, status=status, context=f"context {number}")
    return {**sent, "changeType": "updated" if status.lower() == "running" else "deleted"}


@st.composite
def histories(draw: st.DrawFn) -> History:
    """A call that comes in or goes out, and gets as far as it does."""
    outgoing = [samples.call_item(state="establishing", direction="outgoing")]
    incoming = [samples.incoming(), samples.call_item(state="establishing")]
    items: list[Json] = draw(st.sampled_from([outgoing, incoming]))[:]
    if draw(st.booleans()):
        established = {"state": "established", "callChainId": samples.CHAIN}
        items += [
            samples.call_item(**established),
            samples.call_item(**established, **ACTIVE),
            samples.call_item(**established, **ACTIVE, chatInfo={"threadId": "19:a@thread.v2"}),
        ]
        first = draw(st.integers(1, 9))
        tones = [
            samples.tone(number, f"tone{draw(st.integers(0, 9))}")
            for number in range(first, first + draw(st.integers(0, 4)))
        ]
        operations = [
            _operation(number, status)
            for number in range(draw(st.integers(0, 3)))
            for status in ("Running", draw(st.sampled_from(["completed", "failed"])))
        ]
        items += _merged(draw(st.integers()), tones, operations)
        if draw(st.booleans()):
            items += [samples.call_item(state="transferring")]
            items += [samples.call_item(state="transferAccepted")] * draw(st.integers(0, 1))
            failed = samples.call_item(state="established", resultInfo=FAILED)
            items += [failed] * draw(st.integers(0, 1))
        items += [samples.call_item(state="terminating")] * draw(st.integers(0, 1))
    if draw(st.booleans()):
        items.append(samples.terminated(subcode=draw(st.sampled_from([5002, 5010]))))
    return History(tuple(items))


def _merged(seed: int, *sequences: list[Json]) -> list[Json]:
    """Return several sequences as one, each in its own order."""
    chance = random.Random(seed)
    left = [[*sequence] for sequence in sequences]
    merged: list[Json] = []
    while left := [sequence for sequence in left if sequence]:
        merged.append(chance.choice(left).pop(0))
    return merged


@dataclass(frozen=True)
class Meeting:
    """Changes of a roster by their numbers, and the roster that they come to."""

    deltas: tuple[Json, ...]
    roster: dict[str, Json]


@st.composite
def meetings(draw: st.DrawFn) -> Meeting:
    """People who join, leave, mute and unmute."""
    roster: dict[str, Json] = {}
    deltas: list[Json] = []
    steps = draw(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=8))
    for number, (name, muted) in enumerate(steps, start=1):
        person = samples.participant(name, muted=muted)
        if roster.get(name) == person:
            del roster[name]
            person = {**person, "removedState": {"reason": "left"}}
        else:
            roster[name] = person
        deltas.append(samples.delta(number, person))
    return Meeting(tuple(deltas), {one["id"]: one for one in roster.values()})
