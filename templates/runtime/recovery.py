"""Reads what fits where not everything does.

Everything is validated as a whole first. Only where that fails, the values that do not fit are set
aside, the rest is validated again, and what was set aside is kept with it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from math import isfinite
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from .inlining import inlined, no_inlining
from .misfits import items_at, keep, keep_items, members_of
from .paths import NOT_JSON, TOO_DEEP, Json, Place, at_most

MAX_DEPTH = 200
"""Deepest nesting of values without a declared type: that of JSON text that pydantic reads."""

_FATAL = frozenset({NOT_JSON.type, TOO_DEEP.type})
"""The types of errors about values that could not be written back."""

_MANY = 1_000
"""How many misfits are handled at once: for each, pydantic makes an error of some 700 bytes."""

_M = TypeVar("_M", bound=BaseModel)


Recovered = dict[int, tuple[Json, Json]]
"""What was read of objects and lists of which parts do not fit, and these, by the ids of the latter."""

recovery: ContextVar[Recovered | None] = ContextVar("recovery", default=None)
"""While it is set, models are recovered in spite of misfits; otherwise these are errors."""


@contextmanager
def recovering() -> Generator[Recovered]:
    """Recover models in spite of misfits; gives what was read of those that have any.

    Each model is recovered once and by itself, so that the effort grows with the size of a body, not with
    its depth.
    """
    read: Recovered = {}
    with _set(read):
        yield read


def strictly() -> AbstractContextManager[None]:
    """Recover nothing, not even within a recovery, and have errors say where something does not fit."""
    return _set(None)


@contextmanager
def _set(read: Recovered | None) -> Generator[None]:
    token = recovery.set(read)
    try:
        with no_inlining():
            yield
    finally:
        recovery.reset(token)


def parsed(cls: type[_M], value: Json, **options: Any) -> _M:
    """Return the model of an object; `options` are those of its validator.

    Raises pydantic.ValidationError for what does not fit, outside of a recovery and where nothing fits. Only
    within `no_inlining`, as in every recovery, does the error say where in the object that is.
    """
    if not options and (validator := inlined(cls)):
        validate: Callable[..., _M] = validator.validate_python
        try:
            return validate(value)
        except ValidationError as error:
            failure = error
        raise at_most(failure)
    validate = cls.__pydantic_validator__.validate_python
    try:
        return validate(value, **options)
    except ValidationError as error:
        failure = error
    return recovered(cls, value, failure, **options)


def recovered(cls: type[_M], value: Json, failure: ValidationError, **options: Any) -> _M:
    """Return the model of an object of which parts do not fit; `options` are those of its validator.

    Raises the failure outside of a recovery (shortened if it is long), if nothing fits, and for parts
    that are not JSON: they could not be written back.
    """
    read = recovery.get()
    if read is None:
        raise at_most(failure)
    known = read.get(id(value), (None, None))[1]
    if isinstance(known, cls):
        return known
    aside = _Aside(value)
    many = failure.error_count() > _MANY and aside.read_in_pieces(cls, read, **options)
    for _ in range(4):  # without one value, another may turn out not to fit
        if not (many or aside.takes(failure)):
            break
        many = False
        try:
            model: _M = cls.__pydantic_validator__.validate_python(aside.rest(read), **options)
        except ValidationError as error:
            failure = error
            continue
        aside.keep_in(model)
        read[id(value)] = (value, model)
        return model
    raise failure


_Branch = dict[str | int, Any]
"""The places below a place, which are of the same form; empty for one that is set aside itself."""


class _Aside:
    """The parts of an object that do not fit."""

    def __init__(self, value: Json) -> None:
        self._value = value
        self._tree: _Branch = {}
        self._kept: dict[Place, dict[str | int, Json]] = {}
        """What does not fit by where its container is and its name or index in that."""
        self._kept_items: dict[Place, list[Json]] = {}
        """The items that do not fit by where their lists are, of lists that were read in pieces."""

    def read_in_pieces(self, cls: type[BaseModel], read: Recovered, **options: Any) -> bool:
        """Read the long lists, if there are any, so that not all that does not fit is at hand at once."""
        for place, items in list(_long_lists(self._value, read)):
            fitting: list[Json] = []
            misfits: list[Json] = []
            for start in range(0, len(items), _MANY):
                piece = _around(self._value, place, items[start : start + _MANY])
                model = _piece(cls, piece, read, **options)
                first = tuple(0 if isinstance(at, int) else at for at in place)
                read_items, kept = items_at(model, first) or ((), ())
                fitting += read_items
                misfits += kept
            if len(fitting) == len(items):  # otherwise no list is declared there
                read[id(items)] = (items, fitting)
                self._kept_items[place] = misfits
        return bool(self._kept_items)

    def takes(self, failure: ValidationError) -> bool:
        """Note what does not fit; returns whether all of it can be set aside."""
        details = failure.errors(include_url=False, include_context=False, include_input=False)
        if any(detail["type"] in _FATAL or not detail["loc"] for detail in details):
            return False
        found: dict[Place, tuple[Json, _Branch]] = {}
        for detail in details:
            place, part = detail["loc"][:-1], detail["loc"][-1]
            if place not in found:
                found[place] = self._container(place)
            container, branch = found[place]
            if not _has(container, part) or not is_json(container[part]):
                return False
            branch[part] = {}
            self._kept.setdefault(place, {})[part] = container[part]
        return True

    def _container(self, place: Place) -> tuple[Json, _Branch]:
        value: Json = self._value
        branch = self._tree
        for part in place:
            value = value[part] if _has(value, part) else None
            branch = branch.setdefault(part, {})
        return value, branch

    def rest(self, read: Recovered) -> Json:
        """Return the object with None for what does not fit, and with models for what is read."""
        return _replaced(self._value, self._tree, read)

    def keep_in(self, model: BaseModel) -> None:
        """Keep what does not fit where it belongs in the model of the rest."""
        for place, items in self._kept_items.items():
            keep_items(model, place, items)
        for place, values in self._kept.items():
            keep(model, place, values)


def _long_lists(
    value: Json, read: Recovered, place: Place = ()
) -> Iterator[tuple[Place, list[Json]]]:
    for at, member in members_of(value):
        if id(member) in read or not isinstance(member, dict | list):
            continue
        if isinstance(member, list) and len(cast("list[object]", member)) > _MANY:
            yield (*place, at), cast("Json", member)
        else:
            yield from _long_lists(member, read, (*place, at))


def _around(value: Json, place: Place, piece: list[Json]) -> Json:
    """Return a piece of a list with as much around it as says which types are declared."""
    part = place[0]
    below = _around(value[part], place[1:], piece) if place[1:] else piece
    if isinstance(value, list):
        return [below]
    return {**{name: value[name] for name in ("@odata.type",) if name in value}, part: below}


def _piece(cls: type[_M], body: Json, read: Recovered, **options: Any) -> _M:
    try:
        model: _M = cls.__pydantic_validator__.validate_python(body, **options)
        return model
    except ValidationError as error:
        failure = error
    model = recovered(cls, body, failure, **options)
    del read[id(body)]
    return model


def _has(value: Json, part: str | int) -> bool:
    if isinstance(value, dict):
        return part in value
    return isinstance(value, list) and isinstance(part, int) and part < len(cast("Json", value))


def _replaced(value: Json, tree: _Branch, read: Recovered) -> Json:
    copy = value.copy()
    for at, member in members_of(value):
        if at in tree and not tree[at]:
            copy[at] = None
        elif isinstance(member, dict | list):
            known = read.get(id(cast("object", member)))
            copy[at] = known[1] if known else _replaced(member, tree.get(at, {}), read)
    return copy


def is_json(value: Json) -> bool:
    """Whether a value can be written as JSON, at no greater depth than can be read."""
    left = [(value, 0)]
    while left:
        value, depth = left.pop()
        if isinstance(value, dict | list):
            members = members_of(cast("object", value))
            named = isinstance(value, list) or all(isinstance(name, str) for name, _ in members)
            if depth == MAX_DEPTH or not named:
                return False
            left.extend((member, depth + 1) for _, member in members)
        elif isinstance(value, float):
            if not isfinite(value):
                return False
        elif value is not None and not isinstance(value, str | int):
            return False
    return True
