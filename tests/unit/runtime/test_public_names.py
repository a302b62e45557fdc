"""The names that users import."""

from __future__ import annotations

from importlib import import_module

import pytest

PUBLIC = {
    "graph_comms": [
        "AsyncCommunicationsClient",
        "Cloud",
        "CommunicationsClient",
        "GraphError",
    ],
    "graph_comms.models": [
        "AppHostedMediaConfig",
        "Call",
        "CallState",
        "ChatInfo",
        "CommsNotification",
        "CommsNotifications",
        "DeltaParticipants",
        "GraphModel",
        "Identity",
        "IdentitySet",
        "InvitationParticipantInfo",
        "JoinMeetingIdMeetingInfo",
        "MediaInfo",
        "Modality",
        "OrganizerMeetingInfo",
        "Participant",
        "ParticipantInfo",
        "ServiceHostedMediaConfig",
        "TokenMeetingInfo",
        "call_records",
    ],
    "graph_comms.models.call_records": ["CallRecord", "PstnCallLogRow"],
}


@pytest.mark.parametrize("module", PUBLIC)
def test_a_module_offers_its_names(module: str) -> None:
    found = import_module(module)
    assert set(PUBLIC[module]) <= set(found.__all__)
    for name in found.__all__:
        assert getattr(found, name) is not None


def test_a_model_offers_its_ways_in_and_out() -> None:
    model = import_module("graph_comms.models").GraphModel
    for name in ("from_json", "from_dict", "to_json", "to_dict", "undeclared", "with_undeclared"):
        assert hasattr(model, name)
