"""The life of calls: how they begin, ring, are answered, and end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import urlsplit

from graph_comms._runtime.permissions import required_permissions
from graph_comms.bot.json_values import Json, list_of, object_of, text_of

from . import wire
from .call import Call, EndedBy, Operation, Participant, Shape, result_info
from .delivery import Delivery
from .directory import Directory
from .faults import call_not_found, invalid, not_permitted, other_tenant, wrong_state
from .ids import Seeded, same_id
from .messages import Answer, Request
from .people import KEYS, Leg, Person, Step
from .schedule import Act, Schedule
from .wire import Forms

BEAT = 0.1
"""The time between two steps that the service takes by itself, in seconds."""

RINGING = 60.0
"""How long the service lets it ring, in seconds."""

KEPT = 45 * 60.0
"""For how long a call lives without a keepAlive, in seconds."""

DECISION = 15.0
"""Within how many seconds an incoming call must be answered, rejected or redirected."""

_NULLS = (
    "subject", "ringingTimeoutInSeconds", "mediaState", "resultInfo", "answeredBy", "chatInfo",
    "meetingInfo", "transcription", "toneInfo", "myParticipantId",
)  # fmt: skip


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
        self.directory = directory
        self.forms: Forms = forms
        self._delivery = delivery
        self._calls: dict[str, Call] = {}
        self._legs: dict[str, list[Leg]] = {}

    def __getitem__(self, id: str) -> Call:
        """Return a call, also after its end; raises KeyError."""
        return self._calls[same_id(id)]

    def __iter__(self) -> Iterator[Call]:
        """Yield the calls in the order in which they began."""
        return iter(self._calls.values())

    def __len__(self) -> int:
        return len(self._calls)

    # -- requests

    def create(self, request: Request) -> Answer:
        """Begin a call to people, or to nobody yet (application-post-calls)."""
        body, caller = request.body, request.caller
        self._check_begun(body, "requestedModalities")
        need = required_permissions(request.operation.permissions, body)
        if not (caller.has_any(need.any_of) and all(caller.has_any([one]) for one in need.all_of)):
            raise not_permitted()
        targets = list_of(body.get("targets"))
        if bool(targets) == bool(body.get("meetingInfo")):
            raise invalid("Exactly one of targets and meetingInfo must be given.")
        tenant = text_of(body.get("tenantId")) or caller.tenant
        if caller.tenant and tenant and same_id(tenant) != same_id(caller.tenant):
            raise other_tenant()
        people = [self.directory.called(object_of(target).get("identity")) for target in targets]
        peer = len(people) == 1 and not body.get("chatInfo")
        call = self._begin(request, tenant, "peer-to-peer" if peer else "group")
        self._schedule(BEAT, lambda: self._tell(call, state="establishing"))
        if not peer:
            self._schedule(2 * BEAT, lambda: self._establish(call))
        for person in people:
            self._schedule(2 * BEAT, partial(self._ring, call, person))
        location = f"{request.root}{call.path}"
        context = f"{request.root}/$metadata#communications/calls/$entity"
        written = {"@odata.context": context, **dict.fromkeys(_NULLS), **call.to_json()}
        return Answer(201, written, {"Location": location})

    def get(self, request: Request) -> Answer:
        """Return a call that lives."""
        call = self.of(request)
        context = f"{request.root}/$metadata#communications/calls/$entity"
        return Answer(200, {"@odata.context": context, **call.to_json()})

    def delete(self, request: Request) -> Answer:
        """End a call for the bot, and one between two for both."""
        call = self.of(request)
        call.state = "terminating"
        self._schedule(BEAT, lambda: self._tell(call, state="terminating"))
        ended = result_info(200, 5001, "The conversation has ended.")
        self._schedule(2 * BEAT, lambda: self.end(call, "bot", ended))
        return Answer(204)

    def answer(self, request: Request) -> Answer:
        """Take an incoming call (call-answer)."""
        call = self._undecided(request)
        self._check_begun(request.body, "acceptedModalities")
        call.callback_uri = request.body["callbackUri"]
        call.delta_roster = _wants_deltas(request.body)
        call.state = "establishing"
        self._schedule(BEAT, lambda: self._tell(call, state="establishing"))
        self._schedule(2 * BEAT, lambda: self._answered(call))
        return Answer(202)

    def reject(self, request: Request) -> Answer:
        """Refuse an incoming call (call-reject); the notification of its end has no state."""
        call = self._undecided(request)
        reason = text_of(object_of(request.body).get("reason")) or "none"
        if reason not in ("none", "busy", "forbidden"):
            raise invalid("reason must be none, busy or forbidden.")
        call.state = "terminating"
        self._schedule(BEAT, lambda: self.end(call, "bot", None))
        return Answer(202)

    def keep_alive(self, request: Request) -> Answer:
        """Let a call live for another 45 minutes (call-keepalive)."""
        self._keep(self.of(request))
        return Answer(200)

    def of(self, request: Request) -> Call:
        """Return the call of a request; raises Fault where it has ended or is not the caller's."""
        call = self._calls.get(same_id(request.keys["call-id"]))
        if call is None or call.ended or call.app_id != request.caller.app_id:
            raise call_not_found()
        return call

    def _undecided(self, request: Request) -> Call:
        call = self.of(request)
        if call.state != "incoming":
            raise wrong_state("The call is not incoming.")
        self.schedule.cancel(call.ringing)
        return call

    def _check_begun(self, body: Json, modalities: str) -> None:
        given = object_of(body)
        if urlsplit(text_of(given.get("callbackUri"))).scheme != "https":
            raise invalid("callbackUri must be an https address.")
        for name in (modalities, "mediaConfig"):
            if not given.get(name):
                raise invalid(f"{name} is required.")

    # -- what people do

    def rings(self, app_id: str, callback_uri: str, caller: Person, tenant: str) -> Call:
        """Let a person call an application: the bot is told, and has some seconds to decide."""
        call = Call(
            id=self.seeded.guid(),
            chain_id=self.seeded.guid(),
            tenant=tenant,
            app_id=app_id,
            shape="peer-to-peer",
            direction="incoming",
            callback_uri=callback_uri,
            state="incoming",
            bot_id=self.seeded.guid(),
            entity={
                "source": {
                    "@odata.type": "#microsoft.graph.participantInfo",
                    "identity": caller.identity(tenant),
                },
                "targets": [
                    {
                        "@odata.type": "#microsoft.graph.invitationParticipantInfo",
                        "identity": _application(app_id),
                    }
                ],
                "tenantId": tenant,
                "requestedModalities": ["audio"],
            },
        )
        self._calls[call.id] = call
        self._legs[call.id] = [Leg(caller, call, self)]
        data = {
            **call.entity,
            "state": "incoming",
            "direction": "incoming",
            "callbackUri": callback_uri,
            "callChainId": call.chain_id,
            "myParticipantId": call.bot_id,
            "incomingContext": {
                "@odata.type": "#microsoft.graph.incomingContext",
                "sourceParticipantId": self.seeded.guid(),
                "observedParticipantId": call.bot_id,
            },
        }
        self._send(call, wire.of_call(call, "created", data, self.forms, identified=True))
        late = result_info(408, 8587, "The incoming call was not answered in time.")
        call.ringing = self._schedule(DECISION, lambda: self.end(call, "service", late))
        return call

    def leave(self, leg: Leg) -> None:
        """Let a person hang up, or stop calling."""
        call = leg.call
        if call.ended or (leg.participant is None and call.state != "incoming"):
            return
        if call.shape == "peer-to-peer":
            left = result_info(200, 5002, "The conversation has ended.")
            self.end(call, "user", left)
            return
        self._remove(call, leg)

    def press(self, leg: Leg, key: str) -> None:
        """Let a person press a key, which the bot is told of if it has subscribed to tones."""
        call = leg.call
        if call.ended or leg.participant is None:
            return
        call.tones.append(key)
        call.tone_number += 1
        if call.subscribed:
            self._send(call, wire.of_tone(call, KEYS[key], call.tone_number, self.forms))

    def plan(self, leg: Leg, step: Step) -> None:
        """Let a person do something, counted from when the audio is active."""
        if leg.active_since is None or leg.call.ended:
            return
        delay = leg.active_since + step.after - self.schedule.time
        self._schedule(delay, lambda: step.do(leg))

    # -- from one state to the next

    def _begin(self, request: Request, tenant: str | None, shape: Shape) -> Call:
        body = request.body
        named = {
            name: body[name]
            for name in (
                "targets", "requestedModalities", "mediaConfig", "callOptions", "chatInfo",
                "meetingInfo", "tenantId", "subject",
            )
            if name in body
        }  # fmt: skip
        source = body.get("source") or {"identity": _application(request.caller.app_id)}
        call = Call(
            id=self.seeded.guid(),
            chain_id=body.get("callChainId") or self.seeded.guid(),
            tenant=tenant or "",
            app_id=request.caller.app_id,
            shape=shape,
            direction="outgoing",
            callback_uri=body["callbackUri"],
            bot_id=self.seeded.guid(),
            delta_roster=_wants_deltas(body),
            entity={**named, "source": source},
        )
        self._calls[call.id] = call
        self._legs[call.id] = []
        self._keep(call)
        return call

    def _keep(self, call: Call) -> None:
        self.schedule.cancel(call.expiry)
        lapsed = result_info(408, 8537, "The call was not kept alive.")
        call.expiry = self.schedule.after(
            KEPT, lambda: self.end(call, "service", lapsed), pending=False
        )

    def _ring(self, call: Call, person: Person) -> None:
        """Let it ring at a person's, who does what the script says."""
        if call.ended:
            return
        leg = Leg(person, call, self)
        self._legs[call.id].append(leg)
        refuse = partial(self._refused, leg)
        match person.response:
            case "answers":
                self._schedule(person.responds_after, partial(self._joined, call, leg))
            case "declines":
                declined = result_info(603, 0, "The callee declined the call.")
                self._schedule(person.responds_after, partial(refuse, "user", declined))
            case "is busy":
                busy = result_info(486, 560486, "The callee is busy.")
                self._schedule(BEAT, partial(refuse, "user", busy))
            case "does not answer":
                late = result_info(487, 10004, "The call was not accepted in time.")
                self._schedule(RINGING, partial(refuse, "service", late))

    def _refused(self, leg: Leg, by: EndedBy, result: dict[str, Json]) -> None:
        self._legs[leg.call.id].remove(leg)
        if leg.call.shape == "peer-to-peer":
            self.end(leg.call, by, result)

    def _joined(self, call: Call, leg: Leg) -> None:
        """Take in a person who has answered."""
        if call.ended or call.state == "terminating":
            return
        if call.shape == "peer-to-peer":
            self._establish(call)
        self._schedule(3 * BEAT, lambda: self._appear(call, leg))

    def _answered(self, call: Call) -> None:
        """Connect the bot, which has taken an incoming call, with who calls."""
        self._keep(call)
        self._establish(call)
        for leg in self._legs[call.id]:
            self._schedule(3 * BEAT, partial(self._appear, call, leg))

    def _establish(self, call: Call) -> None:
        """Tell of an established call, of its audio, and of what belongs to it."""
        if call.ended or call.state == "terminating":
            return
        call.state = "established"
        bot = Participant(id=call.bot_id, identity=_application(call.app_id))
        call.participants[bot.id] = bot
        self._tell(call, state="established", direction=call.direction)
        media = {
            "mediaState": {"@odata.type": "#microsoft.graph.callMediaState", "audio": "active"}
        }
        first: dict[str, Json] = {**media, "meetingCapability": {}, "coOrganizers": []}
        label = {"meetingLabel": "00000000-0000-0000-0000-000000000000"}
        thread = {"threadId": f"19:{call.chain_id}@unq.gbl.spaces", "messageId": "0"}
        second: dict[str, Json] = {
            **first,
            "chatInfo": {"@odata.type": "#microsoft.graph.chatInfo", **thread},
            "meetingProperties": label,
            "replacesContext": "ZW11bGF0ZWQ=",
        }

        def activate() -> None:
            if not call.ended:
                call.audio = True
                self._tell(call, state="established", **first)
                for leg in self._legs[call.id]:
                    self._activate(leg)

        self._schedule(BEAT, activate)
        self._schedule(2 * BEAT, lambda: self._tell(call, state="established", **second))

    def _appear(self, call: Call, leg: Leg) -> None:
        """Show a person in the roster."""
        if call.ended:
            return
        leg.participant = Participant(
            id=self.seeded.guid(), identity=leg.person.identity(call.tenant)
        )
        call.participants[leg.participant.id] = leg.participant
        self.tell_roster(call, [leg.participant.to_json()])
        self._activate(leg)

    def _activate(self, leg: Leg) -> None:
        """Begin what a person does, once both the audio and the person are there."""
        if leg.active_since is None and leg.call.audio and leg.participant is not None:
            leg.active_since = self.schedule.time
            leg.person.legs.append(leg)
            for step in leg.person.steps:
                self.plan(leg, step)

    def _remove(self, call: Call, leg: Leg) -> None:
        gone = leg.participant
        assert gone is not None
        del call.participants[gone.id]
        self._legs[call.id].remove(leg)
        removed = {**gone.to_json(), "removedState": {"reason": "left"}}
        self.tell_roster(call, [removed])
        if len(call.participants) == 1:
            alone = result_info(200, 5010, "There is only one participant in the conversation.")
            self._schedule(BEAT, lambda: self.end(call, "service", alone))

    def end(self, call: Call, by: EndedBy, result: dict[str, Json] | None) -> None:
        """End a call, for a reason: what is running in it ends, and the bot is told."""
        if call.ended:
            return
        self.schedule.cancel(call.expiry)
        self.schedule.cancel(call.ringing)
        call.state, call.ended_by, call.result = "terminated", by, result
        call.audio = False
        for leg in self._legs.pop(call.id, []):
            if leg in leg.person.legs:
                leg.person.legs.remove(leg)
        data: dict[str, Json] = {"callChainId": call.chain_id}
        if result is None:  # a call that was rejected
            data = {"@odata.id": call.path}
        else:
            data |= {"state": "terminated", "resultInfo": result}
        self._send(call, wire.of_call(call, "deleted", data, self.forms))

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
                "participants": changed,
                "sequenceNumber": call.roster_number,
            }
            self._send(call, wire.of_roster(call, [delta], self.forms))
        else:
            self._send(call, wire.of_roster(call, everybody, self.forms))

    def tell_operation(self, call: Call, operation: Operation) -> None:
        """Tell that an operation has ended."""
        self._send(call, wire.of_operation(call, operation, self.forms))

    def _tell(self, call: Call, **data: Json) -> None:
        if not call.ended:
            chained = {**data, "callChainId": call.chain_id}
            self._send(call, wire.of_call(call, "updated", chained, self.forms))

    def _send(self, call: Call, item: Json) -> None:
        self._delivery.send(call, wire.notifications(item))

    def _schedule(self, delay: float, act: Callable[[], object]) -> Act:
        return self.schedule.after(delay, act)


def _application(app_id: str) -> Json:
    named = {"@odata.type": "#microsoft.graph.identity", "id": app_id, "displayName": None}
    return {"@odata.type": "#microsoft.graph.identitySet", "application": named}


def _wants_deltas(body: Json) -> bool:
    return object_of(body.get("callOptions")).get("isDeltaRosterEnabled") is True
