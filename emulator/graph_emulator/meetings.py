"""Meetings that a bot can join: who is there, who comes and goes, and who waits in the lobby."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Self

from graph_comms.bot import MeetingLink
from graph_comms.bot.json_values import Json, object_of, text_of

from .behaviours import Behaviour
from .call import Call, result_info
from .faults import invalid, no_tenant, of_platform
from .odata.store import Path
from .people import Leg, Person
from .telling import Teller, told

if TYPE_CHECKING:
    from .calls import Calls

LOBBY = 30 * 60.0
"""How long a bot that nobody admits waits in the lobby, in seconds."""


@dataclass(eq=False)
class Meeting:
    """A meeting; nobody is there but whom its script lets join.

    Each method says what happens from now on whenever a bot joins, and returns the meeting. `after` is
    in seconds from when the bot's audio is active; for `admits`, from when the bot is in the lobby.
    """

    key: str
    passcode: str | None = field(default=None, repr=False)
    lobby: bool = False
    admitted_after: float | None = None
    steps: list[tuple[float, str, Person]] = field(
        default_factory=list[tuple[float, str, Person]], repr=False
    )
    teller: Teller = field(default_factory=Teller, repr=False)
    online: Path | None = field(default=None, repr=False)
    """Where its online meeting is in the store, if it has one."""
    video: bytes | None = field(default=None, repr=False)
    """What its recordings have; None if it is not recorded."""
    transcript: str | None = field(default=None, repr=False)

    @property
    def named(self) -> dict[str, str]:
        """What the meeting is called in a journal."""
        return {"meeting": self.key}

    def chat(self) -> dict[str, Json]:
        """Return the chat of the meeting, which the service names to who joins it by its id."""
        if self.key.startswith("19:"):
            return self._chat(self.key)
        digest = base64.urlsafe_b64encode(sha256(self.key.encode()).digest()[:33]).decode()
        return self._chat(f"19:meeting_{digest}@thread.v2")

    def _chat(self, thread: str) -> dict[str, Json]:
        named = {"threadId": thread, "messageId": "0"}
        return {"@odata.type": "#microsoft.graph.chatInfo", **named}

    @told
    def joins(self, person: Person, after: float = 0.0) -> Self:
        """Let a person come."""
        self.steps.append((after, "joins", person))
        return self

    @told
    def leaves(self, person: Person, after: float = 0.0) -> Self:
        """Let a person go."""
        self.steps.append((after, "leaves", person))
        return self

    @told
    def admits(self, after: float = 0.0) -> Self:
        """Let somebody admit the bot from the lobby."""
        self.admitted_after = after
        return self

    @told
    def records(self, video: bytes = b"") -> Self:
        """Let somebody record what goes on: `video` is what the recordings have, an MP4 file."""
        self.video = video
        return self

    @told
    def transcribes(self, text: str) -> Self:
        """Let somebody have it written down: `text` is what the transcripts have, in WebVTT."""
        self.transcript = text
        return self

    def enter(self, calls: Calls, call: Call) -> None:
        """Take a bot in, or let it wait in the lobby, unless it was called into the meeting."""
        if not self.lobby or call.direction == "incoming":
            self._take_in(calls, call)
            return
        call.participants[call.bot_id].in_lobby = True
        calls.changed(call)
        if self.admitted_after is not None:
            calls.later(self.admitted_after, lambda: self.admit(calls, call))
        else:
            alone = result_info(408, 0, "Nobody has admitted the bot.")
            calls.schedule.after(LOBBY, lambda: self._let_go(calls, call, alone), pending=False)

    def _let_go(self, calls: Calls, call: Call, result: dict[str, Json]) -> None:
        bot = call.participants.get(call.bot_id)
        if bot is not None and bot.in_lobby:
            calls.end(call, "service", result)

    def admit(self, calls: Calls, call: Call) -> None:
        """Let somebody admit the bot, if it still waits."""
        bot = call.participants.get(call.bot_id)
        if bot is not None and bot.in_lobby and not call.ended and call.state != "terminating":
            bot.in_lobby = False
            calls.changed(call)
            self._take_in(calls, call)

    def _take_in(self, calls: Calls, call: Call) -> None:
        calls.connect(call)
        legs: dict[str, Leg] = {}
        for after, act, person in sorted(self.steps, key=lambda step: step[0]):
            leg = legs.setdefault(person.id, Leg(person, call, calls))
            does = partial(calls.come, call, leg) if act == "joins" else partial(calls.remove, leg)
            calls.later(calls.beat + after, does)


class Meetings:
    """The meetings that a script declares; any other is empty."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._meetings: dict[str, Meeting] = {}
        self.on_declare: Callable[[Meeting, MeetingLink, str], None] = _nothing
        """Called with a meeting that a script declares, and its link."""

    def clear(self) -> None:
        """Forget all meetings."""
        self._meetings.clear()

    def declare(self, join_url: str, passcode: str | None, *, lobby: bool) -> Meeting:
        """Return the meeting of a link or a meeting's id, which is declared by it.

        It is the one that was created, if its link is that of one; a link that names its organizer
        makes an online meeting of it.

        Raises ValueError for what is no link to a meeting.
        """
        link = MeetingLink.parse(join_url, passcode=passcode)
        key = link.thread_id or link.meeting_id or ""
        known = self._meetings.get(key)
        if known is not None and known.online is not None:
            known.passcode, known.lobby = link.passcode or known.passcode, lobby
            return known
        meeting = self.add(key, link.passcode, lobby=lobby)
        self.on_declare(meeting, link, join_url)
        return meeting

    def add(self, key: str, passcode: str | None, *, lobby: bool = False) -> Meeting:
        """Add a meeting by its thread or its id."""
        meeting = self._meetings[key] = Meeting(key, passcode, lobby, teller=self._teller)
        return meeting

    def name(self, meeting: Meeting, meeting_id: str) -> None:
        """Let a meeting be found by an id, too."""
        self._meetings[meeting_id] = meeting

    def key_of(self, join_url: str) -> str | None:
        """Return the key of the meeting of a link, declared or not; None if it is no link to one."""
        try:
            link = MeetingLink.parse(join_url)
        except ValueError:
            return None
        key = link.thread_id or link.meeting_id or ""
        known = self._meetings.get(key)
        return key if known is None else known.key

    def of(self, body: Json) -> Meeting:
        """Return the meeting that a body wants to join; raises Fault if it cannot be joined so."""
        info = object_of(body.get("meetingInfo"))
        meeting_id = "".join(text_of(info.get("joinMeetingId")).split())
        key = meeting_id or text_of(object_of(body.get("chatInfo")).get("threadId"))
        if not key and not info.get("token"):
            raise invalid("chatInfo.threadId, or a joinMeetingId, is required to join a meeting.")
        if not body.get("tenantId"):
            raise no_tenant()
        meeting = self._meetings.get(key) or Meeting(key)
        given = text_of(info.get("passcode")) or None
        if meeting_id and meeting.passcode is not None and meeting.passcode != given:
            raise of_platform(400, "8561", "Invalid join meeting id.")
        return meeting


def _nothing(meeting: Meeting, link: MeetingLink, join_url: str) -> None:
    """Nobody has to know of it."""


_PAGE = "https://learn.microsoft.com/graph/api/application-post-calls"
_TESTS = "tests/emulator/test_meetings.py::"

BEHAVIOURS = (
    Behaviour("meetings.join", "D", _PAGE, f"{_TESTS}test_a_bot_joins_a_meeting"),
    Behaviour(
        "meetings.lobby",
        "D",
        "https://learn.microsoft.com/graph/api/resources/participant: isInLobby",
        f"{_TESTS}test_a_bot_waits_in_the_lobby",
    ),
    Behaviour(
        "meetings.lobby.not_admitted", "?", "", f"{_TESTS}test_a_bot_that_nobody_admits_is_let_go"
    ),
    Behaviour(
        "meetings.join.passcode",
        "?",
        "the sub-code: Azure Communication Services, troubleshooting codes",
        f"{_TESTS}test_a_wrong_passcode_is_refused",
    ),
    Behaviour("meetings.join.required", "D", _PAGE, f"{_TESTS}test_what_joining_needs"),
)
