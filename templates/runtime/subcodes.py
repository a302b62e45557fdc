"""What the sub-codes of the calling platform mean: in `resultInfo.subcode`, and as codes of errors.

Graph's documentation leaves most of them unexplained; Azure Communication Services runs on the same
platform and publishes them. Graph may use numbers that nobody has explained: they are missing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Subcode:
    """One sub-code: a short ``name`` in lower camel case, what it means, and the page that says so.

    ``meaning`` is a clause in lower case, without a full stop.
    """

    name: str
    meaning: str
    source: str


def explained(code: int | None, subcode: int | None) -> str | None:
    """Return what a code and a sub-code mean together, as a clause without a full stop.

    ``code`` is a status as in HTTP or SIP, ``None`` if it is unknown; a sub-code may mean something
    else with each: 603/0 is a refusal, 200/0 a success. Returns None for what nobody has explained.
    """
    if code is not None and subcode is not None:
        if together := _TOGETHER.get((code, subcode)):
            return together
        if subcode in _GRACEFUL and not (code == 0 or 200 <= code < 300):
            return None  # a failure, of which the sub-code says no more
    known = None if subcode is None else SUBCODES.get(subcode)
    return known.meaning if known else None


_GRACEFUL = frozenset({0, 7000})
"""Sub-codes of a success, or of the end of a call that went well."""

_TOGETHER: Mapping[tuple[int, int], str] = {
    (405, 8522): "a setting is missing that must be given when the call is answered",
    (487, 0): "the caller cancelled the call before it was accepted",
    (500, 7000): "the transfer failed, and the call is established as before",
    (500, 7700): "the transfer to another call failed, and the call is established as before",
    (603, 0): "the callee declined the call",
}

_CODES = (
    "https://learn.microsoft.com/azure/communication-services/resources/troubleshooting/"
    "voice-video-calling/troubleshooting-codes"
)
_DELETE = "https://learn.microsoft.com/graph/api/call-delete"
_TRANSFER = "https://learn.microsoft.com/graph/api/call-transfer"

_ROWS: Mapping[str, Mapping[int, tuple[str, str]]] = {
    _CODES: {
        0: ("success", "success"),
        4097: ("endedByOrganizer", "the organizer ended the meeting for everybody"),
        4521: ("userVanished", "the user left without hanging up, as by closing the app"),
        5000: ("removedByParticipant", "another participant removed this one"),
        5003: ("declinedByAllEndpoints", "the callee declined on every device"),
        5300: ("removed", "another participant or an application removed this participant"),
        5828: ("notInvitedToRoom", "the user is not on the list of the room's participants"),
        5829: ("outsideRoomHours", "the room is not open yet, or no longer"),
        5830: ("roomUserNotAllowed", "only users of Azure Communication Services may join this room"),
        7000: ("endedByService", "a bot or the service ended the call"),
        7500: ("unsupportedIdentity", "the identity is not of a kind that is supported"),
        7501: ("invalidToken", "the token is invalid"),
        7502: ("accessNotEnabled", "access is not enabled"),
        7504: ("insufficientPermissions", "the application lacks a permission in this tenant"),
        7505: ("tenantMismatch", "the token is of another tenant than the call"),
        7506: ("untrustedCertificate", "a certificate is not trusted"),
        7507: ("invalidCallSource", "the call's source is not the application of the token"),
        8500: ("invalidMediaMode", "another media operation may be active"),
        8501: ("callNotEstablished", "the call is not established"),
        8502: ("participantIdNotAvailable", "the application's own participant has no id yet"),
        8503: ("audioInactive", "the audio of the call is not active"),
        8504: ("mediaStreamsUnavailable", "the media streams are not available"),
        8505: ("severalParticipantsWithReplacement", "only one participant can replace another call"),
        8506: ("notComplianceRecording", "the call is not one that is recorded for compliance"),
        8508: ("operationCancelled", "the operation was cancelled"),
        8509: ("maxSilenceReached", "the silence was longer than the recording allows"),
        8510: ("initialSilenceReached", "nobody began to speak in the time that is allowed"),
        8511: ("promptFailed", "the prompt could not be played"),
        8512: ("beepFailed", "the beep could not be played"),
        8513: ("mediaReceiveTimeout", "no media arrived in time"),
        8514: ("stopToneDetected", "a stop tone ended the recording"),
        8515: ("maxDurationReached", "the recording reached its greatest length"),
        8516: ("callThrottled", "the call was throttled"),
        8517: ("tenantIdMismatch", "the tenant id does not belong to the call"),
        8518: ("callException", "the call failed with an exception"),
        8519: ("conflict", "another action is under way on the same resource"),
        8520: ("notImplemented", "the service does not implement this"),
        8521: ("tooManyHops", "the call was forwarded too many times"),
        8522: ("notFound", "there is no such call or participant, or no longer"),
        8523: ("invalidArgument", "something in the body of the request is invalid"),
        8524: ("invalidComplianceCount", "compliance recording does not allow that many"),
        8525: ("nonRecordedParty", "the party is not one that is recorded"),
        8526: ("invalidJoinToken", "the token to join the meeting is invalid"),
        8527: ("invalidJoinUrl", "the URL to join the meeting is invalid"),
        8528: ("callTerminated", "the call has ended"),
        8529: ("monthlyCallLimitReached", "the application has made as many calls as a month allows"),
        8530: ("activeCallLimitReached", "the application has as many calls at once as are allowed"),
        8531: ("maxDigitsReceived", "the greatest number of digits was received"),
        8532: ("interDigitTimeout", "the next digit did not come in time"),
        8533: ("toneOptionMatched", "the tone that was pressed is one of the options"),
        8534: ("incorrectTone", "the tone that was pressed is not one of the options"),
        8535: ("invalidFileFormat", "the file of the prompt has the wrong format"),
        8536: ("downloadFailed", "the prompt could not be downloaded"),
        8537: ("keepAliveTimeout", "the application did not keep the call alive"),
        8538: ("calleeDeclined", "the callee declined the call"),
        8539: ("calleeBusy", "the callee is busy"),
        8540: ("calleeBusyEverywhere", "the callee is busy on every device"),
        8541: ("calleeUnavailable", "the callee is not available"),
        8542: ("callCancelled", "the call was cancelled"),
        8543: ("noSuchCall", "the call does not exist"),
        8544: ("calleeUnreachable", "the callee cannot be reached"),
        8546: ("calleeSentInvalidRequest", "the callee's side sent an invalid request"),
        8548: ("notGroupCall", "the call is not a group call"),
        8549: ("retargetConversationFailed", "redirecting the call failed: no conversation"),
        8550: ("retargetMediaFailed", "redirecting the call failed: no media in common"),
        8551: ("retargetNotSupported", "the call cannot be redirected"),
        8552: ("cannotRemoveOrganizer", "the organizer of a meeting cannot be removed"),
        8553: ("duplicateRecording", "the recording has begun already"),
        8554: ("outOfAudioMix", "the participant is out of the meeting's audio mix"),
        8555: ("retargetInProgress", "the call is being redirected already"),
        8556: ("notForComplianceCalls", "not for calls recorded for compliance"),
        8558: ("participantNotPresent", "the participant is not in the call"),
        8560: ("meetingLocked", "the meeting is locked"),
        8561: ("invalidJoinMeetingId", "the meeting id is invalid"),
        8566: ("unmuteNotAllowed", "the participant may not be unmuted"),
        8583: ("preconditionFailed", "another media operation excludes this one"),
        8585: ("invalidCallState", "the state of the call does not allow the action"),
        8586: ("incomingCallNotAcknowledged", "the bot did not acknowledge the incoming call"),
        8587: ("incomingCallNotAnswered", "the bot did not answer the incoming call in time"),
        8594: ("meetingStateUpdateFailed", "the state of the meeting could not be updated"),
        8607: ("transferConflict", "another transfer is under way"),
        8609: ("invalidJoinResponse", "the bot's response to a participant's joining is invalid"),
        8610: ("noResponseToNotification", "the bot did not answer a notification"),
        9001: ("underlyingServiceFailed", "a service below failed for an unknown reason"),
        9002: ("underlyingServiceTimeout", "a service below did not answer in time"),
        9003: ("underlyingServiceCancelled", "a service below cancelled the operation"),
        9998: ("fatal", "the service failed for good"),
        9999: ("unknown", "the service failed for an unknown reason"),
        10003: ("acceptedElsewhere", "the call was accepted on another device"),
        10004: ("notAcceptedInTime", "the callee neither accepted nor declined in time"),
        10024: ("declinedEverywhere", "all devices of the callee declined the call"),
        10037: ("noEndpointRegistered", "the callee has no device that is registered"),
        10057: ("setupNotFinished", "the callee's device did not finish setting up the call"),
        10076: ("calleeOffline", "the callee is registered, but was not online"),
        10077: ("calleeNotConnected", "the callee gets push notifications, but was not online"),
        301004: ("mediaNotConnected", "the media could not be connected"),
        301005: ("mediaLost", "the connection of the media was lost"),
        510403: ("blocked", "the call was blocked, as unwanted"),
        540487: ("cancelledByCaller", "the caller cancelled the call"),
        560486: ("phoneBusy", "the phone that was called is busy"),
    },
    _DELETE: {
        5001: ("endedByBot", "the bot ended the call itself"),
        5002: ("calleeLeft", "the callee hung up or left"),
        5010: ("onlyOneLeft", "only one participant was left"),
    },
    _TRANSFER: {
        7015: ("transferCompleted", "the call was transferred"),
    },
}  # fmt: skip

SUBCODES: Mapping[int, Subcode] = MappingProxyType(
    {
        number: Subcode(name, meaning, source)
        for source, rows in _ROWS.items()
        for number, (name, meaning) in rows.items()
    }
)
"""The sub-codes that a page explains, by number.

A number alone may mislead: `explained` looks at the code, too.
"""
