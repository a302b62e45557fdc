"""Online meetings: their creation; what is read, changed and removed is in the store.

Sources: https://learn.microsoft.com/graph/api/application-post-onlinemeetings,
https://learn.microsoft.com/graph/api/onlinemeeting-createorget.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID

from graph_comms.bot import MeetingLink
from graph_comms.bot.json_values import Json, list_of, object_of, text_of
from graph_comms.models import OnlineMeeting

from .behaviours import Behaviour
from .faults import Fault
from .ids import Seeded, same_id
from .meetings import Meeting, Meetings
from .messages import Answer, Request
from .odata.entities import Entities, shown
from .odata.places import Place, context_of, place_of
from .odata.queries import Query
from .odata.store import Path
from .schedule import Schedule

LENGTH = timedelta(hours=1)
"""How long a meeting lasts of which the end is not given."""

_DEFAULTS: Mapping[str, Json] = {
    "subject": None,
    "allowedPresenters": "everyone",
    "allowMeetingChat": "enabled",
    "allowTeamworkReactions": True,
    "isEntryExitAnnounced": True,
    "lobbyBypassSettings": {"scope": "organization", "isDialInBypassEnabled": False},
}

_COLLECTION = ("communications", "onlineMeetings")


class OnlineMeetings:
    """Creates the meetings of users, each with a thread, a link and an id to join it by."""

    def __init__(
        self,
        schedule: Schedule,
        seeded: Seeded,
        entities: Entities,
        meetings: Meetings,
    ) -> None:
        self._schedule = schedule
        self._seeded = seeded
        self._entities = entities
        self._meetings = meetings
        meetings.on_declare = self._declared
        self._by_external_id: dict[tuple[str, str, str], Path] = {}

    def routes(self) -> dict[str, Callable[[Request], Answer]]:
        """Return what answers which operation, by method and path."""
        found: dict[str, Callable[[Request], Answer]] = {}
        for path in ("/me", "/users/{user-id}", "/communications"):
            found[f"POST {path}/onlineMeetings"] = self.create
            found[f"POST {path}/onlineMeetings/createOrGet"] = self.create_or_get
        return found

    def create(self, request: Request) -> Answer:
        """Create a meeting (application-post-onlinemeetings)."""
        place = place_of(request)
        return self._answer(request, 201, self._created(request, place))

    def create_or_get(self, request: Request) -> Answer:
        """Return the user's meeting of an external id, which is created once."""
        external = text_of(object_of(request.body).get("externalId"))
        if not external:
            raise _wrong("externalId is required.")
        place = place_of(request)
        key = (request.caller.home, place.owner or "", external)
        path = self._by_external_id.get(key)
        if path is not None and self._entities.store.get(path) is not None:
            return self._answer(request, 200, path)
        self._by_external_id[key] = path = self._created(request, place)
        return self._answer(request, 201, path)

    def _answer(self, request: Request, status: int, path: Path) -> Answer:
        record = self._entities.store.get(path)
        assert record is not None
        whole = shown(self._entities.whole(path, record, OnlineMeeting), Query(), OnlineMeeting)
        context = context_of(request, "/$entity")
        return Answer(status, {**context, **whole}, {"etag": record.etag})

    def _created(self, request: Request, place: Place) -> Path:
        body = object_of(request.body)
        asked = object_of(body.get("joinMeetingIdSettings")).get("isPasscodeRequired") is True
        passcode = _encoded(self._seeded.guid("passcode"))[:6] if asked else None
        thread = f"19:meeting_{_encoded(self._seeded.guid('thread'))}@thread.v2"
        organizer = place.owner or request.caller.app_id
        tenant = request.caller.home
        context = json.dumps({"Tid": tenant, "Oid": organizer}, separators=(",", ":"))
        link = f"https://teams.microsoft.com/l/meetup-join/{quote(thread, safe='')}/0"
        address = f"{link}?context={quote(context, safe='')}"
        meeting = self._meetings.add(thread, passcode)
        return self._add(body, meeting, address, organizer, tenant, place.owner)

    def _declared(self, meeting: Meeting, link: MeetingLink, join_url: str) -> None:
        """Make an online meeting of one that a script declares, if its link says whose it is."""
        organizer = same_id(link.organizer_id or "")
        if organizer and link.thread_id:
            self._add({}, meeting, join_url, organizer, link.tenant_id or "", organizer)

    def _add(
        self,
        body: Mapping[str, Json],
        meeting: Meeting,
        address: str,
        organizer: str,
        tenant: str,
        owner: str | None,
    ) -> Path:
        key = _encoded(f"1*{organizer}*0**{meeting.key}")
        number = f"{UUID(self._seeded.guid('meeting')).int % 10**12:012}"
        attendees = list_of(object_of(body.get("participants")).get("attendees"))
        user = {"id": organizer, "displayName": None, "tenantId": tenant or None}
        now = self._schedule.now()
        entity: dict[str, Json] = {
            **_DEFAULTS,
            **body,
            **_times(body, now),
            "id": key,
            "creationDateTime": _written(now),
            "joinWebUrl": address,
            "chatInfo": {"threadId": meeting.key, "messageId": "0", "replyChainMessageId": None},
            "participants": {
                "organizer": {"identity": {"user": user}, "upn": None, "role": "presenter"},
                "attendees": attendees,
            },
            "joinMeetingIdSettings": {
                "isPasscodeRequired": meeting.passcode is not None,
                "joinMeetingId": number,
                "passcode": meeting.passcode,
            },
        }
        meeting.online = self._entities.add(_COLLECTION, entity, OnlineMeeting, owner)
        self._meetings.name(meeting, number)
        return meeting.online


def _times(body: Mapping[str, Json], now: datetime) -> dict[str, Json]:
    start, end = text_of(body.get("startDateTime")), text_of(body.get("endDateTime"))
    if end and not start:
        raise _wrong("startDateTime is required with endDateTime.")
    begins = _read(start) if start else now
    ends = _read(end) if end else begins + LENGTH
    if ends < begins:
        raise _wrong("endDateTime must not be before startDateTime.")
    return {"startDateTime": start or _written(begins), "endDateTime": end or _written(ends)}


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _written(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _wrong(message: str) -> Fault:
    return Fault(400, "InvalidArgument", message)


_PAGE = "https://learn.microsoft.com/graph/api/"
_TEST = "tests/emulator/test_online_meetings.py::"

BEHAVIOURS = (
    Behaviour(
        "onlineMeetings.create", "D", f"{_PAGE}application-post-onlinemeetings",
        f"{_TEST}test_a_meeting_is_created",
    ),
    Behaviour(
        "onlineMeetings.create.times", "D", f"{_PAGE}application-post-onlinemeetings",
        f"{_TEST}test_times",
    ),
    Behaviour(
        "onlineMeetings.createOrGet", "D", f"{_PAGE}onlinemeeting-createorget",
        f"{_TEST}test_an_external_id_has_one_meeting",
    ),
    Behaviour(
        "onlineMeetings.filter", "D", f"{_PAGE}onlinemeeting-get",
        f"{_TEST}test_a_meeting_is_found_by_its_link_and_its_id",
    ),
    Behaviour(
        "onlineMeetings.passcode", "D", f"{_PAGE}resources/joinmeetingidsettings",
        f"{_TEST}test_a_passcode_is_made",
    ),
    Behaviour(
        "onlineMeetings.join", "D", f"{_PAGE}resources/joinmeetingidsettings",
        f"{_TEST}test_a_bot_joins_by_the_id_and_the_passcode",
    ),
)  # fmt: skip
