"""Call a person; the service plays and records the media."""

from _setup import connect, setting

from graph_comms.models import (
    Call,
    Identity,
    IdentitySet,
    InvitationParticipantInfo,
    Modality,
    OutgoingCallOptions,
    ServiceHostedMediaConfig,
)

john = IdentitySet(user=Identity(display_name="John", id=setting("USER_ID")))
call = Call(
    callback_uri=setting("CALLBACK_URI"),
    targets=[InvitationParticipantInfo(identity=john)],
    requested_modalities=[Modality.AUDIO],
    call_options=OutgoingCallOptions(
        is_content_sharing_notification_enabled=True, is_delta_roster_enabled=True
    ),
    media_config=ServiceHostedMediaConfig(),
)

with connect() as graph:
    created = graph.calls.create(call)
print(f"call {created.id} is {created.state}")
