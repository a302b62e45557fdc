"""The bot kit: verifies, orders, remembers and answers what Graph posts to a calling bot.

It needs more than the rest of the package: the extra `bot`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from . import extra as extra  # first: it says what is missing
from .blocking import BlockingCall, BlockingOperation
from .bot import Bot
from .changes import (
    BlockingChange,
    Change,
    Changes,
    EncryptionCertificate,
    Failure,
    MeetingCallEvent,
    Missed,
    Publisher,
    Subscriptions,
)
from .claims import Claims, TokenError, verify
from .clock import Clock, SystemClock
from .errors import (
    AlreadyDecided,
    BotError,
    CallEnded,
    DataConflict,
    OperationFailed,
    UnknownCallError,
)
from .events import (
    ContentSharingEvent,
    ErrorEvent,
    Event,
    OperationEvent,
    ParticipantEvent,
    ParticipantJoiningEvent,
    ParticipantLeftEvent,
    ResultEvent,
    ToneEvent,
)
from .formats import NewerFormatError
from .invoking import HandlerCancelledError
from .keys import KeySource, KeysUnavailableError, StaticKeys
from .lanes import HandlerTimeoutError
from .live import LiveCall
from .meeting_link import MeetingLink
from .memory import MemoryStore
from .notification import BodyError, Context, LegacyBodyError, Notification, parse
from .operations import CallOperation
from .reduction import reduce
from .reply import Endpoint, Reply
from .roster import Roster
from .state import CallState, EventData
from .store import Store, StoreError
from .trust import Trust

if TYPE_CHECKING:
    from .redis import RedisStore
    from .sqlite import SQLiteStore

__all__ = [
    "AlreadyDecided",
    "BlockingCall",
    "BlockingChange",
    "BlockingOperation",
    "BodyError",
    "Bot",
    "BotError",
    "CallEnded",
    "CallOperation",
    "CallState",
    "Change",
    "Changes",
    "Claims",
    "Clock",
    "ContentSharingEvent",
    "Context",
    "DataConflict",
    "EncryptionCertificate",
    "Endpoint",
    "ErrorEvent",
    "Event",
    "EventData",
    "Failure",
    "HandlerCancelledError",
    "HandlerTimeoutError",
    "KeySource",
    "KeysUnavailableError",
    "LegacyBodyError",
    "LiveCall",
    "MeetingCallEvent",
    "MeetingLink",
    "MemoryStore",
    "Missed",
    "NewerFormatError",
    "Notification",
    "OperationEvent",
    "OperationFailed",
    "ParticipantEvent",
    "ParticipantJoiningEvent",
    "ParticipantLeftEvent",
    "Publisher",
    "RedisStore",
    "Reply",
    "ResultEvent",
    "Roster",
    "SQLiteStore",
    "StaticKeys",
    "Store",
    "StoreError",
    "Subscriptions",
    "SystemClock",
    "TokenError",
    "ToneEvent",
    "Trust",
    "UnknownCallError",
    "parse",
    "reduce",
    "verify",
]

_STORES = {"RedisStore": ".redis", "SQLiteStore": ".sqlite"}
"""Stores that need a library which other bots do without."""


def __getattr__(name: str) -> object:
    if name not in _STORES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_STORES[name], __name__), name)
