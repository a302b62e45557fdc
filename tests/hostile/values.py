"""Values of the generated types go from the wire to an attribute and back; every method is declared."""

from __future__ import annotations

import inspect
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import reduce
from types import ModuleType
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from graph_codegen.csdl.ast import EnumType, StructuredType, TypeRef, split_name
from graph_codegen.model.model import Model
from graph_codegen.service.requests import REFERENCE, STREAM, Request, list_requests
from tests.hostile.generated import Generated
from tests.support.wire_values import EDM_VALUES, wire_value, wire_value_of

Import = Callable[[str], ModuleType]


VALUES = defaultdict(lambda: "aGk_", EDM_VALUES)
"""A value of each Edm type, including types that Graph does not use."""


def check(made: Generated, module: Import) -> None:
    """Assert that every type takes and gives back its values, and every method sends its operation."""
    for name, declared in made.model.types.items():
        cls = getattr(
            module(f"models.{made.names.modules[split_name(name)[0]]}"), made.names.classes[name]
        )
        if isinstance(declared, EnumType):
            _check_enum(cls, declared, made.names.members[name])
        else:
            _check_structured(cls, made.model, declared, made.names.attributes[name])
    _check_client(made, module)


def _check_enum(cls: Any, declared: EnumType, members: Mapping[str, str]) -> None:
    for member in declared.members:
        found = getattr(cls, members[member.name])
        if declared.is_flags:
            assert str(found) == member.name, (declared.name, member.name)
            assert found in cls(member.name), (declared.name, member.name)
        else:
            assert (found.value, cls(member.name)) == (member.name, found), declared.name
            assert not found.is_unknown, (declared.name, member.name)
    if not declared.is_flags:
        assert len(cls) == len(declared.members), declared.name


def _same(left: object, right: object) -> bool:
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def _check_structured(
    cls: Any, model: Model, declared: StructuredType, attributes: Mapping[str, str]
) -> None:
    value = wire_value(model, declared.name, VALUES)
    parsed = cls.from_dict(value)
    assert type(parsed) is cls, declared.name
    assert _same(parsed.to_dict(), value), (declared.name, parsed.to_dict(), value)
    assert _same(cls.from_json(json.dumps(value)).to_dict(), value), declared.name
    assert parsed.undeclared == {}, (declared.name, parsed.undeclared)
    if declared.abstract:
        return
    empty = cls()
    for wire in value.keys() - {"@odata.type"}:
        attribute = attributes[wire]
        setattr(empty, attribute, getattr(parsed, attribute))
        assert getattr(cls(**{attribute: None}), attribute) is None, (declared.name, wire)
    assert _same(empty.to_dict(), value), (declared.name, empty.to_dict(), value)


def _check_client(made: Generated, module: Import) -> None:
    """Assert that each request of the model is declared by both clients, with its wire names."""
    table = module("operations").OPERATIONS
    assert len({operation.python for operation in table}) == len(table)
    wanted = {
        (request.http, tuple(name for name, _ in _arguments(request))): request
        for request in list_requests(made.model)
    }
    clients = [
        cls("token")
        for cls in vars(module("client")).values()
        if isinstance(cls, type) and "_version" in vars(cls)
    ]
    assert len(clients) == 2
    for operation in table:
        entity = operation.kind in ("create", "update", "put_content", "add_ref", "set_ref")
        own = [p for p in operation.parameters if _is_argument(p)]
        named = own[:-1] if entity else own
        wires = tuple(p.wire_name.removeprefix("@") for p in named)
        request = wanted.pop((f"{operation.method} {operation.path}", wires))
        assert operation.kind == request.kind
        refs = (ref for _, ref in _arguments(request))
        types = {p.name: ref for p, ref in zip(named, refs, strict=True) if ref}
        if request.body:
            types[own[-1].name] = request.body
        for client in clients:
            *owners, method = operation.python.split(".")
            resource = reduce(getattr, owners, client)
            _check_method(made.model, resource, method, operation, types)
            if operation.returns == "bytes":
                name = f"stream_{method.replace('get_', '', 1)}"
                _check_method(made.model, resource, name, operation, types)
    assert not wanted


def _arguments(request: Request) -> tuple[tuple[str, TypeRef | None], ...]:
    """Return the names on the wire and the types of the arguments of a request; those of keys are None."""
    keys = ((key.name, None) for key in request.keys)
    given = {**request.through_parameters, **request.own_parameters}
    return (*keys, *((name, parameter.type) for name, parameter in given.items()))


def _is_argument(parameter: Any) -> bool:
    """Whether a parameter in the table is no query option."""
    wire_name: str = parameter.wire_name
    return parameter.location != "query" or wire_name.startswith("@")


def _check_method(
    model: Model, resource: Any, name: str, operation: Any, types: Mapping[str, TypeRef]
) -> None:
    """Assert that a method takes a value of each declared type, and sends its operation.

    `types` are those of the arguments other than keys.
    """
    own = [p.name for p in operation.parameters if _is_argument(p)]
    declared = getattr(type(resource), name)
    if not hasattr(declared, "bind"):  # the result of a composable function, which its class calls
        resource, name = getattr(resource, name), "__call__"
        declared = type(resource).__call__
    parameters = inspect.signature(getattr(resource, name)).parameters.values()
    placed = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    named = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    assert [*placed, *named] == own, (operation.python, placed, named)
    hints = get_type_hints(declared.__wrapped__, include_extras=True)
    values = {n: _argument(model, hints[n], types[n]) if n in types else n for n in own}
    given, options = declared.bind(
        resource, tuple(values[n] for n in placed), {n: values[n] for n in named}
    )
    assert (given, options) == (values, {}), operation.python
    sent = declared.operation
    assert (sent.method, sent.path, sent.parameters) == (
        operation.method,
        operation.path,
        operation.parameters,
    )


def _argument(model: Model, hint: Any, ref: TypeRef) -> Any:
    """Return a value of the type that a parameter declares."""
    if ref == STREAM:
        return b"content"
    if ref == REFERENCE:
        return "/things/1"
    return TypeAdapter(hint).validate_python(wire_value_of(model, ref, VALUES))
