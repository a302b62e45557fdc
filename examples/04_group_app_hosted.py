"""Call several people; the application hosts the media."""

from _setup import connect, setting

from graph_comms.models import (
    AppHostedMediaConfig,
    Call,
    CallDirection,
    Identity,
    IdentitySet,
    InvitationParticipantInfo,
    Modality,
    ParticipantInfo,
)

bot = IdentitySet(application=Identity(display_name="TestBot", id=setting("CLIENT_ID")))
first = IdentitySet(user=Identity(display_name="user1", id=setting("USER_ID")))
second = IdentitySet(user=Identity(display_name="user2", id=setting("SECOND_USER_ID")))
call = Call(
    direction=CallDirection.OUTGOING,
    subject="Create a group call with application hosted media",
    callback_uri=setting("CALLBACK_URI"),
    source=ParticipantInfo(identity=bot),
    targets=[
        InvitationParticipantInfo(identity=first),
        InvitationParticipantInfo(identity=second),
    ],
    requested_modalities=[Modality.AUDIO],
    media_config=AppHostedMediaConfig(remove_from_default_audio_group=False),
)

with connect() as graph:
    created = graph.calls.create(call)
print(f"call {created.id} is {created.state}")
