"""Any entity that is written can be read again as it was, with all that it leads to."""

from __future__ import annotations

from collections.abc import Generator
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any, get_args, get_origin
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_comms import OPERATIONS, Operation
from graph_comms._runtime.misfits import attributes
from graph_comms._runtime.misfits import plain as plain_form
from graph_comms._runtime.model import GraphModel
from graph_comms._runtime.type_names import TYPE_ANNOTATION
from graph_emulator import Emulator
from graph_emulator.metadata import (
    entity_type,
    is_abstract,
    key_name,
    properties_of,
    type_name_of,
)
from graph_emulator.odata.places import place_at
from tests.emulator.plain import plain
from tests.support.examples import examples
from tests.unit.runtime.wire import generated_classes

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SIMPLE: dict[type[Any], st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(-(2**31), 2**31 - 1),
    float: st.floats(-1e6, 1e6).map(float),
    str: TEXT,
    datetime: st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(
        lambda one: f"{one.isoformat()}Z"
    ),
    date: st.dates().map(date.isoformat),
    time: st.times().map(time.isoformat),
    timedelta: st.integers(0, 10**6).map(lambda seconds: f"PT{seconds}S"),
    UUID: st.uuids().map(str),
    bytes: st.sampled_from(["", "AAE=", "_-8="]),
}


def written(form: Any, depth: int, holder: type[GraphModel]) -> st.SearchStrategy[Any]:
    """Return JSON values of a declared form; deep down, collections are empty and objects bare.

    The package reads no derived type where a type refers to itself.
    """
    form = plain_form(form)
    if get_origin(form) is list:
        inner = get_args(form)[0]
        return st.just([]) if depth > 3 else st.lists(written(inner, depth + 1, holder), max_size=2)
    if not isinstance(form, type):
        return st.none()
    if issubclass(form, GraphModel):
        some = [form] if issubclass(holder, form) else kinds(form)
        if not (some := [one for one in some if not is_abstract(one)]):
            return st.none()
        return st.sampled_from(some).flatmap(lambda cls: bodies(cls, form, depth + 1))
    if issubclass(form, Enum):
        return st.sampled_from([str(one) for one in form])
    return next((known for kind, known in SIMPLE.items() if issubclass(form, kind)), st.none())


def kinds(form: type[GraphModel]) -> list[type[GraphModel]]:
    """Return a type and those that are derived from it."""
    return [
        form,
        *(one for one in generated_classes() if issubclass(one, form) and one is not form),
    ]


def bodies(
    cls: type[GraphModel], declared: type[GraphModel], depth: int = 0
) -> st.SearchStrategy[dict[str, Any]]:
    """Return bodies of a type; the keys of entities are there once."""
    found, names, expandable = properties_of(cls), attributes(cls), properties_of(declared)

    def form_of(name: str) -> st.SearchStrategy[Any]:
        values = written(cls.model_fields[names[name]].annotation, depth, cls)
        if not found[name].leads:
            return st.none() | values
        return values.map(keyed) if found[name].many else values

    free = [
        name
        for name, one in found.items()
        if name != "id" and depth <= 3 and (name in expandable or not one.leads)
    ]
    typed = {} if cls is declared else {TYPE_ANNOTATION: st.just(f"#{type_name_of(cls)}")}
    chosen = st.lists(st.sampled_from(free), max_size=5, unique=True) if free else st.just([])
    return chosen.flatmap(
        lambda some: st.fixed_dictionaries({**typed, **{name: form_of(name) for name in some}})
    )


def keyed(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "id": f"{at}"} for at, one in enumerate(items)]


def expansion(body: dict[str, Any], cls: type[GraphModel]) -> str:
    """Return the `$expand` with which everything that a body leads to is read again."""
    parts: list[str] = []
    for name, one in properties_of(cls).items():
        if name in body and one.leads and one.cls:
            inner = [item for item in (body[name] if one.many else [body[name]]) if item]
            below = {key: value for item in inner for key, value in item.items()}
            nested = expansion(below, one.cls)
            parts.append(f"{name}($expand={nested})" if nested else name)
    return ",".join(parts)


def check(sent: Any, read: Any, cls: type[GraphModel] | None) -> None:
    """Compare what was read with what was sent; keys and entity tags may have been added."""
    declared = properties_of(cls) if cls else {}
    for name, value in sent.items():
        one = declared.get(name)
        if one and one.leads and one.many:
            assert len(read[name]) == len(value)
            for left, right in zip(value, read[name], strict=True):
                check(left, right, one.cls)
        elif one and one.leads and value is not None:
            check(value, read[name], one.cls)
        else:
            assert read[name] == value, name


@pytest.fixture(scope="module")
def emulator() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


def creates(svc: Emulator) -> list[Operation]:
    """Return the operations that create what has no behaviour of its own."""
    routed = [route.partition(" ")[2] for route in svc._service._routes]
    return [
        one
        for one in OPERATIONS
        if one.kind == "create"
        and not any(path.startswith(one.path) for path in routed)
        and not one.path.startswith("/communications/calls")
    ]


def test_what_is_written_is_read_again(emulator: Emulator) -> None:
    user = emulator.user("Ann")
    store = emulator._service.entities.store
    with plain(emulator, user) as http:

        @examples(150, 3000)
        @given(st.sampled_from(creates(emulator)), st.data())
        def reads_what_was_written(operation: Operation, data: st.DataObject) -> None:
            cls = entity_type(operation)
            assert cls is not None
            body = data.draw(bodies(cls, cls))
            address = operation.path
            keys: dict[str, str] = {}
            while "{" in address:
                before, _, rest = address.partition("{")
                name, _, after = rest.partition("}")
                keys[name] = "1"
                address = f"{before}1{after}"
            for above in place_at(operation.path, keys, user.id).above():
                if store.get(above) is None:
                    owner = "1" if operation.path.startswith("/users") else user.id
                    store.add(above, {"id": above[-1]}, owner)
            compare(http, address, body, cls)
            store.clear()

        reads_what_was_written()


def compare(http: httpx.Client, address: str, body: dict[str, Any], cls: type[GraphModel]) -> None:
    made = http.post(address, json=body)
    assert made.status_code == 201, made.text
    query = {"$expand": expansion(body, cls)}
    found = http.get(f"{address}/{made.json()[key_name(cls)]}", params=query)
    assert found.status_code == 200, found.text
    check(body, found.json(), cls)
