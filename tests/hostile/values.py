"""Values of the generated types: from the wire, in an attribute, and back; and every method called."""

from __future__ import annotations

import contextlib
import inspect
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

from graph_codegen.csdl.ast import EnumType, StructuredType, split_name
from graph_codegen.model.model import Model
from tests.hostile.generated import Generated, Recorder
from tests.support.wire_values import EDM_VALUES, wire_value

Import = Callable[[str], ModuleType]


VALUES = defaultdict(lambda: "aGk_", EDM_VALUES)
"""A value of each Edm type, those that Graph has none of too."""


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
    _check_client(module)


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


def _check_client(module: Import) -> None:
    """Assert that each operation is what the method of its name sends, by both clients."""
    table = module("operations").OPERATIONS
    assert len({operation.python for operation in table}) == len(table)
    for path, base in (("client", "SyncClient"), ("async_client", "AsyncClient")):
        found = module(path)
        client = _client_of(found, getattr(module("_runtime.client"), base))
        top: Any = object.__new__(client)
        top._session = Recorder()
        for operation in table:
            *owners, method = operation.python.split(".")
            resource: Any = top
            for owner in owners:
                resource = getattr(resource, owner)
            _check_method(resource, method, operation, top._session)
            if operation.kind in ("content", "function") and operation.returns == "bytes":
                streamed = f"stream_{method.replace('get_', '', 1)}"
                _check_method(resource, streamed, operation, top._session)


def _client_of(module: ModuleType, base: type) -> type:
    (client,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, base) and value is not base
    )
    return client


def _check_method(resource: Any, name: str, operation: Any, session: Recorder) -> None:
    own = [p for p in operation.parameters if p.location != "query"]
    method = getattr(resource, name)
    arguments = list(_arguments(method, {p.name: p.wire_name for p in own}))
    assert sorted(arguments) == sorted(p.name for p in own), (operation.python, arguments)
    signature = inspect.signature(method)
    keywords = {
        n: n for n in arguments if signature.parameters[n].kind is inspect.Parameter.KEYWORD_ONLY
    }
    positional = [n for n in arguments if n not in keywords]
    session.sent.clear()
    result = method(*positional, **keywords)
    if inspect.iscoroutine(result):
        _finish(result)
    ((_, sent, given),) = session.sent
    assert sent is operation, (operation.python, sent)
    assert given == tuple(p.name for p in own), (operation.python, given)


def _arguments(method: Any, own: Mapping[str, str]) -> Iterator[str]:
    for parameter in inspect.signature(method).parameters.values():
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD:
            yield parameter.name


def _finish(coroutine: Any) -> None:
    """Run a coroutine whose session answers at once: it stops where it would wait for the answer."""
    with contextlib.suppress(StopIteration, TypeError):
        coroutine.send(None)
