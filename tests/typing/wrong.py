"""Mistakes of users: both type checkers reject each marked line, and no other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from io import StringIO

from graph_comms import AsyncCommunicationsClient, CommunicationsClient
from graph_comms.bot import BlockingChange, Change, Changes
from graph_comms.models import (
    Call,
    CallDirection,
    CallRecording,
    CallState,
    CommsNotification,
    Identity,
    IdentitySet,
    InvitationParticipantInfo,
    Modality,
    ParticipantInfo,
)

Call(subject=5)  # error
Call(calback_uri="https://bot.contoso.com/callback")  # error
Call(callbackUri="https://bot.contoso.com/callback")  # error
Call("https://bot.contoso.com/callback")  # error
Call(state="established")  # error
Call(state=CallDirection.INCOMING)  # error
Call(requested_modalities=Modality.AUDIO)  # error
Call(requested_modalities=["audio"])  # error
Call(targets=[Identity()])  # error
Call(source={"identity": None})  # error
Call(source=IdentitySet())  # error
IdentitySet(pager=Identity(id="1"))  # error
InvitationParticipantInfo(hidden="true")  # error

call = Call(subject="right")
call.subject = 5  # error
call.calback_uri = "https://bot.contoso.com/callback"  # error
call.state = "established"  # error
print(call.calback)  # error
print(call.subject.upper())  # error
print(CallState.ESTABLISH)  # error

notification = CommsNotification.from_json("{}")
print(notification.resource_url.upper())  # error
print(notification.change_type.is_unknown)  # error
identity: Identity = ParticipantInfo().identity  # error

with CommunicationsClient("token") as client:
    client.calls.create(ParticipantInfo())  # error
    client.calls.create()  # error
    client.calls.craete(call)  # error
    client.follow("https://graph.microsoft.com/v1.0/x", str)  # error
    print(client.follow("https://graph.microsoft.com/v1.0/x", Call).count.number)  # error
    number: int = client.calls.create(call).id  # error
    client.calls.create.with_response(ParticipantInfo())  # error
    client.me.online_meetings.transcripts.get_content("1", "2", format="text/vt")  # error
    client.users.online_meetings.get_all_recordings()  # error
    client.users.online_meetings.get_all_recordings.delta("1", meeting=1)  # error
    client.users.online_meetings.get_all_recordings.with_response("1", meeting=1)  # error
    client.users.online_meetings.get_all_recordings.gamma("1")  # error
    client.calls.create.with_response()  # error
    client.calls.create.with_response(call, subject="wrong")  # error
    print(client.calls.create.with_response(call).id)  # error
    print(client.calls.create.with_response(call).value.number)  # error
    client.calls.create.with_respones(call)  # error
    client.calls.list.with_response(topp=5)  # error
    client.calls.list.with_response().value[0]  # error
    client.get_recording(call)  # error
    client.get_recording("https://recordings.example")  # error
    recordings = client.online_meetings.recordings
    recordings.put_content("1", "2", "sound")  # error
    recordings.put_content("1", "2", ["sound"])  # error
    recordings.put_content("1", "2", StringIO("sound"))  # error
    with client.online_meetings.recordings.stream_content.with_response("1") as response:  # error
        text: str = next(response.value)  # error
    client.calls.create.with_response(call).status = 5  # error
    client.calls.get("1", timeout="5")  # error
    client.calls.get("1", retry=3)  # error
    client.calls.get("1", request_timeout=5.0)  # error
    client.calls.redirect("1", targets=[], timeout="30")  # error
    client.calls.redirect("1", targets=[], request_timeout="5")  # error
    client.calls.redirect("1", targets=[], request_retry=3)  # error
    client.follow("https://graph.microsoft.com/v1.0/x", Call, query={})  # error
    print(client.request("GET", "/x", returns=Call).id)  # error
    client.request("GET", "/x", returns=str)  # error
    client.request("GET", "/x", returns=list[str])  # error
    client.request("GET", "/x", select=["id"])  # error
    client.request("GET", 5)  # error
    content: bytes = client.request("GET", "/x", returns=bytes)  # error

CommunicationsClient("token", headers=["X-Own"])  # error
CommunicationsClient("token", retry=3)  # error
with AsyncCommunicationsClient("token"):  # error
    pass


async def put(client: CommunicationsClient, other: AsyncIterator[bytes]) -> None:
    client.online_meetings.recordings.put_content("1", "2", other)  # error
    recordings = AsyncCommunicationsClient("token").online_meetings.recordings
    await recordings.put_content("1", "2", "sound")  # error
    await recordings.put_content("1", "2", StringIO("sound"))  # error


def listen(changes: Changes) -> None:
    @changes.created(Call)  # error
    async def other_type(change: Change[CallRecording]) -> None: ...

    @changes.created(Call)  # error
    def not_blocking(change: Change[Call]) -> None: ...

    @changes.created(Call)
    def wants_another(change: BlockingChange[Call]) -> None:
        recording: CallRecording = change.fetch()  # error
        print(recording)
        change.fetch(query="$select=id")  # error

    changes.missed("calls")  # error
