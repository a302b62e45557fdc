"""Change notifications of Graph: received, proved, decrypted and handled; subscriptions kept alive."""

from .changes import Changes
from .decorators import ChangeDecorator, MissedDecorator, TypedDecorator
from .encryption import DecryptionError, EncryptionCertificate
from .events import BlockingChange, Change, Failure, Missed
from .meeting_events import MeetingCallEvent, MeetingParticipant
from .subscriptions import Kept, Subscriptions
from .tokens import Publisher

__all__ = [
    "BlockingChange",
    "Change",
    "ChangeDecorator",
    "Changes",
    "DecryptionError",
    "EncryptionCertificate",
    "Failure",
    "Kept",
    "MeetingCallEvent",
    "MeetingParticipant",
    "Missed",
    "MissedDecorator",
    "Publisher",
    "Subscriptions",
    "TypedDecorator",
]
