"""What is left of meetings in the emulator: attendance, recordings and transcripts."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta

import pytest

from graph_comms import CommunicationsClient
from graph_comms.bot import MeetingLink
from graph_comms.models import OnlineMeeting
from graph_emulator import Emulator
from tests.emulator.bots import joining
from tests.emulator.test_meetings import LINK

ORGANIZER = "5810cede-f3cc-42eb-b2c1-e9bd5d53ec96"


@pytest.fixture
def svc() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


@pytest.fixture
def client(svc: Emulator) -> Generator[CommunicationsClient]:
    with svc.client() as client:
        yield client


def key_of(client: CommunicationsClient, link: str) -> str:
    found = client.users.online_meetings.list(ORGANIZER, filter=f"JoinWebUrl eq '{link}'")
    [meeting] = found
    return str(meeting.id)


def test_a_declared_meeting_is_an_online_meeting(
    svc: Emulator, client: CommunicationsClient
) -> None:
    svc.meeting(LINK)
    meeting = client.users.online_meetings.get(ORGANIZER, key_of(client, LINK))
    assert meeting.chat_info is not None
    assert meeting.chat_info.thread_id == MeetingLink.parse(LINK).thread_id
    assert MeetingLink.parse(str(meeting.id)).organizer_id == ORGANIZER
    svc.meeting("https://teams.microsoft.com/meet/1234567?p=psw123")  # does not say whose it is
    assert len(list(client.online_meetings.list())) == 1


def test_who_attended_is_reported(svc: Emulator, client: CommunicationsClient) -> None:
    ann, ben = svc.user("Ann"), svc.user("Ben")
    meeting = svc.meeting(LINK).joins(ann).joins(ben, after=10).leaves(ben, after=40)
    meeting.joins(ben, after=60).leaves(ben, after=70).leaves(ann, after=100)
    joined = client.calls.create(joining(LINK, svc.tenant_id))
    svc.run()
    assert svc.calls[str(joined.id)].state == "terminated"
    key, reports = key_of(client, LINK), client.users.online_meetings.attendance_reports
    assert list(reports.list(ORGANIZER, key)) == []
    svc.advance(minutes=1)
    [listed] = reports.list(ORGANIZER, key)
    assert listed.attendance_records is None
    report = reports.get(ORGANIZER, key, str(listed.id), expand=["attendanceRecords"])
    assert report.total_participant_count == 2
    assert report.meeting_start_date_time is not None
    assert report.meeting_end_date_time is not None
    lasted = report.meeting_end_date_time - report.meeting_start_date_time
    assert timedelta(seconds=100) <= lasted < timedelta(seconds=101)
    found = {one.id: one for one in report.attendance_records or ()}
    assert found[ann.id].total_attendance_in_seconds == 100
    assert found[ben.id].total_attendance_in_seconds == 40
    intervals = found[ben.id].attendance_intervals or []
    assert [one.duration_in_seconds for one in intervals] == [30, 10]
    identity = found[ann.id].identity
    assert identity is not None
    assert (identity.id, identity.display_name) == (ann.id, "Ann")
    records = reports.attendance_records
    assert [one.id for one in records.list(ORGANIZER, key, str(listed.id))] == [ann.id, ben.id]


def test_each_session_has_a_report(svc: Emulator, client: CommunicationsClient) -> None:
    made = client.users.online_meetings.create(ORGANIZER, OnlineMeeting(record_automatically=True))
    link = str(made.join_web_url)
    svc.meeting(link).joins(svc.user("Ann")).leaves(svc.user("Ann"), after=9)
    for _ in range(2):
        client.calls.create(joining(link, svc.tenant_id))
        svc.run()
    svc.advance(minutes=1)
    meetings = client.users.online_meetings
    assert len(list(meetings.attendance_reports.list(ORGANIZER, str(made.id)))) == 2
    assert len(list(meetings.recordings.list(ORGANIZER, str(made.id)))) == 2
    assert list(meetings.transcripts.list(ORGANIZER, str(made.id))) == []


def test_a_meeting_is_recorded(svc: Emulator, client: CommunicationsClient) -> None:
    text = "WEBVTT\n\n0:0:0.0 --> 0:0:5.320\n<v Ann>Hello</v>\n"
    meeting = svc.meeting(LINK).records(b"\x00video").transcribes(text)
    meeting.joins(svc.user("Ann")).leaves(svc.user("Ann"), after=9)
    call = client.calls.create(joining(LINK, svc.tenant_id))
    svc.run()
    svc.advance(minutes=1)
    key, meetings = key_of(client, LINK), client.users.online_meetings
    [recording] = meetings.recordings.list(ORGANIZER, key)
    [transcript] = meetings.transcripts.list(ORGANIZER, key)
    assert recording.meeting_id == transcript.meeting_id == key
    assert recording.call_id == call.call_chain_id
    assert recording.content_correlation_id == transcript.content_correlation_id
    organizer = recording.meeting_organizer
    assert organizer is not None
    assert organizer.user is not None
    assert organizer.user.id == ORGANIZER
    assert meetings.recordings.get_content(ORGANIZER, key, str(recording.id)) == b"\x00video"
    written = meetings.transcripts.get_content(ORGANIZER, key, str(transcript.id))
    assert written == text.encode()
    assert str(recording.recording_content_url).endswith(f"/recordings/{recording.id}/content")
    every = client.online_meetings.get_all_recordings(meeting_organizer_user_id=ORGANIZER)
    assert [one.id for one in every] == [recording.id]
