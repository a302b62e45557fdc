"""The ten documented requests as a user of the package would build them."""

from __future__ import annotations

from collections.abc import Callable

from graph_comms.models import (
    AppHostedMediaConfig,
    Call,
    CallDirection,
    ChatInfo,
    Identity,
    IdentitySet,
    InvitationParticipantInfo,
    JoinMeetingIdMeetingInfo,
    MediaInfo,
    Modality,
    OrganizerMeetingInfo,
    OutgoingCallOptions,
    ParticipantInfo,
    ServiceHostedMediaConfig,
)

CALLBACK = "https://bot.contoso.com/callback"
TENANT = "aa67bd4c-8475-432d-bd41-39f255720e0a"
OTHER_TENANT = "86dc81db-c112-4228-9222-63f3esaa1edb"


def user(name: str, id: str) -> InvitationParticipantInfo:
    return InvitationParticipantInfo(
        identity=IdentitySet(user=Identity(display_name=name, id=id)),
    )


def phone(number: str) -> InvitationParticipantInfo:
    return InvitationParticipantInfo(
        identity=IdentitySet(phone=Identity(id=number)),
    )


def app(name: str, id: str) -> IdentitySet:
    return IdentitySet(application=Identity(display_name=name, id=id))


def app_instance(name: str, id: str) -> ParticipantInfo:
    identity = Identity(display_name=name, id=id)
    return ParticipantInfo(
        identity=IdentitySet(application_instance=identity),
        country_code=None,
        endpoint_type=None,
        region=None,
        language_id=None,
    )


def prompts() -> list[MediaInfo]:
    return [
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


def meeting_chat() -> ChatInfo:
    return ChatInfo(
        thread_id="19:meeting_Win6Ydo4wsMijFjZS00ZGVjLTk5MGUtOTRjNWY2NmNkYTFm@thread.v2",
        message_id="0",
    )


def meeting_of_bob(tenant_id: str) -> OrganizerMeetingInfo:
    bob = Identity(
        id="5810cede-f3cc-42eb-b2c1-e9bd5d53ec96", display_name="Bob", tenant_id=tenant_id
    )
    return OrganizerMeetingInfo(
        organizer=IdentitySet(user=bob), allow_conversation_without_host=True
    )


def peer_to_peer_service_hosted() -> Call:
    return Call(
        callback_uri=CALLBACK,
        targets=[user("John", "112f7296-5fa4-42ca-bae8-6a692b15d4b8")],
        requested_modalities=[Modality.AUDIO],
        call_options=OutgoingCallOptions(
            is_content_sharing_notification_enabled=True,
            is_delta_roster_enabled=True,
        ),
        media_config=ServiceHostedMediaConfig(),
    )


def peer_to_peer_app_hosted() -> Call:
    return Call(
        callback_uri=CALLBACK,
        source=ParticipantInfo(
            identity=app("Calling Bot", "2891555a-92ff-42e6-80fa-6e1300c6b5c6"),
            region=None,
            language_id=None,
        ),
        targets=[user("John", "112f7296-5fa4-42ca-bae8-6a692b15d4b8")],
        requested_modalities=[Modality.AUDIO],
        media_config=AppHostedMediaConfig(blob="<Media Session Configuration>"),
    )


def group_service_hosted() -> Call:
    return Call(
        direction=CallDirection.OUTGOING,
        subject="Create a group call with service hosted media",
        callback_uri=CALLBACK,
        source=ParticipantInfo(identity=app("TestBot", "dd3885da-f9ab-486b-bfae-85de3d445555")),
        targets=[
            user("user1", "98da8a1a-1b87-452c-a713-65d3f10b5555"),
            user("user2", "bf5aae9a-d11d-47a8-93b1-782504c95555"),
        ],
        requested_modalities=[Modality.AUDIO],
        media_config=ServiceHostedMediaConfig(remove_from_default_audio_group=False),
    )


def group_app_hosted() -> Call:
    return Call(
        direction=CallDirection.OUTGOING,
        subject="Create a group call with application hosted media",
        callback_uri=CALLBACK,
        source=ParticipantInfo(identity=app("TestBot", "dd3885da-f9ab-486b-bfae-85de3d445555")),
        targets=[
            user("user1", "98da8a1a-1b87-452c-a713-65d3f10b5555"),
            user("user2", "bf5aae9a-d11d-47a8-93b1-782504c95555"),
        ],
        requested_modalities=[Modality.AUDIO],
        media_config=AppHostedMediaConfig(remove_from_default_audio_group=False),
    )


def meeting_service_hosted() -> Call:
    return Call(
        callback_uri=CALLBACK,
        requested_modalities=[Modality.AUDIO],
        media_config=ServiceHostedMediaConfig(pre_fetch_media=prompts()),
        chat_info=meeting_chat(),
        meeting_info=meeting_of_bob(OTHER_TENANT),
        tenant_id=OTHER_TENANT,
    )


def meeting_app_hosted() -> Call:
    return Call(
        direction=CallDirection.OUTGOING,
        callback_uri=CALLBACK,
        requested_modalities=[Modality.AUDIO],
        media_config=AppHostedMediaConfig(),
        chat_info=meeting_chat(),
        meeting_info=meeting_of_bob(TENANT),
        tenant_id=TENANT,
    )


def meeting_id_with_passcode() -> Call:
    return Call(
        callback_uri=CALLBACK,
        requested_modalities=[Modality.AUDIO],
        media_config=ServiceHostedMediaConfig(pre_fetch_media=prompts()),
        meeting_info=JoinMeetingIdMeetingInfo(join_meeting_id="1234567", passcode="psw123"),
        tenant_id=OTHER_TENANT,
    )


def meeting_id_without_passcode() -> Call:
    return Call(
        callback_uri=CALLBACK,
        requested_modalities=[Modality.AUDIO],
        media_config=ServiceHostedMediaConfig(pre_fetch_media=prompts()),
        meeting_info=JoinMeetingIdMeetingInfo(join_meeting_id="1234567", passcode=None),
        tenant_id=OTHER_TENANT,
    )


def pstn_service_hosted() -> Call:
    return Call(
        callback_uri=CALLBACK,
        source=app_instance("Calling Bot", "3d913abb-aec0-4964-8fa6-3c6850c4f278"),
        targets=[phone("+12345678901")],
        requested_modalities=[Modality.AUDIO],
        media_config=ServiceHostedMediaConfig(),
        tenant_id=TENANT,
    )


def pstn_app_hosted() -> Call:
    return Call(
        callback_uri=CALLBACK,
        source=app_instance("Calling Bot", "3d913abb-aec0-4964-8fa6-3c6850c4f278"),
        targets=[phone("+12345678901")],
        requested_modalities=[Modality.AUDIO],
        media_config=AppHostedMediaConfig(blob="<Media Session Configuration>"),
        tenant_id=TENANT,
    )


BUILDERS: dict[str, Callable[[], Call]] = {
    "01-peer-to-peer-service-hosted": peer_to_peer_service_hosted,
    "02-peer-to-peer-app-hosted": peer_to_peer_app_hosted,
    "03-group-service-hosted": group_service_hosted,
    "04-group-app-hosted": group_app_hosted,
    "05-meeting-service-hosted": meeting_service_hosted,
    "06-meeting-app-hosted": meeting_app_hosted,
    "07-meeting-id-with-passcode": meeting_id_with_passcode,
    "08-meeting-id-without-passcode": meeting_id_without_passcode,
    "09-pstn-service-hosted": pstn_service_hosted,
    "10-pstn-app-hosted": pstn_app_hosted,
}
