"""Presence of users: what applications say in sessions, what users prefer, and what becomes of both.

What results is an entity in the store, which is changed when time changes it.
Sources: https://learn.microsoft.com/graph/api/presence-setpresence,
https://learn.microsoft.com/graph/api/presence-setuserpreferredpresence.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from graph_comms._runtime.edm_values import read_duration
from graph_comms.bot.json_values import Json, list_of, object_of, text_of
from graph_comms.models import Presence

from .behaviours import Behaviour
from .faults import Fault
from .ids import same_id
from .messages import Answer, Request
from .odata.entities import Entities
from .odata.places import place_of
from .odata.serving import Serving
from .schedule import Act, Schedule

FADES = 5 * 60.0
"""After how many seconds Available becomes AvailableInactive, and that Away."""

SHORTEST, LONGEST = timedelta(minutes=5), timedelta(hours=4)
"""How long a session may be asked to last; the shortest is what it lasts by default."""

MOST_IDS = 650

_SESSIONS = frozenset(
    {
        ("Available", "Available"), ("Busy", "InACall"), ("Busy", "InAConferenceCall"),
        ("Away", "Away"), ("DoNotDisturb", "Presenting"),
    }
)  # fmt: skip
_PREFERRED = frozenset(
    {
        ("Available", "Available"), ("Busy", "Busy"), ("DoNotDisturb", "DoNotDisturb"),
        ("BeRightBack", "BeRightBack"), ("Away", "Away"), ("Offline", "OffWork"),
    }
)  # fmt: skip
_PLACES = ("manual", "automatic")
"""Where a work location comes from, the stronger first; what a calendar schedules there is none of."""

_STRENGTH = ("Away", "AvailableInactive", "Available", "Busy", "DoNotDisturb")

State = tuple[str, str]
"""Availability and activity."""


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says of a user, from a time to a time, in seconds."""

    state: State
    since: float
    until: float

    def at(self, time: float) -> State:
        """Return what has become of it."""
        if self.state[0] != "Available" or time < self.since + FADES:
            return self.state
        inactive = time < self.since + 2 * FADES
        return ("AvailableInactive", "Available") if inactive else ("Away", "Away")

    def changes(self) -> Iterator[float]:
        """Yield when it becomes something else, or ends."""
        if self.state[0] == "Available":
            yield from (self.since + FADES, self.since + 2 * FADES)
        yield self.until


@dataclass(eq=False, slots=True)
class _User:
    sessions: dict[str, Said] = field(default_factory=dict[str, Said])
    preferred: Said | None = None
    locations: dict[str, dict[str, Json]] = field(default_factory=dict[str, "dict[str, Json]"])
    sequence: int = 0
    next: Act | None = None
    message_end: Act | None = None

    def state(self, time: float) -> State:
        """Return what results: nothing does without a session, whatever the user prefers."""
        said = [one.at(time) for one in self.sessions.values() if time < one.until]
        if not said:
            return "Offline", "Offline"
        if self.preferred and time < self.preferred.until:
            return self.preferred.state
        return max(said, key=lambda state: _STRENGTH.index(state[0]))

    def next_change(self, time: float) -> float | None:
        """Return when something changes by itself."""
        changes = [at for one in self.sessions.values() for at in one.changes()]
        if self.preferred:
            changes.append(self.preferred.until)
        return min((at for at in changes if at > time), default=None)


