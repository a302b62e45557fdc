"""The same methods called wrongly: both type checkers reject each marked line, and no other."""

from __future__ import annotations

from datetime import datetime

from graph_comms import AsyncCommunicationsClient, CommunicationsClient, Page
from graph_comms.client import AsyncCalls, Calls, CallsParticipants
from graph_comms.models import (
    AppHostedMediaConfig,
    Call,
    Identity,
    IdentitySet,
    InvitationParticipantInfo,
    Modality,
    Participant,
    call_records,
)


def calls(client: CommunicationsClient, media: AppHostedMediaConfig) -> None:
    guest = InvitationParticipantInfo(identity=IdentitySet())
    client.calls.create(guest)  # error
    client.calls.list(select="id", tpo=5)  # error
    client.calls.list(orderby=5)  # error
    client.calls.list("1")  # error
    client.calls.count(top=5)  # error
    client.calls.get()  # error
    client.calls.get(1)  # error
    client.calls.get("1", filter="id eq '1'")  # error
    client.calls.get("1", headers={"Prefer": 1})  # error
    client.calls.update("1", call={"subject": "x"})  # error
    client.calls.update("1")  # error
    print(client.calls.update("1", Call()).subject)  # error
    client.calls.answer("1", media_config=media)  # error
    client.calls.answer("1", callbackUri="https://x.example", media_config=media)  # error
    client.calls.answer("1", "https://x.example", media)  # error
    client.calls.answer("1", callback_uri=None, media_config=media)  # error
    client.calls.answer("1", callback_uri="x", media_config=Modality.AUDIO)  # error
    client.calls.reject("1", reason="busy")  # error
    client.calls.redirect("1", targets=guest)  # error
    client.calls.redirect("1", targets=[guest], timeout="99")  # error
    client.calls.transfer("1", transfer_target=Identity())  # error
    client.calls.transfer("1", transfer_target=guest, context="x")  # error
    client.calls.keep_alive()  # error
    client.calls.play_prompt("1", prompts=None)  # error
    client.calls.record_response("1", barge_in_allowed="true")  # error
    client.calls.send_dtmf_tones("1", tones=["1"])  # error
    client.calls.change_screen_sharing_role("1", role=Modality.AUDIO)  # error
    client.calls.update_recording_status("1")  # error
    deleted: Call = client.calls.delete("1")  # error
    print(deleted)


def inside_a_call(client: CommunicationsClient) -> None:
    client.calls.participants.invite("1", participants=[Participant()])  # error
    client.calls.participants.invite(participants=[])  # error
    client.calls.participants.list()  # error
    client.calls.participants.mute("1")  # error
    client.calls.participants.start_hold_music("1", "2", custom_prompt="x")  # error
    client.calls.participants.start_hold_musik("1", "2")  # error
    client.calls.audio_routing_groups.create("1", [Participant()])  # error
    client.calls.operation.get("1", "2")  # error


def records_and_meetings(client: CommunicationsClient) -> None:
    record: Call = client.call_records.get("1")  # error
    sessions: Page[call_records.Segment] = client.call_records.sessions.list("1")  # error
    client.call_records.get_pstn_calls()  # error
    client.call_records.get_pstn_calls(datetime.now(), datetime.now())  # error
    client.call_records.get_pstn_calls(from_date_time="2025-11-01", to_date_time=None)  # error
    client.online_meetings.create_or_get(subject="x")  # error
    content: str = client.online_meetings.recordings.get_content("1", "2")  # error
    stream: bytes = client.online_meetings.recordings.stream_content("1", "2")  # error
    client.online_meetings.put_attendee_report("1", "report")  # error
    client.online_meetings.get_virtual_appointment_join_web_url("1", select=["x"])  # error
    print(record, sessions, content, stream)


def presences(client: CommunicationsClient) -> None:
    client.get_presences_by_user_id(["1"])  # error
    client.get_presences_by_user_id(ids=[1])  # error
    client.presences.set_presence("1", availability="Available")  # error
    client.presences.set_presence("1", availability="x", activity="x", sesion_id="1")  # error
    client.presences.set_manual_location("1", work_location_type="office")  # error
    print(client.get_presences_by_user_id(ids=["1"]).next_page().value)  # error


async def asynchronous(client: AsyncCommunicationsClient) -> None:
    print(client.calls.get("1").id)  # error
    print([call.id for call in await client.calls.list()])  # error
    print((await client.calls.list())[0])  # error
    await client.calls.list(topp=5)  # error


def of_one_resource(calls: Calls, participants: CallsParticipants) -> None:
    calls.delete(1)  # error
    calls.create.with_answer(Call())  # error
    participants.list("1", "2")  # error
    print(calls.participant)  # error


async def resources(client: CommunicationsClient, twin: AsyncCommunicationsClient) -> None:
    of_one_resource(twin.calls, client.calls.participants)  # error
    of_one_resource(client.calls, twin.calls.participants)  # error
    asynchronous: AsyncCalls = client.calls  # error
    await client.calls.delete("1")  # error
    print(asynchronous, twin.calls.get("1").id)  # error
