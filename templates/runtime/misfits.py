"""Where values are kept that do not fit their declared type.

Their attributes are None. They are among the undeclared properties, under their own wire names, which
nothing else can have there: so copies, pickles and the wire form have them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from types import NoneType
from typing import Annotated, Any, ClassVar, cast, get_args, get_origin

from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from pydantic_core import SchemaSerializer, core_schema

from .paths import MOST, NO_MISFITS, Json, Misfit, Misfits, Place


@cache
def attributes(cls: type[BaseModel]) -> Mapping[str, str]:
    """Return the attributes of a class by their wire names."""
    # Pydantic fills the aliases in where it knows the field's type, which may be after first use.
    fields = cls.model_fields.items()
    return {field.serialization_alias or to_camel(name): name for name, field in fields}


@dataclass(slots=True)
class KeptItems:
    """Items that do not fit, and the list that has None in their places.

    Pydantic writes it as the list that was received, with every later change of the list.
    """

    items: list[Any]
    misfits: list[Json] = field(repr=False)
    """The misfits at their indexes, None elsewhere: a list takes the least room for many of them."""

    __pydantic_serializer__: ClassVar[SchemaSerializer]

    def present(self) -> Iterator[tuple[int, Json]]:
        """Yield the misfits whose places nothing else has taken, each with its index."""
        for at, (item, misfit) in enumerate(zip(self.items, self.misfits, strict=False)):
            if item is None and misfit is not None:
                yield at, misfit

    def received(self) -> list[Any]:
        """Return the list with the misfits in their places."""
        items = [*self.items]
        for at, misfit in self.present():
            items[at] = misfit
        return items


KeptItems.__pydantic_serializer__ = SchemaSerializer(
    core_schema.any_schema(
        serialization=core_schema.plain_serializer_function_ser_schema(KeptItems.received)
    )
)


def misfits_of(value: object, path: Place = (), others: Misfits = NO_MISFITS) -> Misfits:
    """Return the misfits of a model or of the models in a list, with those of everything below.

    ``path`` leads to the value; ``others`` come first.
    """
    found = _walk(value, path)
    listed = [*others]
    for owner, cls, place, kept in islice(found, MOST - len(listed)):
        listed.append(Misfit((*owner, *place), kept, _expected(cls, place)))
    return Misfits(listed, rest=others.rest + sum(1 for _ in found))


def has_misfits(model: BaseModel) -> bool:
    """Whether there are misfits in a model or below it."""
    return next(_walk(model, ()), None) is not None


def _walk(value: object, path: Place) -> Iterator[tuple[Place, type[BaseModel], Place, Json]]:
    """Yield the path of the model, its class, the place in it and the value of each misfit."""
    seen: set[int] = set()
    left: list[tuple[Place, object]] = [(path, value)]
    while left:
        path, value = left.pop()
        if isinstance(value, BaseModel):
            if id(value) in seen:
                continue
            seen.add(id(value))
            yield from ((path, type(value), place, kept) for place, kept in own_misfits(value))
        below = [((*path, at), it) for at, it in members_of(value)]
        left.extend(reversed(below))


def members_of(value: object) -> Iterable[tuple[str | int, Any]]:
    """Return what a value consists of, if anything, each with its wire name or index; no misfits."""
    if isinstance(value, BaseModel):
        return _values(value)
    if isinstance(value, dict):
        return cast("dict[str, Any]", value).items()
    return enumerate(cast("Iterable[Any]", value)) if isinstance(value, list) else ()


def _values(model: BaseModel) -> Iterator[tuple[str, Any]]:
    names, extra = attributes(type(model)), extra_of(model)
    for wire_name, name in names.items():
        if name in model.model_fields_set or isinstance(extra.get(wire_name), KeptItems):
            yield wire_name, getattr(model, name)
    yield from ((name, value) for name, value in extra.items() if name not in names)


def own_misfits(model: BaseModel) -> Iterator[tuple[Place, Json]]:
    """Yield the misfits of a model itself, each with its place in the model."""
    names = attributes(type(model))
    for name, kept in extra_of(model).items():
        if name not in names:
            continue
        if isinstance(kept, KeptItems):
            yield from (((name, at), value) for at, value in kept.present())
        else:
            yield (name,), kept


def _expected(cls: type[BaseModel], place: Place) -> str:
    name, *items = place
    form = plain(cls.model_fields[attributes(cls)[str(name)]].annotation)
    return type_text(get_args(form)[0] if items else form)


def plain(form: Any) -> Any:
    """Return a declared type without what pydantic reads beside it, and without None."""
    while get_origin(form) is Annotated:
        form = get_args(form)[0]
    if NoneType in get_args(form):
        [form] = [one for one in get_args(form) if one is not NoneType]
        return plain(form)
    return form


def type_text(form: Any) -> str:
    """Return how Python writes a declared type."""
    form = plain(form)
    if get_origin(form) is list:
        return f"list[{type_text(get_args(form)[0])}]"
    return getattr(form, "__name__", str(form))


def keep(model: BaseModel, place: Place, values: Mapping[str | int, Json]) -> None:
    """Keep values that do not fit at their place in the model, by their names or indexes there."""
    owner, held, name = _held(model, place)
    if name is None:
        fields: dict[str, Json] = {str(member): value for member, value in values.items()}
        extra_of(owner).update(fields)
        _unset(owner, fields)
        return
    known = extra_of(owner).get(name)
    misfits = known.misfits if isinstance(known, KeptItems) else [None] * len(held)
    for at, value in values.items():
        misfits[int(at)] = value
    keep_items(model, place, misfits)


def keep_items(model: BaseModel, place: Place, misfits: list[Json]) -> None:
    """Keep the items of a list that do not fit, at their indexes; None is where an item fits."""
    owner, held, name = _held(model, place)
    if name is not None and any(misfit is not None for misfit in misfits):
        extra_of(owner)[name] = KeptItems(held, misfits)
        _unset(owner, (name,))


def items_at(model: BaseModel, place: Place) -> tuple[list[Any], list[Json]] | None:
    """Return the list at a place in the model, and its items that do not fit, at their indexes.

    None if there is no list, since something on the way does not fit.
    """
    owner, held, name = _held(model, place)
    if not isinstance(held, list):
        return None
    known = extra_of(owner).get(name or "")
    items = cast("Any", held)
    return items, known.misfits if isinstance(known, KeptItems) else [None] * len(items)


def _held(model: BaseModel, place: Place) -> tuple[BaseModel, Any, str | None]:
    """Return the innermost model on the way to a place, and what is there.

    If that is not the model itself, the third is its wire name in the model.
    """
    owner, start = model, 0
    held: Any = model
    for at, part in enumerate(place):
        if isinstance(held, BaseModel):
            held = _member(held, str(part))
        else:
            held = cast("Any", held)[part] if isinstance(held, dict | list) else None
        if isinstance(held, BaseModel):  # validated together with the model that holds it
            owner, start = held, at + 1
    return owner, held, str(place[start]) if start < len(place) else None


def _unset(model: BaseModel, wire_names: Iterable[str]) -> None:
    names = attributes(type(model))
    model.model_fields_set.difference_update(names[wire_name] for wire_name in wire_names)


def _member(model: BaseModel, wire_name: str) -> Any:
    name = attributes(type(model)).get(wire_name)
    return extra_of(model)[wire_name] if name is None else getattr(model, name)


def extra_of(model: BaseModel) -> dict[str, Json]:
    """Return the undeclared properties of a model, and its misfits; none of a class that is not ours."""
    extra = model.__pydantic_extra__
    return {} if extra is None else extra
