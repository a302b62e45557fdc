"""Join a scheduled meeting; the service plays the prompts that it fetches beforehand."""

from _setup import connect, setting

from graph_comms.models import (
    Call,
    ChatInfo,
    Identity,
    IdentitySet,
    MediaInfo,
    Modality,
    OrganizerMeetingInfo,
    ServiceHostedMediaConfig,
)

tenant = setting("TENANT_ID")
bob = Identity(id=setting("ORGANIZER_ID"), display_name="Bob", tenant_id=tenant)
meeting = OrganizerMeetingInfo(
    organizer=IdentitySet(user=bob), allow_conversation_without_host=True
)
prompts = [
    MediaInfo(
        odata_type=None,
        uri="https://cdn.contoso.com/beep.wav",
        resource_id="f8971b04-b53e-418c-9222-c82ce681a582",
    ),
    MediaInfo(
        odata_type=None,
        uri="https://cdn.contoso.com/cool.wav",
        resource_id="86dc814b-c172-4428-9112-60f8ecae1edb",
    ),
]
call = Call(
    callback_uri=setting("CALLBACK_URI"),
    requested_modalities=[Modality.AUDIO],
    media_config=ServiceHostedMediaConfig(pre_fetch_media=prompts),
    chat_info=ChatInfo(thread_id=setting("THREAD_ID"), message_id="0"),
    meeting_info=meeting,
    tenant_id=tenant,
)

with connect() as graph:
    created = graph.calls.create(call)
print(f"call {created.id} is {created.state}")
