"""A marker in each property that holds a secret, on every way in: no text that comes out has it.

Out of scope is what shows a caller what it gave or got on request: attributes, `to_json`, `errors()` of a
validation error, the variables that the caller's own frames hold.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from graph_comms import AsyncPage, Page, RepeatedLinkError, Response
from graph_comms._runtime.headers import Headers
from graph_comms._runtime.hidden import SECRETS
from graph_comms.models import Call, GraphModel, OnlineMeeting, RecordOperation
from tests.client.faces import FLAVOURS, Client, each_flavour
from tests.support.server import CLOSED, GraphServer, Played, Reply, json_reply
from tests.unit.runtime.wire import generated_classes, wire_names

MARKER = "marker-planted-4e1d"
ADDRESS = f"https://contoso.com/a?p={MARKER}#{MARKER}"

NO_SECRETS = {
    "encryptionCertificate", "encryptionCertificateId", "encryptionCertificateThumbprint",  # public
    "dataKey",  # encrypted for the application
    "tenantKey",  # the number of a tenant, which a room system dials
    "isPasscodeRequired",  # whether there is one
    "tokens",  # what a user said about a call: feedbackTokenSet
}  # fmt: skip
"""Properties whose names sound like secrets."""

SOUNDS_SECRET = re.compile(
    "token|secret|passw|passc|clientState|replace(s|ment)(Context|Link)|^blob$|key$|certificate",
    re.IGNORECASE,
)

PLACES = sorted(
    (
        (cls, wire_name, attribute)
        for cls in generated_classes()
        for attribute, wire_name in wire_names(cls).items()
        if wire_name.casefold() in SECRETS
    ),
    key=lambda place: (place[0].__name__, place[1]),
)
each_place = pytest.mark.parametrize(
    ("cls", "wire_name", "attribute"), PLACES, ids=[f"{c.__name__}.{w}" for c, w, _ in PLACES]
)


def test_every_property_that_sounds_secret_is_known() -> None:
    names = {name for cls in generated_classes() for name in wire_names(cls).values()}
    unknown = {name for name in names if SOUNDS_SECRET.search(name)} - NO_SECRETS
    assert {name for name in unknown if name.casefold() not in SECRETS} == set()
    assert len(PLACES) > 8


def forms(value: object) -> list[str]:
    return [repr(value), str(value), f"{value}", repr([value]), repr({"x": value}), repr((value,))]


def told(work: Callable[..., Any], *arguments: Any, **named: Any) -> list[str]:
    """Return what the error of a call says, if there is one, and those that led to it."""
    try:
        work(*arguments, **named)
    except Exception as error:
        texts = ["".join(traceback.format_exception(error))]
        chain: BaseException | None = error
        while chain is not None:
            texts += [str(chain), repr(chain)]
            hidden = chain.__suppress_context__
            chain = chain.__cause__ or (None if hidden else chain.__context__)
        return texts
    return []


def shown(values: list[Any]) -> list[str]:
    """Return how values show, alone and in what a client returns."""
    texts: list[str] = []
    for value in values:
        page = Page([value], annotations={"x": value, "@odata.context": ADDRESS}, next_link=ADDRESS)
        apart = AsyncPage([value], annotations={"x": value}, delta_link=ADDRESS)
        held = Call().with_undeclared(x=value, y=[value])
        kept = (page, apart, held, held.undeclared, held.misfits)
        for one in kept if type(value) is dict else (value, *kept):
            texts += forms(one)
        texts += [repr(Response(one, 200, Headers([("x", MARKER)]))) for one in (value, *kept)]
    return texts


@each_place
def test_no_value_shows_it(cls: type[GraphModel], wire_name: str, attribute: str) -> None:
    wire = {wire_name: MARKER, "@odata.context": ADDRESS}
    spelled = {wire_name.upper(): MARKER, "deep": [{wire_name: MARKER}]}
    values: list[Any] = [wire, spelled]
    for received in (wire, spelled):
        values += [cls.from_dict(received), cls.from_json(json.dumps(received))]
        values += [cls.model_validate(received), cls.model_validate_json(json.dumps(received))]
    for value in values[2:]:
        values.append(value.undeclared)
        assert MARKER in value.to_json()
    assert "marker" not in "".join(shown(values))


@each_place
def test_no_misfit_shows_it(
    cls: type[GraphModel], wire_name: str, attribute: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    texts: list[str] = []
    for wrong in ({"x": MARKER}, [[MARKER]], [{wire_name: MARKER}]):
        wire = {wire_name: wrong}
        texts += shown([cls.from_dict(wire), Call.from_dict({"targets": [wire], "x": wire})])
        texts += told(cls.from_dict, wire, strict=True)
        texts += told(cls.from_json, json.dumps(wire), strict=True)
        if not cls._abstract:
            texts += told(cls, **{attribute: wrong})
            texts += told(setattr, cls(), attribute, wrong)
    texts += told(cls.from_json, f'{{"{wire_name}": "{MARKER}", ')
    texts += told(cls.from_dict, MARKER)
    texts += told(cls.from_json, {wire_name: MARKER})
    assert "marker" not in "".join([*texts, caplog.text])


def test_the_addresses_that_show() -> None:
    meeting = OnlineMeeting(join_web_url=f"https://teams.microsoft.com/meet/2312?p={MARKER}")
    assert "'https://teams.microsoft.com/meet/2312?…'" in repr(meeting)
    operation = RecordOperation(recording_location=f"https://recordings.example/1?sig={MARKER}")
    assert "'https://recordings.example/1?…'" in repr(operation)
    assert MARKER not in str(RepeatedLinkError(link=ADDRESS)) + repr(
        RepeatedLinkError(link=ADDRESS)
    )


# -- through a client

EVERYTHING = {wire_name: MARKER for _, wire_name, _ in PLACES}
ERROR: dict[str, Any] = {
    "code": "x",
    "message": "words",
    "details": [EVERYTHING],
    "innerError": {"code": "y", "innerError": EVERYTHING, **EVERYTHING},
    **EVERYTHING,
}
ANSWERS: dict[str, Played] = {
    "success": json_reply(200, {**EVERYTHING, "value": [EVERYTHING], "@odata.nextLink": ADDRESS}),
    "misfits": json_reply(200, {"value": [{"targets": EVERYTHING}, [EVERYTHING]], "targets": 5}),
    "no object": json_reply(200, [EVERYTHING]),
    "cut": Reply(200, {"Content-Type": "application/json"}, json.dumps(EVERYTHING)[:-1].encode()),
    "400": json_reply(400, {"error": ERROR}),
    "403": json_reply(403, {"error": ERROR}),
    "500": json_reply(500, EVERYTHING),
    "closed": CLOSED,
}


@each_flavour
@pytest.mark.parametrize("step", ANSWERS.values(), ids=ANSWERS)
def test_no_answer_of_a_service_makes_a_client_show_it(
    server: GraphServer, caplog: pytest.LogCaptureFixture, flavour: str, step: Played
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # as docs/client.md says
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    sent = Call.from_dict(EVERYTHING)
    texts: list[str] = []
    with Client(flavour, server) as caller:
        works: list[Callable[[], Any]] = [
            lambda: caller.create(sent),
            lambda: caller.page(),
            lambda: caller.call("calls.list", filter=f"x eq '{ADDRESS}'"),
            lambda: caller.call("calls.create.with_response", sent),
        ]
        for work in works:
            server.forget()
            server.play(*[step] * 4)
            try:
                texts += forms(work())
            except Exception as error:
                texts += told(_raise, error)
                request = getattr(error.__cause__, "request", None)
                texts.append(repr(request and (request, request.headers.raw)))
    assert "marker" not in "".join([*texts, caplog.text])


def _raise(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    "arguments",
    [
        ("calls.create", (EVERYTHING,), {}),
        ("calls.create", ([Call.from_dict(EVERYTHING)],), {}),
        ("calls.get", ({MARKER: MARKER},), {}),
        ("calls.list", (), {"top": MARKER}),
        ("calls.list", (), {"headers": {"x": [MARKER]}}),
        ("calls.list", (), {"headers": {"x": f"{MARKER}\u2028"}}),
        ("calls.play_prompt", ("x",), {"prompts": [EVERYTHING]}),
        ("calls.play_prompt", ("x",), {"prompts": [], "client_context": EVERYTHING}),
        ("calls.play_prompt", ("x",), {"prompts": [], "undeclared": {"x": {MARKER}}}),
        ("follow", (EVERYTHING, Call), {}),
        ("follow", (ADDRESS, Call), {}),
        ("get_recording", (EVERYTHING,), {}),
        ("online_meetings.recordings.put_content", ("x", "y", MARKER), {}),
        ("online_meetings.recordings.put_content", ("x", "y", {MARKER: 5}.keys()), {}),
    ],
)
def test_no_refusal_of_an_argument_shows_it(
    server: GraphServer, arguments: tuple[str, tuple[Any, ...], dict[str, Any]]
) -> None:
    python, given, named = arguments
    for flavour in FLAVOURS:
        with Client(flavour, server) as caller:
            texts = told(caller.call, python, *given, **named)
        assert texts != []
        assert "marker" not in "".join(texts)


def test_the_search_can_fail() -> None:
    with pytest.raises(ValidationError) as caught:
        Call(subject=5)  # type: ignore[arg-type]
    assert MARKER in repr({"x": MARKER})
    assert told(_raise, caught.value) != []
