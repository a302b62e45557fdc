"""Thirty methods as users call them: both type checkers accept every line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from graph_comms import UNSET, AsyncCommunicationsClient, CommunicationsClient, Page
from graph_comms.client import AsyncCalls, AsyncCallsParticipants, Calls, CallsParticipants
from graph_comms.models import (
    AudioRoutingGroup,
    Call,
    CallRecording,
    CommsOperation,
    IdentitySet,
    IncomingCallOptions,
    InvitationParticipantInfo,
    InviteParticipantsOperation,
    MediaInfo,
    MediaPrompt,
    Modality,
    OnlineMeeting,
    Participant,
    PlayPromptOperation,
    Presence,
    RecordingStatus,
    RejectReason,
    ScreenSharingRole,
    ServiceHostedMediaConfig,
    Tone,
    WorkLocationType,
    call_records,
)


def exercise(client: CommunicationsClient) -> None:
    calls(client)
    inside_a_call(client)
    records_and_meetings(client)
    presences(client)


def calls(client: CommunicationsClient) -> None:
    media = ServiceHostedMediaConfig(pre_fetch_media=[MediaInfo(uri="https://x.example/a.wav")])
    prompt = MediaPrompt(media_info=MediaInfo(uri="https://x.example/a.wav"))
    guest = InvitationParticipantInfo(identity=IdentitySet())
    created: Call = client.calls.create(Call(media_config=media, subject=None))
    page: Page[Call] = client.calls.list(select=["id", "state"], top=5, filter="state eq 'x'")
    states = [call.state for call in page]
    number: int = client.calls.count(filter="state eq 'x'")
    got: Call = client.calls.get("1", expand=["participants"], headers={"Prefer": "x"})
    changed: Call | None = client.calls.update("1", Call(subject="x"), headers=None)
    client.calls.answer(
        "1",
        callback_uri="https://bot.contoso.com/callback",
        media_config=media,
        accepted_modalities=[Modality.AUDIO],
        call_options=IncomingCallOptions(),
        participant_capacity=UNSET,
    )
    client.calls.reject("1", reason=RejectReason.BUSY, callback_uri=None)
    client.calls.redirect("1", targets=[guest], timeout=99)
    client.calls.transfer("1", transfer_target=guest)
    client.calls.keep_alive("1")
    played: PlayPromptOperation = client.calls.play_prompt("1", prompts=(prompt,))
    client.calls.record_response("1", prompts=[prompt], barge_in_allowed=True, stop_tones=["#"])
    client.calls.send_dtmf_tones("1", tones=[Tone.TONE1], delay_between_tones_ms=None)
    client.calls.change_screen_sharing_role("1", role=ScreenSharingRole.SHARER)
    client.calls.update_recording_status("1", status=RecordingStatus.RECORDING)
    client.calls.delete("1")
    print(created.id, states, number + 1, got.state, changed and changed.id, played.status)


def inside_a_call(client: CommunicationsClient) -> None:
    guest = InvitationParticipantInfo(identity=IdentitySet(), hidden=True)
    invited: InviteParticipantsOperation = client.calls.participants.invite(
        "1", participants=[guest], client_context="x"
    )
    people: Page[Participant] = client.calls.participants.list("1")
    muted: str | None = client.calls.participants.mute("1", "2").client_context
    client.calls.participants.start_hold_music("1", "2", custom_prompt=None)
    group: AudioRoutingGroup = client.calls.audio_routing_groups.create(
        "1", AudioRoutingGroup(receivers=["2"], sources=[])
    )
    operation: CommsOperation = client.calls.operations.get("1", "2")
    print(invited.id, people.next_link, muted, group.receivers, operation.status)


def records_and_meetings(client: CommunicationsClient) -> None:
    november, december = datetime(2025, 11, 1, tzinfo=UTC), datetime(2025, 12, 1, tzinfo=UTC)
    record: call_records.CallRecord = client.call_records.get("1", expand=["sessions"])
    sessions: Page[call_records.Session] = client.call_records.sessions.list("1")
    rows: Page[call_records.PstnCallLogRow] = client.call_records.get_pstn_calls(
        from_date_time=november, to_date_time=december
    )
    meeting: OnlineMeeting = client.online_meetings.create_or_get(external_id="1", subject="x")
    recordings: Page[CallRecording] = client.online_meetings.recordings.list("1")
    content: bytes = client.online_meetings.recordings.get_content("1", "2")
    with client.online_meetings.recordings.stream_content("1", "2") as pieces:
        length = sum(len(piece) for piece in pieces)
    client.online_meetings.put_attendee_report("1", b"report")
    url: str = client.online_meetings.get_virtual_appointment_join_web_url("1")
    print(record.version, sessions.count, rows.value, meeting.id, recordings.delta_link)
    print(len(content), length, url.lower())


def presences(client: CommunicationsClient) -> None:
    several: Page[Presence] = client.get_presences_by_user_id(ids=["1", "2"])
    client.presences.set_presence(
        "1",
        session_id="2",
        availability="Available",
        activity="Available",
        expiration_duration=timedelta(hours=1),
    )
    client.presences.set_manual_location("1", work_location_type=WorkLocationType.OFFICE)
    client.presences.clear_presence("1")
    following = several.next_page()
    print(following.value if following else several.annotations)


async def exercise_async(client: AsyncCommunicationsClient) -> None:
    page = await client.calls.list(orderby=["subject desc"], count=True, skip=5, search="x")
    states = [call.state async for call in page]
    changed: Call | None = await client.calls.update("1", Call(subject="x"))
    async with client.online_meetings.recordings.stream_content("1", "2") as pieces:
        length = sum([len(piece) async for piece in pieces])
    following = await page.next_page()
    print(states, changed, length, following)


def of_one_resource(calls: Calls, participants: CallsParticipants) -> Participant:
    calls.delete("1")
    return participants.get("1", "2")


async def of_one_asynchronous_resource(
    calls: AsyncCalls, participants: AsyncCallsParticipants
) -> Participant:
    await calls.delete("1")
    return await participants.get("1", "2")


async def resources(client: CommunicationsClient, twin: AsyncCommunicationsClient) -> None:
    of_one_resource(client.calls, client.calls.participants)
    await of_one_asynchronous_resource(twin.calls, twin.calls.participants)
