"""Enum values are members that are also text, unknown ones too; flags are combinations."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from graph_comms._runtime.enums import GraphEnum, flags_of
from graph_comms.models import (
    Call,
    CallState,
    CommsOperation,
    GraphModel,
    Modality,
    OnlineMeetingRestricted,
    OnlineMeetingVideoDisabledReason,
    OperationStatus,
)
from tests.golden.documented import CREATE_CALL
from tests.unit.runtime.wire import COPIES, comes_back

Reason = OnlineMeetingVideoDisabledReason
PAGES = Path(__file__).parents[3].parent / "shared" / "examples"
"""More documented examples, if they are beside this checkout."""


def state(text: str) -> CallState:
    value = Call.from_json(json.dumps({"state": text})).state
    assert type(value) is CallState
    return value


def test_a_known_value_is_the_member() -> None:
    value = state("established")

    assert value == "established"
    assert isinstance(value, str)
    assert value is CallState.ESTABLISHED
    assert not value.is_unknown
    assert json.dumps(value) == '"established"'


@pytest.mark.parametrize("text", ["Established", "ESTABLISHED", "eStAbLiShEd"])
def test_capitals_are_ignored_when_matching_and_kept_when_sent(text: str) -> None:
    value = state(text)

    assert value == CallState.ESTABLISHED
    assert hash(value) == hash(CallState.ESTABLISHED)
    assert value in {CallState.ESTABLISHED}
    assert value.name == "ESTABLISHED"
    assert value.value == text
    assert not value.is_unknown
    assert comes_back(Call, {"state": text})


@pytest.mark.parametrize("cls", [CommsOperation, *CommsOperation.__subclasses__()])
@pytest.mark.parametrize("text", ["completed", "Completed", "COMPLETED"])
def test_members_that_the_service_spells_otherwise_than_the_metadata(
    text: str, cls: type[CommsOperation]
) -> None:
    status = cls.from_dict({"status": text}).status

    assert status == OperationStatus("completed")
    assert status == "completed"
    assert hash(status) == hash("completed")
    assert {status} & {"Completed", "COMPLETED"} == set()  # equality is that of str
    assert isinstance(status, OperationStatus)
    assert (status.name, status.value, status.is_unknown) == ("COMPLETED", text, False)
    assert comes_back(cls, {"status": text})


def test_what_is_built_is_sent_in_the_services_spelling() -> None:
    sent = [CommsOperation(odata_type=None, status=status).to_dict() for status in OperationStatus]
    assert [one["status"] for one in sent] == ["notStarted", "running", "completed", "failed"]


def enum_values(value: object) -> Iterator[GraphEnum]:
    """The values of enumerations in a value, at any depth."""
    match value:
        case GraphEnum():
            yield value
        case GraphModel():
            for name in type(value).model_fields:
                yield from enum_values(getattr(value, name))
            yield from enum_values(value.undeclared)
        case dict():
            yield from enum_values(list(value.values()))
        case list():
            for item in value:
                yield from enum_values(item)


def test_members_are_spelled_as_documented() -> None:
    documented = [*CREATE_CALL.rglob("*.json"), *PAGES.glob("*.json")]
    texts = [path.read_text(encoding="utf-8") for path in documented]
    # Untyped, so that every object in it that names a type is a model.
    whole = GraphModel.from_dict({"documented": [json.loads(text) for text in texts]})
    spellings: dict[GraphEnum, set[str]] = defaultdict(set)
    for value in enum_values(whole):
        spellings[value].add(value.value)

    assert Modality.AUDIO in spellings
    assert [v for v in spellings if v.is_unknown] == []
    assert {str(v): others for v, others in spellings.items() if str(v) not in others} == {}


@pytest.mark.parametrize("text", ["levitating", "", "established ", "1"])
def test_an_unknown_value_is_usable_and_tells_that_it_is_unknown(text: str) -> None:
    value = state(text)

    assert value.is_unknown
    assert value == text
    assert str(value) == value.value == f"{value}" == text
    assert value not in set(CallState)
    assert value == CallState(text)
    assert hash(value) == hash(CallState(text)) == hash(text)
    assert comes_back(Call, {"state": text})


def test_the_sentinel_of_evolvable_enums_is_a_member() -> None:
    assert not state("unknownFutureValue").is_unknown


def test_a_declared_text_stands_for_its_member_at_run_time() -> None:
    call = Call(state="established")  # type: ignore[arg-type]
    assert call.state is CallState.ESTABLISHED


def test_an_unknown_value_can_be_sent_on_purpose() -> None:
    call = Call(odata_type=None, state=CallState("levitating"))
    assert call.to_dict() == {"state": "levitating"}


@pytest.mark.parametrize("value", [5, True, ["established"], {}])
def test_a_value_that_is_no_text_is_an_error(value: object) -> None:
    with pytest.raises(ValidationError, match="state"):
        Call.from_dict({"state": value}, strict=True)
    with pytest.raises(ValueError, match="not a valid CallState"):
        CallState(value)  # type: ignore[arg-type]


def restricted(text: str) -> Reason:
    value = OnlineMeetingRestricted.from_dict({"videoDisabled": text}).video_disabled
    assert type(value) is Reason
    return value


def test_flags_are_combinations() -> None:
    both = Reason.WATERMARK_PROTECTION | Reason.UNKNOWN_FUTURE_VALUE

    assert restricted("watermarkProtection") == Reason.WATERMARK_PROTECTION
    assert restricted("unknownFutureValue,watermarkProtection") == both
    assert list(both) == [Reason.WATERMARK_PROTECTION, Reason.UNKNOWN_FUTURE_VALUE]
    assert Reason.WATERMARK_PROTECTION in both
    assert both not in Reason.WATERMARK_PROTECTION
    assert both != Reason.WATERMARK_PROTECTION
    assert not both.is_unknown
    assert OnlineMeetingRestricted(odata_type=None, video_disabled=both).to_dict() == {
        "videoDisabled": "watermarkProtection,unknownFutureValue"
    }


def test_flags_keep_what_arrived() -> None:
    text = "Later, WatermarkProtection"
    value = restricted(text)

    assert str(value) == text
    assert value.is_unknown
    assert Reason.WATERMARK_PROTECTION in value
    assert Reason("later") in value
    assert Reason("never") not in value
    assert value == restricted("watermarkprotection,later")
    assert hash(value) == hash(restricted("watermarkprotection,later"))
    assert comes_back(OnlineMeetingRestricted, {"videoDisabled": text})
    assert not restricted("")


def test_flags_that_are_no_text_are_an_error() -> None:
    with pytest.raises(ValidationError, match="videoDisabled"):
        OnlineMeetingRestricted.from_dict({"videoDisabled": 1}, strict=True)


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_copies_keep_unknown_values_and_capitals(
    copied: Callable[[GraphModel], GraphModel],
) -> None:
    call = Call.from_dict({"state": "Established", "direction": "sideways"})
    limits = OnlineMeetingRestricted.from_dict({"videoDisabled": "Later, WatermarkProtection"})
    for model in (call, limits):
        again = copied(model)
        assert again == model
        assert again.to_json() == model.to_json()
    copied_call = copied(call)
    assert isinstance(copied_call, Call)
    assert copied_call.direction is not None
    assert copied_call.direction.is_unknown


def test_flags_may_be_given_as_the_names_of_declared_members() -> None:
    names = "watermarkProtection, unknownFutureValue"
    later = Reason("later")

    assert flags_of(Reason, names) == Reason.WATERMARK_PROTECTION | Reason.UNKNOWN_FUTURE_VALUE
    assert flags_of(Reason, later) is later
    with pytest.raises(ValueError, match="did you mean watermarkProtection"):
        flags_of(Reason, "unknownFutureValue,watermarkProtecton")
    with pytest.raises(ValueError, match=f"should be an {Reason.__name__}"):
        flags_of(Reason, CallState.ESTABLISHED)


def test_a_misspelt_member_is_answered_by_the_right_one() -> None:
    with pytest.raises(ValidationError, match="did you mean established") as caught:
        Call(state="Establishd")  # type: ignore[arg-type]
    assert "Establishd" not in str(caught.value)
