"""The types that the package declares for the bodies of operations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import Field, create_model

from graph_comms import OPERATIONS, Operation, models
from graph_comms._runtime import edm
from graph_comms._runtime.misfits import attributes, plain
from graph_comms._runtime.model import GraphModel, is_open, key_of
from graph_comms._runtime.type_names import TYPE_ANNOTATION, derived_class
from graph_comms.bot.json_values import Json

from .faults import Fault

_NAMES: dict[str, Any] = {name: getattr(models, name) for name in models.__all__} | {
    "edm": edm,
    "Sequence": Sequence,
}


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


@dataclass(frozen=True, slots=True)
class Property:
    """A declared property: its name on the wire, and the class of its values if they are structured.

    `leads` says that it leads to entities, which only `$expand` shows, `many` that it is a collection.
    """

    name: str
    cls: type[GraphModel] | None = None
    leads: bool = False
    many: bool = False


@cache
def properties_of(cls: type[GraphModel]) -> Mapping[str, Property]:
    """Return the declared properties of a type, by their names on the wire."""
    cls.model_rebuild()
    found: dict[str, Property] = {}
    for name, attribute in attributes(cls).items():
        if "@" in name:
            continue
        form = plain(cls.model_fields[attribute].annotation)
        many = get_origin(form) is list
        inner = plain(get_args(form)[0] if many else form)
        held = inner if isinstance(inner, type) and issubclass(inner, GraphModel) else None
        found[name] = Property(name, held, bool(held and key_of(held)), many)
    return found


@cache
def scalars_of(cls: type[GraphModel]) -> Mapping[str, edm.Scalar]:
    """Return the primitive types of the declared properties that have one, by their names on the wire."""
    cls.model_rebuild()
    forms = {name: cls.model_fields[attribute] for name, attribute in attributes(cls).items()}
    found = {
        name: next(_scalars_in(Annotated[form.annotation, *form.metadata, None]), None)
        for name, form in forms.items()
    }
    return {name: scalar for name, scalar in found.items() if scalar is not None}


def _scalars_in(form: Any) -> Iterator[edm.Scalar]:
    for inner in get_args(form):
        if isinstance(inner, edm.Scalar):
            yield inner
        else:
            yield from _scalars_in(inner)


def is_abstract(cls: type[GraphModel]) -> bool:
    """Whether there are no values of a type, but of those derived from it (CSDL, 6.2 and 9.2)."""
    return bool(vars(cls).get("_abstract") and type_name_of(cls))


def property_of(cls: type[GraphModel] | None, name: str) -> Property:
    """Return the property that a query names, in whatever case; raises Fault if there is none.

    What is not declared may be there if the type is open, or unknown.
    """
    if cls is None:
        return Property(name)
    declared = properties_of(cls)
    found = declared.get(name) or next(
        (one for one in declared.values() if one.name.lower() == name.lower()), None
    )
    if found is None and is_open(cls):
        return Property(name)
    if found is None:
        message = f"Could not find a property named '{name[:100]}' on type '{type_name_of(cls)}'."
        raise Fault(400, "BadRequest", message)
    return found


def type_name_of(cls: type[GraphModel]) -> str:
    """Return the type name of a class without `#`; empty for one that is made of an action's parameters."""
    return cls._odata_type.removeprefix("#")  # pyright: ignore[reportPrivateUsage]


def entities_at(path: str) -> type[GraphModel] | None:
    """Return the class of what a request for a path returns, without `$count` at its end."""
    return _entities_at(path.removesuffix("/$count"))


@cache
def _entities_at(path: str) -> type[GraphModel] | None:
    found = [
        one for one in OPERATIONS if one.path == path and one.kind in ("list", "get", "function")
    ]
    return entity_type(found[0]) if found else None


def declared_in(value: Mapping[str, Json], cls: type[GraphModel] | None) -> Mapping[str, Property]:
    """Return the properties that are declared for a value: by the type that it names, or by its class."""
    if cls is None:
        return {}
    return properties_of(derived_class(value.get(TYPE_ANNOTATION), cls))


def key_name(cls: type[GraphModel] | None) -> str:
    """Return the property by which the entities of a type are told apart."""
    return next(iter(key_of(cls) if cls else ()), "id")


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
