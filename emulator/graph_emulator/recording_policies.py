"""Policy-based recording: a bot is called for people whose calls must be recorded, and says who is."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from graph_comms.bot.json_values import Json, object_of, text_of

from . import wire
from .addresses import is_https
from .behaviours import Behaviour
from .call import Call, Participant, application, ending
from .calls import BEAT, Calls
from .delivery import Delivery
from .faults import invalid, not_established, of_platform
from .json_text import parsed_json
from .meetings import Meeting
from .messages import Answer, Request
from .operations import answered, started
from .people import Leg, Person
from .receivers import Reply

ANSWER = 5.0
"""How long a bot may take to say whether somebody joins, in seconds."""

NAME = "TeamsComplianceRecordingPolicy=Tenant:RecordingPolicy"

STATUSES = ("notRecording", "recording", "failed")

Joined = Literal["accepted", "rejected", "sent to a new bot", "invalid", "missing"]


@dataclass(eq=False, kw_only=True)
class Recording:
    """What a policy has a bot record: `people` are those under it."""

    people: Collection[Person]
    required: bool
    """Whether nobody joins who is not recorded."""
    tells_status: bool
    """Whether the roster has the status of the recording."""
    capacity: int = 0
    """How many people the bot takes in one call: what it answers the call with."""
    recorded: list[Person] = field(default_factory=list[Person])
    joins: list[tuple[str, Joined]] = field(default_factory=list[tuple[str, Joined]])
    """Who has wanted to join, and what became of it."""


class RecordingPolicies:
    """Calls bots for people under a policy, asks whether more join, and takes in what is recorded."""

    def __init__(self, calls: Calls, delivery: Delivery) -> None:
        self._calls = calls
        self._delivery = delivery
        self._recordings: dict[str, Recording] = {}
        calls.on_coming = self._come
        calls.on_leaving.append(self._left)
        calls.on_end.append(lambda call: self._recordings.pop(call.id, None))

    def clear(self) -> None:
        """Forget what is recorded."""
        self._recordings.clear()

    def routes(self) -> dict[str, Callable[[Request], Answer]]:
        """Return what answers which operation, by method and path."""
        return {"POST /communications/calls/{call-id}/updateRecordingStatus": self.update_status}

    def invite(
        self,
        app_id: str,
        callback_uri: str,
        person: Person,
        meeting: Meeting | None,
        recording: Recording,
        tenant: str,
    ) -> Call:
        """Call a bot, which is to record a person in a call or a meeting."""
        place = meeting or Meeting(key=self._calls.seeded.guid("recorded"))
        data: dict[str, Json] = {
            "mediaHostedRegion": "USEA",
            "user": {"participationMethod": "Caller", "clientLocation": "US"},
            "inviteReasons": ["ComplianceRecording"],
            "policyIdentifier": NAME,
            "otherRecorders": [],
            "pairedRecorders": [],
            "isMultiParty": True,
            "applicationType": None,
        }
        call = self._calls.rings(app_id, callback_uri, person, tenant, place, bot_data=data)
        recording.recorded.append(person)
        self._recordings[call.id] = recording
        call.recording = recording
        return call

    def update_status(self, request: Request) -> Answer:
        """Take in whether the bot records (call-updaterecordingstatus)."""
        call = self._calls.of(request)
        recording = self._recordings.get(call.id)
        if recording is None:
            raise of_platform(400, "8506", "API call not allowed for non-Compliance Recording call")
        if call.bot_id not in call.participants:
            raise not_established()
        status = text_of(object_of(request.body).get("status"))
        if status not in STATUSES:
            raise invalid(f"status must be one of {', '.join(STATUSES)}.")
        kind = "updateRecordingStatusOperation"
        operation = started(self._calls, call, request, kind, "completed")
        bot = call.participants[call.bot_id]
        if recording.tells_status:
            bot.recording = {"initiator": application(call.app_id), "recordingStatus": status}
            told = partial(self._calls.tell_roster, call, [bot.to_json()])
            self._calls.later(BEAT, told)
        return answered(request, call, operation)

    # -- who joins

    def _come(self, call: Call, leg: Leg, join: Callable[[], None]) -> None:
        """Let a person join a call, after asking the bot about one who is under the policy."""
        recording = self._recordings.get(call.id)
        if recording is None or leg.person not in recording.people:
            join()
        elif len(recording.recorded) < recording.capacity:
            self._ask(call, leg, recording, join)
        else:
            self._call_another(call, call.callback_uri, leg.person, recording)
            join()

    def _ask(self, call: Call, leg: Leg, recording: Recording, join: Callable[[], None]) -> None:
        open_ = True

        def decide(reply: Reply | None) -> None:
            nonlocal open_
            if not open_:
                return
            open_ = False
            self._calls.schedule.cancel(late)
            joined, address = _read(reply)
            recording.joins.append((leg.person.label, joined))
            if call.ended:
                return
            if joined == "accepted":
                recording.recorded.append(leg.person)
            elif joined == "sent to a new bot":
                self._call_another(call, address, leg.person, recording)
            elif recording.required:
                return
            join()

        late = self._calls.later(ANSWER, lambda: decide(None))
        self._delivery.consult(call, wire.of_joining(call, leg.person), decide)

    def _call_another(self, call: Call, uri: str, person: Person, recording: Recording) -> None:
        """Call a bot anew, for a person about whom this one does not care."""
        others = replace(recording, recorded=[], joins=[], capacity=0)
        place = None if call.meeting is None else replace(call.meeting, steps=[])
        self.invite(call.app_id, uri, person, place, others, call.tenant)

    def _left(self, call: Call, leg: Leg, gone: Participant) -> None:
        recording = self._recordings.get(call.id)
        if recording is None or leg.person not in recording.recorded:
            return
        recording.recorded.remove(leg.person)
        if recording.capacity:
            self._delivery.send(call, wire.of_left(call, gone.id))
        if not recording.recorded:
            over = ending(200, 7000)
            self._calls.later(BEAT, lambda: self._calls.end(call, "service", over))


def _read(reply: Reply | None) -> tuple[Joined, str]:
    """Return what a bot has answered about somebody who joins, and the address of a new bot."""
    if reply is None or reply.status >= 300 or not reply.body.strip():
        return "missing", ""
    try:
        answer = object_of(parsed_json(reply.body))
    except ValueError:
        return "invalid", ""
    match text_of(answer.get("@odata.type")).lower().removeprefix("#microsoft.graph."):
        case "acceptjoinresponse":
            return "accepted", ""
        case "rejectjoinresponse":
            return "rejected", ""
        case "invitenewbotresponse" if is_https(text_of(answer.get("inviteUri"))):
            return "sent to a new bot", text_of(answer.get("inviteUri"))
        case _:
            return "invalid", ""


_PAGE = "https://learn.microsoft.com/graph/api/"
_SAMPLES = "microsoft-graph-comms-samples issue"
_TESTS = "tests/emulator/test_policies.py::"

BEHAVIOURS = (
    Behaviour(
        "recording_policies.incoming", "W", f"{_SAMPLES} 667, and {_PAGE}call-answer",
        f"{_TESTS}test_a_bot_is_called_to_record",
    ),
    Behaviour(
        "recording_policies.deadline", "D", f"{_PAGE}call-answer: 5 seconds",
        f"{_TESTS}test_a_recording_must_be_decided_in_five_seconds",
    ),
    Behaviour(
        "recording_policies.joining", "D", f"{_PAGE}resources/participantjoiningnotification",
        f"{_TESTS}test_the_bot_is_asked_who_joins",
    ),
    Behaviour(
        "recording_policies.joining.refused", "?", "8609 and 8610: Azure Communication Services",
        f"{_TESTS}test_answers_about_who_joins",
    ),
    Behaviour(
        "recording_policies.joining.new_bot", "D", f"{_PAGE}resources/participantjoiningresponse",
        f"{_TESTS}test_a_new_bot_is_called",
    ),
    Behaviour(
        "recording_policies.joining.full", "D", f"{_PAGE}resources/participantjoiningnotification",
        f"{_TESTS}test_without_capacity_each_person_is_a_call",
    ),
    Behaviour(
        "recording_policies.left", "D", f"{_PAGE}resources/participantleftnotification",
        f"{_TESTS}test_the_bot_is_asked_who_joins",
    ),
    Behaviour(
        "recording_policies.end", "W", f"{_SAMPLES} 667: the whole call",
        f"{_TESTS}test_the_end_repeats_the_whole_call",
    ),
    Behaviour("recording_policies.end.result", "?", "", f"{_TESTS}test_the_end_repeats_the_whole_call"),
    Behaviour(
        "recording_policies.status", "D", f"{_PAGE}call-updaterecordingstatus",
        f"{_TESTS}test_the_bot_says_that_it_records",
    ),
    Behaviour(
        "recording_policies.status.roster", "?", "can be left out: tells_status=False",
        f"{_TESTS}test_the_bot_says_that_it_records",
    ),
    Behaviour(
        "recording_policies.status.other_calls", "W", f"{_SAMPLES} 444: 8506; the status is a guess",
        f"{_TESTS}test_only_calls_for_a_policy_have_a_recording_status",
    ),
)  # fmt: skip
