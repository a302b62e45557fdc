"""Content that people share in a call."""

from __future__ import annotations

import pytest

from graph_comms import NotFoundError
from graph_comms.models import OutgoingCallOptions
from graph_emulator import Emulator
from tests.emulator.bots import bot_of, call_to


def sharing_items(svc: Emulator) -> list[tuple[str, bool]]:
    items = [logged.body["value"][0] for logged in svc.log.notifications]
    return [
        (item["changeType"], "resourceData" in item)
        for item in items
        if "contentsharingsessions" in item["resourceUrl"]
    ]


@pytest.mark.parametrize("asked", [True, False])
def test_a_bot_is_told_of_what_is_shared(asked: bool) -> None:
    with Emulator() as svc:
        svc.connect(bot_of(svc))
        begun = call_to(svc.user("Ann").answers().shares(after=2, seconds=10))
        if asked:
            begun.call_options = OutgoingCallOptions(is_content_sharing_notification_enabled=True)
        call, client = svc.client().calls.create(begun), svc.client()
        svc.advance(seconds=6)
        [session] = list(client.calls.content_sharing_sessions.list(str(call.id)))
        found = client.calls.content_sharing_sessions.get(str(call.id), str(session.id).upper())
        assert found.id == session.id
        svc.run()
        assert list(client.calls.content_sharing_sessions.list(str(call.id))) == []
        with pytest.raises(NotFoundError, match="8522"):
            client.calls.content_sharing_sessions.get(str(call.id), str(session.id))
        assert sharing_items(svc) == ([("created", False), ("deleted", False)] if asked else [])
