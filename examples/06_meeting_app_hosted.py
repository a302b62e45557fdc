"""Join a scheduled meeting; the application hosts the media."""

from _setup import connect, setting

from graph_comms.models import (
    AppHostedMediaConfig,
    Call,
    CallDirection,
    ChatInfo,
    Identity,
    IdentitySet,
    Modality,
    OrganizerMeetingInfo,
)

tenant = setting("TENANT_ID")
bob = Identity(id=setting("ORGANIZER_ID"), display_name="Bob", tenant_id=tenant)
meeting = OrganizerMeetingInfo(
    organizer=IdentitySet(user=bob), allow_conversation_without_host=True
)
call = Call(
    direction=CallDirection.OUTGOING,
    callback_uri=setting("CALLBACK_URI"),
    requested_modalities=[Modality.AUDIO],
    media_config=AppHostedMediaConfig(),
    chat_info=ChatInfo(thread_id=setting("THREAD_ID"), message_id="0"),
    meeting_info=meeting,
    tenant_id=tenant,
)

with connect() as graph:
    created = graph.calls.create(call)
print(f"call {created.id} is {created.state}")
