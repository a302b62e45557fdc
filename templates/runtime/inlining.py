"""Validators for classes that are read often: they read the objects below themselves.

The validator of a class has a function for each attribute that holds another class, which selects the class
by `@odata.type` and builds its validator on first use: a program pays only for the types that it meets. But
each such object is a call into Python, for which JSON text becomes values first. So once much of a class was
read, a validator of its own is made, which has the classes that were built by then in place of the functions,
by their type names; whatever names no such class is left to the function.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Generator, Iterable, Iterator
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
"""The metadata of the schema of any value, which names the function that reads what is no text."""

MUCH = 100_000
"""How much of a class is read before such a validator is made, in bytes: text counts by its length."""

_OBJECT = 1_000
"""As how many bytes an object counts that is read from values, those of text too."""

_MOST = 16
"""How many classes are known at most where no type is declared: for each, validators are made again."""

_DEPTH = 6
"""How many objects deep the functions are replaced: one that does not fit is read once for each, at most."""

_sizes: dict[type[BaseModel], int] = {}
"""How many bytes were read of the classes that have no such validator yet."""

_validators: dict[type[BaseModel], SchemaValidator | None] = {}
"""The validators by class; None for a class that is read by its own."""

_untyped_classes: set[type[BaseModel]] = set()
"""The classes of which much was read, some of it where no type is declared."""

_holders: set[type[BaseModel]] = set()
"""The classes with such a validator that hold what has no declared type."""

_from_values: set[type[BaseModel]] = set()
"""The classes with such a validator that hold it in a list, and know no class of it.

