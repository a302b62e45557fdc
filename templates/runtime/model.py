"""The base class of all models: typed, lossless, and honest about what a caller may set.

What comes from the wire is kept as it came: absent against null, undeclared properties,
annotations. What a caller builds is checked strictly, by attribute names.
Source: OData JSON 4.01, sections 4.6 (control information) and 7 (properties).
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from threading import RLock
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

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
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema, from_json

from .misfits import cleaned
from .untyped import TYPE_ANNOTATION, Untyped, class_of, classes, declare, type_name

_namespaces: dict[str, ModuleType] = {}
"""The modules of the models by the name that annotations give them."""

_building: ContextVar[tuple[type[GraphModel], ...]] = ContextVar("_building", default=())
"""The class whose validator is being built, then the one whose schema is written into it."""

_build_lock = RLock()


def register_namespaces(**modules: ModuleType) -> None:
    """Tell under which names the modules of models refer to each other."""
    _namespaces.update(modules)


@contextmanager
def _built(*classes: type[GraphModel]) -> Generator[None]:
    token = _building.set(classes)
    try:
        yield
    finally:
        _building.reset(token)


class _Beside(str):
    """An undeclared name that spells an attribute's: pydantic must not take it for that one."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Beside) and str.__eq__(self, other)


def _undeclared_name_schema(source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
    cls = _building.get()[-1]
    beside = {name: _Beside(name) for name in cls.model_fields if name != _wire_name(cls, name)}
    return core_schema.no_info_after_validator_function(
        lambda name: beside.get(name, name), core_schema.str_schema(strict=True)
    )


UndeclaredName = Annotated[str, GetPydanticSchema(_undeclared_name_schema)]


class GraphModel(BaseModel):
    """A complex or entity value of Graph.

    Build one with keywords: `Call(subject="x")`. Parse one with `from_json`, `from_dict` or
    pydantic's own methods, which all take wire names. Attributes that were neither set nor received
    are None and are not sent; one that is set to None is sent as null.
    """

    model_config = ConfigDict(
        extra="allow",
        defer_build=True,
        alias_generator=to_camel,
        serialize_by_alias=True,
        # An error must not carry what the wire did: bodies hold names and numbers of people.
        hide_input_in_errors=True,
        protected_namespaces=(),
    )

    if not TYPE_CHECKING:
        # A value here would hide pydantic's slot; type checkers know the base's declaration.
        __pydantic_extra__: dict[UndeclaredName, Untyped]

    _odata_type: ClassVar[str] = ""
    _abstract: ClassVar[bool] = True

    odata_type: str | None = Field(
        default=None, validation_alias=TYPE_ANNOTATION, serialization_alias=TYPE_ANNOTATION
    )
    """The type name that travels with the value; built objects have their class's, None leaves it out."""

    def __init_subclass__(
        cls, *, odata_type: str | None = None, abstract: bool = False, **kwargs: Any
    ) -> None:
        super().__init_subclass__(**kwargs)
        if odata_type is not None:
            cls._odata_type = odata_type
            cls._abstract = abstract
            declare(odata_type, cls)

    # -- building by a caller

    def __init__(self, /, **data: Any) -> None:
        """Build a value from attributes.

        Raises TypeError for an abstract type, and pydantic.ValidationError which names the field for
        an unknown keyword or a value of another type than the attribute's.
        """
        cls = type(self)
        if cls._abstract:
            raise TypeError(f"{cls.__name__} is an abstract type: build one derived from it")
        unknown = data.keys() - cls.model_fields.keys()
        if unknown:
            raise _unknown_keywords(cls, unknown)
        if data.setdefault("odata_type", cls._odata_type) is None:
            del data["odata_type"]
        self.__pydantic_validator__.validate_python(
            data, self_instance=self, strict=True, by_name=True, by_alias=False
        )

    # Pydantic calls a constructor of one's own for parsing too, unless it is marked as the base's.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    if not TYPE_CHECKING:
        # A type checker that saw this would take any name to be settable.
        def __setattr__(self, name: str, value: Any) -> None:
            if name.startswith("_"):
                super().__setattr__(name, value)
            elif name in type(self).model_fields:
                self.__pydantic_validator__.validate_assignment(
                    self, name, value, strict=True, by_name=True, by_alias=False
                )
                if name == "odata_type" and value is None:
                    self.model_fields_set.discard(name)
            else:
                raise AttributeError(_hint(type(self), name))

    # -- undeclared properties

    @property
    def undeclared(self) -> dict[str, Any]:
        """The undeclared properties and annotations by wire name; changes to it are sent."""
        extra = self.__pydantic_extra__
        assert extra is not None  # extra="allow" always makes one
        return extra

    def with_undeclared(self, /, **properties: Any) -> Self:
        """Return a copy with undeclared properties, given by their wire names.

        Raises ValueError for a name that is declared: that one has an attribute.
        """
        wire_names = {_wire_name(type(self), name): name for name in type(self).model_fields}
        for name in properties:
            if name in wire_names or name in wire_names.values():
                attribute = wire_names.get(name, name)
                raise ValueError(f"{name} is declared: set the attribute {attribute}")
        copy = self.model_copy()
        copy.undeclared.update(properties)
        return copy

    # -- the wire

    @classmethod
    def from_json(cls, data: bytes | bytearray | str) -> Self:
        """Parse a JSON document.

        Its `@odata.type` picks the class where it derives from this one. Raises
        pydantic.ValidationError, with the path of the offending value, for what is not JSON or does
        not fit. Of a name that an object has twice, the last counts.
        """
        try:
            return cls._parse(_decoded(cls, data))
        except (ValidationError, RecursionError) as error:
            problem = _told(cls, error)
        raise problem

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Parse a decoded JSON object; picks the class and raises as `from_json` does."""
        try:
            return cls._parse({**data})
        except (ValidationError, RecursionError) as error:
            problem = _told(cls, error)
        raise problem

    def to_json(self) -> str:
        """Return the wire form as JSON text: what was set or received, nothing else.

        Raises ValueError for text with half a surrogate pair, which UTF-8 cannot hold: `from_json`
        refuses it, but a caller may set it, or decode JSON that has it by other means.
        """
        return self.__pydantic_serializer__.to_json(self, exclude_unset=True).decode()

    def to_dict(self) -> dict[str, Any]:
        """Return the wire form as values that `json.dumps` takes."""
        wire: dict[str, Any] = json.loads(self.to_json())
        return wire

    @classmethod
    def _parse(cls, value: Any) -> Self:
        parsed: Self = cls._select(type_name(value)).__pydantic_validator__.validate_python(value)
        return parsed

    @classmethod
    def _reference(cls) -> Callable[[Any], GraphModel]:
        """Return the validator of a mention of this class: `_parse`, remembering its choices."""
        chosen: dict[str, Callable[[Any], GraphModel]] = {}

        def validate(value: Any) -> GraphModel:
            try:
                validator = chosen[value[TYPE_ANNOTATION]]
            except (KeyError, TypeError):
                return choose(value)
            return validator(value)

        def choose(value: Any) -> GraphModel:
            model = cls._parse(value)
            name = model.odata_type
            if name in classes:  # names that are not known have no end
                chosen[name] = type(model).__pydantic_validator__.validate_python
            return model

        return validate

    @classmethod
    def _select(cls, odata_type: object) -> type[Self]:
        """Return the class that a type name means where this one is declared."""
        if odata_type is None or odata_type == cls._odata_type:
            return cls
        named = class_of(odata_type)
        return named if named is not None and issubclass(named, cls) else cls

    # -- pydantic's own ways in: the same choice of class

    @classmethod
    def model_validate(cls, obj: Any, **kwargs: Any) -> Self:
        """Parse as `from_dict` does; pydantic's options apply."""
        target = cls._select(type_name(obj))
        try:
            validated: Self = target.__pydantic_validator__.validate_python(obj, **kwargs)
        except (ValidationError, RecursionError) as error:
            problem = _told(cls, error)
        else:
            return validated
        raise problem

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **kwargs: Any) -> Self:
        """Parse as `from_json` does; pydantic's options apply."""
        return cls.model_validate(_decoded(cls, json_data), **kwargs)

    @classmethod
    def model_rebuild(cls, *, force: bool = False, **kwargs: Any) -> bool | None:
        """Build the validator, as pydantic does on first use."""
        with _build_lock, _built(cls):
            if cls.__pydantic_complete__ and not force:
                return None
            kwargs["_types_namespace"] = _namespaces
            return super().model_rebuild(force=force, **kwargs)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        # Where a class mentions another stands a reference, which picks the class by type name and
        # builds that one's validator on first use: a program pays for the types that it meets, and
        # chains of types have no end to reach. Only a mentioned class that nothing derives from is
        # written into the one that mentions it, one level deep, which makes parsing faster.
        building = _building.get()
        if building and building[-1] is cls:
            return handler(source)
        if len(building) == 1 and not cls.__subclasses__():
            with _built(*building, cls):
                lax = handler(source)
        else:
            lax = core_schema.no_info_plain_validator_function(cls._reference())
        # The strict half also decides how a value is written: by its own class.
        return core_schema.lax_or_strict_schema(lax, core_schema.is_instance_schema(cls))

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        if schema["type"] == "model":
            return handler(schema)
        return {"type": "object", "title": cls.__name__}

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        yield from (
            (n, getattr(self, n)) for n in type(self).model_fields if n in self.model_fields_set
        )
        yield from self.undeclared.items()


