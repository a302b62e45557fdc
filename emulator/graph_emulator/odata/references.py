"""References between entities: `$ref`.

Source: OData Protocol 4.01, sections 11.2.8 (reading) and 11.4.6 (changing).
"""

from __future__ import annotations

from graph_comms.bot.changes.resources import relative
from graph_comms.bot.json_values import object_of, text_of

from ..behaviours import Behaviour
from ..faults import Fault
from ..messages import Answer, Request
from ..routing import Route, Router
from .entities import Entities
from .places import Place, address_of, place_at, place_of
from .serving import not_found


class References:
    """Answers requests for references; what belongs to an entity cannot be made another one's."""

    def __init__(self, entities: Entities, router: Router) -> None:
        self._store = entities.store
        self._router = router

    def answer(self, request: Request) -> Answer:
        """Return, set or remove a reference; raises Fault where there is none."""
        place = place_of(request)
        many = request.operation.kind in ("list", "function")
        linked = request.operation.kind == "get" and not place.one and len(place.path) > 2
        match request.operation.method:
            case "GET" if many:
                return self._all(request, place)
            case "GET":
                return self._one(request, place)
            case "PUT" if linked:
                self._store.link(place.path, self._target(request))
                return Answer(204)
            case "DELETE" if linked:
                self._store.link(place.path, None)
                return Answer(204)
            case _:
                allow = "DELETE, GET, PUT" if linked else "GET"
                message = "Specified HTTP method is not allowed."
                raise Fault(405, "Request_BadRequest", message, allow=allow)

    def _one(self, request: Request, place: Place) -> Answer:
        record = self._store.get(place.path)
        if record is None or not record.belongs_to(place.owner):
            raise not_found()
        context = f"{request.root}/$metadata#$ref"
        identity = f"{request.root}/{address_of(record.path)}"
        return Answer(200, {"@odata.context": context, "@odata.id": identity})

    def _all(self, request: Request, place: Place) -> Answer:
        found = [
            {"@odata.id": f"{request.root}/{address_of(record.path)}"}
            for _, record in self._store.below(place.path)
            if record.belongs_to(place.owner)
        ]
        context = f"{request.root}/$metadata#Collection($ref)"
        return Answer(200, {"@odata.context": context, "value": found})

    def _target(self, request: Request) -> tuple[str, ...]:
        """Return the path of the entity that a body refers to; raises Fault if there is none."""
        identity = text_of(object_of(request.body).get("@odata.id"))
        if not identity:
            raise Fault(400, "BadRequest", "@odata.id is required.")
        route = self._router.find("GET", f"/v1.0{relative(identity)}")
        if not isinstance(route, Route):
            raise Fault(400, "BadRequest", "@odata.id is not the address of an entity.")
        place = place_at(route.operation.path, route.keys, request.caller.user)
        record = self._store.get(place.path)
        if record is None:
            raise not_found()
        return record.path


_TEST = "tests/emulator/test_entities.py::"

BEHAVIOURS = (
    Behaviour(
        "entities.ref", "D", "OData Protocol 4.01, section 11.4.6", f"{_TEST}test_references"
    ),
)
