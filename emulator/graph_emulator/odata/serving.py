"""Operations that no other behaviour answers, served from the metadata.

Sources: OData Protocol 4.01, sections 8.2 and 8.3 (headers), 9 (statuses), 11.2 to 11.4;
https://learn.microsoft.com/graph/paging, https://learn.microsoft.com/graph/delta-query-overview.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from graph_comms._runtime.model import GraphModel
from graph_comms.bot.json_values import Json, object_of, text_of

from ..behaviours import Behaviour
from ..calls import Calls
from ..faults import Fault
from ..ids import same_id
from ..messages import Answer, Request
from ..metadata import entities_at, entity_type, key_name
from .entities import Entities, Entity, parted, shown
from .filters import Predicate, parse_filter
from .places import Place, address_of, collection_of, context_of, link_to, location_of, place_of
from .queries import PAGE, TOKENS, Item, Query, parse_query, read_token, written_token, wrong_token
from .store import Path, Record

PAGES = {"/communications/callRecords": 60}
"""How many entities a page has at most, where that is known."""

PLAIN = frozenset({"/communications/callRecords"})
"""The lists that show nothing of what their entities lead to; that is read with each of them."""

SHOWN = {"/communications/callRecords/{callRecord-id}": frozenset({"organizer_v2"})}
"""What an entity shows of what it leads to, where documentation has it without $expand."""

CREATED = {"/communications/calls/{call-id}/audioRoutingGroups": 200}
"""The status of what was created, where it is another than 201."""

CALLS = "/communications/calls"

_KEPT_BY_CALLS = re.compile(
    rf"{CALLS}/\{{call-id\}}(/(operations|participants)(/\{{[^{{}}]+\}})?)?$"
)
_REMOVED: Mapping[str, Json] = {"@removed": {"reason": "deleted"}}


class Serving:
    """Answers requests from `entities`; what belongs to a call is there only while the call lives."""

    def __init__(self, entities: Entities, calls: Calls) -> None:
        self._entities = entities
        self._store = entities.store
        self._calls = calls
        self._kinds: Mapping[str, Callable[[Request], Answer]] = {
            "list": self._list,
            "get": self._get,
            "create": self._create,
            "update": self._update,
            "delete": self._delete,
            "count": self._count,
            "content": self._content,
            "put_content": self._put_content,
            "delete_content": self._delete_content,
        }

    def answer(self, request: Request) -> Answer:
        """Answer a request as its kind asks; raises Fault for actions and functions."""
        operation = request.operation
        if operation.kind in ("create", "update", "delete") and _KEPT_BY_CALLS.match(
            operation.path
        ):
            message = "What calls consist of is changed by their actions alone."
            raise Fault(405, "Request_BadRequest", message, allow="GET")
        answer = self._kinds.get(operation.kind)
        if operation.kind == "function":
            answer = self._function(operation.path)
        if answer is None:
            message = f"The emulator has no behaviour for {operation.python}."
            raise Fault(501, "NotImplemented", message)
        if "call-id" in request.keys:
            self._calls.of(request)
        return answer(request)

    def _function(self, path: str) -> Callable[[Request], Answer] | None:
        if "/getAll" in path:
            return self._nested
        return self._delta if path.endswith("/delta()") else None

    # -- one entity

    def _get(self, request: Request) -> Answer:
        place = place_of(request)
        of_calls = self._of_calls(request, request.operation.path.rpartition("/")[0])
        if of_calls is not None:
            return self._get_of_calls(request, of_calls, place.path[-1])
        record = self._found(place)
        query, cls = _query(request), entity_type(request.operation)
        if record.etag in _tags(request, "if-none-match"):
            return Answer(304, headers={"etag": record.etag})
        whole = self._entities.whole(place.path, record, cls)
        if query.select is None:
            unasked = SHOWN.get(request.operation.path, frozenset()) & whole.keys()
            query = replace(query, expand={**dict.fromkeys(unasked, Query()), **query.expand})
        suffix = "/$entity" if place.one else ""
        written = {**context_of(request, suffix), **shown(whole, query, cls)}
        return Answer(200, written, {"etag": record.etag})

    def _get_of_calls(self, request: Request, items: list[Item], key: str) -> Answer:
        cls = entity_type(request.operation)
        entities = (one.entity for one in items)
        found = [one for one in entities if same_id(text_of(one["id"])) == key]
        if not found:
            raise not_found()
        written = shown(found[0], _query(request), cls)
        return Answer(200, {**context_of(request, "/$entity"), **written})

    def _create(self, request: Request) -> Answer:
        place, cls = place_of(request), entity_type(request.operation)
        self._check_above(place)
        path = self._entities.add(place.path, object_of(request.body), cls, place.owner)
        record = self._store.get(path)
        assert record is not None
        headers = {"etag": record.etag}
        if cls is not None:
            headers["location"] = location_of(request, record.value[key_name(cls)])
        if minimal := _minimal(request):
            address = f"{request.root}/{address_of(path)}"
            return Answer(204, headers={**headers, **minimal, "odata-entityid": address})
        whole = self._entities.whole(path, record, cls)
        written = {**context_of(request, "/$entity"), **shown(whole, Query(), cls)}
        return Answer(CREATED.get(request.operation.path, 201), written, headers)

    def _update(self, request: Request) -> Answer:
        place, cls = place_of(request), entity_type(request.operation)
        self._check_above(place)
        record = self._store.get(place.path)
        changes, below = parted(object_of(request.body), cls)
        if any(value is not None for value, _ in below.values()):
            names = ", ".join(below)
            raise Fault(
                400, "BadRequest", f"What it leads to is not changed with an entity: {names}."
            )
        if record is None and not place.one:
            record = self._entities.put(place.path, {}, cls)
        if record is None or not record.belongs_to(place.owner):
            raise not_found()
        _check_tag(request, record)
        changes.pop(key_name(cls), None)
        self._store.merge(record, changes)
        if minimal := _minimal(request):
            return Answer(204, headers={"etag": record.etag, **minimal})
        whole = self._entities.whole(place.path, record, cls)
        suffix = "/$entity" if place.one else ""
        written = {**context_of(request, suffix), **shown(whole, Query(), cls)}
        return Answer(200, written, {"etag": record.etag})

    def _delete(self, request: Request) -> Answer:
        record = self._found(place_of(request))
        _check_tag(request, record)
        self._store.remove(record.path)
        return Answer(204)

    # -- collections

    def _list(self, request: Request) -> Answer:
        query = _query(request)
        return _page(
            request, query, self._items(request), context_of(request, ""), self._store.version
        )

    def _count(self, request: Request) -> Answer:
        found = _query(request).arranged(self._items(request))
        return Answer(200, str(len(found)).encode(), {"content-type": "text/plain"})

    def _items(self, request: Request) -> list[Item]:
        place = place_of(request)
        self._check_above(place)
        found = self._of_calls(request, request.operation.path.removesuffix("/$count"))
        if found is None:
            return self._entities.items(place.path, _type(request), place.owner)
        return found

    def _delta(self, request: Request) -> Answer:
        query, place = _query(request), place_of(request)
        self._check_above(place)
        return self._changes(request, query, [place.path], lambda _: True)

    def _nested(self, request: Request) -> Answer:
        """Answer with what is below all entities of a collection, or a user's, or with its changes."""
        query = _query(request)
        place = place_of(request)
        collection, name = place.path, request.operation.path.partition("/getAll")[2]
        name = name.partition("(")[0].lower()
        if name == "onlinemeetingmessages":
            collection, name = (*collection, "onlineMeetingConversations"), "messages"
        user = request.keys.get("meetingOrganizerUserId") or request.keys.get("userId")
        begin, end = (request.keys.get(one) for one in ("startDateTime", "endDateTime"))
        within = [f"createdDateTime ge {begin}"] if begin else []
        within += [f"createdDateTime le {end}"] if end else []
        made = parse_filter(" and ".join(within) or "true", _type(request))
        below = [
            (*collection, key, name)
            for key, record in self._store.below(collection)
            if record.belongs_to(place.owner) and record.belongs_to(user and same_id(user))
        ]
        if request.operation.path.endswith("/delta()"):
            return self._changes(request, query, below, made)
        items = [one for path in below for one in self._entities.items(path, _type(request))]
        found = [one for one in items if made(one.entity)]
        written = collection_of(request, _type(request))
        return _page(request, query, found, written, self._store.version)

    def _changes(
        self, request: Request, query: Query, paths: Iterable[Path], meant: Predicate
    ) -> Answer:
        """Answer what was changed since the link that is followed, and a link for what will be."""
        cls, since = _type(request), _since(request)
        version = self._store.version
        token = request.query.get("$skiptoken")
        begun = read_token(token)[0] if token else version
        items: list[Item] = []
        for path in paths:
            items += [
                Item(record.version, partial(self._entities.whole, (*path, key), record, cls))
                for key, record in self._store.below(path)
                if record.version > since and meant(record.value)
            ]
            items += [
                Item(at, partial(dict[str, Json], id=key, **_REMOVED))
                for at, key in self._store.removed(path, since or begun)
            ]
        items.sort(key=lambda one: one.number)
        kept = {name: value for name, value in request.query.items() if name not in TOKENS}
        later = link_to(request, {**kept, "$deltatoken": str(version)})
        written = context_of(request, "/$delta")
        return _page(request, query, items, written, version, {"@odata.deltaLink": later})

    # -- streams

    def _content(self, request: Request) -> Answer:
        record, name = self._stream(request)
        if name not in record.streams:
            raise not_found()
        kind, content = record.streams[name]
        return Answer(200, content, {"content-type": kind})

    def _put_content(self, request: Request) -> Answer:
        record, name = self._stream(request)
        _check_tag(request, record)
        kind = request.headers.get("content-type", "application/octet-stream")
        record.streams[name] = (kind, request.content)
        self._store.touch(record)
        return Answer(204)

    def _delete_content(self, request: Request) -> Answer:
        record, name = self._stream(request)
        _check_tag(request, record)
        record.streams.pop(name, None)
        self._store.touch(record)
        return Answer(204)

    def _stream(self, request: Request) -> tuple[Record, str]:
        place = place_of(request)
        self._check_above(place)
        record = self._store.get(place.path[:-1])
        if record is None:
            raise not_found()
        return record, place.path[-1]

    # -- what is there

    def _of_calls(self, request: Request, collection: str) -> list[Item] | None:
        """Return the entities of a collection that calls keep themselves; None for any other."""
        if collection == CALLS:
            app_id = request.caller.app_id
            calls = enumerate(self._calls)
            mine = [(at, one) for at, one in calls if one.app_id == app_id and not one.ended]
            return [Item(at, one.to_json) for at, one in mine]
        if collection == f"{CALLS}/{{call-id}}/operations":
            operations = self._calls.of(request).operations.values()
            return [Item(at, one.to_json) for at, one in enumerate(operations)]
        return None

    def _found(self, place: Place) -> Record:
        self._check_above(place)
        record = self._store.get(place.path)
        if record is None and len(place.path) == 1:  # a singleton is always there
            record = self._store.add(place.path, {})
        if record is None or not record.belongs_to(place.owner):
            raise not_found()
        return record

    def _check_above(self, place: Place) -> None:
        """Raise Fault if an entity is missing to which the place belongs; calls have a life of their own."""
        for number, path in enumerate(place.above()):
            if path[:2] == ("communications", "calls") and len(path) == 3:
                continue
            record = self._store.get(path)
            if record is None or (number == 0 and not record.belongs_to(place.owner)):
                raise not_found()


