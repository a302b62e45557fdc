"""What each of the ten documented shapes of a call needs."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from graph_comms import GraphHTTPError, PermissionDeniedError
from graph_emulator import Emulator
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
