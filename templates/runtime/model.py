"""The base class of all models: typed, lossless, and strict about what a caller may set.

What comes from the wire is kept unchanged: the difference between absent and null, undeclared
properties, annotations. What a caller builds is validated strictly, by attribute names.
Source: OData JSON 4.01, sections 4.6 (control information) and 7 (properties).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from types import ModuleType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Self,
    cast,
    get_type_hints,
)

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    GetPydanticSchema,
    ValidationError,
)
from pydantic.alias_generators import to_camel
from pydantic_core import (
    CoreSchema,
    InitErrorDetails,
    PydanticCustomError,
    core_schema,
    from_json,
    to_json,
)

from .assigned import mark_built, note_assigned, note_undeclared, remember_undeclared
from .deferred import derived, has_derived, making
from .hidden import HidingDict, shown
from .inlining import REFERENCE, forget, of_text
from .misfits import attributes, extra_of, has_misfits, members_of, misfits_of
from .paths import Misfits, cleaned
from .recovery import parsed, recovering, recovery, strictly
from .spelling import meant, nearest
from .type_names import TYPE_ANNOTATION, chosen, classes, declare, derived_class, type_name
from .untyped import Untyped, naive

_namespaces: dict[str, ModuleType] = {}
"""The modules of the models, by the names that annotations use for them."""

_building: ContextVar[type[GraphModel] | None] = ContextVar("_building", default=None)
"""The class whose validator is being built."""

_TEXT = (str, bytes, bytearray)

_hide_lock = Lock()

_keys: dict[type, tuple[str, ...]] = {}
"""The keys by the entity types that declare them: the wire names of the properties."""

_open_types: set[type] = set()


def register_namespaces(**modules: ModuleType) -> None:
    """Register the names by which the modules of the models refer to each other."""
    _namespaces.update(modules)


@contextmanager
def _built(cls: type[GraphModel]) -> Generator[None]:
    token = _building.set(cls)
    try:
        yield
    finally:
        _building.reset(token)


class _Beside(str):
    """An undeclared name that is spelled like an attribute: pydantic must not confuse them."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Beside) and str.__eq__(self, other)


