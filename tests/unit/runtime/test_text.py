"""JSON text is read as its values are, although pydantic may read it without making values first."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from graph_comms.models import Call, GraphModel, Presence
from graph_comms.models.call_records import CallRecord
from tests.unit.runtime.wire import generated_classes, same, wire_names

NO_JSON = ["NaN", "Infinity", "-Infinity"]

SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8"), max_size=6),
    st.sampled_from(
        ["2026-02-25T18:52:21.2169889z", "PT0.0160S", "INF", "NaN", "12", "audio", "Established"]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=4), inner, max_size=2),
    max_leaves=6,
)


@st.composite
def bodies(draw: st.DrawFn) -> tuple[type[GraphModel], dict[str, Any]]:
    """Draw a class and an object that has some of its properties, of any form."""
    cls = draw(st.sampled_from(generated_classes()))
    names = st.sampled_from(sorted(wire_names(cls).values())) | st.sampled_from(
        ["new", "@odata.etag"]
    )
    return cls, draw(st.dictionaries(names, VALUES, max_size=4))


@given(bodies())
def test_text_is_read_as_its_values_are(drawn: tuple[type[GraphModel], dict[str, Any]]) -> None:
    cls, body = drawn

    read, expected = cls.from_json(json.dumps(body)), cls.from_dict(body)

    assert read == expected
    assert read.model_fields_set == expected.model_fields_set
    assert read.misfits == expected.misfits
    assert same(read.to_dict(), body)


@pytest.mark.parametrize("number", NO_JSON)
@pytest.mark.parametrize(
    ("cls", "body"),
    [
        (CallRecord, '{"new": [%s]}'),
        (CallRecord, '{"version": %s}'),
        (CallRecord, '{"sessions": [{"segments": [{"media": [{"streams": [{"averageJitter": %s}]}]}]}]}'),
        (
            CallRecord,
            '{"sessions": [{"segments": [{"media": [{"streams": [{"averageAudioDegradation": %s}]}]}]}]}',
        ),
        (CallRecord, '{"sessions": [{"callee": {"feedback": {"tokens": {"x": %s}}}}]}'),
        (Presence, '{"activity": %s}'),
        (Call, '{"meetingCapability": {"x": %s}}'),
    ],
)  # fmt: skip
def test_what_is_no_number_of_json_is_refused_wherever_it_is(
    cls: type[GraphModel], body: str, number: str
) -> None:
    for text in (body % number, (body % number).encode()):
        for strict in (False, True):
            with pytest.raises(ValidationError):
                cls.from_json(text, strict=strict)


def test_classes_of_an_application_may_not_be_given_what_is_no_number_of_json_either() -> None:
    class Rated(Call):
        rating: float | None = None
        more: dict[str, Any] | None = None

    class RatedRecord(CallRecord, odata_type="#contoso.ratedRecord"):
        rating: float | None = None

    for number in NO_JSON:
        for cls, text in (
            (Rated, '{"rating": %s}'),
            (Rated, '{"more": {"x": %s}}'),
            (RatedRecord, '{"rating": %s}'),
        ):
            with pytest.raises(ValidationError):
                cls.from_json(text % number)
    assert Rated.from_json('{"rating": 1.5}').rating == 1.5


def test_a_number_that_is_text_may_be_infinite() -> None:
    body = '{"sessions": [{"segments": [{"media": [{"streams": [{"averageAudioDegradation": "-INF"}]}]}]}]}'
    record: Any = CallRecord.from_json(body)

    [stream] = record.sessions[0].segments[0].media[0].streams
    assert stream.average_audio_degradation == -math.inf
    assert json.loads(record.to_json()) == json.loads(body)


def test_the_last_of_equal_names_counts() -> None:
    for cls in (Call, CallRecord):
        read = cls.from_json('{"id": 5, "id": "a", "new": {"x": 1}, "new": 2, "id": "b"}')
        assert read.to_dict() == {"id": "b", "new": 2}
        assert not read.misfits
