"""Any JSON object comes back equal: never lost, never an error.

`make test-thorough` tries thousands of them.
"""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from types import NoneType
from typing import Annotated, Any, get_args, get_origin
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from graph_comms._runtime.enums import GraphEnum, GraphFlags
from graph_comms.models import Call, GraphModel
from tests.support.examples import examples
from tests.unit.runtime.wire import COPIES, comes_back, generated_classes, same, wire_names

Wire = st.SearchStrategy[Any]

CLASSES = generated_classes()
TYPE_NAMES = [cls._odata_type for cls in CLASSES]
each_class = pytest.mark.parametrize("cls", CLASSES, ids=TYPE_NAMES)

# -- any values, some of which Graph could send

PYTHON_NAMES = [
    *("__class__", "__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__slots__"),
    *("_abstract", "_odata_type", "cls", "from_", "from_json", "model_config", "model_fields"),
    *("model_fields_set", "odata_type", "self", "to_json", "undeclared", "value"),
]
ANNOTATIONS = ["@odata.context", "@odata.etag", "state@odata.type", "@odata.type", "odata.type"]
TEXTS = [
    *("", " ", "1", "-1.50", "1e5", "INF", "-INF", "NaN", "null", "true", "audio", "Established"),
    *("2026-01-31T10:00:00.1234567Z", "2026-01-31", "10:00:00.12", "PT1H30.50S", "P1D", "aGk_"),
    *("112F7296-5fa4-42ca-bae8-6a692b15d4b8", "watermarkProtection, x", "\ud800", "\U0001f600"),
]

types = st.sampled_from(TYPE_NAMES).flatmap(
    lambda name: st.sampled_from([name, name[1:], name.upper(), f"{name}X"])
)
texts = st.sampled_from(TEXTS) | types | st.text()
numbers = (
    st.integers() | st.integers(2**62, 2**70) | st.floats(allow_nan=False, allow_infinity=False)
)
scalars = st.none() | st.booleans() | numbers | texts


@cache
def names(cls: type[GraphModel]) -> Wire:
    known = wire_names(cls)
    return (
        st.sampled_from([*known, *known.values()])
        | st.sampled_from(PYTHON_NAMES + ANNOTATIONS)
        | st.text()
    )


@cache
def objects(cls: type[GraphModel]) -> Wire:
    values = st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(names(cls) | names(Call), inner, max_size=4),
        max_leaves=12,
    )
    return st.dictionaries(names(cls), values, max_size=8)


def check_survives(cls: type[GraphModel], value: dict[str, Any]) -> None:
    if not is_text(value):
        with pytest.raises(ValidationError):
            cls.from_json(json.dumps(value))
        return
    model = cls.from_json(json.dumps(value))
    assert same(json.loads(model.to_json()), value)
    assert same(model.to_dict(), value)
    assert comes_back(cls, value)
    for misfit in model.misfits:
        place = value
        for part in misfit.path:
            place = place[part]  # type: ignore[index]
        assert same(place, misfit.value)
    for copied in COPIES.values():
        assert same(copied(model).to_dict(), value)


def is_text(value: dict[str, Any]) -> bool:
    """Whether UTF-8 can encode the texts in a value."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


@each_class
@examples(2, 40)
@given(st.data())
def test_any_object(cls: type[GraphModel], data: st.DataObject) -> None:
    check_survives(cls, data.draw(objects(cls)))


@examples(40, 4_000)
@given(
    objects(Call), st.integers(0, 260), st.sampled_from(["x", "replyTo", "callback_uri", "call"])
)
def test_any_object_deep_within_another(value: dict[str, Any], depth: int, name: str) -> None:
    for _ in range(depth):
        value = {name: value}
    for cls in (Call, GraphModel):
        try:
            cls.from_json(json.dumps(value))
        except ValidationError:
            continue
        check_survives(cls, value)


@examples(40, 4_000)
@given(st.text() | st.binary() | st.recursive(scalars, st.lists).map(json.dumps))
def test_any_text(text: str | bytes) -> None:
    try:
        model = Call.from_json(text)
    except ValidationError:
        return
    assert same(json.loads(model.to_json()), json.loads(text))


# -- values as the metadata declares them, which must all be accepted

some_date_times = st.from_regex(
    r"(19|20)[0-9]{2}-0[1-9]-[01][1-9]T[01][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,12})?"
    r"(Z|[+-]0[0-9]:[0-5][0-9])",
    fullmatch=True,
).filter(lambda text: text[8:10] <= "19")
some_durations = st.from_regex(
    r"-?P[0-9]{1,3}DT[0-9]{1,2}H[0-9]{1,2}M[0-9]{1,2}(\.[0-9]{1,12})?S", fullmatch=True
)
some_numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers()
SCALARS: dict[type, Wire] = {
    bool: st.booleans(),
    int: st.integers() | st.integers().map(str) | st.integers(-999, 999).map(float),
    float: some_numbers | some_numbers.map(str) | st.sampled_from(["INF", "-INF", "NaN"]),
    Decimal: some_numbers | some_numbers.map(str),
    str: st.text(),
    bytes: st.from_regex(r"([0-9A-Za-z_-]{4})*([0-9A-Za-z_-]{2}(==)?)?", fullmatch=True),
    datetime: some_date_times,
    date: st.dates().map(str),
    time: st.times().map(str),
    timedelta: some_durations,
    UUID: st.uuids().map(str) | st.uuids().map(lambda guid: str(guid).upper()),
}


@cache
def objects_as_declared(cls: type[GraphModel], depth: int = 0) -> Wire:
    cls.model_rebuild()  # before first use some annotations are text
    own = st.sampled_from([cls._odata_type, cls._odata_type[1:].upper()])
    attributes = {
        wire: st.none() | values_as_declared(cls.model_fields[name].annotation, depth)
        for name, wire in wire_names(cls).items()
    }
    more = {"@odata.type": own, "@odata.id": st.text(), "new": st.none() | st.text() | numbers}
    return st.fixed_dictionaries({}, optional=attributes | more)


def values_as_declared(form: Any, depth: int) -> Wire:
    if get_origin(form) is Annotated:
        form = get_args(form)[0]
    if NoneType in get_args(form):
        [form] = [arg for arg in get_args(form) if arg is not NoneType]
        return values_as_declared(form, depth)
    if get_origin(form) is list:
        return st.lists(values_as_declared(get_args(form)[0], depth), max_size=2)
    if form is Any:
        return st.dictionaries(st.text(), st.text() | numbers)
    if issubclass(form, GraphModel):
        return objects_as_declared(form, depth + 1) if depth < 2 else st.just({})
    if issubclass(form, GraphEnum):
        return st.sampled_from(form).flatmap(
            lambda it: st.sampled_from([it.value, it.value.upper()])
        )
    if issubclass(form, GraphFlags):
        return st.lists(st.sampled_from([*(name for name, _ in form._members.values()), "x"])).map(
            ", ".join
        )
    return SCALARS[form]


@each_class
@examples(2, 20)
@given(st.data())
def test_an_object_as_declared_is_never_refused(cls: type[GraphModel], data: st.DataObject) -> None:
    value = data.draw(objects_as_declared(cls))

    assert comes_back(cls, value)
    model = cls.from_dict(value)
    assert type(model) is cls
    for copied in COPIES.values():
        assert same(copied(model).to_dict(), value)
