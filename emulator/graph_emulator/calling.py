"""Requests that begin, take, refuse and end calls."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Literal

from graph_comms import models
from graph_comms._runtime.misfits import attributes
from graph_comms.bot.json_values import Json, list_of, number_of, object_of, text_of

from . import wire
from .addresses import is_https
from .behaviours import Behaviour
from .call import Call, Shape, application, result_info
from .calls import BEAT, Calls
from .faults import invalid, no_tenant, not_permitted, of_platform, wrong_state
from .meetings import Meetings
from .messages import Answer, Request

_KEPT = (
    "targets", "requestedModalities", "mediaConfig", "callOptions", "chatInfo", "meetingInfo",
    "tenantId", "subject",
)  # fmt: skip

REASONS = ("none", "busy", "forbidden")


class Calling:
    """Answers what begins and ends calls."""

    def __init__(self, calls: Calls, meetings: Meetings) -> None:
        self._calls = calls
        self._meetings = meetings

    def routes(self) -> dict[str, Callable[[Request], Answer]]:
        """Return what answers which operation, by method and path."""
        call = "/communications/calls/{call-id}"
        return {
            "POST /communications/calls": self.create,
            f"GET {call}": self.get,
            f"DELETE {call}": self.delete,
            f"POST {call}/answer": self.answer,
            f"POST {call}/reject": self.reject,
            f"POST {call}/keepAlive": self.keep_alive,
            "POST /communications/calls/logTeleconferenceDeviceQuality": self.log_quality,
        }

    def create(self, request: Request) -> Answer:
        """Call people, or join a meeting (application-post-calls)."""
        calls, body, caller = self._calls, request.body, request.caller
        _check_begun(body, "requestedModalities")
        targets = list_of(body.get("targets"))
        if bool(targets) == bool(body.get("meetingInfo")):
            raise invalid("Exactly one of targets and meetingInfo must be given.")
        tenant = text_of(body.get("tenantId")) or caller.home
        if not caller.fits(tenant):
            raise no_tenant()
        identities = [object_of(target).get("identity") for target in targets]
        self._check_source(body, identities)
        source = object_of(object_of(body.get("source")).get("identity")).get("application")
        app_id = text_of(object_of(source).get("id")) or caller.app_id
        if not calls.directory.may_use(app_id, caller.app_id):
            raise of_platform(403, "7507", "The source identity is not the application.")
        people = [calls.directory.called(identity) for identity in identities]
        meeting = None if targets else self._meetings.of(body)
        shape: Shape = "meeting" if meeting else "peer-to-peer" if len(people) == 1 else "group"
        call = self._begun(request, tenant, shape)
        call.meeting = meeting
        if meeting is not None and not call.entity.get("chatInfo"):
            call.entity["chatInfo"] = meeting.chat()
        calls.later(BEAT, lambda: calls.tell(call, state="establishing"))
        if not people or len(people) > 1:
            calls.later(2 * BEAT, lambda: calls.establish(call))
        for person in people:
            calls.later(2 * BEAT, partial(calls.ring, call, person))
        written = wire.of_created(call, request.root, calls.forms)
        return Answer(201, written, {"Location": f"{request.root}{call.path}"})

    def get(self, request: Request) -> Answer:
        """Return a call that lives (call-get)."""
        return Answer(200, {**_context(request), **self._calls.of(request).to_json()})

    def delete(self, request: Request) -> Answer:
        """End a call for the bot, and one between two for both (call-delete)."""
        calls, call = self._calls, self._calls.of(request)
        if call.state == "terminating":
            return Answer(204)
        call.state = "terminating"
        calls.later(BEAT, lambda: calls.tell(call, state="terminating"))
        ended = result_info(200, 5001, "The conversation has ended.")
        calls.later(2 * BEAT, lambda: calls.end(call, "bot", ended))
        return Answer(204)

    def answer(self, request: Request) -> Answer:
        """Take an incoming call (call-answer)."""
        calls, call = self._calls, self._undecided(request)
        joins = (*request.operation.permissions.application, "Calls.JoinGroupCalls.Chat")
        if call.meeting is not None and not request.caller.has_any(joins):
            raise not_permitted()
        _check_begun(request.body, "acceptedModalities")
        calls.schedule.cancel(call.ringing)
        call.callback_uri = request.body["callbackUri"]
        call.delta_roster = _wants_deltas(request.body)
        capacity = number_of(request.body.get("participantCapacity"))
        if call.recording is not None and capacity is not None:
            call.recording.capacity = int(capacity)
        call.entity |= {name: request.body.get(name) for name in ("callOptions", "mediaConfig")}
        call.state = "establishing"
        calls.later(BEAT, lambda: calls.tell(call, state="establishing"))
        calls.later(2 * BEAT, lambda: calls.answered(call))
        return Answer(202)

    def reject(self, request: Request) -> Answer:
        """Refuse an incoming call (call-reject); the notification of its end has no state."""
        calls, call = self._calls, self._undecided(request)
        if (text_of(object_of(request.body).get("reason")) or "none") not in REASONS:
            raise invalid(f"reason must be one of {', '.join(REASONS)}.")
        address = text_of(object_of(request.body).get("callbackUri"))
        if address and not is_https(address):
            raise invalid("callbackUri must be an https address.")
        calls.schedule.cancel(call.ringing)
        call.state = "terminating"
        calls.later(BEAT, lambda: calls.end(call, "bot", None))
        return Answer(202)

    def keep_alive(self, request: Request) -> Answer:
        """Let a call live for another 45 minutes (call-keepalive)."""
        self._calls.keep(self._calls.of(request))
        return Answer(200, headers={"content-type": "text/plain"})

    def log_quality(self, request: Request) -> Answer:
        """Take in what a device says of the quality of a call (call-logteleconferencedevicequality)."""
        if not request.headers.get("user-agent"):
            raise invalid("User-Agent is required.")
        return Answer(200)

    def _check_source(self, body: Json, identities: Collection[Json]) -> None:
        """Refuse a call to a telephone number that does not come from somebody who has one."""
        phoned = any(object_of(identity).get("phone") for identity in identities)
        source = object_of(body.get("source")).get("identity")
        if phoned and not self._calls.directory.has_number(source):
            raise invalid(
                "source must be an applicationInstance with a number, to call a telephone number."
            )

    def _undecided(self, request: Request) -> Call:
        call = self._calls.of(request)
        if call.state != "incoming":
            raise wrong_state("The call is not incoming.")
        return call

    def _begun(self, request: Request, tenant: str, shape: Shape) -> Call:
        calls, body = self._calls, request.body
        source = body.get("source") or {"identity": application(request.caller.app_id)}
        kept = {
            name: value
            for name, value in body.items()
            if name in _KEPT or name not in attributes(models.Call)
        }
        call_id = calls.seeded.guid("call")
        seeded = calls.seeded.below(call_id)
        call = Call(
            id=call_id,
            seeded=seeded,
            chain_id=text_of(body.get("callChainId")) or seeded.guid("chain"),
            tenant=tenant,
            app_id=request.caller.app_id,
            shape=shape,
            direction="outgoing",
            callback_uri=body["callbackUri"],
            bot_id=seeded.guid("bot"),
            delta_roster=_wants_deltas(body),
            entity={**kept, "source": source},
        )
        calls.begin(call)
        return call


def _check_begun(
    body: Json, modalities: Literal["requestedModalities", "acceptedModalities"]
) -> None:
    given = object_of(body)
    if not is_https(text_of(given.get("callbackUri"))):
        raise invalid("callbackUri must be an https address.")
    required: Collection[str] = (modalities, "mediaConfig")
    for name in required:
        if not given.get(name):
            raise invalid(f"{name} is required.")


def _context(request: Request) -> dict[str, Json]:
    return {"@odata.context": f"{request.root}/$metadata#communications/calls/$entity"}


def _wants_deltas(body: Json) -> bool:
    return object_of(body.get("callOptions")).get("isDeltaRosterEnabled") is True


_PAGE = "https://learn.microsoft.com/graph/api/"
_TESTS = "tests/emulator/test_a_call.py::"
_FORMS = "tests/emulator/test_forms.py::"

BEHAVIOURS = (
    Behaviour(
        "calls.create.permission.shapes",
        "D",
        f"{_PAGE}application-post-calls",
        "tests/emulator/test_shapes.py::test_a_call_needs_the_roles_of_its_shape",
    ),
    Behaviour(
        "calls.create.source",
        "D-ACS",
        "7507: source identity is not the application; once applications are declared",
        "tests/emulator/test_shapes.py::test_only_the_application_itself_is_the_source_of_its_calls",
    ),
    Behaviour(
        "calls.answer.permission",
        "D",
        f"{_PAGE}call-answer",
        "tests/emulator/test_shapes.py::test_a_bot_that_is_called_into_a_meeting_needs_a_role_to_join",
    ),
    Behaviour(
        "calls.create.phone.source",
        "D",
        f"{_PAGE}application-post-calls: the status is a guess",
        "tests/emulator/test_shapes.py::test_only_who_has_a_number_calls_one",
    ),
    Behaviour(
        "calls.create.forms.docs",
        "D",
        f"{_PAGE}application-post-calls",
        f"{_FORMS}test_a_documented_request_is_answered_as_the_page_shows",
    ),
    Behaviour(
        "calls.notified.forms.wire",
        "W",
        "captured: nine notifications of a call between two",
        f"{_FORMS}test_a_call_is_notified_as_captures_show",
    ),
    Behaviour(
        "calls.create.required",
        "D",
        f"{_PAGE}application-post-calls",
        f"{_TESTS}test_what_cannot_be_created_is_refused",
    ),
    Behaviour(
        "calls.create.permission",
        "W",
        "microsoft-graph-comms-samples issue 276: 403, 7504",
        f"{_TESTS}test_an_application_without_the_role_is_refused",
    ),
    Behaviour(
        "calls.delete", "D", f"{_PAGE}call-delete", f"{_TESTS}test_a_bot_greets_and_hangs_up"
    ),
    Behaviour(
        "calls.answer", "D", f"{_PAGE}call-answer", f"{_TESTS}test_a_bot_is_rung_and_answers"
    ),
    Behaviour(
        "calls.reject",
        "D",
        f"{_PAGE}call-reject",
        f"{_TESTS}test_an_incoming_call_that_nothing_decides_is_rejected",
    ),
    Behaviour(
        "calls.keepAlive",
        "D",
        f"{_PAGE}call-keepalive",
        f"{_TESTS}test_the_bots_own_keep_alive_lets_a_call_live",
    ),
    Behaviour(
        "calls.keepAlive.answer",
        "W",
        "captured: 200, text/plain, length 0",
        "tests/emulator/test_over_http.py::test_keep_alive_is_answered_with_an_empty_text",
    ),
    Behaviour(
        "calls.logTeleconferenceDeviceQuality",
        "D",
        f"{_PAGE}call-logteleconferencedevicequality",
        "tests/emulator/test_over_http.py::test_the_quality_of_a_device_is_taken_in",
    ),
)
