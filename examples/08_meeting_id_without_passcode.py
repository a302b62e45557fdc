"""Join a meeting by its id; null says that it has no passcode."""

from _setup import connect, setting

from graph_comms.models import (
    Call,
    JoinMeetingIdMeetingInfo,
    MediaInfo,
    Modality,
    ServiceHostedMediaConfig,
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
    meeting_info=JoinMeetingIdMeetingInfo(
        join_meeting_id=setting("JOIN_MEETING_ID"), passcode=None
    ),
    tenant_id=setting("TENANT_ID"),
)

with connect() as graph:
    created = graph.calls.create(call)
print(f"call {created.id} is {created.state}")
