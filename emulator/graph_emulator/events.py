"""All that happens, in order, as JSON: what the page shows, a journal keeps, and a timeline prints."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from itertools import islice
from typing import Literal

from graph_comms.bot.json_values import Json, object_of, text_of

from .call import Call
from .log import Logged, hidden
from .service import Service

MOST = 10_000
"""How many events are kept: those before them are forgotten."""

Listener = Callable[[dict[str, Json]], object]


class Events:
    """The events of a service from when this is made, each a JSON object with a number from 1.

    Each has `number`, `time` (seconds since the emulator began) and `kind`: a `request` or a `notification`
    with what the log has of it, a `call` with what has become of it, an `act` that somebody did by hand,
    or a `reset`. Secrets are hidden already.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._kept: deque[dict[str, Json]] = deque(maxlen=MOST)
        self._again: dict[int, Callable[[], None]] = {}
        self._last = 0
        self._shown: dict[str, Json] = {}
        self._listeners: list[Listener] = []
        service.log.listeners.append(self._logged)
        service.calls.changed = self._changed
        service.on_reset = self._reset

    def since(self, number: int, most: int = MOST) -> list[dict[str, Json]]:
        """Return the events after one, as far as they are kept, and no more than `most`."""
        skipped = max(number - (self._last - len(self._kept)), 0)
        return list(islice(self._kept, skipped, skipped + most))

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have a function called with each event; return what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def add(
        self, kind: Literal["request", "notification", "call", "act", "reset"], **members: Json
    ) -> int:
        """Add an event that happens now, and return its number."""
        self._last += 1
        time = round(self._service.schedule.time, 3)
        event = {"number": self._last, "time": time, "kind": kind, **members}
        if len(self._kept) == MOST:
            self._again.pop(self._kept[0]["number"], None)
        self._kept.append(event)
        for listener in tuple(self._listeners):
            listener(event)
        return self._last

    def redeliver(self, number: int) -> None:
        """Post a notification again. Raises KeyError for one that was taken, or is none, or forgotten."""
        self._again.pop(number)()

    def _logged(self, logged: Logged) -> None:
        members: dict[str, Json] = {
            "call": logged.call_id,
            "name": logged.name,
            "method": logged.method,
            "path": logged.path,
            "status": logged.status,
            "body": logged.body,
        }
        if logged.kind == "request":
            members |= {"by": logged.by, "answer": logged.answer}
            if logged.undeclared:
                members["undeclared"] = [asdict(one) for one in logged.undeclared]
        number = self.add(logged.kind, **members)
        if logged.again is not None:
            self._again[number] = logged.again

    def _changed(self, call: Call) -> None:
        shown = self._describe(call)
        if self._shown.get(call.id) == shown:
            return
        if call.ended:
            self._shown.pop(call.id, None)
        else:
            self._shown[call.id] = shown
        self.add("call", **shown)

    def _describe(self, call: Call) -> dict[str, Json]:
        legs = self._service.calls.legs.get(call.id, [])
        bot = call.participants.get(call.bot_id)
        labels = {leg.participant.id: leg.person.label for leg in legs if leg.participant}
        return {
            "call": call.id,
            "state": call.state,
            "direction": call.direction,
            "meeting": call.shape != "peer-to-peer",
            "lobby": not call.ended and bot is not None and bot.in_lobby,
            "ended_by": call.ended_by,
            "result": call.result,
            "roster": [labels.get(one.id) or _name(one.identity) for one in call.roster],
            "people": [{"person": leg.person.label, "doing": leg.doing} for leg in legs],
        }

    def _reset(self) -> None:
        self._shown.clear()
        self._again.clear()
        self.add("reset")


def _name(identity: Json) -> str:
    """Return the name in an identity set, or the id where there is none."""
    for one in object_of(hidden(identity)).values():
        if named := object_of(one):
            return text_of(named.get("displayName")) or text_of(named.get("id"))
    return ""
