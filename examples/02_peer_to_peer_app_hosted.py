"""Call a person; the application hosts the media, which the blob describes."""

from _setup import connect, setting

from graph_comms.models import (
    AppHostedMediaConfig,
    Call,
    Identity,
    IdentitySet,
    InvitationParticipantInfo,
    Modality,
    ParticipantInfo,
)

bot = IdentitySet(application=Identity(display_name="Calling Bot", id=setting("CLIENT_ID")))
john = IdentitySet(user=Identity(display_name="John", id=setting("USER_ID")))
call = Call(
    callback_uri=setting("CALLBACK_URI"),
    source=ParticipantInfo(identity=bot, region=None, language_id=None),
    targets=[InvitationParticipantInfo(identity=john)],
    requested_modalities=[Modality.AUDIO],
    media_config=AppHostedMediaConfig(blob=setting("MEDIA_BLOB")),
)

with connect() as graph:
    created = graph.calls.create(call)
print(f"call {created.id} is {created.state}")
