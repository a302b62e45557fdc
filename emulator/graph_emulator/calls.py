"""The life of calls: how they begin, ring, are answered, and end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from graph_comms.bot.json_values import Json, object_of

from . import wire
from .audio import Speech
from .behaviours import Behaviour
from .call import Call, EndedBy, Operation, Participant, application, ending, result_info
from .delivery import Delivery
from .directory import Directory
from .faults import call_not_found, of_platform, other_tenant
from .ids import Seeded, same_id
from .messages import Request
from .people import KEYS, Leg, Person, Step
from .schedule import Act, Schedule
from .tokens import Caller
from .wire import Forms

if TYPE_CHECKING:
    from .meetings import Meeting

BEAT = 0.1
"""The time between two steps that the service takes by itself, in seconds."""

RINGING = 120.0
"""How long the service lets it ring, in seconds."""

KEPT = 45 * 60.0
"""For how long a call lives without a keepAlive, in seconds."""

DECISION = 15.0
"""Within how many seconds an incoming call must be answered, rejected or redirected."""

DECISION_TO_RECORD = 5.0
"""The same for a call to a bot that is to record for a policy."""


class Calls:
    """The calls of the service, by any spelling of their ids."""

    def __init__(
        self,
        schedule: Schedule,
        seeded: Seeded,
        directory: Directory,
        delivery: Delivery,
        forms: Forms,
    ) -> None:
        self.schedule = schedule
        self.seeded = seeded
        self.beat = BEAT
        self.directory = directory
        self.forms: Forms = forms
        self._delivery = delivery
        self._calls: dict[str, Call] = {}
        self.legs: dict[str, list[Leg]] = {}
        self.on_key: Callable[[Call, str], None] = lambda call, key: None
        self.on_speech: Callable[[Call, Speech], None] = lambda call, speech: None
        self.on_coming: Callable[[Call, Leg, Callable[[], None]], None] = lambda call, leg, join: (
            join()
        )
        """Called before somebody joins what the bot is in; the last argument lets that happen."""
        self.on_joining: list[Callable[[Call, Participant], None]] = []
        """Called when the bot or somebody else is in the call."""
        self.on_leaving: list[Callable[[Call, Leg, Participant], None]] = []
        self.on_end: list[Callable[[Call], object]] = []
        self.changed: Callable[[Call], object] = lambda call: None
        """Called when what a call shows to who looks at it may have become something else."""

    def __getitem__(self, id: str | None) -> Call:
        """Return a call, also after its end; raises KeyError, as for the None that a model's id may be."""
        return self._calls[same_id(id or "")]

    def __iter__(self) -> Iterator[Call]:
        """Yield the calls in the order in which they began."""
        return iter(self._calls.values())

    def __len__(self) -> int:
        return len(self._calls)

    def clear(self) -> None:
        """Forget all calls."""
        self._calls.clear()
        self.legs.clear()

    def of(self, request: Request) -> Call:
        """Return the call of a request; raises Fault where it has ended or is not the caller's."""
        call = self.owned(request.keys["call-id"], request.caller)
        if call.state == "terminating" and request.operation.method == "POST":
            raise of_platform(400, "8528", "Call terminated.")
        return call

    def owned(self, call_id: str, caller: Caller) -> Call:
        """Return a call that lives; raises Fault where it has ended or is not the caller's."""
        call = self._calls.get(same_id(call_id))
        if call is None or call.ended or same_id(call.app_id) != same_id(caller.app_id):
            raise call_not_found()
        if not caller.fits(call.tenant):
            raise other_tenant()
        return call

    # -- what people do

    def rings(
        self,
        app_id: str,
        callback_uri: str,
        caller: Person,
        tenant: str,
        meeting: Meeting | None = None,
        *,
        transferor: Person | None = None,
        bot_data: Json = None,
    ) -> Call:
        """Let a person call an application: the bot is told, and has some seconds to decide.

        With a meeting the application is called into that; with a `transferor` it was somebody else who
        passed the call on to it; `bot_data` is what a bot is told that is called because of a policy.
        """
        sees = self.directory.sees_callers(app_id)
        call_id = self.seeded.guid("call")
        seeded = self.seeded.below(call_id)
        call = Call(
            id=call_id,
            seeded=seeded,
            chain_id=seeded.guid("chain"),
            tenant=tenant,
            app_id=app_id,
            shape="peer-to-peer" if meeting is None else "meeting",
            direction="incoming",
            callback_uri=callback_uri,
            state="incoming",
            bot_id=seeded.guid("bot"),
            entity={
                "source": {
                    "@odata.type": "#microsoft.graph.participantInfo",
                    "identity": caller.identity(tenant) if sees else caller.hidden(),
                },
                "targets": [
                    {
                        "@odata.type": "#microsoft.graph.invitationParticipantInfo",
                        "identity": application(app_id),
                    }
                ],
                "tenantId": tenant,
                "requestedModalities": ["audio"],
            },
        )
        if meeting is not None:
            token = {"@odata.type": "#microsoft.graph.tokenMeetingInfo", "token": call.id}
            call.entity |= {"chatInfo": meeting.chat(), "meetingInfo": token}
            call.meeting = meeting
        if bot_data is not None:
            call.entity["applicationMetadata"] = {"botData": bot_data}
        call.began = self.schedule.time
        self._calls[call.id] = call
        leg = Leg(caller, call, self)
        self.legs[call.id] = [leg]
        data = {
            **call.entity,
            "state": "incoming",
            "direction": "incoming",
            "callbackUri": callback_uri,
            "callChainId": call.chain_id,
            "myParticipantId": call.bot_id,
            "incomingContext": {
                "@odata.type": "#microsoft.graph.incomingContext",
                "sourceParticipantId": seeded.guid("caller"),
                "observedParticipantId": call.bot_id,
                **({} if transferor is None else {"transferor": transferor.identity(tenant)}),
            },
        }
        self._send(call, wire.of_call(call, "created", data, self.forms, identified=True))
        late = result_info(408, 8587, "The incoming call was not answered in time.")
        decision = DECISION if bot_data is None else DECISION_TO_RECORD
        call.ringing = self.later(decision, lambda: self.end(call, "service", late))
        if caller.patience is not None:
            self.later(caller.patience, lambda: self._give_up(leg))
        return call

    def _give_up(self, leg: Leg) -> None:
        if leg.call.state == "incoming":
            self.leave(leg)

    def leave(self, leg: Leg) -> None:
        """Let a person hang up, or stop calling."""
        call = leg.call
        if call.ended or (leg.participant is None and call.state != "incoming"):
            return
        if call.state == "incoming":
            self.end(call, "user", ending(487, 540487))
        elif call.shape == "peer-to-peer":
            self.end(call, "user", result_info(200, 5002, "The conversation has ended."))
        else:
            self.remove(leg)

    def press(self, leg: Leg, key: str) -> None:
        """Let a person press a key, which the bot is told of if it has subscribed to tones."""
        call = leg.call
        if call.ended or leg.participant is None:
            return
        call.tones.append(key)
        call.tone_number += 1
        self.on_key(call, key)
        if call.subscribed:
            self._send(call, wire.of_tone(call, KEYS[key], call.tone_number, self.forms))

    def speak(self, leg: Leg, speech: Speech) -> None:
        """Let a person say something."""
        if not leg.call.ended and leg.participant is not None:
            self.on_speech(leg.call, speech)

    def hold(self, leg: Leg, *, held: bool) -> None:
        """Let a person put the call on hold, or take it up again: the direction of its audio changes."""
        if not leg.call.ended and leg.participant is not None:
            leg.participant.held = held
            self.tell_roster(leg.call, [leg.participant.to_json()])

    def share(self, leg: Leg, seconds: float) -> None:
        """Let a person share content, of which the bot is told if it has asked for that."""
        call = leg.call
        if call.ended or leg.participant is None:
            return
        session = call.seeded.guid("sharing")
        call.sharing.append(session)
        self._tell_sharing(call, "created", session)
        if self.forms == "docs":
            self._tell_sharing(call, "updated", session)

        def stop() -> None:
            if not call.ended:
                call.sharing.remove(session)
                self._tell_sharing(call, "deleted", session)

        self.later(seconds, stop)

    def plan(self, leg: Leg, step: Step) -> None:
        """Let a person do something, counted from when the audio is active."""
        if leg.active_since is None or leg.call.ended:
            return
        self.schedule.at(leg.active_since + step.after, lambda: step.do(leg))

    # -- from one state to the next

    def begin(self, call: Call) -> None:
        """Take in a call that begins."""
        call.began = self.schedule.time
        self._calls[call.id] = call
        self.legs[call.id] = []
        self.keep(call)
        self.changed(call)

    def keep(self, call: Call) -> None:
        """Let a call live for another 45 minutes."""
        self.schedule.cancel(call.expiry)
        lapsed = result_info(408, 8537, "The call was not kept alive.")
        call.expiry = self.schedule.after(
            KEPT, lambda: self.end(call, "service", lapsed), pending=False
        )

    def ring(
        self,
        call: Call,
        person: Person,
        on_outcome: Callable[[dict[str, Json] | None], None] | None = None,
    ) -> None:
        """Let it ring at a person's, who does what the script says.

        `on_outcome` is called with the result of a refusal, or None for who has answered.
        """
        if call.ended:
            return
        leg = Leg(person, call, self, on_outcome=on_outcome)
        self.legs[call.id].append(leg)
        refuse = partial(self.refused, leg)
        match person.response:
            case "answers":
                leg.ringing = self.later(person.responds_after, partial(self.answers, leg))
            case "declines":
                leg.ringing = self.later(person.responds_after, partial(self.declines, leg))
            case "is busy":
                busy = result_info(486, 560486, "The callee is busy.")
                leg.ringing = self.later(BEAT, partial(refuse, "user", busy))
            case "does not answer":
                late = result_info(487, 10004, "The call was not accepted in time.")
                leg.ringing = self.later(RINGING, partial(refuse, "service", late))
        self.changed(call)

    def talking(self, call_id: str, person: Person) -> Leg | None:
        """Return what a person is in a call by; None if the person is not in it, or it has ended."""
        legs = self.legs.get(same_id(call_id), ())
        return next((one for one in legs if one.person is person and one.participant), None)

    def replace(
        self,
        replaced: Call,
        call: Call,
        person: Person,
        on_outcome: Callable[[dict[str, Json] | None], None],
    ) -> None:
        """Let a person go from one call to another, without ringing; who is not in the one is rung.

        The one ends if it was between two.
        """
        there = self.talking(replaced.id, person)
        if call.ended or there is None:
            self.ring(call, person, on_outcome)
            return
        leg = Leg(person, call, self, on_outcome=on_outcome)
        self.legs[call.id].append(leg)
        self.answers(leg)
        if replaced.shape == "peer-to-peer":
            told: dict[str, Json] = {"terminationReason": "AppTransferred"}
            self.later(4 * BEAT, lambda: self.end(replaced, "bot", None, data=told))
        else:
            self.later(4 * BEAT, partial(self.remove, there))

    def answers(self, leg: Leg) -> None:
        """Let a person whom it rings at take the call, whatever the script says."""
        self.schedule.cancel(leg.ringing)
        leg.ringing = None
        self.joined(leg.call, leg)
        self.changed(leg.call)

    def declines(self, leg: Leg) -> None:
        """Let a person whom it rings at refuse the call, whatever the script says."""
        self.refused(leg, "user", leg.person.refusal)

    def refused(self, leg: Leg, by: EndedBy, result: dict[str, Json]) -> None:
        """Go on without a person who has not answered, or end a call in which nobody is left."""
        call = leg.call
        self.schedule.cancel(leg.ringing)
        leg.ringing = None
        if call.ended:
            return
        legs = self.legs[call.id]
        legs.remove(leg)
        self.changed(call)
        if leg.on_outcome is not None:
            leg.on_outcome(result)
        elif call.shape == "peer-to-peer":
            self.end(call, by, result)
        elif not legs and call.shape == "group":
            nobody = result_info(200, 5003, "All endpoints have declined.")
            self.end(call, by, nobody)

    def joined(self, call: Call, leg: Leg) -> None:
        """Take in a person who has answered."""
        if call.ended or call.state == "terminating":
            return
        if leg.on_outcome is not None:
            leg.on_outcome(None)
        elif call.shape == "peer-to-peer":
            self.establish(call)
        self.later(3 * BEAT, lambda: self.appear(call, leg))

    def answered(self, call: Call) -> None:
        """Connect the bot, which has taken an incoming call, with who calls."""
        self.keep(call)
        self.establish(call)
        for leg in self.legs[call.id]:
            self.later(3 * BEAT, partial(self.appear, call, leg))

    def establish(self, call: Call) -> None:
        """Tell of an established call; a bot in the lobby of a meeting waits there."""
        if call.ended or call.state == "terminating":
            return
        call.state = "established"
        bot = Participant(id=call.bot_id, identity=application(call.app_id))
        call.participants[bot.id] = bot
        self.tell(call, state="established", direction=call.direction)
        if call.meeting is None:
            self.connect(call)
        else:
            call.meeting.enter(self, call)

    def connect(self, call: Call) -> None:
        """Tell of the audio of an established call, and of what belongs to it."""
        self._joins(call, call.participants[call.bot_id])
        media = {
            "mediaState": {"@odata.type": "#microsoft.graph.callMediaState", "audio": "active"}
        }
        first: dict[str, Json] = {**media, "meetingCapability": {}, "coOrganizers": []}
        label = {"meetingLabel": "00000000-0000-0000-0000-000000000000"}
        thread = {"threadId": f"19:{call.chain_id}@unq.gbl.spaces", "messageId": "0"}
        chat = {"@odata.type": "#microsoft.graph.chatInfo", **thread}
        second: dict[str, Json] = {
            **first,
            "chatInfo": call.entity.get("chatInfo") or chat,
            "meetingProperties": label,
            "replacesContext": "ZW11bGF0ZWQ=",
        }
        third: dict[str, Json] = {
            **second,
            "meetingInfo": {"@odata.type": "#microsoft.graph.tokenMeetingInfo", "token": call.id},
        }

        def activate() -> None:
            if call.ended or call.state == "terminating":
                return
            call.audio = True
            self.tell(call, state="established", **first)
            if call.shape != "peer-to-peer":
                self.tell_roster(call, [call.participants[call.bot_id].to_json()])
            for leg in self.legs[call.id]:
                self.activate(leg)

        self.later(BEAT, activate)
        self.later(2 * BEAT, lambda: self.tell(call, state="established", **second))
        self.later(2 * BEAT, lambda: self.tell(call, state="established", **third))

    def come(self, call: Call, leg: Leg) -> None:
        """Let a person join a group or a meeting."""
        if not call.ended:
            self.on_coming(call, leg, partial(self.appear, call, leg))

    def hand_over(self, leg: Leg, person: Person) -> None:
        """Let a person transfer the call to another, who takes the place once that one has answered."""
        call = leg.call
        if call.ended or leg.participant is None:
            return

        def answered(refusal: dict[str, Json] | None) -> None:
            if refusal is None:  # who answers appears a moment before
                self.later(4 * BEAT, partial(self.remove, leg))

        self.ring(call, person, answered)

    def appear(self, call: Call, leg: Leg) -> None:
        """Show a person in the roster."""
        if call.ended:
            return
        if leg not in self.legs[call.id]:
            self.legs[call.id].append(leg)
        leg.participant = Participant(
            id=call.seeded.guid("participant"),
            identity=leg.person.identity(call.tenant),
            joined=self.schedule.time,
        )
        call.participants[leg.participant.id] = leg.participant
        call.attended.append(leg.participant)
        self._joins(call, leg.participant)
        self.tell_roster(call, [leg.participant.to_json()])
        self.activate(leg)

    def _joins(self, call: Call, participant: Participant) -> None:
        for on_joining in self.on_joining:
            on_joining(call, participant)

    def activate(self, leg: Leg) -> None:
        """Begin what a person does, once both the audio and the person are there."""
        if leg.active_since is None and leg.call.audio and leg.participant is not None:
            leg.active_since = self.schedule.time
            leg.person.legs.append(leg)
            for step in leg.person.steps:
                self.plan(leg, step)

    def remove(self, leg: Leg) -> None:
        """Take a person out of a group; when nobody else is left, the call ends."""
        call, gone = leg.call, leg.participant
        if call.ended or gone is None or gone.id not in call.participants:
            return
        del call.participants[gone.id]
        gone.left = self.schedule.time
        self.legs[call.id].remove(leg)
        self._let_go(leg)
        for on_leaving in self.on_leaving:
            on_leaving(call, leg, gone)
        removed = {**gone.to_json(), "removedState": {"reason": "Left"}}
        self.tell_roster(call, [removed])
        if len(call.participants) == 1:
            alone = result_info(200, 5010, "There is only one participant in the conversation.")
            self.later(BEAT, lambda: self.end(call, "service", alone))

    def _let_go(self, leg: Leg) -> None:
        """Let a person do nothing more in a call that is over for the person."""
        self.schedule.cancel(leg.ringing)
        leg.participant = leg.active_since = leg.ringing = None
        if leg in leg.person.legs:
            leg.person.legs.remove(leg)

    def end(
        self,
        call: Call,
        by: EndedBy,
        result: dict[str, Json] | None,
        *,
        data: dict[str, Json] | None = None,
    ) -> None:
        """End a call, for a reason: what is running in it ends, and the bot is told.

        Without a result it is told `data` instead: of a call that was rejected, only where that was.
        """
        if call.ended:
            return
        self.schedule.cancel(call.expiry)
        self.schedule.cancel(call.ringing)
        call.state, call.ended_by, call.result = "terminated", by, result
        call.audio = False
        for on_end in self.on_end:
            on_end(call)
        for leg in self.legs.pop(call.id, []):
            self._let_go(leg)
        told: dict[str, Json]
        if call.recording is not None and result is not None:
            told = {**call.to_json(), "terminationReason": "CallTerminated"}
        elif result is not None:
            told = {
                **(data or {}),
                "state": "terminated",
                "resultInfo": result,
                "callChainId": call.chain_id,
            }
        elif data is not None:
            told = {"state": "terminated", **data, "callChainId": call.chain_id}
        else:
            told = {"@odata.id": call.path}
        self._send(call, wire.of_call(call, "deleted", told, self.forms))

    # -- telling the bot

    def tell_roster(self, call: Call, changed: list[Json]) -> None:
        """Tell of a roster: of all of it, or of what has changed if the bot has asked for that."""
        everybody = [participant.to_json() for participant in call.roster]
        if call.delta_roster:
            call.roster_number += 1
            if call.roster_number == 1:
                changed = everybody
            delta = {
                "@odata.type": "#microsoft.graph.deltaParticipants",
                "participants": [
                    {**object_of(one), "rosterSequenceNumber": call.roster_number}
                    for one in changed
                ],
                "sequenceNumber": call.roster_number,
            }
            self._send(call, wire.of_roster(call, [delta], self.forms))
        else:
            self._send(call, wire.of_roster(call, everybody, self.forms))

    def tell_operation(self, call: Call, operation: Operation) -> None:
        """Tell that an operation has ended."""
        self._send(call, wire.of_operation(call, operation, self.forms))

    def tell(self, call: Call, **data: Json) -> None:
        """Tell of a change of a call that has not ended."""
        if not call.ended and (call.state != "terminating" or data["state"] == call.state):
            chained = {**data, "callChainId": call.chain_id}
            self._send(call, wire.of_call(call, "updated", chained, self.forms))

    def tell_item(self, call: Call, item: Json) -> None:
        """Tell of something that belongs to a call, if that has not ended."""
        if not call.ended:
            self._send(call, item)

    def _tell_sharing(self, call: Call, change: str, session: str) -> None:
        options = object_of(call.entity.get("callOptions"))
        if options.get("isContentSharingNotificationEnabled") is True:
            self._send(call, wire.of_sharing(call, change, session, self.forms))

    def _send(self, call: Call, item: Json) -> None:
        self.changed(call)
        self._delivery.send(call, wire.notifications(item))

    def later(self, delay: float, act: Callable[[], object]) -> Act:
        """Let something happen in so many seconds, which a run waits for."""
        return self.schedule.after(delay, act)


