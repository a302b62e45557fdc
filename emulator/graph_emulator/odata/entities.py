"""Typed entities in a store: those that an entity leads to are entities of their own below it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from graph_comms._runtime.model import GraphModel
from graph_comms._runtime.type_names import TYPE_ANNOTATION
from graph_comms.bot.json_values import Json, list_of, object_of, text_of

from ..faults import Fault
from ..ids import Seeded, same_id
from ..metadata import Property, declared_in, key_name
from .queries import Item, Query
from .store import Path, Record, Store

Entity = dict[str, Json]
Type = type[GraphModel] | None
Related = tuple[Json, Property]


class Entities:
    """Adds, changes and reads entities of a `store`."""

    def __init__(self, seeded: Seeded) -> None:
        self.store = Store()
        self._seeded = seeded

    def add(
        self, path: Path, body: Mapping[str, Json], cls: Type, owner: str | None = None
    ) -> Path:
        """Add an entity to the collection at a path, and return where it is.

        It gets an id if it brings none. Raises Fault if there is one of its id.
        """
        _check_keys(body, cls)
        own, below = parted(body, cls)
        key = key_name(cls)
        own[key] = text_of(own.get(key)) or self._seeded.guid("entity")
        path = (*path, same_id(own[key]))
        if self.store.get(path) is not None:
            raise _there_is_one()
        self._keep(path, own, below, owner)
        return path

    def put(self, path: Path, body: Mapping[str, Json], cls: Type) -> Record:
        """Add the one entity that a property leads to."""
        own, below = parted(body, cls)
        return self._keep(path, own, below)

    def _keep(
        self, path: Path, own: Entity, below: Mapping[str, Related], owner: str | None = None
    ) -> Record:
        record = self.store.add(path, own, owner)
        for name, (value, one) in below.items():
            if one.many:
                for item in list_of(value):
                    self.add((*path, name), object_of(item), one.cls)
            elif value is not None:
                self.put((*path, name), object_of(value), one.cls)
        return record

    def all(self, path: Path, cls: Type, owner: str | None = None) -> list[Entity]:
        """Return the entities of a collection, or the part of it that is a user's."""
        return [
            self.whole((*path, key), record, cls)
            for key, record in self.store.below(path)
            if record.belongs_to(owner)
        ]

    def items(self, path: Path, cls: Type, owner: str | None = None) -> list[Item]:
        """Return the same as what a query can arrange, the oldest first."""
        return [
            Item(record.number, partial(self.whole, (*path, key), record, cls))
            for key, record in self.store.below(path)
            if record.belongs_to(owner)
        ]

    def whole(self, path: Path, record: Record, cls: Type) -> Entity:
        """Return an entity with all that it leads to."""
        found: Entity = {"@odata.etag": record.etag, **record.value}
        for name, one in declared_in(record.value, cls).items():
            if not one.leads:
                continue
            below = (*path, name)
            single = self.store.get(below)
            if single is not None:
                found[name] = self.whole(below, single, one.cls)
            elif items := self.all(below, one.cls):
                found[name] = items
        return found


def parted(body: Mapping[str, Json], cls: Type) -> tuple[Entity, dict[str, Related]]:
    """Return what an entity has itself, and what it leads to, with the properties that do.

    Annotations are left out, but for that of the type.
    """
    declared = declared_in(body, cls)
    own: Entity = {}
    below: dict[str, Related] = {}
    for name, value in body.items():
        if name in declared and declared[name].leads:
            below[name] = value, declared[name]
        elif "@" not in name or name == TYPE_ANNOTATION:
            own[name] = value
    return own, below


def _check_keys(body: Mapping[str, Json], cls: Type) -> None:
    """Raise Fault if a collection in a body has two entities of one key: all of it is added, or nothing."""
    _, below = parted(body, cls)
    for value, one in below.values():
        items = [object_of(item) for item in (list_of(value) if one.many else [value])]
        keys = [
            same_id(text_of(item[name])) for item in items if item.get(name := key_name(one.cls))
        ]
        if one.many and len(keys) != len({*keys}):
            raise _there_is_one()
        for item in items:
            _check_keys(item, one.cls)


def _there_is_one() -> Fault:
    return Fault(409, "Conflict", "There is an entity with this key already.")


def shown(entity: Mapping[str, Json], query: Query, cls: Type) -> Entity:
    """Return of an entity what a query asks for."""
    declared = declared_in(entity, cls)
    leading = {name for name, one in declared.items() if one.leads}
    found = {name: value for name, value in entity.items() if name not in leading}
    if query.select is not None:
        annotations = {name: value for name, value in found.items() if "@" in name}
        chosen = {one.name: found.get(one.name) for one in query.select if not one.leads}
        found = {**annotations, **chosen}
    for name, inside in query.expand.items():
        nothing: Json = [] if declared[name].many else None
        found[name] = _expanded(entity.get(name, nothing), inside, declared[name].cls)
    return found


def _expanded(value: Json, query: Query, cls: Type) -> Json:
    if value is None:
        return None
    if held := object_of(value):
        return shown(held, query, cls)
    inner = [Item(at, partial(object_of, one)) for at, one in enumerate(list_of(value))]
    found = query.arranged(inner)[query.skip :]
    kept = found if query.top is None else found[: query.top]
    return [shown(one.entity, query, cls) for one in kept]