def _decoded(cls: type[GraphModel], data: bytes | bytearray | str) -> Any:
    try:
        return from_json(data, allow_inf_nan=False, cache_strings="keys")
    except ValueError as problem:
        raise _invalid(cls, str(problem)) from None


def _told(cls: type[GraphModel], error: ValidationError | RecursionError) -> ValidationError:
    if isinstance(error, ValidationError):
        return cleaned(error)
    # How deep is too deep depends on how deep the caller is already.
    return _invalid(cls, "nested too deeply")


def _invalid(cls: type[GraphModel], problem: str) -> ValidationError:
    detail = InitErrorDetails(type="json_invalid", loc=(), input=None, ctx={"error": problem})
    return ValidationError.from_exception_data(cls.__name__, [detail], hide_input=True)


def _wire_name(cls: type[GraphModel], name: str) -> str:
    field = cls.model_fields[name]
    return field.serialization_alias or to_camel(name)


def _hint(cls: type[GraphModel], name: str) -> str:
    fields = {_wire_name(cls, field): field for field in cls.model_fields} | {
        field: field for field in cls.model_fields
    }
    close = difflib.get_close_matches(name, fields, n=1)
    meant = (
        f"did you mean {fields[close[0]]}?" if close else "set undeclared ones by with_undeclared"
    )
    return f"{cls.__name__} has no attribute {name}; {meant}"


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
