"""What people do by hand, as data: by a button of the page, by a request, or from a journal."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from graph_comms.bot.json_values import Json, number_of, text_of

from .call import Call
from .events import Events
from .ids import same_id
from .people import KEYS, Leg, Person
from .service import Service

T = TypeVar("T")

_NUMBER = re.compile(r"\+[0-9]{3,15}")
LONGEST = 200
"""How many characters a name may have."""


class ActError(Exception):
    """The act cannot be done; the message says why, or what it lacks."""


class Acts:
    """Does what people do now.

    An act is a JSON object, and `act` says which one:

    - `rings` (`person`: a name, or a number such as "+12065550100"; `app_id` and `callback_uri` of the bot
      where it is not the usual one);
    - `answers` and `declines` (`call`, `person`), of who is rung;
    - `presses` (`call`, `person`, `keys`), and `hangs_up` (`call`, `person`);
    - `joins` and `leaves` (`call`, `person`), of a group or meeting that the bot is in;
    - `admits` (`call`): the bot, from the lobby;
    - `redelivers` (`notification`: the number of the event): a notification that was not taken.
    """

    def __init__(
        self, service: Service, events: Events, ring: Callable[[Person, str, str], Call]
    ) -> None:
        """`ring` lets a person ring the bot of an application id and a callbackUri, "" for the usual ones."""
        self._service = service
        self._events = events
        self._ring = ring
        self._does: Mapping[str, tuple[Callable[[Mapping[str, Json]], Json], tuple[str, ...]]] = {
            "rings": (self._rings, ("person",)),
            "answers": (self._answers, ("call", "person")),
            "declines": (self._declines, ("call", "person")),
            "presses": (self._presses, ("call", "person", "keys")),
            "hangs_up": (self._hangs_up, ("call", "person")),
            "joins": (self._joins, ("call", "person")),
            "leaves": (self._hangs_up, ("call", "person")),
            "admits": (self._admits, ("call",)),
            "redelivers": (self._redelivers, ("notification",)),
        }
        """What does an act, and the members that say which it is, which its event has."""

    def perform(self, act: Mapping[str, Json]) -> Json:
        """Do an act, and return what comes of it: of `rings` {"call": its id}, of others nothing.

        Raises ActError.
        """
        name = text_of(act.get("act"))
        if name not in self._does:
            raise ActError(f"act is one of {', '.join(self._does)}")
        does, members = self._does[name]
        result = does(act)
        told = {"act": name, **{member: act[member] for member in members}}
        if "call" in told:
            told["call"] = same_id(told["call"])
        if "person" in told:
            told["person"] = self._person(act).label  # no telephone number
        self._events.add("act", call=told.get("call") or result.get("call"), act=told)
        return result

    # -- the acts

    def _rings(self, act: Mapping[str, Json]) -> Json:
        person = self._person(act)
        call = self._ring(person, text_of(act.get("app_id")), text_of(act.get("callback_uri")))
        return {"call": call.id}

    def _answers(self, act: Mapping[str, Json]) -> Json:
        leg = self._leg(act, "rings")
        self._service.calls.answers(leg)
        return {}

    def _declines(self, act: Mapping[str, Json]) -> Json:
        leg = self._leg(act, "rings")
        self._service.calls.declines(leg)
        return {}

    def _presses(self, act: Mapping[str, Json]) -> Json:
        keys = text_of(act.get("keys"))
        if not keys or len(keys) > LONGEST or set(keys) - KEYS.keys():
            raise ActError(f"keys are some of {' '.join(KEYS)}")
        leg = self._leg(act, "talks")
        for key in keys:
            self._service.calls.press(leg, key)
        return {}

    def _hangs_up(self, act: Mapping[str, Json]) -> Json:
        self._service.calls.leave(self._leg(act, "calls", "talks"))
        return {}

    def _joins(self, act: Mapping[str, Json]) -> Json:
        call, person = self._call(act), self._person(act)
        if call.shape == "peer-to-peer" or call.state != "established" or not call.audio:
            raise ActError("only a group or meeting that the bot is in can be joined")
        if any(leg.person is person for leg in self._service.calls.legs[call.id]):
            raise ActError(f"{person.label} is in the call already")
        self._service.calls.come(call, Leg(person, call, self._service.calls))
        return {}

    def _admits(self, act: Mapping[str, Json]) -> Json:
        call = self._call(act)
        bot = call.participants.get(call.bot_id)
        if call.meeting is None or bot is None or not bot.in_lobby:
            raise ActError("the bot is in no lobby")
        call.meeting.admit(self._service.calls, call)
        return {}

    def _redelivers(self, act: Mapping[str, Json]) -> Json:
        number = number_of(act.get("notification"))
        try:
            self._events.redeliver(int(number or 0))
        except KeyError:
            raise ActError("notification is the number of one that was not taken") from None
        return {}

    # -- what they are about

    def _call(self, act: Mapping[str, Json]) -> Call:
        try:
            call = self._service.calls[text_of(act.get("call"))]
        except KeyError:
            raise ActError("call is the id of a call") from None
        if call.ended:
            raise ActError("the call has ended")
        return call

    def _person(self, act: Mapping[str, Json]) -> Person:
        name = text_of(act.get("person")).strip()
        directory = self._service.directory
        if known := directory.labelled(name):
            return known
        if not name or len(name) > LONGEST:
            raise ActError(
                f"person is a name or a telephone number, of at most {LONGEST} characters"
            )
        return directory.phone(name) if _NUMBER.fullmatch(name) else directory.user(name)

    def _leg(self, act: Mapping[str, Json], *doing: str) -> Leg:
        call, person = self._call(act), self._person(act)
        for leg in self._service.calls.legs[call.id]:
            if leg.person is person:
                if leg.doing in doing:
                    return leg
                raise ActError(f"{person.label} {_DOING[leg.doing]}")
        raise ActError(f"person is who takes part in the call: {person.label} does not")


_DOING = {
    "calls": "calls the bot",
    "rings": "is being rung",
    "joins": "is about to be in the call",
    "talks": "is in the call",
}