def not_found() -> Fault:
    """Return the answer about an entity that is not there."""
    return Fault(404, "NotFound", "Resource not found.")


def _query(request: Request) -> Query:
    allowed = {one.wire_name for one in request.operation.parameters if one.location == "query"}
    if request.operation.path in PLAIN:
        allowed.discard("$expand")
    return parse_query(request.query, _type(request), allowed | TOKENS)


def _type(request: Request) -> type[GraphModel] | None:
    return entity_type(request.operation) or entities_at(request.operation.path)


def _page(
    request: Request,
    query: Query,
    items: list[Item],
    written: Mapping[str, Json],
    version: int,
    last: Mapping[str, Json] = MappingProxyType({}),
) -> Answer:
    """Return the page of a collection that is asked for; `last` is written on the last one alone.

    `version` is that of the store, which the links of a first page remember.
    """
    cls, found = _type(request), query.arranged(items)
    counted: Entity = {"@odata.count": len(found)} if query.count else {}
    if token := request.query.get("$skiptoken"):
        version, position = read_token(token)
        try:
            found = [one for one in found if query.is_after(one, position)]
        except TypeError:
            raise wrong_token() from None
    else:
        found = found[query.skip :]
    preferred = _preferred(request, "odata.maxpagesize")
    sizes = (PAGES.get(request.operation.path, PAGE), query.top, preferred)
    size = min(one for one in sizes if one is not None)
    links = last
    if 0 < size < len(found):
        kept = {name: text for name, text in request.query.items() if name != "$skip"}
        token = written_token(version, query.position(found[size - 1]))
        links = {"@odata.nextLink": link_to(request, {**kept, "$skiptoken": token})}
    value = [shown(one.entity, query, cls) for one in found[:size]]
    headers = {"preference-applied": f"odata.maxpagesize={preferred}"} if preferred else {}
    return Answer(200, {**written, **counted, "value": value, **links}, headers)


