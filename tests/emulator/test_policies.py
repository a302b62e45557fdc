"""Bots that are called to record, because a policy says so."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import pytest

from graph_comms import GraphHTTPError
from graph_comms.bot import Bot
from graph_comms.models import RecordingStatus, RejectReason
from graph_emulator import Emulator, Person
from graph_emulator.meetings import Meeting
from graph_emulator.receivers import Reply
from tests.emulator.bots import CALLBACK, bot_of, call_to

LINK = "https://teams.microsoft.com/meet/1234567?p=psw123"


@pytest.fixture
def svc() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


def recorder(svc: Emulator, capacity: int | None = None) -> Bot:
    """Return a bot that takes every call, for so many people."""
    bot = bot_of(svc)

    @bot.incoming
    async def take(call: Any) -> None:
        options = {} if capacity is None else {"participant_capacity": capacity}
        await call.answer(**options)

    svc.connect(bot)
    return bot


def meeting_of(svc: Emulator, *people: Person) -> Meeting:
    """Return a meeting that people come to, one after another, and leave."""
    meeting = svc.meeting(LINK)
    for number, person in enumerate(people, 1):
        meeting.joins(person, after=2 * number).leaves(person, after=20 + number)
    return meeting


def told(svc: Emulator, kind: str) -> list[dict[str, Any]]:
    bodies = [logged.body for logged in svc.log.notifications]
    return [body for body in bodies if body["@odata.type"] == f"#microsoft.graph.{kind}"]


def names(svc: Emulator, call_id: str) -> list[str]:
    """Return who is in a call besides bots."""
    identities = [one.identity.get("user") for one in svc.calls[call_id].roster]
    return [user["displayName"] for user in identities if user]


def test_a_bot_is_called_to_record(svc: Emulator) -> None:
    call = svc.policy_recording(recorder(svc), of=svc.user("Ann").hangs_up(after=9))
    svc.run()
    first = svc.log.notifications[0].body["value"][0]
    data = first["resourceData"]["applicationMetadata"]["botData"]
    assert (first["changeType"], data["inviteReasons"]) == ("created", ["ComplianceRecording"])
    assert {"policyIdentifier", "pairedRecorders", "otherRecorders"} < data.keys()
    assert data["user"]["participationMethod"] == "Caller"
    assert (call.ended, call.tones) == (True, [])


@pytest.mark.parametrize(("waits", "answers"), [(4, True), (6, False)])
def test_a_recording_must_be_decided_in_five_seconds(
    svc: Emulator, waits: float, answers: bool
) -> None:
    bot = bot_of(svc)

    @bot.incoming
    async def take(call: Any) -> None:
        await svc.clock.sleep(waits)
        await call.answer()

    svc.connect(bot)
    call = svc.policy_recording(bot, of=svc.user("Ann"))
    svc.advance(seconds=8)
    assert (call.state == "established") is answers
    assert answers or (call.result or {})["subcode"] == 8587


def test_the_bot_is_asked_who_joins(svc: Emulator) -> None:
    bot, left = recorder(svc, capacity=5), list[Any]()
    asked: list[str] = []
    ann, ben, cid = svc.user("Ann"), svc.user("Ben"), svc.user("Cid")

    @bot.participant_joining
    async def ask(event: Any) -> Any:
        asked.append(event.joining.source.identity.user.display_name)
        return event.accept()

    bot.participant_left_notification(lambda event: left.append(event.participant_id))
    call = svc.policy_recording(bot, of=ann, also=[ben], meeting=meeting_of(svc, ben, cid))
    svc.advance(seconds=10)
    assert asked == ["Ben"]  # Cid is under no policy
    assert names(svc, call.id) == ["Ann", "Ben", "Cid"]
    of_ben = next(one.id for one in call.roster if one.identity.get("user", {}).get("id") == ben.id)
    svc.advance(seconds=20)
    assert left == [of_ben]
    assert len(told(svc, "participantJoiningNotification")) == 1
    assert len(told(svc, "participantLeftNotification")) == 1
    assert call.recording is not None
    assert call.recording.joins == [("Ben", "accepted")]


ACCEPTS = b'{"@odata.type": "#microsoft.graph.acceptJoinResponse"}'
REJECTS = b'{"@odata.type": "#microsoft.graph.rejectJoinResponse", "reason": "busy"}'


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        pytest.param(200, ACCEPTS, "accepted", id="accepted"),
        pytest.param(200, REJECTS, "rejected", id="rejected"),
        pytest.param(202, b"", "missing", id="empty"),
        pytest.param(500, ACCEPTS, "missing", id="failed"),
        pytest.param(200, b"{}", "invalid", id="without a type"),
        pytest.param(200, b"no JSON", "invalid", id="no JSON"),
        pytest.param(
            200,
            b'{"@odata.type": "#microsoft.graph.inviteNewBotResponse", "inviteUri": "http://x"}',
            "invalid",
            id="an address that is not https",
        ),
    ],
)
@pytest.mark.parametrize("required", [True, False])
def test_answers_about_who_joins(status: int, body: bytes, outcome: str, required: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        posted = json.loads((await receive())["body"])
        asked = posted["@odata.type"].endswith("participantJoiningNotification")
        await send({"type": "http.response.start", "status": status if asked else 202})
        await send({"type": "http.response.body", "body": body if asked else b""})

    with Emulator(callback=app) as svc:
        ann, ben = svc.user("Ann"), svc.user("Ben")
        call = svc.policy_recording(
            CALLBACK, of=ann, also=[ben], meeting=meeting_of(svc, ben), required=required
        )
        svc.client().request(
            "POST",
            f"/communications/calls/{call.id}/answer",
            body={
                "callbackUri": CALLBACK,
                "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"},
                "acceptedModalities": ["audio"],
                "participantCapacity": 2,
            },
        )
        svc.advance(seconds=10)
        assert call.recording is not None
        assert call.recording.joins == [("Ben", outcome)]
        joins = outcome == "accepted" or not required
        assert names(svc, call.id) == (["Ann", "Ben"] if joins else ["Ann"])
        svc.advance(seconds=20)
        assert len(told(svc, "participantLeftNotification")) == (outcome == "accepted")


def test_a_bot_that_does_not_answer_has_five_seconds(svc: Emulator) -> None:
    call = svc.policy_recording(recorder(svc, 2), of=svc.user("Ann"), also=[svc.user("Ben")],
                                meeting=meeting_of(svc, svc.user("Ben")))  # fmt: skip
    svc.advance(seconds=1.5)

    async def never(uri: str, headers: Any, body: bytes) -> Reply:
        await svc.clock.sleep(60)
        return Reply(200, ACCEPTS)

    svc._taking = lambda uri: never  # type: ignore[method-assign]
    svc._service.delivery._receivers = type(
        "Never", (), {"of_call": staticmethod(svc._taking), "at": staticmethod(svc._taking)}
    )()
    svc.advance(seconds=8)
    assert call.recording is not None
    assert call.recording.joins == [("Ben", "missing")]
    svc.advance(seconds=70)  # an answer that comes later changes nothing
    assert call.recording.joins == [("Ben", "missing")]


def test_a_new_bot_is_called(svc: Emulator) -> None:
    bot = recorder(svc, capacity=5)
    elsewhere = "https://bot.contoso.com/api/other"

    @bot.participant_joining
    async def ask(event: Any) -> Any:
        return event.invite_new_bot(elsewhere)

    ann, ben = svc.user("Ann"), svc.user("Ben")
    first = svc.policy_recording(bot, of=ann, also=[ben], meeting=meeting_of(svc, ben))
    svc.advance(seconds=5)
    [second] = [call for call in svc.calls if call is not first]
    assert (second.callback_uri, second.state) == (elsewhere, "incoming")
    assert second.entity["source"]["identity"]["user"]["id"] == ben.id
    assert second.entity["chatInfo"] == first.entity["chatInfo"]


@pytest.mark.parametrize(("capacity", "calls"), [(None, 3), (2, 2), (3, 1)])
def test_without_capacity_each_person_is_a_call(
    svc: Emulator, capacity: int | None, calls: int
) -> None:
    ann, ben, cid = svc.user("Ann"), svc.user("Ben"), svc.user("Cid")
    meeting = meeting_of(svc, ben, cid)
    svc.policy_recording(recorder(svc, capacity), of=ann, also=[ben, cid], meeting=meeting)
    svc.advance(seconds=15)
    assert len(svc.calls) == calls


def test_a_bot_that_rejects_somebody_is_asked_again(svc: Emulator) -> None:
    bot = recorder(svc, capacity=2)

    @bot.participant_joining
    async def ask(event: Any) -> Any:
        return event.reject(RejectReason.BUSY)

    ann, ben, cid = svc.user("Ann"), svc.user("Ben"), svc.user("Cid")
    call = svc.policy_recording(bot, of=ann, also=[ben, cid], meeting=meeting_of(svc, ben, cid))
    svc.advance(seconds=15)
    assert call.recording is not None
    assert call.recording.joins == [("Ben", "rejected"), ("Cid", "rejected")]


def test_the_end_repeats_the_whole_call(svc: Emulator) -> None:
    bot, ends = recorder(svc), list[Any]()
    bot.terminated(lambda event: ends.append(event.result.subcode))
    first = svc.policy_recording(bot, of=svc.user("Ann").hangs_up(after=5))
    svc.run()
    second = svc.policy_recording(bot, of=svc.user("Ben"))
    svc.advance(seconds=5)
    svc.end(second.id, code=500, subcode=7106)
    svc.run()
    assert ends == [7000, 7106]
    for call in (first, second):
        last = [one.body["value"][0] for one in svc.log.notifications if one.call_id == call.id][-1]
        data = last["resourceData"]
        assert (last["changeType"], data["terminationReason"]) == ("deleted", "CallTerminated")
        whole = {"source", "targets", "tenantId", "myParticipantId", "applicationMetadata"}
        assert whole < data.keys()


@pytest.mark.parametrize("tells", [True, False])
def test_the_bot_says_that_it_records(svc: Emulator, tells: bool) -> None:
    bot = recorder(svc)

    @bot.media_active
    async def record(call: Any) -> None:
        operation = await call.update_recording_status(RecordingStatus.RECORDING)
        assert (await operation.completed(timeout=1)).status.value == "completed"

    svc.policy_recording(bot, of=svc.user("Ann").hangs_up(after=9), tells_status=tells)
    svc.run()
    [asked] = [one for one in svc.log.requests if one.name == "updateRecordingStatus"]
    assert (asked.status, asked.answer["status"]) == (200, "completed")
    rosters = [str(one.body) for one in svc.log.notifications if one.call_id == asked.call_id]
    assert any("'recordingStatus': 'recording'" in roster for roster in rosters) is tells


def test_only_calls_for_a_policy_have_a_recording_status(svc: Emulator) -> None:
    call = svc.client().calls.create(call_to(svc.user("Ann").answers(after=0)))
    svc.run()
    with pytest.raises(GraphHTTPError, match=r"8506.*non-Compliance Recording call"):
        svc.client().calls.update_recording_status(str(call.id), status=RecordingStatus.RECORDING)


def test_a_recording_status_is_one_of_three(svc: Emulator) -> None:
    call = svc.policy_recording(recorder(svc), of=svc.user("Ann"))
    with pytest.raises(GraphHTTPError, match="8501"):
        svc.client().calls.update_recording_status(call.id, status=RecordingStatus.FAILED)
    svc.advance(seconds=3)
    with pytest.raises(GraphHTTPError, match="8523"):
        svc.client().calls.update_recording_status(call.id, status=RecordingStatus.UNKNOWN)