_CAPTURED = "captured notifications"
_ENDS = "Azure Communication Services, troubleshooting codes"
_TIMELINES = "tests/emulator/test_timelines.py::"
_TEST_ENDS = "tests/emulator/test_ends.py::"

BEHAVIOURS = (
    Behaviour("timelines.between_two", "W", _CAPTURED, f"{_TIMELINES}test_a_call_between_two"),
    Behaviour(
        "timelines.not_taken", "W", _CAPTURED, f"{_TIMELINES}test_a_call_between_two_that_is_not_taken"
    ),
    Behaviour("timelines.group", "W", _CAPTURED, f"{_TIMELINES}test_a_group"),
    Behaviour("timelines.lobby", "W", _CAPTURED, f"{_TIMELINES}test_a_meeting_with_a_lobby"),
    Behaviour("timelines.incoming", "W", _CAPTURED, f"{_TIMELINES}test_an_incoming_call"),
    Behaviour(
        "timelines.undecided", "D-ACS", "8587: incoming call not answered in time; the code is a guess",
        f"{_TIMELINES}test_an_incoming_call_about_which_nobody_decides",
    ),
    Behaviour(
        "timelines.rejected", "D", "https://learn.microsoft.com/graph/api/call-reject",
        f"{_TIMELINES}test_an_incoming_call_that_is_rejected",
    ),
    Behaviour("ends.not_taken", "D-ACS", _ENDS, f"{_TEST_ENDS}test_a_call_that_is_not_taken_says_why"),
    Behaviour(
        "ends.busy", "D-ACS", f"{_ENDS}: of a telephone; of a user it is a guess",
        f"{_TEST_ENDS}test_a_call_that_is_not_taken_says_why",
    ),
    Behaviour("ends.for_all", "D-ACS", _ENDS, f"{_TEST_ENDS}test_somebody_ends_a_meeting_for_the_bot"),
    Behaviour("ends.vanished", "D-ACS", _ENDS, f"{_TEST_ENDS}test_the_other_one_vanishes"),
    Behaviour("ends.cancelled", "D-ACS", _ENDS, f"{_TEST_ENDS}test_who_calls_gives_up"),
    Behaviour("ends.by_service", "W", "docs-contrib issue 63", f"{_TEST_ENDS}test_the_service_ends_a_call"),
)  # fmt: skip
