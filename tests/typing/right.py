"""A program as users write it: both type checkers accept every line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from graph_comms import (
    AsyncCommunicationsClient,
    AsyncPage,
    Cloud,
    CommunicationsClient,
    GraphError,
    Page,
    Response,
    RetryPolicy,
)
from graph_comms.bot import BlockingChange, Change, Changes, MeetingCallEvent, Missed
from graph_comms.models import (
    Call,
    CallRecording,
    CallState,
    ChatInfo,
    CommsNotifications,
    DeltaParticipants,
    Identity,
    IdentitySet,
    InvitationParticipantInfo,
    MediaInfo,
    Modality,
    OnlineMeetingVideoDisabledReason,
    OrganizerMeetingInfo,
    OutgoingCallOptions,
    Participant,
    RecordOperation,
    ServiceHostedMediaConfig,
    call_records,
)


def invite(phone_number: str) -> InvitationParticipantInfo:
    identity = IdentitySet(phone=Identity(id=phone_number)).with_undeclared(pager=[1])
    return InvitationParticipantInfo(identity=identity, replaces_call_id=None)


def new_call() -> Call:
    call = Call(
        callback_uri="https://bot.contoso.com/callback",
        targets=[invite("+12345678901")],
        requested_modalities=[Modality.AUDIO, Modality("smell")],
        media_config=ServiceHostedMediaConfig(
            pre_fetch_media=[MediaInfo(odata_type=None, uri="https://cdn.contoso.com/beep.wav")],
        ),
        meeting_info=OrganizerMeetingInfo(organizer=IdentitySet(user=Identity(id="1"))),
        chat_info=ChatInfo(thread_id="19:meeting@thread.v2"),
        call_options=OutgoingCallOptions(is_delta_roster_enabled=True),
    )
    call.subject = None
    return call


def create(token: str) -> str | None:
    with CommunicationsClient(token, cloud=Cloud.GLOBAL) as client:
        try:
            created = client.calls.create(new_call())
        except GraphError as error:
            print(error)
            return None
        return created.id


def created_at(token: str) -> tuple[str | None, str | None]:
    with CommunicationsClient(token) as client:
        response = client.calls.create.with_response(new_call())
        call: Call = response.value
        status: int = response.status
        page: Page[Participant] = client.calls.participants.list.with_response("1", top=5).value
        with client.online_meetings.recordings.stream_content.with_response("1", "2") as streamed:
            size = sum(map(len, streamed.value))
        nothing: Response[None] = client.calls.delete.with_response("1")
        print(status, page.count, size, nothing.request_id)
        return call.id, response.location or response.headers["Location"]


async def created_at_async(token: str) -> str | None:
    async with AsyncCommunicationsClient(token) as client:
        response = await client.calls.create.with_response(new_call())
        call: Call = response.value
        page: AsyncPage[Participant] = (
            await client.calls.participants.list.with_response("1", top=5)
        ).value
        recordings = client.online_meetings.recordings
        async with recordings.stream_content.with_response("1", "2") as streamed:
            size = sum([len(piece) async for piece in streamed.value])
        print(call.id, page.count, size)
        return response.location


def put(client: CommunicationsClient, pieces: Iterator[bytes]) -> None:
    put_content = client.online_meetings.recordings.put_content
    put_content("1", "2", b"sound")
    put_content("1", "2", [b"sound"])
    put_content("1", "2", pieces)
    put_content("1", "2", BytesIO(b"sound"))
    with Path("sound").open("rb") as file:
        put_content("1", "2", file)


async def put_async(client: AsyncCommunicationsClient, pieces: Iterator[bytes]) -> None:
    recordings = client.online_meetings.recordings
    await recordings.put_content("1", "2", b"sound")
    await recordings.put_content("1", "2", pieces)
    await recordings.put_content("1", "2", BytesIO(b"sound"))
    async with recordings.stream_content("1", "2") as other:
        await recordings.put_content("1", "3", other)


def fetch(client: CommunicationsClient, operation: RecordOperation) -> bytes:
    with client.stream_recording(operation) as pieces:
        first: bytes = next(pieces)
    response: Response[bytes] = client.get_recording.with_response(operation)
    return (
        first or response.value or client.get_recording(operation, headers={"Range": "bytes=0-9"})
    )


async def fetch_async(client: AsyncCommunicationsClient, operation: RecordOperation) -> bytes:
    async with client.stream_recording(operation) as pieces:
        return b"".join([piece async for piece in pieces]) or await client.get_recording(operation)


def changes(client: CommunicationsClient, link: str) -> str | None:
    page: Page[call_records.Session] = client.follow(link, call_records.Session)
    ids: list[str | None] = [session.id for session in page]
    return page.delta_link if ids else call_records.CallRecord().next_link("sessions")


def wider(page: Page[Call], pages: AsyncPage[Call]) -> tuple[Page[object], AsyncPage[object]]:
    return page, pages


async def changes_async(client: AsyncCommunicationsClient, link: str) -> list[str | None]:
    page: AsyncPage[Participant] = await client.follow(link, Participant, headers={"X-Own": "1"})
    return [participant.id async for participant in page]


def transcript(client: CommunicationsClient) -> bytes:
    transcripts = client.me.online_meetings.transcripts
    with transcripts.stream_content("1", "2", format="text/vtt") as pieces:
        print(sum(map(len, pieces)))
    return transcripts.get_content(
        "1", "2", format="application/vnd.microsoft.graph.transcript+text"
    )


def new_recordings(client: CommunicationsClient) -> list[str | None]:
    recordings = client.users.online_meetings.get_all_recordings
    page: Page[CallRecording] = recordings("1", meeting_organizer_user_id="1", top=5)
    page = recordings.delta("1", start_date_time=datetime.now(UTC))
    response: Response[Page[CallRecording]] = recordings.with_response("1")
    page = recordings.delta.with_response("1").value
    return [recording.id for recording in page] if response.status == 200 else []


async def new_recordings_async(client: AsyncCommunicationsClient) -> list[str | None]:
    recordings = client.users.online_meetings.get_all_recordings
    page: AsyncPage[CallRecording] = await recordings("1", meeting_organizer_user_id="1", top=5)
    page = await recordings.delta("1", start_date_time=datetime.now(UTC))
    response: Response[AsyncPage[CallRecording]] = await recordings.with_response("1")
    page = (await recordings.delta.with_response("1")).value
    return [recording.id async for recording in page] if response.status == 200 else []


def with_options(client: CommunicationsClient, target: InvitationParticipantInfo) -> None:
    client.calls.get("1", timeout=5.0, retry=RetryPolicy(max_retries=0), headers={"If-Match": "*"})
    client.calls.get.with_response("1", timeout=5)
    client.calls.redirect("1", targets=[target], timeout=30, request_timeout=5.0)
    client.follow("https://graph.microsoft.com/v1.0/x", Call, retry=RetryPolicy(deadline=5.0))
    with client.online_meetings.recordings.stream_content("1", "2", timeout=5.0) as pieces:
        print(*pieces)


def anything(client: CommunicationsClient) -> None:
    call: Call | None = client.request("GET", "/communications/calls/1", returns=Call)
    page: Page[Participant] | None = client.request("GET", "/x", returns=list[Participant])
    content: bytes | None = client.request("GET", "/x/content", returns=bytes)
    decoded: dict[str, int] = client.request("POST", "/x", body={"a": [1, None]}, query={"a": "b"})
    client.request("DELETE", "/x", returns=None, timeout=5.0, headers=None)
    print(call and call.state, page and page.count, len(content or b""), decoded)


async def anything_async(client: AsyncCommunicationsClient) -> None:
    call: Call | None = await client.request("PATCH", "/x", body=Call(), returns=Call)
    page: AsyncPage[Call] | None = await client.request("GET", "/x", returns=list[Call])
    content: bytes | None = await client.request("GET", "/x/content", returns=bytes)
    decoded: list[str] = await client.request("POST", "/x", body=b"x", retry=RetryPolicy())
    print(call and call.state, page and page.count, len(content or b""), decoded)


async def create_async(token: str) -> CallState | None:
    async with AsyncCommunicationsClient(token) as client:
        created = await client.calls.create(new_call())
        return created.state


def seen(body: bytes) -> list[str]:
    found: list[str] = []
    for notification in CommsNotifications.from_json(body).value or []:
        changed = notification.resource_data
        where: str | None = notification.callback_uri
        if isinstance(changed, Call) and changed.state == CallState.ESTABLISHED:
            found.append(f"{changed.id} {changed.state.value} {where}")
        elif isinstance(changed, DeltaParticipants):
            found += [name(one) for one in changed.participants or []]
    return found


def name(participant: Participant) -> str:
    info = participant.info
    if info is None or info.identity is None or info.identity.user is None:
        return "nobody"
    return info.identity.user.display_name or "no name"


def limits(participant: Participant) -> bool:
    restricted = participant.restricted_experience
    if restricted is None or restricted.video_disabled is None:
        return False
    if restricted.video_disabled.is_unknown:
        return True
    return OnlineMeetingVideoDisabledReason.WATERMARK_PROTECTION in restricted.video_disabled


def lasted(record: call_records.CallRecord) -> timedelta:
    start: datetime | None = record.start_date_time
    end: datetime | None = record.end_date_time
    return timedelta(0) if start is None or end is None else end - start


def stored(call: Call) -> Call:
    wire: dict[str, object] = call.to_dict()
    text: str = call.to_json()
    return Call.from_json(text) if wire else Call.from_dict({"subject": None})


def listen(changes: Changes) -> None:
    @changes.created(call_records.CallRecord)
    @changes.updated(call_records.CallRecord)
    async def record(change: Change[call_records.CallRecord]) -> None:
        found = await change.fetch(query={"$expand": "sessions"})
        began: datetime | None = found.start_date_time
        notified = change.resource
        print(began, notified.version if notified else change.id)

    @changes.created(CallRecording)
    def recorded(change: BlockingChange[CallRecording]) -> None:
        meeting: str | None = change.fetch().meeting_id
        print(meeting)

    @changes.updated(MeetingCallEvent)
    async def roster(change: Change[MeetingCallEvent]) -> None:
        if change.resource:
            print([person.identity.user for person in change.resource.joined])

    @changes.missed(call_records.CallRecord)
    @changes.missed
    async def backfill(missed: Missed) -> None:
        since: datetime = missed.since
        print(since)
