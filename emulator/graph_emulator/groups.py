"""Who takes part in a group call or a meeting: listed, invited, muted, removed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from graph_comms.bot.json_values import Json, list_of, object_of, text_of

from .behaviours import Behaviour
from .call import Call, Participant
from .calls import BEAT, Calls
from .faults import Fault, invalid, not_established, not_permitted, of_platform
from .ids import same_id
from .messages import Answer, Request
from .operations import DONE, answered, finish, started
from .people import Leg

MOST_INVITED = 5

_CALL = "/communications/calls/{call-id}"


class Groups:
    """Answers what concerns the participants of a call."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def routes(self) -> dict[str, Callable[[Request], Answer]]:
        """Return what answers which operation, by method and path."""
        people = f"{_CALL}/participants"
        person = f"{people}/{{participant-id}}"
        return {
            f"GET {people}": self.list,
            f"GET {person}": self.get,
            f"POST {people}/invite": self.invite,
            f"DELETE {person}": self.remove,
            f"POST {person}/mute": self.mute,
            f"POST {person}/startHoldMusic": self.start_hold_music,
            f"POST {person}/stopHoldMusic": self.stop_hold_music,
            f"POST {_CALL}/mute": partial(self.mute_bot, muted=True),
            f"POST {_CALL}/unmute": partial(self.mute_bot, muted=False),
            f"POST {_CALL}/addLargeGalleryView": self.add_large_gallery_view,
            f"POST {_CALL}/changeScreenSharingRole": self.change_screen_sharing_role,
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
        context = f"{request.root}/$metadata#communications/calls('{call.id}')/participants/$entity"
        found = self._participant(call, request).to_json()
        return Answer(200, {"@odata.context": context, **found})

    def invite(self, request: Request) -> Answer:
        """Let it ring at people who are to join (participant-invite)."""
        call = self._group(request)
        if not request.caller.has_any(["Calls.InitiateGroupCall.All"]):
            raise not_permitted()
        invited = list_of(object_of(request.body).get("participants"))
        if not 1 <= len(invited) <= MOST_INVITED:
            raise invalid(f"participants must hold between 1 and {MOST_INVITED} participants.")
        people = [self._calls.directory.called(object_of(one).get("identity")) for one in invited]
        # Of several, only the first can come from another call.
        leaves = text_of(object_of(invited[0]).get("replacesCallId"))
        replaced = self._calls.owned(leaves, request.caller) if leaves else None
        operation = started(
            self._calls, call, request, "inviteParticipantsOperation", participants=invited
        )
        refusals: list[tuple[int, int, str]] = []
        left = len(people)

        def came(refusal: dict[str, Json] | None) -> None:
            nonlocal left
            left -= 1
            if refusal is not None:
                refusals.append((refusal["code"], refusal["subcode"], refusal["message"]))
            if left == 0:
                status = "failed" if refusals else "completed"
                finish(self._calls, call, operation, status, refusals[0] if refusals else DONE)

        for number, person in enumerate(people):
            comes = self._calls.ring
            if replaced is not None and number == 0:
                comes = partial(self._calls.replace, replaced)
            self._calls.later(BEAT, partial(comes, call, person, came))
        return answered(request, call, operation)

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
        operation = started(self._calls, call, request, "muteParticipantOperation", "completed")
        told = partial(self._calls.tell_roster, call, [participant.to_json()])
        self._calls.later(BEAT, told)
        return answered(request, call, operation)

    def mute_bot(self, request: Request, *, muted: bool) -> Answer:
        """Mute the bot itself, or take that back (call-mute, call-unmute)."""
        call = self._established(request)
        kind = "muteParticipantOperation" if muted else "unmuteParticipantOperation"
        operation = started(self._calls, call, request, kind, "completed")
        bot = call.participants[call.bot_id]
        bot.muted = muted
        self._calls.later(BEAT, lambda: self._calls.tell_roster(call, [bot.to_json()]))
        return answered(request, call, operation)

    def start_hold_music(self, request: Request) -> Answer:
        """Play music to a participant, whom the others do not hear (participant-startholdmusic)."""
        return self._running(request, "startHoldMusicOperation")

    def stop_hold_music(self, request: Request) -> Answer:
        """Let a participant take part again (participant-stopholdmusic)."""
        call = self._established(request)
        self._participant(call, request)
        operation = started(self._calls, call, request, "stopHoldMusicOperation", "completed")
        return answered(request, call, operation, 202)

    def add_large_gallery_view(self, request: Request) -> Answer:
        """Show a large gallery (call-addlargegalleryview)."""
        return self._running(request, "addLargeGalleryViewOperation")

    def change_screen_sharing_role(self, request: Request) -> Answer:
        """Begin or end to share the bot's screen (call-changescreensharingrole)."""
        call = self._established(request)
        if not call.app_hosted:
            raise of_platform(400, "8500", "Invalid media mode.")
        role = text_of(object_of(request.body).get("role")).lower()
        if role not in ("sharer", "viewer"):
            raise invalid("role must be sharer or viewer.")
        bot = call.participants[call.bot_id]
        bot.shares_screen = role == "sharer"
        self._calls.later(BEAT, lambda: self._calls.tell_roster(call, [bot.to_json()]))
        return Answer(202)

    def _running(self, request: Request, kind: str) -> Answer:
        """Start an operation that is completed a moment later."""
        call = self._established(request)
        if "participant-id" in request.keys:
            self._participant(call, request)
        operation = started(self._calls, call, request, kind)
        self._calls.later(BEAT, lambda: finish(self._calls, call, operation, "completed", DONE))
        return answered(request, call, operation, 202)

    def _group(self, request: Request) -> Call:
        call = self._calls.of(request)
        if call.shape == "peer-to-peer":
            raise of_platform(400, "8548", "Not a group call.")
        return call

    def _established(self, request: Request) -> Call:
        call = self._group(request)
        if call.bot_id not in call.participants:
            raise not_established()
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
        "groups.invite.replaces",
        "D",
        f"{_PAGE}participant-invite; that nobody is rung, and how the other call ends, are guesses",
        f"{_TESTS}test_a_person_is_invited_from_another_call",
    ),
    Behaviour(
        "groups.invite.refused", "?", "", f"{_TESTS}test_an_invitation_that_is_declined_fails"
    ),
    Behaviour(
        "groups.remove", "D", f"{_PAGE}participant-delete", f"{_TESTS}test_a_person_is_removed"
    ),
    Behaviour("groups.mute_bot", "D", f"{_PAGE}call-mute", f"{_TESTS}test_the_bot_is_muted"),
    Behaviour(
        "groups.hold_music",
        "D",
        f"{_PAGE}participant-startholdmusic",
        f"{_TESTS}test_what_runs_for_a_moment_is_completed",
    ),
    Behaviour(
        "groups.screen",
        "D",
        f"{_PAGE}call-changescreensharingrole",
        f"{_TESTS}test_the_bot_shares_its_screen",
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
