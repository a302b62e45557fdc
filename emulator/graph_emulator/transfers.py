"""Calls that are passed on: transferred while they last, redirected while they ring."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from graph_comms.bot.json_values import Json, list_of, number_of, object_of, text_of

from .behaviours import Behaviour
from .call import NUMBERED, Call, ending, result_info
from .calls import BEAT, Calls
from .disturbance import SWAPPED
from .faults import invalid, not_established, not_permitted, other_tenant, wrong_state
from .ids import same_id
from .messages import Answer, Request
from .people import Person

MOST_TARGETS = 25
TIMEOUTS = (15, 90)
"""Within what the time-out of a redirection must be, in seconds."""

USUAL_TIMEOUT, USUAL_OF_MANY = 55.0, 60.0
"""What it is for one target, and for more, where the request has none."""

ROLE = "Calls.Initiate.All"


class Transfers:
    """Answers what passes a call on to somebody else."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def routes(self) -> dict[str, Callable[[Request], Answer]]:
        """Return what answers which operation, by method and path."""
        call = "/communications/calls/{call-id}"
        return {f"POST {call}/transfer": self.transfer, f"POST {call}/redirect": self.redirect}

    def transfer(self, request: Request) -> Answer:
        """Pass a call on to somebody; `replacesCallId` makes it a consultative one (call-transfer)."""
        calls, call = self._calls, self._calls.of(request)
        if not request.caller.has_any([ROLE]):
            raise not_permitted()
        if call.state != "established":
            raise not_established()
        target = object_of(object_of(request.body).get("transferTarget"))
        if call.shape != "peer-to-peer" and not object_of(request.body).get("transferee"):
            raise invalid("transferee is required in a group call.")
        identity = object_of(target.get("identity"))
        self._check_target(call, identity)
        person = calls.directory.called(identity)
        replaced = text_of(target.get("replacesCallId"))
        call.state = "transferring"
        calls.later(BEAT, lambda: calls.tell(call, state="transferring"))
        if calls.talking(replaced, person):  # nobody is rung who is in the other call
            calls.later(2 * BEAT, partial(self._accepted, call, replaced))
        elif person.response == "answers":
            taken = partial(self._accepted, call, replaced)
            calls.later(2 * BEAT + person.responds_after, taken)
        else:
            failed = partial(self._failed, call, consultative=bool(replaced))
            calls.later(2 * BEAT + _patience(person), failed)
        return Answer(202)

    def _check_target(self, call: Call, identity: Json) -> None:
        """Refuse to transfer to another tenant, and to a telephone number unless the bot has one."""
        tenant = text_of(object_of(identity.get("user")).get("tenantId"))
        if tenant and call.tenant and same_id(tenant) != same_id(call.tenant):
            raise other_tenant()
        source = object_of(call.entity.get("source")).get("identity")
        ours = call.direction == "incoming" or self._calls.directory.has_number(source)
        if identity.get("phone") and not ours:
            raise invalid(
                "source must be an applicationInstance with a number, to transfer to a telephone number."
            )

    def redirect(self, request: Request) -> Answer:
        """Pass an incoming call on before it is answered (call-redirect)."""
        calls, call = self._calls, self._calls.of(request)
        if not request.caller.has_any([ROLE]):
            raise not_permitted()
        if call.state != "incoming":
            raise wrong_state("The call is not incoming.")
        targets = list_of(object_of(request.body).get("targets"))
        if not 1 <= len(targets) <= MOST_TARGETS:
            raise invalid(f"targets must hold between 1 and {MOST_TARGETS} targets.")
        timeout = number_of(object_of(request.body).get("timeout"))
        if timeout is not None and not TIMEOUTS[0] <= timeout <= TIMEOUTS[1]:
            raise invalid(f"timeout must be between {TIMEOUTS[0]} and {TIMEOUTS[1]} seconds.")
        people = [calls.directory.called(object_of(one).get("identity")) for one in targets]
        calls.schedule.cancel(call.ringing)
        call.state = "redirecting"
        longest = timeout or (USUAL_TIMEOUT if len(people) == 1 else USUAL_OF_MANY)
        self._ring_together(call, people, longest)
        return Answer(202)

    def _ring_together(self, call: Call, people: list[Person], longest: float) -> None:
        """Let it ring at others for so many seconds, and end the call when one takes it or none has."""
        calls = self._calls
        takers = [one for one in people if one.response == "answers"]
        first = min(takers, key=lambda one: one.responds_after, default=None)
        if first is not None and first.responds_after <= longest:
            passed_on = result_info(200, 7000, "The call was redirected.")
            data = {**call.to_json(), "answeredBy": _answered_by(first, call.tenant)}
            calls.later(
                BEAT + first.responds_after, lambda: calls.end(call, "bot", passed_on, data=data)
            )
            return
        refuses = {"declines", "is busy"}
        all_refuse = all(one.response in refuses for one in people)
        last = min(max(one.responds_after for one in people), longest) if all_refuse else longest
        nobody = ending(487, 10024 if all_refuse else 10004)
        calls.later(BEAT + last, lambda: calls.end(call, "service", nobody, data=call.to_json()))

    def _accepted(self, call: Call, replaced: str) -> None:
        if call.ended or call.state == "terminating":
            return
        if replaced and not self._is_there(replaced):
            self._failed(call, consultative=True)
            return
        call.audio = False
        media = {"@odata.type": "#microsoft.graph.callMediaState", "audio": "inactive"}
        self._calls.tell(call, state="transferring", mediaState=media)
        call.state = "transferAccepted"
        self._calls.tell(call, state="transferAccepted")
        done: dict[str, Json] = {
            "@odata.type": NUMBERED,
            "code": 0,
            "subcode": 7015,
            "message": "GracefulTransferCompleted",
        }
        if not replaced:
            self._calls.later(SWAPPED + BEAT, partial(self._calls.end, call, "bot", done))
            return
        for ended in dict.fromkeys((call.id, same_id(replaced))):
            self._calls.later(SWAPPED + BEAT, partial(self._app_transferred, ended))

    def _is_there(self, call_id: str) -> bool:
        try:
            return not self._calls[call_id].ended
        except KeyError:
            return False

    def _app_transferred(self, call_id: str) -> None:
        """End one of the two calls of a consultative transfer."""
        told: dict[str, Json] = {"terminationReason": "AppTransferred"}
        self._calls.end(self._calls[call_id], "bot", None, data=told)

    def _failed(self, call: Call, *, consultative: bool) -> None:
        if call.ended or call.state == "terminating":
            return
        call.state = "established"
        subcode = 7700 if consultative else 7000
        result: dict[str, Json] = {
            "@odata.type": NUMBERED,
            "code": 500,
            "subCode": subcode,
            "message": "The transfer failed.",
        }
        told: dict[str, Json] = {"state": "established", "resultInfo": result}
        if consultative:
            told["replacesContext"] = "ZW11bGF0ZWQ="
        self._calls.tell(call, **told)


