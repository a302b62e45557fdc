"""Enumerations as Graph sends them: evolvable, in any case, and lossless.

Source: OData JSON 4.01, section 7.1 (an enumeration value is its member's name; flags are joined by
commas); Graph's evolvable enumerations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache, partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from .spelling import a, meant


class GraphEnum(StrEnum):
    """An enumeration whose members are also `str`.

    Calling the class with a string always returns a member: a declared one, or one whose
    `is_unknown` is true. A string that differs from a declared member only in case equals it, and
    keeps its own `value`, which is also what is sent back. Compare with `==`.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        declared = _folded(cls).get(value.casefold())
        member = str.__new__(cls, value if declared is None else str(declared))
        member._name_ = "<unknown>" if declared is None else declared.name
        member._value_ = value
        return member

    if not TYPE_CHECKING:
        # That of the base is in Python, for members of the name `value`: each dump of a member calls it.
        value = property(attrgetter("_value_"), doc="The text on the wire.")

    @property
    def is_unknown(self) -> bool:
        """Whether the value was not declared by the metadata that this code was generated from."""
        return self._name_ not in type(self).__members__

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        if not cls.__members__:  # declared without members: every string is unknown
            unknown = core_schema.no_info_after_validator_function(
                cls._missing_, core_schema.str_schema(strict=True)
            )
            return core_schema.lax_or_strict_schema(unknown, core_schema.is_instance_schema(cls))
        # From the wire, any string is valid; from a caller, an undeclared one is a typo.
        schema = handler(source)
        return core_schema.lax_or_strict_schema(
            schema,
            core_schema.no_info_before_validator_function(partial(member_of, cls), schema),
        )


_E = TypeVar("_E", bound=GraphEnum)


def member_of(cls: type[_E], value: object) -> _E:
    """Return the member that a caller means: itself, or by the text of a declared one.

    Raises ValueError for anything else: an undeclared one has to be asked for, as `CallState("x")`.
    """
    if isinstance(value, cls):
        return value
    # A member of another enumeration is a str too, but a mistake here.
    if type(value) is not str:
        raise ValueError(f"Input should be {a(cls.__name__)}")
    declared = _folded(cls).get(value.casefold())
    if declared is None or declared.value != value:
        raise ValueError(_no_member(cls, value, [str(member) for member in cls]))
    return cls(value)


def _no_member(cls: type[GraphEnum] | type[GraphFlags], name: str, declared: list[str]) -> str:
    # The text itself stays out of the message: it may be anything, in the wrong place.
    hint = meant(name, declared) or f"; it declares {', '.join(declared[:_SHOWN])}."
    return (
        f"{cls.__name__} declares no such member{hint} {cls.__name__}('…') makes an undeclared one"
    )


_SHOWN = 12
"""Members that a message lists where none is like the text."""


@cache
def _folded(cls: type[GraphEnum]) -> Mapping[str, GraphEnum]:
    return {member.value.casefold(): member for member in cls}


class GraphFlags:
    """A combination of the members of a flags enumeration; each member is a class attribute.

    `X("a,b")` parses the wire form, `X.A | X.B` combines, `X.A in value` tests, iteration yields the
    single members, and `str(value)` is the wire form as received. Values with the same members are
    equal. Undeclared names are kept; `is_unknown` is true if there are any.
    """

    __slots__ = ("_names", "_wire")

    _members: ClassVar[Mapping[str, tuple[str, int]]] = {}
    """The members by attribute name: wire name and numeric value."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for attribute, (name, _) in cls._members.items():
            setattr(cls, attribute, cls(name))

    def __init__(self, wire: str = "") -> None:
        names = [name.strip() for name in wire.split(",")]
        self._wire = wire
        self._names = {name.casefold(): name for name in names if name}

    @property
    def is_unknown(self) -> bool:
        """Whether any name was not declared by the metadata that this code was generated from."""
        return not self._names.keys() <= self._values().keys()

    @classmethod
    def _values(cls) -> Mapping[str, int]:
        return {name.casefold(): value for name, value in cls._members.values()}

    def _bits(self) -> int:
        values = self._values()
        bits = 0
        for name in self._names:
            bits |= values.get(name, 0)
        return bits

    def __or__(self, other: Self) -> Self:
        return type(self)(",".join((self._names | other._names).values()))

    def __contains__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return False
        if other._names.keys() <= self._names.keys():
            return True
        bits = other._bits()
        return not other.is_unknown and bits != 0 and bits & self._bits() == bits

    def __iter__(self) -> Iterator[Self]:
        return (type(self)(name) for name in self._names.values())

    def __bool__(self) -> bool:
        return bool(self._names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._names.keys() == other._names.keys()

    def __hash__(self) -> int:
        return hash(frozenset(self._names))

    def __str__(self) -> str:
        return self._wire

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._wire!r})"

    @classmethod
    def _from_wire(cls, value: object) -> Self:
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            return cls(value)
        raise ValueError(f"Input should be the names of {cls.__name__} members, joined by commas")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.lax_or_strict_schema(
            core_schema.no_info_plain_validator_function(
                cls._from_wire, json_schema_input_schema=core_schema.str_schema()
            ),
            core_schema.is_instance_schema(cls),
            serialization=core_schema.to_string_ser_schema(when_used="json"),
        )


_F = TypeVar("_F", bound=GraphFlags)


def flags_of(cls: type[_F], value: object) -> _F:
    """Return the combination that a caller means: itself, or by the names of declared members.

    Raises ValueError for anything else: undeclared ones have to be asked for, as `X("a,b")`.
    """
    if isinstance(value, cls):
        return value
    if type(value) is not str:
        raise ValueError(f"Input should be {a(cls.__name__)}")
    flags = cls(value)
    declared = [str(member) for member in vars(cls).values() if isinstance(member, cls)]
    for name in flags:
        if str(name) not in declared:
            raise ValueError(_no_member(cls, str(name), declared))
    return flags
