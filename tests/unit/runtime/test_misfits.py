"""A value that does not fit its declared type is kept, and loses nothing around it."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError, field_validator

from graph_comms.models import (
    Call,
    CommsNotifications,
    EngagementConversationMessage,
    GraphModel,
    InvitationParticipantInfo,
    Modality,
)
from tests.unit.runtime.wire import COPIES, same

CALL = {
    "@odata.type": "#microsoft.graph.call",
    "id": "2",
    "subject": 5,
    "state": 7,
    "requestedModalities": ["audio", 9, None],
    "targets": [5, {"identity": {"user": 7}}, None],
    "resultInfo": {"code": "x", "message": "m"},
    "source": {"@odata.type": 1, "identity": {"user": {"id": {}}}},
    "new": [{"@odata.type": "#microsoft.graph.identity", "id": 5}],
    "callbackUri": None,
}
BODY = {"value": [None, 5, {"resourceUrl": "u", "resourceData": {"id": 1}}, {"resourceData": CALL}]}
IN_CALL = {
    ("subject",): (5, "str"),
    ("state",): (7, "CallState"),
    ("requestedModalities", 1): (9, "Modality"),
    ("targets", 0): (5, "InvitationParticipantInfo"),
    ("targets", 1, "identity", "user"): (7, "Identity"),
    ("resultInfo", "code"): ("x", "int"),
    ("source", "@odata.type"): (1, "str"),
    ("source", "identity", "user", "id"): ({}, "str"),
    ("new", 0, "id"): (5, "str"),
}


class Foreign(BaseModel):
    """A model of an application."""

    notifications: CommsNotifications


WAYS: dict[str, Callable[[Any], CommsNotifications]] = {
    "from_json": lambda body: CommsNotifications.from_json(json.dumps(body)),
    "from_dict": CommsNotifications.from_dict,
    "model_validate": CommsNotifications.model_validate,
    "model_validate_json": lambda body: CommsNotifications.model_validate_json(json.dumps(body)),
    "a list": lambda body: TypeAdapter(list[CommsNotifications]).validate_python([body])[0],
    "a model": lambda body: Foreign.model_validate({"notifications": body}).notifications,
    "JSON of a model": lambda body: Foreign.model_validate_json(
        json.dumps({"notifications": body})
    ).notifications,
}
each_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


def told(model: GraphModel) -> dict[Any, Any]:
    return {misfit.path: (misfit.value, misfit.expected) for misfit in model.misfits}


@each_way
def test_what_fits_is_read_and_the_rest_is_told(way: Callable[[Any], CommsNotifications]) -> None:
    notifications = way(BODY)

    assert notifications.value is not None
    first, second, third, fourth = notifications.value
    assert first is second is None
    assert third.resource_data == {"id": 1}
    call = fourth.resource_data
    assert type(call) is Call
    assert (call.id, call.subject, call.state) == ("2", None, None)
    assert call.requested_modalities == [Modality.AUDIO, None, None]
    assert call.targets is not None
    assert call.targets[0] is call.targets[2] is None
    assert call.targets[1].identity is not None
    assert call.targets[1].identity.user is None
    assert call.result_info is not None
    assert (call.result_info.code, call.result_info.message) == (None, "m")

    assert told(call) == IN_CALL
    assert told(notifications) == {
        ("value", 1): (5, "CommsNotification"),
        **{("value", 3, "resourceData", *path): misfit for path, misfit in IN_CALL.items()},
    }
    assert same(notifications.to_dict(), BODY)
    assert same(json.loads(notifications.to_json()), BODY)


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_copies_have_them_too(copied: Callable[[GraphModel], GraphModel]) -> None:
    notifications = CommsNotifications.from_dict(BODY)
    other = copied(notifications)

    assert same(other.to_dict(), BODY)
    assert told(other) == told(notifications)
    assert other == notifications
    assert other != CommsNotifications.from_dict({"value": [None, 6, *BODY["value"][2:]]})


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda it: it.model_copy(deep=True)])
def test_a_list_of_a_copy_is_its_own(copied: Callable[[Call], Call]) -> None:
    call = Call.from_dict(CALL)
    other = copied(call)
    other.targets.append(InvitationParticipantInfo(odata_type=None))  # type: ignore[union-attr]

    assert other.to_dict()["targets"] == [*CALL["targets"], {}]  # type: ignore[misc]
    assert call.to_dict() == CALL


def test_what_is_assigned_takes_the_place_of_a_misfit() -> None:
    call = Call.from_dict(CALL)
    call.subject = "x"
    call.state = None
    call.requested_modalities = [Modality.VIDEO]
    assert call.targets is not None
    call.targets[0] = InvitationParticipantInfo(odata_type=None, hidden=True)
    call.source = None
    changed = call.model_copy(update={"result_info": None})

    assert told(changed) == {path: IN_CALL[path] for path in IN_CALL if path[0] == "new"} | {
        ("targets", 1, "identity", "user"): (7, "Identity")
    }
    assert changed.to_dict() == CALL | {
        "subject": "x",
        "state": None,
        "requestedModalities": ["video"],
        "targets": [{"hidden": True}, *CALL["targets"][1:]],  # type: ignore[index]
        "source": None,
        "resultInfo": None,
    }


def test_json_that_pydantic_dumps_has_each_name_once() -> None:
    call = Call.from_dict({"subject": 5, "targets": [5, {"region": 5}], "x": 1})
    names: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names.extend(name for name, _ in pairs)
        return dict(pairs)

    dumped = json.loads(call.model_dump_json(indent=1), object_pairs_hook=note)
    assert {names.count(name) for name in ("subject", "targets", "x")} == {1}
    assert dumped == json.loads(json.dumps(call.model_dump(mode="json")))
    assert (dumped["subject"], dumped["targets"][0], dumped["state"]) == (5, 5, None)


def test_repr_and_log_show_where_but_not_what(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        call = Call.from_dict({"subject": ["31337"], "targets": [31337], "id": "i"})

    assert "31337" not in repr(call) + repr(call.misfits) + caplog.text
    assert repr(call) == "Call(id='i', targets=[None], misfits=['subject', 'targets'])"
    [record] = caplog.records
    assert (record.name, record.levelname) == ("graph_comms", "WARNING")
    assert record.getMessage() == "misfits in Call: 2, first at 'subject'"


def test_nothing_is_logged_where_everything_fits(caplog: pytest.LogCaptureFixture) -> None:
    assert Call.from_dict({"subject": "x", "targets": [None]}).misfits == ()
    assert caplog.records == []


def test_the_first_hundred_are_listed_and_the_rest_counted() -> None:
    misfits = Call.from_dict({"targets": [5] * 1_000, "subject": 5}).misfits

    assert (len(misfits), misfits.rest) == (100, 901)
    assert pickle.loads(pickle.dumps(misfits)).rest == 901


@each_way
@pytest.mark.parametrize("body", [5, None, [], "text"])
def test_a_body_that_is_no_object_is_an_error(
    way: Callable[[Any], CommsNotifications], body: Any
) -> None:
    with pytest.raises((ValidationError, TypeError)):
        way(body)


def test_strict_raises_for_every_misfit() -> None:
    for parse in (Call.from_dict, lambda it, strict: Call.from_json(json.dumps(it), strict=strict)):
        with pytest.raises(ValidationError) as caught:
            parse(CALL, strict=True)
        assert {detail["loc"] for detail in caught.value.errors()} == IN_CALL.keys()


def test_strict_raises_while_a_body_around_is_read_that_does_not_fit() -> None:
    class Job(GraphModel, odata_type="#contoso.job"):
        described: str | None = None
        count: int | None = None

        @field_validator("described")
        @classmethod
        def check(cls, text: str) -> str:
            with pytest.raises(ValidationError):
                Call.from_json(text, strict=True)
            checked.append(text)
            return text

    checked: list[str] = []

    job = Job.from_dict({"described": '{"subject": 5}', "count": "many"})

    assert [misfit.path for misfit in job.misfits] == [("count",)]
    assert job.described in checked


def test_strict_gives_the_paths_of_the_first_hundred_in_a_value_below() -> None:
    body = {"source": {"x": {"@odata.type": "#microsoft.graph.call", "targets": [5] * 1_000}}}
    with pytest.raises(ValidationError) as caught:
        Call.from_dict(body, strict=True)
    *first, last = caught.value.errors()
    assert [one["loc"] for one in first] == [("source", "x", "targets", n) for n in range(100)]
    assert last["msg"] == "900 more values do not fit"


def test_what_an_application_builds_is_checked() -> None:
    call = Call.from_dict(CALL)
    for name, value in {"subject": 5, "state": "levitating", "targets": [5]}.items():
        with pytest.raises(ValidationError):
            Call(**{name: value})  # type: ignore[arg-type]
        with pytest.raises(ValidationError):
            setattr(call, name, value)
    assert call.to_dict() == CALL
    with pytest.raises(ValidationError):
        Call.model_validate(CALL, strict=True)


def test_what_is_not_json_is_no_misfit() -> None:
    for value in (float("inf"), [float("nan")], object(), {1: 2}):
        with pytest.raises(ValidationError, match="subject"):
            Call.from_dict({"subject": value})


@pytest.mark.parametrize(
    ("cls", "body"),
    [
        (Call, '{"targets":[' + ",".join(["5"] * 50_000) + "]}"),
        (Call, '{"new":[' + ",".join(['{"@odata.type":"microsoft.graph.call","id":5}'] * 10_000) + "]}"),
        (EngagementConversationMessage, '{"id":5,"replyTo":' * 60 + "{}" + "}" * 60),
        (
            EngagementConversationMessage,
            '{"id":5,"replyTo":' * 60 + '{"replies":[' + ",".join(["5"] * 50_000) + "]}" + "}" * 60,
        ),
        (
            Call,
            '{"id":5,"@odata.type":"microsoft.graph.call","x":' * 60
            + '{"@odata.type":"microsoft.graph.call","targets":['
            + ",".join(["5"] * 50_000) + "]}" + "}" * 60,
        ),
    ],
    ids=["in a list", "untyped", "nested", "nested, and in a list", "untyped, nested, and in a list"],
)  # fmt: skip
def test_the_effort_grows_with_the_size_only(cls: type[GraphModel], body: str) -> None:
    started = time.process_time()
    model = cls.from_json(body)

    assert time.process_time() - started < 5  # some 0.3 s
    assert same(json.loads(model.to_json()), json.loads(body))
    assert len(model.misfits) + model.misfits.rest == body.count("5")


@pytest.mark.parametrize("many", [1, 2, 1_000])
def test_what_is_read_in_pieces_is_the_same(many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph_comms._runtime.recovery._MANY", many)
    body = CALL | {
        "subject": [5, 5, 5],
        "callbackUri": {"a": [5, 5, 5]},
        "tenantId": 5,
        "requestedModalities": [5, "audio", None, 5],
        "targets": [*CALL["targets"], {"hidden": 5, "identity": {"user": {"id": 5}}}, {}],  # type: ignore[misc]
        "operations": [{"@odata.type": "#microsoft.graph.playPromptOperation", "id": 5}, 5, {}],
    }
    call = Call.from_dict(body)

    assert same(call.to_dict(), body)
    same_as_in_call = {
        path: found for path, found in IN_CALL.items() if path != ("requestedModalities", 1)
    }
    assert told(call) == same_as_in_call | {
        ("subject",): ([5, 5, 5], "str"),
        ("callbackUri",): ({"a": [5, 5, 5]}, "str"),
        ("tenantId",): (5, "str"),
        ("requestedModalities", 0): (5, "Modality"),
        ("requestedModalities", 3): (5, "Modality"),
        ("targets", 3, "hidden"): (5, "bool"),
        ("targets", 3, "identity", "user", "id"): (5, "str"),
        ("operations", 0, "id"): (5, "str"),
        ("operations", 1): (5, "CommsOperation"),
    }


PEAK = """
import sys
from graph_comms.models import Call
Call.from_json('{"targets":[{},5]}')
call = Call.from_json('{"targets":[' + ",".join([sys.argv[1]] * int(sys.argv[2])) + "]}")
status = open("/proc/self/status").read()
print(status.partition("VmHWM:")[2].split()[0], len(call.misfits))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what a process took at most")
def test_misfits_take_hardly_more_memory_than_as_many_bytes_that_fit() -> None:
    def peak(item: str, misfits: int) -> int:
        arguments = [item, str(300_000 // (len(item) + 1))]
        done = subprocess.run(
            [sys.executable, "-c", PEAK, *arguments], check=True, capture_output=True, text=True
        )
        taken, found = map(int, done.stdout.split())
        assert found == misfits
        return taken

    least = peak("{}", 0)
    assert peak("5", 100) < 1.2 * least
    assert peak('{"identity":5}', 100) < 1.2 * least