def _since(request: Request) -> int:
    token = request.query.get("$deltatoken", "0")
    if not re.fullmatch(r"[0-9]{1,12}", token):
        raise Fault(400, "BadRequest", "$deltatoken is not one of ours.")
    return int(token)


def _preferred(request: Request, name: str) -> int | None:
    """Return the number that a preference asks for (RFC 7240); what is none asks for nothing."""
    text = _preferences(request).get(name, "")
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,8}", text) else None


def _minimal(request: Request) -> dict[str, str]:
    """Return the header of an answer without a body, if one is preferred; else nothing."""
    wanted = _preferences(request).get("return") == "minimal"
    return {"preference-applied": "return=minimal"} if wanted else {}


def _preferences(request: Request) -> dict[str, str]:
    pairs = (one.partition("=") for one in request.headers.get("prefer", "").split(","))
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}


def _tags(request: Request, header: str) -> list[str]:
    return [tag.strip() for tag in request.headers.get(header, "").split(",") if tag.strip()]


def _check_tag(request: Request, record: Record) -> None:
    """Raise Fault if the request is only for another state of the entity (RFC 9110, 13.1.1)."""
    tags = _tags(request, "if-match")
    if tags and "*" not in tags and record.etag not in tags:
        raise Fault(412, "PreconditionFailed", "The entity has been changed meanwhile.")


