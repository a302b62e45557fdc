"""Online meetings in the emulator."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime, timedelta

import pytest

from graph_comms import BadRequestError, CommunicationsClient, NotFoundError
from graph_comms.bot import MeetingLink
from graph_comms.models import (
    Call,
    CallRecording,
    JoinMeetingIdMeetingInfo,
    JoinMeetingIdSettings,
    Modality,
    OnlineMeeting,
    ServiceHostedMediaConfig,
)
from graph_emulator import Emulator

ANN = "dc17674c-81d9-4adb-bfb2-8f6a442e4622"
TEN = datetime(2026, 1, 6, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def emulator() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


@pytest.fixture
def client(emulator: Emulator) -> Generator[CommunicationsClient]:
    with emulator.client() as client:
        yield client


def test_a_meeting_is_created(emulator: Emulator, client: CommunicationsClient) -> None:
    meetings = client.users.online_meetings
    made = meetings.create(ANN, OnlineMeeting(subject="Plan"))
    assert (made.subject, made.allowed_presenters) == ("Plan", "everyone")
    assert made.start_date_time == emulator.clock.now()
    assert made.end_date_time == emulator.clock.now() + timedelta(hours=1)
    assert made.chat_info is not None
    for text in (made.join_web_url, made.id):
        link = MeetingLink.parse(str(text))
        assert (link.organizer_id, link.thread_id) == (ANN, made.chat_info.thread_id)
    assert MeetingLink.parse(str(made.join_web_url)).tenant_id == emulator.tenant_id
    assert meetings.get(ANN, str(made.id)).subject == "Plan"
    assert client.online_meetings.get(str(made.id)).subject == "Plan"
    with pytest.raises(NotFoundError):
        meetings.get("ben", str(made.id))
    changed = meetings.update(ANN, str(made.id), OnlineMeeting(subject="Talk"))
    assert changed is not None
    assert (changed.subject, changed.join_web_url) == ("Talk", made.join_web_url)
    meetings.delete(ANN, str(made.id))
    with pytest.raises(NotFoundError):
        meetings.get(ANN, str(made.id))


def test_times(client: CommunicationsClient) -> None:
    meetings = client.users.online_meetings
    made = meetings.create(ANN, OnlineMeeting(start_date_time=TEN))
    assert made.end_date_time == TEN + timedelta(hours=1)
    for wrong in (
        OnlineMeeting(end_date_time=TEN),
        OnlineMeeting(start_date_time=TEN, end_date_time=TEN - timedelta(seconds=1)),
    ):
        with pytest.raises(BadRequestError):
            meetings.create(ANN, wrong)


def test_an_external_id_has_one_meeting(client: CommunicationsClient) -> None:
    create = client.users.online_meetings.create_or_get.with_response
    first = create(ANN, external_id="7", subject="One")
    second = create(ANN, external_id="7", subject="Two")
    assert (first.status, second.status) == (201, 200)
    assert (second.value.id, second.value.subject) == (first.value.id, "One")
    assert create(ANN, external_id="8").value.id != first.value.id
    assert create("ben", external_id="7").status == 201
    client.users.online_meetings.delete(ANN, str(first.value.id))
    assert create(ANN, external_id="7").status == 201


def test_a_meeting_is_found_by_its_link_and_its_id(client: CommunicationsClient) -> None:
    meetings = client.users.online_meetings
    made = meetings.create(ANN, OnlineMeeting())
    assert made.join_meeting_id_settings is not None
    number = made.join_meeting_id_settings.join_meeting_id
    for condition in (
        f"JoinWebUrl eq '{made.join_web_url}'",
        f"joinMeetingIdSettings/joinMeetingId eq '{number}'",
    ):
        assert [one.id for one in meetings.list(ANN, filter=condition)] == [made.id]
        assert list(meetings.list("ben", filter=condition)) == []


def test_a_passcode_is_made(emulator: Emulator, client: CommunicationsClient) -> None:
    asked = JoinMeetingIdSettings(is_passcode_required=True)
    made = client.users.online_meetings.create(ANN, OnlineMeeting(join_meeting_id_settings=asked))
    settings = made.join_meeting_id_settings
    assert settings is not None
    assert settings.passcode
    assert settings.passcode not in str(emulator.log.requests)


def test_a_bot_joins_by_the_id_and_the_passcode(
    emulator: Emulator, client: CommunicationsClient
) -> None:
    asked = JoinMeetingIdSettings(is_passcode_required=True)
    made = client.users.online_meetings.create(ANN, OnlineMeeting(join_meeting_id_settings=asked))
    assert made.join_meeting_id_settings is not None
    number = made.join_meeting_id_settings.join_meeting_id

    def join(passcode: str | None) -> Call:
        info = JoinMeetingIdMeetingInfo(join_meeting_id=number, passcode=passcode)
        return client.calls.create(
            Call(
                callback_uri="https://bot.contoso.com/api/calls",
                requested_modalities=[Modality.AUDIO],
                media_config=ServiceHostedMediaConfig(),
                meeting_info=info,
                tenant_id=emulator.tenant_id,
            )
        )

    with pytest.raises(BadRequestError):
        join("wrong")
    joined = join(made.join_meeting_id_settings.passcode)
    emulator.run()
    assert emulator.calls[str(joined.id)].state == "established"


def test_recordings_of_all_meetings(client: CommunicationsClient) -> None:
    meetings = client.users.online_meetings
    made = [str(meetings.create("eve", OnlineMeeting()).id) for _ in range(2)]
    for number, meeting in enumerate(made):
        recording = CallRecording(id=f"r{number}", created_date_time=TEN + timedelta(hours=number))
        meetings.recordings.create("eve", meeting, recording)
    found = meetings.get_all_recordings("eve", meeting_organizer_user_id="eve")
    assert [one.id for one in found] == ["r0", "r1"]
    late = meetings.get_all_recordings(
        "eve", meeting_organizer_user_id="eve", start_date_time=TEN + timedelta(minutes=1)
    )
    assert [one.id for one in late] == ["r1"]
    every = client.online_meetings.get_all_recordings
    assert [one.id for one in every(meeting_organizer_user_id="eve")] == ["r0", "r1"]
    assert [one.id for one in every(meeting_organizer_user_id="eve", top=1)] == ["r0", "r1"]
    assert list(every(meeting_organizer_user_id="ben")) == []
    changed = every.delta(meeting_organizer_user_id="eve", start_date_time=TEN, top=1)
    assert [one.id for one in changed] == ["r0", "r1"]
    assert list(client.online_meetings.get_all_transcripts(meeting_organizer_user_id="eve")) == []
