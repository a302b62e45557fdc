"""What happens in the calls of meetings, for who subscribes to that: `meetingCallEvents`.

Source: https://learn.microsoft.com/graph/changenotifications-for-onlinemeeting.
"""

from __future__ import annotations

from collections.abc import Iterable

from graph_comms.bot.json_values import Json, object_of

from .behaviours import Behaviour
from .call import Call, Participant
from .call_records import moment_of
from .calls import Calls
from .people import Leg
from .schedule import Schedule
from .subscriptions import Subscriptions

_NAMESPACE = "Microsoft.Communication"


class MeetingEvents:
    """Tells of a meeting's call from when a bot comes until the last one goes; of others nobody knows."""

    def __init__(self, schedule: Schedule, calls: Calls, subscriptions: Subscriptions) -> None:
        self._schedule = schedule
        self._subscriptions = subscriptions
        self._in: dict[str, set[Call]] = {}
        """The calls of bots that are in each meeting, by its key."""
        calls.on_joining.append(self._joined)
        calls.on_leaving.append(self._left)
        calls.on_end.append(self._ended)

    def clear(self) -> None:
        """Forget who is in which meeting."""
        self._in.clear()

    def _joined(self, call: Call, participant: Participant) -> None:
        if call.meeting is None:
            return
        there = self._in.setdefault(call.meeting.key, set())
        if not there:
            self._tell(call, "CallStarted", {"state": "active"})
        there.add(call)
        self._tell_roster(call, joined=[participant])

    def _left(self, call: Call, leg: Leg, participant: Participant) -> None:
        self._tell_roster(call, exited=[participant])

    def _ended(self, call: Call) -> None:
        there = None if call.meeting is None else self._in.get(call.meeting.key)
        if call.meeting is None or there is None or call not in there:
            return
        self._tell_roster(call, exited=call.roster)
        there.remove(call)
        if not there:
            del self._in[call.meeting.key]
            self._tell(call, "CallEnded", {"state": "inactive"})

    def _tell_roster(
        self, call: Call, *, joined: Iterable[Participant] = (), exited: Iterable[Participant] = ()
    ) -> None:
        people = {
            "activeParticipants@joined": [_active(one) for one in joined],
            "activeParticipants@exited": [_active(one) for one in exited],
        }
        self._tell(call, "CallRosterUpdate", people)

    def _tell(self, call: Call, event: str, data: dict[str, Json]) -> None:
        if call.meeting is None:
            return
        common = {
            "eventType": f"{_NAMESPACE}.{event}",
            "eventDateTime": moment_of(self._schedule.time),
        }
        self._subscriptions.tell_meeting_event(call.meeting.key, common | data)


def _active(participant: Participant) -> dict[str, Json]:
    return {"Id": participant.id, "Identity": _capitalized(participant.identity)}


def _capitalized(value: Json) -> Json:
    """Return identities as these events write them."""
    return {
        f"{name[:1].upper()}{name[1:]}": _capitalized(inner)
        for name, inner in object_of(value).items()
        if not name.startswith("@")
    } or value


_TEST = "tests/emulator/test_meeting_events.py::"

BEHAVIOURS = (
    Behaviour(
        "meetingCallEvents.sent", "D", "https://learn.microsoft.com/graph/changenotifications-for-onlinemeeting",
        f"{_TEST}test_what_happens_in_a_meeting_is_notified",
    ),
    Behaviour(
        "meetingCallEvents.when", "?",
        "from when the first bot is in the meeting until the last one has left",
        f"{_TEST}test_a_meeting_of_two_bots_begins_and_ends_once",
    ),
)  # fmt: skip
