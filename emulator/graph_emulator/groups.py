"""Who takes part in a group call or a meeting: listed, invited, muted, removed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from graph_comms.bot.json_values import Json, list_of, object_of, text_of

from .behaviours import Behaviour
from .call import Call, Operation, Participant, result_info
from .calls import BEAT, Calls
from .faults import Fault, invalid, not_permitted
from .ids import same_id
from .messages import Answer, Request
from .people import Leg

MOST_INVITED = 5


class Groups:
    """Answers what concerns the participants of a call."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def routes(self) -> dict[str, Callable[[Request], Answer]]:
        """Return what answers which operation, by method and path."""
        people = "/communications/calls/{call-id}/participants"
        person = f"{people}/{{participant-id}}"
        return {
            f"GET {people}": self.list,
            f"GET {person}": self.get,
            f"POST {people}/invite": self.invite,
            f"DELETE {person}": self.remove,
            f"POST {person}/mute": self.mute,
        }

    def list(self, request: Request) -> Answer:
        """Return who takes part (call-list-participants)."""
        call = self._group(request)
        context = f"{request.root}/$metadata#communications/calls('{call.id}')/participants"
        found = [participant.to_json() for participant in call.roster]
        return Answer(200, {"@odata.context": context, "value": found})

    def get(self, request: Request) -> Answer:
        """Return one who takes part (participant-get)."""
        call = self._calls.of(request)
        return Answer(200, self._participant(call, request).to_json())

    def invite(self, request: Request) -> Answer:
        """Let it ring at people who are to join (participant-invite)."""
        call = self._group(request)
        if not request.caller.has_any(["Calls.InitiateGroupCall.All"]):
            raise not_permitted()
        invited = list_of(object_of(request.body).get("participants"))
        if not 1 <= len(invited) <= MOST_INVITED:
            raise invalid(f"participants must hold between 1 and {MOST_INVITED} participants.")
        people = [self._calls.directory.called(object_of(one).get("identity")) for one in invited]
        operation = self._operation(call, request, "inviteParticipantsOperation", "running")
        operation.details["participants"] = invited
        left = len(people)

        def came(refusal: dict[str, Json] | None) -> None:
            nonlocal left
            left -= 1
            if refusal is not None and operation.result is None:
                operation.result = refusal
            if left == 0 and not call.ended:
                failed = operation.result is not None
                operation.status = "failed" if failed else "completed"
                operation.result = operation.result or result_info(200, 0, "Success.")
                self._calls.tell_operation(call, operation)

        for person in people:
            self._calls.later(BEAT, partial(self._calls.ring, call, person, came))
        return self._started(request, call, operation)

    def remove(self, request: Request) -> Answer:
        """Take a participant out (participant-delete)."""
        call = self._group(request)
        leg = self._leg(call, self._participant(call, request))
        self._calls.later(BEAT, partial(self._calls.remove, leg))
        return Answer(204)

    def mute(self, request: Request) -> Answer:
        """Mute a participant (participant-mute)."""
        call = self._group(request)
        participant = self._participant(call, request)
        participant.muted = True
        operation = self._operation(call, request, "muteParticipantOperation", "completed")
        told = partial(self._calls.tell_roster, call, [participant.to_json()])
        self._calls.later(BEAT, told)
        return self._started(request, call, operation)

    def _group(self, request: Request) -> Call:
        call = self._calls.of(request)
        if call.shape == "peer-to-peer":
            raise Fault(400, "8548", "Not a group call.")
        return call

    def _participant(self, call: Call, request: Request) -> Participant:
        wanted = same_id(request.keys["participant-id"])
        for participant in call.roster:
            if same_id(participant.id) == wanted:
                return participant
        raise Fault(404, "8522", "Participant not found.")

    def _leg(self, call: Call, participant: Participant) -> Leg:
        for leg in self._calls.legs[call.id]:
            if leg.participant is participant:
                return leg
        raise invalid("The bot leaves by ending its call.")

    def _operation(self, call: Call, request: Request, kind: str, status: str) -> Operation:
        context = text_of(object_of(request.body).get("clientContext")) or None
        operation = Operation(
            id=self._calls.seeded.guid(), kind=kind, status=status, client_context=context
        )
        call.operations[operation.id] = operation
        return operation

    def _started(self, request: Request, call: Call, operation: Operation) -> Answer:
        location = f"{request.root}{call.path}/operations/{operation.id}"
        return Answer(200, operation.to_json(), {"Location": location})


_PAGE = "https://learn.microsoft.com/graph/api/"
_TESTS = "tests/emulator/test_groups.py::"

BEHAVIOURS = (
    Behaviour(
        "groups.participants", "D", f"{_PAGE}call-list-participants", f"{_TESTS}test_who_takes_part"
    ),
    Behaviour(
        "groups.peer_to_peer",
        "D-ACS",
        "8548: not a group call",
        f"{_TESTS}test_what_only_a_group_has_is_refused_between_two",
    ),
    Behaviour(
        "groups.invite", "D", f"{_PAGE}participant-invite", f"{_TESTS}test_a_person_is_invited"
    ),
    Behaviour(
        "groups.invite.refused", "?", "", f"{_TESTS}test_an_invitation_that_is_declined_fails"
    ),
    Behaviour(
        "groups.remove", "D", f"{_PAGE}participant-delete", f"{_TESTS}test_a_person_is_removed"
    ),
    Behaviour("groups.mute", "D", f"{_PAGE}participant-mute", f"{_TESTS}test_a_person_is_muted"),
    Behaviour(
        "groups.alone",
        "W",
        "captured: 200/5010 when only one is left",
        f"{_TESTS}test_a_group_ends_when_the_last_has_left",
    ),
    Behaviour(
        "groups.declined",
        "D",
        "Azure Communication Services, call end: 200/5003",
        f"{_TESTS}test_a_group_that_everybody_declines_ends",
    ),
)