def _answered_by(person: Person, tenant: str) -> dict[str, Json]:
    """Return who has taken a redirected call; a telephone is not shown."""
    shown = person.hidden() if person.kind == "phone" else person.identity(tenant)
    return {"@odata.type": "#microsoft.graph.participantInfo", "identity": shown}


def _patience(person: Person) -> float:
    return person.responds_after if person.response == "declines" else 15.0


_PAGE = "https://learn.microsoft.com/graph/api/"
_TESTS = "tests/emulator/test_transfers.py::"

BEHAVIOURS = (
    Behaviour(
        "transfers.accepted", "D", f"{_PAGE}call-transfer", f"{_TESTS}test_a_call_is_transferred"
    ),
    Behaviour(
        "transfers.media",
        "D",
        f"{_PAGE}call-transfer: before or after transferAccepted; the form is a guess",
        f"{_TESTS}test_the_audio_ends_before_or_after_a_transfer_is_accepted",
    ),
    Behaviour(
        "transfers.replaced",
        "W",
        "microsoft-graph-comms-samples issue 106: both calls end",
        f"{_TESTS}test_both_calls_of_a_consultation_end",
    ),
    Behaviour(
        "transfers.targets",
        "D",
        f"{_PAGE}call-transfer: same tenant, and telephones; the codes are guesses",
        f"{_TESTS}test_to_whom_no_call_is_transferred",
    ),
    Behaviour("transfers.failed", "D", f"{_PAGE}call-transfer", f"{_TESTS}test_a_transfer_fails"),
    Behaviour(
        "transfers.state",
        "D-ACS",
        "8501: call not established",
        f"{_TESTS}test_what_cannot_be_passed_on_is_refused",
    ),
    Behaviour("transfers.by_person", "?", "", f"{_TESTS}test_a_person_transfers_the_call"),
    Behaviour(
        "transfers.by_person.refused",
        "?",
        "",
        f"{_TESTS}test_a_call_stays_where_it_was_when_nobody_takes_the_transfer",
    ),
    Behaviour(
        "transfers.to_bot",
        "W",
        "microsoft-graph-comms-samples issue 617: incomingContext.transferor",
        f"{_TESTS}test_a_call_that_was_transferred_to_the_bot_says_by_whom",
    ),
    Behaviour("redirect", "D", f"{_PAGE}call-redirect", f"{_TESTS}test_a_call_is_redirected"),
    Behaviour(
        "redirect.together",
        "D",
        f"{_PAGE}call-redirect: at most 25 targets, 55 or 60 seconds",
        f"{_TESTS}test_a_redirected_call_rings_at_all_targets",
    ),
    Behaviour(
        "redirect.not_taken", "?", "", f"{_TESTS}test_a_redirected_call_rings_at_all_targets"
    ),
    Behaviour("redirect.result", "?", "", f"{_TESTS}test_a_call_is_redirected"),
)
