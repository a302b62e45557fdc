"""How Graph refuses: statuses, codes and messages, as others have met them."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import httpx
import pytest

from graph_emulator import Emulator
from graph_emulator.calls import BEAT
from graph_emulator.tokens import LIFE
from tests.emulator.bots import CALLBACK
from tests.emulator.plain import plain

CALLS = "/communications/calls"
SERVICE = {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"}
PROMPT = {"@odata.type": "#microsoft.graph.mediaPrompt", "mediaInfo": {"uri": "https://x.y/z.wav"}}


@pytest.fixture
def svc() -> Generator[Emulator]:
    with Emulator() as svc:
        yield svc


@pytest.fixture
def client(svc: Emulator) -> Generator[httpx.Client]:
    with plain(svc) as client:
        yield client


def body(svc: Emulator, *names: str, **other: Any) -> dict[str, Any]:
    targets = [{"identity": {"user": {"id": svc.user(name).answers().id}}} for name in names]
    usual = {"callbackUri": CALLBACK, "requestedModalities": ["audio"], "mediaConfig": SERVICE}
    return {**usual, "targets": targets, **other}


def error_of(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["message"]


def test_an_application_that_is_not_registered(svc: Emulator, client: httpx.Client) -> None:
    svc.app("another")
    inner = (
        '{"errorCode":"7503","message":"Application is not registered in our store.",'
        '"instanceAnnotations":[]}'
    )
    assert error_of(client.post(CALLS, json=body(svc, "Ann"))) == (403, "UnknownError", inner)


def test_a_token_is_no_longer_taken_when_its_time_is_over(
    svc: Emulator, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = {"Authorization": f"Bearer {svc.credential().get_token().token}"}
    rung = svc.rings(CALLBACK, from_=svc.user("Ann"))
    assert client.get(rung.path, headers=sent).status_code == 200
    later = time.time() + LIFE
    monkeypatch.setattr(time, "time", lambda: later)
    message = "Access token validation failure."
    refused = (401, "InvalidAuthenticationToken", message)
    assert error_of(client.get(rung.path, headers=sent)) == refused


def test_a_call_of_another_tenant(svc: Emulator, client: httpx.Client) -> None:
    wrong = (403, "7505", "Request authorization tenant mismatch.")
    assert error_of(client.post(CALLS, json=body(svc, "Ann", tenantId="another"))) == wrong
    meeting = {"@odata.type": "#microsoft.graph.joinMeetingIdMeetingInfo", "joinMeetingId": "12345"}
    assert error_of(client.post(CALLS, json=body(svc, meetingInfo=meeting))) == wrong
    rung = svc.rings(CALLBACK, from_=svc.user("Ann"))
    token = svc.credential(tenant="another").get_token().token
    answered = client.post(f"{rung.path}/keepAlive", headers={"Authorization": f"Bearer {token}"})
    message = "Mismatch between request authorization tenant and call tenant."
    assert error_of(answered) == (403, "7505", message)


def test_a_call_that_is_over_or_anothers(svc: Emulator, client: httpx.Client) -> None:
    path = f"{CALLS}/{client.post(CALLS, json=body(svc, 'Ann')).json()['id']}"
    token = svc.credential("another", tenant=svc.tenant_id).get_token().token
    foreign = client.get(path, headers={"Authorization": f"Bearer {token}"})
    assert error_of(foreign) == (404, "8522", "Call not found.")
    client.delete(path)
    svc.run()
    for answer in (client.get(path), client.post(f"{path}/keepAlive"), client.delete(path)):
        assert error_of(answer) == (404, "8522", "Call not found.")


def test_targets_that_name_nobody(svc: Emulator, client: httpx.Client) -> None:
    wrong = body(svc, targets=[{"identity": {}}])
    assert error_of(client.post(CALLS, json=wrong)) == (
        500, "9999", "Unkown internal Server Error.",
    )  # fmt: skip


def test_a_prompt_before_there_is_audio(svc: Emulator, client: httpx.Client) -> None:
    path = f"{CALLS}/{client.post(CALLS, json=body(svc, 'Ann')).json()['id']}"
    played = client.post(f"{path}/playPrompt", json={"prompts": [PROMPT]})
    assert error_of(played) == (500, "UnknownError", "")


@pytest.mark.parametrize(
    ("below", "message"),
    [
        (
            "microsoft.graph.reply",
            "The type 'microsoft.graph.reply' specified in the URI is neither a base type nor a"
            " sub-type of the previously-specified type 'microsoft.graph.call'.",
        ),
        (
            "now/microsoft.graph.answer",
            "Found a function 'microsoft.graph.answer' on an open property. Functions on open"
            " properties are not supported.",
        ),
    ],
)
def test_a_qualified_name_in_the_wrong_place(
    svc: Emulator, client: httpx.Client, below: str, message: str
) -> None:
    rung = svc.rings(CALLBACK, from_=svc.user("Ann"))
    assert error_of(client.post(f"{rung.path}/{below}", json={})) == (400, "BadRequest", message)


@pytest.mark.parametrize(
    "address",
    ["http://bot.contoso.com/", "https://", "https://[/", "https://a:99999/", "https://a b/"],
)
def test_an_address_to_which_nothing_can_be_sent(
    svc: Emulator, client: httpx.Client, address: str
) -> None:
    refused = client.post(CALLS, json=body(svc, "Ann", callbackUri=address))
    message = "Invalid argument. callbackUri must be an https address."
    assert error_of(refused) == (400, "8523", message)
    subscribing = {
        "changeType": "created",
        "notificationUrl": address,
        "resource": "communications/callRecords",
        "expirationDateTime": svc.clock.now().replace(hour=20).isoformat(),
    }
    status, code, _ = error_of(client.post("/subscriptions", json=subscribing))
    assert (status, code) == (400, "InvalidRequest")


ACTIONS: dict[str, dict[str, Any]] = {
    "mute": {},
    "unmute": {},
    "subscribeToTone": {},
    "addLargeGalleryView": {},
    "changeScreenSharingRole": {"role": "sharer"},
}


@pytest.mark.parametrize("action", ACTIONS)
def test_what_only_an_established_call_can_do(
    svc: Emulator, client: httpx.Client, action: str
) -> None:
    path = f"{CALLS}/{client.post(CALLS, json=body(svc, 'Ann', 'Ben')).json()['id']}"
    refused = client.post(f"{path}/{action}", json=ACTIONS[action])
    assert error_of(refused) == (400, "8501", "Call not established.")


@pytest.mark.parametrize(
    "body", [{"callbackUri": "http://bot.contoso.com"}, {"reason": "unknownFutureValue"}]
)
def test_a_call_is_not_rejected_in_any_way(
    svc: Emulator, client: httpx.Client, body: dict[str, str]
) -> None:
    rung = svc.rings(CALLBACK, from_=svc.user("Ann"))
    status, code, _ = error_of(client.post(f"{rung.path}/reject", json=body))
    assert (status, code, rung.state) == (400, "8523", "incoming")


def test_a_call_that_is_ending_takes_no_more_actions(svc: Emulator, client: httpx.Client) -> None:
    path = f"{CALLS}/{client.post(CALLS, json=body(svc, 'Ann')).json()['id']}"
    svc.advance(seconds=5)
    told = len(svc.log.notifications)
    assert [client.delete(path).status_code for _ in range(2)] == [204, 204]
    refused = client.post(f"{path}/playPrompt", json={"prompts": [PROMPT]})
    assert error_of(refused) == (400, "8528", "Call terminated.")
    svc.advance(seconds=3 * BEAT)
    last = [one.body["value"][0]["resourceData"] for one in svc.log.notifications[told:]]
    assert [data["state"] for data in last] == ["terminating", "terminated"]


def test_only_media_of_the_right_host(svc: Emulator, client: httpx.Client) -> None:
    app = {"@odata.type": "#microsoft.graph.appHostedMediaConfig", "blob": "x"}
    for config, action in ((SERVICE, "changeScreenSharingRole"), (app, "subscribeToTone")):
        created = client.post(CALLS, json=body(svc, "Ann", "Ben", mediaConfig=config))
        svc.advance(seconds=10)
        path = f"{CALLS}/{created.json()['id']}/{action}"
        refused = client.post(path, json=ACTIONS[action])
        assert error_of(refused) == (400, "8500", "Invalid media mode.")


def test_the_host_of_the_media_is_who_the_answer_says(svc: Emulator, client: httpx.Client) -> None:
    rung = svc.rings(CALLBACK, from_=svc.user("Ann"))
    app = {"@odata.type": "#microsoft.graph.appHostedMediaConfig", "blob": "x"}
    taking = {"callbackUri": CALLBACK, "mediaConfig": app, "acceptedModalities": ["audio"]}
    assert client.post(f"{rung.path}/answer", json=taking).status_code == 202
    svc.advance(seconds=5)
    refused = client.post(f"{rung.path}/playPrompt", json={"prompts": [PROMPT]})
    assert error_of(refused) == (400, "8500", "Invalid media mode.")


def test_a_name_that_comes_twice_is_refused(client: httpx.Client) -> None:
    answer = client.post(CALLS, content=b'{"source": {"identity": {}, "identity": null}}')
    status, code, message = error_of(answer)
    assert (status, code) == (400, "BadRequest")
    assert message.startswith("Multiple properties with the name 'identity' were detected")


def test_codes_of_the_platform_can_be_left_out() -> None:
    with Emulator(platform_codes=False) as svc, plain(svc) as client:
        path = f"{CALLS}/{client.post(CALLS, json=body(svc, 'Ann')).json()['id']}"
        assert error_of(client.post(f"{path}/reject", json={})) == (400, "BadRequest", "")
        missing = client.get(f"{CALLS}/another")
        assert error_of(missing) == (404, "8522", "Call not found.")
