"""What each of the ten documented shapes of a call needs."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from graph_comms import GraphHTTPError, PermissionDeniedError
from graph_comms.models import Modality, ServiceHostedMediaConfig
from graph_emulator import Emulator
from tests.emulator.bots import CALLBACK
from tests.golden.documented import Example, load_examples

EXAMPLES = load_examples()

ROLES = {
    "peer-to-peer": ["Calls.Initiate.All"],
    "group": ["Calls.InitiateGroupCall.All", "Calls.InitiateGroupCalls.All"],
    "meeting": [
        "Calls.JoinGroupCall.All",
        "Calls.JoinGroupCalls.All",
        "Calls.JoinGroupCallAsGuest.All",
    ],
}
"""One of these, by shape: the documentation spells some in two ways."""

MEDIA = {"service": [], "app": ["Calls.AccessMedia.All"]}


@pytest.fixture(scope="module")
def svc() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


def create(svc: Emulator, body: dict[str, Any], roles: list[str]) -> dict[str, Any]:
    with svc.client(roles=roles, tenant=body.get("tenantId")) as client:
        created: dict[str, Any] = client.request("POST", "/communications/calls", body=body)
        return created


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])
def test_a_call_needs_the_roles_of_its_shape(svc: Emulator, example: Example) -> None:
    body, media = dict(example.request.body), MEDIA[example.media]
    for role in ROLES[example.shape]:
        assert create(svc, body, [role, *media])["state"] == "establishing"
    others = [role for shape, roles in ROLES.items() if shape != example.shape for role in roles]
    lacking = [others + media, *([ROLES[example.shape]] if media else [])]
    for roles in lacking:
        with pytest.raises(PermissionDeniedError, match="7504"):
            create(svc, body, roles)


def test_only_who_has_a_number_calls_one(svc: Emulator) -> None:
    [body] = [dict(example.request.body) for example in EXAMPLES if example.name.startswith("09")]
    del body["source"]
    with pytest.raises(GraphHTTPError, match=r"8523.*applicationInstance"):
        create(svc, body, ROLES["peer-to-peer"])


def test_a_declared_application_instance_may_have_no_number(svc: Emulator) -> None:
    [body] = [dict(example.request.body) for example in EXAMPLES if example.name.startswith("09")]
    instance = body["source"]["identity"]["applicationInstance"]["id"]
    svc.application_instance(instance, has_number=False)
    with pytest.raises(GraphHTTPError, match=r"8523.*with a number"):
        create(svc, body, ROLES["peer-to-peer"])
    svc.application_instance(instance.upper(), has_number=True)
    assert create(svc, body, ROLES["peer-to-peer"])["state"] == "establishing"
    svc.application_instance(instance, has_number=False)
    svc.reset()
    assert create(svc, body, ROLES["peer-to-peer"])["state"] == "establishing"


def test_only_the_application_itself_is_the_source_of_its_calls() -> None:
    [body] = [dict(example.request.body) for example in EXAMPLES if example.name.startswith("01")]
    body["source"] = {"identity": {"application": {"id": "another"}}}
    with Emulator() as svc:
        assert create(svc, body, ROLES["peer-to-peer"])["source"] == body["source"]
        svc.app(svc.app_id)
        with pytest.raises(GraphHTTPError) as raised:
            create(svc, body, ROLES["peer-to-peer"])
        assert (raised.value.status, raised.value.code) == (403, "7507")
        body["source"]["identity"]["application"]["id"] = svc.app_id.upper()
        assert create(svc, body, ROLES["peer-to-peer"])["state"] == "establishing"


@pytest.mark.parametrize(
    ("roles", "kind"), [(None, "user"), (["Calls.JoinGroupCall.All"], "user"), ([], "encrypted")]
)
def test_who_calls_is_encrypted_without_a_role(roles: list[str] | None, kind: str) -> None:
    with Emulator() as svc:
        svc.app(svc.app_id, roles=roles)
        ann = svc.user("Ann")
        svc.rings(CALLBACK, from_=ann)
        svc.advance(seconds=1)
        [told] = svc.log.notifications
    identity = told.body["value"][0]["resourceData"]["source"]["identity"]
    assert [name for name in identity if "@" not in name] == [kind]
    assert (ann.id in str(told.body)) is (kind == "user")


def test_a_bot_that_is_called_into_a_meeting_needs_a_role_to_join() -> None:
    with Emulator() as svc:
        meeting = svc.meeting("212 345 678 901 23", lobby=True)
        call = svc.rings(CALLBACK, from_=svc.user("Ann").hangs_up(after=9), meeting=meeting)
        taken: dict[str, Any] = {
            "callback_uri": CALLBACK,
            "media_config": ServiceHostedMediaConfig(),
            "accepted_modalities": [Modality.AUDIO],
        }
        with pytest.raises(PermissionDeniedError, match="7504"):
            svc.client(roles=["Calls.Initiate.All"]).calls.answer(call.id, **taken)
        svc.client(roles=["Calls.JoinGroupCallsAsGuest.All"]).calls.answer(call.id, **taken)
        svc.advance(seconds=5)
        listed = list(svc.client().calls.participants.list(call.id))
        assert len(listed) == 2
        svc.run()
    assert call.result is not None
    assert call.result["subcode"] == 5010
    told = svc.log.notifications[0].body["value"][0]["resourceData"]
    assert told["meetingInfo"]["@odata.type"] == "#microsoft.graph.tokenMeetingInfo"
    assert told["chatInfo"]["threadId"].startswith("19:meeting_")
