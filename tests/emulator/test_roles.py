"""Which roles of a token a request needs, in both spellings of their names."""

from __future__ import annotations

from collections.abc import Collection, Generator
from typing import Any

import httpx
import pytest

from graph_emulator import Emulator
from graph_emulator.transports import Transport
from tests.emulator.bots import CALLBACK

SERVICE = {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"}
APP = {"@odata.type": "#microsoft.graph.appHostedMediaConfig", "blob": "x"}
SPELLINGS = ("GroupCall", "GroupCalls")


@pytest.fixture(scope="module")
def svc() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


def asked(
    svc: Emulator, method: str, path: str, body: object, roles: Collection[str] | None
) -> httpx.Response:
    token = svc.credential(roles=roles, tenant=svc.tenant_id).get_token().token
    with httpx.Client(transport=Transport(svc._running_loop, svc._handle)) as client:
        url = f"https://graph.microsoft.com/v1.0{path}"
        answer = client.request(
            method, url, json=body, headers={"Authorization": f"Bearer {token}"}
        )
    return answer


def call(svc: Emulator, people: int, media: dict[str, str] = SERVICE) -> dict[str, Any]:
    names = [f"person {number}" for number in range(people)]
    targets = [{"identity": {"user": {"id": svc.user(name).answers().id}}} for name in names]
    return {
        "callbackUri": CALLBACK,
        "requestedModalities": ["audio"],
        "mediaConfig": media,
        "targets": targets,
    }


def joining(svc: Emulator) -> dict[str, Any]:
    meeting = {"@odata.type": "#microsoft.graph.joinMeetingIdMeetingInfo", "joinMeetingId": "12345"}
    return {**call(svc, 0), "targets": [], "meetingInfo": meeting, "tenantId": svc.tenant_id}


def is_permitted(answer: httpx.Response) -> bool:
    if answer.status_code == 403:
        error = answer.json()["error"]
        assert error["code"] == "7504"
        assert error["message"] == (
            "Insufficient enterprise tenant permissions, cannot access this API."
        )
    return answer.status_code != 403


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_call_is_made_with_the_roles_of_its_shape(svc: Emulator, spelling: str) -> None:
    alone, group = "Calls.Initiate.All", f"Calls.Initiate{spelling}.All"
    joins = [f"Calls.Join{spelling}{rest}" for rest in (".All", "AsGuest.All", ".Chat")]
    table = [(call(svc, 1), {alone}), (call(svc, 2), {group}), (joining(svc), {*joins})]
    for body, enough in table:
        for role in (alone, group, *joins):
            answer = asked(svc, "POST", "/communications/calls", body, [role])
            assert is_permitted(answer) is (role in enough), (role, answer.text)
    hosted = call(svc, 1, APP)
    assert not is_permitted(asked(svc, "POST", "/communications/calls", hosted, [alone]))
    both = [alone, "Calls.AccessMedia.All"]
    assert is_permitted(asked(svc, "POST", "/communications/calls", hosted, both))


def made(svc: Emulator, body: dict[str, Any]) -> str:
    answer = asked(svc, "POST", "/communications/calls", body, None)
    svc.advance(seconds=10)
    return f"/communications/calls/{answer.json()['id']}"


PROMPT = {"@odata.type": "#microsoft.graph.mediaPrompt", "mediaInfo": {"uri": "https://x.y/z.wav"}}


def test_who_has_made_a_call_needs_no_role_to_use_it(svc: Emulator) -> None:
    path = made(svc, call(svc, 2))
    for method, below, body, status in (
        ("GET", "", None, 200),
        ("POST", "/keepAlive", None, 200),
        ("POST", "/playPrompt", {"prompts": [PROMPT]}, 200),
        ("POST", "/mute", {}, 200),
        ("POST", "/cancelMediaProcessing", {}, 200),
        ("GET", "/participants", None, 200),
        ("DELETE", "", None, 204),
    ):
        assert asked(svc, method, path + below, body, []).status_code == status
    incoming = svc.rings(CALLBACK, from_=svc.user("Ann"))
    assert asked(svc, "POST", f"{incoming.path}/reject", {}, []).status_code == 202
    taken = svc.rings(CALLBACK, from_=svc.user("Ann"))
    answer = {"callbackUri": CALLBACK, "mediaConfig": SERVICE, "acceptedModalities": ["audio"]}
    assert asked(svc, "POST", f"{taken.path}/answer", answer, []).status_code == 202


@pytest.mark.parametrize("operation", ["recordResponse", "subscribeToTone"])
def test_what_needs_a_role_of_its_own(svc: Emulator, operation: str) -> None:
    path = made(svc, call(svc, 1))
    refused = asked(svc, "POST", f"{path}/{operation}", {}, ["Calls.Initiate.All"])
    assert not is_permitted(refused)
    taken = asked(svc, "POST", f"{path}/{operation}", {}, ["Calls.AccessMedia.All"])
    assert taken.status_code == 200


def test_passing_on_and_inviting_need_the_role_to_call(svc: Emulator) -> None:
    ann = {"identity": {"user": {"id": svc.user("Ann").id}}}
    alone, group = made(svc, call(svc, 1)), made(svc, call(svc, 2))
    for path, body, role in (
        (f"{alone}/transfer", {"transferTarget": ann}, "Calls.Initiate.All"),
        (f"{group}/participants/invite", {"participants": [ann]}, "Calls.InitiateGroupCalls.All"),
    ):
        assert not is_permitted(asked(svc, "POST", path, body, ["Calls.JoinGroupCall.All"]))
        assert is_permitted(asked(svc, "POST", path, body, [role]))
    ringing = svc.rings(CALLBACK, from_=svc.user("Ann"))
    redirect = f"{ringing.path}/redirect"
    assert not is_permitted(asked(svc, "POST", redirect, {"targets": [ann]}, []))
    assert is_permitted(asked(svc, "POST", redirect, {"targets": [ann]}, ["Calls.Initiate.All"]))


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("GET", "/communications/callRecords", "CallRecords.Read.All"),
        ("GET", "/users/112f7296/presence", "Presence.ReadWrite.All"),
        ("GET", "/users/112f7296/onlineMeetings/5", "OnlineMeetings.Read.All"),
    ],
)
def test_other_resources_need_the_roles_of_their_pages(
    svc: Emulator, method: str, path: str, role: str
) -> None:
    refused = asked(svc, method, path, None, ["Calls.Initiate.All"])
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "Forbidden")
    assert asked(svc, method, path, None, [role]).status_code in (200, 404)