From text, each item would become values twice, for each of two choices.
"""

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
    try:
        return _validators[cls]
    except KeyError:
        pass
    read = _sizes[cls] = _sizes.get(cls, 0) + size
    if read < MUCH or not cls.__pydantic_complete__:
        return None
    with making:  # what is derived meanwhile waits, and has what is made here forgotten
        if cls not in _validators:
            _validators[cls] = _inlined(cls) if _is_generated(cls) else None
        return _validators[cls]


def of_text(cls: type[BaseModel], size: int) -> SchemaValidator | None:
    """Return the validator of `inlined`, if it reads JSON text faster than the values that the text has."""
    if has_derived(cls):  # values say which of them it is
        return None
    validator = inlined(cls, size)
    return None if cls in _from_values else validator


def held(cls: type[BaseModel]) -> None:
    """Note that an object of a class was read where no type is declared: read often, it is known there."""
    if _validators.get(cls) and cls not in _untyped_classes and len(_untyped_classes) < _MOST:
        with making:
            _untyped_classes.add(cls)
            while _holders:
                _validators.pop(_holders.pop(), None)


def forget() -> None:
    """Forget all validators, to be made again when they are needed, as a class was derived or built since."""
    with making:
        for kept in (_sizes, _validators, _untyped_classes, _holders, _from_values):
            kept.clear()


def _inlined(cls: type[BaseModel]) -> SchemaValidator | None:
    inliner = _Inliner()
    schema = inliner.of_class(cls, _Place())
    if inliner.untyped:
        _holders.add(cls)
    _from_values.discard(cls)
    if inliner.unknown_items:
        _from_values.add(cls)
    schema = core_schema.definitions_schema(schema, inliner.schemas)
    try:
        # Otherwise pydantic takes the validator that the class has.
        return SchemaValidator(schema, config={"hide_input_in_errors": True}, _use_prebuilt=False)
    except (SchemaError, TypeError):
        return None


class _Place(NamedTuple):
    """How many objects deep something is, and whether in a list."""

    depth: int = 0
    listed: bool = False

    @property
    def below(self) -> _Place:
        return self._replace(depth=self.depth + 1)

    def name_of(self, cls: type[BaseModel]) -> str:
        """Return what the schema of a class that is here is called."""
        return f"{cls.__module__}.{cls.__qualname__}/{self.depth}{'[]' * self.listed}"


class _Inliner:
    """Copies the schemas of classes with others in place of references."""

    def __init__(self) -> None:
        self._schemas: dict[str, CoreSchema] = {}
        self._built = [*_built()]
        self.untyped = False
        self.unknown_items = False

    @property
    def schemas(self) -> list[CoreSchema]:
        """The schemas that what was returned refers to."""
        return list(self._schemas.values())

    def of_class(self, cls: type[BaseModel], place: _Place) -> CoreSchema:
        """Return a reference to the schema of a class."""
        name = place.name_of(cls)
        if name not in self._schemas:
            self._schemas[name] = self._copy({**cls.__pydantic_core_schema__, "ref": name}, place)
        return core_schema.definition_reference_schema(name)

    def _of_unnamed(self, cls: type[BaseModel], place: _Place) -> CoreSchema:
        """Return a reference to the schema of the objects of a class that have no type name."""
        name = f"{place.name_of(cls)} unnamed"
        if name not in self._schemas:
            self.of_class(cls, place)  # as another class may have taken its type name
            schema = _unnamed(self._schemas[place.name_of(cls)])
            self._schemas[name] = cast("CoreSchema", {**schema, "ref": name})
        return core_schema.definition_reference_schema(name)

    def _copy(self, schema: Any, place: _Place) -> Any:
        if isinstance(schema, list):
            return [self._copy(part, place) for part in cast("Iterable[Any]", schema)]
        if not isinstance(schema, dict):
            return schema
        parts = cast("dict[str, Any]", schema)
        metadata = parts.get("metadata", {})
        if REFERENCE in metadata:
            return self._reference(parts, metadata[REFERENCE], place)
        if UNTYPED in metadata:
            return self._untyped(parts, metadata[UNTYPED], place)
        if parts.get("type") == "list":
            place = place._replace(listed=True)
        return {
            name: part if name in _LEFT else self._copy(part, place) for name, part in parts.items()
        }

    def _reference(self, schema: Any, declared: type[BaseModel], place: _Place) -> CoreSchema:
        """Return what reads the objects of a class, which a function reads otherwise."""
        choices = self._choices(place, lambda cls: issubclass(cls, declared))
        if not choices:
            return cast("CoreSchema", schema)
        if not has_derived(declared):
            return choices.popitem()[1]
        read = schema["function"]["function"]
        if not _is_built(declared):
            return _first_of(_named(choices), _others(choices, read))
        unnamed = self._of_unnamed(declared, place.below)
        return _first_of(_named(choices), unnamed, _others({None, *choices}, read))

    def _untyped(self, schema: Any, read: Callable[[Any], Any], place: _Place) -> CoreSchema:
        """Return what reads any value: those of the classes that such values often have, or lists of them."""
        self.untyped = True
        choices = self._choices(place, _untyped_classes.__contains__)
        if not choices:
            self.unknown_items |= place.listed
            return cast("CoreSchema", schema)

        def others(value: Any) -> Any:
            if isinstance(value, list):
                raise ValueError("has an item that does not fit")
            return read(value)

        # A choice that refuses JSON copies it: so texts, which are short, come last.
        choice = _named(choices), core_schema.str_schema(strict=True)
        item = _first_of(*choice, _others(choices, lambda value: read([value])[0]))  # one deeper
        items = core_schema.list_schema(item, strict=True)
        return _first_of(items, *choice, _others(choices, others))

    def _choices(
        self, place: _Place, fits: Callable[[type[BaseModel]], bool]
    ) -> dict[Any, CoreSchema]:
        """Return what reads the objects of the classes that were built and fit, by their type names."""
        if place.depth == _DEPTH:
            return {}
        return {name: self.of_class(cls, place.below) for name, cls in self._built if fits(cls)}


def _unnamed(schema: Any) -> dict[str, Any]:
    """Return the schema of a model with one of objects that have no type name.

    Only these may be read as the declared class at once: of another name, the function decides.
    """
    fields = schema["schema"]["fields"]
    nothing = core_schema.with_default_schema(core_schema.none_schema(), default=None)
    fields = {**fields, "odata_type": {**fields["odata_type"], "schema": nothing}}
    return {**schema, "schema": {**schema["schema"], "fields": fields}}


def _named(choices: dict[Any, CoreSchema]) -> CoreSchema:
    return core_schema.tagged_union_schema(choices, TYPE_ANNOTATION)


def _others(names: Container[str | None], read: Callable[[Any], Any]) -> CoreSchema:
    """Return what reads values that have none of the type names: those that have one do not fit.

    None stands for those without a type name. To read them once more would multiply the effort with each
    object around them.
    """

    def validate(value: Any) -> Any:
        name = type_name(value)
        if isinstance(name, str | None) and name in names:
            raise ValueError("does not fit its type")
        return read(value)

    return core_schema.no_info_plain_validator_function(validate)


def _first_of(*schemas: CoreSchema) -> CoreSchema:
    return core_schema.union_schema([*schemas], mode="left_to_right")


_LEFT = frozenset({"config", "extras_schema", "extras_keys_schema", "metadata", "serialization"})
"""The parts of a schema in which nothing is replaced: few undeclared properties hold objects of a class."""


def _built() -> Iterator[tuple[str, type[BaseModel]]]:
    for name, known in [*classes.items()]:
        cls = made(known)
        if cls and _is_built(cls):
            yield name, cls


def _is_built(cls: type[BaseModel]) -> bool:
    if not (cls.__pydantic_complete__ and _is_generated(cls)):
        return False
    # One that holds its own type has a schema of another form, and so has one with validators.
    schema: Any = cls.__pydantic_core_schema__
    return (schema["type"], schema["schema"]["type"]) == ("model", "model-fields")


_MODELS = f"{__name__.removesuffix('_runtime.inlining')}models."


def _is_generated(cls: type[BaseModel]) -> bool:
    return cls.__module__.startswith(_MODELS)