class Presences:
    """The presence of users by their ids; one of whom nothing was said is offline."""

    def __init__(self, schedule: Schedule, entities: Entities, serving: Serving) -> None:
        self._schedule = schedule
        self._entities = entities
        self._serving = serving
        self._users: dict[str, _User] = {}

    def routes(self) -> dict[str, Callable[[Request], Answer]]:
        """Return what answers which operation, by method and path."""
        found: dict[str, Callable[[Request], Answer]] = {
            "POST /communications/getPresencesByUserId": self.get_many
        }
        for path in (
            "/me/presence",
            "/users/{user-id}/presence",
            "/communications/presences/{presence-id}",
        ):
            found |= {
                f"GET {path}": self.get,
                f"POST {path}/setPresence": self.set,
                f"POST {path}/clearPresence": self.end,
                f"POST {path}/setUserPreferredPresence": self.prefer,
                f"POST {path}/clearUserPreferredPresence": self.clear_preferred,
                f"POST {path}/setStatusMessage": self.set_message,
                f"POST {path}/setManualLocation": partial(self.locate, "manual"),
                f"POST {path}/setAutomaticLocation": partial(self.locate, "automatic"),
                f"POST {path}/clearLocation": partial(self.leave, _PLACES),
                f"POST {path}/clearAutomaticLocation": partial(self.leave, ("automatic",)),
            }
        return found

    def clear(self) -> None:
        """Forget what was said."""
        self._users.clear()

    def get(self, request: Request) -> Answer:
        """Return the presence of a user (presence-get)."""
        self._refresh(_user_id(request))
        return self._serving.answer(request)

    def get_many(self, request: Request) -> Answer:
        """Return that of several users (cloudcommunications-getpresencesbyuserid)."""
        ids = [same_id(text_of(one)) for one in list_of(object_of(request.body).get("ids"))]
        if not 1 <= len(ids) <= MOST_IDS:
            raise _invalid(f"ids must hold between 1 and {MOST_IDS} ids.")
        context = f"{request.root}/$metadata#Collection(microsoft.graph.presence)"
        return Answer(200, {"@odata.context": context, "value": [*map(self._refresh, ids)]})

    def set(self, request: Request) -> Answer:
        """Say in the session of the application what a user does (presence-setpresence)."""
        body = object_of(request.body)
        state = _state(body, _SESSIONS)
        length = _duration(body) or SHORTEST
        if not SHORTEST <= length <= LONGEST:
            raise _invalid("The provided [ExpirationDuration] is out of range.")
        session = text_of(body.get("sessionId")) or request.caller.app_id
        now = self._schedule.time
        user = self._user(request)
        user.sessions[same_id(session)] = Said(state, now, now + length.total_seconds())
        return self._changed(request)

    def end(self, request: Request) -> Answer:
        """End the session of the application (presence-clearpresence)."""
        session = text_of(object_of(request.body).get("sessionId")) or request.caller.app_id
        self._user(request).sessions.pop(same_id(session), None)
        return self._changed(request)

    def prefer(self, request: Request) -> Answer:
        """Say what a user wants to be shown, whatever the sessions say."""
        body = object_of(request.body)
        state = _state(body, _PREFERRED)
        usual = timedelta(days=1 if state[0] in ("Busy", "DoNotDisturb") else 7)
        length = _duration(body) or usual
        now = self._schedule.time
        self._user(request).preferred = Said(state, now, now + length.total_seconds())
        return self._changed(request)

    def clear_preferred(self, request: Request) -> Answer:
        """Show again what the sessions say."""
        self._user(request).preferred = None
        return self._changed(request)

    def set_message(self, request: Request) -> Answer:
        """Say what a user wants others to read (presence-setstatusmessage)."""
        message = object_of(object_of(request.body).get("statusMessage"))
        user_id, now = _user_id(request), self._schedule.now()
        expires = _expiry(object_of(message.get("expiryDateTime")))
        if expires is not None and expires <= now:
            raise _invalid("The status message has expired already.")
        user = self._user(request)
        self._schedule.cancel(user.message_end)
        if expires is not None:
            left = (expires - now).total_seconds()
            user.message_end = self._schedule.after(
                left, lambda: self._show(user_id, statusMessage=None), pending=False
            )
        published = {**message, "publishedDateTime": now.isoformat().replace("+00:00", "Z")}
        self._show(user_id, statusMessage=published if message else None)
        return Answer(200)

    def locate(self, source: str, request: Request) -> Answer:
        """Say where a user works, by hand or as a device has found out (presence-setmanuallocation)."""
        body = object_of(request.body)
        if body.get("workLocationType") is None:
            raise _invalid("workLocationType is required.")
        named = ("workLocationType", "placeId")
        self._user(request).locations[source] = {one: body.get(one) for one in named}
        return self._located(request)

    def leave(self, sources: Collection[str], request: Request) -> Answer:
        """Forget that (presence-clearlocation, presence-clearautomaticlocation)."""
        for source in sources:
            self._user(request).locations.pop(source, None)
        return self._located(request)

    def _located(self, request: Request) -> Answer:
        places = self._user(request).locations
        found = next(({**places[one], "source": one} for one in _PLACES if one in places), None)
        self._show(_user_id(request), workLocation=found)
        return Answer(204)

    def _show(self, user_id: str, **changes: Json) -> None:
        """Write what else there is of a user into the store."""
        self._refresh(user_id)
        record = self._entities.store.get(_path(user_id))
        assert record is not None
        for name in changes:
            record.value.pop(name, None)
        self._entities.store.merge(record, changes)

    def _user(self, request: Request) -> _User:
        return self._users.setdefault(_user_id(request), _User())

    def _changed(self, request: Request) -> Answer:
        self._refresh(_user_id(request))
        return Answer(200)

    def _refresh(self, user_id: str) -> dict[str, Json]:
        """Write what results into the store, now and when it changes by itself; return it."""
        user = self._users.setdefault(user_id, _User())
        now = self._schedule.time
        availability, activity = user.state(now)
        record = self._entities.store.get(_path(user_id))
        if record is None:
            record = self._entities.put(_path(user_id), {"id": user_id}, Presence)
        before = record.value.get("availability"), record.value.get("activity")
        if before != (availability, activity):
            user.sequence += 1
            changes: dict[str, Json] = {
                "availability": availability,
                "activity": activity,
                "sequenceNumber": f"{user.sequence:08}",
            }
            self._entities.store.merge(record, changes)
        self._schedule.cancel(user.next)
        later = user.next_change(now)
        if later is not None:
            user.next = self._schedule.after(
                later - now, lambda: self._refresh(user_id), pending=False
            )
        return dict(record.value)


