"""What handlers get: frozen values, each with the call it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from ..models import (
    AcceptJoinResponse,
    Call,
    CommsOperation,
    InviteNewBotResponse,
    Participant,
    RejectJoinResponse,
    RejectReason,
    ResultInfo,
)
from .json_values import Json
from .notification import Context, Notification
from .state import EventData, result_info


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened in a call.

    `kind` is the name of the decorator whose handlers get it. `call` is a LiveCall, for `def` handlers
    a BlockingCall, and None for a notification that is about no call. `context` is the delivery, `raw`
    the notification as received: for an end that Graph did not report it is empty. `late` says that the
    call had ended before, `redelivered` that a process had begun to handle the event and has not
    acknowledged it, so that a part of the work may be done already.
    """

    kind: str
    call: Any
    context: Context
    raw: Mapping[str, Json] = field(repr=False)
    payload: Mapping[str, Json] = field(repr=False)
    late: bool = False
    redelivered: bool = False

    def with_call(self, call: Any) -> Self:
        """Return the same event for another kind of handler."""
        return replace(self, call=call)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneEvent(Event):
    """Somebody pressed a key."""

    @property
    def tone(self) -> str:
        """The key: `0` to `9`, `*`, `#`, `A` to `D`."""
        tone: str = self.payload["tone"]
        return tone

    @property
    def sequence_id(self) -> int:
        """The number of the key in the call; it grows, and need not begin with 1."""
        number: int = self.payload["sequenceId"]
        return number


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantEvent(Event):
    """Somebody is new in the roster, is no longer in it, or is there with other properties."""

    @property
    def participant(self) -> Participant:
        """The participant as it is now; as it was, for one who has left."""
        return Participant.from_dict(self.payload["participant"])

    @property
    def before(self) -> Participant | None:
        """The participant as it was; None for one who has joined."""
        before = self.payload["before"]
        return None if before is None else Participant.from_dict(before)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationEvent(Event):
    """An operation has completed or failed."""

    @property
    def operation(self) -> CommsOperation:
        """The operation, as the class of its type."""
        return CommsOperation.from_dict(self.payload["operation"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultEvent(Event):
    """A call has ended, or a transfer has failed."""

    @property
    def result(self) -> ResultInfo | None:
        """Why, as far as Graph said."""
        return result_info(self.payload["result"])

    @property
    def synthesized(self) -> bool:
        """Whether Graph did not report it: it no longer knew the call."""
        return bool(self.payload["synthesized"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentSharingEvent(Event):
    """Sharing began or ended."""

    @property
    def session_id(self) -> str:
        """The id of the contentSharingSession."""
        session_id: str = self.payload["sessionId"]
        return session_id

    @property
    def change_type(self) -> str:
        """`created` or `deleted`."""
        change_type: str = self.payload["changeType"]
        return change_type


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantLeftEvent(Event):
    """Somebody has left whom an answer to `participant_joining` accepted."""

    @property
    def participant_id(self) -> str | None:
        """The id of the participant."""
        participant_id: str | None = self.payload["participantId"]
        return participant_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantJoiningEvent(Event):
    """Somebody is about to join; the handler returns the answer, or None for the default.

    Source: https://learn.microsoft.com/graph/api/resources/participantjoiningnotification
    """

    @classmethod
    def of(cls, item: Notification, call: Any) -> ParticipantJoiningEvent:
        """Return the event of a notification that is answered in its response."""
        kind = "participant_joining"
        return cls(kind=kind, call=call, context=item.context, raw=item.raw, payload={})

    @property
    def joining(self) -> Call:
        """The call that the participant would join by, as notified."""
        return Call.from_dict(self.raw.get("call") or {})

    def accept(self) -> AcceptJoinResponse:
        """Return the answer that takes the participant into the call."""
        return AcceptJoinResponse()

    def reject(self, reason: RejectReason | None = None) -> RejectJoinResponse:
        """Return the answer that turns the participant down."""
        return RejectJoinResponse(reason=reason)

    def invite_new_bot(self, invite_uri: str) -> InviteNewBotResponse:
        """Return the answer that sends the participant to a new instance of the bot at an address."""
        return InviteNewBotResponse(invite_uri=invite_uri)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEvent(Event):
    """A handler has failed, or runs for too long: what it was given, and what it raised."""

    event: Event
    exception: Exception

    def with_call(self, call: Any) -> Self:
        """Return the same event for another kind of handler, and in it the one that failed."""
        return replace(self, call=call, event=self.event.with_call(call))

    @classmethod
    def of(cls, event: Event, exception: Exception) -> ErrorEvent:
        """Return the event of a failure."""
        return cls(
            kind="error",
            call=event.call,
            context=event.context,
            raw=event.raw,
            payload={},
            late=event.late,
            redelivered=event.redelivered,
            event=event,
            exception=exception,
        )


_CLASSES: Mapping[str, type[Event]] = {
    "content_sharing": ContentSharingEvent,
    "operation": OperationEvent,
    "participant_changed": ParticipantEvent,
    "participant_joined": ParticipantEvent,
    "participant_left": ParticipantEvent,
    "participant_left_notification": ParticipantLeftEvent,
    "terminated": ResultEvent,
    "tone": ToneEvent,
    "transfer_failed": ResultEvent,
}


def make_event(
    data: EventData,
    call: Any,
    context: Context,
    raw: Mapping[str, Json],
    *,
    redelivered: bool = False,
) -> Event:
    """Return the event that handlers get."""
    return _CLASSES.get(data.kind, Event)(
        kind=data.kind,
        call=call,
        context=context,
        raw=raw,
        payload=data.payload,
        late=data.late,
        redelivered=redelivered,
    )
