"""Links to Teams meetings, as people paste them, and what it takes to join by one."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypedDict, cast
from urllib.parse import SplitResult, unquote, urlsplit

from ..models import (
    ChatInfo,
    Identity,
    IdentitySet,
    JoinMeetingIdMeetingInfo,
    MeetingInfo,
    OrganizerMeetingInfo,
)

_DEEPEST = 3
"""How many times a link may be percent-encoded, or wrapped by a mail system."""

_LONGEST = 16 * 1024
"""More characters than any link has, encoded and wrapped as often as that."""

_NOT_A_LINK = (
    "this is not a link to a Teams meeting: pass https://…/l/meetup-join/…, https://…/meet/…, "
    "the digits of the meeting's id, or the id of an onlineMeeting"
)

_ONLINE_MEETING = re.compile(r"1\*([^*]+)\*0\*\*(.+)")
"""What the id of an onlineMeeting is in base64: the organizer and the thread."""


class CallArguments(TypedDict):
    """The arguments of `Call` that say which meeting to join."""

    chat_info: ChatInfo
    meeting_info: MeetingInfo
    tenant_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingLink:
    """Which meeting a link leads to.

    A link of the form `/l/meetup-join/…` has the chat thread, the organizer and mostly the tenant, the
    id of an onlineMeeting the first two; a link of the form `/meet/…`, and digits typed by hand, have
    `meeting_id` and perhaps `passcode`, which no repr shows.
    """

    thread_id: str | None = None
    message_id: str | None = None
    reply_chain_message_id: str | None = None
    organizer_id: str | None = None
    tenant_id: str | None = None
    meeting_id: str | None = None
    passcode: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str, passcode: str | None = None) -> MeetingLink:
        """Return the meeting of a link or of a meeting's id, such as `212 345 678 901 23`.

        Both forms of links are understood on any host, in angle brackets, percent-encoded up to three
        deep, and wrapped as an Outlook safelink; so is the `id` of an onlineMeeting. Nothing is looked
        up. The case of a thread id is kept: with another, the service makes a meeting in which the bot is
        alone. `passcode` overrides that of the link; a link to a thread needs none.

        Raises ValueError, which says what is missing and repeats nothing of the text.
        """
        text = text.strip().removeprefix("<").removesuffix(">").strip()
        if len(text) > _LONGEST:
            raise ValueError(
                f"this is not a link to a Teams meeting: it is longer than {_LONGEST} characters"
            )
        typed = "".join(text.split())
        passcode = (passcode or "").strip() or None
        if _is_meeting_id(typed):
            return cls(meeting_id=typed, passcode=passcode)
        return _online_meeting(typed) or _parsed(text, passcode, _DEEPEST)

    def to_call_arguments(self, tenant_id: str | None = None) -> CallArguments:
        """Return `chat_info`, `meeting_info` and `tenant_id`, for `Call(**arguments)`.

        `tenant_id` is the organizer's tenant, and overrides that of the link. Raises ValueError if
        neither says it: links of the form `/meet/…` and ids never do.
        Source: https://learn.microsoft.com/graph/api/application-post-calls.
        """
        tenant = tenant_id or self.tenant_id
        if not tenant:
            raise ValueError(
                "the tenant of the meeting's organizer is missing, and this link does not say it: "
                "pass tenant_id"
            )
        if self.meeting_id is not None:
            # A null passcode would be sent as one.
            given = {} if self.passcode is None else {"passcode": self.passcode}
            by_id = JoinMeetingIdMeetingInfo(join_meeting_id=self.meeting_id, **given)
            return {"chat_info": ChatInfo(), "meeting_info": by_id, "tenant_id": tenant}
        chat = ChatInfo(thread_id=self.thread_id, message_id=self.message_id)
        if self.reply_chain_message_id is not None:
            chat.reply_chain_message_id = self.reply_chain_message_id
        user = Identity(id=self.organizer_id, tenant_id=self.tenant_id or tenant)
        by_organizer = OrganizerMeetingInfo(organizer=IdentitySet(user=user))
        return {"chat_info": chat, "meeting_info": by_organizer, "tenant_id": tenant}


def _online_meeting(text: str) -> MeetingLink | None:
    """Return the meeting of the id of an onlineMeeting; None for any other text."""
    try:
        plain = b64decode(_stable(text), validate=True).decode()
    except ValueError:
        return None
    found = _ONLINE_MEETING.fullmatch(plain)
    if found is None:
        return None
    return MeetingLink(thread_id=found[2], message_id="0", organizer_id=found[1])


def _parsed(text: str, passcode: str | None, wraps: int) -> MeetingLink:
    """Return the meeting of a link that is wrapped at most so many times."""
    problem = _NOT_A_LINK
    for decoded in _decoded(text):
        try:
            url = urlsplit(decoded)
        except ValueError:
            continue
        if url.scheme not in ("http", "https"):
            continue
        query = _query(url)
        if wraps and ".safelinks.protection." in f".{url.netloc}".casefold() and "url" in query:
            return _parsed(query["url"], passcode, wraps - 1)
        segments = [segment for segment in url.path.split("/") if segment]
        match [segment.casefold() for segment in segments]:
            case ["meet", digits] if _is_meeting_id(digits):
                return MeetingLink(meeting_id=digits, passcode=passcode or query.get("p") or None)
            case ["l", "meetup-join", *_]:
                try:
                    return _by_organizer(segments[2:], query.get("context", ""))
                except ValueError as error:
                    # What is missing may come to light when more is decoded.
                    problem = str(error)
            case _:
                pass
    raise ValueError(problem)


def _by_organizer(segments: list[str], context: str) -> MeetingLink:
    thread, message, *_ = *map(_stable, segments), "", ""
    if not thread:
        raise ValueError("the link has no thread id: it ends after /l/meetup-join/")
    if not message:
        raise ValueError("the link has no message id: it ends after the thread id")
    members = _context(context)
    if not members.get("oid"):
        raise ValueError(
            "the context of the link has no Oid, which is the organizer: a link for anonymous "
            "guests, by which no bot can join; use the meeting's id and passcode"
        )
    return MeetingLink(
        thread_id=thread,
        message_id=message,
        reply_chain_message_id=members.get("messageid") or None,
        organizer_id=members["oid"],
        tenant_id=members.get("tid") or None,
    )


def _context(text: str) -> Mapping[str, str]:
    """Return the texts in the context of a link, by their casefolded names."""
    for decoded in _decoded(text):
        for spelled in (decoded, decoded.replace("+", " ")):
            try:
                context: object = json.loads(spelled)
            except (ValueError, RecursionError):
                continue
            if isinstance(context, dict):
                members = cast("dict[str, object]", context)
                return {
                    name.casefold(): value
                    for name, value in members.items()
                    if isinstance(value, str)
                }
    raise ValueError(
        "the link has no context, or not all of it: a JSON object with Tid and Oid must follow ?context="
    )


def _query(url: SplitResult) -> dict[str, str]:
    """Return the query by casefolded names; a plus is one, as none of the values has blanks."""
    pairs = [pair.partition("=") for pair in url.query.split("&")]
    return {unquote(name).casefold(): unquote(value) for name, _, value in reversed(pairs)}


def _decoded(text: str) -> Iterator[str]:
    """Yield a text, and what it is when decoded once, twice and three times, as far as that differs."""
    yield text
    for _ in range(_DEEPEST):
        before, text = text, unquote(text)
        if text == before:
            return
        yield text


def _stable(text: str) -> str:
    """Return a text without any percent-encoding, however deep."""
    *_, last = _decoded(text)
    return last


def _is_meeting_id(text: str) -> bool:
    return text.isascii() and text.isdigit()
