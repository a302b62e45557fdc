"""Private audio between some of the people in a call: audio routing groups, by their ids."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from graph_comms.bot.json_values import Json, list_of, object_of, text_of

from . import wire
from .behaviours import Behaviour
from .call import Call
from .calls import BEAT, Calls
from .faults import Fault, invalid, not_established, of_platform
from .ids import same_id
from .messages import Answer, Request

_KEY = "audioRoutingGroup-id"


class RoutingGroups:
    """Answers what concerns the audio routing groups of a call, and tells of their changes."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._groups: dict[str, dict[str, dict[str, Json]]] = {}
        """Those of each call, by their ids."""
        calls.on_end.append(lambda call: self._groups.pop(call.id, None))

    def clear(self) -> None:
        """Forget all of them."""
        self._groups.clear()

    def routes(self) -> dict[str, Callable[[Request], Answer]]:
        """Return what answers which operation, by method and path."""
        groups = "/communications/calls/{call-id}/audioRoutingGroups"
        group = f"{groups}/{{{_KEY}}}"
        return {
            f"GET {groups}": self.list,
            f"POST {groups}": self.create,
            f"GET {group}": self.get,
            f"PATCH {group}": self.update,
            f"DELETE {group}": self.delete,
        }

    def list(self, request: Request) -> Answer:
        """Return all groups (call-list-audioroutinggroups)."""
        return Answer(200, {"value": [*self._of(self._call(request)).values()]})

    def create(self, request: Request) -> Answer:
        """Make a group, whose id may be given: with 200 (call-post-audioroutinggroups)."""
        call = self._call(request)
        if call.bot_id not in call.participants:
            raise not_established()
        body = object_of(request.body)
        group = {**_checked(body), "id": text_of(body.get("id")) or call.seeded.guid("routing")}
        groups = self._of(call)
        if same_id(group["id"]) in groups:
            raise of_platform(409, "8519", "There is an audio routing group of this id already.")
        groups[same_id(group["id"])] = group
        self._tell(call, "created", group)
        return Answer(200, group)

    def get(self, request: Request) -> Answer:
        """Return a group (audioroutinggroup-get)."""
        return Answer(200, self._group(self._call(request), request))

    def update(self, request: Request) -> Answer:
        """Change who speaks and who hears (audioroutinggroup-update)."""
        call = self._call(request)
        group = self._group(call, request)
        group |= _checked({**group, **object_of(request.body)})
        self._tell(call, "updated", group)
        return Answer(200, group)

    def delete(self, request: Request) -> Answer:
        """Take a group away (audioroutinggroup-delete)."""
        call = self._call(request)
        group = self._group(call, request)
        del self._of(call)[same_id(group["id"])]
        self._tell(call, "deleted", group)
        return Answer(204)

    def _call(self, request: Request) -> Call:
        call = self._calls.of(request)
        if call.shape == "peer-to-peer":
            raise of_platform(400, "8548", "Not a group call.")
        return call

    def _of(self, call: Call) -> dict[str, dict[str, Json]]:
        return self._groups.setdefault(call.id, {})

    def _group(self, call: Call, request: Request) -> dict[str, Json]:
        group = self._of(call).get(same_id(request.keys[_KEY]))
        if group is None:
            raise Fault(404, "8522", "Audio routing group not found.")
        return group

    def _tell(self, call: Call, change: str, group: dict[str, Json]) -> None:
        item = wire.of_routing_group(call, change, dict(group), self._calls.forms)
        self._calls.later(BEAT, partial(self._calls.tell_item, call, item))


def _checked(body: Json) -> dict[str, Json]:
    """Return a group as a body has it; raises Fault for what its mode does not allow."""
    mode = text_of(body.get("routingMode"))
    sources, receivers = list_of(body.get("sources")), list_of(body.get("receivers"))
    if mode not in ("oneToOne", "multicast"):
        raise invalid("routingMode must be oneToOne or multicast.")
    if len(sources) != 1:
        raise invalid("sources must hold one participant.")
    if not receivers or (mode == "oneToOne" and len(receivers) != 1):
        raise invalid("receivers must hold one participant, or more if routingMode is multicast.")
    kind = "#microsoft.graph.audioRoutingGroup"
    return {"@odata.type": kind, "routingMode": mode, "sources": sources, "receivers": receivers}


_PAGE = "https://learn.microsoft.com/graph/api/"
_TESTS = "tests/emulator/test_routing_groups.py::"

BEHAVIOURS = (
    Behaviour(
        "routing_groups.life", "D", f"{_PAGE}call-post-audioroutinggroups: 200 for what is created",
        f"{_TESTS}test_audio_is_routed",
    ),
    Behaviour(
        "routing_groups.modes", "D", f"{_PAGE}resources/audioroutinggroup",
        f"{_TESTS}test_what_modes_allow",
    ),
    Behaviour("routing_groups.notified.data", "?", "", f"{_TESTS}test_audio_is_routed"),
    Behaviour(
        "routing_groups.calls", "D-ACS", "8548: not a group call, 8501: call not established, 8519: conflict",
        f"{_TESTS}test_where_no_audio_is_routed",
    ),
)  # fmt: skip
