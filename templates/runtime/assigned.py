"""What an application set in a model, and what it received.

Parsing records nothing. A model that was built is marked; one that was received gets the names of the
attributes that are assigned, and a copy of what is undeclared before that can be changed. Both are among
pydantic's private attributes, so that copies and pickles have them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import cache
from typing import Any, cast

from pydantic import BaseModel

from .misfits import extra_of

Json = Any

_ASSIGNED = "_assigned"
"""The names of the attributes that were assigned; None for all, in a model that was built."""

_UNDECLARED = "_undeclared"
"""What was undeclared in a received model; absent until somebody has access to it."""

_BUILT: dict[str, Any] = {_ASSIGNED: None}


_LISTS = (list, tuple)


def _notes(model: BaseModel) -> dict[str, Any]:
    return model.__pydantic_private__ or {}


def _note(model: BaseModel, key: str, value: object) -> None:
    # Never in place: notes may be shared.
    object.__setattr__(model, "__pydantic_private__", {**_notes(model), key: value})


def mark_built(model: BaseModel) -> None:
    """Note that a model was built: the application set all that is in it."""
    if model.__pydantic_private__ is None:
        object.__setattr__(model, "__pydantic_private__", _BUILT)
    else:
        _note(model, _ASSIGNED, None)


def is_built(model: BaseModel) -> bool:
    """Whether a model was built."""
    return _notes(model).get(_ASSIGNED, ()) is None


def only_built(model: BaseModel) -> bool:
    """Whether nothing in a model was received."""
    left: list[Any] = [model]
    while left:
        value = left.pop()
        cls = cast("Hashable", type(value))
        if _is_model(cls):
            # Those that were built have one dictionary, but for copies from elsewhere.
            if value.__pydantic_private__ is not _BUILT and not is_built(value):
                return False
            values: dict[str, Any] = value.__dict__
            for name in value.__pydantic_fields_set__:
                member = values.get(name)
                if member is not None and type(member) is not str:
                    left.append(member)
            if value.__pydantic_extra__:
                left += value.__pydantic_extra__.values()
        elif isinstance(value, _LISTS):
            left += cast("Iterable[Any]", value)
        elif isinstance(value, dict):
            left += cast("dict[str, Any]", value).values()
    return True


@cache
def _is_model(cls: Hashable) -> bool:
    # Of instances, the same question takes ten times as long: models are an abstract base class.
    return issubclass(cast("type", cls), BaseModel)


def note_assigned(model: BaseModel, name: str) -> None:
    """Note that an attribute was assigned."""
    known: frozenset[str] | None = _notes(model).get(_ASSIGNED, frozenset())
    if known is not None and name not in known:
        _note(model, _ASSIGNED, known | {name})


def is_assigned(model: BaseModel, name: str) -> bool:
    """Whether the application set an attribute."""
    known: frozenset[str] | None = _notes(model).get(_ASSIGNED, frozenset())
    return known is None or name in known


def remember_undeclared(model: BaseModel) -> None:
    """Remember what is undeclared in a received model, before it can be changed."""
    if _UNDECLARED not in _notes(model) and not is_built(model):
        _note(model, _UNDECLARED, _copied(extra_of(model)))


def note_undeclared(model: BaseModel, name: str) -> None:
    """Note that an undeclared property was assigned, even if it was the same before."""
    remember_undeclared(model)
    if not is_built(model):
        before = _notes(model)[_UNDECLARED]
        _note(model, _UNDECLARED, {one: before[one] for one in before if one != name})


def is_received(model: BaseModel, name: str) -> bool:
    """Whether an undeclared property is what was received."""
    if is_built(model):
        return False
    extra = extra_of(model)
    before = _notes(model).get(_UNDECLARED, extra)
    return before is extra or (name in before and _is_same(before[name], extra[name]))


def _copied(value: Json) -> Json:
    """Copy a JSON value; the models in it are the same, as they note by themselves what is assigned."""
    if isinstance(value, dict):
        members = cast("dict[str, Json]", value)
        return {name: _copied(member) for name, member in members.items()}
    if isinstance(value, list):
        return [_copied(item) for item in cast("list[object]", value)]
    return value


def _is_same(before: Json, now: Json) -> bool:
    """Whether a JSON value is what it was; unlike Python, true is not 1."""
    if before is now:
        return True
    if type(before) is not type(now) or isinstance(before, BaseModel):
        return False
    if isinstance(before, dict):
        return before.keys() == now.keys() and all(
            _is_same(member, now[name]) for name, member in cast("dict[str, Json]", before).items()
        )
    if isinstance(before, list):
        items = cast("list[object]", before)
        return len(items) == len(now) and all(map(_is_same, items, now))
    return bool(before == now)