def _undeclared_name_schema(source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
    cls = _building.get()
    assert cls is not None
    beside = {name: _Beside(name) for name in cls.model_fields if name != _wire_name(cls, name)}
    return core_schema.no_info_after_validator_function(
        lambda name: beside.get(name, name), core_schema.str_schema(strict=True)
    )


UndeclaredName = Annotated[str, GetPydanticSchema(_undeclared_name_schema)]


class GraphModel(BaseModel):
    """A complex or entity value of Graph.

    Build one with keywords: `Call(subject="x")`. Parse one with `from_json`, `from_dict` or
    pydantic's own methods, which all take wire names. Attributes that were neither set nor received
    are None and are not sent; one set to None is sent as null.
    """

    model_config = ConfigDict(
        extra="allow",
        defer_build=True,
        alias_generator=to_camel,
        serialize_by_alias=True,
        # An error must not carry input: bodies hold the names and numbers of people.
        hide_input_in_errors=True,
        protected_namespaces=(),
    )

    if not TYPE_CHECKING:
        # A value here would hide pydantic's slot; type checkers see the declaration of the base.
        __pydantic_extra__: dict[UndeclaredName, Untyped]

    _odata_type: ClassVar[str] = ""
    _abstract: ClassVar[bool] = True

    odata_type: str | None = Field(
        default=None, validation_alias=TYPE_ANNOTATION, serialization_alias=TYPE_ANNOTATION
    )
    """The type name sent with the value: by default that of the class; None omits it."""

    def __init_subclass__(
        cls,
        *,
        odata_type: str | None = None,
        abstract: bool = False,
        open_type: bool = False,
        key: tuple[str, ...] = (),
        declared: bool = False,  # for `__pydantic_init_subclass__`
        **kwargs: Any,
    ) -> None:
        super().__init_subclass__(**kwargs)
        cls.model_config["defer_build"] = True
        if odata_type is not None:
            cls._odata_type = odata_type
            cls._abstract = abstract
            if key:
                _keys[cls] = key
            if open_type:
                _open_types.add(cls)

    @classmethod
    def __pydantic_init_subclass__(
        cls, *, odata_type: str | None = None, declared: bool = False, **kwargs: Any
    ) -> None:
        """Let a class be chosen by its type name, now that pydantic has finished it.

        Types that hold it are built at once, although it is built on first use: FastAPI silences the warnings
        of its own adapters only while it creates them.
        """
        cls.model_config["defer_build"] = False
        if odata_type is not None and not declared:
            with making:
                declare(odata_type, cls)
        forget()

    # -- building by a caller

    def __init__(self, /, *positional: object, **data: Any) -> None:
        """Build a value from attributes.

        Raises TypeError for an abstract type and for a positional argument, and
        pydantic.ValidationError, which names the field, for an unknown keyword or a value of the wrong type.
        """
        cls = type(self)
        if cls._abstract:
            raise TypeError(f"{cls.__name__} is an abstract type: build a derived one")
        if positional:
            name = cls.__name__
            raise TypeError(
                f"{name} takes keywords alone, such as {name}(odata_type=…); {name}.from_dict reads a"
                f" decoded object, {name}.from_json text or bytes"
            )
        unknown = data.keys() - cls.__pydantic_fields__.keys()
        if unknown:
            raise _unknown_keywords(cls, unknown)
        if data.setdefault("odata_type", cls._odata_type) is None:
            del data["odata_type"]
        self.__pydantic_validator__.validate_python(
            data, self_instance=self, strict=True, by_name=True, by_alias=False
        )
        mark_built(self)

    # Pydantic calls a custom constructor for parsing too, unless it is marked as the base's.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @classmethod
    def model_construct(cls, _fields_set: set[str] | None = None, **values: Any) -> Self:
        """Build a value without checking anything, as pydantic does."""
        model = super().model_construct(_fields_set, **values)
        mark_built(model)
        return model

    if not TYPE_CHECKING:
        # A type checker that saw this would allow assignment to any name.
        def __setattr__(self, name: str, value: Any) -> None:
            if name in type(self).__pydantic_fields__:
                self._assign(name, value)
            elif name.startswith("_"):
                super().__setattr__(name, value)
            else:
                raise AttributeError(_hint(type(self), name))

    def _assign(self, name: str, value: Any) -> None:
        # On this instance pydantic would mix declared and undeclared values.
        cls = type(self)
        other = cls.__new__(cls)
        object.__setattr__(other, "__pydantic_extra__", None)
        object.__setattr__(other, "__pydantic_fields_set__", set())
        self.__pydantic_validator__.validate_assignment(
            other, name, value, strict=True, by_name=True, by_alias=False
        )
        vars(self)[name] = vars(other)[name]
        self._note(name)
        if name == "odata_type" and value is None:
            self.model_fields_set.discard(name)

    def _note(self, name: str) -> None:
        """Note that an attribute was set, in place of a misfit if there was one."""
        self.__pydantic_fields_set__.add(name)
        note_assigned(self, name)
        if self.__pydantic_extra__:
            self.__pydantic_extra__.pop(_wire_name(type(self), name), None)

    def __eq__(self, other: object) -> bool:
        """Whether a value of the same class holds the same, whoever set it."""
        if not isinstance(other, GraphModel):
            return NotImplemented
        return (
            type(self) is type(other)
            and self.__dict__ == other.__dict__
            and self.__pydantic_extra__ == other.__pydantic_extra__
        )

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy, with some attributes set to values that are not checked, as pydantic does."""
        if update:
            remember_undeclared(self)
        copy = super().model_copy(update=update, deep=deep)
        for name in update or ():
            if name in type(self).__pydantic_fields__:
                copy._note(name)
            else:
                note_undeclared(copy, name)
        return copy

    # -- undeclared properties

    @property
    def undeclared(self) -> dict[str, Any]:
        """The undeclared properties and annotations by wire name; changes to the mapping are sent."""
        remember_undeclared(self)
        extra = extra_of(self)
        if not isinstance(extra, HidingDict):
            with _hide_lock:  # two threads must not get two dictionaries
                extra = extra_of(self)
                if not isinstance(extra, HidingDict):
                    extra = HidingDict(extra)
                    object.__setattr__(self, "__pydantic_extra__", extra)
        return extra

    def with_undeclared(self, /, **properties: Any) -> Self:
        """Return a copy with undeclared properties, given by their wire names.

        They are written like declared ones. Raises ValueError for a declared name, which has an attribute,
        and for a date-time without a time zone.
        """
        wire_names = attributes(type(self))
        for name in properties:
            if name in wire_names or name in wire_names.values():
                attribute = wire_names.get(name, name)
                raise ValueError(f"{name} is declared: set the attribute {attribute}")
        try:
            place = next(naive(properties), None)
        except RecursionError:
            raise ValueError("a value is nested too deeply, or holds itself") from None
        if place:
            raise ValueError(f"{place} is a date-time without a time zone: give it a tzinfo")
        return self.model_copy(update=properties)

    def next_link(self, name: str) -> str | None:
        """Return the link to the rest of a collection, of which the value holds the beginning.

        `name` is that of the collection's attribute. None if the collection is complete. The `follow` of
        a client takes the link. Raises ValueError for a name that is neither declared nor received.
        Source: OData JSON 4.01, section 4.6.5.
        """
        cls, received = type(self), extra_of(self)
        wire_name = _wire_name(cls, name) if name in cls.model_fields else name
        annotation = f"{wire_name}@odata.nextLink"
        if wire_name not in attributes(cls) and not {wire_name, annotation} & received.keys():
            hint = meant(name, cls.model_fields)
            raise ValueError(f"{cls.__name__} has no collection {name}{hint}")
        link = received.get(annotation)
        return link if isinstance(link, str) else None

    @property
    def misfits(self) -> Misfits:
        """The received values, of this model and everything below it, that do not fit their types.

        The attribute of such a value is None, as is such an item of a list. It is written back as
        received unless the attribute is set. Of more than 100, the first are listed and the others
        counted.
        """
        return misfits_of(self)

    # -- the wire

    @classmethod
    def from_json(cls, data: bytes | bytearray | str, *, strict: bool = False) -> Self:
        """Parse a JSON document.

        `@odata.type` selects the class if that derives from this one. A value that does not fit its
        declared type goes to `misfits`, and its attribute is None. Raises pydantic.ValidationError,
        with the path of the offending value, for text that is not a JSON object, and, if `strict`, for
        misfits. Of duplicate names in an object, the last counts.
        """
        if not isinstance(cast("object", data), _TEXT):
            raise TypeError(
                f"{cls.__name__}.from_json takes JSON text or bytes, not {type(data).__name__};"
                f" {cls.__name__}.from_dict reads a decoded object"
            )
        try:
            return cls._strictly(_decoded(cls, data)) if strict else cls._read(data)
        except (ValidationError, RecursionError) as error:
            problem = _told(cls, error)
        raise problem

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, strict: bool = False) -> Self:
        """Parse a decoded JSON object; selects the class and raises as `from_json` does."""
        if not isinstance(cast("object", data), Mapping):
            raise TypeError(
                f"{cls.__name__}.from_dict takes a decoded JSON object, not {type(data).__name__};"
                f" {cls.__name__}.from_json reads text or bytes"
            )
        try:
            return cls._strictly({**data}) if strict else cls._received({**data})
        except (ValidationError, RecursionError) as error:
            problem = _told(cls, error)
        raise problem

    def to_json(self) -> str:
        """Return the wire form as JSON text: what was set or received, nothing else.

        Raises ValueError for a lone surrogate, which UTF-8 cannot encode: `from_json` rejects it, but a
        caller may set one, or decode JSON that has one by other means.
        """
        return self.__pydantic_serializer__.to_json(self, exclude_unset=True).decode()

    def model_dump_json(self, **options: Any) -> str:
        """Return JSON text as pydantic does, with everything that is not set, too; its options apply."""
        if options.get("exclude_unset") or not has_misfits(self):
            return super().model_dump_json(**options)
        # Pydantic would write a misfit beside its attribute, which is None.
        form = {name: options.pop(name) for name in ("indent", "ensure_ascii") if name in options}
        return to_json(self.model_dump(mode="json", **options), **form).decode()

    def to_dict(self) -> dict[str, Any]:
        """Return the wire form as values that `json.dumps` takes."""
        wire: dict[str, Any] = json.loads(self.to_json())
        return wire

    @classmethod
    def _read(cls, text: bytes | bytearray | str) -> Self:
        """Parse JSON text from outside the program, whether all of it fits or not.

        Whatever does not fit is read once more, from values.
        """
        validator = of_text(cls, len(text))
        if validator is None:
            return cls._received(_decoded(cls, text))
        try:
            parsed: Self = validator.validate_json(text)
            return parsed
        except ValidationError:
            pass
        return cls._recovered(_decoded(cls, text))

    @classmethod
    def _received(cls, value: Any, **options: Any) -> Self:
        """Parse what came from outside the program, whether all of it fits or not."""
        target = cls._select(type_name(value))
        try:
            return parsed(target, value, **options)
        except ValidationError:
            pass
        return target._recovered(value, **options)

    @classmethod
    def _recovered(cls, value: Any, **options: Any) -> Self:
        """Parse a value of this very class of which parts do not fit."""
        with recovering() as read:
            model = cls._parse(value, **options)
        if read:
            model.misfits.log(type(model).__name__)
        return model

    @classmethod
    def _strictly(cls, value: Any, **options: Any) -> Self:
        """Parse a value, or tell all that does not fit and where."""
        with strictly():
            return cls._parse(value, **options)

    @classmethod
    def _parse(cls, value: Any, **options: Any) -> Self:
        return parsed(cls._select(type_name(value)), value, **options)

    @classmethod
    def _member(cls, value: Any) -> Self:
        """Parse a value for a class that is not ours, such as the parameters of an endpoint."""
        try:
            return cls._received(value) if recovery.get() is None else cls._parse(value)
        except (ValidationError, RecursionError) as error:
            problem = _told(cls, error)
        raise problem

    @classmethod
    def _reference(cls) -> Callable[[Any], GraphModel]:
        """Return the validator for fields of this type.

        Each level of nesting has two calls, this and that of `parsed`: Python's limit of calls is reached
        long before the stack ends.
        """
        known: dict[str | None, type[GraphModel]] = chosen(cls)

        def validate(value: Any) -> GraphModel:
            try:
                target = known[value.get(TYPE_ANNOTATION)]
            except (KeyError, TypeError, AttributeError):
                return choose(value)
            return parsed(target, value)

        def choose(value: Any) -> GraphModel:
            name = type_name(value)
            if name is not None and not (isinstance(name, str) and name in classes):
                return cls._parse(value)  # not kept: the number of unknown names is unbounded
            with making:  # what is declared meanwhile waits, and has this forgotten
                target = known[name] = cls._select(name)
            return parsed(target, value)

        return validate

    @classmethod
    def _select(cls, odata_type: object) -> type[Self]:
        """Return the class for a type name where this class is declared."""
        return cls if odata_type is None else derived_class(odata_type, cls)

    # -- pydantic's own entry points select the class in the same way

    @classmethod
    def model_validate(cls, obj: Any, **kwargs: Any) -> Self:
        """Parse like `from_dict`; pydantic's options apply."""
        try:
            if kwargs.get("strict"):
                return cls._strictly(obj, **kwargs)
            return cls._received(obj, **kwargs)
        except (ValidationError, RecursionError) as error:
            problem = _told(cls, error)
        raise problem

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **kwargs: Any) -> Self:
        """Parse like `from_json`; pydantic's options apply."""
        return cls.model_validate(_decoded(cls, json_data), **kwargs)

    @classmethod
    def model_rebuild(cls, *, force: bool = False, **kwargs: Any) -> bool | None:
        """Build the validator, as pydantic does on first use."""
        with making, _built(cls):
            if cls.__pydantic_complete__ and not force:
                return None
            kwargs["_types_namespace"] = _namespaces
            forget()
            return super().model_rebuild(force=force, **kwargs)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        # A field whose type is another class holds a reference, which selects the class by type name
        # and builds its validator on first use: a program pays only for the types it meets, and
        # long chains of types cannot exhaust the stack.
        building = _building.get()
        if building is cls:
            schema = handler(source)
            if has_derived(cls):
                # Pydantic refers to the class itself where it holds its own type, past what selects.
                held = GetPydanticSchema(cls._held_schema, cls.__get_pydantic_json_schema__)
                _redirect(schema, handler.generate_schema(Annotated[Any, held]))
            return schema
        lax = core_schema.no_info_plain_validator_function(
            cls._reference() if building else cls._member, metadata={REFERENCE: cls}
        )
        # The strict branch also serialises a value by its own class.
        strict = core_schema.is_instance_schema(cls)
        if building:
            return core_schema.lax_or_strict_schema(lax, strict)
        # In the types of others, such as the response of a FastAPI endpoint, JSON is the wire form.
        written = core_schema.plain_serializer_function_ser_schema(cls.to_dict, when_used="json")
        return core_schema.lax_or_strict_schema(lax, strict, serialization=written)

    @classmethod
    def _held_schema(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        lax = core_schema.no_info_plain_validator_function(cls._reference())
        return core_schema.lax_or_strict_schema(lax, core_schema.is_instance_schema(cls))

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        # Parsing and writing never need this, and it takes a while to load.
        from . import json_schema

        if schema["type"] != "model":
            return json_schema.reference(cls, handler)
        described = handler(schema)
        json_schema.describe(cls, handler.resolve_ref_schema(described), cls._odata_type)
        return described

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        names = attributes(type(self))
        for name, value in members_of(self):
            yield names.get(str(name), str(name)), shown(str(name), value)
        misfits = [name for name in extra_of(self) if name in names]
        if misfits:
            yield "misfits", misfits


# Pydantic evaluates the annotations of all bases for each derived class, which takes long for text.
GraphModel.__annotations__.update(get_type_hints(GraphModel, include_extras=True))


def key_of(cls: type[GraphModel]) -> tuple[str, ...]:
    """Return the wire names of the properties that are the key of an entity type; of others, none."""
    return next((_keys[base] for base in cls.__mro__ if base in _keys), ())


def is_open(cls: type[GraphModel]) -> bool:
    """Whether values of a type may have properties that it does not declare (CSDL 6.4, 9.3)."""
    return not _open_types.isdisjoint(cls.__mro__)


def _redirect(schema: Any, target: CoreSchema) -> None:
    """Replace what refers to the class of a schema within it.

    In place, as pydantic keeps schemas by their names: a copy would not be what those lead to.
    """
    left: list[Any] = [schema]
    while left:
        part = left.pop()
        if isinstance(part, list):
            left += part
        elif isinstance(part, dict):
            found = cast("dict[str, Any]", part)
            if (found.get("type"), found.get("schema_ref")) == ("definition-ref", schema["ref"]):
                found.clear()
                found.update(target)
            else:
                left += found.values()


def fitting(cls: type[GraphModel], values: Iterable[Any]) -> list[GraphModel | None] | None:
    """Return the models of objects, each of which may be null; None unless all fit."""
    read = cls._parse  # pyright: ignore[reportPrivateUsage]
    try:
        return [None if value is None else read(value) for value in values]
    except (ValidationError, RecursionError):
        return None


def concrete(cls: type[GraphModel]) -> type[GraphModel]:
    """Return the class, or the first derived one where it is abstract."""
    if vars(cls).get("_abstract") and has_derived(cls):
        return concrete(cast("type[GraphModel]", derived(cls)[0]))
    return cls


def _decoded(cls: type[GraphModel], data: bytes | bytearray | str) -> Any:
    try:
        return from_json(data, allow_inf_nan=False, cache_strings="keys")
    except ValueError as problem:
        raise _invalid(cls, str(problem)) from None


def _told(cls: type[GraphModel], error: ValidationError | RecursionError) -> ValidationError:
    if isinstance(error, ValidationError):
        return cleaned(error)
    # The depth limit depends on how deep the caller already is.
    return _invalid(cls, "nested too deeply")


def _invalid(cls: type[GraphModel], problem: str) -> ValidationError:
    detail = InitErrorDetails(type="json_invalid", loc=(), input=None, ctx={"error": problem})
    return ValidationError.from_exception_data(cls.__name__, [detail], hide_input=True)


def _wire_name(cls: type[GraphModel], name: str) -> str:
    field = cls.__pydantic_fields__[name]
    return field.serialization_alias or to_camel(name)


def _hint(cls: type[GraphModel], name: str) -> str:
    fields = {_wire_name(cls, field): field for field in cls.model_fields} | {
        field: field for field in cls.model_fields
    }
    found = nearest(name, fields)
    hint = f"did you mean {fields[found]}?" if found else "set undeclared ones by with_undeclared"
    return f"{cls.__name__} has no attribute {name}; {hint}"


def _unknown_keywords(cls: type[GraphModel], names: Iterable[str]) -> ValidationError:
    details = [
        InitErrorDetails(
            type=PydanticCustomError("unknown_attribute", "{hint}", {"hint": _hint(cls, name)}),
            loc=(name,),
            input=None,
        )
        for name in sorted(names)
    ]
    return ValidationError.from_exception_data(cls.__name__, details, hide_input=True)
