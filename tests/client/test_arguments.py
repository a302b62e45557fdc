"""Arguments are compared with their declared types before anything is sent, or a token asked for."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest

from graph_comms import OPERATIONS, UNSET
from graph_comms._runtime.enums import GraphEnum
from graph_comms._runtime.operation import Operation, Parameter
from graph_comms.models import (
    Call,
    CallState,
    GraphModel,
    Identity,
    MediaInfo,
    MediaPrompt,
    RejectReason,
    Tone,
)
from tests.client.faces import FLAVOURS, Client, each_flavour
from tests.client.samples import arguments, form_of, sample
from tests.support.server import GraphServer, Reply, json_reply


@pytest.fixture(scope="module")
def silent() -> Iterator[GraphServer]:
    """A server that must not receive anything."""
    with GraphServer() as server:
        yield server


def unasked() -> str:
    raise AssertionError("no token is needed for what is refused")


# -- every parameter of every method


def wrong_values(form: Any) -> list[Any]:
    """Values of every sort that are not of a type."""
    origin, inner = get_origin(form), get_args(form)
    if origin in (Union, types.UnionType):
        return [value for value in wrong_values(inner[0]) if value is not None]
    if origin is Annotated:
        beyond = [2**31, -(2**31) - 1] if inner[0] is int else []
        return wrong_values(inner[0]) + beyond
    if origin is Sequence:
        good = sample(inner[0], 1).value
        items = [[good, wrong] for wrong in wrong_values(inner[0])]
        return [None, object(), good, "x", b"x", {"x": good}, {1}, (one for one in [good]), *items]
    if origin is Literal:
        return [None, object(), 5, b"x", "zzz", inner[0].upper()]
    return [None, object(), *(_WRONG[form] if form in _WRONG else _wrong_of_class(form))]


_WRONG: dict[Any, list[Any]] = {
    str: [5, True, b"x", ["x"], "\ud800"],
    bytes: ["x", 5, True],
    bool: [1, 0, "true"],
    int: [True, 1.5, "1"],
    datetime: [
        "2026-01-31T10:00:00Z", datetime(2026, 1, 31, 10), date(2026, 1, 31), 5, timedelta(1),
    ],
    timedelta: [5, True, "soon", "P1Y", "90", "", datetime(2026, 1, 1, tzinfo=UTC)],
}  # fmt: skip


def _wrong_of_class(cls: type[Any]) -> list[Any]:
    if issubclass(cls, GraphEnum):
        other = CallState.ESTABLISHED if cls is not CallState else Tone.STAR
        return [5, True, "", "zzz", other, cls, list(cls)]
    assert issubclass(cls, GraphModel)
    return [5, "x", {}, [], cls, MediaInfo() if cls is not MediaInfo else Identity()]


def required(parameter: Parameter) -> list[Any]:
    return [UNSET] if parameter.required else []


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.python)
def test_a_value_of_another_type_is_refused_with_its_place(
    silent: GraphServer, operation: Operation
) -> None:
    given = arguments(operation).given
    for flavour in FLAVOURS:
        with Client(flavour, silent, credential=unasked) as caller:
            for parameter in operation.parameters:
                wrong = [*wrong_values(form_of(parameter.type)), *required(parameter)]
                for value in wrong:
                    said = (
                        rf"{re.escape(operation.python)}: {parameter.name}(\[\d+\])? must be an? "
                    )
                    with pytest.raises((TypeError, ValueError), match=said):
                        caller.call(operation.python, **{**given, parameter.name: value})
    assert silent.requests == []


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.python)
def test_options_of_every_method_are_checked(silent: GraphServer, operation: Operation) -> None:
    given = arguments(operation).given
    texts = ["x", 5, ["x"], {"x": 5}, {5: "x"}, {"x": None}, {"x": b"x"}]
    wrong = [("headers", one) for one in texts] + [("query", one) for one in texts]
    wrong += [("timeout", "5"), ("timeout", -1), ("retry", 3)]
    if operation.kind == "action":
        wrong += [("undeclared", one) for one in ("x", 5, {5: 5}, {"x": object()}, None)]
        cycle: list[Any] = []
        cycle.append(cycle)
        wrong += [("undeclared", {"x": datetime(2026, 1, 1)}), ("undeclared", {"x": cycle})]
    for flavour in FLAVOURS:
        with Client(flavour, silent, credential=unasked) as caller:
            for option, value in wrong:
                name = f"request_{option}" if option in given else option
                said = rf"{re.escape(operation.python)}: {name}.* must be a "
                with pytest.raises((TypeError, ValueError), match=said):
                    caller.call(operation.python, **{**given, name: value})
    assert silent.requests == []


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.python)
def test_a_keyword_that_is_misspelt_is_answered_by_the_right_one(
    silent: GraphServer, operation: Operation
) -> None:
    given = arguments(operation).given
    for flavour in FLAVOURS:
        with Client(flavour, silent, credential=unasked) as caller:
            for name in given:
                misspelt = f"{name}z"
                said = rf"{re.escape(operation.python)} takes no {misspelt}; did you mean {name}\?"
                keywords = {other: value for other, value in given.items() if other != name}
                with pytest.raises(TypeError, match=said):
                    caller.call(operation.python, **keywords, **{misspelt: given[name]})
    assert silent.requests == []


# -- what is said


def tried(*given: Any, **keywords: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return given, keywords


WRONG = [
    (
        "call_records.get_pstn_calls",
        tried(from_date_time="2026-01-01", to_date_time="2026-02-01"),
        "from_date_time must be a datetime with a time zone, such as"
        " datetime(2026, 1, 31, 10, tzinfo=UTC), not str",
    ),
    (
        "call_records.get_pstn_calls",
        tried(from_date_time=datetime(2026, 1, 1), to_date_time=None),
        "from_date_time must be a datetime with a time zone, such as"
        " datetime(2026, 1, 31, 10, tzinfo=UTC): this one has none",
    ),
    (
        "call_records.get_pstn_calls",
        tried(from_date_time=5, to_date_time=None),
        "from_date_time must be a datetime with a time zone, such as"
        " datetime(2026, 1, 31, 10, tzinfo=UTC), not int",
    ),
    (
        "calls.send_dtmf_tones",
        tried("id", tones=[Tone.TONE1], delay_between_tones_ms="soon"),
        "delay_between_tones_ms must be an int from -2147483648 to 2147483647, such as 100, not str",
    ),
    (
        "calls.send_dtmf_tones",
        tried("id", tones=["1"]),
        "tones[0] must be a Tone, such as Tone.TONE0: Tone declares no such member; it declares"
        " tone0, tone1, tone2, tone3, tone4, tone5, tone6, tone7, tone8, tone9, star, pound."
        " Tone('…') makes an undeclared one",
    ),
    (
        "calls.play_prompt",
        tried("id", prompts=MediaPrompt(media_info=MediaInfo(uri="https://b/x.wav"))),
        "prompts must be a sequence of Prompt, such as [MediaPrompt(…)], not MediaPrompt",
    ),
    (
        "calls.reject",
        tried("id", reason="bussy"),
        "reason must be a RejectReason, such as RejectReason.NONE: RejectReason declares no such"
        " member; did you mean busy? RejectReason('…') makes an undeclared one",
    ),
    ("calls.create", tried(Identity(id="x")), "call must be a Call, such as Call(…), not Identity"),
    (
        "calls.create",
        tried({"callbackUri": "https://b"}),
        "call must be a Call, such as Call(…), not dict;"
        " Call.from_dict(…) reads a decoded JSON object",
    ),
    (
        "calls.list",
        tried(top=-1),
        "top must be an int that is not negative, such as 100: this one is",
    ),
    (
        "presences.set_presence",
        tried("u", availability="Busy", activity="InACall", expiration_duration="5 minutes"),
        "expiration_duration must be a timedelta or ISO 8601 text,"
        " such as timedelta(minutes=90) or 'PT1H30M': this text is not",
    ),
]


@each_flavour
@pytest.mark.parametrize(("python", "given", "message"), WRONG)
def test_the_message_says_what_to_write(
    silent: GraphServer, flavour: str, python: str, given: Any, message: str
) -> None:
    positional, keywords = given
    with (
        Client(flavour, silent, credential=unasked) as caller,
        pytest.raises((TypeError, ValueError)) as caught,
    ):
        caller.call(python, *positional, **keywords)
    assert str(caught.value) == f"{python}: {message}"
    assert silent.requests == []


def test_no_message_shows_a_value(silent: GraphServer) -> None:
    secret = "marker-5eed"
    values: list[Any] = [secret, secret.encode(), [secret], {secret: secret}]
    operations = [one for one in OPERATIONS if one.kind == "action"]
    with Client("sync", silent, credential=unasked) as caller:
        for operation in operations:
            given = arguments(operation).given
            for parameter in operation.parameters:
                for value in values:
                    try:
                        caller.call(operation.python, **{**given, parameter.name: value})
                    except (TypeError, ValueError) as error:
                        assert secret not in str(error)  # noqa: PT017
                    except AssertionError:
                        pass  # a text where text is wanted


# -- what is taken


def sent(server: GraphServer, flavour: str, python: str, *given: Any, **keywords: Any) -> Any:
    server.play(Reply(204))
    with Client(flavour, server) as caller:
        caller.call(python, *given, **keywords)
    return json.loads(server.requests[-1].body)


@each_flavour
def test_members_may_be_given_as_text_and_undeclared_ones_on_purpose(
    server: GraphServer, flavour: str
) -> None:
    for reason in ("busy", RejectReason.BUSY, RejectReason("busy")):
        assert sent(server, flavour, "calls.reject", "1", reason=reason) == {"reason": "busy"}
    asleep = RejectReason("asleep")
    assert sent(server, flavour, "calls.reject", "1", reason=asleep) == {"reason": "asleep"}


@each_flavour
@pytest.mark.parametrize("given", ["PT1H30M", timedelta(minutes=90)])
def test_a_duration_may_be_given_as_text(server: GraphServer, flavour: str, given: Any) -> None:
    body = sent(
        server, flavour, "presences.set_presence", "u",
        availability="Busy", activity="InACall", expiration_duration=given,
    )  # fmt: skip
    assert body["expirationDuration"] == "PT1H30M"


@each_flavour
def test_any_sequence_and_any_derived_class_is_taken(server: GraphServer, flavour: str) -> None:
    server.play(json_reply(200, {"id": "1"}), json_reply(200, {"id": "1"}))

    class Own(Call):
        """An application's own class."""

    with Client(flavour, server) as caller:
        caller.call("calls.play_prompt", "1", prompts=(MediaPrompt(), MediaPrompt()))
        caller.call("calls.create", Own(subject="x"))
    assert len(json.loads(server.requests[0].body)["prompts"]) == 2
    assert json.loads(server.requests[1].body)["subject"] == "x"


def test_the_stream_of_a_method_checks_its_arguments_when_it_is_called(
    silent: GraphServer,
) -> None:
    for flavour in FLAVOURS:
        with Client(flavour, silent, credential=unasked) as caller:
            recordings: Any = caller.client.online_meetings.recordings
            open_stream: Callable[..., Any] = recordings.stream_content
            with pytest.raises(TypeError, match=r"stream_content: call_recording_id must be a str"):
                open_stream("m", 5)


@each_flavour
@pytest.mark.parametrize(
    ("key", "message"),
    [
        *((key, f"not be {key!r}: call-id is a segment of the path") for key in ("", ".", "..")),
        (None, "be a str, such as '…', not None"),
        (7, "be a str, such as '…', not int"),
    ],
)
def test_keys_that_are_no_segment_name_the_parameter(
    silent: GraphServer, flavour: str, key: Any, message: str
) -> None:
    with (
        Client(flavour, silent, credential=unasked) as caller,
        pytest.raises(
            (TypeError, ValueError), match=re.escape(f"calls.get: call_id must {message}")
        ),
    ):
        caller.call("calls.get", key)
    assert silent.requests == []
