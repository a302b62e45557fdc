"""What is known of the values in an application: each is of one of several kinds."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from types import GeneratorType
from uuid import UUID

from graph_codegen.usage.scopes import Module, Scope
from graph_codegen.usage.uses import Path


@dataclass(frozen=True, slots=True)
class Package:
    """The generated package, or what is at a path in it."""

    path: Path = ()


@dataclass(frozen=True, slots=True)
class Value:
    """A class of the models, a value of it, or a collection of those: what is read of them is the same."""

    type: str


@dataclass(frozen=True, slots=True)
class Resource:
    """The client or its class, a resource of it, or a method."""

    path: Path = ()


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the application, with the scope of its body."""

    node: ast.FunctionDef | ast.AsyncFunctionDef
    scope: Scope


@dataclass(frozen=True, slots=True)
class Own:
    """A module of the application."""

    module: Module


@dataclass(frozen=True, slots=True)
class Plain:
    """A text or a number, if what the application says of it is true: its attributes are `BUILT_IN`."""


@dataclass(frozen=True, slots=True)
class Library:
    """A module of the standard library, or something of one: no attribute of it is the package's."""


@dataclass(frozen=True, slots=True)
class Display:
    """A list, dictionary or set that is written down: it has those of `BUILT_IN`, and unknown elements."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Anything; `tail` are the attributes that lead to it from something of which nothing is known."""

    tail: Path = ()


Type = Package | Value | Resource | Function | Own | Plain | Library | Display | Unknown
Types = frozenset[Type]

BUILT_IN = frozenset(
    name
    for each in (bytes, complex, datetime, Decimal, dict, frozenset, GeneratorType, list, set, str, time,
                 timedelta, tuple, UUID)
    for name in dir(each)
)  # fmt: skip
"""The attributes of texts, numbers, dates and collections."""

ANYTHING: Types = frozenset({Unknown()})

MOST = 64
"""Types that one value may be of; of more, what is unknown loses how it was reached."""

TAIL = 6
"""Attributes that a tail keeps, the last ones: methods are rarely further down."""


def one_of(*types: Types) -> Types:
    """Return the types of what is of any of these; of none is anything."""
    found = frozenset(each for some in types for each in some)
    if len(found) > MOST:
        found = frozenset(each for each in found if not isinstance(each, Unknown)) | ANYTHING
    return found or ANYTHING
