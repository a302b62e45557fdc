"""What of an entity is sent: all of one that was built; of one that was received, what changed since.

Source: OData 4.01 protocol, sections 11.4.2 (create) and 11.4.3 (update: a service ignores the key in it);
OData JSON 4.01, section 4.6 (control information).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final, cast, get_args

from pydantic_core import to_json

from .assigned import is_assigned, is_built, is_received
from .misfits import KeptItems, attributes, extra_of, plain
from .model import GraphModel, key_of
from .type_names import TYPE_ANNOTATION, class_of
from .untyped import written

Json = Any
_Declared = type[GraphModel] | None
"""The type that is declared where a value is sent; None if there is none."""

_NOTHING: Final = object()


def whole_text(entity: GraphModel, declared: _Declared, *, with_key: bool) -> str:
    """Return the JSON text of an entity, without the control information that was received.

    Its own key is left out, unless the application set it and it is asked for.
    """
    return _text(entity, _members(entity, declared, since=False), with_key=with_key)


def changed_text(entity: GraphModel, declared: _Declared) -> str | None:
    """Return the JSON text of what was assigned in an entity since it was received; None if nothing was.

    Of one that was built, that is all that was set. Its own key is left out.
    """
    text = _text(entity, _members(entity, declared, since=True), with_key=False)
    return text if is_built(entity) or text != "{}" else None


def named_class(cls: type[GraphModel], name: str) -> _Declared:
    """Return the class that an annotation names, such as `call_records.Session`: this one or a base."""
    for base in cls.__mro__:
        module = base.__module__.rpartition(".")[2]
        if issubclass(base, GraphModel) and name in (base.__name__, f"{module}.{base.__name__}"):
            return base
    return None


def _text(entity: GraphModel, members: dict[str, Json], *, with_key: bool) -> str:
    names = attributes(type(entity))
    for wire_name in key_of(type(entity)):
        if not (with_key and is_assigned(entity, names.get(wire_name, wire_name))):
            members.pop(wire_name, None)
    return to_json(members).decode()


def _members(model: GraphModel, declared: _Declared, *, since: bool) -> dict[str, Json]:
    """Return what is sent of a model: all, or what was assigned since it was received."""
    members: dict[str, Json] = {}
    for name, value, expected, own in _parts(model):
        found = _changed(value, expected) if since and not own else _sent(value, expected, own)
        if found is not _NOTHING:
            members[name] = found
    # Where a value is not of the declared type, its type name is sent with it.
    extra = extra_of(model)
    for name in extra.keys() & {f"{name}{TYPE_ANNOTATION}" for name in members.keys() & extra}:
        members[name] = extra[name]
    type_name = model.odata_type
    if "odata_type" in model.model_fields_set and (
        is_assigned(model, "odata_type")
        or (
            type_name is not None and class_of(type_name) is not declared and (members or not since)
        )
    ):
        return {TYPE_ANNOTATION: type_name, **members}
    return members


def _parts(model: GraphModel) -> Iterator[tuple[str, Json, _Declared, bool]]:
    """Yield each member with its value, its declared type, and whether the application set it.

    Received annotations are left out, and so is the type name.
    """
    names, types, extra = attributes(type(model)), _declared_types(type(model)), extra_of(model)
    for wire_name, name in names.items():
        if name == "odata_type":
            continue
        if wire_name in extra:  # a misfit
            yield wire_name, extra[wire_name], types.get(wire_name), False
        elif name in model.model_fields_set:
            own = is_assigned(model, name)
            yield wire_name, getattr(model, name), types.get(wire_name), own
    for name, value in extra.items():
        own = not is_received(model, name)
        if name not in names and (own or "@" not in name):
            yield name, value, None, own


def _sent(value: Json, declared: _Declared, own: bool) -> Json:
    """Return the wire form of a value; `own` says whether the application set it."""
    if isinstance(value, GraphModel):
        return _members(value, declared, since=False)
    if isinstance(value, KeptItems):
        value = value.received()
    if isinstance(value, list | tuple):
        return [_sent(item, declared, own) for item in cast("Iterable[Json]", value)]
    if isinstance(value, dict):
        members = cast("dict[str, Json]", value).items()
        return {
            name: _sent(member, None, own)
            for name, member in members
            if own or "@" not in name or name.endswith(TYPE_ANNOTATION)
        }
    return written(value)


def _changed(value: Json, declared: _Declared) -> Json:
    """Return what was assigned in a received value, of a collection all of it, or `_NOTHING`."""
    if isinstance(value, GraphModel):
        if is_built(value):
            return _members(value, declared, since=False)
        return _members(value, declared, since=True) or _NOTHING
    items: Iterable[Json] = ()
    if isinstance(value, KeptItems):
        items = value.items
    elif isinstance(value, list):
        items = cast("list[object]", value)
    elif isinstance(value, dict):
        items = cast("dict[str, Json]", value).values()
    if any(_changed(item, declared) is not _NOTHING for item in items):
        return _sent(value, declared, own=False)
    return _NOTHING


@cache
def _declared_types(cls: type[GraphModel]) -> Mapping[str, type[GraphModel]]:
    """Return the declared types of those members that hold models, or lists of them, by wire name."""
    cls.model_rebuild()
    found: dict[str, type[GraphModel]] = {}
    for wire_name, name in attributes(cls).items():
        form = plain(cls.model_fields[name].annotation)
        form = plain(get_args(form)[0]) if get_args(form) else form
        if isinstance(form, type) and issubclass(form, GraphModel):
            found[wire_name] = form
    return found
