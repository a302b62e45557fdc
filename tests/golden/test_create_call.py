"""The ten documented ways to create a call: built, parsed, sent and read."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from graph_comms import AsyncCommunicationsClient, CommunicationsClient
from graph_comms.models import (
    AppHostedMediaConfig,
    Call,
    CallDirection,
    CallState,
    ChangeType,
    ChatInfo,
    CommsNotification,
    CommsNotifications,
    ContentSharingSession,
    DeltaParticipants,
    GraphModel,
    Identity,
    InvitationParticipantInfo,
    JoinMeetingIdMeetingInfo,
    MediaDirection,
    Modality,
    OrganizerMeetingInfo,
    OutgoingCallOptions,
    Participant,
    ParticipantInfo,
    RemovedState,
    ServiceHostedMediaConfig,
)
from tests.golden.builders import BUILDERS
from tests.golden.documented import CREATE_CALL, Example, Message, load_examples
from tests.support.server import GraphServer, Reply, leading

_T = TypeVar("_T")

EXAMPLES = {example.name: example for example in load_examples()}
SUPPLEMENT = Path(__file__).parents[2] / "metadata" / "supplement.json"

BODIES: list[tuple[Message, type[GraphModel]]] = [
    *((example.request, Call) for example in EXAMPLES.values()),
    *((example.response, Call) for example in EXAMPLES.values()),
    *((one, CommsNotifications) for example in EXAMPLES.values() for one in example.notifications),
]

each_example = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
each_body = pytest.mark.parametrize(
    ("message", "cls"), BODIES, ids=[message.name for message, _ in BODIES]
)


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal; unlike Python, true is not 1 and 1 is not 1.0."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def a(cls: type[_T], value: object) -> _T:
    """The value, which must be of exactly this class."""
    assert type(value) is cls
    return value


# -- built


def test_every_example_has_a_builder() -> None:
    assert BUILDERS.keys() == EXAMPLES.keys()


@each_example
def test_a_built_request_is_the_documented_one(example: Example) -> None:
    call = BUILDERS[example.name]()

    assert same(call.to_dict(), example.request.body)
    assert same(json.loads(call.to_json()), example.request.body)


# -- parsed


@each_body
def test_a_documented_body_comes_back_equal(message: Message, cls: type[GraphModel]) -> None:
    body = dict(message.body)

    assert same(json.loads(cls.from_json(json.dumps(body)).to_json()), body)
    assert same(cls.from_dict(body).to_dict(), body)
    assert same(cls.model_validate(body).to_dict(), body)


def test_the_undeclared_properties_are_the_listed_ones() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    supplement = json.loads(SUPPLEMENT.read_text(encoding="utf-8"))
    for message, cls in BODIES:
        for model in models_in(cls.from_dict(message.body)):
            name = type(model)._odata_type.removeprefix("#")
            # Attributes that the metadata does not declare either.
            supplied = (
                supplement.get(name, {}).get("properties", {}).keys() & model.to_dict().keys()
            )
            undeclared = {key for key in model.undeclared if "@" not in key} | supplied
            if undeclared:
                found[name] |= undeclared

    listed = json.loads((CREATE_CALL / "undeclared.json").read_text(encoding="utf-8"))
    assert {name: sorted(keys) for name, keys in found.items()} == listed


def models_in(value: object) -> Iterator[GraphModel]:
    """The models in a value, itself first, wherever they stand."""
    if isinstance(value, GraphModel):
        yield value
        for name in type(value).model_fields:
            yield from models_in(getattr(value, name))
        yield from models_in(value.undeclared)
    elif isinstance(value, dict):
        yield from models_in(list(value.values()))
    elif isinstance(value, list):
        for item in value:
            yield from models_in(item)


# -- sent


@each_example
@pytest.mark.parametrize("flavour", ["sync", "async"])
def test_the_client_sends_and_returns_what_is_documented(example: Example, flavour: str) -> None:
    request, response = example.request, example.response
    create = create_sync if flavour == "sync" else create_async
    with GraphServer() as server:
        server.play(Reply(201, response.headers, json.dumps(response.body).encode()))
        created, urls = create(server, BUILDERS[example.name]())
        [sent] = server.requests

    assert (sent.method, urls) == (request.method, [request.url])
    assert sent.target == "/v1.0/communications/calls"
    assert {name: sent.headers[name] for name in request.headers} == request.headers
    assert same(json.loads(sent.body), request.body)
    assert same(a(Call, created).to_dict(), response.body)


def create_sync(server: GraphServer, call: Call) -> tuple[Call, list[str]]:
    transport = leading("sync", {"graph.microsoft.com": server})
    with CommunicationsClient("a-token", transport=transport) as client:
        return client.calls.create(call), transport.urls


def create_async(server: GraphServer, call: Call) -> tuple[Call, list[str]]:
    async def create() -> tuple[Call, list[str]]:
        transport = leading("async", {"graph.microsoft.com": server})
        async with AsyncCommunicationsClient("a-token", transport=transport) as client:
            return await client.calls.create(call), transport.urls

    return asyncio.run(create())


# -- read


def response(name: str) -> Call:
    return a(Call, Call.from_json(json.dumps(EXAMPLES[name].response.body)))


def notifications(name: str) -> list[CommsNotification]:
    """The notifications that follow an example: each documented body holds one."""
    found = []
    for message in EXAMPLES[name].notifications:
        body = a(CommsNotifications, CommsNotifications.from_json(json.dumps(message.body)))
        [notification] = body.value or []
        found.append(a(CommsNotification, notification))
    return found


def test_read_01_peer_to_peer_service_hosted() -> None:
    call = response("01-peer-to-peer-service-hosted")

    check_created(call, "2e1a0b00-2db4-4022-9570-243709c565ab")
    check_calling_bot(call)
    check_john(call)
    check_prompts(call)
    assert call.my_participant_id == "499ff390-7a72-40e8-83a0-8fac6295ae7e"
    options = a(OutgoingCallOptions, call.call_options)
    assert options.is_content_sharing_notification_enabled is True
    assert options.is_delta_roster_enabled is True
    assert options.hide_bot_after_escalation is None
    assert call.subject is None
    assert "subject" in call.model_fields_set
    assert "tenant_id" not in call.model_fields_set
    assert call.undeclared["@odata.context"] == (
        "https://graph.microsoft.com/v1.0/$metadata#app/calls/$entity"
    )


def test_read_01_notifications() -> None:
    establishing, established, *sharing = notifications("01-peer-to-peer-service-hosted")

    for notification, state in (
        (establishing, CallState.ESTABLISHING),
        (established, CallState.ESTABLISHED),
    ):
        assert notification.change_type == ChangeType.UPDATED
        assert notification.callback_uri == "https://bot.contoso.com/callback"
        call = a(Call, notification.resource_data)
        assert call.state == state
        assert notification.resource_url == f"/communications/calls/{call.id}"
    assert [one.change_type for one in sharing] == [
        ChangeType.CREATED,
        ChangeType.UPDATED,
        ChangeType.DELETED,
    ]
    for notification in sharing:
        [session] = a(list, notification.resource_data)
        assert a(ContentSharingSession, session).id == (
            "F7D9EF30FF0A9BD3F64B274387FB8FF8E96B6CFBA8F87F8305A74DE99AF007BC"
        )


def test_read_02_peer_to_peer_app_hosted() -> None:
    call = response("02-peer-to-peer-app-hosted")

    check_created(call, "2e1a0b00-2db4-4022-9570-243709c565ab")
    check_calling_bot(call)
    check_john(call)
    assert a(AppHostedMediaConfig, call.media_config).blob == "<Media Session Configuration>"
    assert call.result_info is None
    assert call.call_options is None


def test_read_03_group_service_hosted() -> None:
    call = response("03-group-service-hosted")

    check_created(call, "2f1a1100-b174-40a0-aba7-0b405e01ed92")
    check_group(call)
    assert call.subject == "Create a group call with service hosted media"
    assert a(ServiceHostedMediaConfig, call.media_config).pre_fetch_media is None
    assert call.call_routes == []


def test_read_04_group_app_hosted() -> None:
    call = response("04-group-app-hosted")

    check_created(call, "2f1a1100-b174-40a0-aba7-0b405e01ed92")
    check_group(call)
    assert call.subject == "Create a group call with app hosted media"
    media = a(AppHostedMediaConfig, call.media_config)
    assert media.blob == "<Media Session Configuration>"
    assert media.remove_from_default_audio_group is False


def test_read_05_meeting_service_hosted() -> None:
    call = response("05-meeting-service-hosted")

    check_created(call, "2f1a1100-b174-40a0-aba7-0b405e01ed92")
    check_calling_bot(call)
    check_prompts(call)
    assert call.targets == []
    check_chat_and_organizer(call, tenant_id=None)


def test_read_05_notifications() -> None:
    establishing, established, roster, delta = notifications("05-meeting-service-hosted")

    check_chat_and_organizer(a(Call, establishing.resource_data), tenant_id=None)
    assert a(Call, established.resource_data).state == CallState.ESTABLISHED

    check_roster(a(list, roster.resource_data), sequence_number=None)
    assert roster.resource_url == (
        "/communications/calls/2f1a1100-b174-40a0-aba7-0b405e01ed92/participants"
    )

    [changes] = a(list, delta.resource_data)
    assert a(DeltaParticipants, changes).sequence_number == 1
    people = changes.participants
    check_roster(people, sequence_number=1)
    assert people[0].removed_state is None
    assert a(RemovedState, people[1].removed_state).reason == "Removed from roster"


def test_read_06_meeting_app_hosted() -> None:
    call = response("06-meeting-app-hosted")

    check_created(call, "2f1a1100-b174-40a0-aba7-0b405e01ed92")
    check_calling_bot(call)
    assert a(AppHostedMediaConfig, call.media_config).blob == "<Media Session Configuration>"
    assert call.tenant_id == "aa67bd4c-8475-432d-bd41-39f255720e0a"
    check_chat_and_organizer(call, tenant_id="aa67bd4c-8475-432d-bd41-39f255720e0a")


@pytest.mark.parametrize(
    ("name", "passcode"),
    [("07-meeting-id-with-passcode", "psw123"), ("08-meeting-id-without-passcode", None)],
)
def test_read_07_and_08_meeting_id(name: str, passcode: str | None) -> None:
    call = response(name)

    check_created(call, "2f1a1100-b174-40a0-aba7-0b405e01ed92")
    check_calling_bot(call)
    check_prompts(call)
    meeting = a(JoinMeetingIdMeetingInfo, call.meeting_info)
    assert meeting.join_meeting_id == "1234567"
    assert meeting.passcode == passcode
    assert "passcode" in meeting.model_fields_set
    assert call.tenant_id == "86dc81db-c112-4228-9222-63f3esaa1edb"


def test_read_09_pstn_service_hosted() -> None:
    call = response("09-pstn-service-hosted")

    check_created(call, "2e1a0b00-2db4-4022-9570-243709c565ab")
    check_prompts(call)
    check_phone(call)


def test_read_10_pstn_app_hosted() -> None:
    call = response("10-pstn-app-hosted")

    check_created(call, "2e1a0b00-2db4-4022-9570-243709c565ab")
    assert a(AppHostedMediaConfig, call.media_config).blob == "<Media Session Configuration>"
    check_phone(call)


def check_created(call: Call, id: str) -> None:
    assert call.id == id
    assert a(CallState, call.state) == CallState.ESTABLISHING
    assert a(CallDirection, call.direction) == CallDirection.OUTGOING
    assert call.callback_uri == "https://bot.contoso.com/callback"
    assert call.requested_modalities == [Modality.AUDIO]
    assert call.odata_type == "#microsoft.graph.call"


def check_calling_bot(call: Call) -> None:
    bot = application(call.source)
    assert bot.display_name == "Calling Bot"
    assert bot.id == "2891555a-92ff-42e6-80fa-6e1300c6b5c6"


def application(info: ParticipantInfo | None) -> Identity:
    assert info is not None
    assert info.identity is not None
    return a(Identity, info.identity.application)


def user(info: ParticipantInfo | InvitationParticipantInfo | None) -> Identity:
    assert info is not None
    assert info.identity is not None
    return a(Identity, info.identity.user)


def check_john(call: Call) -> None:
    [target] = call.targets or []
    assert user(a(InvitationParticipantInfo, target)).display_name == "John"
    assert user(target).id == "112f7296-5fa4-42ca-bae8-6a692b15d4b8"


def check_group(call: Call) -> None:
    assert application(call.source).display_name == "TestBot"
    targets = [user(target) for target in call.targets or []]
    assert [(target.display_name, target.id) for target in targets] == [
        ("user1", "98da8a1a-1b87-452c-a713-65d3f10b5555"),
        ("user2", "bf5aae9a-d11d-47a8-93b1-782504c95555"),
    ]
    assert call.tenant_id == "aa67bd4c-8475-432d-bd41-39f255720e0a"


def check_prompts(call: Call) -> None:
    prompts = a(ServiceHostedMediaConfig, call.media_config).pre_fetch_media or []
    assert [(prompt.uri, prompt.resource_id) for prompt in prompts] == [
        ("https://cdn.contoso.com/beep.wav", "f8971b04-b53e-418c-9222-c82ce681a582"),
        ("https://cdn.contoso.com/cool.wav", "86dc814b-c172-4428-9112-60f8ecae1edb"),
    ]


def check_chat_and_organizer(call: Call, *, tenant_id: str | None) -> None:
    chat = a(ChatInfo, call.chat_info)
    assert chat.thread_id is not None
    assert chat.thread_id.startswith("19:meeting_")
    assert chat.message_id == "0"
    meeting = a(OrganizerMeetingInfo, call.meeting_info)
    assert meeting.organizer is not None
    bob = a(Identity, meeting.organizer.user)
    assert bob.display_name == "Bob"
    assert bob.tenant_id == tenant_id
    assert meeting.allow_conversation_without_host is True


def check_phone(call: Call) -> None:
    assert call.source is not None
    assert call.source.identity is not None
    bot = a(Identity, call.source.identity.application_instance)
    assert (bot.display_name, bot.id) == ("Calling Bot", "3d913abb-aec0-4964-8fa6-3c6850c4f278")
    [target] = call.targets or []
    assert target.identity is not None
    assert a(Identity, target.identity.phone).id == "+12345678901"
    assert call.tenant_id == "aa67bd4c-8475-432d-bd41-39f255720e0a"


def check_roster(people: list[Participant], *, sequence_number: int | None) -> None:
    john, bot = (a(Participant, one) for one in people)
    assert user(john.info).display_name == "John"
    assert john.info is not None
    assert john.info.language_id == "en-US"
    assert application(bot.info).display_name == "Calling Bot"
    assert (john.is_muted, bot.is_muted, john.is_in_lobby) == (True, False, False)
    streams = [(one.media_type, one.source_id, one.direction) for one in john.media_streams or []]
    assert streams == [
        (Modality.AUDIO, "1", MediaDirection.SEND_RECEIVE),
        (Modality.VIDEO, "2", MediaDirection.RECEIVE_ONLY),
        (Modality.VIDEO_BASED_SCREEN_SHARING, "8", MediaDirection.RECEIVE_ONLY),
    ]
    assert john.roster_sequence_number == bot.roster_sequence_number == sequence_number