def _user_id(request: Request) -> str:
    return place_of(request).path[2]


def _path(user_id: str) -> tuple[str, ...]:
    return "communications", "presences", user_id


def _state(body: Json, known: frozenset[State]) -> State:
    state = text_of(body.get("availability")), text_of(body.get("activity"))
    if state not in known:
        raise _invalid("The provided combination of availability and activity is not supported.")
    return state


def _duration(body: Json) -> timedelta | None:
    text = text_of(body.get("expirationDuration"))
    return read_duration(text) if text else None


def _expiry(written: Mapping[str, Json]) -> datetime | None:
    """Return when a status message ends; None for never, and for a zone by a name of Windows."""
    text = text_of(written.get("dateTime"))
    if not text:
        return None
    try:
        zone = ZoneInfo(text_of(written.get("timeZone")) or "UTC")
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ZoneInfoNotFoundError:
        return None
    except ValueError:
        raise _invalid("expiryDateTime.dateTime is not a time.") from None


def _invalid(message: str) -> Fault:
    return Fault(400, "InvalidArgument", message)


_PAGE = "https://learn.microsoft.com/graph/api/presence-"
_TEST = "tests/emulator/test_presence.py::"

BEHAVIOURS = (
    Behaviour("presence.set", "D", f"{_PAGE}setpresence", f"{_TEST}test_sessions_are_ranked"),
    Behaviour("presence.fade", "D", f"{_PAGE}setpresence", f"{_TEST}test_available_fades"),
    Behaviour("presence.expire", "D", f"{_PAGE}setpresence", f"{_TEST}test_a_session_ends"),
    Behaviour(
        "presence.set.range", "W", "msgraph-sdk-dotnet issue 1186",
        f"{_TEST}test_what_cannot_be_said_is_refused",
    ),
    Behaviour(
        "presence.set.session", "?", "a session that is not named is the application's",
        f"{_TEST}test_a_session_ends",
    ),
    Behaviour(
        "presence.prefer", "D", f"{_PAGE}setuserpreferredpresence",
        f"{_TEST}test_what_a_user_prefers_wins",
    ),
    Behaviour("presence.clear", "D", f"{_PAGE}clearpresence", f"{_TEST}test_sessions_are_ranked"),
    Behaviour("presence.message", "D", f"{_PAGE}setstatusmessage", f"{_TEST}test_a_status_message"),
    Behaviour(
        "presence.message.expiry", "D", "https://learn.microsoft.com/graph/api/resources/presencestatusmessage",
        f"{_TEST}test_a_status_message_expires",
    ),
    Behaviour(
        "presence.location", "D", f"{_PAGE}setmanuallocation", f"{_TEST}test_where_a_user_works"
    ),
    Behaviour(
        "presence.many", "D", "https://learn.microsoft.com/graph/api/cloudcommunications-getpresencesbyuserid",
        f"{_TEST}test_the_presence_of_several",
    ),
)  # fmt: skip
