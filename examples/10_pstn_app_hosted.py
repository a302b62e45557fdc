"""Call a phone number; the application hosts the media, which the blob describes."""

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

bot = IdentitySet(
    application_instance=Identity(display_name="Calling Bot", id=setting("BOT_INSTANCE_ID"))
)
phone = IdentitySet(phone=Identity(id=setting("PHONE_NUMBER")))
call = Call(
    callback_uri=setting("CALLBACK_URI"),
    source=ParticipantInfo(
        identity=bot, country_code=None, endpoint_type=None, region=None, language_id=None
    ),
    targets=[InvitationParticipantInfo(identity=phone)],
    requested_modalities=[Modality.AUDIO],
    media_config=AppHostedMediaConfig(blob=setting("MEDIA_BLOB")),
    tenant_id=setting("TENANT_ID"),
)

with connect() as graph:
    created = graph.calls.create(call)
print(f"call {created.id} is {created.state}")
