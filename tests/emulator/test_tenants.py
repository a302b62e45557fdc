"""Tokens of one tenant, and calls of another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from graph_comms import PermissionDeniedError
from graph_emulator import Emulator
from tests.emulator.bots import CALLBACK, call_to, joining

OURS = "6b1f2c70-2c6e-4d53-9f0e-0b6f1a6c1d01"
THEIRS = "0f3c9a11-7a52-4f7c-8a39-5d1e7b2c4e02"
LINK = "https://teams.microsoft.com/meet/1234567?p=psw123"


@pytest.mark.parametrize(
    ("meeting", "tenant_id", "taken"),
    [
        (False, None, True),
        (False, OURS.upper(), True),
        (False, THEIRS, False),
        (True, OURS, True),
        (True, THEIRS, False),
        (True, None, False),
    ],
)
def test_a_call_begins_in_the_tenant_of_the_token(
    graph_emulator: Emulator, meeting: bool, tenant_id: str | None, taken: bool
) -> None:
    svc = graph_emulator
    call = joining(LINK, OURS) if meeting else call_to(svc.user("Ann"))
    call.tenant_id = tenant_id
    if taken:
        created = svc.client(tenant=OURS).calls.create(call)
        assert svc.calls[str(created.id)].tenant.lower() == OURS
        return
    with pytest.raises(PermissionDeniedError) as raised:
        svc.client(tenant=OURS).calls.create(call)
    assert (raised.value.code, raised.value.message) == (
        "7505",
        "Request authorization tenant mismatch.",
    )
    assert len(svc.calls) == 0


def test_a_token_without_a_tenant_fits_every_call(graph_emulator: Emulator) -> None:
    svc = graph_emulator
    client = svc.client()
    for tenant in (OURS, THEIRS, None):
        call = call_to(svc.user("Ann"))
        call.tenant_id = tenant
        created = client.calls.create(call)
        assert client.calls.get(str(created.id)).id == created.id
    assert [call.tenant for call in svc.calls] == [OURS, THEIRS, svc.tenant_id]


@pytest.mark.parametrize(
    "ask",
    [
        lambda client, call: client.calls.get(call),
        lambda client, call: client.calls.keep_alive(call),
        lambda client, call: client.calls.reject(call),
        lambda client, call: client.calls.delete(call),
    ],
    ids=["get", "keepAlive", "reject", "delete"],
)
def test_a_call_of_another_tenant_is_refused(
    graph_emulator: Emulator, ask: Callable[[Any, str], object]
) -> None:
    svc = graph_emulator
    call = svc.rings(CALLBACK, from_=svc.user("Ann"))
    with pytest.raises(PermissionDeniedError) as raised:
        ask(svc.client(tenant=THEIRS), call.id)
    assert (raised.value.code, raised.value.message) == (
        "7505",
        "Mismatch between request authorization tenant and call tenant.",
    )
    assert call.state == "incoming"
    ask(svc.client(tenant=svc.tenant_id), call.id)