_TEST = "tests/emulator/test_entities.py::"
_ODATA = "OData Protocol 4.01, section "

BEHAVIOURS = (
    Behaviour("entities.create", "D", f"{_ODATA}11.4.2", f"{_TEST}test_the_life_of_an_entity"),
    Behaviour(
        "entities.create.audioRoutingGroup", "D",
        "https://learn.microsoft.com/graph/api/call-post-audioroutinggroups",
        "tests/emulator/test_openapi_agrees.py::test_what_calls_are_asked_for_is_answered_as_declared",
    ),
    Behaviour("entities.update", "D", f"{_ODATA}11.4.3", f"{_TEST}test_an_update_is_merged"),
    Behaviour("entities.deep", "D", f"{_ODATA}11.4.2.2", f"{_TEST}test_what_it_leads_to_is_below_it"),
    Behaviour(
        "entities.deep.update", "D", "OData Protocol 4.0, section 11.4.3",
        f"{_TEST}test_what_it_leads_to_is_there_as_a_whole_or_not_at_all",
    ),
    Behaviour(
        "entities.calls", "D", "https://learn.microsoft.com/graph/api/resources/commsoperation",
        f"{_TEST}test_calls_and_their_operations_are_listed",
    ),
    Behaviour(
        "entities.keys", "D", "OData URL Conventions 4.01, sections 4.3.1 and 4.3.6",
        f"{_TEST}test_any_key_has_an_address",
    ),
    Behaviour("entities.missing", "D", f"{_ODATA}9.3.3", f"{_TEST}test_what_is_not_there_is_404"),
    Behaviour("entities.method", "D", f"{_ODATA}9.3.4", f"{_TEST}test_another_method_is_405"),
    Behaviour("entities.tags", "D", f"{_ODATA}8.2.4", f"{_TEST}test_entity_tags"),
    Behaviour("entities.streams", "D", f"{_ODATA}11.2.4", f"{_TEST}test_streams"),
    Behaviour(
        "entities.pages", "D", "https://learn.microsoft.com/graph/paging", f"{_TEST}test_pages"
    ),
    Behaviour(
        "entities.delta", "D", "https://learn.microsoft.com/graph/delta-query-overview",
        f"{_TEST}test_changes",
    ),
    Behaviour(
        "entities.getAll", "D", "https://learn.microsoft.com/graph/api/onlinemeeting-getallrecordings",
        "tests/emulator/test_online_meetings.py::test_recordings_of_all_meetings",
    ),
    Behaviour(
        "entities.prefer", "D", f"{_ODATA}8.2.8", f"{_TEST}test_preferences"
    ),
    Behaviour("entities.filter", "D", "OData URL Conventions 4.01, section 5.1.1", f"{_TEST}test_filters"),
    Behaviour("entities.expand", "D", f"{_ODATA}11.2.5.2", f"{_TEST}test_expansion"),
    Behaviour(
        "entities.none", "?", "an action or a function without a behaviour",
        f"{_TEST}test_actions_without_a_behaviour",
    ),
)  # fmt: skip
