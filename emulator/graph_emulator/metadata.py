"""The types that the package declares for the bodies of operations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any, get_type_hints

from pydantic import Field, create_model

from graph_comms import OPERATIONS, Operation, models
from graph_comms._runtime import edm
from graph_comms._runtime.model import GraphModel
from graph_comms._runtime.untyped import classes

_NAMES: dict[str, Any] = {**vars(models), "edm": edm, "Sequence": Sequence}


def body_type(operation: Operation) -> type[GraphModel] | None:
    """Return the class of the body that an operation takes; None if it takes none, or a stream.

    The body of an action has the action's parameters as properties, and a class made of them.
    """
    return _body_type(operation.method, operation.path)


def entity_type(operation: Operation) -> type[GraphModel] | None:
    """Return the class of the entity, or of each in the collection, that an operation returns."""
    name = (operation.returns or "").removesuffix(" | None")
    name = name.removeprefix("Page[").removesuffix("]")
    found = _resolved({"entity": name})["entity"] if name else None
    return found if isinstance(found, type) and issubclass(found, GraphModel) else None


def type_name_of(cls: type[GraphModel]) -> str:
    """Return the type name of a class without `#`; empty for one that is made of an action's parameters."""
    return _type_names().get(cls, "")


@cache
def _type_names() -> dict[type[Any], str]:
    return {cls: name.removeprefix("#") for name, cls in classes.items()}


@cache
def _body_type(method: str, path: str) -> type[GraphModel] | None:
    [operation] = [one for one in OPERATIONS if (one.method, one.path) == (method, path)]
    if operation.kind in ("create", "update"):
        return entity_type(operation)
    if operation.kind != "action":
        return None
    inside = [one for one in operation.parameters if one.location == "body"]
    types = _resolved({one.name: one.type for one in inside})
    fields: dict[str, Any] = {
        one.name: (
            types[one.name] | None,
            Field(None, validation_alias=one.wire_name, serialization_alias=one.wire_name),
        )
        for one in inside
    }
    return create_model(path.rpartition("/")[2], __base__=GraphModel, **fields)


def _resolved(annotations: dict[str, str]) -> dict[str, Any]:
    return get_type_hints(SimpleNamespace(__annotations__=annotations), _NAMES, include_extras=True)
