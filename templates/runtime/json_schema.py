"""The JSON schemas of models: every property, and derived types where a base type is declared.

Validators of models are built on first use and refer to each other by functions, which say nothing about
the values that they take. A schema is put together from the classes instead, when it is asked for.
Source: https://docs.pydantic.dev/latest/concepts/json_schema.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from functools import cache
from typing import Any, cast

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from .deferred import derived
from .type_names import TYPE_ANNOTATION

_open: ContextVar[tuple[type[BaseModel], ...]] = ContextVar("_open", default=())
"""The classes whose definitions are being written: types hold each other in circles."""


def reference(cls: type[BaseModel], handler: GetJsonSchemaHandler) -> dict[str, Any]:
    """Return the schema of a value where a class is declared: that of the class or of one below it."""
    choices = [_definition(one) for one in (cls, *_below(cls))]
    token = _open.set((*_open.get(), cls, *_below(cls)))
    try:
        found = [handler(core_schema.nullable_schema(choice)) for choice in choices]
    finally:
        _open.reset(token)
    # Of one class, too: pydantic would replace a plain reference by what it leads to.
    return {"anyOf": [option for one in found for option in one["anyOf"] if "$ref" in option]}


def describe(cls: type[BaseModel], schema: dict[str, Any], type_name: str) -> None:
    """Give the properties in the schema of a class the descriptions of its attributes.

    `type_name` is an example of what `@odata.type` is, not the only value: that of a derived type newer
    than the class is read as the class. For the same reason, and because Graph leaves it out where the
    type is the declared one, it is no discriminator in the sense of OpenAPI.
    """
    if "__deprecated__" not in vars(cls):
        schema.pop("deprecated", None)  # that of a base class, which says nothing about this one
    properties = schema.get("properties", {})
    for described in properties.values():
        described.pop("title", None)  # the wire name in other words
    for base in reversed(cls.__mro__):
        for name, text in _descriptions(base.__module__).get(base.__name__, {}).items():
            field = cls.model_fields.get(name)
            wire_name = field and (field.serialization_alias or field.alias)
            if wire_name in properties:
                properties[wire_name]["description"] = text
    if type_name:
        properties[TYPE_ANNOTATION]["examples"] = [type_name]


def _below(cls: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for one in derived(cls):
        yield one
        yield from _below(one)


def _definition(cls: type[BaseModel]) -> CoreSchema:
    """Return the validator of a class as a definition, or the reference to one that is being written."""
    name = f"{cls.__module__}.{cls.__qualname__}:{id(cls)}"
    if cls in _open.get():
        return core_schema.definition_reference_schema(name)
    cls.model_rebuild()
    schema: Any = cls.__pydantic_core_schema__
    if schema["type"] == "definitions":
        return cast("CoreSchema", {**schema, "schema": {**schema["schema"], "ref": name}})
    return cast("CoreSchema", {**schema, "ref": name})


@cache
def _descriptions(module: str) -> Mapping[str, Mapping[str, str]]:
    """Return the docstrings of attributes by class, none if the source is not there."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (OSError, TypeError, KeyError):
        return {}
    return {
        node.name: dict(_docstrings(node)) for node in tree.body if isinstance(node, ast.ClassDef)
    }


def _docstrings(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for statement, after in zip(node.body, node.body[1:], strict=False):
        match statement, after:
            case ast.AnnAssign(ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                yield name, inspect.cleandoc(text).replace("\n", " ")
            case _:
                pass
