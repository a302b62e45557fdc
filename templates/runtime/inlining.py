"""Validators for classes that are read often: they read the objects below themselves.

The validator of a class has a function for each attribute that holds another class, which selects the class
by `@odata.type` and builds its validator on first use: a program pays only for the types that it meets. But
each such object is a call into Python, for which JSON text becomes values first. So once much of a class was
read, a validator of its own is made, which has the classes that were built by then in place of the functions,
by their type names; whatever names no such class is left to the function.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, cast

from pydantic import BaseModel
from pydantic_core import CoreSchema, SchemaError, SchemaValidator, core_schema

from .deferred import has_derived, made, making
from .type_names import TYPE_ANNOTATION, classes, type_name

REFERENCE = "reference"
"""The metadata of the schema of a function that reads objects of a class, which it names."""

UNTYPED = "untyped"
"""The metadata of the schema of a function that reads any value."""

MUCH = 100_000
"""How many bytes of a class are read before such a validator is made: that takes about as long."""

_OBJECT = 1_000
"""As how many bytes an object counts that is decoded already."""

_DEPTH = 6
"""How many objects deep the functions are replaced: so many times, at most, is one read that does not fit."""

_read: dict[type[BaseModel], int] = {}
"""How many bytes were read of the classes that have no such validator yet."""

_made: dict[type[BaseModel], SchemaValidator | None] = {}

_from_values: set[type[BaseModel]] = set()
"""The classes of which a list holds what has no type: text of that would become values twice."""

_off: ContextVar[bool] = ContextVar("_off", default=False)


@contextmanager
def no_inlining() -> Generator[None]:
    """Have every class read by its own validator, whose errors say where in a body something does not fit."""
    token = _off.set(True)
    try:
        yield
    finally:
        _off.reset(token)


def inlined(cls: type[BaseModel], size: int = _OBJECT) -> SchemaValidator | None:
    """Return the validator for a class of which so many bytes more are read; None for its own.

    It takes and refuses the same, but its errors name its own parts beside those of the body. None until much
    of the class was read, and for one of an application: its annotations may take from JSON text what is no
    JSON.
    """
    if _off.get():
        return None
    if cls in _made:
        return _made[cls]
    read = _read[cls] = _read.get(cls, 0) + size
    if read < MUCH or not cls.__pydantic_complete__:
        return None
    with making:  # what is derived meanwhile waits, and has what is made here forgotten
        if cls not in _made:
            _made[cls] = _inlined(cls) if _is_generated(cls) else None
        return _made[cls]


def of_text(cls: type[BaseModel], size: int) -> SchemaValidator | None:
    """Return the same, if it reads JSON text of so many bytes faster than the values of it."""
    validator = inlined(cls, size)
    return None if cls in _from_values or has_derived(cls) else validator


def forget() -> None:
    """Make all validators anew when they are needed again, as a class was derived or built since."""
    with making:
        for kept in (_read, _made, _from_values):
            kept.clear()


def _inlined(cls: type[BaseModel]) -> SchemaValidator | None:
    inliner = _Inliner()
    schema = inliner.of_class(cls, _Place())
    if inliner.untyped_items:
        _from_values.add(cls)
    schema = core_schema.definitions_schema(schema, inliner.schemas)
    try:
        # Otherwise pydantic takes the validator that the class has.
        return SchemaValidator(schema, _use_prebuilt=False)
    except (SchemaError, TypeError):
        return None


class _Place(NamedTuple):
    """How many objects deep something is, and whether in a list."""

    depth: int = 0
    listed: bool = False


class _Inliner:
    """Copies the schemas of classes with others in place of references."""

    def __init__(self) -> None:
        self._schemas: dict[str, CoreSchema] = {}
        self.untyped_items = False

    @property
    def schemas(self) -> list[CoreSchema]:
        """The schemas that what was returned refers to."""
        return list(self._schemas.values())

    def of_class(self, cls: type[BaseModel], place: _Place) -> CoreSchema:
        """Return a reference to the schema of a class."""
        name = f"{cls.__module__}.{cls.__qualname__}/{place.depth}{'[]' * place.listed}"
        if name not in self._schemas:
            self._schemas[name] = self._copy({**cls.__pydantic_core_schema__, "ref": name}, place)
        return core_schema.definition_reference_schema(name)

    def _copy(self, schema: Any, place: _Place) -> Any:
        if isinstance(schema, list):
            return [self._copy(part, place) for part in cast("Iterable[Any]", schema)]
        if not isinstance(schema, dict):
            return schema
        parts = cast("dict[str, Any]", schema)
        if parts.get("type") == "function-plain":
            return self._replaced(parts, place)
        if parts.get("type") == "list":
            place = place._replace(listed=True)
        return {
            name: part if name in _LEFT else self._copy(part, place) for name, part in parts.items()
        }

    def _replaced(self, schema: Any, place: _Place) -> CoreSchema:
        """Return what reads the objects that a function reads."""
        metadata = schema.get("metadata", {})
        self.untyped_items |= UNTYPED in metadata and place.listed
        held = metadata.get(REFERENCE)
        choices: dict[Any, CoreSchema] = {}
        if held and place.depth < _DEPTH:
            below = place._replace(depth=place.depth + 1)
            choices = {name: self.of_class(cls, below) for name, cls in _choices(held)}
        if not choices:
            return cast("CoreSchema", schema)
        if not has_derived(held):
            return choices.popitem()[1]
        named = core_schema.tagged_union_schema(choices, TYPE_ANNOTATION)
        others = _others(schema["function"]["function"], frozenset(choices))
        return core_schema.union_schema([named, others], mode="left_to_right")


def _others(read: Callable[[Any], Any], names: frozenset[str]) -> CoreSchema:
    """Return what reads values that have none of the type names: those that have one do not fit.

    To read them once more would multiply the effort with each object around them.
    """

    def validate(value: Any) -> Any:
        name = type_name(value)
        if isinstance(name, str) and name in names:
            raise ValueError("does not fit its type")
        return read(value)

    return core_schema.no_info_plain_validator_function(validate)


_LEFT = frozenset({"config", "extras_schema", "extras_keys_schema", "metadata", "serialization"})
"""The parts of a schema in which nothing is replaced: few undeclared properties hold objects of a class."""


def _choices(held: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    for name, known in [*classes.items()]:
        cls = made(known)
        built = cls and issubclass(cls, held) and cls.__pydantic_complete__ and _is_generated(cls)
        # One that holds its own type has a schema of another form.
        if built and cls.__pydantic_core_schema__["type"] == "model":
            yield name, cls


def _is_generated(cls: type[BaseModel]) -> bool:
    return cls.__module__.startswith(f"{_PACKAGE}.models.")


_PACKAGE = __name__.removesuffix("._runtime.inlining")
